//! Amounts: whole fen (1/100 yuan), never a float.

use std::fmt;

/// An amount that the gateway accepts: 1 to 10 digits, more than 0, without a leading zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fen(u64);

pub const AMOUNT_DIGITS_MAX: usize = 10;

impl Fen {
    /// The error is the rule that the text breaks, for the caller's error text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err("must be digits only, in fen (1/100 yuan)");
        }
        if text.len() > AMOUNT_DIGITS_MAX {
            return Err("must have at most 10 digits");
        }
        if text == "0" {
            return Err("must be more than 0");
        }
        if text.starts_with('0') {
            return Err("must not start with 0");
        }
        text.parse().map(Self).map_err(|_| "must be digits only")
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_the_gateway_takes_and_nothing_else() {
        for good in ["1", "10", "9999999999"] {
            assert_eq!(Fen::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "0", "00", "01", "-1", "+1", "1.5", "1e3", " 1", "10000000000", "１００"] {
            assert!(Fen::parse(bad).is_err(), "{bad:?}");
        }
    }
}
