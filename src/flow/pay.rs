//! A payment: one /pay or one /precreate, and from there to a verdict (protocol section 5 rules 1 to 3, section 7).
//!
//! ```text
//!   Ready ──Begin──▶ Sending ──answered──▶ done
//!                       └──────in doubt──▶ Reconciling
//! ```
//!
//! | answer to /pay                                        | then                                   |
//! |-------------------------------------------------------|----------------------------------------|
//! | not a byte left                                       | NotSent                                |
//! | PAY_SUCCESS with this number, terminal and amount     | Paid                                   |
//! | PAY_SUCCESS that does not match                       | query; not ours until an answer says so|
//! | PAY_FAIL                                              | Refused                                |
//! | PAY_FAIL with a code that does not belong there       | query                                  |
//! | FAIL                                                  | Refused                                |
//! | FAIL: the number is in use                            | query; compare the order's time        |
//! | FAIL: not found, or an error of the system            | query                                  |
//! | PAY_FAIL_ERROR                                        | Unknown                                |
//! | in progress, unheard-of, 500, no answer               | query                                  |
//! | 400 with a code of the request, or an unheard-of one  | Refused                                |
//! | 400 with a code of the order or of the system         | query                                  |
//!
//! An answer whose own order_status contradicts it is in doubt: query.

use super::evidence::{agrees, refusal_of, says_number_is_in_use, Received};
use super::limits::Limits;
use super::reconcile::Reconcile;
use super::*;
use crate::gateway::codes::business::Refusal;
use crate::gateway::codes::OrderStatus;
use crate::record::Owner;

pub struct Pay {
    first: Call,
    state: PayState,
    /// Takes over as soon as the answer to the first call is known and not final.
    reconcile: Reconcile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PayState {
    Ready,
    Sending { since: Millis },
    Reconciling,
}

impl Pay {
    /// The customer shows a code.
    pub fn new(order: Identity, limits: Limits) -> Self {
        let time = limits.pay_timeout;
        Self { first: Call::Pay, state: PayState::Ready, reconcile: Reconcile::after_first_call(order, limits, time) }
    }

    /// The customer scans the till's code.
    pub fn by_precreate(order: Identity, limits: Limits) -> Self {
        let time = limits.precreate_timeout;
        let reconcile = Reconcile::after_first_call(order, limits, time);
        Self { first: Call::Precreate, state: PayState::Ready, reconcile }
    }

    fn first_answer(&mut self, heard: &Result<Reply>, since: Millis, now: Millis) -> Next {
        self.state = PayState::Reconciling;
        let received = Received::of(heard, &self.reconcile.known.identity);
        let owner = match received {
            _ if heard.as_ref().is_ok_and(says_number_is_in_use) => Owner::InConflict,
            Received::OtherOrder(_) | Received::OtherNumber => Owner::Doubtful,
            _ => Owner::Ours,
        };
        let resolution = match received {
            Received::NotSent(_) if self.reconcile.is_given_up() => Some(Resolution::NotSent(UPAY_E_CANCELLED)),
            Received::NotSent(status) => Some(Resolution::NotSent(status)),
            Received::Refused(status) => Some(Resolution::Refused(status)),
            Received::InDoubt(_) | Received::OtherOrder(_) | Received::OtherNumber => None,
            Received::Answer(reply) if self.first == Call::Precreate => precreate::proves(reply),
            Received::Answer(reply) => proves(reply, &self.reconcile.known.identity),
        };
        let can_be_paid = match received {
            Received::Answer(reply) => self.first == Call::Pay || precreate::brings_a_code(reply),
            _ => self.first == Call::Pay,
        };
        if let Ok(reply) = heard {
            self.reconcile.known.learn_first(reply, owner, now.saturating_sub(since));
        }
        match resolution {
            // A cancel under another number of the order may still be carried out.
            Some(Resolution::Paid) if !self.reconcile.known.paid_is_final() => {
                self.reconcile.first_call_ended(can_be_paid, now)
            }
            Some(resolution) => Next::Done(resolution),
            None => self.reconcile.first_call_ended(can_be_paid, now),
        }
    }
}

/// What an answer to /pay about this order proves. `None`: it is not the last word, ask.
pub(super) fn proves(reply: &Reply, order: &Identity) -> Option<Resolution> {
    let not_paid = agrees(reply, &[OrderStatus::PayCanceled, OrderStatus::Canceled]);
    match reply.biz_result_code.as_deref()? {
        "PAY_SUCCESS" if says_number_is_in_use(reply) => None,
        "PAY_SUCCESS" if reply.names(order) && agrees(reply, &[OrderStatus::Paid]) => Some(Resolution::Paid),
        "PAY_FAIL" | "FAIL" if not_paid && refusal_of(reply) == Refusal::Plain => {
            Some(Resolution::Refused(UPAY_E_REFUSED))
        }
        "PAY_FAIL_ERROR" => Some(Resolution::Unknown),
        _ => None,
    }
}

impl Flow for Pay {
    fn step(&mut self, input: FlowInput<'_>, now: Millis) -> Next {
        match (self.state, input) {
            // Given up while it waited for its turn.
            (PayState::Ready, _) if self.reconcile.is_given_up() => Next::Done(Resolution::NotSent(UPAY_E_CANCELLED)),
            (PayState::Ready, _) => {
                self.state = PayState::Sending { since: now };
                Next::Send(self.first)
            }
            (PayState::Sending { since }, FlowInput::Heard(heard)) => self.first_answer(heard, since, now),
            // The call is under way: only its answer counts.
            (PayState::Sending { .. }, _) => Next::SleepUntil(now.saturating_add(1)),
            (PayState::Reconciling, input) => self.reconcile.step(input, now),
        }
    }

    fn give_up(&mut self) -> bool {
        self.reconcile.give_up()
    }

    fn phase(&self) -> Phase {
        match self.state {
            PayState::Reconciling => self.reconcile.phase(),
            PayState::Ready | PayState::Sending { .. } => Phase::Sending,
        }
    }

    fn ends_at(&self) -> Option<Millis> {
        self.reconcile.ends_at()
    }

    fn warning(&self) -> upay_status {
        self.reconcile.warning()
    }

    fn knowledge(&self) -> Knowledge {
        self.reconcile.knowledge()
    }

    fn cancel_left_elsewhere(&mut self, now: Millis) {
        self.reconcile.cancel_left_elsewhere(now);
    }
}
