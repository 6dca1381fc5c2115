//! The sentences for the cashier, in Chinese and in English, with the advice what to do next. There is one for every
//! verdict.

use std::ffi::CStr;

use super::codes::{self, Entry};
use crate::abi::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    pub advice: i32,
    pub zh: &'static str,
    pub en: &'static str,
}

impl From<Entry> for Words {
    fn from(entry: Entry) -> Self {
        // The tables are text of this library, and so valid UTF-8.
        let text = |text: &'static CStr| text.to_str().unwrap_or_default();
        words(entry.advice, text(entry.zh), text(entry.en))
    }
}

const fn words(advice: i32, zh: &'static str, en: &'static str) -> Words {
    Words { advice, zh, en }
}

/// `phase` counts while the outcome is pending. `why` is the gateway's biz_error_code or error_code; it counts when
/// the gateway refused.
pub fn of(action: i32, outcome: i32, status: upay_status, phase: &str, why: Option<&str>) -> Words {
    match outcome {
        UPAY_OUTCOME_PENDING if action == UPAY_ACTION_READ => {
            words(UPAY_ADVICE_WAIT, "订单尚未完成，请勿交货。", "The order is not final yet. Hand over no goods.")
        }
        UPAY_OUTCOME_SUCCESS if action == UPAY_ACTION_READ => words(
            UPAY_ADVICE_DELIVER,
            "订单已付款，核对单号和金额后交货。",
            "Paid. Compare the order's number and amount, then hand over the goods.",
        ),
        UPAY_OUTCOME_PENDING => pending(action, status, phase),
        UPAY_OUTCOME_UNKNOWN => unknown(action, status),
        _ => match action {
            UPAY_ACTION_QUERY => query(outcome),
            UPAY_ACTION_CANCEL => cancel(outcome, status),
            UPAY_ACTION_WATCH => watch(outcome),
            UPAY_ACTION_REFUND => refund(outcome, status),
            UPAY_ACTION_CALL => {
                words(UPAY_ADVICE_NONE, "网关已完成此请求。", "The gateway has carried the request out.")
            }
            _ => pay(outcome, status, why),
        },
    }
}

fn pending(action: i32, status: upay_status, phase: &str) -> Words {
    match (action, phase) {
        (UPAY_ACTION_WATCH, _) if status == UPAY_E_REFUSED => words(
            UPAY_ADVICE_BY_HAND,
            "此前按未收款处理的订单查到已收款，无法自动退回，请人工核对并退款。",
            "An order that counted as not paid is paid and cannot be reversed. Check it and refund it by hand.",
        ),
        (UPAY_ACTION_WATCH, _) if status == UPAY_E_NO_ORDER => words(
            UPAY_ADVICE_BY_HAND,
            "网关曾有这笔订单，现在查不到，无法确认是否已扣款，请人工核对。",
            "The gateway had this order and no longer finds it. Check by hand whether it was paid.",
        ),
        (UPAY_ACTION_WATCH, _) => words(
            UPAY_ADVICE_WAIT,
            "正在核实此前未确认的订单。",
            "Checking an earlier order whose outcome is not known yet.",
        ),
        (UPAY_ACTION_REFUND, _) => words(UPAY_ADVICE_WAIT, "正在退款，请稍候。", "Refunding. Please wait."),
        (_, "cancelling") => words(UPAY_ADVICE_WAIT, "正在撤单，请稍候。", "Cancelling. Please wait."),
        (UPAY_ACTION_PRECREATE, "sending") => {
            words(UPAY_ADVICE_WAIT, "正在生成收款码，请稍候。", "Making the QR code. Please wait.")
        }
        (_, "sending") => words(UPAY_ADVICE_WAIT, "正在发起收款，请稍候。", "Sending the payment. Please wait."),
        (_, _) if status != UPAY_OK => words(
            UPAY_ADVICE_WAIT,
            "暂未得到明确答复，正在核实是否已付款，请勿交货。",
            "No clear answer yet: asking whether it was paid. Hand over no goods.",
        ),
        (UPAY_ACTION_PRECREATE, _) => {
            words(UPAY_ADVICE_WAIT, "请顾客扫描收款码付款。", "Ask the customer to scan the code and pay.")
        }
        (_, _) => words(UPAY_ADVICE_WAIT, "等待顾客付款。", "Waiting for the customer to pay."),
    }
}

