//! The closed loop (protocol section 5 rules 6, 8 and 10): an order whose verdict was "unknown", or "failed" because the
//! gateway knew no such order, is queried until the answer is final.
//!
//! ```text
//!                           ┌──────────── the query after it ────────────┐
//!                           ▼                                            │
//!   Begin ──pause──▶ Asking ──CREATED, or PAID after a cancel──▶ Stopping ──forbidden──▶ Checking
//!                      │ ▲
//!      PAID after "not │ │ the order is not PAID any more
//!      paid" (rule 6)  ▼ │
//!                    Cancelling, Refunding ──answer──▶ Confirming ──still PAID──▶ the next step (reversal)
//! ```
//!
//! | the newest query says             | told "not paid"                           | told "unknown", or nothing               |
//! |-----------------------------------|-------------------------------------------|------------------------------------------|
//! | PAID                              | reverse it, in steps                      | Paid, once no cancel is in doubt; until  |
//! |                                   |                                           | then cancel, three times at the most     |
//! | PAID without the amount           | reverse it, in steps                      | query on                                 |
//! | PAY_CANCELED, CANCELED, REFUNDED  | Refused, Returned                         | Refused, Returned                        |
//! | PARTIAL_REFUNDED                  | PartlyReturned; query on during a reversal| PartlyReturned                           |
//! | CREATED                           | cancel                                    | cancel                                   |
//! | anything that is not final        | query on                                  | query on                                 |
//! | no such order, for an hour        | NeverArrived; a person hears if an answer | as on the left                           |
//! |                                   | has named it before                       |                                          |
//! | PAID, and another's or in conflict| a person hears; query on                  | a person hears; query on                 |
//!
//! An order that the till was told is paid is only queried. An order that is not known to be ours is neither cancelled
//! nor refunded.

mod reversal;

use super::evidence::Evidence;
use super::known_order::KnownOrder;
use super::limits::{Limits, ABSENT_MS_MAX, PERSON_MS_MAX};
use super::refund::{RefundEvidence, RefundOf};
use super::rhythm::Rhythm;
use super::*;
use crate::gateway::codes::OrderStatus;
use crate::record::{Reversal, Told};
use reversal::{Attempts, StepAnswer};

/// So many cancels are sent for an order that is PAID while an earlier cancel is in doubt.
const CANCELS_WHILE_PAID_MAX: u32 = 3;

pub struct Watch {
    known: KnownOrder,
    limits: Limits,
    told: Told,
    state: WatchState,
    /// When a person must have heard of the late payment; it was seen.
    person_by: Option<Millis>,
    concern: Concern,
    cancels_while_paid: u32,
    attempts: Attempts,
    rhythm: Rhythm,
}

/// What is under way, or comes after the pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WatchState {
    /// A query.
    Asking,
    /// A cancel, so that the order is not paid any more.
    Stopping,
    /// The query after such a cancel that the order's state forbade.
    Checking,
    /// A cancel that reverses the order.
    Cancelling,
    /// A refund that reverses the order.
    Refunding,
    /// The query that shows whether the order is still PAID after this answer.
    Confirming(StepAnswer),
}

/// What the newest answers say of the order, as far as a person has to hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    None,
    /// The gateway knows no such order since then.
    NotFound(Millis),
    /// It has named the order before, and has not known it for an hour.
    Vanished,
    /// Paid, and not ours, or not known to be.
    AnothersIsPaid,
}

impl Watch {
    /// `person_by`: by when a person must have heard of a late payment that an earlier run saw.
    pub fn new(order: Identity, limits: Limits, told: Told, knowledge: Knowledge, person_by: Option<Millis>) -> Self {
        Self {
            known: KnownOrder::new(order, knowledge),
            limits,
            told,
            state: WatchState::Asking,
            person_by,
            concern: Concern::None,
            cancels_while_paid: 0,
            attempts: Attempts::default(),
            rhythm: Rhythm::default(),
        }
    }

    fn begin(&mut self, now: Millis) -> Next {
        self.known.begin(now);
        if self.is_reversing() && self.person_by.is_none() {
            self.person_by = Some(now.saturating_add(PERSON_MS_MAX));
        }
        // What ended a moment ago is not asked about at once.
        self.pause(WatchState::Asking, now)
    }

    fn timer(&mut self, now: Millis) -> Next {
        if self.is_overdue(now) {
            return self.pause(self.state, now);
        }
        match self.state {
            WatchState::Asking | WatchState::Checking | WatchState::Confirming(_) => {
                self.send(self.state, Call::Query, now)
            }
            WatchState::Stopping | WatchState::Cancelling => self.send(self.state, Call::Cancel, now),
            WatchState::Refunding => self.send(self.state, Call::Refund, now),
        }
    }

