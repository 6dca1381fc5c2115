//! What one answer proves about a refund (protocol section 6). It counts only when it names the refund's number, where it
//! names one, and when the order's amounts have room for the refund, where it gives them.

use crate::abi::*;
use crate::error::Result;
use crate::flow::evidence::{agrees, refusal_of, Received};
use crate::flow::Identity;
use crate::gateway::codes::business::Refusal;
use crate::gateway::codes::OrderStatus;
use crate::gateway::reply::Reply;
use crate::gateway::request;

/// Which refund, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOf {
    pub refund_request_no: String,
    /// In fen.
    pub refund_amount: u64,
    /// What other refunds of this order had given back before this one began, in fen, where it is known.
    pub returned_before: Option<u64>,
}

impl RefundOf {
    /// The refund of the full amount that reverses the order.
    pub fn all_of(order: &Identity) -> Option<Self> {
        let refund_amount = order.total_amount.as_ref()?.parse().ok()?;
        Some(Self { refund_request_no: request::reversal_no(order), refund_amount, returned_before: None })
    }

    fn names(&self, reply: &Reply) -> Named {
        match reply.get("refund_request_no") {
            None => Named::None,
            Some(number) if number == self.refund_request_no => Named::This,
            Some(_) => Named::Another,
        }
    }

    /// Whether what was given back of the order has room for this refund.
    fn room(&self, reply: &Reply, order: &Identity) -> Room {
        let net = match (reply.get("net_amount"), reply.order_status()) {
            (Some(net), _) => net,
            (None, OrderStatus::Refunded) => "0",
            (None, _) => return Room::Unknown,
        };
        let total = reply.get("total_amount").or(order.total_amount.as_deref());
        let (Some(Ok(total)), Ok(net)) = (total.map(str::parse::<u64>), net.parse::<u64>()) else {
            return Room::Unknown;
        };
        let returned = total.saturating_sub(net);
        if returned >= self.refund_amount.saturating_add(self.returned_before.unwrap_or(0)) {
            Room::Enough
        } else {
            Room::TooLittle
        }
    }
}

enum Named {
    None,
    This,
    Another,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Enough,
    TooLittle,
    /// The reply does not give the amounts.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundEvidence {
    /// This very refund has given the money back.
    Done,
    /// The gateway says "done" in a reply that does not prove it.
    SaidDone,
    /// The gateway works on it.
    UnderWay,
    /// Money was given back, by this refund or by another.
    GivenBack(Room),
    /// The gateway names this refund, without a clear success.
    OtherEnd,
    /// The gateway names a refund of this number, and less was given back than this refund's amount.
    Smaller,
    /// The order as it would be without this refund.
    Without,
    /// A refund of this number is there already: somebody's.
    There,
    /// The gateway itself does not know.
    Error,
    /// Nothing happened by this request.
    Refused(upay_status),
    NotSent(upay_status),
    NoAnswer(upay_status),
}

impl RefundEvidence {
    /// Of the answer to /refund.
    pub fn of_refund(heard: &Result<Reply>, order: &Identity, request: Option<&RefundOf>) -> Self {
        match Received::of(heard, order) {
            Received::Answer(reply) => Self::of_refund_reply(reply, order, request),
            Received::OtherOrder(_) | Received::OtherNumber => Self::NoAnswer(UPAY_E_REPLY),
            Received::Refused(status) => Self::Refused(status),
            Received::InDoubt(status) => Self::NoAnswer(status),
            Received::NotSent(status) => Self::NotSent(status),
        }
    }

