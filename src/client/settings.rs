//! The settings of a client: one row each, with the rule that its value must keep.

use std::path::PathBuf;
use std::time::Duration;

use crate::abi::*;
use crate::error::{printable, Error, Result};
use crate::event::Encoding;
use crate::flow::limits::{Limits, Pauses};
use crate::gateway::field::{self, Rule};
use crate::transport;

pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    kind: SettingKind,
    /// Can be set, never read back.
    pub secret: bool,
}

enum SettingKind {
    Field(Rule),
    /// Scheme, host and port; nothing behind.
    Domain,
    Proxy,
    Path,
    OneOf(&'static [&'static str]),
    Number(u64, u64),
    Pauses,
}

const fn row(name: &'static str, default: &'static str, kind: SettingKind) -> Setting {
    Setting { name, default, kind, secret: false }
}

const fn secret(name: &'static str, kind: SettingKind) -> Setting {
    Setting { name, default: "", kind, secret: true }
}

const ENCODINGS: &[&str] = &["utf-8", "gbk", "gb18030"];
const LANGUAGES: &[&str] = &["zh", "en"];
const CANCEL_PATHS: &[&str] = &["cancel", "revoke"];
const SWITCH: &[&str] = &["on", "off"];

/// Every key of a client. An empty default: not set.
pub const SETTINGS: &[Setting] = &[
    row("api_domain", "https://vsi-api.shouqianba.com", SettingKind::Domain),
    row("terminal_sn", "", SettingKind::Field(field::TERMINAL_SN)),
    secret("terminal_key", SettingKind::Field(field::TERMINAL_KEY)),
    row("vendor_sn", "", SettingKind::Field(Rule::Ascii(32))),
    secret("vendor_key", SettingKind::Field(Rule::Ascii(128))),
    row("app_id", "", SettingKind::Field(Rule::Serial(64))),
    row("device_id", "", SettingKind::Field(Rule::Text(128))),
    row("auto_checkin", "on", SettingKind::OneOf(SWITCH)),
    row("state_dir", "", SettingKind::Path),
    row("cancel_path", "cancel", SettingKind::OneOf(CANCEL_PATHS)),
    row("operator", "cashier", SettingKind::Field(Rule::Text(32))),
    row("encoding", "utf-8", SettingKind::OneOf(ENCODINGS)),
    row("language", "zh", SettingKind::OneOf(LANGUAGES)),
    row("connect_timeout_ms", "5000", SettingKind::Number(1, 60_000)),
    row("reply_timeout_ms", "15000", SettingKind::Number(1, 120_000)),
    row("pay_reply_timeout_ms", "50000", SettingKind::Number(1, 120_000)),
    row("poll", "2000*15,5000", SettingKind::Pauses),
    row("pay_timeout_ms", "60000", SettingKind::Number(1, 3_600_000)),
    row("precreate_timeout_ms", "240000", SettingKind::Number(1, 3_600_000)),
    row("cancel_timeout_ms", "30000", SettingKind::Number(1, 3_600_000)),
    row("not_found_grace_ms", "6000", SettingKind::Number(1, 600_000)),
    row("watch", "30000,60000,300000", SettingKind::Pauses),
    row("proxy", "", SettingKind::Proxy),
    row("ca_file", "", SettingKind::Path),
    row("in_flight_max", "8", SettingKind::Number(2, 256)),
    row("journal_days", "90", SettingKind::Number(1, 36_500)),
];

/// What a client was told so far, as text.
#[derive(Clone)]
pub struct Values(Vec<String>);

impl Default for Values {
    fn default() -> Self {
        Self(SETTINGS.iter().map(|setting| setting.default.to_owned()).collect())
    }
}

