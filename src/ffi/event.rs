use std::ffi::{c_char, CStr};
use std::sync::Arc;

use once_cell::sync::Lazy;

use super::guard::{guard, is_forked, quiet};
use super::handle::HandleTable;
use super::text::{not_null, put, text_in};
use crate::abi::*;
use crate::client::{Encoding, Event};

/// What happened: an immutable snapshot. May be read from every thread. All of its text lives as long as the event: in a
/// callback for the call, otherwise until upay_event_free.
pub struct upay_event {
    _private: [u8; 0],
}

pub(super) static EVENTS: Lazy<HandleTable<Event, upay_event>> = Lazy::new(|| HandleTable::new(5, "event"));

/// Which action it is about, one of UPAY_ACTION_…; 0 for a handle that is not an event.
#[no_mangle]
pub extern "C" fn upay_event_action(event: *const upay_event) -> i32 {
    quiet(0, || Some(EVENTS.get(event).ok()?.action))
}

/// UPAY_OUTCOME_PENDING while the action goes on, and its end otherwise. UPAY_OUTCOME_UNKNOWN for a handle that is not an
/// event.
#[no_mangle]
pub extern "C" fn upay_event_outcome(event: *const upay_event) -> i32 {
    quiet(UPAY_OUTCOME_UNKNOWN, || Some(EVENTS.get(event).ok()?.verdict.outcome))
}

/// Why: UPAY_OK on success, and while all goes well. UPAY_E_HANDLE for a handle that is not an event, UPAY_E_FORKED in a
/// forked child.
#[no_mangle]
pub extern "C" fn upay_event_status(event: *const upay_event) -> upay_status {
    let nothing = if is_forked() { UPAY_E_FORKED } else { UPAY_E_HANDLE };
    quiet(nothing, || Some(EVENTS.get(event).ok()?.verdict.status))
}

/// What the cashier does next, one of UPAY_ADVICE_…; 0 for a handle that is not an event.
#[no_mangle]
pub extern "C" fn upay_event_advice(event: *const upay_event) -> i32 {
    quiet(UPAY_ADVICE_NONE, || Some(EVENTS.get(event).ok()?.advice))
}

/// One sentence for the cashier, in the client's language and encoding. Lives as long as the event; NULL for a handle
/// that is not an event.
#[no_mangle]
pub extern "C" fn upay_event_message(event: *const upay_event) -> *const c_char {
    text_of(event, |event| Some(event.message()))
}

/// A field by its key, in the client's encoding: the gateway's own names for the order's data ("sn", "order_status",
/// "trade_no", …), and those in the table at the top. A NUL in it is handed out as "?". NULL when absent. Lives as long as
/// the event.
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

/// All of it as one JSON object, in the client's encoding, with the payer's account and keys blacked out as in the log.
/// action, outcome, status, advice and message are the event's own; what the gateway calls by one of these names ("status") is
/// read with upay_event_get. Lives as long as the event; NULL for a handle that is not an event.
#[no_mangle]
pub extern "C" fn upay_event_json(event: *const upay_event) -> *const c_char {
    text_of(event, |event| Some(event.json()))
}

/// Keeps an event that was lent to a callback.
///
/// out: the same event; yours, to be given to upay_event_free.
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

/// Lets the event and all of its text go. NULL is ignored, and so is an event that is lent to a callback after the call.
#[no_mangle]
pub extern "C" fn upay_event_free(event: *mut upay_event) {
    quiet((), || EVENTS.remove(event).map(drop));
}

/// The pointer outlives this call because the handle's table owns the event until it is freed.
fn text_of(event: *const upay_event, text: impl FnOnce(&Arc<Event>) -> Option<&CStr>) -> *const c_char {
    quiet(std::ptr::null(), || Some(text(&EVENTS.get(event).ok()?)?.as_ptr()))
}
