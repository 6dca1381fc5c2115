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

/// One order: the fields of its requests, and the actions on it. Two handles with the same
/// client_sn are the same order.
///
/// Threads: may be used from every thread.
pub struct upay_order {
    _private: [u8; 0],
}

pub(super) static ORDERS: Lazy<HandleTable<Held, upay_order>> = Lazy::new(|| HandleTable::new(3, "order"));

/// The object behind an order's handle.
pub(super) struct Held {
    client: Arc<Client>,
    order: Arc<Order>,
}

/// Receives an event.
///
/// event: lent for the call. upay_event_copy keeps it.
/// user_data: as passed to the function that took this callback.
/// Threads: runs on a thread of the library, never on the caller's stack and never under a lock. One
///   client's callbacks run one after the other, in order. A callback may call every function except
///   upay_client_stop and upay_order_wait. It must return soon: meanwhile the client's other events
///   wait.
pub type upay_event_fn = Option<unsafe extern "C" fn(event: *const upay_event, user_data: *mut c_void)>;

/// The last call with this user_data: exactly once after a call that returned UPAY_OK, whatever
/// happens, and never after an error. Free user_data here.
pub type upay_drop_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Makes an order. Nothing is sent or written.
///
/// client_sn: your number for the order: 1 to 32 bytes of UTF-8 without white space, unique for your
///   merchant for ever. With NULL the library makes a unique one, which upay_order_get reads. A
///   number that was used before is accepted, for query, refund and cancel.
/// out: receives the order. Give it to upay_order_free.
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

/// Finds an order that this terminal's journal knows: one that was paid or cancelled through it
/// before, also by an earlier run.
///
/// client_sn: the order's number.
/// out: receives the order. Give it to upay_order_free.
/// Errors: UPAY_E_NOT_FOUND, UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STORAGE, UPAY_E_STATE (not
///   started), UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
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

/// Sets one field of the order, by its key from the table at the top. The value is checked at once
/// against the gateway's rule.
///
/// key: the field. Copied.
/// value: in the client's encoding. Copied. "" clears an optional field.
/// Errors: UPAY_E_KEY, UPAY_E_VALUE (upay_last_error names the field and the rule), UPAY_E_ARGUMENT
///   (NULL, or not in the client's encoding), UPAY_E_CLOSED, UPAY_E_HANDLE.
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

/// Reads one field: the value that was set or, if none was, what the gateway said of it last ("sn",
/// "order_status" and so on). "client_sn" is always there.
///
/// key: the field.
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

/// Takes a payment with the code that the customer shows. Set total_amount (fen), dynamic_id (the
/// scanned code) and subject before. Without an operator of its own the order has the client's.
///
/// UPAY_OK means: the order is recorded on disk, and the payment is under way. The call does not
/// wait for it. PENDING events follow, on every change and on every answer of the gateway, and then
/// exactly one final event:
///
///   UPAY_OUTCOME_SUCCESS   Paid. The gateway said so for this very order and amount.
///   UPAY_OUTCOME_FAILED    Not paid, and nothing is owed. The event's status says why:
///                          UPAY_E_REFUSED (see biz_error_code), UPAY_E_EXPIRED (not paid within
///                          pay_timeout_ms, and cancelled), UPAY_E_CANCELLED, UPAY_E_NO_ORDER,
///                          UPAY_E_REQUEST, UPAY_E_SIGN, UPAY_E_TERMINAL, or 100-199 (not sent).
///   UPAY_OUTCOME_UNKNOWN   Nobody knows whether it is paid. Hand over no goods.
///
/// After UPAY_E_NO_ORDER the request has not arrived at the gateway. The library watches the order
/// and reverses it if it arrives late: by a cancel, then by a refund. If the gateway refuses both,
/// or ten minutes pass, the watcher gets a PENDING event with UPAY_E_REFUSED and the advice
/// UPAY_ADVICE_BY_HAND. Its field "tried" says what was tried. A person then gives the money back.
///
/// A cancel that left may be carried out up to ten minutes later. So an order that is paid while a
/// cancel of it has no clear answer ends UNKNOWN, and the watcher gets the result after that time.
///
/// After UPAY_OUTCOME_UNKNOWN the library goes on asking in the background, and the watcher gets
/// the result. There is one exception: an order that was paid and then refunded in part is left to
/// a person (UPAY_E_UNRESOLVED with order_status PARTIAL_REFUNDED).
///
/// /pay is sent at most once for one client_sn, for as long as the journal remembers it
/// (journal_days). After a status of 100-199 the same order may be paid again.
///
/// fn: called for every event. NULL: poll with upay_client_next_event or upay_order_wait.
/// user_data: passed to fn and drop.
/// drop: called once, after fn's last call. May be NULL.
/// Errors: UPAY_E_MISSING, UPAY_E_VALUE, UPAY_E_DUPLICATE (client_sn was sent before),
///   UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_STATE (not started), UPAY_E_CLOSED, UPAY_E_HANDLE. After
///   an error nothing was sent or recorded, no event comes, drop is not run, and the order can be
///   corrected and paid.
/// Threads: does not wait for the network. fn and drop run on a thread of the library.
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

