//! What the host was told, held against the gateway's ledger.

use super::super::gateway::{Kind, Way};
use super::super::host::{Act, Told};
use super::super::{Event, World};
use super::NOT_FOUND_GRACE_MS;
use crate::abi::*;
use crate::record::Verdict;

impl World {
    /// "No such order" may be told after two such answers, far enough from each other.
    fn absence_is_proved(&mut self, n: usize) {
        let order = &self.host.orders[n];
        let apart = order.absent_at.last().zip(order.absent_at.first()).map_or(0, |(last, first)| last - first);
        if apart < NOT_FOUND_GRACE_MS {
            self.breaks("not found", format_args!("order-{n}: told so after answers {apart} ms apart"));
        }
    }

    pub fn hears_of_payment(&mut self, n: usize, action: i32, verdict: Verdict) {
        let (outcome, status) = (verdict.outcome, verdict.status);
        let watch = action == UPAY_ACTION_WATCH;
        self.met(match (outcome, status) {
            (UPAY_OUTCOME_SUCCESS, _) if watch => "verdict: the watcher hears: paid",
            (UPAY_OUTCOME_FAILED, _) if watch => "verdict: the watcher hears: failed",
            (UPAY_OUTCOME_UNKNOWN, _) if watch => "verdict: the watcher hears: unknown",
            (UPAY_OUTCOME_SUCCESS, _) => "verdict: paid",
            (UPAY_OUTCOME_FAILED, 100..=199) => "verdict: not sent",
            (UPAY_OUTCOME_FAILED, UPAY_E_EXPIRED) => "verdict: expired",
            (UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED) => "verdict: cancelled",
            (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER) => "verdict: no such order",
            (UPAY_OUTCOME_FAILED, _) => "verdict: refused",
            (_, UPAY_E_CLOSED) => "verdict: closed",
            _ => "verdict: unknown",
        });
        if self.host.orders[n].elsewhere {
            return self
                .breaks("elsewhere", format_args!("order-{n}: was not paid here, and action {action} is told"));
        }
        let order = &mut self.host.orders[n];
        let ledger = self.gateway.order(n);
        match outcome {
            UPAY_OUTCOME_SUCCESS => {
                let numbers: Vec<_> = order.refunds.iter().map(|refund| refund.number.clone()).collect();
                let paid = ledger.is_some_and(|ledger| {
                    let by_host = ledger.refunded(|number| numbers.iter().any(|known| **known == *number));
                    let whole = ledger.returned == by_host || order.cancelled;
                    // Rule 12 needs the answer that the number is in use: where it was lost, an older sale of the same amount
                    // under the same number is taken for ours.
                    let ours =
                        ledger.kind == Kind::Ours || (ledger.kind == Kind::Older && order.disowned_by.is_none());
                    ledger.charged == order.amount && ours && whole
                });
                let before = std::mem::replace(&mut order.told, Told::Paid);
                let cancelled = order.cancelled;
                if !paid {
                    let is = ledger.map(|ledger| (ledger.charged, ledger.returned, ledger.kind));
                    self.breaks("paid", format_args!("order-{n}: told paid; the ledger says {is:?}"));
                } else if before == Told::NotOwed && !cancelled {
                    self.breaks("not paid", format_args!("order-{n}: told not paid, and now paid"));
                }
            }
            UPAY_OUTCOME_FAILED => {
                order.told = Told::NotOwed;
                if status == UPAY_E_NO_ORDER {
                    self.absence_is_proved(n);
                }
            }
            // Closed with a part of the money given back: a person settles it, and was told.
            _ if watch && ledger.is_some_and(|ledger| ledger.returned > 0) => order.told = Told::Unknown,
            _ if order.told == Told::Nothing => order.told = Told::Unknown,
            _ => {}
        }
    }

    pub fn hears_of_cancel(&mut self, n: usize, verdict: Verdict) {
        let order = &mut self.host.orders[n];
        let what = match (verdict.outcome, verdict.status) {
            (UPAY_OUTCOME_SUCCESS, _) => {
                order.told = Told::NotOwed;
                "verdict: of a cancel: done"
            }
            (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER) => {
                if order.told != Told::Paid {
                    order.told = Told::NotOwed;
                }
                self.absence_is_proved(n);
                "verdict: of a cancel: no such order"
            }
            (UPAY_OUTCOME_FAILED, _) => {
                // "Not paid" is a promise: a cancel that is refused takes nothing from it.
                if order.told != Told::NotOwed {
                    order.told = Told::Paid;
                }
                "verdict: of a cancel: the payment stands"
            }
            _ => {
                if order.told != Told::NotOwed {
                    order.told = Told::Unknown;
                }
                "verdict: of a cancel: unknown"
            }
        };
        self.met(what);
    }

    pub fn hears_of_refund(&mut self, n: usize, number: &str, verdict: Verdict) {
        let order = &mut self.host.orders[n];
        let Some(refund) = order.refunds.iter_mut().find(|refund| *refund.number == *number) else {
            return self.breaks("refund", format_args!("order-{n}: {number} is not the host's"));
        };
        refund.told = Some(verdict);
        let amount = refund.amount;
        match verdict.outcome {
            UPAY_OUTCOME_SUCCESS => {
                self.met("verdict: of a refund: done");
                let ledger = self.gateway.order(n).and_then(|order| order.refund(number));
                if ledger.is_none_or(|refund| refund.way != Way::Done || refund.amount != amount) {
                    self.breaks("refund", format_args!("order-{n}: {number} is told done, and is not"));
                }
            }
            UPAY_OUTCOME_FAILED => self.met("verdict: of a refund: refused"),
            _ => self.met("verdict: of a refund: unknown"),
        }
    }

    /// Ten minutes after the library saw that an order is paid which it had said is not.
    pub fn person_has_heard(&mut self, n: usize, seen: u64) {
        let order = &self.host.orders[n];
        if order.late_seen != Some(seen)
            || order.by_hand
            || order.missed
            || order.is_twofold
            || order.told != Told::NotOwed
        {
            return;
        }
        let net = self.gateway.order(n).map_or(0, |ledger| ledger.net());
        if net == 0 || self.is_locked_out() {
            return;
        }
        if !self.is_up() || self.host.stopping {
            self.at(self.now + 30_000, Event::Act(Act::PersonDeadline(n, seen)));
            return;
        }
        if self.now < self.up_since() + BACK_MS {
            self.at(self.now + BACK_MS, Event::Act(Act::PersonDeadline(n, seen)));
            return;
        }
        let s = (self.now - seen) / 1000;
        self.breaks(
            "person",
            format_args!("order-{n}: seen to be paid {s} s ago: charged {net}, and no person was told"),
        );
    }
}

/// A process that was away has this long to tell a person.
const BACK_MS: u64 = 60_000;
