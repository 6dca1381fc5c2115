//! Reads a reply (003 §2.3). It has three layers: whether the gateway accepted the request, the result of the action,
//! and the order. The reader is tolerant of form (numbers for strings, `null`, absent and unknown fields) and strict
//! in meaning: an unreadable reply proves nothing.

use serde_json::{Map, Value};

use super::codes::{self, business, request, OrderStatus};
use super::{json, time};
use crate::abi::*;
use crate::error::{Error, Result};

/// The longest reply body that is accepted.
pub const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// A readable reply. Absent, `null` and empty values are all `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    pub result_code: Option<String>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub biz_result_code: Option<String>,
    pub biz_error_code: Option<String>,
    pub biz_error_message: Option<String>,
    /// The members of `biz_response.data` or, without it, of `biz_response` itself. Scalars as text, anything else as
    /// JSON.
    pub data: Vec<(String, String)>,
    /// The gateway's clock when it answered, in milliseconds since 1970: the HTTP header Date.
    pub date_ms: Option<u64>,
}

/// What identifies the order that a reply has to be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Absent where another terminal may have made the order.
    pub terminal_sn: Option<String>,
    /// The host's number and the gateway's. At least one is given, and a reply must have those that are.
    pub client_sn: Option<String>,
    pub sn: Option<String>,
    /// Absent for an order that this library did not make.
    pub total_amount: Option<String>,
}

/// The first layer: whether the gateway accepted the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestStatus {
    /// The gateway carried the request out and tells the result.
    Answered,
    /// The gateway rejected the request and did nothing.
    Refused(Error),
    /// The gateway failed, or its reply is not understood: anything may have happened.
    InDoubt(Error),
}

impl Reply {
    /// The body counts more than the HTTP status: a request error may come with 200 as well as with 4xx.
    pub fn read(http_status: u16, body: &[u8]) -> Result<Self> {
        let reply = Self::parse(body);
        // A refusal comes with 2xx or 4xx. With any other HTTP status it proves nothing.
        let refused = reply.as_ref().is_some_and(|reply| reply.result_code.as_deref() == Some("400"));
        let reply = reply.filter(|_| !refused || matches!(http_status, 200..=299 | 400..=499));
        reply.ok_or_else(|| unreadable(http_status))
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let top = object(body)?;
        let result_code = text(top.get("result_code"))?;
        let biz = top.get("biz_response").unwrap_or(&Value::Null);
        // In the tables of 003 the order's fields are members of biz_response, in its samples members of data.
        // Replies to activation and check-in come in both forms.
        let data = biz.get("data").and_then(Value::as_object).filter(|data| !data.is_empty());
        let flat = biz.as_object().filter(|_| data.is_none()).into_iter().flatten();
        let flat = flat.filter(|(key, _)| !ACTION_MEMBERS.contains(&key.as_str()));
        let entries = data.into_iter().flatten().chain(flat);
        Some(Self {
            result_code: Some(result_code),
            error_code: text(top.get("error_code")),
            error_message: text(top.get("error_message")),
            biz_result_code: text(biz.get("result_code")),
            biz_error_code: text(biz.get("error_code")),
            biz_error_message: text(biz.get("error_message")),
            data: entries.filter_map(|(key, value)| Some((key.clone(), text(Some(value))?))).collect(),
            date_ms: None,
        })
    }

