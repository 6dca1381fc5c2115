use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::Lazy;

use super::callback::callbacks;
use super::client::CLIENTS;
use super::event::EVENTS;
use super::guard::{guard, not_in_callback, quiet};
use super::handle::HandleTable;
use super::text::{key_and_value, not_null, put, text_in, text_out};
use super::{upay_client, upay_event};
use crate::abi::*;
use crate::client::{Client, Listener, Order};
use crate::error::Result;

/// One order: what it asks for, and all that happens to it. Two handles of the same client_sn are the same order. May
/// be used from every thread. Checked at every call, as all handles are.
pub struct upay_order {
    _private: [u8; 0],
}

pub(super) static ORDERS: Lazy<HandleTable<Held, upay_order>> = Lazy::new(|| HandleTable::new(3, "order"));

/// What an order's handle stands for.
pub(super) struct Held {
    client: Arc<Client>,
    order: Arc<Order>,
}

/// What happened, on a thread of the library: never on the caller's stack, never under a lock, one client's calls one
/// after the other and in order. The event is lent for the call; upay_event_copy keeps it. Anything may be called from
/// inside but upay_client_stop and upay_order_wait. It must return soon: while it runs, the client's other events wait.
pub type upay_event_fn = Option<unsafe extern "C" fn(event: *const upay_event, user_data: *mut c_void)>;

/// The last call with this user_data, once, whatever happens: free here what user_data stands for.
pub type upay_drop_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Makes an order. Nothing is sent and nothing is written.
///
/// client_sn: your number for it: 1 to 32 bytes of UTF-8 without white space, unique for your merchant for ever. NULL
/// makes a unique one; upay_order_get with "client_sn" reads it. One that was used before is fine for query and cancel.
/// out: the order; yours, to be given to upay_order_free.
/// Errors: UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
///
/// # Safety
/// `client_sn` is NULL or ends with a NUL, `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_order_new(
    client: *mut upay_client,
    client_sn: *const c_char,
    out: *mut *mut upay_order,
) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        let client = CLIENTS.get(client)?;
        let client_sn = match client_sn.is_null() {
            true => None,
            // SAFETY: the caller's promise.
            false => Some(unsafe { text_in("client_sn", client_sn, client.encoding()) }?),
        };
        let order = client.order(client_sn.as_deref())?;
        let handle = ORDERS.insert(Arc::new(Held { client, order }))?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}

/// Finds an order that the journal knows: one that was paid or cancelled through this terminal's journal before, also
/// by an earlier run.
///
/// out: the order; yours, to be given to upay_order_free.
/// Errors: UPAY_E_NOT_FOUND, UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STORAGE, UPAY_E_STATE (not started), UPAY_E_LIMIT,
/// UPAY_E_CLOSED, UPAY_E_HANDLE.
///
/// # Safety
/// `client_sn` is NULL or ends with a NUL, `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_order_find(
    client: *mut upay_client,
    client_sn: *const c_char,
    out: *mut *mut upay_order,
) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        let client = CLIENTS.get(client)?;
        // SAFETY: the caller's promise.
        let client_sn = unsafe { text_in("client_sn", client_sn, client.encoding()) }?;
        let order = client.find(&client_sn)?;
        let handle = ORDERS.insert(Arc::new(Held { client, order }))?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}

/// Sets one field of the request, by its key from the table at the top. The value is checked at once, against the
/// gateway's own rule; both texts are copied. "" takes an optional field back.
///
/// Errors: UPAY_E_KEY, UPAY_E_VALUE (upay_last_error names field and rule), UPAY_E_ARGUMENT (NULL, or not in the
/// client's encoding), UPAY_E_CLOSED, UPAY_E_HANDLE.
///
/// # Safety
/// `key` and `value` are NULL or end with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_order_set(
    order: *mut upay_order,
    key: *const c_char,
    value: *const c_char,
) -> upay_status {
    guard(|| {
        let held = ORDERS.get(order)?;
        let encoding = held.client.encoding();
        // SAFETY: the caller's promise.
        let (key, value) = unsafe { key_and_value(key, value, encoding) }?;
        held.client.open_still()?;
        held.order.set(&key, &value)
    })
}

