//! The numbers that cross the C ABI: positive, explicit and append-only. They are defined only here; `include/upay.h`
//! prints each of them.

#![allow(non_camel_case_types)]

/// The status of a call or of an action. Its range tells what is known:
///
///   0         UPAY_OK
///   1-99      The caller's mistake, or the state of this machine. This call sent nothing.
///   100-199   Not sent.
///   200-299   In doubt: the request may have been carried out.
///   300-399   The gateway refused.
///   900-999   A defect of this library.
pub type upay_status = i32;

/// Done.
pub const UPAY_OK: i32 = 0;
/// An argument is NULL, or a text that is not in the client's encoding.
pub const UPAY_E_ARGUMENT: i32 = 1;
/// The handle was freed, is of another type, or was never made by this library.
pub const UPAY_E_HANDLE: i32 = 2;
/// No such key.
pub const UPAY_E_KEY: i32 = 3;
/// The value breaks the rule of its field. upay_last_error names the field and the rule.
pub const UPAY_E_VALUE: i32 = 4;
/// Not in this state: a setting after start, or a second action while one is under way.
pub const UPAY_E_STATE: i32 = 5;
/// The wait has ended. The work goes on.
pub const UPAY_E_TIMEOUT: i32 = 6;
/// This function must not be called inside a callback.
pub const UPAY_E_REENTRANT: i32 = 7;
/// A setting or a field that this call needs is not set.
pub const UPAY_E_MISSING: i32 = 8;
/// This client_sn was sent before. It is never sent twice.
pub const UPAY_E_DUPLICATE: i32 = 9;
/// The library knows no such order, or nothing of this field.
pub const UPAY_E_NOT_FOUND: i32 = 10;
/// Another client or process uses this terminal's journal.
pub const UPAY_E_LOCKED: i32 = 11;
/// The journal cannot be read or written. Nothing was sent.
pub const UPAY_E_STORAGE: i32 = 12;
/// This process is a forked child of the process that uses the library. No call works in it.
pub const UPAY_E_FORKED: i32 = 13;
/// The client is stopped.
pub const UPAY_E_CLOSED: i32 = 14;
/// Too many at once. upay_last_error names the limit.
pub const UPAY_E_LIMIT: i32 = 15;
/// The buffer is too small. length says how many bytes it must have.
pub const UPAY_E_BUFFER: i32 = 16;

/// Not sent: the gateway's host name has no address.
pub const UPAY_E_RESOLVE: i32 = 100;
/// Not sent: no connection to the gateway.
pub const UPAY_E_CONNECT: i32 = 101;
/// Not sent: TLS could not be agreed on, or the certificate is not trusted.
pub const UPAY_E_TLS: i32 = 102;
/// Not sent: the proxy refused or failed.
pub const UPAY_E_PROXY: i32 = 103;

/// In doubt: the connection broke after the request may have left.
pub const UPAY_E_INTERRUPTED: i32 = 200;
/// In doubt: no reply in time.
pub const UPAY_E_NO_REPLY: i32 = 201;
/// In doubt: the reply is unreadable, or is for another order.
pub const UPAY_E_REPLY: i32 = 202;
/// In doubt: the gateway reports a failure of its own (500).
pub const UPAY_E_GATEWAY: i32 = 203;
/// In doubt: the time is up, and the outcome is still not known.
pub const UPAY_E_UNRESOLVED: i32 = 204;

/// Refused: the gateway cannot accept the request (400).
pub const UPAY_E_REQUEST: i32 = 300;
/// Refused: the signature is wrong. Check terminal_sn and terminal_key, or public_key_pem.
pub const UPAY_E_SIGN: i32 = 301;
/// Refused: the gateway does not know or does not accept this terminal.
pub const UPAY_E_TERMINAL: i32 = 302;
/// Refused for a business reason: see the event's biz_error_code.
pub const UPAY_E_REFUSED: i32 = 303;
/// Not paid in time, and cancelled.
pub const UPAY_E_EXPIRED: i32 = 304;
/// Cancelled or given back.
pub const UPAY_E_CANCELLED: i32 = 305;
/// The gateway knows no such order.
pub const UPAY_E_NO_ORDER: i32 = 306;

/// A defect of this library was caught. The payment that it interrupted is still in the journal.
pub const UPAY_E_PANIC: i32 = 900;

/// The action is under way.
pub const UPAY_OUTCOME_PENDING: i32 = 0;
/// A payment: paid. Any other action: done.
pub const UPAY_OUTCOME_SUCCESS: i32 = 1;
/// A payment: not paid, and nothing is owed (not charged, or given back). Any other action: not
/// done.
pub const UPAY_OUTCOME_FAILED: i32 = 2;
/// The outcome is not known: hand over no goods.
pub const UPAY_OUTCOME_UNKNOWN: i32 = 3;