fn unknown(action: i32, status: upay_status) -> Words {
    match (action, status) {
        (UPAY_ACTION_QUERY, 100..=199) => words(
            UPAY_ADVICE_CHECK_NETWORK,
            "网络不通，查询未发出，请检查网络后重试。",
            "No connection: the query was not sent. Check the network and try again.",
        ),
        (UPAY_ACTION_QUERY, 300..=302) => words(
            UPAY_ADVICE_FIX_REQUEST,
            "查询被网关拒绝，请联系收银软件厂商。",
            "The gateway refused the query. Call the till's maker.",
        ),
        (UPAY_ACTION_QUERY, _) => {
            words(UPAY_ADVICE_RETRY_SAME, "没有查到结果，请稍后再查。", "The query had no result. Query again later.")
        }
        (_, UPAY_E_CLOSED) => words(
            UPAY_ADVICE_WAIT,
            "收银软件已停止，结果未知，请勿交货；下次启动后会自动核实。",
            "The till was stopped before the outcome was known. Hand over no goods; the next start checks it.",
        ),
        (_, UPAY_E_PANIC) => words(
            UPAY_ADVICE_CALL_SUPPORT,
            "程序出错，结果未知，请勿交货；下次启动后会自动核实。",
            "A software defect; outcome unknown. Hand over no goods; the next start checks it.",
        ),
        (UPAY_ACTION_REFUND, _) => words(
            UPAY_ADVICE_RETRY_SAME,
            "退款结果未知，后台会继续核实；如需重试，请用同一退款序列号。",
            "Nobody knows yet whether it was refunded; the till keeps checking. To retry, use the same number.",
        ),
        (UPAY_ACTION_CANCEL, _) => words(
            UPAY_ADVICE_CALL_SUPPORT,
            "撤单结果未知，请勿交货，并联系收钱吧客服核实。",
            "Nobody knows whether it was cancelled. Hand over no goods and call Shouqianba support.",
        ),
        (_, _) => words(
            UPAY_ADVICE_CALL_SUPPORT,
            "结果未知，请勿交货，并联系收钱吧客服核实是否已付款。",
            "Nobody knows whether it was paid. Hand over no goods and call Shouqianba support.",
        ),
    }
}

fn query(outcome: i32) -> Words {
    match outcome {
        UPAY_OUTCOME_SUCCESS => words(
            UPAY_ADVICE_NONE,
            "已查到订单，请以订单状态为准。",
            "The gateway knows the order. Its order_status says whether it is paid.",
        ),
        _ => words(UPAY_ADVICE_NONE, "网关没有此订单。", "The gateway knows no such order."),
    }
}

fn cancel(outcome: i32, status: upay_status) -> Words {
    match (outcome, status) {
        (UPAY_OUTCOME_SUCCESS, _) => words(
            UPAY_ADVICE_NONE,
            "已撤单，未扣款或款项已退回顾客。",
            "Cancelled: nothing was charged, or it was given back.",
        ),
        (_, UPAY_E_NO_ORDER) => words(
            UPAY_ADVICE_NONE,
            "网关没有此订单，未撤单；若此订单稍后到达并扣款，会自动退回。",
            "The gateway knows no such order. A late charge is given back.",
        ),
        (_, _) => words(
            UPAY_ADVICE_BY_HAND,
            "无法撤单，款项仍在商户账户；如需退还顾客，请办理退款。",
            "The gateway refused the cancel; the payment stands. Refund it if the money has to go back.",
        ),
    }
}

