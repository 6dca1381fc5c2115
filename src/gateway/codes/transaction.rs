//! `biz_response.data.status` (000, 002, 003 4.4): the state of the order's newest transaction. It is for people; no
//! verdict depends on it.

use super::{row, Means, Row};
use crate::abi::*;

#[derive(Clone, Copy)]
pub enum TransactionStep {
    Done,
    Failed,
    UnderWay,
    /// The documents call it failed and leave open whether the customer stays charged, so here the outcome is unknown.
    Disputed,
}

impl Means for TransactionStep {
    fn outcome(self) -> i32 {
        match self {
            TransactionStep::Done => UPAY_OUTCOME_SUCCESS,
            TransactionStep::Failed => UPAY_OUTCOME_FAILED,
            TransactionStep::UnderWay => UPAY_OUTCOME_PENDING,
            TransactionStep::Disputed => UPAY_OUTCOME_UNKNOWN,
        }
    }
}

pub static ROWS: &[Row<TransactionStep>] = &[
    row(
        &[c"SUCCESS"],
        TransactionStep::Done,
        UPAY_ADVICE_NONE,
        c"网关和顾客两边都已成功。",
        c"Done, at the gateway and for the customer.",
    ),
    row(
        &[c"FAIL_CANCELED"],
        TransactionStep::Failed,
        UPAY_ADVICE_NONE,
        c"网关和顾客两边都已失败，款项没有变动。",
        c"Not done, at the gateway and for the customer; no money moved.",
    ),
    row(
        &[c"FAIL_PROTOCOL_1", c"FAIL_PROTOCOL_2", c"FAIL_PROTOCOL_3"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付通道答复异常，顾客一侧未知：请勿交货，退货请先收回货品，并联系客服。",
        c"The channel's answer was malformed; the customer's side is open. Let no goods go, and call support.",
    ),
    row(
        &[c"FAIL_IO_1", c"FAIL_IO_2"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"与支付通道通信中断，顾客一侧未知：请勿交货，退货请先收回货品，并联系客服。",
        c"The line to the channel broke; the customer's side is open. Let no goods go, and call support.",
    ),
    row(
        &[c"FAIL_ERROR"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"付款失败后自动撤单被通道拒绝：请勿交货，并联系客服。",
        c"The payment failed, and the channel refused to cancel it. Hand over no goods and call support.",
    ),
    row(
        &[c"CANCEL_ERROR"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"撤单被支付通道拒绝，请联系客服。",
        c"The channel refused the cancel. Call support.",
    ),
    row(
        &[c"REFUND_ERROR"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"退款被支付通道拒绝，请收回货品，并联系客服。",
        c"The channel refused the refund. Keep what was returned, and call support.",
    ),
    row(
        &[c"CREATED"],
        TransactionStep::UnderWay,
        UPAY_ADVICE_WAIT,
        c"流水已创建，尚未完成。",
        c"Begun, and not done yet.",
    ),
    row(
        &[c"IN_PROG"],
        TransactionStep::UnderWay,
        UPAY_ADVICE_WAIT,
        c"流水处理中，尚未完成。",
        c"Under way, and not done yet.",
    ),
];
