//! The customer scans the till's code: one /precreate, the QR content, and from there to a verdict (protocol section 7).

use super::limits::Limits;
use super::proof::{answer, is_there_already, Answer};
use super::settle::Settle;
use super::*;

pub struct Precreate {
    order: Identity,
    sent: bool,
    settle: Settle,
}

impl Precreate {
    pub fn new(order: Identity, limits: Limits) -> Self {
        let time = limits.precreate_timeout;
        Self { settle: Settle::by_query(order.clone(), limits, time), order, sent: false }
    }

    fn heard(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        self.sent = true;
        let fate = match answer(heard, &self.order) {
            Answer::NotSent(_) if self.settle.gave_up() => Some(Fate::NotSent(UPAY_E_CANCELLED)),
            Answer::NotSent(status) => Some(Fate::NotSent(status)),
            Answer::Refused(status) => Some(Fate::Refused(status)),
            Answer::Nothing(_) => {
                self.settle.is_unpayable();
                None
            }
            Answer::OtherOrder => {
                self.settle.may_be_anothers();
                None
            }
            Answer::Order(reply) => self.verdict(reply),
        };
        fate.map_or_else(|| self.settle.begin(now), Next::Done)
    }

    /// `None`: not the last word. An order is made, or may be made: what cannot be shown cannot be paid.
    fn verdict(&mut self, reply: &Reply) -> Option<Fate> {
        match reply.biz_result_code.as_deref()? {
            "PRECREATE_FAIL" | "FAIL" if is_refused(reply) => return Some(Fate::Refused(UPAY_E_REFUSED)),
            "PRECREATE_SUCCESS" if reply.get("qr_code").is_some() => return None,
            _ => {}
        }
        if is_there_already(reply) {
            self.settle.may_be_anothers();
        }
        self.settle.is_unpayable();
        None
    }
}

/// No order was made, and none was there.
pub(super) fn is_refused(reply: &Reply) -> bool {
    reply.get("order_status").is_none() && !is_there_already(reply)
}

impl Flow for Precreate {
    fn step(&mut self, input: Input<'_>, now: Millis) -> Next {
        match input {
            // Given up while it waited for its turn.
            Input::Begin if self.settle.gave_up() => Next::Done(Fate::NotSent(UPAY_E_CANCELLED)),
            Input::Begin => Next::Send(Call::Precreate),
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
