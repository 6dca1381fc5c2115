//! What one answer proves about an order. An answer about another order proves nothing, and a status is proof only in a
//! reply that names the order. A code counts only in the layer in which the documents have it (protocol rule 11).

use super::*;
use crate::gateway::codes::business::{self, Refusal};
use crate::gateway::codes::{self, is_order_not_exists, Class, OrderStatus};
use crate::gateway::reply::RequestStatus;

/// What an exchange brought, for this order.
pub enum Received<'a> {
    /// An answer, and nothing in it is about another order.
    Answer(&'a Reply),
    /// An answer about our number with another amount or terminal.
    OtherOrder(&'a Reply),
    /// An answer about another number.
    OtherNumber,
    /// The gateway took nothing from the request.
    Refused(upay_status),
    /// Nobody knows what became of the request.
    InDoubt(upay_status),
    /// Not a byte of the request left this machine.
    NotSent(upay_status),
}

impl<'a> Received<'a> {
    pub fn of(heard: &'a Result<Reply>, order: &Identity) -> Self {
        let reply = match heard {
            Err(error) if error.not_sent() => return Self::NotSent(error.status),
            Err(error) => return Self::InDoubt(error.status),
            Ok(reply) => reply,
        };
        match reply.request_status() {
            RequestStatus::Refused(error) => Self::Refused(error.status),
            RequestStatus::InDoubt(error) => Self::InDoubt(error.status),
            RequestStatus::Answered if reply.fits(order) => Self::Answer(reply),
            RequestStatus::Answered if reply.is_about(order) => Self::OtherOrder(reply),
            RequestStatus::Answered => Self::OtherNumber,
        }
    }
}

/// What the answer to a query or to a cancel proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Returned, Refused or PartlyReturned: the order does not change any more.
    Ended(Resolution),
    /// Paid, with this order's number and amount.
    Paid,
    /// Paid, with this order's number and without an amount.
    PaidWithoutAmount,
    /// Not paid, and the customer can still pay.
    Payable,
    /// Under way at the gateway, or in a status that is in no table.
    Moving,
    /// The gateway itself does not know.
    StatusError,
    /// The gateway knows no such order; one such answer is not proof.
    NotFound,
    /// The gateway refused the cancel because of the order's state.
    CancelForbidden,
    /// The gateway refused the cancel for another reason.
    CancelRefused,
    /// The cancel went wrong at the gateway.
    CancelError,
    /// The order under our number is not ours, or may not be.
    Disputed {
        paid: bool,
    },
    NoAnswer,
}

impl Evidence {
    /// What a person should know while the flow goes on.
    pub fn warning(self) -> upay_status {
        match self {
            Self::NotFound => UPAY_E_NO_ORDER,
            Self::Disputed { .. } | Self::PaidWithoutAmount | Self::NoAnswer => UPAY_E_REPLY,
            Self::StatusError => UPAY_E_UNRESOLVED,
            _ => UPAY_OK,
        }
    }

    pub fn received(asked: Call, received: &Received<'_>, order: &Identity) -> Self {
        match received {
            Received::Answer(reply) if asked == Call::Cancel => Self::of_cancel(reply),
            Received::Answer(reply) => Self::of_query(reply, order),
            Received::OtherOrder(reply) => Self::Disputed { paid: reply.order_status() == OrderStatus::Paid },
            Received::Refused(_) if asked == Call::Cancel => Self::CancelRefused,
            Received::Refused(_) | Received::OtherNumber | Received::InDoubt(_) | Received::NotSent(_) => {
                Self::NoAnswer
            }
        }
    }

    pub fn of_query(reply: &Reply, order: &Identity) -> Self {
        let code = reply.biz_result_code.as_deref().unwrap_or_default();
        match codes::class(code) {
            Class::Success => {}
            // "Not found", in a reply that says how the order stands, contradicts itself.
            Class::Fail if is_order_not_exists(reply.biz_error_code.as_deref()) && agrees(reply, &[]) => {
                return Self::NotFound
            }
            _ => return Self::NoAnswer,
        }
        if !reply.is_about(order) {
            return Self::NoAnswer;
        }
        match reply.order_status() {
            // Of an order that was made elsewhere nobody here knows the amount.
            OrderStatus::Paid if order.total_amount.is_none() || reply.names(order) => Self::Paid,
            OrderStatus::Paid => Self::PaidWithoutAmount,
            OrderStatus::PayCanceled => Self::Ended(Resolution::Refused(UPAY_E_REFUSED)),
            OrderStatus::Canceled | OrderStatus::Refunded => Self::Ended(Resolution::Returned),
            OrderStatus::PartialRefunded => Self::Ended(Resolution::PartlyReturned),
            OrderStatus::Error => Self::StatusError,
            OrderStatus::Open => Self::Payable,
            OrderStatus::Moving | OrderStatus::Unheard => Self::Moving,
        }
    }

    pub fn of_cancel(reply: &Reply) -> Self {
        match reply.biz_result_code.as_deref().unwrap_or_default() {
            "CANCEL_SUCCESS" | "CANCEL_ABORT_SUCCESS" => Self::returned_unless_contradicted(reply),
            "CANCEL_IN_PROGRESS" | "CANCEL_ABORT_IN_PROGRESS" => Self::Moving,
            "CANCEL_ERROR" | "CANCEL_ABORT_ERROR" => Self::CancelError,
            "FAIL" => match refusal_of(reply) {
                Refusal::Cancelled => Self::returned_unless_contradicted(reply),
                Refusal::NotCancellable => Self::CancelForbidden,
                Refusal::NoOrder => Self::NotFound,
                Refusal::System => Self::NoAnswer,
                Refusal::Plain | Refusal::OrderThere | Refusal::NoTrade | Refusal::RefundThere => Self::CancelRefused,
            },
            _ => Self::NoAnswer,
        }
    }

    /// "Cancelled", unless the same reply describes the order as anything else.
    fn returned_unless_contradicted(reply: &Reply) -> Self {
        if agrees(reply, &[OrderStatus::Canceled, OrderStatus::PayCanceled, OrderStatus::Refunded]) {
            Self::Ended(Resolution::Returned)
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

/// The reply says, in whichever layer, that our number is in use.
pub fn says_number_is_in_use(reply: &Reply) -> bool {
    [&reply.error_code, &reply.biz_error_code]
        .into_iter()
        .any(|code| business::refusal(code.as_deref()) == Refusal::OrderThere)
}
