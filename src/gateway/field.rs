//! The fields of an order (003 §3.2.2 and later documents). Each row has a field, the rule for its value and the
//! requests that contain it. Where the documents give two widths, the narrower one holds.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::Value;

use super::json;
use super::money::Fen;
use super::request::Call;
use crate::error::{Error, Result};
use Need::{No, Optional, Required};

pub struct Field {
    pub name: &'static str,
    pub rule: Rule,
    pub pay: Need,
    pub precreate: Need,
    pub refund: Need,
    pub query: Need,
}

/// Whether a request contains the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
    /// Not a field of this request.
    No,
}

/// The rule for a value. The bounds are the gateway's.
#[derive(Clone, Copy)]
pub enum Rule {
    /// 1 to n visible ASCII characters: for what the Authorization header contains.
    Ascii(usize),
    /// 1 to n bytes of UTF-8 without white space or control characters: for numbers that people type and scanners
    /// read.
    Serial(usize),
    /// 1 to n characters without control characters.
    Text(usize),
    /// 1 to n characters without control characters other than line ends and tabs.
    Prose(usize),
    Amount,
    /// 1 to n ASCII digits.
    Digits(usize),
    /// Decimal degrees from minus n to n.
    Degrees(u32),
    /// The gateway's `extended`: a JSON object with small keys and values.
    Extended,
    /// A JSON array of at most n bytes.
    Array(usize),
}

pub const EXTENDED_KEYS_MAX: usize = 24;
pub const EXTENDED_KEY_BYTES_MAX: usize = 64;
pub const EXTENDED_VALUE_BYTES_MAX: usize = 256;
pub const GOODS_DETAILS_BYTES_MAX: usize = 32 * 1024;

pub const CLIENT_SN: Rule = Rule::Serial(32);
pub const TERMINAL_SN: Rule = Rule::Ascii(32);
pub const TERMINAL_KEY: Rule = Rule::Ascii(128);

/// Every field that can be set on an order. `client_sn` is given when the order is made; `terminal_sn` belongs to the
/// client.
pub const FIELDS: &[Field] = &[
    row("total_amount", Rule::Amount, Required, Required, No, No),
    row("dynamic_id", Rule::Serial(32), Required, No, No, No),
    row("subject", Rule::Text(64), Required, Required, No, No),
    row("operator", Rule::Text(32), Required, Required, Required, No),
    row("payway", Rule::Digits(4), Optional, Required, No, No),
    row("sub_payway", Rule::Digits(4), No, Optional, No, No),
    row("payer_uid", Rule::Serial(64), No, Optional, No, No),
    row("description", Rule::Prose(256), Optional, Optional, No, No),
    row("longitude", Rule::Degrees(180), Optional, Optional, No, No),
    row("latitude", Rule::Degrees(90), Optional, Optional, No, No),
    row("device_id", Rule::Text(32), Optional, Optional, No, No),
    row("extended", Rule::Extended, Optional, Optional, Optional, No),
    row("goods_details", Rule::Array(GOODS_DETAILS_BYTES_MAX), Optional, Optional, Optional, No),
    row("reflect", Rule::Prose(64), Optional, Optional, No, No),
    row("notify_url", Rule::Serial(128), Optional, Optional, No, No),
    // Identifies the order together with client_sn or instead of it, in every request except pay and precreate.
    row("sn", Rule::Serial(16), No, No, No, Optional),
    row("refund_request_no", Rule::Serial(20), No, No, Required, Optional),
    row("refund_amount", Rule::Amount, No, No, Required, No),
    row("client_tsn", Rule::Serial(64), No, No, Optional, No),
];

const fn row(name: &'static str, rule: Rule, pay: Need, precreate: Need, refund: Need, query: Need) -> Field {
    Field { name, rule, pay, precreate, refund, query }
}

impl Field {
    pub fn need(&self, call: Call) -> Need {
        match call {
            Call::Pay => self.pay,
            Call::Precreate => self.precreate,
            Call::Refund => self.refund,
            Call::Query => self.query,
            Call::Cancel => No,
        }
    }

    /// True if clearing the field with "" is an error.
    pub fn is_vital(&self) -> bool {
        (self.pay == Required || self.refund == Required) && self.query == No
    }
}

pub fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// Checks `value` against `rule`. The error contains `name` and the rule, and never the value.
pub fn check(name: &str, rule: Rule, value: &str) -> Result<()> {
    let checked = match rule {
        Rule::Ascii(max) => ascii(value, max),
        Rule::Serial(max) => serial(value, max),
        Rule::Text(max) => text(value, max, |c| c.is_control()),
        Rule::Prose(max) => text(value, max, |c| c.is_control() && !"\t\r\n".contains(c)),
        Rule::Amount => Fen::parse(value).map(drop).map_err(str::to_owned),
        Rule::Digits(max) => digits(value, max),
        Rule::Degrees(bound) => degrees(value, bound),
        Rule::Extended => extended(value),
        Rule::Array(max) => array(value, max),
    };
    checked.map_err(|rule| Error::value(name, rule))
}

type Checked = std::result::Result<(), String>;

fn ascii(value: &str, max: usize) -> Checked {
    if !(1..=max).contains(&value.len()) || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("must be 1 to {max} visible ASCII characters without white space"));
    }
    Ok(())
}

fn serial(value: &str, max: usize) -> Checked {
    if value.is_empty() || value.len() > max {
        return Err(format!("must be 1 to {max} bytes of UTF-8, not {}", value.len()));
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("must not hold white space or control characters".into());
    }
    Ok(())
}

