//! Makes the bodies of the requests (003 §3). Exactly these bytes are signed and sent.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::field::{Need, FIELDS};
use super::reply::Identity;
use super::sign::sign;
use crate::abi::UPAY_E_MISSING;
use crate::error::{Error, Result};

/// The request of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Pay,
    Precreate,
    Refund,
    Query,
    Cancel,
}

impl Call {
    pub const fn path(self) -> &'static str {
        match self {
            Call::Pay => "/upay/v2/pay",
            Call::Precreate => "/upay/v2/precreate",
            Call::Refund => "/upay/v2/refund",
            Call::Query => "/upay/v2/query",
            Call::Cancel => "/upay/v2/cancel",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Call::Pay => "pay",
            Call::Precreate => "precreate",
            Call::Refund => "refund",
            Call::Query => "query",
            Call::Cancel => "cancel",
        }
    }
}

/// The other path of a cancel, if the gateway's owner asks for it. Only the name differs.
pub const REVOKE: &str = "/upay/v2/revoke";

/// Wallets that cannot scan a till's code (002): 6, the QQ wallet.
const PAYWAYS_WITHOUT_PRECREATE: &[&str] = &["6"];

/// The body of /pay, /precreate or /refund. `value` gives a field's value, which was checked against the field's rule
/// before. This checks that the required fields are there, and that longitude and latitude come together.
pub fn of_fields(
    call: Call,
    terminal_sn: &str,
    order: &Identity,
    value: impl Fn(&str) -> Option<String>,
) -> Result<Vec<u8>> {
    let mut body = Body::about(terminal_sn, order);
    if value("longitude").is_some() != value("latitude").is_some() {
        return Err(Error::value("longitude, latitude", "must be given both or neither"));
    }
    for field in FIELDS {
        let need = field.need(call);
        match value(field.name) {
            Some(_) if need == Need::No => {}
            Some(value) => match field.rule.raw(&value) {
                Some(raw) => body.0.push((field.name, Part::Json(raw))),
                None => body.text(field.name, &value),
            },
            None if need == Need::Required => {
                return Err(Error::new(UPAY_E_MISSING, format!("{}: {} needs it", field.name, call.name())));
            }
            None => {}
        }
    }
    let payway = value("payway").unwrap_or_default();
    if call == Call::Precreate && PAYWAYS_WITHOUT_PRECREATE.contains(&payway.as_str()) {
        return Err(Error::value("payway", "must not be 6: the QQ wallet has no precreate"));
    }
    body.bytes()
}

/// The refund of the full amount that reverses an order. Its number is derived from the order's, so that it stays the
/// same in every attempt and after every restart.
pub fn reversal(terminal_sn: &str, order: &Identity, operator: &str) -> Result<Vec<u8>> {
    let number = reversal_no(order);
    of_fields(Call::Refund, terminal_sn, order, |name| match name {
        "refund_request_no" => Some(number.clone()),
        "refund_amount" => order.total_amount.clone(),
        "operator" => Some(operator.to_owned()),
        _ => None,
    })
}

/// The `refund_request_no` of the refund that reverses the order.
pub fn reversal_no(order: &Identity) -> String {
    format!("R{:.19}", sign(order.client_sn.as_deref().unwrap_or_default().as_bytes(), ""))
}

/// The body of /query or /cancel. A query with a refund's number asks about that refund.
pub fn about(terminal_sn: &str, order: &Identity, refund_request_no: Option<&str>) -> Result<Vec<u8>> {
    let mut body = Body::about(terminal_sn, order);
    if let Some(number) = refund_request_no {
        body.text("refund_request_no", number);
    }
    body.bytes()
}

/// True if the text may be sent as the body of a request.
pub fn is_object(json: &str) -> bool {
    matches!(serde_json::from_str(json), Ok(serde_json::Value::Object(_)))
}

/// A JSON object whose members keep the order in which they were added.
#[derive(Default)]
pub(super) struct Body(Vec<(&'static str, Part)>);

enum Part {
    Text(String),
    Json(Box<serde_json::value::RawValue>),
}

impl Body {
    /// If the order has two numbers, the gateway uses its own, and the reply must have both.
    fn about(terminal_sn: &str, order: &Identity) -> Self {
        let mut body = Self::default();
        body.text("terminal_sn", terminal_sn);
        for (name, number) in [("sn", &order.sn), ("client_sn", &order.client_sn)] {
            if let Some(number) = number {
                body.text(name, number);
            }
        }
        body
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.0.push((name, Part::Text(value.to_owned())));
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::value("request", error))
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, part) in &self.0 {
            match part {
                Part::Text(text) => map.serialize_entry(name, text)?,
                Part::Json(json) => map.serialize_entry(name, json)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c1() -> Identity {
        Identity { terminal_sn: None, client_sn: Some("c1".into()), sn: None, total_amount: None }
    }

    fn order(name: &str) -> Option<String> {
        let value = match name {
            "total_amount" => "1000",
            "dynamic_id" => "130818341921441147",
            "subject" => "披萨 \"大\"",
            "operator" => "01",
            "extended" => r#"{"price":1.10}"#,
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn pay_carries_text_as_strings_and_json_as_it_was_given() {
        let body = of_fields(Call::Pay, "t1", &c1(), order).unwrap();
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"terminal_sn":"t1","client_sn":"c1","total_amount":"1000","dynamic_id":"130818341921441147","subject":"披萨 \"大\"","operator":"01","extended":{"price":1.10}}"#
        );
    }

    #[test]
    fn pay_names_the_field_that_is_missing() {
        for missing in ["total_amount", "dynamic_id", "subject", "operator"] {
            let error =
                of_fields(Call::Pay, "t1", &c1(), |name| order(name).filter(|_| name != missing)).unwrap_err();
            assert_eq!(error.status, UPAY_E_MISSING);
            assert!(error.message.contains(missing));
        }
    }

    #[test]
    fn longitude_goes_with_latitude() {
        let lonely = |name: &str| if name == "longitude" { Some("1".into()) } else { order(name) };
        assert!(of_fields(Call::Pay, "t1", &c1(), lonely).unwrap_err().message.contains("latitude"));
    }

    #[test]
    fn precreate_needs_a_payway_that_has_one_and_takes_no_barcode() {
        let with = |payway: Option<&'static str>| {
            of_fields(Call::Precreate, "t1", &c1(), move |name| match name {
                "payway" => payway.map(str::to_owned),
                name => order(name),
            })
        };
        assert_eq!(with(None).unwrap_err().status, UPAY_E_MISSING);
        assert!(with(Some("6")).unwrap_err().message.starts_with("payway: "));
        let body = String::from_utf8(with(Some("3")).unwrap()).unwrap();
        assert!(body.contains(r#""payway":"3""#) && !body.contains("dynamic_id"), "{body}");
    }
}
