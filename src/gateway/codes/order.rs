//! `biz_response.data.order_status` (000, 002, 003 4.3): the state of the order. This decides, and not `data.status`.

use super::{find, row, Means, Row};
use crate::abi::*;

/// The state of the order, as far as its payment is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    Paid,
    /// PAY_CANCELED: the payment failed, and the customer was not charged or has the money back.
    PayCanceled,
    /// CANCELED: cancelled by the till, and the customer was not charged or has the money back.
    Canceled,
    /// REFUNDED: the full amount was refunded.
    Refunded,
    PartialRefunded,
    /// Not final: CREATED.
    Open,
    /// Not final: a cancel or a refund is under way.
    Moving,
    /// The gateway itself does not know the state.
    Error,
    /// The status is absent, or in no table.
    Unheard,
}

impl Means for OrderStatus {
    fn outcome(self) -> i32 {
        match self {
            OrderStatus::Paid => UPAY_OUTCOME_SUCCESS,
            OrderStatus::PayCanceled | OrderStatus::Canceled | OrderStatus::Refunded => UPAY_OUTCOME_FAILED,
            OrderStatus::Open | OrderStatus::Moving => UPAY_OUTCOME_PENDING,
            // The customer stays charged for a part: this is neither "paid" nor "nothing is owed".
            OrderStatus::PartialRefunded => UPAY_OUTCOME_UNKNOWN,
            OrderStatus::Error | OrderStatus::Unheard => UPAY_OUTCOME_UNKNOWN,
        }
    }
}

pub static ROWS: &[Row<OrderStatus>] = &[
    row(
        &[c"CREATED"],
        OrderStatus::Open,
        UPAY_ADVICE_WAIT,
        c"订单尚未付款，请稍后查询。",
        c"Not paid yet. Query later.",
    ),
    row(&[c"PAID"], OrderStatus::Paid, UPAY_ADVICE_DELIVER, c"订单已付款，请交货。", c"Paid: hand over the goods."),
    row(
        &[c"PAY_CANCELED"],
        OrderStatus::PayCanceled,
        UPAY_ADVICE_RETRY,
        c"付款失败，未扣款或款项已退回，请用新订单重新收款。",
        c"The payment failed: nothing was charged, or it was given back. Start a new order.",
    ),
    row(
        &[c"PAY_ERROR"],
        OrderStatus::Error,
        UPAY_ADVICE_CALL_SUPPORT,
        c"付款出错，无法确认是否已扣款，请勿交货，并联系收钱吧客服。",
        c"The payment went wrong; the customer may be charged. Hand over no goods and call Shouqianba support.",
    ),
    row(
        &[c"REFUNDED"],
        OrderStatus::Refunded,
        UPAY_ADVICE_NONE,
        c"订单已全额退款。",
        c"The order was refunded in full.",
    ),
    row(
        &[c"PARTIAL_REFUNDED"],
        OrderStatus::PartialRefunded,
        UPAY_ADVICE_BY_HAND,
        c"订单已部分退款，其余款项仍在商户账户，请人工核对。",
        c"The order was refunded in part; the shop still has the rest. A person has to check it.",
    ),
    row(
        &[c"REFUND_INPROGRESS"],
        OrderStatus::Moving,
        UPAY_ADVICE_WAIT,
        c"订单正在退款，请稍后查询。",
        c"A refund of the order is under way. Query later.",
    ),
    row(
        &[c"REFUND_ERROR"],
        OrderStatus::Error,
        UPAY_ADVICE_CALL_SUPPORT,
        c"订单退款出错，无法确认款项是否已退回，请联系收钱吧客服。",
        c"A refund of the order went wrong; nobody knows whether the money was given back. Call Shouqianba support.",
    ),
    row(
        &[c"CANCELED"],
        OrderStatus::Canceled,
        UPAY_ADVICE_NONE,
        c"订单已撤销，未扣款或款项已退回。",
        c"The order is cancelled: nothing was charged, or it was given back.",
    ),
    row(
        &[c"CANCEL_ERROR"],
        OrderStatus::Error,
        UPAY_ADVICE_CALL_SUPPORT,
        c"订单撤销出错，无法确认是否已扣款，请勿交货，并联系收钱吧客服。",
        c"The cancel went wrong; the customer may stay charged. Hand over no goods and call Shouqianba support.",
    ),
    row(
        &[c"CANCEL_INPROGRESS"],
        OrderStatus::Moving,
        UPAY_ADVICE_WAIT,
        c"订单正在撤销，请稍后查询。",
        c"The order is being cancelled. Query later.",
    ),
    row(
        &[c"INVALID_STATUS_CODE"],
        OrderStatus::Error,
        UPAY_ADVICE_CALL_SUPPORT,
        c"订单状态异常，无法确认是否已付款，请勿交货，并联系收钱吧客服。",
        c"The order's state is not valid; it may be paid. Hand over no goods and call Shouqianba support.",
    ),
];

pub fn order_status(status: Option<&str>) -> OrderStatus {
    let row = status.and_then(|status| find(ROWS, status));
    row.map_or(OrderStatus::Unheard, |row| row.means)
}
