//! One question about an order. Its answer is information: it moves nothing and proves no payment.
//!
//! | answer                                                     | then                         |
//! |------------------------------------------------------------|------------------------------|
//! | SUCCESS that names the order                               | Found                        |
//! | FAIL: no such order; of a refund also: no such trade       | NotFound                     |
//! | another FAIL                                               | NoAnswer(UPAY_E_REFUSED)     |
//! | anything else                                              | NoAnswer                     |

use super::evidence::{refusal_of, Received};
use super::*;
use crate::gateway::codes::business::Refusal;
use crate::gateway::codes::{self, Class};

pub struct Query {
    order: Identity,
    subject: Subject,
}

/// What the question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Order,
    Refund,
}

impl Query {
    pub fn new(order: Identity, of_refund: bool) -> Self {
        Self { order, subject: if of_refund { Subject::Refund } else { Subject::Order } }
    }

    fn resolution(&self, heard: &Result<Reply>) -> Resolution {
        let reply = match Received::of(heard, &self.order) {
            Received::Answer(reply) => reply,
            Received::OtherOrder(_) | Received::OtherNumber => return Resolution::NoAnswer(UPAY_E_REPLY),
            Received::NotSent(status) | Received::InDoubt(status) | Received::Refused(status) => {
                return Resolution::NoAnswer(status)
            }
        };
        let code = reply.biz_result_code.as_deref().unwrap_or_default();
        match (codes::class(code), refusal_of(reply)) {
            (Class::Success, _) if reply.is_about(&self.order) => Resolution::Found,
            (Class::Fail, Refusal::NoOrder) => Resolution::NotFound,
            (Class::Fail, Refusal::NoTrade) if self.subject == Subject::Refund => Resolution::NotFound,
            (Class::Fail, _) => Resolution::NoAnswer(UPAY_E_REFUSED),
            (Class::Success | Class::InProgress | Class::Unknown, _) => Resolution::NoAnswer(UPAY_E_REPLY),
        }
    }
}

impl Flow for Query {
    fn step(&mut self, input: FlowInput<'_>, _now: Millis) -> Next {
        match input {
            FlowInput::Heard(heard) => Next::Done(self.resolution(heard)),
            FlowInput::Begin | FlowInput::Timer => Next::Send(Call::Query),
        }
    }

    fn phase(&self) -> Phase {
        Phase::Querying
    }

    /// It changes nothing of what is known.
    fn knowledge(&self) -> Knowledge {
        Knowledge::default()
    }
}
