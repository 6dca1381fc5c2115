//! From "in doubt" or "in progress" to a verdict (protocol section 5 rules 4, 5, 8, 9 and 12): query until an answer is
//! final or the time is up, then cancel until an answer is final or that time is up too.
//!
//! ```text
//!                       answer is final                       answer is final
//!                     ┌───────────────▶ done ◀──────────────────────────────┐
//!   Ready ──Begin──▶ Querying ──time is up, or the host gave up──▶ Cancelling ──cancel_timeout──▶ Unknown
//!                     ▲      │                                    ▲         │
//!                     └pause─┘                                    └──pause──┘
//! ```
//!
//! An order that is not known to be ours is queried and never cancelled.
//!
//! | the newest query says            | while querying                         | after a cancel                         |
//! |----------------------------------|----------------------------------------|----------------------------------------|
//! | PAID, number and amount match    | Paid; with a cancel in doubt: cancel   | Paid once no cancel is in doubt, else  |
//! |                                  |                                        | cancel again                           |
//! | PAID without the amount          | query on, and no cancel by time        | query on                               |
//! | PAY_CANCELED, CANCELED, REFUNDED | Refused, Returned                      | Expired, or Cancelled for the host     |
//! | PARTIAL_REFUNDED                 | PartlyReturned                         | PartlyReturned                         |
//! | CREATED                          | query on; cancel if nobody can pay it  | cancel again                           |
//! | an action under way, unheard-of  | query on                               | query on                               |
//! | PAY_ERROR and the like           | query on, and then Unknown             | query on                               |
//! | no such order, twice, with grace | NotFound, NotFoundCancelled            | NotFound, NotFoundCancelled            |
//! | another order under our number   | query on; Unknown if the host gave up  | Unknown                                |
//! | nothing                          | query on                               | the same call again                    |
//!
//! | the newest cancel says           | then                                                                            |
//! |----------------------------------|---------------------------------------------------------------------------------|
//! | success, or "noop"               | Expired, or Cancelled for the host                                              |
//! | no such order, twice, with grace | NotFound, NotFoundCancelled                                                     |
//! | the state forbids it             | query at once: it may have been paid a moment ago                               |
//! | refused for another reason       | query after a pause                                                             |
//! | in progress                      | query after a pause                                                             |
//! | CANCEL_ERROR                     | Unknown                                                                         |
//! | nothing                          | cancel again after a pause                                                      |

use super::evidence::Evidence;
use super::known_order::KnownOrder;
use super::limits::Limits;
use super::rhythm::Rhythm;
use super::*;

/// A timer may be this late on a busy machine, and the answer that it is for still asked for.
const LATE_MS_MAX: Millis = 5_000;

pub struct Reconcile {
    pub(super) known: KnownOrder,
    limits: Limits,
    canceller: Canceller,
    state: ReconcileState,
    rhythm: Rhythm,
    /// When the gateway first said that it knows no such order, with no other answer since.
    not_found_since: Option<Millis>,
    warning: upay_status,
}

/// Who wants the order cancelled, should it be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Canceller {
    /// The library, because the time is up.
    Library,
    Host,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReconcileState {
    Ready(Opening),
    /// No cancel was sent in this run. A query is under way, or comes after the pause.
    Querying {
        ends_at: Millis,
        when: CancelWhen,
        clearance: Clearance,
    },
    /// A cancel was sent. `call` is under way, or comes after the pause.
    Cancelling {
        ends_at: Millis,
        call: Call,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// /pay or /precreate is under way; then queries for this time.
    FirstCall(Millis),
    /// An earlier run left it: queries for this time (rule 9).
    LeftOver(Millis, CancelWhen),
    /// The host cancels it.
    Cancel,
}

/// When an order of ours is cancelled that may still be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CancelWhen {
    TimeIsUp,
    /// As soon as a query shows it: nobody can pay it, or a cancel of it was begun in an earlier run.
    Seen,
    /// The host gave up.
    AtOnce,
}

/// Whether the order may be cancelled when the time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clearance {
    /// Not before a query was sent: no payment is cancelled unasked.
    AfterQuery,
    /// Not before a query was answered (rule 9).
    AfterAnswer,
    Given,
    /// Not while the newest status is an error of the gateway's, or "paid" without an amount.
    Denied,
}