    /// Without its request, the reply is held against itself alone.
    pub fn of_refund_reply(reply: &Reply, order: &Identity, request: Option<&RefundOf>) -> Self {
        let named = request.map_or(Named::None, |request| request.names(reply));
        let room = request.map_or(Room::Unknown, |request| request.room(reply, order));
        match reply.biz_result_code.as_deref().unwrap_or_default() {
            "REFUND_SUCCESS" => match named {
                Named::Another => Self::NoAnswer(UPAY_E_REPLY),
                Named::This | Named::None => {
                    let agrees = agrees(reply, &[OrderStatus::Refunded, OrderStatus::PartialRefunded]);
                    if reply.is_about(order) && agrees && room != Room::TooLittle {
                        Self::Done
                    } else {
                        Self::SaidDone
                    }
                }
            },
            "REFUND_IN_PROGRESS" => Self::UnderWay,
            "REFUND_ERROR" => Self::Error,
            "FAIL" | "REFUND_FAIL" => match refusal_of(reply) {
                Refusal::RefundThere => Self::There,
                // Of an order that was sold here and is known to be paid, "no such order" contradicts itself.
                Refusal::NoOrder | Refusal::NoTrade if order.total_amount.is_some() => {
                    Self::NoAnswer(UPAY_E_NO_ORDER)
                }
                Refusal::System => Self::NoAnswer(UPAY_E_REPLY),
                // A refusal in a reply that calls the refund under way, or the order's state unknown.
                _ if !agrees(reply, &AT_REST) => Self::NoAnswer(UPAY_E_REPLY),
                _ => Self::Refused(UPAY_E_REFUSED),
            },
            _ => Self::NoAnswer(UPAY_E_REPLY),
        }
    }

    /// Of the answer to a query with the refund's number.
    pub fn of_query(heard: &Result<Reply>, order: &Identity, request: &RefundOf) -> Self {
        let reply = match Received::of(heard, order) {
            Received::Answer(reply) => reply,
            Received::OtherOrder(_) | Received::OtherNumber => return Self::NoAnswer(UPAY_E_REPLY),
            Received::Refused(status) | Received::InDoubt(status) | Received::NotSent(status) => {
                return Self::NoAnswer(status)
            }
        };
        if reply.biz_result_code.as_deref() != Some("SUCCESS") || !reply.is_about(order) {
            return Self::NoAnswer(UPAY_E_REPLY);
        }
        let room = request.room(reply, order);
        match (reply.order_status(), request.names(reply), room) {
            (OrderStatus::Refunded | OrderStatus::PartialRefunded, Named::This, _) => {
                match (reply.get("status"), room) {
                    (_, Room::TooLittle) => Self::Smaller,
                    (Some("SUCCESS"), _) => Self::Done,
                    (Some(_), _) => Self::OtherEnd,
                    (None, room) => Self::GivenBack(room),
                }
            }
            (OrderStatus::Refunded | OrderStatus::PartialRefunded, _, Room::TooLittle) => Self::Without,
            (OrderStatus::Refunded | OrderStatus::PartialRefunded, Named::Another, _) => Self::NoAnswer(UPAY_E_REPLY),
            (OrderStatus::Refunded | OrderStatus::PartialRefunded, Named::None, room) => Self::GivenBack(room),
            // Paid in full by its status, and given back by its amounts.
            (OrderStatus::Paid, _, Room::Enough) => Self::NoAnswer(UPAY_E_REPLY),
            (OrderStatus::Paid, Named::This, _) if reply.get("status") == Some("SUCCESS") => Self::OtherEnd,
            (OrderStatus::Paid | OrderStatus::Canceled | OrderStatus::PayCanceled, ..) => Self::Without,
            (OrderStatus::Moving, ..) => Self::UnderWay,
            (OrderStatus::Open | OrderStatus::Error | OrderStatus::Unheard, ..) => Self::NoAnswer(UPAY_E_UNRESOLVED),
        }
    }
}

/// Nothing is under way for the order.
const AT_REST: [OrderStatus; 5] = [
    OrderStatus::Paid,
    OrderStatus::PartialRefunded,
    OrderStatus::Refunded,
    OrderStatus::Canceled,
    OrderStatus::PayCanceled,
];
