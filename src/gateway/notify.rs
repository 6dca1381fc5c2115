//! Reads a notification: what the gateway posts to an order's `notify_url`, the order as one flat JSON object. The
//! caller checks the signature first.

use serde_json::Value;

use super::codes::Means;
use super::json;
use super::reply::{text, Reply};
use crate::abi::*;
use crate::error::{Error, Result};

/// The same limit as for the gateway's replies.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The order in the form of a reply.
pub fn read(body: &[u8]) -> Result<Reply> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let Some(Value::Object(order)) = json::read(body) else {
        return Err(Error::new(
            UPAY_E_REPLY,
            "the notification is signed but is not a JSON object without duplicate members",
        ));
    };
    let data = order.iter().filter_map(|(key, value)| Some((key.clone(), text(Some(value))?)));
    Ok(Reply { data: data.collect(), ..Reply::default() })
}

/// Outcome and status of the payment. After a partial refund the outcome is unknown: the order is neither "paid" nor
/// is "nothing owed".
pub fn verdict(order: &Reply) -> (i32, upay_status) {
    let outcome = order.order_status().outcome();
    let status = match outcome {
        UPAY_OUTCOME_FAILED => UPAY_E_CANCELLED,
        UPAY_OUTCOME_UNKNOWN => UPAY_E_UNRESOLVED,
        _ => UPAY_OK,
    };
    (outcome, status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paid_is_a_success() {
        let outcome = |status: &str| {
            let body = format!(r#"{{"client_sn":"c","order_status":{status}}}"#);
            verdict(&read(body.as_bytes()).unwrap()).0
        };
        assert_eq!(outcome(r#""PAID""#), UPAY_OUTCOME_SUCCESS);
        for returned in ["CANCELED", "PAY_CANCELED", "REFUNDED"] {
            assert_eq!(outcome(&format!("{returned:?}")), UPAY_OUTCOME_FAILED);
        }
        for open in ["CREATED", "CANCEL_INPROGRESS", "REFUND_INPROGRESS"] {
            assert_eq!(outcome(&format!("{open:?}")), UPAY_OUTCOME_PENDING);
        }
        for unclear in [
            r#""PAY_ERROR""#,
            r#""PARTIAL_REFUNDED""#,
            r#""paid""#,
            r#""PAID ""#,
            r#""""#,
            "null",
            "1",
            r#"["PAID"]"#,
        ] {
            assert_eq!(outcome(unclear), UPAY_OUTCOME_UNKNOWN, "{unclear}");
        }
        assert_eq!(verdict(&read(b"{}").unwrap()).0, UPAY_OUTCOME_UNKNOWN);
    }

    const TWICE: &str = r#"{"order_status":"CREATED","order_status":"PAID"}"#;

    #[test]
    fn what_is_not_an_object_is_unreadable() {
        for body in ["", "{", "[]", "null", "\"PAID\"", "order_status=PAID", "{} {}", TWICE] {
            assert_eq!(read(body.as_bytes()).unwrap_err().status, UPAY_E_REPLY, "{body}");
        }
    }
}