/// Makes a code that the customer scans. Set total_amount, subject and payway (not 6, the QQ
/// wallet) before.
///
/// A PENDING event has the content of the QR code as "qr_code", as soon as the gateway has made it:
/// show it or print it (upay_qr). From then on everything is as for upay_order_pay, and the
/// outcomes mean the same, but precreate_timeout_ms is the time limit.
///
/// If the reply with the code is lost, the order is cancelled and the outcome is FAILED.
///
/// fn, user_data, drop: as for upay_order_pay.
/// Errors: as for upay_order_pay.
/// Threads: as for upay_order_pay.
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

/// Asks the gateway once for the state of the order. A query is information: it changes no verdict.
///
///   UPAY_OUTCOME_SUCCESS   The gateway knows the order: read order_status.
///   UPAY_OUTCOME_FAILED    The gateway knows no such order (UPAY_E_NO_ORDER).
///   UPAY_OUTCOME_UNKNOWN   There was no usable answer.
///
/// fn, user_data, drop: as for upay_order_pay.
/// Errors: as for upay_order_pay, without UPAY_E_MISSING and UPAY_E_DUPLICATE.
/// Threads: as for upay_order_pay.
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

/// Refunds the order, in part or in full (003 3.3). Set refund_request_no (1 to 20 bytes) and
/// refund_amount (fen) before. Without an operator of its own the order has the client's.
///
/// There may be any number of refunds, each under a number of its own, until nothing is left. In
/// doubt the library sends the refund again under the same number, which moves the money once. The
/// host may do so too, with the same fields.
///
///   UPAY_OUTCOME_SUCCESS   Given back.
///   UPAY_OUTCOME_FAILED    This refund gave nothing back. See biz_error_code.
///   UPAY_OUTCOME_UNKNOWN   Not known within cancel_timeout_ms. The library goes on asking in the
///                          background, also after a restart. The watcher gets the result, as
///                          UPAY_ACTION_REFUND with refund_request_no.
///
/// fn, user_data, drop: as for upay_order_pay.
/// Errors: UPAY_E_MISSING, UPAY_E_VALUE (also: this number was used with other fields), UPAY_E_STATE
///   (not started, or this refund is under way), UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED,
///   UPAY_E_HANDLE.
/// Threads: as for upay_order_pay.
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

/// Cancels the order: the full amount, on the same Beijing day (003 3.5). A cancel whose answer is
/// lost is repeated.
///
/// While the payment is under way, a cancel means that the cashier gives up. The payment then ends
/// FAILED with UPAY_E_CANCELLED, or SUCCESS if the customer was faster and the gateway refuses.
///
/// After the payment has ended SUCCESS, it counts whether you have received that event. Before that
/// the cancel ends FAILED with UPAY_E_REFUSED, and afterwards it gives the money back.
///
/// An order that ended FAILED may still be watched, to be reversed if it arrives late. A cancel of
/// yours that the gateway refuses takes nothing away from that: the library goes on reversing it.
///
/// An order that was made without a number of yours, and was never sent, has nothing to cancel:
/// UPAY_E_MISSING. Set "sn" to cancel an order by the gateway's number.
///
///   UPAY_OUTCOME_SUCCESS   Nothing is owed.
///   UPAY_OUTCOME_FAILED    UPAY_E_REFUSED: the payment stands. UPAY_E_NO_ORDER: the gateway knows
///                          no such order.
///   UPAY_OUTCOME_UNKNOWN   No answer within cancel_timeout_ms. The order is watched from now on.
///
/// fn, user_data, drop: as for upay_order_pay.
/// Errors: UPAY_E_MISSING, UPAY_E_STATE (not started, or a cancel of it is under way),
///   UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
/// Threads: as for upay_order_pay.
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

/// Waits for the final event of the order's newest action. An event that a wait hands out does not
/// come again from upay_client_next_event. A second wait hands it out again.
///
/// timeout_ms: how long to wait. 0 does not wait.
/// out: receives the event. Give it to upay_event_free.
/// Errors: UPAY_E_TIMEOUT (the action goes on), UPAY_E_REENTRANT (inside a callback), UPAY_E_STATE
///   (no action was begun), UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
/// Threads: blocks. Not inside a callback.
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

/// Frees the handle. It cancels nothing: what is under way goes on, and its events still come. NULL
/// is ignored.
#[no_mangle]
pub extern "C" fn upay_order_free(order: *mut upay_order) {
    quiet((), || ORDERS.remove(order).map(std::mem::drop));
}

/// The host's functions and its pointer, as they were passed.
type Functions = (upay_event_fn, *mut c_void, upay_drop_fn);

fn act(
    order: *mut upay_order,
    (event, user_data, drop): Functions,
    action: fn(&Client, &Arc<Order>, Option<Listener>) -> Result<()>,
) -> upay_status {
    guard(|| {
        let held = ORDERS.get(order)?;
        // If the action fails, it drops the callbacks without calling `drop`.
        action(&held.client, &held.order, callbacks(event, user_data, drop))
    })
}
