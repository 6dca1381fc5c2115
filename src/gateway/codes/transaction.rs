//! `biz_response.data.status` (000, 002, 003 4.4): the state of the order's newest transaction. It is for people; no
//! verdict depends on it.

use super::{row, Means, Row};
use crate::abi::*;

#[derive(Clone, Copy)]
pub enum TransactionStep {
    Done,
    Failed,
    UnderWay,
    /// The documents call it failed and leave open whether the customer stays charged, so here the outcome is
    /// unknown.
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
        c"网关与顾客端均已成功。",
        c"Done, at the gateway and for the customer.",
    ),
    row(
        &[c"FAIL_CANCELED"],
        TransactionStep::Failed,
        UPAY_ADVICE_NONE,
        c"网关与顾客端均已失败，款项没有变动。",
        c"Not done, at the gateway and for the customer; no money moved.",
    ),
    row(
        &[c"FAIL_PROTOCOL_1", c"FAIL_PROTOCOL_2", c"FAIL_PROTOCOL_3"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付通道答复异常，无法确认顾客是否已扣款：请勿交货，退货请先收回货品，并联系收钱吧客服。",
        c"The channel's reply was malformed; the customer may be charged. Hand over no goods, call Shouqianba support.",
    ),
    row(
        &[c"FAIL_IO_1", c"FAIL_IO_2"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"与支付通道通信中断，无法确认顾客是否已扣款：请勿交货，退货请先收回货品，并联系收钱吧客服。",
        c"The connection to the channel broke; the customer may be charged. Hand over no goods, call Shouqianba support.",
    ),
    row(
        &[c"FAIL_ERROR"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"付款失败，自动撤单又被支付通道拒绝，请勿交货，并联系收钱吧客服。",
        c"The payment failed, and the channel refused to cancel it. Hand over no goods and call Shouqianba support.",
    ),
    row(
        &[c"CANCEL_ERROR"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"撤单被支付通道拒绝，请联系收钱吧客服。",
        c"The channel refused the cancel. Call Shouqianba support.",
    ),
    row(
        &[c"REFUND_ERROR"],
        TransactionStep::Disputed,
        UPAY_ADVICE_CALL_SUPPORT,
        c"退款被支付通道拒绝，请收回货品，并联系收钱吧客服。",
        c"The channel refused the refund. Keep the returned goods, and call Shouqianba support.",
    ),
    row(
        &[c"CREATED"],
        TransactionStep::UnderWay,
        UPAY_ADVICE_WAIT,
        c"交易已创建，尚未完成。",
        c"The transaction has begun and is not done yet.",
    ),
    row(
        &[c"IN_PROG"],
        TransactionStep::UnderWay,
        UPAY_ADVICE_WAIT,
        c"交易处理中，尚未完成。",
        c"The transaction is under way and not done yet.",
    ),
];