fn text(value: &str, max: usize, banned: impl Fn(char) -> bool) -> Checked {
    let length = value.chars().count();
    if length == 0 || length > max {
        return Err(format!("must be 1 to {max} characters, not {length}"));
    }
    if value.chars().any(banned) {
        return Err("must not hold control characters".into());
    }
    Ok(())
}

fn digits(value: &str, max: usize) -> Checked {
    if value.is_empty() || value.len() > max || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("must be 1 to {max} digits"));
    }
    Ok(())
}

fn degrees(value: &str, bound: u32) -> Checked {
    let plain = value.len() <= 32 && value.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b));
    match value.parse::<f64>() {
        Ok(number) if plain && number.abs() <= f64::from(bound) => Ok(()),
        _ => Err(format!("must be decimal degrees from -{bound} to {bound}")),
    }
}

/// A value's length counts as it is written and sent: 1.000 has five bytes, though it is the same number as 1.
fn extended(value: &str) -> Checked {
    let entries = json::read(value.as_bytes()).and_then(|_| serde_json::from_str(value).ok());
    let entries: BTreeMap<String, &RawValue> = entries.ok_or("must be a JSON object without duplicate members")?;
    if entries.len() > EXTENDED_KEYS_MAX {
        return Err(format!("must have at most {EXTENDED_KEYS_MAX} keys, not {}", entries.len()));
    }
    for (key, value) in &entries {
        if key.is_empty() || key.len() > EXTENDED_KEY_BYTES_MAX {
            return Err(format!("each key must be 1 to {EXTENDED_KEY_BYTES_MAX} bytes of UTF-8"));
        }
        let length = serde_json::from_str::<String>(value.get()).map_or(value.get().len(), |text| text.len());
        if length > EXTENDED_VALUE_BYTES_MAX {
            return Err(format!("each value must be at most {EXTENDED_VALUE_BYTES_MAX} bytes of UTF-8"));
        }
    }
    Ok(())
}

fn array(value: &str, max: usize) -> Checked {
    if value.len() > max {
        return Err(format!("must be at most {max} bytes of UTF-8, not {}", value.len()));
    }
    match json::read(value.as_bytes()) {
        Some(Value::Array(_)) => Ok(()),
        _ => Err("must be a JSON array without duplicate members in its objects".into()),
    }
}

impl Rule {
    /// The value as JSON, character by character as the host gave it, if the request carries it as JSON. `None` if
    /// the request carries it as a string.
    pub fn raw(self, value: &str) -> Option<Box<RawValue>> {
        match self {
            Rule::Extended | Rule::Array(_) => RawValue::from_string(value.to_owned()).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, value: &str) -> bool {
        check(name, field(name).unwrap().rule, value).is_err()
    }

    #[test]
    fn widths_count_bytes_for_numbers_and_characters_for_text() {
        assert!(!refused("dynamic_id", &"1".repeat(32)));
        assert!(refused("dynamic_id", &"1".repeat(33)));
        assert!(!refused("subject", &"披".repeat(64)));
        assert!(refused("subject", &"a".repeat(65)));
        assert!(check("client_sn", CLIENT_SN, &"支".repeat(11)).is_err());
    }

    #[test]
    fn numbers_hold_no_white_space_and_no_control_characters() {
        for bad in ["a b", "a\tb", "a\u{7f}", "a\u{3000}b", ""] {
            assert!(check("client_sn", CLIENT_SN, bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn degrees_are_plain_decimals_in_range() {
        assert!(!refused("longitude", "121.615459"));
        assert!(!refused("latitude", "-90"));
        for bad in ["180.1", "NaN", "inf", "1e1", "", "one"] {
            assert!(refused("longitude", bad), "{bad:?}");
        }
    }

    #[test]
    fn extended_is_a_small_object() {
        assert!(!refused("extended", r#"{"goods_tag":"a","n":1}"#));
        assert!(refused("extended", "[]"));
        assert!(refused("extended", "{"));
        assert!(refused("extended", &format!(r#"{{"k":"{}"}}"#, "v".repeat(257))));
        assert!(refused("extended", &format!(r#"{{"{}":"v"}}"#, "k".repeat(65))));
        let many: Vec<_> = (0..25).map(|n| format!("\"k{n}\":1")).collect();
        assert!(refused("extended", &format!("{{{}}}", many.join(","))));
    }

    #[test]
    fn json_is_measured_as_it_is_sent_and_has_each_member_once() {
        // As a number the value is 1 in both cases.
        assert!(refused("extended", &format!(r#"{{"k":1.{}}}"#, "0".repeat(255))));
        assert!(!refused("extended", &format!(r#"{{"k":1.{}}}"#, "0".repeat(254))));
        assert!(refused("extended", &format!(r#"{{"k":[{}]}}"#, " ".repeat(255))));
        assert!(refused("extended", &format!(r#"{{"k":"{}","k":"v"}}"#, "v".repeat(1000))));
        assert!(refused("extended", r#"{"k":{"price":1,"price":2}}"#));
        assert!(refused("goods_details", r#"[{"price":1,"price":2}]"#));
        assert!(!refused("goods_details", r#"[{"price":1},{"price":2}]"#));
        assert!(!refused("extended", &format!(r#"{{"k":"{}"}}"#, r"\u0041".repeat(256))));
    }

    #[test]
    fn an_error_names_field_and_rule_and_keeps_the_value_to_itself() {
        let error = check("dynamic_id", Rule::Serial(32), "secret barcode").unwrap_err();
        assert!(error.message.starts_with("dynamic_id: must"), "{error}");
        assert!(!error.message.contains("secret"));
    }
}