fn refund(outcome: i32, status: upay_status) -> Words {
    match (outcome, status) {
        (UPAY_OUTCOME_SUCCESS, _) => words(UPAY_ADVICE_NONE, "退款成功。", "Refunded."),
        (_, 100..=199) => words(
            UPAY_ADVICE_CHECK_NETWORK,
            "网络不通，退款未发出，请检查网络后用同一退款序列号重试。",
            "No connection: the refund was not sent. Check the network and try again under the same number.",
        ),
        (_, UPAY_E_REFUSED) => words(
            UPAY_ADVICE_BY_HAND,
            "退款被拒绝，未退款，请核对可退金额，并人工处理。",
            "The refund was refused; nothing was given back. Check how much is left to refund.",
        ),
        (_, _) => words(
            UPAY_ADVICE_FIX_REQUEST,
            "网关不接受此退款请求，未退款，请联系收银软件厂商。",
            "The gateway does not accept the refund; nothing was given back. Call the till's maker.",
        ),
    }
}

fn watch(outcome: i32) -> Words {
    match outcome {
        UPAY_OUTCOME_SUCCESS => words(
            UPAY_ADVICE_BY_HAND,
            "此前未确认的订单已付款成功：请核对，尚未交货的请交货，已另行收款的请退款（次日起不能撤单）。",
            "An earlier order was paid after all. Hand over the goods or, if it was paid again, refund it.",
        ),
        _ => words(
            UPAY_ADVICE_NONE,
            "此前未确认的订单未扣款，或款项已退回顾客。",
            "An earlier order was not paid, or its money was given back.",
        ),
    }
}

fn pay(outcome: i32, status: upay_status, why: Option<&str>) -> Words {
    if outcome == UPAY_OUTCOME_SUCCESS {
        return words(UPAY_ADVICE_DELIVER, "收款成功，请交货。", "Paid. Hand over the goods.");
    }
    match status {
        100..=199 => words(
            UPAY_ADVICE_CHECK_NETWORK,
            "网络不通，请求未发出，未扣款，请检查网络后重试。",
            "No connection: nothing was sent and nothing was charged. Check the network and try again.",
        ),
        UPAY_E_SIGN => words(
            UPAY_ADVICE_FIX_REQUEST,
            "终端密钥有误或已被签到更换，未扣款，请联系收银软件厂商，可能需要重新激活。",
            "The key is wrong, or a check-in has replaced it; nothing was charged. Call the till's maker: the terminal may \
             have to be activated again.",
        ),
        UPAY_E_TERMINAL => words(
            UPAY_ADVICE_FIX_REQUEST,
            "终端号或密钥有误，未扣款，请联系收银软件厂商。",
            "The terminal number or its key is wrong; nothing was charged. Call the till's maker.",
        ),
        UPAY_E_REQUEST => why.and_then(codes::request_error).unwrap_or(words(
            UPAY_ADVICE_FIX_REQUEST,
            "网关不接受此请求，未扣款，请联系收银软件厂商。",
            "The gateway does not accept the request; nothing was charged. Call the till's maker.",
        )),
        UPAY_E_EXPIRED => words(
            UPAY_ADVICE_RETRY,
            "顾客未在规定时间内付款，订单已撤销，可重新收款。",
            "Not paid in time, and cancelled. Start a new payment.",
        ),
        UPAY_E_CANCELLED => words(
            UPAY_ADVICE_NONE,
            "订单已撤销，未扣款或款项已退回顾客。",
            "Cancelled: nothing was charged, or it was given back.",
        ),
        UPAY_E_NO_ORDER => words(
            UPAY_ADVICE_RETRY,
            "网关没有收到此订单，可重新收款；若此订单稍后到达并扣款，会自动退回。",
            "The gateway did not get the order. Start a new payment. A late charge is given back.",
        ),
        _ => why.and_then(codes::refusal_of).unwrap_or(words(
            UPAY_ADVICE_RETRY,
            "收款失败，未扣款或款项已退回顾客，可重新收款。",
            "The payment failed; nothing was charged, or it was given back. Start a new payment.",
        )),
    }
}
