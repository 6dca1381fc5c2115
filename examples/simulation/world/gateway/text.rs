//! The text of the gateway's replies.

use std::fmt::Write;
use std::rc::Rc;

use super::order::{Kind, Order};
use super::{sn_of, World, OTHER_TERMINAL_SN, TERMINAL_SN};

/// A reply that was given.
#[derive(Debug, Clone)]
pub struct Said {
    pub path: Box<str>,
    pub order: Option<usize>,
    pub http_status: u16,
    pub body: Rc<str>,
}

impl Said {
    pub fn names_order(&self) -> bool {
        self.body.contains(r#""client_sn":"#)
    }

    /// The same reply, about an order that the till never made.
    pub fn about_another(&self) -> Option<Self> {
        let ours = format!(r#""client_sn":"order-{}""#, self.order?);
        let body = self.body.replace(&ours, r#""client_sn":"another""#);
        (*body != *self.body).then(|| Self { body: body.into(), ..self.clone() })
    }
}

/// What is odd about a reply's order.
#[derive(Default)]
pub struct Twist<'a> {
    pub lacks: &'static str,
    pub order_status: Option<&'static str>,
    pub numbers: bool,
    pub qr_code: bool,
    /// A refund's number, and its status.
    pub refund: Option<(&'a str, &'static str)>,
}

pub fn envelope(result_code: &str, data: Option<&str>) -> Rc<str> {
    match data {
        Some(data) => {
            format!(r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}","data":{data}}}}}"#)
        }
        None => format!(r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}"}}}}"#),
    }
    .into()
}

pub fn fail(code: &str) -> Rc<str> {
    fail_as("FAIL", code)
}

pub fn fail_as(result_code: &str, code: &str) -> Rc<str> {
    format!(
        r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}","error_code":"{code}","error_message":"{code}"}}}}"#
    )
    .into()
}

pub fn top(result_code: &str, error_code: &str) -> Rc<str> {
    format!(r#"{{"result_code":"{result_code}","error_code":"{error_code}","error_message":"{error_code}"}}"#).into()
}

/// The order in the fields of a reply.
fn data(n: usize, order: &Order, twist: &Twist<'_>) -> String {
    let mut text = String::with_capacity(256);
    text.push('{');
    let mut field = |name: &str, value: std::fmt::Arguments<'_>| {
        if name != twist.lacks {
            let comma = if text.len() > 1 { "," } else { "" };
            let _ = write!(text, r#"{comma}"{name}":{value}"#);
        }
    };
    field("sn", format_args!(r#""{}""#, sn_of(n)));
    field("client_sn", format_args!(r#""order-{n}""#));
    let terminal_sn = if order.kind == Kind::Elsewhere { OTHER_TERMINAL_SN } else { TERMINAL_SN };
    field("terminal_sn", format_args!(r#""{terminal_sn}""#));
    match twist.numbers {
        true => {
            field("total_amount", format_args!("{}", order.amount));
            field("payer_uid", format_args!("null"));
        }
        false => field("total_amount", format_args!(r#""{}""#, order.amount)),
    }
    field("net_amount", format_args!(r#""{}""#, order.net()));
    field("order_status", format_args!(r#""{}""#, twist.order_status.unwrap_or(order.order_status())));
    field("ctime", format_args!(r#""{}""#, order.made_ms));
    if let Some((number, status)) = twist.refund {
        field("refund_request_no", format_args!(r#""{number}""#));
        field("status", format_args!(r#""{status}""#));
    }
    if twist.qr_code {
        field("qr_code", format_args!(r#""https://qr.example/{n}""#));
    }
    text.push('}');
    text
}

impl World {
    pub fn about(&self, n: usize, result_code: &str) -> Rc<str> {
        self.about_with(n, result_code, &Twist::default())
    }

    pub fn about_with(&self, n: usize, result_code: &str, twist: &Twist<'_>) -> Rc<str> {
        match self.gateway.order(n) {
            Some(order) => envelope(result_code, Some(&data(n, order, twist))),
            None => envelope(result_code, Some("{}")),
        }
    }
}
