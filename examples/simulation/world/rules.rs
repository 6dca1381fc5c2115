//! What has to hold, whatever fails: held against the wire, the gateway's ledger, the journal, and what the host was told.

use super::gateway::{Request, Way};
use super::host::{Act, Deed, Start};
use super::{Event, World};
use crate::abi::*;
use crate::client;
use crate::error::Result;
use crate::flow::verdict::Verdict;
use crate::journal::{refund_key, Record};

/// What the host knows of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Nothing,
    Paid,
    /// Not paid, or given back: nothing is owed.
    NotOwed,
    Unknown,
}

/// An event, as the host reads it.
pub struct Heard {
    /// `None`: the watcher hears it.
    pub start: Option<usize>,
    pub action: i32,
    pub verdict: Verdict,
    pub client_sn: String,
    pub refund_request_no: Option<String>,
}

/// From the call to the final event, beyond the times that the settings give: connections, replies that do not come, the
/// second "no such order", a machine that is busy.
const CONNECT_MS: u64 = 5_000;
const PAY_REPLY_MS: u64 = 50_000;
const REPLY_MS: u64 = 15_000;
const NOT_FOUND_MS: u64 = 11_000;
const NOT_FOUND_GRACE_MS: u64 = 6_000;
pub const BUSY_MS: u64 = 20_000;

impl World {
    /// How long an action may take.
    fn time_for(&self, deed: Deed, precreate: bool) -> u64 {
        let times = self.host.times;
        let exchange = CONNECT_MS + REPLY_MS;
        // The last query before the time is up, the last cancel, and the query after it.
        let cancel = times.cancel + NOT_FOUND_MS + 2 * exchange;
        let after_the_first = |time: u64| time + exchange + cancel + BUSY_MS;
        match deed {
            Deed::Pay(_) if precreate => CONNECT_MS + REPLY_MS + after_the_first(times.precreate),
            Deed::Pay(_) => CONNECT_MS + PAY_REPLY_MS + after_the_first(times.pay),
            Deed::Query(_) => exchange + BUSY_MS,
            Deed::Cancel(_) => cancel + BUSY_MS,
            Deed::Refund(..) => times.cancel + 2 * exchange + BUSY_MS,
        }
    }

    /// A call has returned.
    pub fn began(&mut self, index: usize, result: Result<()>) {
        let deed = self.host.starts[index].deed;
        let (Deed::Pay(n) | Deed::Query(n) | Deed::Cancel(n) | Deed::Refund(n, _)) = deed;
        let status = result.as_ref().map_or_else(|error| error.status, |()| UPAY_OK);
        self.note(|| format!("host: {deed:?} returns {status}"));
        match status {
            UPAY_OK => {
                self.host.starts[index].accepted = true;
                let order = &mut self.host.orders[n];
                match deed {
                    Deed::Pay(_) => {
                        if order.sent > 0 {
                            let sn = order.client_sn.clone();
                            return self.breaks("once", format_args!("{sn}: pay is accepted twice"));
                        }
                        (order.accepted, order.told, order.begun_by) = (true, Told::Nothing, Some(index));
                    }
                    Deed::Refund(_, m) => (order.refunds[m].accepted, order.refunds[m].told) = (true, None),
                    Deed::Cancel(_) | Deed::Query(_) => {}
                }
                let precreate = order.precreate;
                let due = self.now + self.time_for(deed, precreate);
                self.at(due, Event::Act(Act::Deadline(index)));
            }
            UPAY_E_STORAGE => self.met("host: a call is refused because the disk fails"),
            UPAY_E_DUPLICATE if matches!(deed, Deed::Pay(_)) => self.met("host: the same number again is refused"),
            UPAY_E_STATE if matches!(deed, Deed::Cancel(_) | Deed::Refund(..)) => {
                self.met("host: the same action twice at a time is refused");
            }
            status => self.breaks("calls", format_args!("{deed:?} returns {status}: {:?}", result.err())),
        }
    }

