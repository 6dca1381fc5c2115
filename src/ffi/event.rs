use std::ffi::{c_char, CStr};
use std::sync::Arc;

use once_cell::sync::Lazy;

use super::guard::{guard, is_forked, quiet};
use super::handle::HandleTable;
use super::text::{not_null, put, text_in};
use crate::abi::*;
use crate::event::{Encoding, Event};

/// What happened: an immutable snapshot. Its text lives as long as the event: in a callback for the
/// call, otherwise until upay_event_free.
///
/// Threads: may be read from every thread.
pub struct upay_event {
    _private: [u8; 0],
}

pub(super) static EVENTS: Lazy<HandleTable<Event, upay_event>> = Lazy::new(|| HandleTable::new(5, "event"));

/// Returns the event's action, one of UPAY_ACTION_*. 0 if the handle is not an event.
#[no_mangle]
pub extern "C" fn upay_event_action(event: *const upay_event) -> i32 {
    quiet(0, || Some(EVENTS.get(event).ok()?.action))
}

/// Returns UPAY_OUTCOME_PENDING while the action goes on, and its outcome in the final event.
/// UPAY_OUTCOME_UNKNOWN if the handle is not an event.
#[no_mangle]
pub extern "C" fn upay_event_outcome(event: *const upay_event) -> i32 {
    quiet(UPAY_OUTCOME_UNKNOWN, || Some(EVENTS.get(event).ok()?.verdict.outcome))
}

/// Returns the reason of the outcome: UPAY_OK on success, and while all goes well. UPAY_E_HANDLE if
/// the handle is not an event, UPAY_E_FORKED in a forked child.
#[no_mangle]
pub extern "C" fn upay_event_status(event: *const upay_event) -> upay_status {
    let nothing = if is_forked() { UPAY_E_FORKED } else { UPAY_E_HANDLE };
    quiet(nothing, || Some(EVENTS.get(event).ok()?.verdict.status))
}

/// Returns what the cashier does next, one of UPAY_ADVICE_*. 0 if the handle is not an event.
#[no_mangle]
pub extern "C" fn upay_event_advice(event: *const upay_event) -> i32 {
    quiet(UPAY_ADVICE_NONE, || Some(EVENTS.get(event).ok()?.advice()))
}

/// Returns one sentence for the cashier, in the client's language and encoding. It lives as long as
/// the event. NULL if the handle is not an event.
#[no_mangle]
pub extern "C" fn upay_event_message(event: *const upay_event) -> *const c_char {
    text_of(event, |event| Some(event.message()))
}

/// Returns one field, in the client's encoding. It lives as long as the event. NULL if the event
/// does not have the field. A NUL in the value is handed out as "?".
///
/// key: one of the gateway's own names for the order's data ("sn", "order_status", "trade_no" and so
///   on), or one from the table at the top.
///
/// # Safety
/// `key` is NULL or ends with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_event_get(event: *const upay_event, key: *const c_char) -> *const c_char {
    text_of(event, |event| {
        // SAFETY: the caller's promise. Keys are ASCII, which is the same in every encoding.
        let key = unsafe { text_in("key", key, Encoding::Utf8) }.ok()?;
        event.get(&key)
    })
}

/// Returns the whole event as one JSON object, in the client's encoding. The payer's account and
/// keys are blacked out, as in the log. It lives as long as the event. NULL if the handle is not an
/// event.
///
/// action, outcome, status, advice and message are the event's own. A field of the gateway with one
/// of these names ("status") is only in upay_event_get.
#[no_mangle]
pub extern "C" fn upay_event_json(event: *const upay_event) -> *const c_char {
    text_of(event, |event| Some(event.json()))
}

/// Keeps an event that was lent to a callback.
///
/// out: receives the same event. Give it to upay_event_free.
/// Errors: UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
///
/// # Safety
/// `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_event_copy(event: *const upay_event, out: *mut *mut upay_event) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        let handle = EVENTS.insert(EVENTS.get(event)?)?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}

/// Frees the event and all of its text. NULL is ignored. An event that was lent to a callback is
/// ignored too, once the callback has returned.
#[no_mangle]
pub extern "C" fn upay_event_free(event: *mut upay_event) {
    quiet((), || EVENTS.remove(event).map(drop));
}

/// The pointer outlives this call because the handle's table owns the event until it is freed.
fn text_of(event: *const upay_event, text: impl FnOnce(&Arc<Event>) -> Option<&CStr>) -> *const c_char {
    quiet(std::ptr::null(), || Some(text(&EVENTS.get(event).ok()?)?.as_ptr()))
}
