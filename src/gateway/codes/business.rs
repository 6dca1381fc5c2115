//! `biz_response.error_code` (000, 002, 003 4.5): why an action failed.

use super::{find, request, row, Means, Row};
use crate::abi::*;
use crate::gateway::words::Words;

/// What a FAIL with this code proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The action was refused and nothing happened.
    Plain,
    /// The gateway has an order with this number already: query that order.
    OrderThere,
    /// The gateway knows no such order. A request may still arrive.
    NoOrder,
    /// The payment channel knows no such trade. One may still arrive. This is not "no order".
    NoTrade,
    /// The order was cancelled before.
    Cancelled,
    /// The gateway will not cancel this order, now or later.
    NotCancellable,
    /// The gateway has a refund with this number already: query that refund.
    RefundThere,
    /// No row has it: the code is an error of the gateway's own, which belongs to the reply's first layer. A FAIL with it
    /// contradicts itself and proves nothing.
    System,
}

impl Means for Refusal {
    fn outcome(self) -> i32 {
        match self {
            Refusal::Plain | Refusal::Cancelled | Refusal::NotCancellable => UPAY_OUTCOME_FAILED,
            // With FAILED a till might charge or refund a second time.
            Refusal::OrderThere | Refusal::NoOrder | Refusal::NoTrade | Refusal::RefundThere | Refusal::System => {
                UPAY_OUTCOME_UNKNOWN
            }
        }
    }
}