    fn heard(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        match self.state {
            WatchState::Asking | WatchState::Checking | WatchState::Confirming(_) => self.query_answered(heard, now),
            WatchState::Stopping => self.stop_answered(heard, now),
            WatchState::Cancelling => self.cancel_answered(heard, now),
            WatchState::Refunding => self.refund_answered(heard, now),
        }
    }

    fn query_answered(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        let evidence = self.known.learn(Call::Query, heard, now);
        self.consider(evidence, now);
        match evidence {
            Evidence::Paid | Evidence::PaidWithoutAmount if self.told == Told::NotOwed => self.paid_late(now),
            Evidence::Paid if self.known.paid_is_final() => Next::Done(Resolution::Paid),
            Evidence::Paid if self.may_cancel_while_paid() => {
                self.cancels_while_paid = self.cancels_while_paid.saturating_add(1);
                self.send(WatchState::Stopping, Call::Cancel, now)
            }
            Evidence::Ended(Resolution::PartlyReturned) if self.late_payment_seen() => self.pause(self.state, now),
            Evidence::Ended(_) if self.late_payment_seen() => Next::Done(Resolution::Returned),
            Evidence::Ended(resolution) => Next::Done(resolution),
            Evidence::Payable if self.may_stop() => self.send(WatchState::Stopping, Call::Cancel, now),
            Evidence::NotFound if self.has_never_arrived(now) => Next::Done(Resolution::NeverArrived),
            Evidence::Payable => self.pause(WatchState::Asking, now),
            // A person hears of it at once.
            Evidence::Disputed { paid: true } if self.told == Told::NotOwed => self.by_hand(now),
            // The answer to the last step counts still once a query shows the order PAID.
            _ if matches!(self.state, WatchState::Confirming(_)) => self.pause(self.state, now),
            _ => self.pause(WatchState::Asking, now),
        }
    }

    /// The answer to a cancel that was to keep the order from being paid.
    fn stop_answered(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        self.attempts.note(Call::Cancel, heard);
        let evidence = self.known.learn(Call::Cancel, heard, now);
        self.consider(evidence, now);
        match evidence {
            Evidence::Ended(resolution) => Next::Done(resolution),
            Evidence::CancelForbidden => self.send(WatchState::Checking, Call::Query, now),
            _ => self.pause(WatchState::Asking, now),
        }
    }

    fn cancel_answered(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        self.attempts.note(Call::Cancel, heard);
        let answer = StepAnswer::of(heard, &self.known.identity);
        let evidence = self.known.learn(Call::Cancel, heard, now);
        self.consider(evidence, now);
        match (evidence, answer) {
            (Evidence::Ended(_), _) => Next::Done(Resolution::Returned),
            (_, StepAnswer::Forbidden) => self.send(WatchState::Confirming(answer), Call::Query, now),
            _ => self.pause(WatchState::Confirming(answer), now),
        }
    }

    fn refund_answered(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        self.attempts.note(Call::Refund, heard);
        let answer = StepAnswer::of(heard, &self.known.identity);
        let request = RefundOf::all_of(&self.known.identity);
        let said = RefundEvidence::of_refund(heard, &self.known.identity, request.as_ref());
        let in_part = heard.as_ref().is_ok_and(|reply| reply.order_status() == OrderStatus::PartialRefunded);
        match said {
            RefundEvidence::Done if !in_part => Next::Done(Resolution::Returned),
            _ => self.pause(WatchState::Confirming(answer), now),
        }
    }

    /// Paid after the till heard "not paid": the next step of the reversal.
    fn paid_late(&mut self, now: Millis) -> Next {
        if self.person_by.is_none() {
            self.person_by = Some(now.saturating_add(PERSON_MS_MAX));
            self.rhythm.restart();
        }
        // An order that may be another's waits for an answer that names ours, or for the person.
        if !self.known.is_ours() || self.is_overdue(now) {
            return self.pause(WatchState::Asking, now);
        }
        let refundable = self.known.identity.total_amount.is_some();
        let step = match (self.known.reversal, self.state) {
            (step, WatchState::Confirming(answer)) => reversal::after(step, answer, refundable),
            (Reversal::None, _) => Reversal::ByCancel { refused: 0 },
            (step, _) => step,
        };
        match step {
            Reversal::ByCancel { .. } => {
                self.known.reversal = step;
                self.send(WatchState::Cancelling, Call::Cancel, now)
            }
            Reversal::ByRefund { .. } if refundable => {
                self.known.reversal = step;
                self.send(WatchState::Refunding, Call::Refund, now)
            }
            Reversal::None | Reversal::ByRefund { .. } | Reversal::ByHand => self.by_hand(now),
        }
    }

