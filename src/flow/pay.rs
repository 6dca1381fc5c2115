//! A payment: one /pay or one /precreate, and from there to a verdict (protocol rules 1 to 5, section 7).

use super::limits::Limits;
use super::proof::{agrees, answer, is_there_already, refusal_of, Answer};
use super::settle::Settle;
use super::*;
use crate::gateway::codes::business::Refusal;
use crate::gateway::codes::OrderStatus;

pub struct Pay {
    order: Identity,
    first: Call,
    sent: bool,
    /// Takes over as soon as the answer to the first call is known, and is not final.
    settle: Settle,
}

impl Pay {
    /// The customer shows a code.
    pub fn new(order: Identity, limits: Limits) -> Self {
        let time = limits.pay_timeout;
        Self { settle: Settle::by_query(order.clone(), limits, time), order, first: Call::Pay, sent: false }
    }

    /// The customer scans the till's code.
    pub fn by_precreate(order: Identity, limits: Limits) -> Self {
        let time = limits.precreate_timeout;
        Self { settle: Settle::by_query(order.clone(), limits, time), order, first: Call::Precreate, sent: false }
    }

    fn heard(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        self.sent = true;
        let fate = match answer(heard, &self.order) {
            Answer::NotSent(_) if self.settle.gave_up() => Some(Fate::NotSent(UPAY_E_CANCELLED)),
            Answer::NotSent(status) => Some(Fate::NotSent(status)),
            Answer::Refused(status) => Some(Fate::Refused(status)),
            Answer::Nothing(_) => None,
            Answer::OtherOrder => {
                self.settle.may_be_anothers();
                None
            }
            Answer::Order(reply) => {
                if is_there_already(reply) {
                    self.settle.may_be_anothers();
                }
                match self.first {
                    Call::Precreate => precreate::verdict(reply),
                    _ => verdict(reply, &self.order),
                }
            }
        };
        // What cannot be shown cannot be paid.
        if self.first == Call::Precreate && !heard.as_ref().is_ok_and(precreate::brings_a_code) {
            self.settle.is_unpayable();
        }
        fate.map_or_else(|| self.settle.begin(now), Next::Done)
    }
}

/// What an answer to /pay about this order proves. `None`: it is not the last word, ask.
pub(super) fn verdict(reply: &Reply, order: &Identity) -> Option<Fate> {
    // A refusal that its own order_status contradicts proves nothing.
    let not_paid = agrees(reply, &[OrderStatus::PayCanceled, OrderStatus::Canceled]);
    match reply.biz_result_code.as_deref()? {
        "PAY_SUCCESS" if reply.names(order) && (agrees(reply, &[OrderStatus::Paid]) || bug!(StatusIgnored)) => {
            Some(Fate::Paid)
        }
        "PAY_FAIL" if not_paid => Some(Fate::Refused(UPAY_E_REFUSED)),
        "PAY_FAIL_ERROR" if bug!(PayFailErrorIsFailed) => Some(Fate::Refused(UPAY_E_REFUSED)),
        "PAY_FAIL_ERROR" => Some(Fate::Unknown),
        // But for the codes that speak of an order which is there already, or was not found: that order, under our
        // number, has to be asked about.
        "FAIL" if not_paid && (refusal_of(reply) == Refusal::Plain || bug!(ConflictIsFailed)) => {
            Some(Fate::Refused(UPAY_E_REFUSED))
        }
        _ => None,
    }
}

impl Flow for Pay {
    fn step(&mut self, input: Input<'_>, now: Millis) -> Next {
        match input {
            // Given up while it waited for its turn.
            Input::Begin if self.settle.gave_up() => Next::Done(Fate::NotSent(UPAY_E_CANCELLED)),
            Input::Begin => Next::Send(self.first),
            Input::Heard(heard) if !self.sent => self.heard(heard, now),
            other => self.settle.step(other, now),
        }
    }

    fn give_up(&mut self) -> bool {
        self.settle.give_up()
    }

    fn phase(&self) -> Phase {
        if self.sent {
            self.settle.phase()
        } else {
            Phase::Sending
        }
    }

    fn trouble(&self) -> upay_status {
        self.settle.trouble()
    }

    fn ends_at(&self) -> Option<Millis> {
        self.sent.then(|| self.settle.ends_at()).flatten()
    }
}
