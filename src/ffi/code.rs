use std::ffi::{c_char, c_void};
use std::ptr::null;
use std::sync::Arc;

use super::event::EVENTS;
use super::guard::{guard, quiet};
use super::text::{bytes_in, not_null, put, text_in};
use super::upay_event;
use crate::abi::*;
use crate::event::{read_reply, Encoding};
use crate::gateway::codes::{self, Entry};

/// Returns the codes of a table one by one, for a host that lists or translates them. ASCII that
/// lives for ever. NULL past the end, and for an unknown table. Needs no client.
///
/// table: one of UPAY_TABLE_*.
/// index: from 0. Two spellings of one code have two indexes.
#[no_mangle]
pub extern "C" fn upay_code_at(table: i32, index: usize) -> *const c_char {
    quiet(null(), || Some(codes::table(table)?.at(index)?.as_ptr()))
}

/// Returns what a code means: one sentence for a cashier or a programmer, and a name for
/// UPAY_TABLE_PAYWAY and UPAY_TABLE_SUB_PAYWAY. UTF-8, whatever a client's encoding, that lives for
/// ever. NULL if there is no such table, code or language. Needs no client.
///
/// The gateway adds codes without notice. Show a code that has no text as it is, and count it as
/// unknown.
///
/// table: one of UPAY_TABLE_*.
/// code: as the gateway wrote it.
/// language: "zh" or "en".
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

/// Returns what a code says of the action that it answers, one of UPAY_OUTCOME_*. For an order's
/// status: what it says of the payment. Needs no client.
///
/// UPAY_OUTCOME_SUCCESS means "paid" for PAY_SUCCESS and for the order_status PAID. For every other
/// code it means "done": a cancel, a refund, a code that is ready to be scanned, a query that was
/// answered. UPAY_OUTCOME_UNKNOWN also stands for an unknown table or code, and for names (payway,
/// sub_payway).
///
/// To judge a whole reply use upay_read_reply, which compares all of its codes.
///
/// table: one of UPAY_TABLE_*.
/// code: as the gateway wrote it.
///
/// # Safety
/// `code` is NULL or ends with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_code_outcome(table: i32, code: *const c_char) -> i32 {
    // SAFETY: the caller's promise.
    quiet(UPAY_OUTCOME_UNKNOWN, || Some(unsafe { entry(table, code) }?.outcome))
}

/// Returns what to do about a code, one of UPAY_ADVICE_*. Needs no client.
///
/// UPAY_ADVICE_NONE for an unknown table or code: this library does not guess what the gateway
/// means. upay_code_outcome is UPAY_OUTCOME_UNKNOWN then: hand over no goods.
///
/// table: one of UPAY_TABLE_*.
/// code: as the gateway wrote it.
///
/// # Safety
/// `code` is NULL or ends with a NUL.
#[no_mangle]
pub unsafe extern "C" fn upay_code_advice(table: i32, code: *const c_char) -> i32 {
    // SAFETY: the caller's promise.
    quiet(UPAY_ADVICE_NONE, || Some(unsafe { entry(table, code) }?.advice))
}

/// Tells what a gateway's reply means, for hosts that send requests of their own. Nothing is sent
/// or recorded. Needs no client.
///
/// The event has UPAY_ACTION_READ. Its text is UTF-8 and its message is Chinese. The fields
/// "message_zh" and "message_en" have the message in both languages.
///
/// The reply does not tell what was asked. Before you hand over goods, compare its client_sn,
/// terminal_sn and total_amount with the order's.
///
/// UPAY_DIALECT_UPAY (003 2.3): the reply to pay, precreate, query, refund, cancel, activate or
/// check-in.
///
///   UPAY_OUTCOME_SUCCESS   Paid, with UPAY_ADVICE_DELIVER: PAY_SUCCESS, or a query's PAID, in a
///                          reply that has client_sn and total_amount. Or done, with
///                          UPAY_ADVICE_NONE: the cancel, refund, activation or check-in.
///   UPAY_OUTCOME_PENDING   Under way, or not paid yet: query. PRECREATE_SUCCESS is among these,
///                          until the customer has paid.
///   UPAY_OUTCOME_FAILED    The payment failed or was given back in full: order_status in a query's
///                          reply. Or the request was not carried out: result_code 400, FAIL,
///                          PAY_FAIL and the like. In a query's reply these say nothing of the
///                          payment.
///   UPAY_OUTCOME_UNKNOWN   Nobody knows: hand over no goods, and query.
///     UPAY_E_GATEWAY       result_code 500.
///     UPAY_E_REPLY         The number, the amount, the qr_code or the key is missing.
///     UPAY_E_NO_ORDER      "No such order": a request may still arrive.
///     UPAY_E_UNRESOLVED    An *_ERROR, a code that is in no table, an order that was given back in
///                          part, or codes that contradict each other.
///
/// UPAY_DIALECT_CHARGE (004): the charge gateway's envelope of code, message and data. An error's
/// code and message are the fields "error_code" and "error_message". The members of data are
/// fields.
///
///   UPAY_OUTCOME_SUCCESS   The request was carried out: code is the number 0, and the HTTP status
///                          is 200. The data say whether a charge is paid, so the advice is never
///                          UPAY_ADVICE_DELIVER.
///   UPAY_OUTCOME_PENDING   A person has to act first.
///   UPAY_OUTCOME_FAILED    A code that refuses. Or, without a code of the table, an HTTP status of
///                          400, 401, 402 (only without any code) or 403.
///   UPAY_OUTCOME_UNKNOWN   All else, and every HTTP status from 500 (UPAY_E_GATEWAY).
///
/// dialect: one of UPAY_DIALECT_*.
/// http_status: the reply's, 100 to 599. The body counts more: a 400 of UPay may come with 200.
/// body, length: the bytes as they were received, up to 1 MiB. body may be NULL only if length is 0.
/// out: receives the event. Give it to upay_event_free.
/// Errors: UPAY_E_VALUE (dialect, http_status), UPAY_E_ARGUMENT, UPAY_E_LIMIT, and
///     UPAY_E_REPLY     In doubt, so query: this is no such reply. It is not JSON, has a duplicate
///                      member, no result_code or no envelope, or is too long.
///     UPAY_E_GATEWAY   The same, with an HTTP status from 500.
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
