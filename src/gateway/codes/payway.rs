//! `payway` and `sub_payway` (002, 003 4.6 and 4.7): names, which have no outcome. The gateway adds wallets without
//! notice, so a number that is not in the table is valid too.

use std::ffi::CStr;

use super::{row, Means, Row};
use crate::abi::*;

#[derive(Clone, Copy)]
pub struct Name;

impl Means for Name {
    fn outcome(self) -> i32 {
        UPAY_OUTCOME_UNKNOWN
    }
}

const fn name(code: &'static [&'static CStr; 1], zh: &'static CStr, en: &'static CStr) -> Row<Name> {
    row(code, Name, UPAY_ADVICE_NONE, zh, en)
}

pub static PAYWAYS: &[Row<Name>] = &[
    name(&[c"1"], c"支付宝1.0", c"Alipay 1.0, or a local Alipay wallet abroad"),
    // No document has it, but the gateway answers with it.
    name(&[c"2"], c"支付宝2.0", c"Alipay 2.0"),
    name(&[c"3"], c"微信支付", c"WeChat Pay"),
    name(&[c"4"], c"百度钱包", c"Baidu Wallet"),
    name(&[c"5"], c"京东钱包", c"JD Wallet"),
    name(&[c"6"], c"QQ钱包", c"QQ Wallet (no precreate)"),
    name(&[c"7"], c"近场支付（NFC）", c"NFC"),
    name(&[c"8"], c"拉卡拉钱包", c"Lakala Wallet"),
    name(&[c"9"], c"中国移动和包", c"China Mobile Wallet"),
    name(&[c"15"], c"拉卡拉微信", c"WeChat Pay through Lakala"),
    name(&[c"16"], c"招商银行", c"China Merchants Bank"),
    name(&[c"17"], c"银联云闪付", c"UnionPay"),
    name(&[c"18"], c"电信翼支付", c"China Telecom Bestpay"),
    name(&[c"19"], c"境外微信钱包", c"WeChat wallet abroad"),
    name(&[c"20"], c"支付宝国际版", c"Alipay Global"),
    name(&[c"22"], c"索迪斯预付卡", c"Sodexo prepaid card"),
    name(&[c"100"], c"储值卡", c"Stored-value card"),
    name(&[c"101"], c"礼品卡", c"Gift card"),
];

pub static SUB_PAYWAYS: &[Row<Name>] = &[
    name(&[c"1"], c"付款码（顾客出示）", c"Barcode: the customer shows a code"),
    name(&[c"2"], c"二维码（顾客扫码）", c"QR code: the customer scans a code"),
    name(&[c"3"], c"网页支付（WAP）", c"WAP page in a wallet"),
    name(&[c"4"], c"小程序支付", c"Mini program"),
    name(&[c"5"], c"应用内支付（APP）", c"App"),
    name(&[c"6"], c"手机网页支付（H5）", c"H5: a page in a phone's browser"),
];
