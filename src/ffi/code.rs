use std::ffi::{c_char, c_void};
use std::ptr::null;
use std::sync::Arc;

use super::event::EVENTS;
use super::guard::{guard, quiet};
use super::text::{bytes_in, not_null, put, text_in};
use super::upay_event;
use crate::abi::*;
use crate::client::{read_reply, Encoding};
use crate::gateway::codes::{self, Entry};

/// The codes of a table, one after the other, for a host that lists or translates them. Usable without a client.
///
/// table: one of UPAY_TABLE_…
/// index: from 0. Two spellings of one code are both there, each at an index of its own.
/// Returns ASCII that lives for ever; NULL past the end, or for an unknown table.
#[no_mangle]
pub extern "C" fn upay_code_at(table: i32, index: usize) -> *const c_char {
    quiet(null(), || Some(codes::table(table)?.at(index)?.as_ptr()))
}

/// What a code means, in one line: a sentence for a cashier or a programmer; for UPAY_TABLE_PAYWAY and
/// UPAY_TABLE_SUB_PAYWAY a name. Usable without a client.
///
/// table: one of UPAY_TABLE_…
/// code: as the gateway wrote it.
/// language: "zh" or "en".
/// Returns UTF-8 that lives for ever, whatever a client's encoding; NULL: no such table, code or language. The gateway
/// adds codes without notice: show one that is not here as it is, and count it as unknown.
///
/// # Safety
/// `code` and `language` are NULL or end with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_code_text(table: i32, code: *const c_char, language: *const c_char) -> *const c_char {
    quiet(null(), || {
        // SAFETY: the caller's promise.
        let row = unsafe { entry(table, code) }?;
        // SAFETY: the caller's promise.
        let text = match unsafe { text_in("language", language, Encoding::Utf8) }.ok()?.as_str() {
            "zh" => row.zh,
            "en" => row.en,
            _ => return None,
        };
        Some(text.as_ptr())
    })
}

/// What a code says of the action that it answers, one of UPAY_OUTCOME_…; of an order's status: what it says of the
/// payment. Usable without a client.
///
/// UPAY_OUTCOME_SUCCESS is "paid" for PAY_SUCCESS and for the order_status PAID, and "done" for every other code: a
/// cancel, a refund, a code to be scanned, a query that was answered. To judge a whole reply use upay_read_reply, which
/// holds all of its codes against each other. UPAY_OUTCOME_UNKNOWN for an unknown table or code, and for what has no
/// outcome (payway, sub_payway).
///
/// # Safety
/// `code` is NULL or ends with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_code_outcome(table: i32, code: *const c_char) -> i32 {
    // SAFETY: the caller's promise.
    quiet(UPAY_OUTCOME_UNKNOWN, || Some(unsafe { entry(table, code) }?.outcome))
}

/// What to do about a code, one of UPAY_ADVICE_…. Usable without a client.
///
/// UPAY_ADVICE_NONE for an unknown table or code: this library does not guess what a gateway means. upay_code_outcome is
/// UPAY_OUTCOME_UNKNOWN then, which says what counts: hand over no goods.
///
/// # Safety
/// `code` is NULL or ends with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_code_advice(table: i32, code: *const c_char) -> i32 {
    // SAFETY: the caller's promise.
    quiet(UPAY_ADVICE_NONE, || Some(unsafe { entry(table, code) }?.advice))
}

/// What a gateway's reply amounts to, for hosts that send requests of their own. Nothing is sent and nothing is kept.
/// Usable without a client.
///
/// The event's action is UPAY_ACTION_READ; its text is UTF-8, the message Chinese, with both languages under
/// "message_zh" and "message_en".
///
/// UPAY_DIALECT_UPAY (003 2.3): the reply to pay, precreate, query, refund, cancel, activate or check-in.
///
/// UPAY_OUTCOME_SUCCESS: paid (with UPAY_ADVICE_DELIVER), by PAY_SUCCESS or by a query's PAID, in a reply that names
/// client_sn and total_amount; or the cancel, refund, activation or check-in is done (with UPAY_ADVICE_NONE).
/// UPAY_OUTCOME_PENDING: under way, or not paid yet: query. So is PRECREATE_SUCCESS, until the customer has paid.
/// UPAY_OUTCOME_FAILED: by a query's order_status, the payment failed or was given back in full. By result_code 400, FAIL,
/// PAY_FAIL and the like, what was asked for was not done; as the answer to a query that says nothing of the payment.
/// UPAY_OUTCOME_UNKNOWN: nobody knows: hand over no goods, and query. An *_ERROR, result_code 500 (UPAY_E_GATEWAY), a code
/// that is in no table, an order given back in part, codes that contradict each other (UPAY_E_UNRESOLVED); a reply without
/// the number, the amount, the qr_code or the key that it should have (UPAY_E_REPLY); "no such order" (UPAY_E_NO_ORDER),
/// because a request may still arrive.
///
/// The reply cannot know what was asked. Before the goods go, compare its client_sn, terminal_sn and total_amount with
/// the order's.
///
/// UPAY_DIALECT_CHARGE (004): the charge gateway's envelope of code, message and data. The code of an error and its
/// message are the fields "error_code" and "error_message"; what stands in data are fields.
///
/// UPAY_OUTCOME_SUCCESS: code is the number 0, and the HTTP status 200: the request was carried out. Whether a charge is
/// paid is said by the data: the advice is never UPAY_ADVICE_DELIVER.
/// UPAY_OUTCOME_FAILED: a code that refuses; without one of the table, a status of 400, 401, 402 (no code at all) or 403.
/// UPAY_OUTCOME_PENDING: a person has to act first.
/// UPAY_OUTCOME_UNKNOWN: all else, and every status from 500 (UPAY_E_GATEWAY).
///
/// dialect: one of UPAY_DIALECT_…
/// http_status: the reply's, 100 to 599. The body counts more: a 400 of UPay may come with 200.
/// body: the bytes as they were received, up to 1 MiB; NULL only when length is 0.
/// out: the event; yours, to be given to upay_event_free.
/// Errors: UPAY_E_REPLY (no such reply: not JSON, a member that stands twice, no result_code or envelope, too long) and
/// UPAY_E_GATEWAY (the same with a status from 500): in doubt, so query; UPAY_E_VALUE (dialect, http_status),
/// UPAY_E_ARGUMENT, UPAY_E_LIMIT.
///
/// # Safety
/// `body` has `length` readable bytes; `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_read_reply(
    dialect: i32,
    http_status: i32,
    body: *const c_void,
    length: usize,
    out: *mut *mut upay_event,
) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        // SAFETY: the caller's promise.
        let body = unsafe { bytes_in(body, length) }?;
        let handle = EVENTS.insert(Arc::new(read_reply(dialect, http_status, body)?))?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}

/// # Safety
/// `code` is NULL or ends with a NUL.
unsafe fn entry(table: i32, code: *const c_char) -> Option<Entry> {
    // SAFETY: the caller's promise. Codes are ASCII, which is the same in every encoding.
    let code = unsafe { text_in("code", code, Encoding::Utf8) }.ok()?;
    codes::table(table)?.entry(&code)
}
