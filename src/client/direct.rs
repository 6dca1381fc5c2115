//! A request of the host's own making, signed and sent once: for what the gateway adds and this library does not know.

use std::time::Instant;

use super::event::Event;
use super::fields::Fields;
use super::keyring::Repeat;
use super::terminal::Terminal;
use crate::abi::*;
use crate::error::{Error, Result};
use crate::flow;
use crate::gateway::reply::Reply;
use crate::gateway::request::{self, Call};
use crate::gateway::terminal::{ACTIVATE, CHECKIN};
use crate::log;
use crate::transport::Exchange;

const PATH_BYTES_MAX: usize = 128;

/// What is recorded and guarded has functions of its own: sent from here, a payment could go out twice, and a new key
/// would be lost.
const GUARDED: &[(&str, &str)] = &[
    (Call::Pay.path(), "upay_order_pay"),
    (Call::Precreate.path(), "upay_order_precreate"),
    (ACTIVATE, "upay_client_activate"),
    (CHECKIN, "upay_client_checkin"),
];

impl Terminal {
    /// Blocks until the gateway has answered, or until `until`. Any reply that can be read is an event.
    pub fn call(&self, path: &str, json: &str, until: Option<Instant>) -> Result<Event> {
        check_path(path)?;
        if !request::is_object(json) {
            return Err(Error::value("json", "must be a JSON object"));
        }
        let call = self.interruptible()?;
        let reply = self.keyring.signed(json.as_bytes(), Repeat::WithOtherKey, |authorization| {
            let exchange = Exchange {
                path,
                authorization,
                body: json.as_bytes(),
                reply_timeout: self.settings.reply_timeout,
                until,
                fresh: true,
            };
            let answer = self.transport.exchange(&exchange, call.interrupt())?;
            Reply::read(answer.http_status, &answer.body)
        });
        log::debug(format_args!("{path}: {}", reply.as_ref().map_or_else(|error| error.status, |_| UPAY_OK)));
        let reply = reply?;
        let (verdict, words) = flow::read::of_call(&reply);
        let mut fields = Fields::default();
        fields.add_reply(&reply);
        Ok(Event::of_call(verdict, words, fields, &self.outlet))
    }
}

fn check_path(path: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let segments = || path.split('/').skip(1);
    let fine = path.starts_with('/') && path.len() <= PATH_BYTES_MAX && path.bytes().all(plain);
    if !fine || segments().any(|segment| segment.is_empty() || segment.bytes().all(|byte| byte == b'.')) {
        let rule = format_args!(
            "must be /name/name..., of letters, digits, - _ and . in each name, and at most {PATH_BYTES_MAX} bytes"
        );
        return Err(Error::value("path", rule));
    }
    match GUARDED.iter().find(|(guarded, _)| guarded.eq_ignore_ascii_case(path)) {
        Some((_, function)) => Err(Error::value("path", format_args!("has a function of its own: {function}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guarded_cannot_be_called_in_any_spelling() {
        for path in ["/upay/v2/pay", "/Upay/v2/pay", "/UPAY/V2/PAY", "/upay/v2/precreate", "/terminal/checkin"] {
            assert!(check_path(path).unwrap_err().message.contains("a function of its own"), "{path}");
        }
        for path in [
            "",
            "upay/v2/pay",
            "//upay/v2/pay",
            "/upay//v2/pay",
            "/upay/v2/pay/",
            "/upay/v2/./pay",
            "/upay/v2/%70ay",
            "/upay/v2/pay?x",
            "/upay/v2/pay#x",
            "/upay/x/../v2/pay",
            "/a b",
            "http://h/upay/v2/pay",
        ] {
            assert_eq!(check_path(path).unwrap_err().status, UPAY_E_VALUE, "{path}");
        }
        for path in ["/upay/v2/deposit", "/upay/v3/pay", "/echo/a-b_c.d"] {
            check_path(path).unwrap();
        }
    }
}