pub static ROWS: &[Row<Refusal>] = &[
    row(
        &[c"EXPIRED_BARCODE", c"AUTHCODE_EXPIRE"],
        Refusal::Plain,
        UPAY_ADVICE_ASK_CUSTOMER,
        c"付款码已过期，请顾客刷新付款码后重新收款。",
        c"The code has expired. Ask the customer for a fresh code and start a new payment.",
    ),
    row(
        &[c"INVALID_BARCODE"],
        Refusal::Plain,
        UPAY_ADVICE_ASK_CUSTOMER,
        c"付款码无效，请顾客出示正确的付款码后重新收款。",
        c"The code is not valid. Ask the customer for the right code and start a new payment.",
    ),
    row(
        &[c"INSUFFICIENT_FUND"],
        Refusal::Plain,
        UPAY_ADVICE_ASK_CUSTOMER,
        c"顾客余额不足，未扣款，请更换付款方式。",
        c"The customer's balance is too low; nothing was charged. Ask for other means.",
    ),
    row(
        &[c"BUYER_OVER_DAILY_LIMIT"],
        Refusal::Plain,
        UPAY_ADVICE_ASK_CUSTOMER,
        c"顾客今日付款已超限额，未扣款，请更换付款方式。",
        c"The customer's limit for today is reached; nothing was charged. Ask for other means.",
    ),
    row(
        &[c"BUYER_OVER_TRANSACTION_LIMIT"],
        Refusal::Plain,
        UPAY_ADVICE_ASK_CUSTOMER,
        c"超过顾客单笔付款限额，未扣款，请更换付款方式。",
        c"The amount is over the customer's limit; nothing was charged. Ask for other means.",
    ),
    row(
        &[c"SELLER_OVER_DAILY_LIMIT", c"UPAY_STORE_OVER_DAILY_LIMIT"],
        Refusal::Plain,
        UPAY_ADVICE_CALL_SUPPORT,
        c"本店今日收款已超限额，未扣款，请联系收钱吧客服。",
        c"The shop's limit for today is reached; nothing was charged. Call Shouqianba support.",
    ),
    row(
        &[c"UNEXPECTED_PROVIDER_ERROR"],
        Refusal::Plain,
        UPAY_ADVICE_ASK_CUSTOMER,
        c"无法识别付款方式，未扣款，请更换付款方式。",
        c"The means of payment is not recognised; nothing was charged. Ask for other means.",
    ),
    row(
        &[c"TRADE_FAILED"],
        Refusal::Plain,
        UPAY_ADVICE_RETRY,
        c"交易失败，可用新订单重试。",
        c"The trade failed. Start a new order.",
    ),
    row(
        &[c"TRADE_TIMEOUT"],
        Refusal::Plain,
        UPAY_ADVICE_RETRY,
        c"交易超时，网关已自动撤销，可重新收款。",
        c"The payment took too long and the gateway cancelled it. Start a new payment.",
    ),
    row(
        &[c"UPAY_TERMINAL_NOT_EXISTS"],
        Refusal::Plain,
        UPAY_ADVICE_FIX_REQUEST,
        c"网关没有此终端，请联系收银软件厂商。",
        c"The gateway does not know this terminal. Call the till's maker.",
    ),
    row(
        &[c"UPAY_TERMINAL_STATUS_ABNORMAL"],
        Refusal::Plain,
        UPAY_ADVICE_FIX_REQUEST,
        c"此终端尚未激活，请联系收银软件厂商。",
        c"This terminal is not activated. Call the till's maker.",
    ),
    row(
        &[c"CLIENT_SN_CONFLICT"],
        Refusal::OrderThere,
        UPAY_ADVICE_BY_HAND,
        c"此单号已有订单，请查询原订单是否已付款，勿重复收款。",
        c"There is an order with this number already. Query whether it is paid, and do not charge again.",
    ),
    row(
        &[c"TRADE_HAS_SUCCESS"],
        Refusal::OrderThere,
        UPAY_ADVICE_BY_HAND,
        c"这笔交易已付过款，请查询原订单，勿重复收款。",
        c"This trade was paid already. Query the earlier order, and do not charge again.",
    ),
    // Document 000 spells it with an S, 002 and 003 without.
    row(
        &[c"UPAY_ORDER_NOT_EXISTS", c"UPAY_ORDER_NOT_EXIST"],
        Refusal::NoOrder,
        UPAY_ADVICE_WAIT,
        c"网关没有此订单；请求可能仍在途中，请稍后查询，勿重复收款。",
        c"The gateway has no such order; it may still arrive. Query later, and do not charge again yet.",
    ),
    row(
        &[c"TRADE_NOT_EXIST"],
        Refusal::NoTrade,
        UPAY_ADVICE_WAIT,
        c"支付通道没有这笔交易；可能尚未到达，请稍后查询，勿重复收款。",
        c"The channel has no such trade; it may still arrive. Query later, and do not charge again yet.",
    ),
    row(
        &[c"UPAY_CANCEL_ORDER_NOOP"],
        Refusal::Cancelled,
        UPAY_ADVICE_NONE,
        c"订单已经撤销，无需再撤。",
        c"The order is cancelled already; there is nothing left to cancel.",
    ),
    row(
        &[c"UPAY_CANCEL_INVALID_ORDER_STATE"],
        Refusal::NotCancellable,
        UPAY_ADVICE_BY_HAND,
        c"订单当前不能撤销，可能刚刚付款，请查询订单；如需退还顾客，请办理退款。",
        c"The order cannot be cancelled now; it may just have been paid. Query it, and refund it if need be.",
    ),
    row(
        &[c"UPAY_REFUND_ORDER_NOOP"],
        Refusal::RefundThere,
        UPAY_ADVICE_WAIT,
        c"这笔退款已处理过，请查询退款结果，勿重复退款。",
        c"This refund was processed already. Query its result, and do not refund again.",
    ),
    row(
        &[c"REFUND_REQUEST_CONFLICT"],
        Refusal::RefundThere,
        UPAY_ADVICE_WAIT,
        c"此退款序列号已用过，请查询退款结果，勿换号重退。",
        c"This refund_request_no was used already. Query the refund, and do not refund under another number.",
    ),
    row(
        &[c"UPAY_REFUND_INVALID_ORDER_STATE"],
        Refusal::Plain,
        UPAY_ADVICE_BY_HAND,
        c"订单当前不能退款，未退款，请核对订单状态。",
        c"The order cannot be refunded now; nothing was given back. Check its order_status.",
    ),
    row(
        &[c"REFUNDABLE_AMOUNT_NOT_ENOUGH"],
        Refusal::Plain,
        UPAY_ADVICE_BY_HAND,
        c"超过订单可退金额，未退款，请核对金额。",
        c"The amount is more than the order has left to refund; nothing was given back. Check the amount.",
    ),
    row(
        &[c"REFUND_AMT_NOT_EQUAL_TOTAL"],
        Refusal::Plain,
        UPAY_ADVICE_BY_HAND,
        c"退款金额不被接受，未退款；此订单可能只能全额退款。",
        c"The refund's amount is not accepted; nothing was given back. It may have to be the full amount.",
    ),
    row(
        &[c"SELLER_BALANCE_NOT_ENOUGH", c"ACCOUNT_BALANCE_NOT_ENOUGH"],
        Refusal::Plain,
        UPAY_ADVICE_BY_HAND,
        c"商户余额不足，未退款，请先充值，或用其他方式退款。",
        c"The shop's balance is too low; nothing was given back. Top it up, or give the money back by other means.",
    ),
    row(
        &[c"UPAY_TCP_ORDER_NOT_REFUNDABLE"],
        Refusal::NotCancellable,
        UPAY_ADVICE_BY_HAND,
        c"订单参加了优惠活动，不能撤销或退款，请人工处理。",
        c"The order took part in a promotion and can be neither cancelled nor refunded. A person has to settle it.",
    ),
];

/// A code that is in no table is a plain refusal too: FAIL itself says that nothing happened.
pub fn refusal(biz_error_code: Option<&str>) -> Refusal {
    let Some(code) = biz_error_code else { return Refusal::Plain };
    match find(ROWS, code) {
        Some(row) => row.means,
        None if request::status(Some(code)) == UPAY_E_GATEWAY => Refusal::System,
        None => Refusal::Plain,
    }
}

/// The code stands in this table.
pub fn has(error_code: &str) -> bool {
    find(ROWS, error_code).is_some()
}

/// The sentences for a payment that ended with this refusal.
pub fn refusal_of(biz_error_code: &str) -> Option<Words> {
    let row = find(ROWS, biz_error_code).filter(|row| row.means == Refusal::Plain);
    row.map(|row| Words::from(super::Entry::from(row)))
}

/// `TRADE_NOT_EXIST` does not count: there the gateway has the order, and the payment channel has no trade.
pub fn is_order_not_exists(biz_error_code: Option<&str>) -> bool {
    refusal(biz_error_code) == Refusal::NoOrder
}
