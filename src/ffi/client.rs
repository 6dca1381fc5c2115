use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::Lazy;

use super::callback::callbacks;
use super::event::EVENTS;
use super::guard::{guard, not_in_callback, quiet};
use super::handle::HandleTable;
use super::pin::stay_loaded;
use super::text::{key_and_value, not_null, put, text_in, text_out};
use super::{upay_drop_fn, upay_event, upay_event_fn};
use crate::abi::*;
use crate::client::Client;

/// One terminal of one merchant: its settings, its orders and its journal. Make one client for
/// each terminal, start it once, and keep it for as long as the till runs.
///
/// Threads: may be used from every thread.
pub struct upay_client {
    _private: [u8; 0],
}

pub(super) static CLIENTS: Lazy<HandleTable<Client, upay_client>> = Lazy::new(|| HandleTable::new(1, "client"));

/// Makes a client with default settings. Nothing is sent or written until it is started.
///
/// out: receives the client. Give it to upay_client_free.
/// Errors: UPAY_E_ARGUMENT, UPAY_E_LIMIT.
///
/// # Safety
/// `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_client_new(out: *mut *mut upay_client) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        stay_loaded();
        let handle = CLIENTS.insert(Arc::new(Client::default()))?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}

/// Sets one setting, by its key from the table at the top. Only before start.
///
/// key: the setting. Copied.
/// value: in the client's encoding. Copied. "" clears an optional setting. If the encoding is not
///   UTF-8, set "encoding" first.
/// Errors: UPAY_E_KEY, UPAY_E_VALUE (upay_last_error names the rule), UPAY_E_ARGUMENT (NULL, or not
///   in the client's encoding), UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE.
///
/// # Safety
/// `key` and `value` are NULL or end with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_client_set(
    client: *mut upay_client,
    key: *const c_char,
    value: *const c_char,
) -> upay_status {
    guard(|| {
        let client = CLIENTS.get(client)?;
        // SAFETY: the caller's promise.
        let (key, value) = unsafe { key_and_value(key, value, client.encoding()) }?;
        client.set(&key, &value)
    })
}

/// Reads one setting: "" if it is not set. terminal_key and vendor_key cannot be read: UPAY_E_KEY.
///
/// key: the setting.
/// buffer, capacity: receives the text with its NUL, at most capacity bytes.
/// length: receives the number of the text's bytes without the NUL. With UPAY_E_BUFFER it receives
///   the number of bytes that the buffer must have, the NUL included. May be NULL.
/// Errors: UPAY_E_KEY, UPAY_E_BUFFER, UPAY_E_ARGUMENT, UPAY_E_CLOSED, UPAY_E_HANDLE.
///
/// # Safety
/// `key` is NULL or ends with a NUL, `buffer` has room for `capacity` bytes, `length` is NULL or can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_client_get(
    client: *mut upay_client,
    key: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> upay_status {
    guard(|| {
        let client = CLIENTS.get(client)?;
        let encoding = client.encoding();
        // SAFETY: the caller's promise.
        let key = unsafe { text_in("key", key, encoding) }?;
        // SAFETY: the caller's promise.
        unsafe { text_out(&client.get(&key)?, encoding, buffer, capacity, length) }
    })
}

