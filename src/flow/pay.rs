//! A payment: one /pay, and from there to a verdict (protocol rules 1 to 5).

use super::limits::Limits;
use super::proof::{answer, is_there_already, Answer};
use super::settle::Settle;
use super::*;
use crate::gateway::codes::OrderStatus;

pub struct Pay {
    order: Identity,
    sent: bool,
    /// Takes over as soon as the answer to /pay is known, and is not final.
    settle: Settle,
}

impl Pay {
    pub fn new(order: Identity, limits: Limits) -> Self {
        let time = limits.pay_timeout;
        Self { settle: Settle::by_query(order.clone(), limits, time), order, sent: false }
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
                self.verdict(reply)
            }
        };
        fate.map_or_else(|| self.settle.begin(now), Next::Done)
    }

    /// `None`: the answer is not the last word, ask.
    fn verdict(&self, reply: &Reply) -> Option<Fate> {
        let status = reply.order_status();
        let said = reply.get("order_status").is_some();
        // A refusal that its own order_status contradicts proves nothing.
        let not_paid = !said || matches!(status, OrderStatus::PayCanceled | OrderStatus::Canceled);
        match reply.biz_result_code.as_deref()? {
            "PAY_SUCCESS" if reply.names(&self.order) && (status == OrderStatus::Paid || !said) => Some(Fate::Paid),
            "PAY_FAIL" if not_paid => Some(Fate::Refused(UPAY_E_REFUSED)),
            "PAY_FAIL_ERROR" => Some(Fate::Unknown),
            "FAIL" if not_paid && !is_there_already(reply) => Some(Fate::Refused(UPAY_E_REFUSED)),
            _ => None,
        }
    }
}

impl Flow for Pay {
    fn step(&mut self, input: Input<'_>, now: Millis) -> Next {
        match input {
            // Given up while it waited for its turn.
            Input::Begin if self.settle.gave_up() => Next::Done(Fate::NotSent(UPAY_E_CANCELLED)),
            Input::Begin => Next::Send(Call::Pay),
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
