//! Requests made of any values that passed their fields' checks: what stands in the body is what was set, once each, and
//! nothing that was not.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use upay::abi::*;
use upay::fuzzing::field::{self, Field, Need, Rule, FIELDS};
use upay::fuzzing::reply::Identity;
use upay::fuzzing::request::{of_fields, Call};
use upay_fuzz::Members;

#[derive(Arbitrary, Debug)]
struct Order {
    call: Kind,
    terminal_sn: String,
    client_sn: Option<String>,
    sn: Option<String>,
    /// On top of an order that has all it needs.
    set: Vec<(u8, Given)>,
    /// A bit for each field that is not set after all.
    unset: u32,
}

#[derive(Arbitrary, Debug)]
enum Kind {
    Pay,
    Precreate,
    Refund,
}

#[derive(Arbitrary, Debug)]
enum Given {
    Text(String),
    Long(char, u16),
    Number(u64),
    Degrees(i16, u32),
    Json(Json),
}

/// JSON as somebody may write it: names that stand twice, white space, numbers of many digits.
#[derive(Arbitrary, Debug)]
enum Json {
    Null,
    Bool(bool),
    Number(i64),
    LongNumber(u16),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    Spaced(u8, Box<Json>),
}

impl Json {
    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(&value.to_string()),
            Self::Number(value) => out.push_str(&value.to_string()),
            Self::LongNumber(digits) => {
                out.push_str("1.");
                out.push_str(&"0".repeat(usize::from(*digits) % 2000 + 1));
            }
            Self::Float(value) => out.push_str(&Value::from(*value).to_string()),
            Self::Text(value) => out.push_str(&Value::from(value.as_str()).to_string()),
            Self::List(items) => {
                for (n, item) in items.iter().enumerate() {
                    out.push(if n == 0 { '[' } else { ',' });
                    item.write(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (n, (name, value)) in members.iter().enumerate() {
                    out.push(if n == 0 { '{' } else { ',' });
                    out.push_str(&Value::from(name.as_str()).to_string());
                    out.push(':');
                    value.write(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
            Self::Spaced(count, inner) => {
                out.push_str(&" ".repeat((*count).into()));
                inner.write(out);
                out.push_str(&"\r\n\t ".repeat(usize::from(*count) % 5));
            }
        }
    }
}

impl Given {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Long(c, times) => c.to_string().repeat((*times).into()),
            Self::Number(number) => number.to_string(),
            Self::Degrees(whole, part) => format!("{whole}.{part}"),
            Self::Json(json) => {
                let mut text = String::new();
                json.write(&mut text);
                text
            }
        }
    }
}

/// An order that has all that any request needs.
const BASE: [(&str, &str); 7] = [
    ("total_amount", "1250"),
    ("dynamic_id", "130818341921441147"),
    ("subject", "Pizza"),
    ("operator", "cashier"),
    ("payway", "3"),
    ("refund_request_no", "R1"),
    ("refund_amount", "1"),
];

impl Order {
    fn values(&self) -> BTreeMap<&'static str, String> {
        let mut values: BTreeMap<_, _> = BASE.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        for (index, given) in &self.set {
            let field = &FIELDS[usize::from(*index) % FIELDS.len()];
            let value = given.text();
            if field::check(field.name, field.rule, &value).is_ok() {
                values.insert(field.name, value);
            }
        }
        for (index, field) in FIELDS.iter().enumerate() {
            if self.unset >> index & 1 == 1 {
                values.remove(field.name);
            }
        }
        values
    }
}

