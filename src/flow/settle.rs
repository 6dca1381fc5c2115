//! From "in doubt" or "in progress" to a verdict (protocol rules 4 and 5): query until an answer is final or the time
//! is up, then cancel until an answer is final or that time is up too. Used after /pay, for what an earlier run left
//! over, and, starting with the cancel, for a cancel of its own.

use super::limits::Limits;
use super::proof::{Doubt, Proof};
use super::*;

/// A timer may be this late on a busy machine, and the answer that it is for still asked for.
const LATE_MS_MAX: Millis = 5_000;

pub struct Settle {
    order: Identity,
    limits: Limits,
    /// How long to query.
    time: Millis,
    /// The customer has nothing to pay it with: as soon as it is seen, it is cancelled.
    unpayable: bool,
    phase: Phase,
    /// What the next answer answers; after a pause, what is asked next.
    asked: Call,
    pauses_taken: usize,
    ends_at: Millis,
    /// When the gateway first said that it knows no such order, with no other answer since.
    absent_since: Option<Millis>,
    doubt: Doubt,
    /// At least one query was sent: no payment is cancelled unasked because its time is up.
    queried: bool,
    /// A query has named our order and our amount.
    named: bool,
    trouble: upay_status,
    /// The gateway would not cancel: what a query says then is the last word.
    cancel_refused: bool,
    gave_up: bool,
}

impl Settle {
    /// Starts with queries, for `time`; [`Settle::begin`] says when that begins.
    pub fn by_query(order: Identity, limits: Limits, time: Millis) -> Self {
        Self {
            order,
            limits,
            time,
            unpayable: false,
            phase: Phase::Querying,
            asked: Call::Query,
            pauses_taken: 0,
            ends_at: 0,
            absent_since: None,
            doubt: Doubt::None,
            queried: false,
            named: false,
            trouble: UPAY_OK,
            cancel_refused: false,
            gave_up: false,
        }
    }

    /// Starts with a cancel, because the cashier gave up or because the time was up in an earlier run.
    pub fn by_cancel(order: Identity, limits: Limits, gave_up: bool) -> Self {
        let time = limits.pay_timeout;
        Self { phase: Phase::Cancelling, gave_up, ..Self::by_query(order, limits, time) }
    }

    pub fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// The answer to /pay spoke of an order that may not be ours: not to be touched until a query has named ours.
    pub fn may_be_anothers(&mut self) {
        self.doubt = Doubt::OtherOrder;
        self.trouble = UPAY_E_REPLY;
    }

    /// An order may have been made, but the QR content that it is paid with is lost.
    pub fn is_unpayable(&mut self) {
        self.unpayable = true;
    }

    /// The pay call ended without a final answer: the first pause, then the first query.
    pub fn begin(&mut self, now: Millis) -> Next {
        self.ends_at = now + self.time;
        if self.gave_up {
            return self.go_on(now);
        }
        self.pause(Call::Query, now)
    }

    fn go_on(&mut self, now: Millis) -> Next {
        match self.phase {
            Phase::Querying if self.gave_up && self.doubt != Doubt::OtherOrder => self.cancel(now),
            Phase::Querying if now < self.ends_at || !self.queried || bug!(TimeNeverUp) => self.ask(Call::Query),
            Phase::Querying if self.doubt == Doubt::None => self.cancel(now),
            Phase::Cancelling if now < self.ends_at => Next::Send(self.asked),
            _ => Next::Done(Fate::Unknown),
        }
    }

    fn cancel(&mut self, now: Millis) -> Next {
        self.phase = Phase::Cancelling;
        self.pauses_taken = 0;
        self.ends_at = now + self.limits.cancel_timeout;
        self.ask(Call::Cancel)
    }

    fn ask(&mut self, call: Call) -> Next {
        self.asked = call;
        self.queried |= call == Call::Query;
        Next::Send(call)
    }

    fn pause(&mut self, then: Call, now: Millis) -> Next {
        self.asked = then;
        let until = now + self.limits.poll.after(self.pauses_taken);
        self.pauses_taken += 1;
        if self.phase == Phase::Querying && self.gave_up && self.doubt != Doubt::OtherOrder {
            return self.go_on(now);
        }
        Next::SleepUntil(until.min(self.ends_at))
    }

    fn heard(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        let proof = Proof::of(self.asked, heard, &self.order);
        if !matches!(proof, Proof::Absent | Proof::Nothing) {
            self.absent_since = None;
        }
        self.trouble = proof.trouble();
        self.named |= heard.as_ref().is_ok_and(|reply| reply.names(&self.order));
        match self.phase {
            Phase::Cancelling => self.after_cancel(proof, now),
            _ => self.after_query(proof, now),
        }
    }