impl Values {
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let index = index(key)?;
        let setting = &SETTINGS[index];
        // An empty value takes an optional setting back.
        if !(value.is_empty() && setting.default.is_empty()) {
            check(setting, value)?;
        }
        self.0[index] = value.to_owned();
        Ok(())
    }

    pub fn get(&self, key: &str) -> Result<&str> {
        let index = index(key)?;
        if SETTINGS[index].secret {
            return Err(Error::new(UPAY_E_KEY, format!("{key}: can be set, never read back")));
        }
        Ok(&self.0[index])
    }

    fn text(&self, key: &str) -> String {
        SETTINGS
            .iter()
            .zip(&self.0)
            .find(|(setting, _)| setting.name == key)
            .map_or_else(String::new, |(_, value)| value.clone())
    }

    fn needed(&self, key: &str) -> Result<String> {
        let text = self.text(key);
        if text.is_empty() {
            return Err(Error::new(UPAY_E_MISSING, format!("{key}: is needed and not set")));
        }
        Ok(text)
    }

    /// "" when it is not set: the state directory may have one.
    pub fn terminal_key(&self) -> String {
        self.text("terminal_key")
    }

    pub fn has_terminal(&self) -> bool {
        !self.text("terminal_sn").is_empty()
    }

    pub fn found(&mut self, terminal_sn: &str) -> Result<()> {
        self.set("terminal_sn", terminal_sn)
    }

    /// The terminal that an activation made. The vendor's key has done its work.
    pub fn activated(&mut self, terminal_sn: &str, terminal_key: &str) -> Result<()> {
        self.set("terminal_sn", terminal_sn)?;
        self.set("terminal_key", terminal_key)?;
        self.set("vendor_key", "")
    }

    pub fn state_dir(&self) -> Option<PathBuf> {
        self.path("state_dir")
    }

    pub fn activation(&self) -> Result<Activation> {
        Ok(Activation {
            vendor_sn: self.needed("vendor_sn")?,
            vendor_key: self.needed("vendor_key")?,
            app_id: self.needed("app_id")?,
            device_id: self.needed("device_id")?,
            reply_timeout: self.duration("reply_timeout_ms"),
            state_dir: self.state_dir(),
        })
    }

    pub fn transport(&self) -> transport::Options {
        transport::Options {
            api_domain: self.text("api_domain").trim_end_matches('/').to_owned(),
            connect_timeout: self.duration("connect_timeout_ms"),
            proxy: Some(self.text("proxy")).filter(|proxy| !proxy.is_empty()),
            ca_file: self.path("ca_file"),
        }
    }

    fn number(&self, key: &str) -> u64 {
        self.text(key).parse().unwrap_or(0)
    }

    fn duration(&self, key: &str) -> Duration {
        Duration::from_millis(self.number(key))
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        Some(self.text(key)).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    fn pauses(&self, key: &str) -> Result<Pauses> {
        Pauses::parse(&self.text(key)).map_err(|rule| Error::value(key, rule))
    }

    pub fn encoding(&self) -> Encoding {
        Encoding::named(&self.text("encoding"))
    }

    pub fn settings(&self) -> Result<Settings> {
        Ok(Settings {
            terminal_sn: self.needed("terminal_sn")?,
            device_id: Some(self.text("device_id")).filter(|id| !id.is_empty()),
            auto_checkin: self.text("auto_checkin") == "on",
            state_dir: self.path("state_dir"),
            revoke: self.text("cancel_path") == "revoke",
            operator: self.text("operator"),
            encoding: self.encoding(),
            chinese: self.text("language") == "zh",
            reply_timeout: self.duration("reply_timeout_ms"),
            pay_reply_timeout: self.duration("pay_reply_timeout_ms"),
            limits: Limits {
                poll: self.pauses("poll")?,
                pay_timeout: self.number("pay_timeout_ms"),
                precreate_timeout: self.number("precreate_timeout_ms"),
                cancel_timeout: self.number("cancel_timeout_ms"),
                not_found_grace: self.number("not_found_grace_ms"),
                watch: self.pauses("watch")?,
            },
            in_flight_max: self.number("in_flight_max") as usize,
            journal_days: self.number("journal_days"),
        })
    }
}

/// The settings of a client that has started.
pub struct Settings {
    pub terminal_sn: String,
    pub device_id: Option<String>,
    pub auto_checkin: bool,
    pub state_dir: Option<PathBuf>,
    /// Cancels go to /upay/v2/revoke.
    pub revoke: bool,
    pub operator: String,
    pub encoding: Encoding,
    pub chinese: bool,
    pub reply_timeout: Duration,
    pub pay_reply_timeout: Duration,
    pub limits: Limits,
    pub in_flight_max: usize,
    pub journal_days: u64,
}

/// What an activation needs.
pub struct Activation {
    pub vendor_sn: String,
    pub vendor_key: String,
    pub app_id: String,
    pub device_id: String,
    pub reply_timeout: Duration,
    pub state_dir: Option<PathBuf>,
}

fn index(key: &str) -> Result<usize> {
    let index = SETTINGS.iter().position(|setting| setting.name == key);
    index.ok_or_else(|| Error::new(UPAY_E_KEY, format!("no setting is called {}", printable(key))))
}

