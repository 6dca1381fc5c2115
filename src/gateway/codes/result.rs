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
        c"收款失败，已扣的款项已退回，请用新订单重新收款。",
        c"Not paid; what had moved was given back. Start a new order.",
    ),
    row(
        &[c"PAY_IN_PROGRESS"],
        of(Pay, InProgress),
        UPAY_ADVICE_WAIT,
        c"顾客正在付款，请稍候并查询。",
        c"The customer is paying: wait, and query.",
    ),
    row(
        &[c"PAY_FAIL_ERROR"],
        of(Pay, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"收款出错，顾客可能已被扣款，请勿交货，并联系客服。",
        c"The payment went wrong and the customer may be charged. Hand over no goods and call support.",
    ),
    row(
        &[c"PAY_FAIL_IN_PROGRESS"],
        of(Pay, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"收款正在失败处理中，结果未知，请勿交货；查询后仍不明确请联系客服。",
        c"The payment is failing and its end is not known. Hand over no goods; query, then call support.",
    ),
    row(
        &[c"CANCEL_SUCCESS"],
        of(Cancel, Success),
        UPAY_ADVICE_NONE,
        c"撤单完成，款项未收或已退回。",
        c"The order is cancelled: not charged, or given back.",
    ),
    row(
        &[c"CANCEL_ERROR"],
        of(Cancel, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"撤单出错，款项去向未知，请联系客服。",
        c"The cancel went wrong and nobody knows where the money is. Call support.",
    ),
    row(
        &[c"CANCEL_ABORT_ERROR"],
        of(Cancel, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"未能中止正在进行的付款，结果未知，请勿交货，并联系客服。",
        c"The payment under way could not be stopped; its end is not known. Hand over no goods and call support.",
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
        c"正在撤单，请稍候并查询。",
        c"The cancel is under way: wait, and query.",
    ),
    row(
        &[c"CANCEL_ABORT_IN_PROGRESS"],
        of(Cancel, InProgress),
        UPAY_ADVICE_WAIT,
        c"正在中止付款，尚未确定，请稍候并查询。",
        c"The payment is being stopped, without a result yet: wait, and query.",
    ),
    row(&[c"REFUND_SUCCESS"], of(Refund, Success), UPAY_ADVICE_NONE, c"退款完成。", c"The refund is done."),
    row(
        &[c"REFUND_ERROR"],
        of(Refund, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"退款出错，是否已退未知，请联系客服。",
        c"The refund went wrong and nobody knows whether it arrived. Call support.",
    ),
    row(
        &[c"REFUND_FAIL"],
        of(Refund, Fail),
        UPAY_ADVICE_BY_HAND,
        c"退款失败，款项未退，请另行处理。",
        c"The refund failed and nothing was given back: settle it by hand.",
    ),
    row(
        &[c"REFUND_IN_PROGRESS"],
        of(Refund, InProgress),
        UPAY_ADVICE_WAIT,
        c"正在退款，请稍候并查询。",
        c"The refund is under way: wait, and query.",
    ),
    // The action is done and the order is not paid yet, so the advice is to wait.
    row(
        &[c"PRECREATE_SUCCESS"],
        of(Precreate, Success),
        UPAY_ADVICE_WAIT,
        c"二维码已生成，尚未付款，请顾客扫码并查询。",
        c"The code to be scanned is there; nothing is paid yet. Show it, and query.",
    ),
    row(
        &[c"PRECREATE_FAIL"],
        of(Precreate, Fail),
        UPAY_ADVICE_RETRY,
        c"二维码未能生成，未收款，请用新订单重试。",
        c"There is no code to be scanned and nothing was charged. Start a new order.",
    ),
    row(
        &[c"PRECREATE_FAIL_ERROR"],
        of(Precreate, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"预下单出错，支付通道状态未知，请勿交货，并联系客服。",
        c"Making the code went wrong; its order's state is not known. Hand over no goods and call support.",
    ),
    row(
        &[c"PRECREATE_FAIL_IN_PROGRESS"],
        of(Precreate, Unknown),
        UPAY_ADVICE_CALL_SUPPORT,
        c"预下单正在失败处理中，结果未知，请勿交货；查询后仍不明确请联系客服。",
        c"Making the code is failing and its end is not known. Hand over no goods; query, then call support.",
    ),
    row(
        &[c"SUCCESS"],
        of(Anything, Success),
        UPAY_ADVICE_NONE,
        c"操作完成，是否已付款请看订单状态。",
        c"Done; whether it is paid is said by order_status alone.",
    ),
    row(
        &[c"FAIL"],
        of(Anything, Fail),
        UPAY_ADVICE_NONE,
        c"操作未执行，没有产生任何变动，原因见错误码。",
        c"Not done, and nothing changed; the error code says why.",
    ),
    row(
        &[c"TERMINAL_CHECKIN_SUCCESS"],
        of(Checkin, Success),
        UPAY_ADVICE_NONE,
        c"终端密钥已更新，请保存新密钥。",
        c"The terminal has a new key: keep it.",
    ),
];

pub fn meaning(result_code: &str) -> Option<Meaning> {
    find(ROWS, result_code).map(|row| row.means)
}

pub fn class(result_code: &str) -> Class {
    meaning(result_code).map_or(Unknown, |meaning| meaning.class)
}
