//! What holds when a process starts, when it stops, and at the end.

use super::super::gateway::{Kind, Way};
use super::super::host::Told;
use super::super::World;
use crate::abi::*;
use crate::error::Result;
use crate::record::{OrderKey, Record};

impl World {
    /// An action has to have ended, or ends now: in time?
    pub fn is_late(&mut self, index: usize) {
        let start = &self.host.starts[index];
        let limit = self.time_for(start.deed) + 1_000;
        let took = self.now - start.at;
        let polls = if self.host.callbacks { 0 } else { 10_000 };
        let pending = start.finals == 0 && !start.dropped && start.life == self.life && self.is_up();
        let ended = start.finals == 1 && took > limit + polls;
        // What is in the queue of a host that polls has ended.
        if (pending && self.host.callbacks && took >= limit - 1_000 && took <= limit) || ended {
            let deed = start.deed;
            self.breaks("in time", format_args!("{deed:?} takes {took} ms, the limit is {limit}"));
        }
    }

    /// What is not final is in the journal when a process has started.
    pub fn after_start(&mut self, pending: &[Record]) {
        if !pending.is_empty() {
            self.met("till: takes up what was left over");
        }
        let has = |key: &OrderKey| pending.iter().any(|record| record.key == *key);
        let mut lost = Vec::new();
        for (n, order) in self.host.orders.iter().enumerate() {
            let key = OrderKey::ClientSn(order.client_sn.clone());
            let ledger = self.gateway.order(n);
            let partly = ledger.is_some_and(|ledger| ledger.returned > 0 && ledger.net() > 0);
            if order.accepted && matches!(order.told, Told::Nothing | Told::Unknown) && !has(&key) && !partly {
                lost.push(key.text());
            }
            for refund in order.refunds.iter().filter(|refund| refund.accepted) {
                let open = refund.told.is_none_or(|told| told.outcome == UPAY_OUTCOME_UNKNOWN);
                let key = OrderKey::refund(&key, &refund.number);
                if open && !has(&key) {
                    lost.push(key.text());
                }
            }
        }
        if !lost.is_empty() {
            self.breaks("watched", format_args!("{lost:?}: not final, and not in the journal"));
        }
        self.late_payments_go_on(pending);
    }

    /// What an earlier process saw counts on when it is on disk, and no calendar has jumped since.
    fn late_payments_go_on(&mut self, pending: &[Record]) {
        let changed = self.host.calendar_changed;
        for order in &mut self.host.orders {
            let known =
                |record: &&Record| record.key.client_sn() == Some(&order.client_sn) && !record.key.is_refund();
            let seen = pending.iter().find(known).and_then(|record| record.late_payment_ms);
            order.requests.clear();
            order.late_seen = order.late_seen.filter(|at| seen.is_some() && changed < *at);
        }
    }

    /// Every action of the process has had its end, once, and is let go of.
    pub fn after_stop(&mut self) {
        let callbacks = self.host.callbacks;
        let is_wrong = |start: &&super::super::host::Start| {
            let ended = start.finals == 1 || start.dropped;
            start.life == self.life && start.accepted && (!ended || (callbacks && start.let_go != 1))
        };
        let wrong = self.host.starts.iter().filter(is_wrong);
        let wrong: Vec<_> = wrong.map(|start| (start.deed, start.finals, start.let_go)).collect();
        if !wrong.is_empty() {
            self.breaks("one end", format_args!("(action, final events, let go): {wrong:?}"));
        }
        let unreturned = |start: &&super::super::host::Start| start.life == self.life && !start.returned;
        if let Some(start) = self.host.starts.iter().find(unreturned) {
            let deed = start.deed;
            self.breaks("calls", format_args!("{deed:?} has not returned, and the client is stopped"));
        }
    }

