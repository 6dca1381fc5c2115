//! The fields of a request, and the rules that each must keep.
//!
//! The real gateway lets some slips pass; this one lets none, because a request that it refuses is a mistake found.

use serde_json::{Map, Value};

/// What a field may hold.
#[derive(Clone, Copy)]
enum Shape {
    /// Text of at most so many bytes.
    Bytes(usize),
    /// Text of at most so many characters.
    Chars(usize),
    /// Text of any length.
    Text,
    /// Digits, of any number.
    Digits,
    /// 1 to 10 digits, and more than nothing.
    Amount,
    /// A JSON object with few and short members.
    Extended,
    /// A JSON array of objects.
    Goods,
}

struct Rule {
    name: &'static str,
    required: bool,
    shape: Shape,
}

const fn required(name: &'static str, shape: Shape) -> Rule {
    Rule { name, required: true, shape }
}

const fn optional(name: &'static str, shape: Shape) -> Rule {
    Rule { name, required: false, shape }
}

const EXTENDED_KEYS_MAX: usize = 24;
const EXTENDED_KEY_BYTES_MAX: usize = 64;
const EXTENDED_VALUE_BYTES_MAX: usize = 256;
const AMOUNT_DIGITS_MAX: usize = 10;

const PAY: &[Rule] = &[
    required("terminal_sn", Shape::Bytes(32)),
    required("client_sn", Shape::Bytes(32)),
    required("total_amount", Shape::Amount),
    required("dynamic_id", Shape::Bytes(32)),
    required("subject", Shape::Chars(64)),
    required("operator", Shape::Chars(32)),
    optional("payway", Shape::Digits),
    optional("description", Shape::Chars(256)),
    optional("longitude", Shape::Text),
    optional("latitude", Shape::Text),
    optional("device_id", Shape::Chars(32)),
    optional("extended", Shape::Extended),
    optional("goods_details", Shape::Goods),
    optional("reflect", Shape::Chars(64)),
    optional("notify_url", Shape::Chars(128)),
];

const PRECREATE: &[Rule] = &[
    required("terminal_sn", Shape::Bytes(32)),
    required("client_sn", Shape::Bytes(32)),
    required("total_amount", Shape::Amount),
    required("payway", Shape::Digits),
    required("subject", Shape::Chars(64)),
    required("operator", Shape::Chars(32)),
    optional("sub_payway", Shape::Digits),
    optional("payer_uid", Shape::Chars(64)),
    optional("description", Shape::Chars(256)),
    optional("longitude", Shape::Text),
    optional("latitude", Shape::Text),
    optional("device_id", Shape::Chars(32)),
    optional("extended", Shape::Extended),
    optional("goods_details", Shape::Goods),
    optional("reflect", Shape::Chars(64)),
    optional("notify_url", Shape::Chars(128)),
];

const REFUND: &[Rule] = &[
    required("terminal_sn", Shape::Bytes(32)),
    optional("sn", Shape::Bytes(16)),
    optional("client_sn", Shape::Bytes(32)),
    required("refund_request_no", Shape::Chars(20)),
    required("operator", Shape::Chars(32)),
    required("refund_amount", Shape::Amount),
    optional("client_tsn", Shape::Text),
    optional("extended", Shape::Extended),
    optional("goods_details", Shape::Goods),
];

/// A query may be about one refund of the order.
const QUERY: &[Rule] = &[
    required("terminal_sn", Shape::Bytes(32)),
    optional("sn", Shape::Bytes(16)),
    optional("client_sn", Shape::Bytes(32)),
    optional("refund_request_no", Shape::Chars(20)),
];

/// Cancel and revoke name an order and say nothing else.
const CANCEL: &[Rule] = &[
    required("terminal_sn", Shape::Bytes(32)),
    optional("sn", Shape::Bytes(16)),
    optional("client_sn", Shape::Bytes(32)),
];

const ACTIVATE: &[Rule] = &[
    required("app_id", Shape::Text),
    required("code", Shape::Text),
    required("device_id", Shape::Chars(128)),
    optional("client_sn", Shape::Chars(50)),
    optional("name", Shape::Chars(128)),
    optional("os_info", Shape::Chars(45)),
    optional("sdk_version", Shape::Chars(45)),
];

const CHECKIN: &[Rule] = &[
    required("terminal_sn", Shape::Bytes(32)),
    required("device_id", Shape::Chars(128)),
    optional("os_info", Shape::Chars(45)),
    optional("sdk_version", Shape::Chars(45)),
];

/// QQ wallet, whose codes a till cannot show.
const PAYWAY_WITHOUT_PRECREATE: &str = "6";