    pub fn request_status(&self) -> RequestStatus {
        let code = self.result_code.as_deref().unwrap_or_default();
        let why = || self.error_code.as_deref().unwrap_or("no error_code");
        match code {
            "200" if self.biz_result_code.is_some() => RequestStatus::Answered,
            "200" => RequestStatus::InDoubt(Error::new(UPAY_E_REPLY, "the reply has no biz_response.result_code")),
            "400" if self.biz_result_code.is_some() || !self.data.is_empty() => RequestStatus::InDoubt(Error::new(
                UPAY_E_REPLY,
                "the reply refuses the request and also has a result",
            )),
            // A code of another layer: a refusal of the request does not say what became of an order.
            "400" if self.error_code.as_deref().is_some_and(|code| business::has(code) && !request::has(code)) => {
                RequestStatus::InDoubt(Error::new(
                    UPAY_E_REPLY,
                    format!("the reply refuses the request with a code that answers an action: {}", why()),
                ))
            }
            "400" => {
                let status = request::status(self.error_code.as_deref());
                let error = Error::new(status, format!("the gateway refused the request: {}", why()));
                // A refusal that reports a failure of the gateway itself is no refusal.
                if status == UPAY_E_GATEWAY {
                    return RequestStatus::InDoubt(error);
                }
                RequestStatus::Refused(error)
            }
            code => {
                let status = if code.starts_with('5') { UPAY_E_GATEWAY } else { UPAY_E_REPLY };
                RequestStatus::InDoubt(Error::new(
                    status,
                    format!("the gateway failed: result_code {code}, {}", why()),
                ))
            }
        }
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        let entry = self.data.iter().find(|(name, _)| name == key);
        entry.map(|(_, value)| value.as_str())
    }

    /// When the order was made, or when it ended where that is not said, in milliseconds since 1970 by the gateway's clock.
    pub fn order_ms(&self) -> Option<u64> {
        ["ctime", "finish_time"].into_iter().find_map(|key| time::parse_ms(self.get(key)?))
    }

    pub fn order_status(&self) -> OrderStatus {
        codes::order_status(self.get("order_status"))
    }

    /// True if nothing in the reply contradicts `order`.
    pub fn fits(&self, order: &Identity) -> bool {
        let same = |key: &str, ours: &Option<String>| {
            ours.is_none() || self.get(key).is_none_or(|theirs| Some(theirs) == ours.as_deref())
        };
        same("client_sn", &order.client_sn)
            && same("sn", &order.sn)
            && same("terminal_sn", &order.terminal_sn)
            && same("total_amount", &order.total_amount)
    }

    /// True if the reply has the order's number or, if the order has two, both numbers.
    pub fn is_about(&self, order: &Identity) -> bool {
        let same = |key: &str, ours: &Option<String>| ours.is_none() || self.get(key) == ours.as_deref();
        let named = order.client_sn.is_some() || order.sn.is_some();
        named && same("client_sn", &order.client_sn) && same("sn", &order.sn)
    }

    /// The order that the reply itself names, for a caller that does not know which order was meant. What the reply
    /// leaves out becomes "", which matches no order.
    pub fn identity(&self) -> Identity {
        let own = |key: &str| Some(self.get(key).unwrap_or_default().to_owned());
        Identity {
            terminal_sn: own("terminal_sn"),
            client_sn: own("client_sn"),
            sn: None,
            total_amount: own("total_amount"),
        }
    }

    /// The reply as the host may see it: without the data if they are about another order.
    pub fn shown_for(&self, order: &Identity) -> Self {
        let data = if self.fits(order) { self.data.clone() } else { Vec::new() };
        Self { data, ..self.clone() }
    }

    /// True if the reply has the number and the amount of `order`. Without both, "paid" proves nothing.
    pub fn names(&self, order: &Identity) -> bool {
        self.fits(order)
            && self.is_about(order)
            && order.total_amount.is_some()
            && self.get("total_amount") == order.total_amount.as_deref()
    }
}

/// The members of `biz_response` that are about the action and not about the order.
const ACTION_MEMBERS: [&str; 4] = ["result_code", "error_code", "error_message", "data"];

pub(super) fn object(body: &[u8]) -> Option<Map<String, Value>> {
    match json::read(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body))? {
        Value::Object(top) => Some(top),
        _ => None,
    }
}

pub(super) fn unreadable(http_status: u16) -> Error {
    if http_status >= 500 {
        return Error::new(UPAY_E_GATEWAY, format!("the gateway failed: HTTP status {http_status}"));
    }
    Error::new(UPAY_E_REPLY, format!("the reply is unreadable: HTTP status {http_status}"))
}