/// Sets the watcher: the function for events of orders that no call waits for (UPAY_ACTION_WATCH).
/// These are orders that an earlier run left over, and orders whose verdict was not the gateway's
/// last word. Only before start.
///
/// Without a watcher, or with fn NULL, these events wait for upay_client_next_event.
///
/// fn, user_data: as for upay_order_pay.
/// drop: as for upay_order_pay. It runs when the client ends, or when another watcher is set.
/// Errors: UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE. After an error drop is not run:
///   user_data is still yours.
///
/// # Safety
/// The functions can be called with `user_data` until `drop` was.
#[no_mangle]
pub unsafe extern "C" fn upay_client_watch(
    client: *mut upay_client,
    r#fn: upay_event_fn,
    user_data: *mut c_void,
    drop: upay_drop_fn,
) -> upay_status {
    guard(|| {
        let client = CLIENTS.get(client)?;
        client.watch(callbacks(r#fn, user_data, drop))
    })
}

/// Makes a terminal of this till with an activation code. Only before start, and once for each
/// terminal. Needs vendor_sn, vendor_key, app_id, device_id and a state_dir.
///
/// The gateway's owner or your service provider gives out the code. It can be used once.
///
/// The terminal's number and keys are kept in state_dir from then on, but not the code and the
/// vendor_key. terminal_sn can be read afterwards. Later starts need neither terminal_sn nor
/// terminal_key: without them start takes the terminal that was activated last in this state_dir.
///
/// code: 1 to 64 bytes without white space, in the client's encoding.
/// timeout_ms: the limit for the whole call. 0: only connect_timeout_ms and reply_timeout_ms hold.
/// Errors: UPAY_E_MISSING, UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STATE (started), UPAY_E_CLOSED,
///   UPAY_E_HANDLE, and
///     UPAY_E_STORAGE   Nothing was sent, unless upay_last_error says otherwise. If it does, start
///                      tries to save the terminal once more.
///     UPAY_E_LOCKED    Another process activates in this state_dir.
///     100-199          Not sent: try again.
///     200-299          In doubt: the code may be used up. Try again. If that is refused, ask for a
///                      new code.
///     300-399          The gateway refused.
/// Threads: blocks, in a callback too.
///
/// # Safety
/// `code` is NULL or ends with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_client_activate(
    client: *mut upay_client,
    code: *const c_char,
    timeout_ms: u32,
) -> upay_status {
    guard(|| {
        let client = CLIENTS.get(client)?;
        // SAFETY: the caller's promise.
        let code = unsafe { text_in("code", code, client.encoding()) }?;
        client.activate(&code, limit(timeout_ms))
    })
}

/// Starts the client: takes the terminal's journal, and resumes what an earlier run left over.
/// After an error the settings can be corrected and start called again.
///
/// Errors: UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE, and
///     UPAY_E_MISSING   terminal_sn or terminal_key is not set, and nothing was activated in
///                      state_dir.
///     UPAY_E_VALUE     ca_file or proxy cannot be used.
///     UPAY_E_LOCKED    Another client or process uses this terminal's journal.
///     UPAY_E_STORAGE   The journal is damaged, foreign or unreadable. It is left as it is.
#[no_mangle]
pub extern "C" fn upay_client_start(client: *mut upay_client) -> upay_status {
    guard(|| CLIENTS.get(client)?.start())
}

/// Checks the terminal in: the gateway gives it a new key. The new key is on disk before it is
/// used, and the earlier key stays valid.
///
/// A client with a state_dir and a device_id checks in by itself, unless "auto_checkin" is "off":
/// once a day in Beijing, at start or before the day's first payment. The device_id may be its own
/// setting or the one that it was activated with.
///
/// A check-in never runs while a payment is under way, and a payment that begins during a check-in
/// waits for its end. If a check-in is under way already, this call joins it.
///
/// timeout_ms: the limit for the whole call. 0: only connect_timeout_ms and reply_timeout_ms hold.
/// Errors: UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE, and
///     UPAY_E_MISSING   device_id is not set.
///     UPAY_E_STATE     The client is not started, or a payment is under way.
///     UPAY_E_TIMEOUT   The check-in that this call joined goes on.
///     100-199          Not sent.
///     200-299          In doubt, and the old key is still valid. Check in again when the network
///                      works. After two lost replies in a row the gateway would forget this
///                      terminal's key.
///     300-399          The gateway refused.
/// Threads: blocks, in a callback too.
#[no_mangle]
pub extern "C" fn upay_client_checkin(client: *mut upay_client, timeout_ms: u32) -> upay_status {
    guard(|| CLIENTS.get(client)?.checkin(limit(timeout_ms)))
}

/// Signs a request of your own with the terminal's key and sends it. For what the gateway offers
/// and this library does not know. Nothing of it is recorded, and nothing is queried afterwards.
///
/// The request is sent once. If the gateway refuses the signature, it is sent again under the
/// terminal's earlier key. Any other refusal of the gateway is a reply: UPAY_OK and an event.
///
/// path: such as "/upay/v2/deposit". Its names consist of letters, digits, "-", "_" and ".". The
///   paths of payments, precreate, activation and check-in are refused: they have functions.
/// json: the body, a JSON object of at most 64 KiB, in the client's encoding. It is sent character
///   by character, in UTF-8.
/// timeout_ms: the limit for the whole call. 0: only connect_timeout_ms and reply_timeout_ms hold.
/// out: receives the reply as an event of UPAY_ACTION_CALL. Give it to upay_event_free. It is read
///   as by upay_read_reply, except that a SUCCESS that names no order is success.
/// Errors: UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STATE (not started), UPAY_E_LIMIT, UPAY_E_CLOSED,
///   UPAY_E_HANDLE, and
///     100-199   Not sent.
///     200-299   In doubt: there is no reply that can be read.
/// Threads: blocks, in a callback too.
///
/// # Safety
/// The texts are NULL or end with a NUL, `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_client_call(
    client: *mut upay_client,
    path: *const c_char,
    json: *const c_char,
    timeout_ms: u32,
    out: *mut *mut upay_event,
) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        let client = CLIENTS.get(client)?;
        let encoding = client.encoding();
        // SAFETY: the caller's promise.
        let path = unsafe { text_in("path", path, encoding) }?;
        // SAFETY: the caller's promise.
        let json = unsafe { text_in("json", json, encoding) }?;
        EVENTS.check_capacity()?;
        let handle = EVENTS.lend(Arc::new(client.call(&path, &json, limit(timeout_ms))?))?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}

