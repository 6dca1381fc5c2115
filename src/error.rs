//! The crate's only error type: what went wrong, and what that proves about delivery.

use std::fmt;

use crate::abi::*;

/// A status of the C ABI with one line for a programmer: English, lower case, no full stop, and no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub status: upay_status,
    pub message: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(status: upay_status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// A value that breaks its field's rule.
    pub fn value(field: &str, rule: impl fmt::Display) -> Self {
        Self::new(UPAY_E_VALUE, format!("{field}: {rule}"))
    }

    /// True if the error proves that no byte of the request has left this machine.
    pub fn not_sent(&self) -> bool {
        (100..200).contains(&self.status)
    }
}

/// A host's key as an error text may quote it: short and in plain ASCII, whatever the host passed.
pub fn printable(key: &str) -> String {
    key.chars().take(40).flat_map(char::escape_default).collect()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
