//! What became of an action, as far as the gateway's answers prove it.

use serde::{Deserialize, Serialize};

use crate::abi::upay_status;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    /// The gateway said so, for this very order and amount.
    Paid,
    /// Not a byte of the request left this machine; the status says why.
    NotSent(upay_status),
    /// The gateway refused. Nothing happened, or what had moved was given back.
    Refused(upay_status),
    /// Cancelled because its time was up.
    Expired,
    /// Cancelled because the cashier gave up.
    Cancelled,
    /// Cancelled or refunded in full, though nobody here asked for it.
    Returned,
    /// Paid, and a part of it given back since.
    PartlyReturned,
    /// The gateway knows no such order, though a request may still arrive: the order is watched.
    NotFound,
    /// As `NotFound`, after the cashier gave up.
    NotFoundCancelled,
    /// The gateway knew no such order for so long that no request can arrive any more.
    NeverArrived,
    /// Nobody knows: the order is watched.
    Unknown,
    /// A refund is done.
    Refunded,
    /// The gateway answered a query with the order. Says nothing about payment.
    Found,
    /// A query got no usable answer.
    NoAnswer(upay_status),
}

impl Resolution {
    /// The gateway's answer was not final: the order is asked about in the background.
    pub fn is_open(self) -> bool {
        matches!(self, Self::NotFound | Self::NotFoundCancelled | Self::Unknown)
    }
}
