//! Activation and check-in. An activation makes the terminal and its first key; a check-in, once a day, brings the
//! next key. Their replies have the key in `biz_response` itself or in its `data`, with a result_code or without.

use super::codes::{self, Class};
use super::field::{check, Rule, TERMINAL_KEY, TERMINAL_SN};
use super::reply::{Reply, RequestStatus};
use super::request::Body;
use crate::abi::*;
use crate::error::{Error, Result};

pub const ACTIVATE: &str = "/terminal/activate";
pub const CHECKIN: &str = "/terminal/checkin";
/// An activation code. It can be used once; the gateway's owner gives it out.
pub const CODE: Rule = Rule::Serial(64);

const SDK_VERSION: &str = concat!("libupay ", env!("CARGO_PKG_VERSION"));

/// The body of /terminal/activate, which the vendor signs.
pub fn activation(app_id: &str, code: &str, device_id: &str) -> Result<Vec<u8>> {
    body(&[("app_id", app_id), ("code", code), ("device_id", device_id)])
}

/// The body of /terminal/checkin.
pub fn checkin(terminal_sn: &str, device_id: &str) -> Result<Vec<u8>> {
    body(&[("terminal_sn", terminal_sn), ("device_id", device_id)])
}

fn body(fields: &[(&'static str, &str)]) -> Result<Vec<u8>> {
    let mut body = Body::default();
    for (name, value) in fields {
        body.text(name, value);
    }
    body.text("os_info", &format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    body.text("sdk_version", SDK_VERSION);
    body.bytes()
}

/// The terminal and its newest key.
pub struct Credentials {
    pub terminal_sn: String,
    pub terminal_key: String,
}

impl Credentials {
    /// Reads the reply to an activation or a check-in. If the reply has a key, the key is taken, unless the reply
    /// says FAIL. A key must not be lost: the activation code is used up, or the gateway forgets an older key.
    pub fn of(reply: &Reply) -> Result<Self> {
        let failed = |code: &str| matches!(codes::class(code), Class::Fail);
        if !has_a_key(reply) || reply.biz_result_code.as_deref().is_some_and(failed) {
            return Err(refusal(reply));
        }
        let own = |key: &str| reply.get(key).unwrap_or_default().to_owned();
        let credentials = Self { terminal_sn: own("terminal_sn"), terminal_key: own("terminal_key") };
        let usable = check("terminal_sn", TERMINAL_SN, &credentials.terminal_sn)
            .and_then(|()| check("terminal_key", TERMINAL_KEY, &credentials.terminal_key));
        usable.map_err(|error| Error::new(UPAY_E_REPLY, format!("the reply cannot be used: {error}")))?;
        Ok(credentials)
    }
}

/// Without its request: is this an activation's or a check-in's reply? It has a key and names no order. Some of these
/// replies have no result_code.
pub fn brings_a_key(reply: &Reply) -> bool {
    let done = |code: &str| matches!(codes::class(code), Class::Success);
    let of_order = ["sn", "client_sn", "order_status"].iter().any(|key| reply.get(key).is_some());
    has_a_key(reply) && !of_order && reply.biz_result_code.as_deref().is_none_or(done)
}

fn has_a_key(reply: &Reply) -> bool {
    let fine = reply.result_code.as_deref() == Some("200") && reply.biz_error_code.is_none();
    fine && ["terminal_sn", "terminal_key"].iter().all(|key| reply.get(key).is_some())
}

/// Why the reply has no key.
fn refusal(reply: &Reply) -> Error {
    match (reply.request_status(), reply.biz_error_code.as_deref(), reply.biz_result_code.as_deref()) {
        (RequestStatus::Refused(error), ..) => error,
        (RequestStatus::InDoubt(error), None, _) if reply.result_code.as_deref() != Some("200") => error,
        (_, Some(code), _) => Error::new(UPAY_E_REFUSED, format!("the gateway refused: {code}")),
        (_, None, Some(code)) if matches!(codes::class(code), Class::Fail) => {
            Error::new(UPAY_E_REFUSED, format!("the gateway refused: {code}"))
        }
        _ => Error::new(UPAY_E_REPLY, "the reply has no key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(body: &str) -> Result<Credentials> {
        Credentials::of(&Reply::read(200, body.as_bytes())?)
    }

    fn status(body: &str) -> upay_status {
        credentials(body).err().expect("no key").status
    }

    #[test]
    fn a_key_is_read_in_both_shapes_with_and_without_a_result_code() {
        for body in [
            r#"{"result_code":"200","biz_response":{"terminal_sn":"t","terminal_key":"k","merchant_name":"x"}}"#,
            r#"{"result_code":200,"biz_response":{"result_code":"TERMINAL_CHECKIN_SUCCESS","data":{"terminal_sn":"t","terminal_key":"k"}}}"#,
            r#"{"result_code":"200","biz_response":{"result_code":"ACTIVATE_SUCCESS","data":{"terminal_sn":"t","terminal_key":"k"}}}"#,
            r#"{"result_code":"200","biz_response":{"error_code":null,"client_sn":null,"status":1,"terminal_sn":"t","terminal_key":"k"}}"#,
            // client_sn as the merchant's own number for the terminal, a code that is in no table, and empty data.
            r#"{"result_code":"200","biz_response":{"client_sn":"till 7","terminal_sn":"t","terminal_key":"k"}}"#,
            r#"{"result_code":"200","biz_response":{"result_code":"DONE","data":{"terminal_sn":"t","terminal_key":"k"}}}"#,
            r#"{"result_code":"200","biz_response":{"terminal_sn":"t","terminal_key":"k","data":{}}}"#,
        ] {
            let credentials = credentials(body).unwrap();
            assert_eq!((credentials.terminal_sn.as_str(), credentials.terminal_key.as_str()), ("t", "k"), "{body}");
        }
    }

    #[test]
    fn what_brings_no_usable_key_says_why() {
        for (body, expected) in [
            (r#"{"result_code":"400","error_code":"ACTIVATE_FAIL"}"#, UPAY_E_REQUEST),
            (r#"{"result_code":"400","error_code":"ILLEGAL_SIGN"}"#, UPAY_E_SIGN),
            (r#"{"result_code":"500","error_code":"MAINTENANCE_INPROGRESS"}"#, UPAY_E_GATEWAY),
            (r#"{"result_code":"200","biz_response":{"terminal_sn":"t"}}"#, UPAY_E_REPLY),
            (r#"{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"X"}}"#, UPAY_E_REFUSED),
            (
                r#"{"result_code":"200","biz_response":{"result_code":"FAIL","terminal_sn":"t","terminal_key":"k"}}"#,
                UPAY_E_REFUSED,
            ),
            (r#"{"result_code":"200","biz_response":{"terminal_sn":"t","terminal_key":"a b"}}"#, UPAY_E_REPLY),
            (r#"{"result_code":"200"}"#, UPAY_E_REPLY),
        ] {
            assert_eq!(status(body), expected, "{body}");
        }
    }
}
