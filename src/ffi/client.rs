use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::Lazy;

use super::callback::listener;
use super::event::EVENTS;
use super::guard::{guard, not_in_callback, quiet};
use super::handle::Table;
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

pub(super) static CLIENTS: Lazy<Table<Client, upay_client>> = Lazy::new(|| Table::new(1, "client"));

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
        client.watch(listener(r#fn, user_data, drop))
    })
}

/// Starts the client: takes the terminal's journal, and goes on with what an earlier run left over.
///
/// Errors: UPAY_E_MISSING (terminal_sn, terminal_key), UPAY_E_VALUE (ca_file, proxy), UPAY_E_LOCKED (another client or
/// process has this terminal), UPAY_E_STORAGE (the journal is damaged, foreign or unreadable; it is left as it is),
/// UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE. After an error the settings can be mended and start called
/// again.
#[no_mangle]
pub extern "C" fn upay_client_start(client: *mut upay_client) -> upay_status {
    guard(|| CLIENTS.get(client)?.start())
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
        let limit = Duration::from_millis(timeout_ms.into());
        let handle = CLIENTS.get(client)?.next_event(limit, |event| EVENTS.insert(event.clone()))?;
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
/// Errors: UPAY_E_TIMEOUT (the end goes on; call again), UPAY_E_REENTRANT (from inside a callback), UPAY_E_STATE (just
/// starting), UPAY_E_HANDLE.
#[no_mangle]
pub extern "C" fn upay_client_stop(client: *mut upay_client, timeout_ms: u32) -> upay_status {
    guard(|| {
        let client = CLIENTS.get(client)?;
        not_in_callback()?;
        client.stop(Duration::from_millis(timeout_ms.into()))
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