    /// A request leaves the till.
    pub fn leaves(&mut self, request: &Request) {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let client_sn = text("client_sn");
        let path = request.path.rsplit('/').next().unwrap_or_default();
        self.note(|| format!("till: /{path} {client_sn} leaves (#{})", request.exchange));
        let Some(order) = self.host.orders.iter_mut().find(|order| order.client_sn == client_sn) else {
            return self.breaks("wire", format_args!("{client_sn}: the host knows no such order"));
        };
        let queried = |start: &Start| matches!(start.deed, Deed::Query(_)) && start.accepted && start.finals == 0;
        if !self.host.starts.iter().any(queried) && self.network.is_under_way(request) {
            return self.breaks("one mover", format_args!("{client_sn}: two exchanges at a time"));
        }
        match path {
            "pay" | "precreate" => {
                order.sent += 1;
                if order.sent > 1 {
                    self.breaks("once", format_args!("{client_sn}: /{path} leaves a second time"));
                } else if !order.accepted {
                    self.breaks("once", format_args!("{client_sn}: /{path} leaves, and the call had failed"));
                } else if text("total_amount") != order.amount.to_string() {
                    self.breaks("wire", format_args!("{client_sn}: of another amount"));
                }
            }
            "refund" => {
                let (number, amount) = (text("refund_request_no"), text("refund_amount"));
                let hosts = order.refunds.iter().find(|refund| refund.number == number);
                let (right, reversal) = match hosts {
                    Some(refund) => (refund.amount.to_string() == amount, false),
                    None => (order.amount.to_string() == amount, true),
                };
                if !right {
                    self.breaks("refund", format_args!("{client_sn}: {number} is for {amount}"));
                } else if reversal {
                    self.met("till: the library reverses by a refund");
                    let of_order = self.reversals.entry(client_sn.clone()).or_insert_with(|| number.clone());
                    if *of_order != number {
                        let first = of_order.clone();
                        self.breaks("refund", format_args!("{client_sn}: reversed under {first} and {number}"));
                    }
                }
            }
            _ => {}
        }
    }

    /// In the pull form: the call that an event belongs to.
    pub fn start_of(&self, event: &client::Event) -> Option<usize> {
        let text = |key: &str| event.get(key).map(|text| text.to_string_lossy().into_owned());
        let (client_sn, number) = (text("client_sn"), text("refund_request_no"));
        self.host.starts.iter().position(|start| {
            let (Deed::Pay(n) | Deed::Query(n) | Deed::Cancel(n) | Deed::Refund(n, _)) = start.deed;
            let order = &self.host.orders[n];
            let same_refund = match start.deed {
                Deed::Refund(_, m) => number.as_ref() == Some(&order.refunds[m].number),
                _ => true,
            };
            start.life == self.life
                && start.accepted
                && start.finals == 0
                && start.action == event.action
                && Some(&order.client_sn) == client_sn.as_ref()
                && same_refund
        })
    }

    /// The host hears. What it does about it at once.
    pub fn hears_event(&mut self, heard: Heard) -> Option<Deed> {
        let Heard { start, action, verdict, client_sn, refund_request_no } = heard;
        let Verdict { outcome, status } = verdict;
        let n = self.host.orders.iter().position(|order| order.client_sn == client_sn)?;
        self.note(|| format!("host: hears of {client_sn}: action {action} outcome {outcome} status {status}"));
        if self.host.stopped && start.is_some() && self.is_callback() {
            self.breaks("stop", format_args!("{client_sn}: a callback after the stop"));
        }
        if outcome == UPAY_OUTCOME_PENDING {
            if action == UPAY_ACTION_WATCH && status == UPAY_E_REFUSED {
                self.met("verdict: a person has to give the money back");
                self.host.orders[n].by_hand = true;
            }
            return None;
        }
        if status == UPAY_E_PANIC {
            self.breaks("no panic", format_args!("{client_sn}: {}", crate::runs::last_panic()));
        }
        if let Some(start) = start {
            self.host.starts[start].finals += 1;
            if self.host.starts[start].finals > 1 {
                self.breaks("one end", format_args!("{client_sn}: action {action} ends a second time"));
            }
            self.is_late(start);
        }
        match action {
            UPAY_ACTION_QUERY => self.met("verdict: of a query"),
            UPAY_ACTION_REFUND => {
                let number = refund_request_no.unwrap_or_default();
                self.hears_of_refund(n, &number, verdict);
            }
            UPAY_ACTION_CANCEL => self.hears_of_cancel(n, verdict),
            // Of an earlier try, of which nothing had left.
            _ if start.is_some() && start != self.host.orders[n].begun_by => {}
            _ => self.hears_of_payment(n, action, verdict),
        }
        self.react(n, verdict, action)
    }

