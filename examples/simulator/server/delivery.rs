//! What is sent back: a page, a reply of the gateway, or a refusal.

use super::reply;
use super::scenario::Wire;
use super::sign::SignError;

const JSON: &str = "application/json;charset=UTF-8";
const HTML: &str = "text/html;charset=UTF-8";
const TEXT: &str = "text/plain;charset=UTF-8";

/// What to send, and how to mistreat it on the way.
pub struct Delivery {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    pub wire: Wire,
    /// What o'clock it is at the gateway, for the `Date` header.
    pub date_ms: Option<u64>,
    /// What the log says about the request, beyond method and path.
    pub note: String,
}

impl Delivery {
    pub fn json(body: String) -> Delivery {
        Delivery {
            status: 200,
            content_type: JSON,
            body: body.into_bytes(),
            wire: Wire::Whole,
            date_ms: None,
            note: String::new(),
        }
    }

    pub fn page(status: u16, reason: &str) -> Delivery {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{status}</h1><p>{reason}</p></body></html>\n"
        );
        Delivery {
            status,
            content_type: HTML,
            body: body.into_bytes(),
            wire: Wire::Whole,
            date_ms: None,
            note: reason.to_owned(),
        }
    }

    pub fn text(body: String) -> Delivery {
        Delivery { content_type: TEXT, ..Delivery::json(body) }
    }

    pub fn over(self, wire: Wire) -> Delivery {
        Delivery { wire, ..self }
    }

    pub fn with_status(self, status: u16) -> Delivery {
        Delivery { status, ..self }
    }

    pub fn noted(self, note: String) -> Delivery {
        Delivery { note, ..self }
    }
}

/// Why a request is answered 400: always a mistake of whoever sent it.
pub struct Refusal {
    error_code: &'static str,
    message: String,
}

impl Refusal {
    /// A field is not as it should be.
    pub fn invalid(message: String) -> Refusal {
        Refusal { error_code: "INVALID_PARAMS", message }
    }

    pub fn of_terminal(error: SignError) -> Refusal {
        match error {
            SignError::UnknownSigner => Refusal::plain("INVALID_TERMINAL"),
            SignError::Mismatch => Refusal::plain("ILLEGAL_SIGN"),
            SignError::Malformed => Refusal::header("终端号"),
        }
    }

    pub fn of_vendor(error: SignError) -> Refusal {
        match error {
            SignError::UnknownSigner | SignError::Mismatch => Refusal::plain("ILLEGAL_SIGN"),
            SignError::Malformed => Refusal::header("服务商序列号"),
        }
    }

    pub fn delivery(&self) -> Delivery {
        let Refusal { error_code, message } = self;
        Delivery::json(reply::request_error("400", error_code, message))
            .noted(format!("refused: {error_code} {message}"))
    }

    fn plain(error_code: &'static str) -> Refusal {
        Refusal { error_code, message: reply::message_of(error_code).to_owned() }
    }

    fn header(signer: &str) -> Refusal {
        Refusal {
            error_code: "ILLEGAL_SIGN", message: format!("签名首部必须为: Authorization: {signer} 签名")
        }
    }
}