/// The fields of a request that keeps all rules.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Of a pay request.
    pub fn of_pay(body: &[u8]) -> Result<Fields, String> {
        checked(body, PAY)?.with_a_whole_place()
    }

    /// Of a precreate.
    pub fn of_precreate(body: &[u8]) -> Result<Fields, String> {
        let fields = checked(body, PRECREATE)?.with_a_whole_place()?;
        if fields.needed("payway") == PAYWAY_WITHOUT_PRECREATE {
            return Err("payway为6(QQ钱包)时不支持预下单".to_owned());
        }
        Ok(fields)
    }

    pub fn of_refund(body: &[u8]) -> Result<Fields, String> {
        checked(body, REFUND)?.with_an_order()
    }

    pub fn of_query(body: &[u8]) -> Result<Fields, String> {
        checked(body, QUERY)?.with_an_order()
    }

    /// Of a cancel or a revoke.
    pub fn of_cancel(body: &[u8]) -> Result<Fields, String> {
        checked(body, CANCEL)?.with_an_order()
    }

    pub fn of_activate(body: &[u8]) -> Result<Fields, String> {
        checked(body, ACTIVATE)
    }

    pub fn of_checkin(body: &[u8]) -> Result<Fields, String> {
        checked(body, CHECKIN)
    }

    fn with_a_whole_place(self) -> Result<Fields, String> {
        if self.text("longitude").is_some() != self.text("latitude").is_some() {
            return Err("longitude和latitude必须同时出现".to_owned());
        }
        Ok(self)
    }

    fn with_an_order(self) -> Result<Fields, String> {
        if self.text("sn").is_none() && self.text("client_sn").is_none() {
            return Err("sn与client_sn不能同时为空".to_owned());
        }
        Ok(self)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A field that is required, and so is there.
    pub fn needed(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// An amount that is required, in fen.
    pub fn amount(&self, name: &str) -> u64 {
        self.needed(name).parse().unwrap_or_default()
    }
}

/// All that is wrong with a body, in one message as the gateway words it, or its fields.
fn checked(body: &[u8], rules: &[Rule]) -> Result<Fields, String> {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
        return Err("请求主体不是JSON对象".to_owned());
    };
    let mut complaints: Vec<String> = Vec::new();
    for rule in rules {
        match members.get(rule.name) {
            Some(value) => complaints.extend(complaint(rule.shape, value).map(|text| format!("{}{text}", rule.name))),
            None if rule.required => complaints.push(format!("{}不可以为空", rule.name)),
            None => {}
        }
    }
    let unknown = members.keys().filter(|key| rules.iter().all(|rule| rule.name != key.as_str()));
    complaints.extend(unknown.map(|key| format!("{key}是未知的参数")));
    if complaints.is_empty() {
        Ok(Fields(members))
    } else {
        Err(complaints.join("; "))
    }
}

fn complaint(shape: Shape, value: &Value) -> Option<String> {
    match shape {
        Shape::Extended => return extended_complaint(value),
        Shape::Goods => {
            let is_goods = value.as_array().is_some_and(|items| items.iter().all(Value::is_object));
            return (!is_goods).then(|| "必须为JSON对象的数组".to_owned());
        }
        _ => {}
    }
    let Some(text) = value.as_str() else {
        return Some("必须为字符串".to_owned());
    };
    if text.is_empty() {
        return Some("不可以为空".to_owned());
    }
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match shape {
        Shape::Bytes(most) if text.len() > most => Some(format!("不超过{most}字节")),
        Shape::Chars(most) if text.chars().count() > most => Some(format!("不超过{most}位")),
        Shape::Digits if !all_digits => Some("必须为纯数字字符串".to_owned()),
        Shape::Amount if !all_digits || text.len() > AMOUNT_DIGITS_MAX => {
            Some("金额为整数,长度不超过10位,以分为单位".to_owned())
        }
        Shape::Amount if text.bytes().all(|byte| byte == b'0') => Some("必须大于0".to_owned()),
        _ => None,
    }
}

fn extended_complaint(value: &Value) -> Option<String> {
    let Some(members) = value.as_object() else {
        return Some("必须为JSON对象".to_owned());
    };
    if members.len() > EXTENDED_KEYS_MAX {
        return Some(format!("不超过{EXTENDED_KEYS_MAX}个参数"));
    }
    let too_long = members.iter().find(|(key, value)| {
        let value_bytes = value.as_str().map_or_else(|| value.to_string().len(), str::len);
        key.len() > EXTENDED_KEY_BYTES_MAX || value_bytes > EXTENDED_VALUE_BYTES_MAX
    });
    too_long.map(|(key, _)| {
        format!("的{key}过长,参数名不超过{EXTENDED_KEY_BYTES_MAX}字节,参数值不超过{EXTENDED_VALUE_BYTES_MAX}字节")
    })
}
