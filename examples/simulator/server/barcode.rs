//! Barcodes: what the customer's wallet shows and the till scans.

use super::scenario::{self, Scenario};

/// The scenario of every ordinary barcode.
const ORDINARY: &str = "paid-at-once";
/// The scenario of everything that is no barcode at all.
const NO_BARCODE: &str = "invalid-barcode";

/// The scenario of a barcode, and its parameter.
pub fn scenario_of(barcode: &str) -> (&'static Scenario, u16) {
    if let Some((number, parameter)) = magic_digits(barcode) {
        return match scenario::all().find(|scenario| scenario.number == number) {
            Some(scenario) => (scenario, parameter),
            None => (scenario::named(NO_BARCODE), 0),
        };
    }
    (scenario::named(if wallet_of(barcode).is_some() { ORDINARY } else { NO_BARCODE }), 0)
}

/// Number and parameter of a magic barcode: `13` or `28`, `99`, two digits, four digits, eight free digits.
fn magic_digits(barcode: &str) -> Option<(u8, u16)> {
    if barcode.len() != 18 || !barcode.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if !barcode.starts_with("1399") && !barcode.starts_with("2899") {
        return None;
    }
    Some((barcode[4..6].parse().ok()?, barcode[6..10].parse().ok()?))
}

/// Whose wallet shows a barcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wallet {
    WeChat,
    Alipay,
}

/// 16 to 24 digits that begin with 10 to 15 (WeChat) or 25 to 30 (Alipay).
pub fn wallet_of(barcode: &str) -> Option<Wallet> {
    if !(16..=24).contains(&barcode.len()) || !barcode.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match barcode[..2].parse::<u8>() {
        Ok(10..=15) => Some(Wallet::WeChat),
        Ok(25..=30) => Some(Wallet::Alipay),
        _ => None,
    }
}
