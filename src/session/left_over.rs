//! What goes on in the background: orders that an earlier run left over, and orders whose verdict was not the gateway's last
//! word. Nobody waits for them; the watcher hears how they end.

use super::action::refund_of;
use super::entry::{watched_action, AfterWrite, At, OrderEntry, Stored, Waiting};
use super::rate_limiter::GAP_MS;
use super::*;
use crate::flow::limits::PERSON_MS_MAX;
use crate::flow::reconcile::Reconcile;
use crate::flow::refund::Refund;
use crate::flow::watch::Watch;
use crate::flow::{Flow, FlowInput, Next};
use crate::record::{Phase, Report, Resolution, Stage, Told, Verdict};

impl Session {
    pub(super) fn left_over(&mut self, records: Vec<Record>) {
        if self.closing {
            return;
        }
        if !records.is_empty() {
            let count = records.len();
            self.log(UPAY_LOG_INFO, format_args!("{count} orders are left over from an earlier run"));
        }
        let mut due = self.now.ms;
        for record in records {
            let mut entry = self.entry_of_record(record);
            self.tell_again(&entry);
            if !entry.record.is_open() {
                entry.flow = None;
                self.keep_until_acknowledged(entry);
                continue;
            }
            entry.waiting.push(self.watcher(&entry.record));
            if entry.is_payment() {
                self.payments.insert(entry.key().clone());
            }
            self.sleep(entry, due);
            // Its time does not run before its turn.
            due += GAP_MS;
        }
        self.check_in_when_due(false);
    }

    /// A verdict that the host had not heard when the earlier run ended.
    fn tell_again(&mut self, entry: &OrderEntry) {
        let Some(resolution) = entry.record.resolution().filter(|_| !entry.record.acknowledged) else { return };
        let mut waiting = self.watcher(&entry.record);
        let not_found = matches!(resolution, Resolution::NotFound | Resolution::NotFoundCancelled);
        if not_found && entry.record.told == Told::Paid {
            // It is the end of the host's cancel, and takes nothing back from an order that is paid.
            waiting.action = UPAY_ACTION_CANCEL;
        }
        let reply = Reply { data: entry.record.data.clone(), ..Reply::default() };
        let report = Report {
            verdict: Verdict::of(waiting.action, resolution),
            phase: Phase::Done,
            remaining_ms: None,
            reply: Some(std::sync::Arc::new(reply)),
            ..self.progress(entry, waiting)
        };
        self.deliver(waiting.subscriber, report, Some(entry.token()));
    }

    fn watcher(&mut self, record: &Record) -> Waiting {
        let id = self.next_id();
        Waiting { subscriber: Subscriber::Watcher(id), action: watched_action(record), began: self.now.ms }
    }

    fn flow_of(&self, record: &Record) -> Box<dyn Flow> {
        let (order, limits, knowledge) = (self.identity_of(record), self.config.limits.clone(), record.knowledge);
        if let Some(request) = &record.refund {
            return Box::new(Refund::left_over(
                order,
                refund_of(&record.key, request, record.returned_before),
                limits,
            ));
        }
        match record.stage {
            // Whatever was under way: an order that the till heard is not paid must not stay paid.
            Stage::UnderWay if record.told != Told::NotOwed => {
                Box::new(Reconcile::left_over(order, limits, knowledge, false))
            }
            Stage::Cancelling { by_host } if record.told != Told::NotOwed => {
                Box::new(Reconcile::left_over(order, limits, knowledge, by_host))
            }
            _ => {
                let person_by = record.late_payment_ms.map(|seen_ms| {
                    // A calendar that has jumped back gives no more than the whole time.
                    let passed = self.now.wall_ms.saturating_sub(seen_ms);
                    self.now.ms + PERSON_MS_MAX.saturating_sub(passed)
                });
                Box::new(Watch::new(order, limits, record.told, knowledge, person_by))
            }
        }
    }

    /// The order has no final answer: it is asked about until it has one.
    pub(super) fn watch(&mut self, mut entry: OrderEntry, due: Option<Millis>) {
        entry.flow = Some(self.flow_of(&entry.record));
        entry.waiting = vec![self.watcher(&entry.record)];
        entry.reported = None;
        entry.gave_up = false;
        entry.queries = 0;
        entry.first_body = None;
        entry.has_begun = true;
        let now = self.now.ms;
        let next = entry.flow.as_mut().map(|flow| flow.step(FlowInput::Begin, now));
        let begins_at = match next {
            Some(Next::SleepUntil(due)) => due,
            _ => now,
        };
        self.sleep(entry, due.unwrap_or(begins_at));
    }

    /// The entry of an order that nothing is under way for yet.
    pub(super) fn entry_of_record(&mut self, record: Record) -> OrderEntry {
        let identity = self.identity_of(&record);
        let flow = self.flow_of(&record);
        self.find_by_sn(&record);
        OrderEntry { serial: self.next_id(), ..OrderEntry::new(record, identity, flow, At::Idle, self.now.ms) }
    }

    /// The record of an order that nothing is under way for.
    pub(super) fn write_owed(&mut self, key: &OrderKey) {
        let Some(mut entry) = self.entries.remove(key) else { return };
        if matches!(entry.stored, Stored::Owed(_)) && matches!(entry.at, At::Idle) {
            let owed = entry.stored;
            self.write(&mut entry, Durability::Durable, AfterWrite::Resume(None));
            entry.stored = owed;
        }
        self.entries.insert(key.clone(), entry);
    }
}
