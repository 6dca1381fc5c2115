//! What the answers have proved about one order: whether one of them named it, whose it is, and which of our cancels may
//! still be carried out. It reads each answer in the light of the earlier ones.
//!
//! ```text
//!   owner         becomes       when an answer
//!   any           Ours          names number and amount (after a conflict: and the order is about as old as our request)
//!   Ours          Doubtful      to /pay is about another amount, terminal or number; to a query, about another terminal
//!   Ours          InConflict    to /pay says that the number is in use
//!   Ours          AnotherAmount to a query shows another amount
//!
//!   cancels       becomes       when
//!   any           Open          a cancel leaves
//!   Open          as before     not a byte of it left
//!   Open          Refused       it is refused, and every earlier one was
//!   Open          Open          anything else comes of it, for ten minutes after it left at the latest
//! ```

use super::evidence::{Evidence, Received};
use super::limits::{CANCEL_MS_MAX, OLDER_MS_MAX};
use super::*;
use crate::gateway::codes::is_order_not_exists;
use crate::record::{Cancels, Owner, Reversal};

pub struct KnownOrder {
    pub identity: Identity,
    pub reversal: Reversal,
    named: bool,
    owner: Owner,
    sent_ms: Option<u64>,
    /// An answer in this run has called it PAID.
    was_paid: bool,
    trail: CancelTrail,
    /// What the trail was before the newest cancel left.
    earlier: CancelTrail,
    /// When the newest query was to leave.
    queried_at: Millis,
}

/// The cancels that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CancelTrail {
    None,
    Refused,
    /// One of them may be carried out. The newest of these left at this time at the latest.
    Open(Millis),
}

impl KnownOrder {
    pub fn new(identity: Identity, knowledge: Knowledge) -> Self {
        let trail = match knowledge.cancels {
            Cancels::None => CancelTrail::None,
            Cancels::Refused => CancelTrail::Refused,
            Cancels::Open => CancelTrail::Open(0),
        };
        Self {
            identity,
            reversal: knowledge.reversal,
            named: knowledge.named,
            owner: knowledge.owner,
            sent_ms: knowledge.sent_ms,
            was_paid: false,
            trail,
            earlier: trail,
            queried_at: 0,
        }
    }

    /// A cancel of an earlier run left before this one began.
    pub fn begin(&mut self, now: Millis) {
        if let CancelTrail::Open(left) = &mut self.trail {
            *left = now;
        }
    }

    pub fn knowledge(&self) -> Knowledge {
        let cancels = match self.trail {
            CancelTrail::None => Cancels::None,
            CancelTrail::Refused => Cancels::Refused,
            CancelTrail::Open(_) => Cancels::Open,
        };
        Knowledge { named: self.named, owner: self.owner, cancels, reversal: self.reversal, sent_ms: self.sent_ms }
    }

    /// It may be cancelled and refunded.
    pub fn is_ours(&self) -> bool {
        self.owner == Owner::Ours
    }

    /// The gateway has called the number used, and nothing has told yet by whose order.
    pub fn is_in_conflict(&self) -> bool {
        self.owner == Owner::InConflict
    }

    /// The gateway has spoken of an order under this number.
    pub fn was_seen(&self) -> bool {
        self.named || self.is_in_conflict()
    }

    /// "No such order" after that is no proof that nothing is owed.
    pub fn was_paid(&self) -> bool {
        self.was_paid
    }

    pub fn was_cancelled(&self) -> bool {
        self.trail != CancelTrail::None
    }

    /// Rule 8: "paid" is the last word when every cancel of ours was refused, or can no longer be carried out and the
    /// newest query left after that.
    pub fn paid_is_final(&self) -> bool {
        match self.trail {
            CancelTrail::None | CancelTrail::Refused => true,
            CancelTrail::Open(left) => self.queried_at >= left.saturating_add(CANCEL_MS_MAX),
        }
    }

