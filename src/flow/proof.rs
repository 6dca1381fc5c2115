//! What an answer proves about an order. An answer that speaks of another order proves nothing, and a status is proof
//! only in a reply that names the order.

use super::*;
use crate::gateway::codes::business::{self, Refusal};
use crate::gateway::codes::{self, is_order_not_exists, Class, OrderStatus};
use crate::gateway::reply::RequestStatus;

/// What an exchange came to, for this order.
pub enum Answer<'a> {
    /// Answered, and nothing in it speaks of another order.
    Order(&'a Reply),
    /// Our number, but another amount or terminal: the order is not the one that we mean, and must not be touched.
    OtherOrder,
    /// The gateway took nothing from the request.
    Refused(upay_status),
    /// In doubt.
    Nothing(upay_status),
    NotSent(upay_status),
}

pub fn answer<'a>(heard: &'a Result<Reply>, order: &Identity) -> Answer<'a> {
    let reply = match heard {
        Err(error) if error.not_sent() => return Answer::NotSent(error.status),
        Err(error) => return Answer::Nothing(error.status),
        Ok(reply) => reply,
    };
    match reply.request_status() {
        RequestStatus::Refused(error) => Answer::Refused(error.status),
        RequestStatus::InDoubt(error) => Answer::Nothing(error.status),
        RequestStatus::Answered if reply.fits(order) => Answer::Order(reply),
        RequestStatus::Answered if reply.is_about(order) => Answer::OtherOrder,
        RequestStatus::Answered => Answer::Nothing(UPAY_E_REPLY),
    }
}

/// FAIL with a code that speaks of an order which is there already: that order, under our number, has to be asked about.
pub fn is_there_already(reply: &Reply) -> bool {
    refusal_of(reply) == Refusal::OrderThere
}

/// What the answer to a query or to a cancel proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Final(Fate),
    /// The gateway knows no such order; one such answer is not proof.
    Absent,
    /// Not paid yet, and still payable.
    Open,
    /// Under way at the gateway, or unheard of.
    Moving,
    /// Paid; whether that is the last word depends on what was asked before.
    Paid,
    Doubt(Doubt),
    /// The gateway would not cancel.
    CancelRefused,
    Nothing,
}

/// Why an answer does not help, though it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    None,
    /// The gateway itself does not know.
    Error,
    /// The order under our number is not ours, or may not be.
    OtherOrder,
}

impl Proof {
    pub fn of(asked: Call, heard: &Result<Reply>, order: &Identity) -> Self {
        match answer(heard, order) {
            Answer::Order(reply) if asked == Call::Cancel => Self::of_cancel(reply),
            Answer::Order(reply) => Self::of_query(reply, order),
            Answer::OtherOrder => Self::Doubt(Doubt::OtherOrder),
            Answer::Nothing(_) | Answer::NotSent(_) | Answer::Refused(_) => Self::Nothing,
        }
    }

    /// What a person should know while it is asked on.
    pub fn trouble(self) -> upay_status {
        match self {
            Self::Absent => UPAY_E_NO_ORDER,
            Self::Doubt(Doubt::OtherOrder) | Self::Nothing => UPAY_E_REPLY,
            Self::Doubt(Doubt::Error) => UPAY_E_UNRESOLVED,
            _ => UPAY_OK,
        }
    }

    pub fn of_query(reply: &Reply, order: &Identity) -> Self {
        let code = reply.biz_result_code.as_deref().unwrap_or_default();
        match codes::class(code) {
            Class::Success => {}
            Class::Fail if is_order_not_exists(reply.biz_error_code.as_deref()) => return Self::Absent,
            _ => return Self::Nothing,
        }
        if !reply.is_about(order) {
            return Self::Nothing;
        }
        match reply.order_status() {
            OrderStatus::Paid if order.total_amount.is_none() || reply.names(order) => Self::Paid,
            OrderStatus::Paid => Self::Doubt(Doubt::OtherOrder),
            OrderStatus::PayCanceled => Self::Final(Fate::Refused(UPAY_E_REFUSED)),
            OrderStatus::Canceled | OrderStatus::Refunded => Self::Final(Fate::Returned),
            OrderStatus::PartialRefunded => Self::Final(Fate::PartlyReturned),
            OrderStatus::Error => Self::Doubt(Doubt::Error),
            OrderStatus::Open => Self::Open,
            OrderStatus::Moving | OrderStatus::Unheard => Self::Moving,
        }
    }

    pub fn of_cancel(reply: &Reply) -> Self {
        match reply.biz_result_code.as_deref().unwrap_or_default() {
            "CANCEL_SUCCESS" | "CANCEL_ABORT_SUCCESS" => Self::returned_unless_contradicted(reply),
            "CANCEL_IN_PROGRESS" | "CANCEL_ABORT_IN_PROGRESS" => Self::Moving,
            "CANCEL_ERROR" | "CANCEL_ABORT_ERROR" => Self::Final(Fate::Unknown),
            "FAIL" => match refusal_of(reply) {
                Refusal::Cancelled => Self::returned_unless_contradicted(reply),
                Refusal::NotCancellable => Self::CancelRefused,
                Refusal::NoOrder => Self::Absent,
                // It may do so the next time: not the word on which "paid" becomes final.
                _ => Self::Nothing,
            },
            _ => Self::Nothing,
        }
    }

    /// "Cancelled", unless the same reply describes the order as anything else.
    fn returned_unless_contradicted(reply: &Reply) -> Self {
        if agrees(reply, &[OrderStatus::Canceled, OrderStatus::PayCanceled, OrderStatus::Refunded]) {
            Self::Final(Fate::Returned)
        } else {
            Self::Moving
        }
    }
}

/// The reply's own order_status is one of these, or it has none.
pub fn agrees(reply: &Reply, with: &[OrderStatus]) -> bool {
    reply.get("order_status").is_none() || with.contains(&reply.order_status())
}

/// What the reply's FAIL proves.
pub fn refusal_of(reply: &Reply) -> Refusal {
    business::refusal(reply.biz_error_code.as_deref())
}
