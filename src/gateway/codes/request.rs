//! The reply's own `error_code` (002, 003 4.1): why the gateway did not carry a request out.

use super::{find, row, Means, Row};
use crate::abi::*;
use crate::gateway::words::Words;

/// The status of an error code: UPAY_E_GATEWAY for a failure of the gateway itself, which proves nothing, and a
/// refusal for all other codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure(pub upay_status);

impl Means for Failure {
    fn outcome(self) -> i32 {
        match self.0 {
            UPAY_E_GATEWAY => UPAY_OUTCOME_UNKNOWN,
            _ => UPAY_OUTCOME_FAILED,
        }
    }
}

const REQUEST: Failure = Failure(UPAY_E_REQUEST);
const SIGN: Failure = Failure(UPAY_E_SIGN);
const TERMINAL: Failure = Failure(UPAY_E_TERMINAL);
const GATEWAY: Failure = Failure(UPAY_E_GATEWAY);

pub static ROWS: &[Row<Failure>] = &[
    // The appendices spell it the first way, a sample of 003 the second.
    row(
        &[c"INVALID_PARAMS", c"INVALID_PARAMETER"],
        REQUEST,
        UPAY_ADVICE_FIX_REQUEST,
        c"请求参数有误，未执行，请联系收银软件厂商。",
        c"A field of the request is wrong; nothing was done. Call the till's maker.",
    ),
    row(
        &[c"INVALID_TERMINAL"],
        TERMINAL,
        UPAY_ADVICE_FIX_REQUEST,
        c"终端无效，未执行，请联系收银软件厂商。",
        c"The terminal is not accepted; nothing was done. Call the till's maker.",
    ),
    row(
        &[c"TERMINAL_NOT_EXISTS"],
        TERMINAL,
        UPAY_ADVICE_FIX_REQUEST,
        c"没有这个终端，未执行，请核对终端号。",
        c"There is no such terminal; nothing was done. Check the terminal's number.",
    ),
    row(
        &[c"ILLEGAL_SIGN"],
        SIGN,
        UPAY_ADVICE_FIX_REQUEST,
        c"签名错误，未执行，请核对终端号和密钥。",
        c"The signature is wrong; nothing was done. Check the terminal's number and key.",
    ),
    row(
        &[c"INVALID_BARCODE"],
        REQUEST,
        UPAY_ADVICE_ASK_CUSTOMER,
        c"付款码无效，未扣款，请顾客重新出示付款码。",
        c"The payment code is not valid; nothing was charged. Ask the customer to show the code again.",
    ),
    row(
        &[c"ACTIVATE_FAIL"],
        REQUEST,
        UPAY_ADVICE_FIX_REQUEST,
        c"终端激活失败，请核对激活码。",
        c"The terminal was not activated. Check the activation code.",
    ),
    row(
        &[c"UNKNOWN_SYSTEM_ERROR"],
        GATEWAY,
        UPAY_ADVICE_CALL_SUPPORT,
        c"网关出错，结果未知，请勿交货；请先查询，仍不明确请联系收钱吧客服。",
        c"The gateway failed; outcome unknown. Hand over no goods; query, then call Shouqianba support.",
    ),
    row(
        &[c"UNEXPECTED_PROVIDER_ERROR"],
        GATEWAY,
        UPAY_ADVICE_CALL_SUPPORT,
        c"网关不支持该支付通道，结果未知，请勿交货；请先查询，仍不明确请联系收钱吧客服。",
        c"The channel is not supported; outcome unknown. Hand over no goods; query, then call Shouqianba support.",
    ),
    row(
        &[c"MAINTENANCE_INPROGRESS"],
        GATEWAY,
        UPAY_ADVICE_WAIT,
        c"网关正在维护，结果未知，请勿交货，几分钟后再查询。",
        c"The gateway is under maintenance; outcome unknown. Hand over no goods; query in some minutes.",
    ),
    row(
        &[c"REQUEST_FAIL"],
        GATEWAY,
        UPAY_ADVICE_CALL_SUPPORT,
        c"网关处理请求失败，结果未知，请勿交货；请先查询，仍不明确请联系收钱吧客服。",
        c"The gateway failed at the request; outcome unknown. Hand over no goods; query, then call Shouqianba support.",
    ),
    row(
        &[c"EXTERNAL_SERVICE_EXCEPTION"],
        GATEWAY,
        UPAY_ADVICE_CALL_SUPPORT,
        c"网关依赖的外部服务出错，结果未知，请勿交货；请先查询，仍不明确请联系收钱吧客服。",
        c"A service behind the gateway failed; outcome unknown. Hand over no goods; query, then call Shouqianba support.",
    ),
    row(
        &[c"PAY_STATUS_CLOSED"],
        GATEWAY,
        UPAY_ADVICE_CALL_SUPPORT,
        c"网关返回“支付已关闭”，结果未知，请勿交货，并联系收钱吧客服。",
        c"The gateway reports 'payment closed'; outcome unknown. Hand over no goods and call Shouqianba support.",
    ),
];

/// The status of a request that the gateway refused with 400.
pub fn status(error_code: Option<&str>) -> upay_status {
    let row = error_code.and_then(|code| find(ROWS, code));
    row.map_or(UPAY_E_REQUEST, |row| row.means.0)
}

/// The code stands in this table.
pub fn has(error_code: &str) -> bool {
    find(ROWS, error_code).is_some()
}

/// The sentences for a payment that was refused with this error.
pub fn request_error(error_code: &str) -> Option<Words> {
    find(ROWS, error_code).filter(|row| row.means == REQUEST).map(|row| Words::from(super::Entry::from(row)))
}