    /// "No such order" may be told after two such answers, far enough from each other.
    fn absence_is_proved(&mut self, n: usize) {
        let order = &self.host.orders[n];
        let apart = order.absent_at.last().zip(order.absent_at.first()).map_or(0, |(last, first)| last - first);
        if apart < NOT_FOUND_GRACE_MS {
            let client_sn = order.client_sn.clone();
            self.breaks("not found", format_args!("{client_sn}: told so after answers {apart} ms apart"));
        }
    }

    fn hears_of_payment(&mut self, n: usize, action: i32, verdict: Verdict) {
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
        let order = &mut self.host.orders[n];
        let client_sn = order.client_sn.clone();
        match outcome {
            UPAY_OUTCOME_SUCCESS => {
                let numbers: Vec<_> = order.refunds.iter().map(|refund| refund.number.clone()).collect();
                let ledger = self.gateway.orders.get(&client_sn);
                let paid = ledger.is_some_and(|ledger| {
                    let by_host = ledger.refunded(|number| numbers.iter().any(|known| known == number));
                    let whole = ledger.returned == by_host || order.cancelled;
                    ledger.charged == order.amount && !ledger.foreign && whole
                });
                let before = std::mem::replace(&mut order.told, Told::Paid);
                if !paid {
                    let is = ledger.map(|ledger| (ledger.charged, ledger.returned));
                    self.breaks("paid", format_args!("{client_sn}: told paid; the ledger says {is:?}"));
                } else if before == Told::NotOwed && !self.host.orders[n].cancelled {
                    self.breaks("not paid", format_args!("{client_sn}: told not paid, and now paid"));
                }
            }
            UPAY_OUTCOME_FAILED => {
                order.told = Told::NotOwed;
                if status == UPAY_E_NO_ORDER {
                    self.absence_is_proved(n);
                }
            }
            // Closed with a part of the money given back: a person settles it, and was told.
            _ if watch && self.gateway.orders.get(&client_sn).is_some_and(|ledger| ledger.returned > 0) => {
                order.told = Told::Unknown;
            }
            _ if order.told == Told::Nothing => order.told = Told::Unknown,
            _ => {}
        }
    }

    fn hears_of_cancel(&mut self, n: usize, verdict: Verdict) {
        let order = &mut self.host.orders[n];
        let what = match (verdict.outcome, verdict.status) {
            (UPAY_OUTCOME_SUCCESS, _) => {
                order.told = Told::NotOwed;
                "verdict: of a cancel: done"
            }
            (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER) => {
                order.told = Told::NotOwed;
                self.absence_is_proved(n);
                "verdict: of a cancel: no such order"
            }
            (UPAY_OUTCOME_FAILED, _) => {
                order.told = Told::Paid;
                "verdict: of a cancel: the payment stands"
            }
            _ => {
                order.told = Told::Unknown;
                "verdict: of a cancel: unknown"
            }
        };
        self.met(what);
    }

    fn hears_of_refund(&mut self, n: usize, number: &str, verdict: Verdict) {
        let order = &mut self.host.orders[n];
        let client_sn = order.client_sn.clone();
        let Some(refund) = order.refunds.iter_mut().find(|refund| refund.number == number) else {
            return self.breaks("refund", format_args!("{client_sn}: {number} is not the host's"));
        };
        refund.told = Some(verdict);
        let amount = refund.amount;
        match verdict.outcome {
            UPAY_OUTCOME_SUCCESS => {
                self.met("verdict: of a refund: done");
                let ledger = self.gateway.orders.get(&client_sn).and_then(|order| order.refunds.get(number));
                if ledger.is_none_or(|refund| refund.way != Way::Done || refund.amount != amount) {
                    self.breaks("refund", format_args!("{client_sn}: {number} is told done, and is not"));
                }
            }
            UPAY_OUTCOME_FAILED => self.met("verdict: of a refund: refused"),
            _ => self.met("verdict: of a refund: unknown"),
        }
    }

    /// An action has to have ended, or ends now: in time?
    pub fn is_late(&mut self, index: usize) {
        let start = &self.host.starts[index];
        let (Deed::Pay(n) | Deed::Query(n) | Deed::Cancel(n) | Deed::Refund(n, _)) = start.deed;
        let limit = self.time_for(start.deed, self.host.orders[n].precreate) + 1_000;
        let took = self.now - start.at;
        let pending = start.finals == 0 && start.life == self.life && self.host.client.is_some();
        let ended = start.finals == 1 && took > limit;
        if (pending && took + 1_000 >= limit && took >= limit - 1_000) || ended {
            let (deed, order) = (start.deed, self.host.orders[n].client_sn.clone());
            self.breaks("in time", format_args!("{order}: {deed:?} takes {took} ms, the limit is {limit}"));
        }
    }

