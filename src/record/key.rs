//! Which order, or which refund of an order, a record is about.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderKey {
    /// An order by the host's number.
    ClientSn(String),
    /// An order that is known by the gateway's number alone.
    Sn(String),
    /// A refund: its order, and its `refund_request_no`.
    Refund(Box<OrderKey>, String),
}

impl OrderKey {
    pub fn refund(order: &OrderKey, refund_request_no: &str) -> Self {
        Self::Refund(Box::new(order.clone()), refund_request_no.to_owned())
    }

    /// The order itself, also for a refund of it.
    pub fn order(&self) -> &OrderKey {
        match self {
            Self::Refund(order, _) => order.order(),
            order => order,
        }
    }

    pub fn client_sn(&self) -> Option<&str> {
        match self.order() {
            Self::ClientSn(client_sn) => Some(client_sn),
            _ => None,
        }
    }

    pub fn sn(&self) -> Option<&str> {
        match self.order() {
            Self::Sn(sn) => Some(sn),
            _ => None,
        }
    }

    pub fn refund_request_no(&self) -> Option<&str> {
        match self {
            Self::Refund(_, refund_request_no) => Some(refund_request_no),
            _ => None,
        }
    }

    pub fn is_refund(&self) -> bool {
        matches!(self, Self::Refund(..))
    }

    /// The key as one line of text, another one for each key: no number holds white space.
    pub fn text(&self) -> String {
        match self {
            Self::ClientSn(client_sn) => format!("client_sn {client_sn}"),
            Self::Sn(sn) => format!("sn {sn}"),
            Self::Refund(order, refund_request_no) => format!("{} refund {refund_request_no}", order.text()),
        }
    }
}

/// For the log: the order's number, and the refund's.
impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientSn(client_sn) => f.write_str(client_sn),
            Self::Sn(sn) => write!(f, "sn {sn}"),
            Self::Refund(order, refund_request_no) => write!(f, "{order} refund {refund_request_no}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_have_the_same_text() {
        let order = |client_sn: &str| OrderKey::ClientSn(client_sn.to_owned());
        let keys = [
            order("sn"),
            order("5"),
            OrderKey::Sn("5".into()),
            OrderKey::refund(&order("sn"), "5"),
            OrderKey::refund(&OrderKey::Sn("sn".into()), "5"),
            OrderKey::refund(&order("5"), "sn"),
        ];
        for (n, key) in keys.iter().enumerate() {
            assert!(keys[..n].iter().all(|other| other.text() != key.text()), "{key:?}");
        }
    }
}
