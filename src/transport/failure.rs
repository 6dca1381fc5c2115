//! What an error proves: its status and its text.
//!
//! Whether the request was sent is decided by the progress alone, never by the kind of the error. The text names the
//! place and the reason. It contains nothing of the request, the reply or the proxy's password.

use super::progress::{ExchangePhase, Progress, Stop};
use super::REPLY_BYTES_MAX;
use crate::abi::{
    UPAY_E_CONNECT, UPAY_E_INTERRUPTED, UPAY_E_NO_REPLY, UPAY_E_PROXY, UPAY_E_REPLY, UPAY_E_RESOLVE, UPAY_E_TLS,
};
use crate::error::Error;
use rustls::CertificateError;
use std::io;

pub(super) fn of(error: ureq::Error, progress: &Progress, server: &str) -> Error {
    if !progress.may_be_sent() {
        return not_sent(&error, progress);
    }
    let (status, why) = match progress.stop() {
        Some(Stop::Deadline) => (UPAY_E_NO_REPLY, "not complete in time".to_owned()),
        Some(Stop::Interrupt) => (UPAY_E_INTERRUPTED, Stop::Interrupt.to_string()),
        None => in_doubt(&error, progress),
    };
    Error::new(status, format!("reply from {server}: {why}"))
}

pub(super) fn too_long(server: &str) -> Error {
    Error::new(UPAY_E_REPLY, format!("reply from {server}: longer than {REPLY_BYTES_MAX} bytes"))
}

pub(super) fn of_panic(server: &str) -> Error {
    Error::new(UPAY_E_INTERRUPTED, format!("reply from {server}: the library panicked during the exchange"))
}

fn not_sent(error: &ureq::Error, progress: &Progress) -> Error {
    let status = match progress.phase() {
        ExchangePhase::Lookup => UPAY_E_RESOLVE,
        ExchangePhase::Connect => UPAY_E_CONNECT,
        ExchangePhase::Tls => UPAY_E_TLS,
        ExchangePhase::Proxy => UPAY_E_PROXY,
    };
    Error::new(status, format!("{}: {}", progress.place(), reason(error)))
}

/// The connection broke, or what arrived is not a reply.
fn in_doubt(error: &ureq::Error, progress: &Progress) -> (i32, String) {
    match error {
        ureq::Error::Protocol(_) => (UPAY_E_REPLY, reason(error)),
        // The input buffer is full, and the head or the chunk header in it has no end.
        ureq::Error::Io(end) if end.kind() == io::ErrorKind::UnexpectedEof && !progress.was_closed() => {
            (UPAY_E_REPLY, "the head is too long".to_owned())
        }
        ureq::Error::Io(_) => (UPAY_E_INTERRUPTED, reason(error)),
        _ if progress.was_closed() => (UPAY_E_INTERRUPTED, "connection closed".to_owned()),
        _ => (UPAY_E_REPLY, reason(error)),
    }
}

fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => io_reason(error),
        ureq::Error::Protocol(_) => "not an http reply".to_owned(),
        ureq::Error::ConnectProxyFailed(why) => match status_in(why) {
            Some(status) => format!("refused the tunnel with http status {status}"),
            None => "connection closed".to_owned(),
        },
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => "the request is not valid http".to_owned(),
        _ => "the reply cannot be read".to_owned(),
    }
}

/// The HTTP status, three digits, within ureq's sentence.
fn status_in(sentence: &str) -> Option<&str> {
    sentence.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 3)
}

/// The standard library's text for an operating system error without a kind of its own. That kind has no stable name.
const UNNAMED: &str = "uncategorized error";

/// The reason in the standard library's words, which are the same on every system and in every language.
fn io_reason(error: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, TimedOut, UnexpectedEof, WouldBlock, WriteZero};
    if let Some(inner) = error.get_ref() {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return tls_reason(tls);
        }
        if error.kind() == io::ErrorKind::Other {
            return inner.to_string();
        }
    }
    match (error.kind(), error.raw_os_error()) {
        (UnexpectedEof | BrokenPipe | WriteZero | ConnectionAborted, _) => "connection closed".to_owned(),
        (TimedOut | WouldBlock, _) => Stop::Deadline.to_string(),
        (kind, Some(code)) if kind.to_string() == UNNAMED => format!("os error {code}"),
        (kind, _) => kind.to_string(),
    }
}

fn tls_reason(error: &rustls::Error) -> String {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage};
    let reason = match error {
        InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => "the certificate is not trusted",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired, or the clock is wrong"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet, or the clock is wrong"
            }
            CertificateError::Revoked => "the certificate is revoked",
            _ => "the certificate is not acceptable",
        },
        InvalidMessage(_) => "the server does not speak tls",
        AlertReceived(alert) => return format!("refused by the server: {alert:?}").to_lowercase(),
        _ => "tls failed",
    };
    reason.to_owned()
}