    /// A cancel left that was sent under another number of the order.
    pub fn cancel_left_elsewhere(&mut self, now: Millis) {
        self.trail = CancelTrail::Open(now);
        self.earlier = self.trail;
    }

    /// A query or a cancel is about to leave.
    pub fn leaves(&mut self, call: Call, now: Millis) {
        match call {
            Call::Cancel => {
                self.earlier = self.trail;
                self.trail = CancelTrail::Open(now);
            }
            Call::Query => self.queried_at = now,
            Call::Pay | Call::Precreate | Call::Refund => {}
        }
    }

    /// The answer to /pay or /precreate, which left `ago` before it came; `owner` is what it says of the order's owner.
    pub fn learn_first(&mut self, reply: &Reply, owner: Owner, ago: Millis) {
        if let Some(date_ms) = reply.date_ms {
            self.sent_ms = Some(date_ms.saturating_sub(ago));
        }
        self.named |= reply.is_about(&self.identity) && !is_order_not_exists(reply.biz_error_code.as_deref());
        self.owner = owner;
    }

    /// What the answer to a query or a cancel proves, with all that is known.
    pub fn learn(&mut self, asked: Call, heard: &Result<Reply>, now: Millis) -> Evidence {
        let received = Received::of(heard, &self.identity);
        let evidence = Evidence::received(asked, &received, &self.identity);
        if asked == Call::Cancel {
            self.cancel_came_to(&received, evidence, now);
        }
        match received {
            Received::Answer(reply) | Received::OtherOrder(reply) => self.judge(reply, evidence),
            _ => evidence,
        }
    }

    fn cancel_came_to(&mut self, received: &Received<'_>, evidence: Evidence, now: Millis) {
        self.trail = match (evidence, self.earlier) {
            _ if matches!(received, Received::NotSent(_)) => self.earlier,
            (Evidence::CancelForbidden | Evidence::CancelRefused, CancelTrail::Open(left)) => CancelTrail::Open(left),
            (Evidence::CancelForbidden | Evidence::CancelRefused, _) => CancelTrail::Refused,
            // It left before its answer came.
            _ => CancelTrail::Open(now),
        };
    }

    fn judge(&mut self, reply: &Reply, evidence: Evidence) -> Evidence {
        if evidence == Evidence::NotFound || !reply.is_about(&self.identity) {
            return evidence;
        }
        self.named = true;
        self.was_paid |= evidence == Evidence::Paid;
        let names = reply.names(&self.identity);
        self.owner = match (self.owner, evidence) {
            (Owner::InConflict, _) => match self.age(reply) {
                // The number was used before: our request was refused.
                Age::Older => return Evidence::Ended(Resolution::Refused(UPAY_E_REFUSED)),
                Age::Near if names => Owner::Ours,
                Age::Near | Age::Unknown => Owner::InConflict,
            },
            _ if names => Owner::Ours,
            (owner, Evidence::Disputed { .. }) => match reply.get("total_amount") {
                amount if amount != self.identity.total_amount.as_deref() && amount.is_some() => Owner::AnotherAmount,
                _ if owner == Owner::Ours => Owner::Doubtful,
                _ => owner,
            },
            (owner, _) => owner,
        };
        match evidence {
            Evidence::Paid if !self.is_ours() => Evidence::Disputed { paid: true },
            // Of another's order, it says nothing of what our customer was charged.
            Evidence::Ended(Resolution::PartlyReturned) if !self.is_ours() => Evidence::Disputed { paid: true },
            evidence => evidence,
        }
    }

    /// Rule 12.
    fn age(&self, reply: &Reply) -> Age {
        match (reply.order_ms(), self.sent_ms) {
            (Some(made), Some(sent)) if made.saturating_add(OLDER_MS_MAX) < sent => Age::Older,
            (Some(_), Some(_)) => Age::Near,
            _ => Age::Unknown,
        }
    }
}

/// Of the order under our number, compared with our request.
enum Age {
    Older,
    Near,
    Unknown,
}
