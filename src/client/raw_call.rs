//! Which requests of the host's own making may be sent: what the gateway adds, and this library does not know.

use crate::error::{Error, Result};
use crate::gateway::request::Call;
use crate::gateway::terminal::{ACTIVATE, CHECKIN};

const PATH_BYTES_MAX: usize = 128;

/// What is recorded and guarded has functions of its own: sent from here, a payment could go out twice, and a new key
/// would be lost.
const GUARDED: &[(&str, &str)] = &[
    (Call::Pay.path(), "upay_order_pay"),
    (Call::Precreate.path(), "upay_order_precreate"),
    (ACTIVATE, "upay_client_activate"),
    (CHECKIN, "upay_client_checkin"),
];

pub fn check_path(path: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let segments = || path.split('/').skip(1);
    let fine = path.starts_with('/') && path.len() <= PATH_BYTES_MAX && path.bytes().all(plain);
    if !fine || segments().any(|segment| segment.is_empty() || segment.bytes().all(|byte| byte == b'.')) {
        let rule = format_args!(
            "must be /name/name..., of letters, digits, - _ and . in each name, and at most {PATH_BYTES_MAX} bytes"
        );
        return Err(Error::value("path", rule));
    }
    // Some servers take what follows a point for a format: "pay.json" is "pay" to them.
    let name_at = path.rfind('/').unwrap_or_default();
    let bare = path[name_at..].find('.').map_or(path, |point| &path[..name_at + point]);
    match GUARDED.iter().find(|(guarded, _)| guarded.eq_ignore_ascii_case(bare)) {
        Some((_, function)) => Err(Error::value("path", format_args!("has a function of its own: {function}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::UPAY_E_VALUE;

    #[test]
    fn what_is_guarded_cannot_be_called_in_any_spelling() {
        for path in [
            "/upay/v2/pay",
            "/Upay/v2/pay",
            "/UPAY/V2/PAY",
            "/upay/v2/pay.json",
            "/upay/v2/precreate",
            "/terminal/checkin.",
        ] {
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