/// Counts the orders without a final answer of the gateway: under way, left over or watched. With 0
/// no order waits for an answer, and the till can safely be switched off.
///
/// count: receives the number.
/// Errors: UPAY_E_ARGUMENT, UPAY_E_STATE (not started), UPAY_E_STORAGE, UPAY_E_CLOSED,
///   UPAY_E_HANDLE.
///
/// # Safety
/// `count` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_client_unfinished(client: *mut upay_client, count: *mut u32) -> upay_status {
    guard(|| {
        not_null("count", count)?;
        let unfinished = CLIENTS.get(client)?.unfinished()?;
        // SAFETY: checked above.
        unsafe { put(count, unfinished) };
        Ok(())
    })
}

/// Takes the oldest event that no callback receives: polling, for example from a window's timer.
/// Each action keeps its newest progress event and its final event. upay_event_get with "client_sn"
/// tells the order.
///
/// Up to 20000 unread events are kept. Beyond that the oldest progress is dropped first, and then
/// the oldest final event, which the next start tells again.
///
/// timeout_ms: how long to wait for an event. 0 does not wait.
/// out: receives the event. Give it to upay_event_free.
/// Errors: UPAY_E_TIMEOUT (no event in time), UPAY_E_CLOSED (stopped, and all events are taken),
///   UPAY_E_STATE (not started), UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
///
/// # Safety
/// `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_client_next_event(
    client: *mut upay_client,
    timeout_ms: u32,
    out: *mut *mut upay_event,
) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        let handle = CLIENTS.get(client)?.next_event(limit(timeout_ms), |event| EVENTS.insert(event.clone()))?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}

/// Stops the client for good. Calls that the gateway holds open are broken off. Every action that
/// is under way gets its one final event (UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED), and the next start
/// resumes it from the journal.
///
/// After UPAY_OK no callback runs or will run, all threads of this client have ended, and its
/// journal is free for another process. stop may be called again. A client that was never started
/// is closed as well.
///
/// timeout_ms: how long to wait until callbacks have returned and threads have ended.
/// Errors: UPAY_E_TIMEOUT (the stop goes on: call again), UPAY_E_REENTRANT (inside a callback),
///   UPAY_E_HANDLE.
/// Threads: blocks. Not inside a callback.
#[no_mangle]
pub extern "C" fn upay_client_stop(client: *mut upay_client, timeout_ms: u32) -> upay_status {
    guard(|| {
        let client = CLIENTS.get(client)?;
        not_in_callback()?;
        client.stop(limit(timeout_ms))
    })
}

/// Frees the client. If it was not stopped, it begins to stop, and callbacks may still run for a
/// moment. Orders and events of the client stay valid until they are freed. NULL is ignored.
///
/// Threads: never blocks.
#[no_mangle]
pub extern "C" fn upay_client_free(client: *mut upay_client) {
    quiet((), || {
        CLIENTS.remove(client)?.close();
        Some(())
    });
}

fn limit(timeout_ms: u32) -> Duration {
    Duration::from_millis(timeout_ms.into())
}
