//! The gateway's codes (000, 002, 003 §4) as tables: one row a code. A code that is in no table counts as unknown.

use crate::abi::*;

/// The four classes of the documents; 003 calls the last one UNKNOWN, 000 and 002 call it ERROR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Success,
    Fail,
    InProgress,
    Unknown,
}

use Class::{Fail, InProgress, Success, Unknown};

/// `biz_response.result_code`.
pub const RESULT_CODES: &[(&str, Class)] = &[
    ("PAY_SUCCESS", Success),
    ("PAY_FAIL", Fail),
    ("PAY_IN_PROGRESS", InProgress),
    ("PAY_FAIL_ERROR", Unknown),
    ("PAY_FAIL_IN_PROGRESS", Unknown),
    ("CANCEL_SUCCESS", Success),
    ("CANCEL_ERROR", Unknown),
    ("CANCEL_ABORT_ERROR", Unknown),
    ("CANCEL_ABORT_SUCCESS", Success),
    ("CANCEL_IN_PROGRESS", InProgress),
    ("CANCEL_ABORT_IN_PROGRESS", InProgress),
    ("SUCCESS", Success),
    ("FAIL", Fail),
];

/// `biz_response.data.order_status`, as far as the payment itself is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    Paid,
    /// Not charged, or given back: PAY_CANCELED after a failed payment, CANCELED after a cancel, REFUNDED in full.
    PayCanceled,
    Canceled,
    Refunded,
    PartialRefunded,
    /// Not final: CREATED.
    Open,
    /// Not final: a cancel or a refund is under way.
    Moving,
    /// The gateway itself does not know.
    Error,
    /// In no table, or absent.
    Unheard,
}

const ORDER_STATUSES: &[(&str, OrderStatus)] = &[
    ("CREATED", OrderStatus::Open),
    ("PAID", OrderStatus::Paid),
    ("PAY_CANCELED", OrderStatus::PayCanceled),
    ("PAY_ERROR", OrderStatus::Error),
    ("REFUNDED", OrderStatus::Refunded),
    ("PARTIAL_REFUNDED", OrderStatus::PartialRefunded),
    ("REFUND_INPROGRESS", OrderStatus::Moving),
    ("REFUND_ERROR", OrderStatus::Error),
    ("CANCELED", OrderStatus::Canceled),
    ("CANCEL_ERROR", OrderStatus::Error),
    ("CANCEL_INPROGRESS", OrderStatus::Moving),
    ("INVALID_STATUS_CODE", OrderStatus::Error),
];

/// A business refusal: what the cashier does next, and one sentence in Chinese and in English.
pub struct Refusal {
    pub code: &'static str,
    pub advice: i32,
    pub zh: &'static str,
    pub en: &'static str,
}

/// `biz_response.error_code` values that end a payment and for which there is a better sentence than "refused".
const REFUSALS: &[Refusal] = &[
    refusal(
        "AUTHCODE_EXPIRE",
        UPAY_ADVICE_ASK_CUSTOMER,
        "付款码已过期，请顾客刷新付款码后重新收款。",
        "The code has expired. Ask the customer for a fresh code and start a new payment.",
    ),
    refusal(
        "EXPIRED_BARCODE",
        UPAY_ADVICE_ASK_CUSTOMER,
        "付款码已过期，请顾客刷新付款码后重新收款。",
        "The code has expired. Ask the customer for a fresh code and start a new payment.",
    ),
    refusal(
        "INVALID_BARCODE",
        UPAY_ADVICE_ASK_CUSTOMER,
        "付款码无效，请顾客出示正确的付款码后重新收款。",
        "The code is not valid. Ask the customer for the right code and start a new payment.",
    ),
    refusal(
        "INSUFFICIENT_FUND",
        UPAY_ADVICE_ASK_CUSTOMER,
        "顾客余额不足，未扣款，请更换付款方式。",
        "The customer's balance is too low; nothing was charged. Ask for other means.",
    ),
    refusal(
        "BUYER_OVER_DAILY_LIMIT",
        UPAY_ADVICE_ASK_CUSTOMER,
        "顾客今日付款已超限额，未扣款，请更换付款方式。",
        "The customer's limit for today is reached; nothing was charged. Ask for other means.",
    ),
    refusal(
        "BUYER_OVER_TRANSACTION_LIMIT",
        UPAY_ADVICE_ASK_CUSTOMER,
        "超过顾客单笔付款限额，未扣款，请更换付款方式。",
        "The amount is over the customer's limit; nothing was charged. Ask for other means.",
    ),
    refusal(
        "SELLER_OVER_DAILY_LIMIT",
        UPAY_ADVICE_CALL_SUPPORT,
        "本店今日收款已超限额，未扣款，请联系客服。",
        "The shop's limit for today is reached; nothing was charged. Call support.",
    ),
    refusal(
        "UPAY_STORE_OVER_DAILY_LIMIT",
        UPAY_ADVICE_CALL_SUPPORT,
        "本店今日收款已超限额，未扣款，请联系客服。",
        "The shop's limit for today is reached; nothing was charged. Call support.",
    ),
    refusal(
        "UPAY_TERMINAL_NOT_EXISTS",
        UPAY_ADVICE_FIX_REQUEST,
        "支付网关不认识此终端，请联系收银软件厂商。",
        "The gateway does not know this terminal. Call the till's maker.",
    ),
    refusal(
        "UPAY_TERMINAL_STATUS_ABNORMAL",
        UPAY_ADVICE_FIX_REQUEST,
        "此终端尚未激活，请联系收银软件厂商。",
        "This terminal is not activated. Call the till's maker.",
    ),
];

const fn refusal(code: &'static str, advice: i32, zh: &'static str, en: &'static str) -> Refusal {
    Refusal { code, advice, zh, en }
}

pub fn class(result_code: &str) -> Class {
    let row = RESULT_CODES.iter().find(|(code, _)| *code == result_code);
    row.map_or(Unknown, |(_, class)| *class)
}

pub fn order_status(status: Option<&str>) -> OrderStatus {
    let row = ORDER_STATUSES.iter().find(|(code, _)| Some(*code) == status);
    row.map_or(OrderStatus::Unheard, |(_, status)| *status)
}

pub fn refusal_of(biz_error_code: &str) -> Option<&'static Refusal> {
    REFUSALS.iter().find(|row| row.code == biz_error_code)
}

/// 000 spells it with an S, 002 and 003 without. `TRADE_NOT_EXIST` is another code.
pub fn is_order_not_exists(biz_error_code: Option<&str>) -> bool {
    matches!(biz_error_code, Some("UPAY_ORDER_NOT_EXISTS" | "UPAY_ORDER_NOT_EXIST"))
}
