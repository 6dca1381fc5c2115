//! What the host hears, and what it does about it.

use super::*;
use crate::record::Report;

impl World {
    /// `start`: the call that the event belongs to; `None`: the watcher hears it. What the host does about it at once.
    pub fn hears_report(&mut self, start: Option<usize>, report: Report) -> Option<Deed> {
        let Report { action, verdict, phase, .. } = report;
        let key = report.key;
        let Verdict { outcome, status } = verdict;
        let n = self.order_of(key.client_sn(), key.sn())?;
        let client_sn = &self.host.orders[n].client_sn;
        let text = || {
            let refund = key.refund_request_no().unwrap_or_default();
            format!(
                "host: hears of {client_sn} {refund}: action {action} outcome {outcome} status {status} {}",
                phase.name()
            )
        };
        if let Some(notes) = &mut self.notes {
            notes.push(format!("{:>10.3} s  {}", self.now as f64 / 1000.0, text()));
        }
        self.host.orders[n].sn_told |= report.reply.is_some_and(|reply| reply.get("sn").is_some());
        if outcome == UPAY_OUTCOME_PENDING {
            if start.is_none() && matches!(status, UPAY_E_REFUSED | UPAY_E_NO_ORDER) {
                self.met(match status {
                    UPAY_E_REFUSED => "verdict: a person has to act",
                    _ => "verdict: a person hears that an order has vanished",
                });
                self.host.orders[n].by_hand = true;
            }
            return None;
        }
        if status == UPAY_E_PANIC {
            self.breaks("no panic", format_args!("{key}: {}", crate::runs::last_panic()));
        }
        if let Some(start) = start {
            self.host.starts[start].finals += 1;
            if self.host.starts[start].finals > 1 {
                self.breaks("one end", format_args!("{key}: action {action} ends a second time"));
            }
            self.is_late(start);
        }
        match action {
            UPAY_ACTION_QUERY => self.met("verdict: of a query"),
            UPAY_ACTION_REFUND => {
                let number = key.refund_request_no().unwrap_or_default().to_owned();
                self.hears_of_refund(n, &number, verdict);
            }
            UPAY_ACTION_CANCEL => self.hears_of_cancel(n, verdict),
            // Of an earlier try, of which nothing had left.
            _ if start.is_some() && start != self.host.orders[n].begun_by => {}
            _ => self.hears_of_payment(n, action, verdict),
        }
        self.react(n, verdict, action)
    }

    /// The host's answer to a final event.
    fn react(&mut self, n: usize, verdict: Verdict, action: i32) -> Option<Deed> {
        if self.host.calm_since.is_some() || self.host.stopping {
            return None;
        }
        let deed = match (action, verdict.outcome) {
            (UPAY_ACTION_PAY | UPAY_ACTION_PRECREATE | UPAY_ACTION_WATCH, UPAY_OUTCOME_SUCCESS) => {
                match self.choices.weighted(Of::Host, &[60, 15, 10, 15, 10, 3]) {
                    1 => Some(Deed::Cancel(n)),
                    2 => Some(Deed::Query(n)),
                    kind @ (3 | 4) => {
                        let order = &mut self.host.orders[n];
                        let amount = if kind == 3 { order.amount } else { order.amount / 3 };
                        let number = format!("refund-{n}-{}", order.refunds.len()).into();
                        order.refunds.push(Refund { number, amount, accepted: false, told: None });
                        Some(Deed::Refund(n, order.refunds.len() - 1))
                    }
                    5 => Some(Deed::CancelBySn(n)),
                    _ => None,
                }
            }
            (UPAY_ACTION_PAY | UPAY_ACTION_PRECREATE, UPAY_OUTCOME_UNKNOWN) => {
                match self.choices.weighted(Of::Host, &[70, 15, 15, 5]) {
                    1 => Some(Deed::Cancel(n)),
                    2 => Some(Deed::Query(n)),
                    3 => Some(Deed::CancelBySn(n)),
                    _ => None,
                }
            }
            (UPAY_ACTION_PAY | UPAY_ACTION_PRECREATE, UPAY_OUTCOME_FAILED) => {
                match self.choices.weighted(Of::Host, &[60, 15, 25]) {
                    1 => Some(Deed::Pay(n)),
                    2 => Some(Deed::Cancel(n)),
                    _ => None,
                }
            }
            // Another part, or the same number again.
            (UPAY_ACTION_REFUND, _) if !self.host.orders[n].refunds.is_empty() => {
                match self.choices.weighted(Of::Host, &[75, 25]) {
                    1 => Some(Deed::Refund(n, self.host.orders[n].refunds.len() - 1)),
                    _ => None,
                }
            }
            _ => None,
        }?;
        if self.choices.below(Of::Host, 3) == 1 {
            self.met("host: acts from inside a callback");
            return Some(deed);
        }
        let most = self.choices.one_of(Of::Host, &[1_000, 60_000, 500_000]);
        let after = self.choices.between(Of::Host, 100, most);
        self.at(self.now + after, Event::Act(Act::Do(deed)));
        None
    }

    /// The host's order, by either number.
    pub fn order_of(&self, client_sn: Option<&str>, sn: Option<&str>) -> Option<usize> {
        let n = match (client_sn, sn) {
            (_, Some(sn)) => sn.strip_prefix("78940000")?.parse().ok()?,
            (Some(client_sn), None) => client_sn.strip_prefix("order-")?.parse().ok()?,
            (None, None) => return None,
        };
        (n < self.host.orders.len()).then_some(n)
    }

    /// An event was pushed out of the queue, which the host had not read.
    pub fn was_dropped(&mut self, start: Option<usize>, report: &Report) {
        if start.is_some() && !report.verdict.is_final() {
            return;
        }
        self.met("host: an event is dropped because it was not taken");
        if let Some(n) = self.order_of(report.key.client_sn(), report.key.sn()) {
            self.host.orders[n].missed = true;
        }
        if let Some(start) = start {
            self.host.starts[start].dropped = true;
        }
    }

    /// Its drop function is called.
    pub fn let_go(&mut self, start: Option<usize>) {
        if let Some(start) = start {
            self.host.starts[start].let_go += 1;
        }
    }
}