    /// Calm has lasted: whatever is watched still is what nobody at the gateway knows, or what a person has to settle.
    pub fn watch_list_is_empty(&mut self, pending: Result<Vec<Record>>) {
        let Ok(pending) = pending else {
            return self.breaks("journal", format_args!("cannot be read"));
        };
        let mut left = Vec::new();
        for record in pending.iter().filter(|record| record.is_open()) {
            let n = self.order_of(record.key.client_sn(), record.key.sn());
            let Some(n) = n else { continue };
            // The call had failed, though its record was written: the next start finds that nothing was sent.
            let order = &self.host.orders[n];
            if !order.accepted && order.sent == 0 && !order.cancelled {
                continue;
            }
            let stuck = self.gateway.order(n).is_some_and(|ledger| {
                // Some refund is done, and whether it was this one the answers do not tell.
                let hidden = record.refund.is_some() && ledger.returned > 0;
                let vanished = !ledger.is_visible(self.now);
                // Whose it is nobody can tell without a date, and it is not charged.
                let undated = !self.clock.has_date && ledger.net() == 0;
                ledger.kind != Kind::Ours
                    || hidden
                    || vanished
                    || undated
                    || ledger.nobody_knows()
                    || ledger.riddles()
            });
            if !stuck && !self.host.orders[n].by_hand {
                left.push(record.key.text());
            }
        }
        self.met(if pending.is_empty() { "world: the watch list is empty" } else { "world: a person has to act" });
        if !left.is_empty() && !self.is_locked_out() {
            self.breaks("watch ends", format_args!("{left:?}: watched still"));
        }
    }

    /// The gateway takes none of the keys that are on disk: nothing can be asked any more.
    pub fn is_locked_out(&mut self) -> bool {
        let keys = self.store.durable_keys();
        let locked_out = !keys.is_empty() && !keys.iter().any(|key| self.gateway.keys.accepts(key));
        if locked_out {
            self.met("till: no key is taken any more");
        }
        locked_out
    }

    /// The last word is the ledger's.
    pub fn at_the_end(&mut self) {
        let mut wrong = Vec::new();
        let locked_out = self.is_locked_out();
        for (n, order) in self.host.orders.iter().enumerate() {
            let ledger = self.gateway.order(n);
            let ours = ledger.filter(|ledger| ledger.kind == Kind::Ours);
            let net = ours.map_or(0, |ledger| ledger.net());
            let numbers: Vec<_> = order.refunds.iter().map(|refund| &*refund.number).collect();
            let by_host = ours.map_or(0, |ledger| ledger.refunded(|number| numbers.contains(&number)));
            let stuck = ledger.is_some_and(|ledger| ledger.nobody_knows() || !ledger.is_visible(self.now));
            let stuck = stuck || order.missed || locked_out;
            let another = ledger.filter(|ledger| ledger.kind == Kind::OtherAmount).map_or(0, |ledger| ledger.net());
            match order.told {
                // A cancel of the host's own that came to its end after the order had vanished is nobody's fault here.
                Told::Paid if order.cancelled && stuck => {}
                Told::Paid if ours.is_some() && !order.missed && net + by_host != order.amount => {
                    wrong.push(("paid", format!("order-{n}: told paid; charged {net}")));
                }
                Told::NotOwed if net > 0 && !order.by_hand && !stuck => {
                    wrong.push(("not paid", format!("order-{n}: told not paid; charged {net}")));
                }
                Told::NotOwed if another > 0 && !order.by_hand && !stuck => {
                    wrong.push(("not paid", format!("order-{n}: told not paid; somebody is charged {another}")));
                }
                _ => {}
            }
            for refund in &order.refunds {
                let way = ledger.and_then(|ledger| ledger.refund(&refund.number)).map(|refund| refund.way);
                let failed = refund.told.is_some_and(|told| told.outcome == UPAY_OUTCOME_FAILED);
                if failed && way == Some(Way::Done) {
                    wrong.push(("refund", format!("{}: told refused, and done", refund.number)));
                }
            }
        }
        if let Some((rule, what)) = wrong.first() {
            self.breaks(rule, format_args!("{what}"));
        }
    }
}