/// upay_client_activate.
pub const UPAY_ACTION_ACTIVATE: i32 = 1;
/// upay_client_checkin, and the check-in that the library does by itself.
pub const UPAY_ACTION_CHECKIN: i32 = 2;
/// upay_order_pay.
pub const UPAY_ACTION_PAY: i32 = 3;
/// upay_order_precreate.
pub const UPAY_ACTION_PRECREATE: i32 = 4;
/// upay_order_query.
pub const UPAY_ACTION_QUERY: i32 = 5;
/// upay_order_refund.
pub const UPAY_ACTION_REFUND: i32 = 6;
/// upay_order_cancel.
pub const UPAY_ACTION_CANCEL: i32 = 7;
/// upay_client_call.
pub const UPAY_ACTION_CALL: i32 = 8;
/// Read for the host, without sending anything: upay_read_reply, upay_verify_notify.
pub const UPAY_ACTION_READ: i32 = 9;
/// An order that no call waits for: left over from an earlier run, or watched because the
/// gateway's answer was not final.
pub const UPAY_ACTION_WATCH: i32 = 10;

/// Nothing to do.
pub const UPAY_ADVICE_NONE: i32 = 0;
/// Hand over the goods.
pub const UPAY_ADVICE_DELIVER: i32 = 1;
/// Try again with a new order.
pub const UPAY_ADVICE_RETRY: i32 = 2;
/// Wait: more events follow.
pub const UPAY_ADVICE_WAIT: i32 = 3;
/// Hand over no goods and call the gateway's support.
pub const UPAY_ADVICE_CALL_SUPPORT: i32 = 4;
/// The till's maker must look at the request or the settings.
pub const UPAY_ADVICE_FIX_REQUEST: i32 = 5;
/// Check this machine's network, then try again.
pub const UPAY_ADVICE_CHECK_NETWORK: i32 = 6;
/// Try again under the same number.
pub const UPAY_ADVICE_RETRY_SAME: i32 = 7;
/// A person has to settle it.
pub const UPAY_ADVICE_BY_HAND: i32 = 8;
/// Ask the customer for a fresh code or other means.
pub const UPAY_ADVICE_ASK_CUSTOMER: i32 = 9;

/// biz_response.result_code: the result of the action (000, 002, 003 4.2).
pub const UPAY_TABLE_RESULT_CODE: i32 = 1;
/// order_status: the state of the order (000, 002, 003 4.3).
pub const UPAY_TABLE_ORDER_STATUS: i32 = 2;
/// status: the newest transaction (000, 002, 003 4.4). To decide, use order_status.
pub const UPAY_TABLE_TRANSACTION_STATUS: i32 = 3;
/// error_code: why the gateway did not carry the request out (002, 003 4.1).
pub const UPAY_TABLE_REQUEST_ERROR: i32 = 4;
/// biz_response.error_code: why the action failed (000, 002, 003 4.5).
pub const UPAY_TABLE_BUSINESS_ERROR: i32 = 5;
/// payway: the wallet (002, 003 4.6). Names only.
pub const UPAY_TABLE_PAYWAY: i32 = 6;
/// sub_payway: how the wallet was used (002, 003 4.7). Names only.
pub const UPAY_TABLE_SUB_PAYWAY: i32 = 7;
/// The charge gateway's codes (004).
pub const UPAY_TABLE_CHARGE_ERROR: i32 = 8;
/// The charge gateway's HTTP statuses (004).
pub const UPAY_TABLE_CHARGE_HTTP: i32 = 9;

/// The UPay gateway's replies: result_code, biz_response, data (003 2.3).
pub const UPAY_DIALECT_UPAY: i32 = 1;
/// The charge gateway's replies: code, message, data (004).
pub const UPAY_DIALECT_CHARGE: i32 = 2;

/// Log nothing.
pub const UPAY_LOG_OFF: i32 = 0;
/// Log what went wrong and needs a person.
pub const UPAY_LOG_ERROR: i32 = 1;
/// Log also what is unusual or was repaired.
pub const UPAY_LOG_WARN: i32 = 2;
/// Log also the start and the end of each action.
pub const UPAY_LOG_INFO: i32 = 3;
/// Log also each exchange with the gateway.
pub const UPAY_LOG_DEBUG: i32 = 4;

/// A picture as SVG 1.1, which is text.
pub const UPAY_QR_SVG: i32 = 1;
/// A picture as a Windows bitmap of 1 bit a pixel.
pub const UPAY_QR_BMP: i32 = 2;
