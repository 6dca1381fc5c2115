//! The closed loop (protocol rule 6): an order whose verdict was "unknown", or "failed" because the gateway knew no
//! such order, is asked about until the answer is final. Paid after the till was told "failed": it is reversed, by a
//! cancel on the same Beijing day and by a refund of the full amount after midnight. Which of the two it takes, the
//! gateway tells: its calendar counts, not the till's.

use super::limits::Limits;
use super::proof::{answer, Answer, Proof};
use super::refund::{refund_said, Said};
use super::*;

/// What the till was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Failed,
    Unknown,
}

/// A request that has not arrived for this long will not arrive any more: a customer's code lives for minutes.
pub const ABSENT_MS_MAX: Millis = 3_600_000;

pub struct Watch {
    order: Identity,
    limits: Limits,
    told: Told,
    asked: Call,
    pauses_taken: usize,
    absent_since: Option<Millis>,
    /// A cancel of ours may still be on its way: "paid" is not the last word before one is answered.
    cancel_sent: bool,
    /// The gateway would not cancel in this round.
    cancel_refused: bool,
    /// A person was told to give the money back: from here on it is only asked how it stands.
    by_hand: bool,
    /// How often the gateway refused the refund that reverses the order.
    refusals: u32,
}

impl Watch {
    /// `cancel_sent`: a cancel was sent before, and its answer is not known.
    /// `by_hand`: a person was told to give the money back.
    pub fn new(order: Identity, limits: Limits, told: Told, cancel_sent: bool, by_hand: bool) -> Self {
        Self {
            order,
            limits,
            told,
            asked: Call::Query,
            pauses_taken: 0,
            absent_since: None,
            cancel_sent,
            cancel_refused: false,
            by_hand,
            refusals: 0,
        }
    }

    fn sleep(&mut self, then: Call, now: Millis) -> Next {
        self.asked = then;
        self.cancel_refused = false;
        let until = now + self.limits.watch.after(self.pauses_taken);
        self.pauses_taken += 1;
        Next::SleepUntil(until)
    }

    fn ask(&mut self, call: Call) -> Next {
        self.asked = call;
        self.cancel_sent |= call == Call::Cancel;
        Next::Send(call)
    }

    /// The full amount back, under a number that is always the same for this order: it moves the money once.
    fn after_refund(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        let said = match answer(heard, &self.order) {
            Answer::Order(reply) => refund_said(reply, &self.order),
            Answer::Refused(status) => Said::NotByThis(Fate::Refused(status)),
            Answer::Nothing(status) | Answer::NotSent(status) => Said::Nothing(status),
            Answer::OtherOrder => Said::Nothing(UPAY_E_REPLY),
        };
        match said {
            Said::Final(Fate::Refunded) => Next::Done(Fate::Returned),
            // Neither cancelled nor refunded: a person has to. Once is not enough, because an earlier try of the same
            // refund may be on its way.
            Said::NotByThis(_) => {
                self.refusals += 1;
                self.by_hand = self.refusals > 1;
                self.sleep(Call::Query, now)
            }
            Said::Nothing(_) => self.sleep(Call::Refund, now),
            Said::Final(_) | Said::UnderWay | Said::GivenBack | Said::HasIt | Said::NotThis | Said::Untouched => {
                self.sleep(Call::Query, now)
            }
        }
    }

    fn heard(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        if self.asked == Call::Refund {
            return self.after_refund(heard, now);
        }
        let proof = Proof::of(self.asked, heard, &self.order);
        if !matches!(proof, Proof::Absent | Proof::Nothing) {
            self.absent_since = None;
        }
        match proof {
            Proof::Final(Fate::Unknown) => self.sleep(Call::Query, now),
            Proof::Final(fate) => Next::Done(fate),
            Proof::Paid if self.told == Told::Unknown && (self.cancel_refused || !self.cancel_sent) => {
                Next::Done(Fate::Paid)
            }
            Proof::Paid if bug!(PaidAfterFailedStays) => Next::Done(Fate::Paid),
            Proof::Paid if self.by_hand => self.sleep(Call::Query, now),
            // Paid after "failed", and too late for a cancel, which is for the same Beijing day alone.
            Proof::Paid if self.cancel_refused && self.order.total_amount.is_some() => self.ask(Call::Refund),
            // An order that was made elsewhere: how much to give back is for a person to say.
            Proof::Paid if self.cancel_refused => {
                self.by_hand = true;
                self.sleep(Call::Query, now)
            }
            // Nobody waits for this order any more: what is still payable must not be paid, and what was paid after
            // "failed" goes back.
            Proof::Paid => self.ask(Call::Cancel),
            Proof::Open if self.cancel_refused => self.sleep(Call::Query, now),
            Proof::Open => self.ask(Call::Cancel),
            Proof::CancelRefused => {
                self.cancel_refused = true;
                self.ask(Call::Query)
            }
            Proof::Absent => {
                let since = *self.absent_since.get_or_insert(now);
                if now - since >= ABSENT_MS_MAX {
                    return Next::Done(Fate::NeverArrived);
                }
                self.sleep(Call::Query, now)
            }
            Proof::Nothing => self.sleep(self.asked, now),
            Proof::Moving | Proof::Doubt(_) => self.sleep(Call::Query, now),
        }
    }
}

impl Flow for Watch {
    fn step(&mut self, input: Input<'_>, now: Millis) -> Next {
        match input {
            Input::Begin => self.sleep(Call::Query, now),
            Input::Timer => self.ask(self.asked),
            Input::Heard(heard) => self.heard(heard, now),
        }
    }

    fn phase(&self) -> Phase {
        if self.asked == Call::Cancel {
            Phase::Cancelling
        } else {
            Phase::Querying
        }
    }

    fn trouble(&self) -> upay_status {
        if self.by_hand {
            UPAY_E_REFUSED
        } else {
            UPAY_OK
        }
    }
}