fuzz_target!(|order: Order| {
    let call = match order.call {
        Kind::Pay => Call::Pay,
        Kind::Precreate => Call::Precreate,
        Kind::Refund => Call::Refund,
    };
    let number = |number: &Option<String>| {
        number.clone().filter(|number| field::check("client_sn", field::CLIENT_SN, number).is_ok())
    };
    let identity = Identity {
        terminal_sn: None,
        client_sn: number(&order.client_sn),
        sn: number(&order.sn),
        total_amount: None,
    };
    if field::check("terminal_sn", field::TERMINAL_SN, &order.terminal_sn).is_err() {
        return;
    }
    let values = order.values();
    match of_fields(call, &order.terminal_sn, &identity, |name| values.get(name).cloned()) {
        Ok(body) => holds(call, &order.terminal_sn, &identity, &values, &body),
        Err(error) => {
            let lacking =
                FIELDS.iter().any(|field| field.need(call) == Need::Required && !values.contains_key(field.name));
            let lonely = values.contains_key("longitude") != values.contains_key("latitude");
            let unpayable = call == Call::Precreate && values.get("payway").is_some_and(|payway| payway == "6");
            match error.status {
                UPAY_E_MISSING => assert!(lacking),
                UPAY_E_VALUE => assert!(lonely || unpayable),
                status => panic!("{status}: {error}"),
            }
            // No value is quoted but a field's name; these are short.
            assert!(error.message.len() < 100 && error.message.is_ascii());
        }
    }
});

fn holds(call: Call, terminal_sn: &str, identity: &Identity, values: &BTreeMap<&str, String>, body: &[u8]) {
    let body = std::str::from_utf8(body).expect("a request is UTF-8");
    let members = Members::of(body).expect("a request is a JSON object");
    assert!(members.stand_once_each(), "{body}");
    let text = |raw: &str| serde_json::from_str::<String>(raw).expect("a string");
    for (name, raw) in &members.0 {
        let raw = raw.get();
        match name.as_str() {
            "terminal_sn" => assert_eq!(text(raw), terminal_sn),
            "client_sn" => assert_eq!(Some(text(raw)), identity.client_sn),
            "sn" => assert_eq!(Some(text(raw)), identity.sn),
            name => {
                let field = field::field(name).unwrap_or_else(|| panic!("{name} is no field"));
                assert!(field.need(call) != Need::No, "{name} is no field of {}", call.name());
                let set = values.get(name).unwrap_or_else(|| panic!("{name} was not set"));
                match field.rule {
                    Rule::Extended => {
                        assert_eq!(raw, set.trim_ascii(), "letter by letter");
                        is_small(raw);
                    }
                    Rule::Array(max) => {
                        assert_eq!(raw, set.trim_ascii(), "letter by letter");
                        assert!(raw.starts_with('[') && raw.len() <= max);
                        every_member_once(raw);
                    }
                    _ => assert_eq!(text(raw), *set),
                }
            }
        }
    }
    let has = |name: &str| members.0.iter().any(|(member, _)| member == name);
    assert!(has("terminal_sn"));
    assert_eq!((has("client_sn"), has("sn")), (identity.client_sn.is_some(), identity.sn.is_some()));
    let set = |field: &&Field| values.contains_key(field.name) && field.need(call) != Need::No;
    FIELDS.iter().filter(set).for_each(|field| assert!(has(field.name), "{} is left out", field.name));
}

/// The gateway's bounds, counted in what is sent.
fn is_small(extended: &str) {
    let members = Members::of(extended).expect("an object");
    assert!(members.stand_once_each(), "{extended}");
    assert!(members.0.len() <= field::EXTENDED_KEYS_MAX);
    for (key, raw) in &members.0 {
        assert!((1..=field::EXTENDED_KEY_BYTES_MAX).contains(&key.len()));
        let length = serde_json::from_str::<String>(raw.get()).map_or(raw.get().len(), |text| text.len());
        assert!(length <= field::EXTENDED_VALUE_BYTES_MAX, "{length} bytes");
        every_member_once(raw.get());
    }
}

/// However deep.
fn every_member_once(json: &str) {
    if let Some(members) = Members::of(json) {
        assert!(members.stand_once_each(), "{json}");
        members.0.iter().for_each(|(_, raw)| every_member_once(raw.get()));
    } else if let Ok(items) = serde_json::from_str::<Vec<Box<serde_json::value::RawValue>>>(json) {
        items.iter().for_each(|item| every_member_once(item.get()));
    }
}