fn check(setting: &Setting, value: &str) -> Result<()> {
    let rule = |rule: &dyn std::fmt::Display| Err(Error::value(setting.name, rule));
    match &setting.kind {
        SettingKind::Field(kind) => field::check(setting.name, *kind, value),
        SettingKind::Domain => domain(value).or_else(|text| rule(&text)),
        SettingKind::Proxy => proxy(value).or_else(|text| rule(&text)),
        SettingKind::Path if !value.is_empty() && value.len() <= 4096 && !value.contains('\0') => Ok(()),
        SettingKind::Path => rule(&"must be a path of 1 to 4096 bytes"),
        SettingKind::OneOf(names) if names.contains(&value) => Ok(()),
        SettingKind::OneOf(names) => rule(&format_args!("must be one of {}", names.join(", "))),
        SettingKind::Number(min, max) => match value.parse::<u64>() {
            Ok(number) if (*min..=*max).contains(&number) && !value.starts_with('+') => Ok(()),
            _ => rule(&format_args!("must be a whole number from {min} to {max}")),
        },
        SettingKind::Pauses => match Pauses::parse(value) {
            Ok(_) => Ok(()),
            Err(text) => rule(&text),
        },
    }
}

fn domain(value: &str) -> std::result::Result<(), &'static str> {
    let (secure, rest) = match (value.strip_prefix("https://"), value.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err("must start with https:// (http:// is for loopback addresses)"),
    };
    let host = authority(rest.strip_suffix('/').unwrap_or(rest))
        .ok_or("must be https://host or https://host:port and nothing behind")?;
    if !secure && !is_loopback(host) {
        return Err("must be https:// unless the host is a loopback address");
    }
    Ok(())
}

fn proxy(value: &str) -> std::result::Result<(), &'static str> {
    const RULE: &str = "must be http://host:port or http://user:password@host:port";
    let rest = value.strip_prefix("http://").ok_or(RULE)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let place = match rest.rsplit_once('@') {
        Some((user, place)) if user.bytes().all(|b| b.is_ascii_graphic() && b != b'/') => place,
        Some(_) => return Err(RULE),
        None => rest,
    };
    authority(place).map(drop).ok_or(RULE)
}

/// `host` or `host:port`; gives the host.
fn authority(text: &str) -> Option<&str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(v6) => {
            let (host, behind) = v6.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, behind)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let named = !host.is_empty() && host.len() <= 253;
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b));
    let port_ok = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| matches!(port.parse::<u16>(), Ok(1..)) && !port.starts_with('+'));
    (named && plain && port_ok).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: &str) -> upay_status {
        Values::default().set(key, value).map_or_else(|error| error.status, |()| UPAY_OK)
    }

    #[test]
    fn every_default_keeps_its_own_rule() {
        for setting in SETTINGS.iter().filter(|setting| !setting.default.is_empty()) {
            check(setting, setting.default).unwrap();
        }
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for good in [
            "http://127.0.0.1:8750",
            "http://localhost:1",
            "http://[::1]:80/",
            "https://vsi-api.shouqianba.com",
            "https://h:443/",
        ] {
            assert_eq!(set("api_domain", good), UPAY_OK, "{good}");
        }
        for bad in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "ftp://h",
            "https://",
            "https://h/path",
            "https://h:0",
            "https://u@h",
            "https://h:99999",
            "",
            "http://[::2]",
        ] {
            assert_eq!(set("api_domain", bad), UPAY_E_VALUE, "{bad}");
        }
    }

    #[test]
    fn a_setting_out_of_range_is_refused_and_an_unknown_one_has_no_key() {
        assert_eq!(set("in_flight_max", "0"), UPAY_E_VALUE);
        assert_eq!(set("in_flight_max", "8.5"), UPAY_E_VALUE);
        assert_eq!(set("poll", "fast"), UPAY_E_VALUE);
        assert_eq!(set("language", "fr"), UPAY_E_VALUE);
        assert_eq!(set("nonsense", "1"), UPAY_E_KEY);
        assert_eq!(set("proxy", "http://user:p@ss@127.0.0.1:3128"), UPAY_OK);
        assert_eq!(set("proxy", "127.0.0.1:3128"), UPAY_E_VALUE);
    }

    #[test]
    fn secrets_are_set_and_never_read_back() {
        let mut values = Values::default();
        values.set("terminal_key", "68d499beda5f72116592f5c527465656").unwrap();
        assert_eq!(values.get("terminal_key").unwrap_err().status, UPAY_E_KEY);
    }
}