impl Reconcile {
    /// What follows /pay or /precreate: queries for `time` after [`Reconcile::first_call_ended`].
    pub(super) fn after_first_call(order: Identity, limits: Limits, time: Millis) -> Self {
        Self::with(order, limits, Knowledge::default(), Canceller::Library, Opening::FirstCall(time))
    }

    /// An order of an earlier run without a verdict. It is queried first, and cancelled only after a query was answered.
    pub fn left_over(order: Identity, limits: Limits, knowledge: Knowledge, by_host: bool) -> Self {
        let canceller = if by_host { Canceller::Host } else { Canceller::Library };
        let begun = by_host || knowledge.cancels != crate::record::Cancels::None;
        let when = if begun { CancelWhen::Seen } else { CancelWhen::TimeIsUp };
        let opening = Opening::LeftOver(limits.pay_timeout, when);
        Self::with(order, limits, knowledge, canceller, opening)
    }

    /// The host cancels an order that nothing else is under way for.
    pub fn by_cancel(order: Identity, limits: Limits, knowledge: Knowledge) -> Self {
        Self::with(order, limits, knowledge, Canceller::Host, Opening::Cancel)
    }

    fn with(order: Identity, limits: Limits, knowledge: Knowledge, canceller: Canceller, opening: Opening) -> Self {
        Self {
            known: KnownOrder::new(order, knowledge),
            limits,
            canceller,
            state: ReconcileState::Ready(opening),
            rhythm: Rhythm::default(),
            not_found_since: None,
            warning: UPAY_OK,
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.canceller == Canceller::Host
    }

    /// /pay or /precreate has ended without a final answer: the first pause, then the first query.
    pub(super) fn first_call_ended(&mut self, can_be_paid: bool, now: Millis) -> Next {
        let ReconcileState::Ready(Opening::FirstCall(time)) = self.state else {
            return self.timer(now);
        };
        self.rhythm.allows_send();
        if !self.known.is_ours() {
            self.warning = UPAY_E_REPLY;
        }
        let when = match self.canceller {
            Canceller::Host => CancelWhen::AtOnce,
            Canceller::Library if can_be_paid => CancelWhen::TimeIsUp,
            Canceller::Library => CancelWhen::Seen,
        };
        let ends_at = now.saturating_add(time);
        self.state = ReconcileState::Querying { ends_at, when, clearance: Clearance::AfterQuery };
        match when {
            CancelWhen::AtOnce => self.timer(now),
            CancelWhen::TimeIsUp | CancelWhen::Seen => self.pause(Call::Query, now),
        }
    }

    fn begin(&mut self, now: Millis) -> Next {
        let ReconcileState::Ready(opening) = self.state else { return self.timer(now) };
        self.known.begin(now);
        let (time, when, clearance) = match opening {
            Opening::LeftOver(time, when) => (time, when, Clearance::AfterAnswer),
            Opening::FirstCall(time) => (time, CancelWhen::TimeIsUp, Clearance::AfterQuery),
            Opening::Cancel => (self.limits.pay_timeout, CancelWhen::AtOnce, Clearance::AfterQuery),
        };
        self.state = ReconcileState::Querying { ends_at: now.saturating_add(time), when, clearance };
        self.timer(now)
    }

    /// An order that the host gave up, and that is not known to be ours, is queried for the time of a cancel at most.
    fn hurry(&mut self, now: Millis) {
        if let ReconcileState::Querying { ends_at, when: CancelWhen::AtOnce, .. } = &mut self.state {
            *ends_at = (*ends_at).min(now.saturating_add(self.limits.cancel_timeout));
        }
    }

    /// A pause is over, or the host gave up.
    fn timer(&mut self, now: Millis) -> Next {
        self.hurry(now);
        match self.state {
            ReconcileState::Ready(_) => self.begin(now),
            ReconcileState::Querying { ends_at, when, clearance } => {
                let is_ours = self.known.is_ours();
                if when == CancelWhen::AtOnce && is_ours {
                    self.cancel(now)
                } else if now < ends_at || clearance == Clearance::AfterQuery {
                    self.send(Call::Query, now)
                } else if clearance == Clearance::Given && is_ours {
                    self.cancel(now)
                } else {
                    Next::Done(Resolution::Unknown)
                }
            }
            ReconcileState::Cancelling { ends_at, call } if now < ends_at => self.send(call, now),
            ReconcileState::Cancelling { .. } => Next::Done(Resolution::Unknown),
        }
    }

    fn heard(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        self.hurry(now);
        match self.state {
            ReconcileState::Ready(_) => self.begin(now),
            ReconcileState::Querying { ends_at, when, clearance } => {
                let evidence = self.learn(Call::Query, heard, now);
                let clearance = cleared(clearance, evidence);
                self.state = ReconcileState::Querying { ends_at, when, clearance };
                self.while_querying(evidence, when, now)
            }
            ReconcileState::Cancelling { call, .. } => {
                let evidence = self.learn(call, heard, now);
                self.after_cancel(evidence, call, now)
            }
        }
    }

    fn learn(&mut self, asked: Call, heard: &Result<Reply>, now: Millis) -> Evidence {
        let evidence = self.known.learn(asked, heard, now);
        match evidence {
            Evidence::NotFound => self.not_found_since = self.not_found_since.or(Some(now)),
            // No answer neither counts as one nor breaks the row.
            Evidence::NoAnswer => {}
            _ => self.not_found_since = None,
        }
        self.warning = evidence.warning();
        evidence
    }

    fn while_querying(&mut self, evidence: Evidence, when: CancelWhen, now: Millis) -> Next {
        let wanted = when == CancelWhen::AtOnce && self.known.is_ours();
        match evidence {
            Evidence::Paid if self.known.paid_is_final() => Next::Done(Resolution::Paid),
            Evidence::Paid => self.cancel(now),
            Evidence::Ended(Resolution::Returned) if self.known.was_cancelled() => Next::Done(self.cancelled()),
            Evidence::Ended(resolution) => Next::Done(resolution),
            Evidence::NotFound if self.is_not_found(now) => Next::Done(self.not_found()),
            Evidence::Payable if when == CancelWhen::Seen && self.known.is_ours() => self.cancel(now),
            // The host wants it cancelled, and it is not ours to cancel.
            Evidence::Disputed { .. } if when == CancelWhen::AtOnce => Next::Done(Resolution::Unknown),
            _ if wanted => self.cancel(now),
            _ => self.pause(Call::Query, now),
        }
    }

    /// Once a cancel was sent, whatever was asked last.
    fn after_cancel(&mut self, evidence: Evidence, asked: Call, now: Millis) -> Next {
        match evidence {
            Evidence::Paid if self.known.paid_is_final() => Next::Done(Resolution::Paid),
            // Only the answer to a cancel settles it.
            Evidence::Paid | Evidence::Payable => self.pause(Call::Cancel, now),
            Evidence::Ended(Resolution::PartlyReturned) => Next::Done(Resolution::PartlyReturned),
            Evidence::Ended(_) => Next::Done(self.cancelled()),
            Evidence::NotFound if self.is_not_found(now) => Next::Done(self.not_found()),
            Evidence::NotFound => self.cancel_after_grace(now),
            Evidence::CancelForbidden => self.send(Call::Query, now),
            Evidence::CancelRefused | Evidence::Moving | Evidence::StatusError | Evidence::PaidWithoutAmount => {
                self.pause(Call::Query, now)
            }
            Evidence::CancelError | Evidence::Disputed { .. } => Next::Done(Resolution::Unknown),
            Evidence::NoAnswer => self.pause(asked, now),
        }
    }

    fn cancel(&mut self, now: Millis) -> Next {
        let ends_at = now.saturating_add(self.limits.cancel_timeout);
        self.state = ReconcileState::Cancelling { ends_at, call: Call::Cancel };
        self.rhythm.restart();
        self.send(Call::Cancel, now)
    }

    fn send(&mut self, call: Call, now: Millis) -> Next {
        if !self.rhythm.allows_send() {
            return self.pause(call, now);
        }
        match &mut self.state {
            ReconcileState::Querying { clearance, .. } if *clearance == Clearance::AfterQuery => {
                *clearance = Clearance::Given;
            }
            ReconcileState::Cancelling { call: asked, .. } => *asked = call,
            _ => {}
        }
        self.known.leaves(call, now);
        Next::Send(call)
    }

    fn pause(&mut self, then: Call, now: Millis) -> Next {
        if let ReconcileState::Cancelling { call, .. } = &mut self.state {
            *call = then;
        }
        let until = self.rhythm.pause(&self.limits.poll, now);
        Next::SleepUntil(self.ends_at().map_or(until, |ends_at| until.min(ends_at)).max(now))
    }

    /// The second answer "no such order" has to come late enough to count, even when the time is short.
    fn cancel_after_grace(&mut self, now: Millis) -> Next {
        let counts_at = self.not_found_since.unwrap_or(now).saturating_add(self.limits.not_found_grace);
        if let ReconcileState::Cancelling { ends_at, call } = &mut self.state {
            *ends_at = (*ends_at).max(counts_at.saturating_add(LATE_MS_MAX));
            *call = Call::Cancel;
        }
        Next::SleepUntil(self.rhythm.pause(&self.limits.poll, now).max(counts_at))
    }

    /// Two answers in a row, the second at least the grace after the first: a request in doubt may still arrive. Never of
    /// an order whose number the gateway called used.
    fn is_not_found(&self, now: Millis) -> bool {
        let grace = self.limits.not_found_grace;
        let stays = |since: Millis| now > since && now.saturating_sub(since) >= grace;
        self.not_found_since.is_some_and(stays) && !self.known.is_in_conflict() && !self.known.was_paid()
    }

    fn not_found(&self) -> Resolution {
        match self.canceller {
            Canceller::Host => Resolution::NotFoundCancelled,
            Canceller::Library => Resolution::NotFound,
        }
    }

    fn cancelled(&self) -> Resolution {
        match self.canceller {
            Canceller::Host => Resolution::Cancelled,
            Canceller::Library => Resolution::Expired,
        }
    }
}

fn cleared(clearance: Clearance, evidence: Evidence) -> Clearance {
    match (clearance, evidence) {
        (_, Evidence::StatusError | Evidence::PaidWithoutAmount) => Clearance::Denied,
        (_, Evidence::Payable | Evidence::Moving) => Clearance::Given,
        (Clearance::AfterAnswer, Evidence::NotFound) => Clearance::Given,
        (clearance, _) => clearance,
    }
}

impl Flow for Reconcile {
    fn step(&mut self, input: FlowInput<'_>, now: Millis) -> Next {
        match input {
            FlowInput::Begin => self.begin(now),
            FlowInput::Heard(heard) => self.heard(heard, now),
            FlowInput::Timer => self.timer(now),
        }
    }

    fn give_up(&mut self) -> bool {
        self.canceller = Canceller::Host;
        match &mut self.state {
            ReconcileState::Querying { when, .. } => *when = CancelWhen::AtOnce,
            ReconcileState::Ready(Opening::LeftOver(..)) => self.state = ReconcileState::Ready(Opening::Cancel),
            ReconcileState::Ready(_) | ReconcileState::Cancelling { .. } => {}
        }
        true
    }

    fn phase(&self) -> Phase {
        match self.state {
            ReconcileState::Cancelling { .. } | ReconcileState::Ready(Opening::Cancel) => Phase::Cancelling,
            ReconcileState::Querying { .. } | ReconcileState::Ready(_) => Phase::Querying,
        }
    }

    fn ends_at(&self) -> Option<Millis> {
        match self.state {
            ReconcileState::Ready(_) => None,
            ReconcileState::Querying { ends_at, .. } | ReconcileState::Cancelling { ends_at, .. } => Some(ends_at),
        }
    }

    fn warning(&self) -> upay_status {
        self.warning
    }

    fn cancel_left_elsewhere(&mut self, now: Millis) {
        self.known.cancel_left_elsewhere(now);
    }

    fn knowledge(&self) -> Knowledge {
        self.known.knowledge()
    }
}