    /// The person has to act; the library only asks from here on.
    fn by_hand(&mut self, now: Millis) -> Next {
        if self.known.reversal != Reversal::ByHand {
            self.known.reversal = Reversal::ByHand;
            self.rhythm.restart();
        }
        self.pause(WatchState::Asking, now)
    }

    fn consider(&mut self, evidence: Evidence, now: Millis) {
        self.concern = match (self.concern, evidence) {
            (concern, Evidence::NoAnswer) => concern,
            (Concern::NotFound(since), Evidence::NotFound) => {
                let is_long = now.saturating_sub(since) >= ABSENT_MS_MAX;
                let vanished = is_long && self.known.was_seen();
                if vanished {
                    Concern::Vanished
                } else {
                    Concern::NotFound(since)
                }
            }
            (Concern::Vanished, Evidence::NotFound) => Concern::Vanished,
            (_, Evidence::NotFound) => Concern::NotFound(now),
            (_, Evidence::Disputed { paid: true }) if self.told != Told::Paid => Concern::AnothersIsPaid,
            _ => Concern::None,
        };
    }

    /// Rule 10: it closes only an order that no answer has ever named.
    fn has_never_arrived(&self, now: Millis) -> bool {
        let is_long = |since: Millis| now.saturating_sub(since) >= ABSENT_MS_MAX;
        matches!(self.concern, Concern::NotFound(since) if is_long(since))
    }

    /// What nobody waits for must not be paid any more.
    fn may_stop(&self) -> bool {
        let told = self.told != Told::Paid && self.known.reversal != Reversal::ByHand;
        told && self.state == WatchState::Asking && self.known.is_ours()
    }

    fn may_cancel_while_paid(&self) -> bool {
        self.may_stop() && self.cancels_while_paid < CANCELS_WHILE_PAID_MAX
    }

    fn is_reversing(&self) -> bool {
        match self.known.reversal {
            Reversal::None => self.person_by.is_some(),
            Reversal::ByCancel { .. } | Reversal::ByRefund { .. } => true,
            Reversal::ByHand => false,
        }
    }

    /// The person's time has come, and the library has not told them yet.
    fn is_overdue(&self, now: Millis) -> bool {
        self.is_reversing() && self.person_by.is_some_and(|person_by| now >= person_by)
    }

    fn send(&mut self, state: WatchState, call: Call, now: Millis) -> Next {
        if !self.rhythm.allows_send() {
            return self.pause(state, now);
        }
        self.state = state;
        self.known.leaves(call, now);
        Next::Send(call)
    }

    fn pause(&mut self, then: WatchState, now: Millis) -> Next {
        if self.is_overdue(now) {
            return self.by_hand(now);
        }
        self.state = then;
        match self.person_by.filter(|_| self.is_reversing()) {
            Some(person_by) => Next::SleepUntil(self.rhythm.pause(&self.limits.poll, now).min(person_by)),
            None => Next::SleepUntil(self.rhythm.pause(&self.limits.watch, now)),
        }
    }
}

impl Flow for Watch {
    fn step(&mut self, input: FlowInput<'_>, now: Millis) -> Next {
        match input {
            FlowInput::Begin => self.begin(now),
            FlowInput::Timer => self.timer(now),
            FlowInput::Heard(heard) => self.heard(heard, now),
        }
    }

    fn phase(&self) -> Phase {
        match self.state {
            WatchState::Stopping | WatchState::Cancelling => Phase::Cancelling,
            WatchState::Asking | WatchState::Checking | WatchState::Refunding | WatchState::Confirming(_) => {
                Phase::Querying
            }
        }
    }

    fn warning(&self) -> upay_status {
        match (self.known.reversal, self.concern) {
            (Reversal::ByHand, _) | (_, Concern::AnothersIsPaid) => UPAY_E_REFUSED,
            (_, Concern::Vanished) => UPAY_E_NO_ORDER,
            (_, Concern::None | Concern::NotFound(_)) => UPAY_OK,
        }
    }

    fn tried(&self) -> Option<String> {
        (self.warning() == UPAY_E_REFUSED).then(|| self.attempts.text()).flatten()
    }

    fn knowledge(&self) -> Knowledge {
        self.known.knowledge()
    }

    fn late_payment_seen(&self) -> bool {
        self.person_by.is_some() || self.known.reversal != Reversal::None
    }

    fn deadline(&self) -> Option<Millis> {
        self.person_by.filter(|_| self.is_reversing())
    }
}
