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

/// One terminal of one merchant: its settings, its orders and its journal. Make one for each terminal, start it once,
/// and keep it for as long as the till runs. May be used from every thread. A handle is checked at every call: NULL, a
/// freed one or one of another type gives UPAY_E_HANDLE.
pub struct upay_client {
    _private: [u8; 0],
}

pub(super) static CLIENTS: Lazy<HandleTable<Client, upay_client>> = Lazy::new(|| HandleTable::new(1, "client"));

/// Makes a client with default settings. Nothing is sent and nothing is written until it is started.
///
/// out: the client; yours, to be given to upay_client_free.
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

/// Sets one setting, by its key from the table at the top; only before start. Both texts are copied.
///
/// value: in the client's encoding (set "encoding" first when it is not UTF-8). "" takes an optional setting back.
/// Errors: UPAY_E_KEY, UPAY_E_VALUE (upay_last_error names the rule), UPAY_E_ARGUMENT (NULL, or not in the client's
/// encoding), UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE.
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

/// Reads one setting back; "" when it is not set. terminal_key and vendor_key can be set, never read: UPAY_E_KEY.
///
/// buffer, capacity: where the text goes, with its NUL, and how many bytes fit there.
/// length: receives the text's bytes without the NUL; with UPAY_E_BUFFER the bytes that the buffer must have, the NUL
/// included. May be NULL.
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

/// Says who hears of orders that no call waits for (UPAY_ACTION_WATCH): those that an earlier run left over, and those
/// whose verdict was not the gateway's last word. Only before start; without a watcher, or with fn NULL, these events
/// wait for upay_client_next_event.
///
/// fn, user_data, drop: as for upay_order_pay; drop runs when the client ends, or when another watcher takes over.
/// Errors: UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE. A call that fails has taken nothing: drop is not run.
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

/// Makes a terminal of this till with an activation code: single-use, and given out by the gateway's owner or your
/// service provider. Needs vendor_sn, vendor_key, app_id and device_id, and a state_dir, where the terminal's number and
/// keys are kept from then on; the code and vendor_key are not. terminal_sn can be read back afterwards. The next starts
/// need neither terminal_sn nor terminal_key: without them start takes the terminal that was activated last in this
/// state_dir. Only before start, and once per terminal; blocks, in a callback too.
///
/// code: 1 to 64 bytes without white space, in the client's encoding.
/// timeout_ms: for all of it; 0: connect_timeout_ms and reply_timeout_ms alone.
/// Errors: UPAY_E_MISSING, UPAY_E_VALUE, UPAY_E_STATE (started), UPAY_E_STORAGE (before anything was sent, unless
/// upay_last_error says otherwise; start then tries to keep it once more), UPAY_E_LOCKED (another process activates here),
/// UPAY_E_CLOSED, UPAY_E_HANDLE; 100-199: not sent, try again; 200-299: in doubt, the code may be used up: try again, and
/// ask for a new code when that is refused; 300-399: the gateway refused.
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

/// Starts the client: takes the terminal's journal, and goes on with what an earlier run left over.
///
/// Errors: UPAY_E_MISSING (terminal_sn, terminal_key, and nothing was activated in state_dir), UPAY_E_VALUE (ca_file,
/// proxy), UPAY_E_LOCKED (another client or process has this terminal), UPAY_E_STORAGE (the journal is damaged, foreign or
/// unreadable; it is left as it is), UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE. After an error the settings can
/// be mended and start called again.
#[no_mangle]
pub extern "C" fn upay_client_start(client: *mut upay_client) -> upay_status {
    guard(|| CLIENTS.get(client)?.start())
}

/// Checks the terminal in: the gateway gives it a new key, which is on disk before it is used; the one before stays valid.
/// A client with a state_dir and a device_id (its own setting, or the one that it was activated with) does so by itself,
/// once a day in Beijing, at start or before the day's first payment, unless "auto_checkin" is "off". Never while a
/// payment is under way; a payment that begins in the meantime waits for its end. One that is under way already is joined.
/// Blocks, in a callback too.
///
/// timeout_ms: for all of it; 0: connect_timeout_ms and reply_timeout_ms alone.
/// Errors: UPAY_E_MISSING (device_id), UPAY_E_STATE (not started, or a payment is under way), UPAY_E_TIMEOUT (the one that
/// was joined goes on), UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE; 100-199: not sent; 200-299: in doubt, and the old key is valid still. Check in
/// again when the network is well: with a second reply lost in a row the gateway would forget the key that is here. 300-399:
/// the gateway refused.
#[no_mangle]
pub extern "C" fn upay_client_checkin(client: *mut upay_client, timeout_ms: u32) -> upay_status {
    guard(|| CLIENTS.get(client)?.checkin(limit(timeout_ms)))
}

/// Signs a request of your own making with the terminal's key and sends it once, or again under the key before when the
/// gateway refuses the signature: for what the gateway offers and this library does not know. Nothing of it is recorded, and
/// nothing is asked again. Blocks, in a callback too.
///
/// path: such as "/upay/v2/deposit"; names of letters, digits, "-", "_" and ".". Payments, precreate, activation and
/// check-in have functions of their own and are refused here.
/// json: the body, a JSON object of at most 64 KiB, in the client's encoding; sent letter by letter in UTF-8.
/// timeout_ms: for all of it; 0: connect_timeout_ms and reply_timeout_ms alone.
/// out: the reply as an event of UPAY_ACTION_CALL, read as upay_read_reply reads it, but that a plain SUCCESS which speaks
/// of no order is one; yours, to be given to upay_event_free.
/// Errors: UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STATE (not started), UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE; 100-199:
/// not sent; 200-299: in doubt, no reply that can be read. A refusal of the gateway is a reply: UPAY_OK, and an event.
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

/// How many orders have no final answer of the gateway yet: under way, left over, or watched. 0: nothing is owed an
/// answer, and the till can be switched off without a worry.
///
/// Errors: UPAY_E_ARGUMENT, UPAY_E_STATE (not started), UPAY_E_STORAGE, UPAY_E_CLOSED, UPAY_E_HANDLE.
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

/// Takes the oldest event that no callback hears: the pull form, for a window's timer. Each action keeps its newest
/// progress event and its final one; upay_event_get with "client_sn" tells the order.
///
/// timeout_ms: how long to wait for one; 0 does not wait.
/// out: the event; yours, to be given to upay_event_free.
/// Errors: UPAY_E_TIMEOUT (none in time), UPAY_E_CLOSED (stopped, and all were taken), UPAY_E_STATE (not started),
/// UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
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

/// Stops the client for good. Calls that are held open are broken off; every action that is under way gets its one
/// final event (UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED) and goes on from the journal at the next start. Once this returns
/// UPAY_OK, no callback runs or will run, all threads of this client have ended, and its journal is free for another
/// process. May be called again; a client that was never started is closed as well.
///
/// timeout_ms: how long to wait for callbacks to return and threads to end.
/// Errors: UPAY_E_TIMEOUT (the end goes on; call again), UPAY_E_REENTRANT (from inside a callback), UPAY_E_HANDLE.
#[no_mangle]
pub extern "C" fn upay_client_stop(client: *mut upay_client, timeout_ms: u32) -> upay_status {
    guard(|| {
        let client = CLIENTS.get(client)?;
        not_in_callback()?;
        client.stop(limit(timeout_ms))
    })
}

/// Lets the client go. Never blocks: a client that was not stopped begins to stop, and callbacks may still run for a
/// moment. Orders and events of the client stay valid until they are freed. NULL is ignored.
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