    /// What is not final is in the journal when a process has started.
    pub fn after_start(&mut self, pending: Result<Vec<Record>>) {
        let Ok(pending) = pending else { return };
        if !pending.is_empty() {
            self.met("till: takes up what was left over");
        }
        let has = |key: &str| pending.iter().any(|record| record.key() == key);
        let mut lost = Vec::new();
        for order in &self.host.orders {
            let sn = &order.client_sn;
            let partly = self.gateway.orders.get(sn).is_some_and(|ledger| ledger.returned > 0 && ledger.net() > 0);
            if order.accepted && matches!(order.told, Told::Nothing | Told::Unknown) && !has(sn) && !partly {
                lost.push(sn.clone());
            }
            for refund in order.refunds.iter().filter(|refund| refund.accepted) {
                let open = refund.told.is_none_or(|told| told.outcome == UPAY_OUTCOME_UNKNOWN);
                let key = refund_key(sn, &refund.number);
                if open && !has(&key) {
                    lost.push(key);
                }
            }
        }
        if !lost.is_empty() {
            self.breaks("watched", format_args!("{lost:?}: not final, and not in the journal"));
        }
    }

    /// Every action of the process has had its end, once, and its drop function.
    pub fn after_stop(&mut self) {
        let callbacks = self.is_callback();
        let of_this = self.host.starts.iter().filter(|start| start.life == self.life && start.accepted);
        let wrong: Vec<_> = of_this
            .filter(|start| start.finals != 1 || (callbacks && start.drops != 1))
            .map(|start| (start.deed, start.finals, start.drops))
            .collect();
        if !wrong.is_empty() {
            self.breaks("one end", format_args!("(deed, final events, drops): {wrong:?}"));
        }
    }

    /// Calm has lasted: whatever is watched still is what nobody at the gateway knows, or what a person has to settle.
    pub fn watch_list_is_empty(&mut self, pending: Result<Vec<Record>>) {
        let Ok(pending) = pending else {
            return self.breaks("journal", format_args!("cannot be read"));
        };
        let mut left = Vec::new();
        for record in pending.iter().filter(|record| record.is_open()) {
            let order = self.host.orders.iter().find(|order| order.client_sn == record.client_sn);
            let ledger = self.gateway.orders.get(&record.client_sn);
            let stuck = ledger.is_some_and(|ledger| {
                // Some refund is done, and whether it was this one the answers do not tell.
                let hidden = record.refund.is_some() && ledger.returned > 0;
                ledger.foreign || hidden || ledger.nobody_knows()
            });
            if !stuck && !order.is_some_and(|order| order.by_hand) {
                left.push(record.key());
            }
        }
        self.met(if pending.is_empty() { "world: the watch list is empty" } else { "world: a person has to act" });
        if !left.is_empty() {
            self.breaks("watch ends", format_args!("{left:?}: watched still"));
        }
    }

    /// The last word is the ledger's.
    pub fn at_the_end(&mut self) {
        let mut wrong = Vec::new();
        for order in &self.host.orders {
            let ledger = self.gateway.orders.get(&order.client_sn).filter(|ledger| !ledger.foreign);
            let net = ledger.map_or(0, |ledger| ledger.net());
            let numbers: Vec<_> = order.refunds.iter().map(|refund| refund.number.as_str()).collect();
            let by_host = ledger.map_or(0, |ledger| ledger.refunded(|number| numbers.contains(&number)));
            let stuck = ledger.is_some_and(|ledger| ledger.nobody_knows());
            match order.told {
                Told::Paid if net + by_host != order.amount => {
                    wrong.push(("paid", format!("{}: told paid; charged {net}", order.client_sn)));
                }
                Told::NotOwed if net > 0 && !order.by_hand && !stuck => {
                    wrong.push(("not paid", format!("{}: told not paid; charged {net}", order.client_sn)));
                }
                _ => {}
            }
            for refund in &order.refunds {
                let way = ledger.and_then(|ledger| ledger.refunds.get(&refund.number)).map(|refund| refund.way);
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
