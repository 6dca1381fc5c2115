//! Reads the charge gateway's replies (004): an envelope of `code`, `message` and `data`, and an HTTP status. libupay
//! does not call that gateway. It tells a host what a reply means.
//!
//! "Done" needs `code` 0 and HTTP 200. "Refused" needs a code of the table, or an HTTP status with which the server
//! rejects a request before it does anything; a server that failed (5xx) refuses nothing. All else is unknown.

use serde_json::Value;

use super::codes::charge::{Says, ERRORS, HTTP_STATUSES};
use super::codes::{find, Row};
use super::reply::{object, text, unreadable};
use crate::abi::*;
use crate::error::Result;

/// A readable reply.
#[derive(Debug, PartialEq, Eq)]
pub struct ChargeReply {
    pub code: ChargeCode,
    pub message: Option<String>,
    /// Scalars as text, anything else as JSON, as in a reply of UPay.
    pub data: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum ChargeCode {
    Done,
    Error(String),
    /// Absent or empty, as in the document's own sample. Then only the HTTP status counts.
    None,
}

impl ChargeReply {
    pub fn read(http_status: u16, body: &[u8]) -> Result<Self> {
        Self::parse(body).ok_or_else(|| unreadable(http_status))
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let top = object(body)?;
        if !["code", "message", "data"].iter().any(|key| top.contains_key(*key)) {
            return None;
        }
        let code = match top.get("code") {
            Some(Value::Number(number)) if number.as_u64() == Some(0) => ChargeCode::Done,
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => return None,
            code => text(code).map_or(ChargeCode::None, ChargeCode::Error),
        };
        let data = top.get("data").and_then(Value::as_object).into_iter().flatten();
        Some(Self {
            code,
            message: text(top.get("message")),
            data: data.filter_map(|(key, value)| Some((key.clone(), text(Some(value))?))).collect(),
        })
    }

    /// What the reply means, and the row whose texts describe it. `None`: the outcome is unknown, and no row
    /// describes it.
    pub fn says(&self, http_status: u16) -> (Says, Option<&'static Row<Says>>) {
        let http = find(HTTP_STATUSES, &http_status.to_string());
        let server_failed = http_status >= 500;
        let row = match &self.code {
            ChargeCode::Done if http_status == 200 => http,
            _ if server_failed => http,
            // Not a reply of that gateway, or a success that contradicts its own HTTP status.
            ChargeCode::Done => None,
            _ if http.is_none() => None,
            ChargeCode::Error(code) => {
                find(ERRORS, code).or_else(|| http.filter(|_| rejects_before_work(http_status)))
            }
            ChargeCode::None => http.filter(|_| http_status != 200),
        };
        let status = if server_failed { UPAY_E_GATEWAY } else { UPAY_E_UNRESOLVED };
        let nobody_knows = Says { outcome: UPAY_OUTCOME_UNKNOWN, status };
        (row.map_or(nobody_knows, |row| row.means), row)
    }
}

/// True if the server rejected the request before it did anything, whatever the code. A business refusal (402) is not
/// among them: with an unknown code it may mean anything, such as a refund that is under way.
fn rejects_before_work(http_status: u16) -> bool {
    matches!(http_status, 400 | 401 | 403 | 404)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(http_status: u16, body: &str) -> (i32, upay_status) {
        let (says, _) = ChargeReply::read(http_status, body.as_bytes()).unwrap().says(http_status);
        (says.outcome, says.status)
    }

    #[test]
    fn done_needs_the_number_0_and_http_200() {
        assert_eq!(says(200, r#"{"code":0,"message":"suucess","data":{}}"#), (UPAY_OUTCOME_SUCCESS, UPAY_OK));
        for http_status in [0, 100, 201, 204, 302, 400, 401, 402, 403, 404, 418, 500, 503, 599] {
            assert_eq!(says(http_status, r#"{"code":0}"#).0, UPAY_OUTCOME_UNKNOWN, "{http_status}");
        }
        for code in [r#""0""#, "0.0", "-0.0", "1", "-1", "null", r#""""#, r#""SUCCESS""#] {
            assert_ne!(says(200, &format!(r#"{{"code":{code}}}"#)).0, UPAY_OUTCOME_SUCCESS, "{code}");
        }
    }

    #[test]
    fn a_known_code_decides_unless_the_server_failed() {
        for http_status in [200, 400, 401, 402, 403, 404] {
            let refused = says(http_status, r#"{"code":"refund_refused","message":"m"}"#);
            assert_eq!(refused, (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED), "{http_status}");
            let open = says(http_status, r#"{"code":"refund_pending"}"#);
            assert_eq!(open, (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED), "{http_status}");
        }
        for code in ["refund_refused", "refund_wait_operation", "unheard_of", ""] {
            for http_status in [500, 502, 505] {
                let failed = says(http_status, &format!(r#"{{"code":"{code}"}}"#));
                assert_eq!(failed, (UPAY_OUTCOME_UNKNOWN, UPAY_E_GATEWAY), "{code} {http_status}");
            }
        }
    }

    #[test]
    fn without_a_known_code_the_status_decides_as_far_as_it_can() {
        let unknown = (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED);
        for body in [r#"{"code":"","message":"failed"}"#, r#"{"message":"failed"}"#, r#"{"code":null}"#] {
            assert_eq!(says(200, body), unknown, "{body}");
            assert_eq!(says(400, body), (UPAY_OUTCOME_FAILED, UPAY_E_REQUEST), "{body}");
            assert_eq!(says(401, body), (UPAY_OUTCOME_FAILED, UPAY_E_SIGN), "{body}");
            assert_eq!(says(402, body), (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED), "{body}");
            assert_eq!(says(404, body), (UPAY_OUTCOME_UNKNOWN, UPAY_E_NO_ORDER), "{body}");
            assert_eq!(says(302, body), unknown, "{body}");
        }
        assert_eq!(says(402, r#"{"code":"unheard_of"}"#), unknown);
        assert_eq!(says(401, r#"{"code":"unheard_of"}"#), (UPAY_OUTCOME_FAILED, UPAY_E_SIGN));
    }

    #[test]
    fn what_is_no_envelope_is_unreadable() {
        for body in
            ["", "[]", "0", "{}", "{", "<html>", r#"{"result_code":"200"}"#, r#"{"code":true}"#, r#"{"code":[0]}"#]
        {
            assert_eq!(ChargeReply::read(200, body.as_bytes()).unwrap_err().status, UPAY_E_REPLY, "{body}");
            assert_eq!(ChargeReply::read(502, body.as_bytes()).unwrap_err().status, UPAY_E_GATEWAY, "{body}");
        }
    }
}
