//! `biz_response.result_code` (000, 002, 003 4.2): the result of the action.

use super::{find, row, Means, Row};
use crate::abi::*;

/// The action that the code answers, as far as the code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Pay,
    Precreate,
    Cancel,
    Refund,
    Checkin,
    /// SUCCESS and FAIL answer any action.
    Anything,
}

/// The four classes of the documents. 003 calls the last one UNKNOWN, 000 and 002 call it ERROR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Success,
    Fail,
    InProgress,
    Unknown,
}

/// What a code means: which action it answers, and with which result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    pub asked: Asked,
    pub class: Class,
}

impl Means for Meaning {
    fn outcome(self) -> i32 {
        match self.class {
            Class::Success => UPAY_OUTCOME_SUCCESS,
            Class::Fail => UPAY_OUTCOME_FAILED,
            Class::InProgress => UPAY_OUTCOME_PENDING,
            Class::Unknown => UPAY_OUTCOME_UNKNOWN,
        }
    }
}

const fn of(asked: Asked, class: Class) -> Meaning {
    Meaning { asked, class }
}

use Asked::{Anything, Cancel, Checkin, Pay, Precreate, Refund};
use Class::{Fail, InProgress, Success, Unknown};

pub static ROWS: &[Row<Meaning>] = &[
    row(&[c"PAY_SUCCESS"], of(Pay, Success), UPAY_ADVICE_DELIVER, c"已付款，请交货。", c"Paid: hand over the goods."),
    row(
        &[c"PAY_FAIL"],
        of(Pay, Fail),
        UPAY_ADVICE_RETRY,
        c"收款失败，未扣款或款项已退回，请用新订单重新收款。",
        c"Not paid: nothing was charged, or it was given back. Start a new order.",
    ),
    row(
        &[c"PAY_IN_PROGRESS"],
        of(Pay, InProgress),
        UPAY_ADVICE_WAIT,
        c"顾客正在付款，请稍后查询。",
        c"The customer is paying. Query later.",
    ),
    row(
        &[c"PAY_FAIL_ERROR"],
        of(Pay, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"收款出错，顾客可能已被扣款，请勿交货，并联系收钱吧客服。",
        c"The payment went wrong; the customer may be charged. Hand over no goods and call Shouqianba support.",
    ),
    row(
        &[c"PAY_FAIL_IN_PROGRESS"],
        of(Pay, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"收款未成功，网关仍在处理，结果未知，请勿交货；查询后仍不明确请联系收钱吧客服。",
        c"Not paid yet; outcome unknown. Hand over no goods; query, then call Shouqianba support.",
    ),
    row(
        &[c"CANCEL_SUCCESS"],
        of(Cancel, Success),
        UPAY_ADVICE_NONE,
        c"撤单完成，未扣款或款项已退回。",
        c"The order is cancelled: nothing was charged, or it was given back.",
    ),
    row(
        &[c"CANCEL_ERROR"],
        of(Cancel, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"撤单出错，无法确认款项是否已退回，请联系收钱吧客服。",
        c"The cancel went wrong; nobody knows whether the money was given back. Call Shouqianba support.",
    ),
    row(
        &[c"CANCEL_ABORT_ERROR"],
        of(Cancel, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"未能中止正在进行的付款，结果未知，请勿交货，并联系收钱吧客服。",
        c"The payment could not be stopped; outcome unknown. Hand over no goods and call Shouqianba support.",
    ),
    row(
        &[c"CANCEL_ABORT_SUCCESS"],
        of(Cancel, Success),
        UPAY_ADVICE_NONE,
        c"已中止正在进行的付款并撤单。",
        c"The payment under way was stopped and cancelled.",
    ),
    row(
        &[c"CANCEL_IN_PROGRESS"],
        of(Cancel, InProgress),
        UPAY_ADVICE_WAIT,
        c"正在撤单，请稍后查询。",
        c"The cancel is under way. Query later.",
    ),
    row(
        &[c"CANCEL_ABORT_IN_PROGRESS"],
        of(Cancel, InProgress),
        UPAY_ADVICE_WAIT,
        c"正在中止付款，结果未定，请稍后查询。",
        c"The payment is being stopped, without a result yet. Query later.",
    ),
    row(&[c"REFUND_SUCCESS"], of(Refund, Success), UPAY_ADVICE_NONE, c"退款完成。", c"The refund is done."),
    row(
        &[c"REFUND_ERROR"],
        of(Refund, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"退款出错，无法确认是否已退款，请联系收钱吧客服。",
        c"The refund went wrong; nobody knows whether the money was given back. Call Shouqianba support.",
    ),
    row(
        &[c"REFUND_FAIL"],
        of(Refund, Fail),
        UPAY_ADVICE_BY_HAND,
        c"退款失败，款项未退，请人工处理。",
        c"The refund failed and nothing was given back. A person has to settle it.",
    ),
    row(
        &[c"REFUND_IN_PROGRESS"],
        of(Refund, InProgress),
        UPAY_ADVICE_WAIT,
        c"正在退款，请稍后查询。",
        c"The refund is under way. Query later.",
    ),
    // The action is done and the order is not paid yet, so the advice is to wait.
    row(
        &[c"PRECREATE_SUCCESS"],
        of(Precreate, Success),
        UPAY_ADVICE_WAIT,
        c"收款码已生成，尚未付款，请让顾客扫码，并查询结果。",
        c"The QR code is ready; nothing is paid yet. Let the customer scan it, and query.",
    ),
    row(
        &[c"PRECREATE_FAIL"],
        of(Precreate, Fail),
        UPAY_ADVICE_RETRY,
        c"收款码生成失败，未扣款，请用新订单重试。",
        c"The QR code was not made; nothing was charged. Start a new order.",
    ),
    row(
        &[c"PRECREATE_FAIL_ERROR"],
        of(Precreate, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"生成收款码出错，支付通道状态未知，请勿交货，并联系收钱吧客服。",
        c"Making the QR code went wrong; outcome unknown. Hand over no goods and call Shouqianba support.",
    ),
    row(
        &[c"PRECREATE_FAIL_IN_PROGRESS"],
        of(Precreate, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"收款码未能生成，网关仍在处理，结果未知，请勿交货；查询后仍不明确请联系收钱吧客服。",
        c"The QR code was not made; outcome unknown. Hand over no goods; query, then call Shouqianba support.",
    ),
    row(
        &[c"SUCCESS"],
        of(Anything, Success),
        UPAY_ADVICE_NONE,
        c"操作完成，是否已付款请看订单状态。",
        c"Done. Only order_status says whether it is paid.",
    ),
    row(
        &[c"FAIL"],
        of(Anything, Fail),
        UPAY_ADVICE_NONE,
        c"操作未执行，没有产生任何变动，原因见错误码。",
        c"Not done, and nothing was changed. The error code says why.",
    ),
    row(
        &[c"TERMINAL_CHECKIN_SUCCESS"],
        of(Checkin, Success),
        UPAY_ADVICE_NONE,
        c"终端密钥已更新，请保存新密钥。",
        c"The terminal has a new key. Save it.",
    ),
];

pub fn meaning(result_code: &str) -> Option<Meaning> {
    find(ROWS, result_code).map(|row| row.means)
}

pub fn class(result_code: &str) -> Class {
    meaning(result_code).map_or(Unknown, |meaning| meaning.class)
}