/// Reads a field that was set or, where none was, what the gateway said of it last ("sn", "order_status", …). "client_sn"
/// is always there.
///
/// buffer, capacity, length: as for upay_client_get.
/// Errors: UPAY_E_NOT_FOUND (nothing is known of it), UPAY_E_BUFFER, UPAY_E_ARGUMENT, UPAY_E_HANDLE.
///
/// # Safety
/// `key` is NULL or ends with a NUL, `buffer` has room for `capacity` bytes, `length` is NULL or can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_order_get(
    order: *mut upay_order,
    key: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> upay_status {
    guard(|| {
        let held = ORDERS.get(order)?;
        let encoding = held.client.encoding();
        // SAFETY: the caller's promise.
        let key = unsafe { text_in("key", key, encoding) }?;
        // SAFETY: the caller's promise.
        unsafe { text_out(&held.order.get(&key)?, encoding, buffer, capacity, length) }
    })
}

/// Takes a payment with the code that the customer shows: total_amount (fen), dynamic_id (the scanned code) and subject
/// must be set; operator is the client's unless it is. Returns at once: UPAY_OK means that the order is in the journal,
/// on disk, and under way. Then PENDING events follow, on every change and on every answer, and exactly one final one:
///
/// UPAY_OUTCOME_SUCCESS: paid. The gateway said so for this very order and amount.
/// UPAY_OUTCOME_FAILED: not paid, and nothing is owed. Its status says why: UPAY_E_REFUSED with the event's
/// biz_error_code, UPAY_E_EXPIRED (not paid within pay_timeout_ms, and cancelled), UPAY_E_CANCELLED, UPAY_E_NO_ORDER (it
/// never got there; watched from now on, and reversed should it arrive), UPAY_E_REQUEST, UPAY_E_SIGN, UPAY_E_TERMINAL, or
/// a status from 100 to 199: not sent.
/// UPAY_OUTCOME_UNKNOWN: nobody knows. Hand over no goods. The order is asked about in the background, and the watcher
/// hears how it ends; but an order that was paid and refunded in part since is left to a person (UPAY_E_UNRESOLVED with
/// order_status PARTIAL_REFUNDED).
///
/// /pay is sent at most once for a client_sn, for as long as the journal remembers it (journal_days). After a status from
/// 100 to 199 the same order may be paid again.
///
/// fn: called for every event; NULL for the pull form (upay_client_next_event, upay_order_wait).
/// user_data: passed back to fn and drop.
/// drop: called once after fn's last call; may be NULL.
/// Errors: UPAY_E_MISSING, UPAY_E_VALUE, UPAY_E_DUPLICATE (client_sn was sent before), UPAY_E_STORAGE, UPAY_E_LIMIT,
/// UPAY_E_STATE (not started), UPAY_E_CLOSED, UPAY_E_HANDLE. Then nothing was sent or recorded, there is no event, drop
/// is not run, and the order can be mended and paid.
///
/// # Safety
/// The functions can be called with `user_data` until `drop` was.
#[no_mangle]
pub unsafe extern "C" fn upay_order_pay(
    order: *mut upay_order,
    r#fn: upay_event_fn,
    user_data: *mut c_void,
    drop: upay_drop_fn,
) -> upay_status {
    act(order, (r#fn, user_data, drop), Client::pay)
}

/// Makes a code that the customer scans: total_amount, subject and payway (not 6, the QQ wallet) must be set. The QR
/// content comes as "qr_code" of a PENDING event as soon as it is there; show or print it. From there on as for
/// upay_order_pay, with precreate_timeout_ms in the place of pay_timeout_ms; the outcomes mean the same. When the reply
/// with the QR content is lost, the order is cancelled and the outcome is FAILED.
///
/// fn, user_data, drop, errors: as for upay_order_pay.
///
/// # Safety
/// As for upay_order_pay.
#[no_mangle]
pub unsafe extern "C" fn upay_order_precreate(
    order: *mut upay_order,
    r#fn: upay_event_fn,
    user_data: *mut c_void,
    drop: upay_drop_fn,
) -> upay_status {
    act(order, (r#fn, user_data, drop), Client::precreate)
}

/// Asks the gateway once how the order stands. SUCCESS: it answered with the order; read order_status. FAILED with
/// UPAY_E_NO_ORDER: it knows none. UNKNOWN: there was no usable answer. A query is information: it changes no verdict.
///
/// fn, user_data, drop, errors: as for upay_order_pay, without UPAY_E_MISSING and UPAY_E_DUPLICATE.
///
/// # Safety
/// As for upay_order_pay.
#[no_mangle]
pub unsafe extern "C" fn upay_order_query(
    order: *mut upay_order,
    r#fn: upay_event_fn,
    user_data: *mut c_void,
    drop: upay_drop_fn,
) -> upay_status {
    act(order, (r#fn, user_data, drop), Client::query)
}

/// Gives money back: refund_request_no (1 to 20 bytes) and refund_amount (fen) must be set; operator is the client's unless
/// it is. Any number of refunds, each under a number of its own, until nothing is left (003 3.3). In doubt the refund is
/// sent again under the same number, which moves the money once; the host may do so as well, with the same fields.
/// SUCCESS: given back. FAILED: nothing was given back by this refund; biz_error_code says why. UNKNOWN: not known within
/// cancel_timeout_ms; it goes on in the background, also after a restart, and the watcher hears how it ends, as
/// UPAY_ACTION_REFUND with refund_request_no.
///
/// fn, user_data, drop: as for upay_order_pay.
/// Errors: UPAY_E_MISSING, UPAY_E_VALUE (also: the number was used with other fields), UPAY_E_STATE (this refund is under
/// way, or not started), UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
///
/// # Safety
/// As for upay_order_pay.
#[no_mangle]
pub unsafe extern "C" fn upay_order_refund(
    order: *mut upay_order,
    r#fn: upay_event_fn,
    user_data: *mut c_void,
    drop: upay_drop_fn,
) -> upay_status {
    act(order, (r#fn, user_data, drop), Client::refund)
}

/// Cancels the order: the full amount, on the same Beijing day (003 3.5). While its payment is under way, the cashier
/// gives up: the payment ends FAILED with UPAY_E_CANCELLED, or SUCCESS when the customer was faster and the gateway
/// refuses. A payment that has ended SUCCESS stands until you have heard so: a cancel before that ends FAILED with
/// UPAY_E_REFUSED, and one afterwards gives the money back. SUCCESS: nothing is owed. FAILED: UPAY_E_REFUSED (the payment stands) or UPAY_E_NO_ORDER. UNKNOWN: no answer
/// within cancel_timeout_ms; watched from now on. A lost answer is repeated. Cancelling by hand takes over what the library
/// would have done by itself for an order that was called FAILED: when the gateway refuses, the payment stands.
///
/// fn, user_data, drop: as for upay_order_pay.
/// Errors: UPAY_E_STATE (a cancel of it is under way, or not started), UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED,
/// UPAY_E_HANDLE.
///
/// # Safety
/// As for upay_order_pay.
#[no_mangle]
pub unsafe extern "C" fn upay_order_cancel(
    order: *mut upay_order,
    r#fn: upay_event_fn,
    user_data: *mut c_void,
    drop: upay_drop_fn,
) -> upay_status {
    act(order, (r#fn, user_data, drop), Client::cancel)
}

/// Waits for the final event of the order's newest action. What a wait hands out does not come again from
/// upay_client_next_event; a second wait gives it again.
///
/// timeout_ms: how long to wait; 0 only looks.
/// out: the event; yours, to be given to upay_event_free.
/// Errors: UPAY_E_TIMEOUT (the action goes on), UPAY_E_REENTRANT (from inside a callback), UPAY_E_STATE (no action was
/// begun), UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
///
/// # Safety
/// `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_order_wait(
    order: *mut upay_order,
    timeout_ms: u32,
    out: *mut *mut upay_event,
) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        let held = ORDERS.get(order)?;
        not_in_callback()?;
        let limit = Duration::from_millis(timeout_ms.into());
        let handle = held.client.wait(&held.order, limit, |event| EVENTS.insert(event.clone()))?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}

/// Lets the order go. Cancels nothing: what is under way goes on, and its events still come. NULL is ignored.
#[no_mangle]
pub extern "C" fn upay_order_free(order: *mut upay_order) {
    quiet((), || ORDERS.remove(order).map(std::mem::drop));
}

/// The host's functions as they were passed: made into a listener only where something may hear.
type Functions = (upay_event_fn, *mut c_void, upay_drop_fn);

fn act(
    order: *mut upay_order,
    (event, user_data, drop): Functions,
    action: fn(&Client, &Arc<Order>, Option<Listener>) -> Result<()>,
) -> upay_status {
    guard(|| {
        let held = ORDERS.get(order)?;
        // The action lets the listener go unheard when it fails.
        action(&held.client, &held.order, callbacks(event, user_data, drop))
    })
}
