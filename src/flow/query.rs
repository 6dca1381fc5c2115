//! One question about an order. Its answer is information: it moves nothing and proves no payment.

use super::proof::{answer, refusal_of, Answer};
use super::*;
use crate::gateway::codes::business::Refusal;
use crate::gateway::codes::{self, is_order_not_exists, Class};

pub struct Query {
    order: Identity,
    /// It asks about a refund of the order.
    of_refund: bool,
}

impl Query {
    pub fn new(order: Identity, of_refund: bool) -> Self {
        Self { order, of_refund }
    }

    fn fate(&self, heard: &Result<Reply>) -> Fate {
        let reply = match answer(heard, &self.order) {
            Answer::NotSent(status) | Answer::Nothing(status) | Answer::Refused(status) => {
                return Fate::NoAnswer(status)
            }
            Answer::OtherOrder => return Fate::NoAnswer(UPAY_E_REPLY),
            Answer::Order(reply) => reply,
        };
        let code = reply.biz_result_code.as_deref().unwrap_or_default();
        match codes::class(code) {
            Class::Success if reply.is_about(&self.order) => Fate::Found,
            Class::Success => Fate::NoAnswer(UPAY_E_REPLY),
            Class::Fail if is_order_not_exists(reply.biz_error_code.as_deref()) => Fate::Absent,
            Class::Fail if self.of_refund && refusal_of(reply) == Refusal::NoTrade => Fate::Absent,
            Class::Fail => Fate::NoAnswer(UPAY_E_REFUSED),
            Class::InProgress | Class::Unknown => Fate::NoAnswer(UPAY_E_REPLY),
        }
    }
}

impl Flow for Query {
    fn step(&mut self, input: Input<'_>, _now: Millis) -> Next {
        match input {
            Input::Heard(heard) => Next::Done(self.fate(heard)),
            Input::Begin | Input::Timer => Next::Send(Call::Query),
        }
    }

    fn phase(&self) -> Phase {
        Phase::Querying
    }
}
