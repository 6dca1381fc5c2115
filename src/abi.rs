//! The numbers that cross the C ABI. Positive, explicit, append-only; `include/upay.h` prints each of them.
//! This is the only place in which they stand.

#![allow(non_camel_case_types)]

/// What a call, or an action, came to. The hundreds tell what is known: 1-99 the caller's mistake (nothing was sent),
/// 100-199 not sent, 200-299 in doubt, 300-399 refused by the gateway, 900-999 a defect of this library.
pub type upay_status = i32;

/// Done.
pub const UPAY_OK: i32 = 0;
/// An argument is NULL, or text that is not in the client's encoding.
pub const UPAY_E_ARGUMENT: i32 = 1;
/// The handle was freed, is of another type, or was never made by this library.
pub const UPAY_E_HANDLE: i32 = 2;
/// No such key.
pub const UPAY_E_KEY: i32 = 3;
/// The value breaks its field's rule; upay_last_error names the field and the rule.
pub const UPAY_E_VALUE: i32 = 4;
/// Not now: the object is in another state (a setting after start, a second action on an order that has one under way).
pub const UPAY_E_STATE: i32 = 5;
/// The wait ended; the work goes on.
pub const UPAY_E_TIMEOUT: i32 = 6;
/// Not from inside a callback.
pub const UPAY_E_REENTRANT: i32 = 7;
/// A setting or a field that this call needs was not set.
pub const UPAY_E_MISSING: i32 = 8;
/// This client_sn was sent before; it is never sent twice.
pub const UPAY_E_DUPLICATE: i32 = 9;
/// Not known here.
pub const UPAY_E_NOT_FOUND: i32 = 10;
/// Another client or process has this terminal's state.
pub const UPAY_E_LOCKED: i32 = 11;
/// The journal cannot be read or written; nothing was sent.
pub const UPAY_E_STORAGE: i32 = 12;
/// This process is a fork of the one that the library was used in; nothing works here.
pub const UPAY_E_FORKED: i32 = 13;
/// The client is stopped.
pub const UPAY_E_CLOSED: i32 = 14;
/// Too many at once; upay_last_error names the limit.
pub const UPAY_E_LIMIT: i32 = 15;
/// The buffer is too small; length says what is needed.
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
/// In doubt: the time is up and nobody knows.
pub const UPAY_E_UNRESOLVED: i32 = 204;

/// Refused: the gateway cannot accept the request (400).
pub const UPAY_E_REQUEST: i32 = 300;
/// Refused: the signature is wrong; check terminal_sn and terminal_key, or public_key_pem.
pub const UPAY_E_SIGN: i32 = 301;
/// Refused: the gateway does not know or does not accept this terminal.
pub const UPAY_E_TERMINAL: i32 = 302;
/// Refused for a business reason; the event's biz_error_code says which.
pub const UPAY_E_REFUSED: i32 = 303;
/// Not paid in time, and cancelled.
pub const UPAY_E_EXPIRED: i32 = 304;
/// Cancelled.
pub const UPAY_E_CANCELLED: i32 = 305;
/// The gateway knows no such order.
pub const UPAY_E_NO_ORDER: i32 = 306;

/// A defect of this library was caught; what it hit is still in the journal.
pub const UPAY_E_PANIC: i32 = 900;

/// Under way.
pub const UPAY_OUTCOME_PENDING: i32 = 0;
/// A payment: paid. Any other action: done.
pub const UPAY_OUTCOME_SUCCESS: i32 = 1;
/// A payment: not paid and nothing is owed (not charged, or given back). Any other action: not done.
pub const UPAY_OUTCOME_FAILED: i32 = 2;
/// Nobody knows: hand over no goods.
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
/// Read for the host, and nothing was sent: upay_read_reply, upay_verify_notify.
pub const UPAY_ACTION_READ: i32 = 9;
/// An order that no call waits for: left over from an earlier run, or watched until the gateway's answer is final.
pub const UPAY_ACTION_WATCH: i32 = 10;

/// Nothing to do.
pub const UPAY_ADVICE_NONE: i32 = 0;
/// Hand over the goods.
pub const UPAY_ADVICE_DELIVER: i32 = 1;
/// Try again with a new order.
pub const UPAY_ADVICE_RETRY: i32 = 2;
/// Wait; more events follow.
pub const UPAY_ADVICE_WAIT: i32 = 3;
/// Hand over no goods and call the gateway's support.
pub const UPAY_ADVICE_CALL_SUPPORT: i32 = 4;
/// The till's maker must look at the request or the settings.
pub const UPAY_ADVICE_FIX_REQUEST: i32 = 5;
/// Check this machine's network, then try again.
pub const UPAY_ADVICE_CHECK_NETWORK: i32 = 6;
/// Try again under the same number.
pub const UPAY_ADVICE_RETRY_SAME: i32 = 7;
/// Settle it by hand.
pub const UPAY_ADVICE_BY_HAND: i32 = 8;
/// Ask the customer for a fresh code or other means.
pub const UPAY_ADVICE_ASK_CUSTOMER: i32 = 9;

/// biz_response.result_code: what became of the action (000, 002, 003 4.2).
pub const UPAY_TABLE_RESULT_CODE: i32 = 1;
/// order_status: how the order stands (000, 002, 003 4.3).
pub const UPAY_TABLE_ORDER_STATUS: i32 = 2;
/// status: the order's newest step (000, 002, 003 4.4). For people; decide on order_status.
pub const UPAY_TABLE_TRANSACTION_STATUS: i32 = 3;
/// error_code: why the gateway did not carry the request out (002, 003 4.1).
pub const UPAY_TABLE_REQUEST_ERROR: i32 = 4;
/// biz_response.error_code: why the action failed (000, 002, 003 4.5).
pub const UPAY_TABLE_BUSINESS_ERROR: i32 = 5;
/// payway: whose wallet (002, 003 4.6). Names alone.
pub const UPAY_TABLE_PAYWAY: i32 = 6;
/// sub_payway: how the wallet was used (002, 003 4.7). Names alone.
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
/// Log also what is odd or was mended.
pub const UPAY_LOG_WARN: i32 = 2;
/// Log also each action's start and end.
pub const UPAY_LOG_INFO: i32 = 3;
/// Log also each exchange with the gateway.
pub const UPAY_LOG_DEBUG: i32 = 4;

/// A picture as SVG 1.1: text.
pub const UPAY_QR_SVG: i32 = 1;
/// A picture as a Windows bitmap of 1 bit a pixel.
pub const UPAY_QR_BMP: i32 = 2;