/// A scalar as text. The documents have every value as a string, but the gateway sends numbers too.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let own = |text: &str| Some(text.to_owned());
        Identity { terminal_sn: own("t"), client_sn: own("c"), sn: None, total_amount: own("100") }
    }

    fn read(body: &str) -> Reply {
        Reply::read(200, body.as_bytes()).unwrap()
    }

    #[test]
    fn numbers_null_and_unknown_fields_are_read_as_they_are_meant() {
        let reply = read(
            r#"{"result_code":200,"error_code":"","biz_response":{"result_code":"PAY_SUCCESS",
            "data":{"client_sn":"c","total_amount":100,"payer_uid":null,"new":[1],"ctime":"2015-11-01 18:01:00"}}}"#,
        );
        assert_eq!(reply.request_status(), RequestStatus::Answered);
        assert_eq!(reply.error_code, None);
        assert!(reply.names(&identity()));
        assert_eq!(reply.get("payer_uid"), None);
        assert_eq!(reply.get("new"), Some("[1]"));
    }

    #[test]
    fn what_cannot_be_read_is_in_doubt() {
        for (status, body) in
            [(200, ""), (200, "<html>"), (200, "{"), (200, "[]"), (200, "{}"), (404, "null"), (200, "\"200\"")]
        {
            assert_eq!(Reply::read(status, body.as_bytes()).unwrap_err().status, UPAY_E_REPLY, "{body}");
        }
        assert_eq!(Reply::read(502, b"<html>").unwrap_err().status, UPAY_E_GATEWAY);
        for body in [
            r#"{"result_code":"200"}"#,
            r#"{"result_code":"200","biz_response":null}"#,
            r#"{"result_code":"500"}"#,
            r#"{"result_code":"302"}"#,
        ] {
            assert!(matches!(read(body).request_status(), RequestStatus::InDoubt(_)), "{body}");
        }
    }

    #[test]
    fn only_a_400_in_the_body_proves_that_nothing_happened() {
        let status =
            |code: &str| match read(&format!(r#"{{"result_code":"400","error_code":"{code}"}}"#)).request_status() {
                RequestStatus::Refused(error) => error.status,
                other => panic!("{other:?}"),
            };
        assert_eq!(status("INVALID_PARAMS"), UPAY_E_REQUEST);
        assert_eq!(status("ILLEGAL_SIGN"), UPAY_E_SIGN);
        assert_eq!(status("TERMINAL_NOT_EXISTS"), UPAY_E_TERMINAL);

        let refused = br#"{"result_code":"400","error_code":"INVALID_PARAMS"}"#;
        for http_status in [500, 502, 302] {
            assert!(Reply::read(http_status, refused).is_err(), "{http_status}");
        }
        let contradicted = r#"{"result_code":"400","biz_response":{"result_code":"PAY_SUCCESS","data":null}}"#;
        assert!(matches!(read(contradicted).request_status(), RequestStatus::InDoubt(_)));
    }

    #[test]
    fn a_400_with_a_code_of_the_business_layer_proves_nothing() {
        let standing =
            |code: &str| read(&format!(r#"{{"result_code":"400","error_code":"{code}"}}"#)).request_status();
        for code in ["CLIENT_SN_CONFLICT", "TRADE_HAS_SUCCESS", "UPAY_ORDER_NOT_EXISTS", "INSUFFICIENT_FUND"] {
            assert!(matches!(standing(code), RequestStatus::InDoubt(_)), "{code}");
        }
        // A code of both layers, and a code that nobody knows.
        for code in ["INVALID_BARCODE", "A_CODE_OF_NEXT_YEAR"] {
            assert!(matches!(standing(code), RequestStatus::Refused(_)), "{code}");
        }
    }

    #[test]
    fn the_time_of_an_order_is_when_it_was_made_or_else_when_it_ended() {
        let with =
            |data: &str| read(&format!(r#"{{"result_code":"200","biz_response":{{"data":{data}}}}}"#)).order_ms();
        assert_eq!(with(r#"{"ctime":"1446372060000","finish_time":"1446372061000"}"#), Some(1_446_372_060_000));
        assert_eq!(with(r#"{"ctime":1446372060000}"#), Some(1_446_372_060_000));
        assert_eq!(with(r#"{"ctime":"","finish_time":"2015-11-01 18:01:00"}"#), Some(1_446_372_060_000));
        assert_eq!(with(r#"{"ctime":"yesterday"}"#), None);
    }

    #[test]
    fn a_400_for_a_failure_of_the_gateways_own_proves_nothing() {
        for code in ["UNKNOWN_SYSTEM_ERROR", "UNEXPECTED_PROVIDER_ERROR", "MAINTENANCE_INPROGRESS"] {
            let reply = read(&format!(r#"{{"result_code":"400","error_code":"{code}"}}"#));
            assert!(matches!(reply.request_status(), RequestStatus::InDoubt(_)), "{code}");
        }
    }

    #[test]
    fn fields_without_data_are_read_where_they_stand() {
        let reply = read(r#"{"result_code":"200","biz_response":{"result_code":"FAIL","sn":"7","data":null}}"#);
        assert_eq!(reply.data, [("sn".to_owned(), "7".to_owned())]);
        let reply = read(r#"{"result_code":"200","biz_response":{"sn":"7","data":{"sn":"8"}}}"#);
        assert_eq!(reply.data, [("sn".to_owned(), "8".to_owned())]);
    }

    #[test]
    fn a_reply_that_leaves_out_number_or_amount_does_not_name_its_own_order() {
        let own = |data: &str| {
            let reply = read(&format!(r#"{{"result_code":"200","biz_response":{{"data":{data}}}}}"#));
            let order = reply.identity();
            reply.names(&order)
        };
        assert!(own(r#"{"client_sn":"c","total_amount":"100"}"#));
        for data in [r#"{"client_sn":"c"}"#, r#"{"total_amount":"100"}"#, r#"{"sn":"7"}"#, "{}"] {
            assert!(!own(data), "{data}");
        }
    }

    #[test]
    fn an_order_is_named_by_number_and_amount_together() {
        let with = |data: &str| {
            read(&format!(r#"{{"result_code":"200","biz_response":{{"result_code":"SUCCESS","data":{data}}}}}"#))
        };
        assert!(with(r#"{"client_sn":"c","total_amount":"100"}"#).names(&identity()));
        assert!(!with(r#"{"client_sn":"c"}"#).names(&identity()));
        assert!(!with(r#"{"total_amount":"100"}"#).names(&identity()));
        assert!(with("null").fits(&identity()));
        for other in [r#"{"client_sn":"d"}"#, r#"{"terminal_sn":"u"}"#, r#"{"client_sn":"c","total_amount":"1"}"#] {
            assert!(!with(other).fits(&identity()), "{other}");
        }
    }

    #[test]
    fn an_order_that_is_known_by_the_gateways_number_is_named_by_it() {
        let with = |data: &str| {
            read(&format!(r#"{{"result_code":"200","biz_response":{{"result_code":"SUCCESS","data":{data}}}}}"#))
        };
        let by_sn = Identity { terminal_sn: None, client_sn: None, sn: Some("7".into()), total_amount: None };
        assert!(with(r#"{"sn":"7","client_sn":"theirs","terminal_sn":"theirs"}"#).is_about(&by_sn));
        for other in [r#"{"sn":"8"}"#, r#"{"client_sn":"7"}"#, "{}"] {
            assert!(!with(other).is_about(&by_sn), "{other}");
        }
        let by_both = Identity { client_sn: Some("c".into()), ..by_sn.clone() };
        assert!(with(r#"{"sn":"7","client_sn":"c"}"#).is_about(&by_both));
        assert!(!with(r#"{"sn":"7","client_sn":"d"}"#).is_about(&by_both));
        let nameless = Identity { sn: None, ..by_sn };
        assert!(!with(r#"{"sn":"7","client_sn":"c"}"#).is_about(&nameless));
    }
}
