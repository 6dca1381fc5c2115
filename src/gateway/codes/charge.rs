//! The charge gateway's error codes and HTTP statuses (004).

use super::{row, Means, Row};
use crate::abi::*;

/// The outcome and the status of an error code or an HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Says {
    pub outcome: i32,
    pub status: upay_status,
}

impl Means for Says {
    fn outcome(self) -> i32 {
        self.outcome
    }
}

const fn refused(status: upay_status) -> Says {
    Says { outcome: UPAY_OUTCOME_FAILED, status }
}

const fn unknown(status: upay_status) -> Says {
    Says { outcome: UPAY_OUTCOME_UNKNOWN, status }
}

/// Refused for good, or until something is changed.
const REFUSED: Says = refused(UPAY_E_REFUSED);
/// A person has to act first.
const WAITING: Says = Says { outcome: UPAY_OUTCOME_PENDING, status: UPAY_OK };
/// Unknown: query or, where the sentence says so, repeat the request under the same number.
const OPEN: Says = unknown(UPAY_E_UNRESOLVED);

pub static ERRORS: &[Row<Says>] = &[
    row(
        &[c"charge_closed"],
        REFUSED,
        UPAY_ADVICE_BY_HAND,
        c"支付订单已结束，本次操作未执行，请核对订单。",
        c"The charge has ended and this was not done. Check the order.",
    ),
    row(
        &[c"charge_unexpected_status"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付状态无法识别，结果未知，请勿交货；请先查询，仍不明确请联系该网关客服。",
        c"The payment's state is not recognised. Hand over no goods; query, then call that gateway's support.",
    ),
    row(
        &[c"refund_wait_operation"],
        WAITING,
        UPAY_ADVICE_WAIT,
        c"退款等待用户操作，尚未完成。",
        c"The refund waits for a person to act; it is not done yet.",
    ),
    row(
        &[c"refund_refused", c"refund_refused_msg"],
        REFUSED,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付渠道拒绝退款，款项未退，请联系该网关客服。",
        c"The channel refused the refund; nothing was given back. Call that gateway's support.",
    ),
    row(
        &[c"refund_retry"],
        REFUSED,
        UPAY_ADVICE_RETRY,
        c"退款失败，款项未退，请重新发起一笔退款。",
        c"The refund failed and nothing was given back. Make a new refund.",
    ),
    row(
        &[c"refund_manual_intervention"],
        REFUSED,
        UPAY_ADVICE_BY_HAND,
        c"无法原路退款，请用现金或转账退还顾客。",
        c"It cannot be refunded the way it was paid. Give the money back in cash or by a transfer.",
    ),
    row(
        &[c"refund_unexpected_status"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"退款状态无法识别，无法确认是否已退款；请先查询，仍不明确请联系该网关客服。",
        c"The refund's state is not recognised; outcome unknown. Query, then call that gateway's support.",
    ),
    row(
        &[c"channel_connection_error"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"与支付渠道通信中断，结果未知，请勿交货；请先查询，仍不明确请联系该网关客服。",
        c"The connection to the channel broke; outcome unknown. Hand over no goods; query, then call that gateway's support.",
    ),
    row(
        &[c"channel_request_error"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付渠道接口调用失败，结果未知，请勿交货；请先查询，仍不明确请联系该网关客服。",
        c"The call to the channel failed; outcome unknown. Hand over no goods; query, then call that gateway's support.",
    ),
    row(
        &[c"channel_parse_error"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付渠道的答复无法解析，结果未知，请勿交货；请先查询，仍不明确请联系该网关客服。",
        c"The channel's reply is unreadable; outcome unknown. Hand over no goods; query, then call that gateway's support.",
    ),
    row(
        &[c"channel_sign_error"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付渠道的答复未通过验签，结果未知，请勿交货；请先查询，仍不明确请联系该网关客服。",
        c"The channel's signature is wrong; outcome unknown. Hand over no goods; query, then call that gateway's support.",
    ),
    row(
        &[c"channel_unexpected_error"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付渠道出现未知错误，结果未知，请勿交货；请先查询，仍不明确请联系该网关客服。",
        c"The channel failed; outcome unknown. Hand over no goods; query, then call that gateway's support.",
    ),
    // The document describes both alike.
    row(
        &[c"channel_parameter_error", c"channel_auth_error"],
        REFUSED,
        UPAY_ADVICE_FIX_REQUEST,
        c"支付渠道参数有误，未执行，请检查渠道配置。",
        c"The channel's parameters are wrong; nothing was done. Check the channel's configuration.",
    ),
    row(
        &[c"channel_response_code_fail"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"支付渠道的响应码异常，结果未知，请勿交货；请先查询，仍不明确请联系该网关客服。",
        c"The channel replied with an error; outcome unknown. Hand over no goods; query, then call that gateway's support.",
    ),
    row(
        &[c"channel_parameters_consistency_error"],
        REFUSED,
        UPAY_ADVICE_FIX_REQUEST,
        c"支付渠道参数前后不一致，未执行，请检查渠道配置。",
        c"The channel's parameters contradict each other; nothing was done. Check the channel's configuration.",
    ),
    row(
        &[c"channel_not_support_red_envelope"],
        REFUSED,
        UPAY_ADVICE_FIX_REQUEST,
        c"当前微信参数版本不能发红包，请联系微信升级。",
        c"This version of the WeChat account cannot send red envelopes. Ask WeChat to upgrade it.",
    ),
    row(
        &[c"channel_not_support_transfer"],
        REFUSED,
        UPAY_ADVICE_FIX_REQUEST,
        c"当前微信参数版本不能向个人付款，请联系微信升级。",
        c"This version of the WeChat account cannot make transfers. Ask WeChat to upgrade it.",
    ),
    row(
        &[c"channel_request_info"],
        OPEN,
        UPAY_ADVICE_BY_HAND,
        c"渠道附有说明，请阅读原文后处理。",
        c"The channel sent a message. Read it, and act on it.",
    ),
    row(
        &[c"query_right_error"],
        REFUSED,
        UPAY_ADVICE_FIX_REQUEST,
        c"没有查询权限，无法确认是否已付款，请先在支付宝签约查询接口。",
        c"The right to query is missing; nobody knows whether it is paid. Sign up for it with Alipay.",
    ),
    row(
        &[c"channel_notify_id_error"],
        REFUSED,
        UPAY_ADVICE_FIX_REQUEST,
        c"渠道通知编号无效或已过期，请忽略该通知。",
        c"The notification's number is not valid or has expired. Ignore the notification.",
    ),
    // This charge is refused for good. Whether the earlier one was paid is another question.
    row(
        &[c"charge_order_no_used"],
        REFUSED,
        UPAY_ADVICE_RETRY,
        c"订单号已用过，本次未执行；请先确认原订单没有付款，再换新单号。",
        c"The number was used before; this was not done. Check that the earlier order is not paid, then take a new number.",
    ),
    row(
        &[c"transfer_wait_operation"],
        WAITING,
        UPAY_ADVICE_BY_HAND,
        c"转账尚未完成，请打开返回的地址继续付款。",
        c"The transfer is not done yet. Open the address in the reply and go on there.",
    ),
    row(
        &[c"refund_pending"],
        OPEN,
        UPAY_ADVICE_WAIT,
        c"无法确认是否已退款，请稍后查询，勿重复退款。",
        c"Nobody knows yet whether the refund was made. Query later, and do not refund again.",
    ),
    row(
        &[c"refund_failed"],
        REFUSED,
        UPAY_ADVICE_CALL_SUPPORT,
        c"退款失败，款项未退，请联系该网关客服。",
        c"The refund failed and nothing was given back. Call that gateway's support.",
    ),
    row(
        &[c"refund_info_from_channel"],
        OPEN,
        UPAY_ADVICE_BY_HAND,
        c"渠道对退款附有说明，请阅读原文后处理。",
        c"The channel sent a message about the refund. Read it, and act on it.",
    ),
    row(
        &[c"refund_not_found"],
        OPEN,
        UPAY_ADVICE_CALL_SUPPORT,
        c"渠道没有查到这笔退款，可能尚未到达；请稍后查询，仍不明确请联系该网关客服。",
        c"The channel knows no such refund; it may still arrive. Query later, then call that gateway's support.",
    ),
    row(
        &[c"red_system_busy"],
        OPEN,
        UPAY_ADVICE_RETRY_SAME,
        c"渠道繁忙，请稍后用同一单号重试，红包只会发出一个。",
        c"The channel is busy. Try again later under the same number; only one red envelope is sent.",
    ),
    row(
        &[c"transfer_system_busy"],
        OPEN,
        UPAY_ADVICE_RETRY_SAME,
        c"渠道繁忙，请稍后用同一单号重试，只会转账一笔。",
        c"The channel is busy. Try again later under the same number; only one transfer is made.",
    ),
];

pub static HTTP_STATUSES: &[Row<Says>] = &[
    // The request was carried out. Whether a charge is paid is in the data.
    row(
        &[c"200"],
        Says { outcome: UPAY_OUTCOME_SUCCESS, status: UPAY_OK },
        UPAY_ADVICE_NONE,
        c"请求已完成，是否已付款请看返回的数据。",
        c"The request was carried out. The data say whether it is paid.",
    ),
    row(
        &[c"400"],
        refused(UPAY_E_REQUEST),
        UPAY_ADVICE_FIX_REQUEST,
        c"请求有误，未执行，请检查参数。",
        c"The request is wrong and was not carried out. Check its parameters.",
    ),
    row(
        &[c"401"],
        refused(UPAY_E_SIGN),
        UPAY_ADVICE_FIX_REQUEST,
        c"认证失败，未执行，请检查密钥和签名。",
        c"The credentials or the signature are wrong; nothing was done. Check them.",
    ),
    row(
        &[c"402"],
        refused(UPAY_E_REFUSED),
        UPAY_ADVICE_NONE,
        c"请求被业务规则拒绝，未执行，原因见错误码。",
        c"Refused for a business reason and not carried out. The error code says why.",
    ),
    row(
        &[c"403"],
        refused(UPAY_E_REFUSED),
        UPAY_ADVICE_RETRY_SAME,
        c"并发请求过多，本次未执行，请稍后用同一单号重试。",
        c"Too many calls at once; this one was not carried out. Try again later under the same number.",
    ),
    // After a request in doubt 404 does not prove that the request will not arrive.
    row(
        &[c"404"],
        unknown(UPAY_E_NO_ORDER),
        UPAY_ADVICE_WAIT,
        c"没有查到，请求可能仍在途中，请稍后查询，勿重复收款。",
        c"Nothing was found; the request may still arrive. Query later, and do not charge again yet.",
    ),
    row(
        &[c"500", c"502", c"503", c"504"],
        unknown(UPAY_E_GATEWAY),
        UPAY_ADVICE_CALL_SUPPORT,
        c"服务器出错，结果未知，请勿交货；请先查询，仍不明确请联系该网关客服。",
        c"The server failed; outcome unknown. Hand over no goods; query, then call that gateway's support.",
    ),
];