    /// While querying.
    fn after_query(&mut self, proof: Proof, now: Millis) -> Next {
        match proof {
            Proof::Paid => return Next::Done(Fate::Paid),
            Proof::Final(fate) => return Next::Done(fate),
            Proof::Absent if self.absent_for_good(now) => return Next::Done(self.absent()),
            // The cashier wants it cancelled, and it is not ours to cancel.
            Proof::Doubt(Doubt::OtherOrder) if self.gave_up => return Next::Done(Fate::Unknown),
            Proof::Doubt(doubt) => self.doubt = doubt,
            // It may be another's still.
            Proof::Open | Proof::Moving if self.doubt == Doubt::OtherOrder && !self.named => {}
            Proof::Open if self.unpayable => return self.cancel(now),
            Proof::Open | Proof::Moving => self.doubt = Doubt::None,
            Proof::Absent | Proof::CancelRefused | Proof::Nothing => {}
        }
        self.pause(Call::Query, now)
    }

    /// Once a cancel was sent, whatever was asked last.
    fn after_cancel(&mut self, proof: Proof, now: Millis) -> Next {
        match proof {
            Proof::Final(Fate::PartlyReturned) => Next::Done(Fate::PartlyReturned),
            Proof::Final(Fate::Unknown) => Next::Done(Fate::Unknown),
            Proof::Final(_) if self.gave_up => Next::Done(Fate::Cancelled),
            Proof::Final(_) => Next::Done(Fate::Expired),
            Proof::Absent if self.absent_for_good(now) => Next::Done(self.absent()),
            Proof::Absent => {
                // The second answer has to come late enough to count, even when the time is short.
                let counts_at = self.absent_since.unwrap_or(now) + self.limits.not_found_grace;
                self.ends_at = self.ends_at.max(counts_at + LATE_MS_MAX);
                let Next::SleepUntil(until) = self.pause(Call::Cancel, now) else {
                    return Next::Done(Fate::Unknown);
                };
                Next::SleepUntil(until.max(counts_at))
            }
            Proof::CancelRefused if bug!(RefusedCancelIsDone) => Next::Done(Fate::Expired),
            Proof::CancelRefused => {
                self.cancel_refused = true;
                self.ask(Call::Query)
            }
            // The cancel was refused because it had been paid a moment before.
            Proof::Paid if self.cancel_refused || bug!(PaidDespiteCancel) => Next::Done(Fate::Paid),
            // Paid, while a cancel may still be on its way: only the answer to a cancel settles it.
            Proof::Paid => self.pause(Call::Cancel, now),
            Proof::Open => {
                self.cancel_refused = false;
                self.pause(Call::Cancel, now)
            }
            Proof::Moving => {
                self.cancel_refused = false;
                self.pause(Call::Query, now)
            }
            Proof::Doubt(Doubt::OtherOrder) => Next::Done(Fate::Unknown),
            Proof::Doubt(_) => self.pause(Call::Query, now),
            Proof::Nothing if self.asked == Call::Cancel && bug!(LostCancelIsDone) => Next::Done(Fate::Expired),
            Proof::Nothing => self.pause(self.asked, now),
        }
    }

    /// Two answers in a row, the second at least the grace after the first: a request in doubt may still arrive.
    fn absent_for_good(&mut self, now: Millis) -> bool {
        let since = *self.absent_since.get_or_insert(now);
        now > since && (bug!(GraceIgnored) || now - since >= self.limits.not_found_grace)
    }

    fn absent(&self) -> Fate {
        if bug!(NotFoundIsFinal) {
            Fate::NeverArrived
        } else if self.gave_up {
            Fate::AbsentCancelled
        } else {
            Fate::Absent
        }
    }
}

impl Flow for Settle {
    fn step(&mut self, input: Input<'_>, now: Millis) -> Next {
        match input {
            // What an earlier run left over is asked about at once.
            Input::Begin if self.phase == Phase::Querying => {
                self.ends_at = now + self.time;
                self.ask(Call::Query)
            }
            Input::Begin => self.cancel(now),
            Input::Heard(heard) => self.heard(heard, now),
            Input::Timer => self.go_on(now),
        }
    }

    fn give_up(&mut self) -> bool {
        self.gave_up = true;
        true
    }

    fn phase(&self) -> Phase {
        self.phase
    }

    fn ends_at(&self) -> Option<Millis> {
        Some(self.ends_at)
    }

    fn trouble(&self) -> upay_status {
        self.trouble
    }
}
