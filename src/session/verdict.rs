//! What the host hears: how an order stands, and the one end of each action. A verdict is on disk before it is told, and is
//! kept until the host has heard it.

use std::sync::Arc;

use super::entry::{watched_action, AfterWrite, At, Heard, OrderEntry, Reported, Stored, Waiting};
use super::*;
use crate::gateway::reply::Reply;
use crate::record::{Cancels, Owner, Phase, Report, Resolution, Stage, Told, Verdict};

impl Session {
    /// How the order stands: told on every change, and on every answer. The watcher hears of an order when something has
    /// become of it.
    pub(super) fn report(&mut self, entry: &mut OrderEntry, heard: Option<Heard>) {
        let Some(flow) = &entry.flow else { return };
        let before = entry.reported.take();
        let before_status = before.as_ref().map_or(UPAY_OK, |before| before.status);
        let warning = flow.warning();
        let now = Reported {
            // Once the cashier gave up, nothing else is what goes on.
            phase: if entry.gave_up { Phase::Cancelling } else { flow.phase() },
            // A person who has to act hears so, whatever the newest answer was.
            status: match heard {
                _ if entry.waiting.first().is_none_or(|first| first.subscriber.is_watcher())
                    && warning != UPAY_OK =>
                {
                    warning
                }
                None => before_status,
                Some(heard) => heard.warning.unwrap_or(warning),
            },
            order_status: entry.reply.as_ref().and_then(|reply| reply.get("order_status")).map(str::to_owned),
        };
        let answered = heard.is_some_and(|heard| heard.answered);
        let changed = before.as_ref() != Some(&now);
        let news = now.order_status.is_some() && before.and_then(|before| before.order_status) != now.order_status;
        let warned = warning != UPAY_OK && before_status != now.status;
        let status = now.status;
        entry.reported = Some(now);
        for waiting in entry.waiting.clone() {
            if if waiting.subscriber.is_watcher() { news || warned } else { changed || answered } {
                let verdict = Verdict { status, ..Verdict::PENDING };
                let report = Report { verdict, ..self.progress(entry, waiting) };
                self.deliver(waiting.subscriber, report, None);
            }
        }
    }

    /// As the flow stands now.
    pub(super) fn progress(&self, entry: &OrderEntry, waiting: Waiting) -> Report {
        let flow = entry.flow.as_ref();
        let phase = flow.map_or(Phase::Done, |flow| if entry.gave_up { Phase::Cancelling } else { flow.phase() });
        let ends_at = flow.and_then(|flow| flow.ends_at());
        Report {
            action: waiting.action,
            verdict: Verdict::PENDING,
            key: entry.key().clone(),
            phase,
            queries: entry.queries,
            elapsed_ms: self.now.ms.saturating_sub(waiting.began),
            remaining_ms: ends_at.map(|ends_at| ends_at.saturating_sub(self.now.ms)),
            reply: entry.reply.clone(),
            tried: entry.record.tried.clone().filter(|_| flow.is_some_and(|flow| flow.warning() != UPAY_OK)),
        }
    }

    pub(super) fn deliver(&mut self, to: Subscriber, report: Report, token: Option<Token>) {
        self.effects.push(Effect::Deliver(Delivery { to, report, token }));
    }

    /// The flow has its answer: written down, then told.
    pub(super) fn conclude(&mut self, mut entry: OrderEntry, resolution: Resolution) {
        let action = entry.waiting.first().map_or_else(|| watched_action(&entry.record), |waiting| waiting.action);
        let verdict = Verdict::of(action, resolution);
        let record = &mut entry.record;
        let before = record.told;
        // The till heard "not paid" earlier, and the gateway would not take the host's cancel: the money goes back by itself.
        let promised = resolution == Resolution::Paid && before == Told::NotOwed;
        // An order that was made elsewhere, and that the gateway does not know, is nobody's promise here: should its number be
        // used later on, that is another till's sale.
        let elsewhere = record.total_amount.is_none()
            && !record.key.is_refund()
            && matches!(resolution, Resolution::NotFound | Resolution::NotFoundCancelled);
        record.stage = match resolution {
            _ if promised => Stage::Watched(Resolution::Unknown),
            resolution if elsewhere => Stage::Ended(resolution),
            resolution if resolution.is_open() => Stage::Watched(resolution),
            resolution => Stage::Ended(resolution),
        };
        if !record.key.is_refund() {
            record.told = told_after(before, action, verdict);
        }
        record.acknowledged = false;
        if let Some(reply) = &entry.reply {
            remember(&mut record.data, reply);
        }
        if promised {
            record.told = Told::NotOwed;
        }
        self.write(&mut entry, Durability::Durable, AfterWrite::Verdict(resolution));
        self.entries.insert(entry.key().clone(), entry);
    }

    /// The verdict is on disk, or the disk has failed. What the next start would undo must not be told then: "not paid" needs
    /// a watch that survives, and an order whose cancel is on disk is cancelled again.
    pub(super) fn recorded_verdict(&mut self, mut entry: OrderEntry, mut resolution: Resolution, written: bool) {
        if !written {
            let refund = entry.key().is_refund() && resolution != Resolution::Refunded;
            let open = entry.record.is_open() && resolution.is_open();
            let cancelled = resolution == Resolution::Paid && entry.record.knowledge.cancels != Cancels::None;
            // Without what the answer to /pay has taught, the next start would take the older order for ours.
            let conflict = entry.record.knowledge.owner == Owner::InConflict;
            if open || refund || cancelled || conflict {
                resolution = Resolution::Unknown;
                entry.record.stage = Stage::Watched(resolution);
                if entry.record.told != Told::NotOwed {
                    entry.record.told = Told::Unknown;
                }
            }
            self.owe(&mut entry);
        }
        self.payments.remove(entry.key());
        entry.serial = self.next_id();
        entry.delivered = false;
        entry.is_dropped = false;
        let token = entry.token();
        let ended = std::mem::take(&mut entry.waiting);
        for waiting in &ended {
            let verdict = Verdict::of(waiting.action, resolution);
            self.tell_end(&entry, *waiting, verdict, Some(token.clone()));
        }
        let key = entry.key().clone();
        entry.flow = None;
        if entry.record.is_open() && !self.closing {
            self.watch(entry, None);
        } else {
            self.keep_until_acknowledged(entry);
        }
        self.unpark(&key);
        self.check_in_when_due(self.has_just_answered());
    }

    fn tell_end(&mut self, entry: &OrderEntry, waiting: Waiting, verdict: Verdict, token: Option<Token>) {
        let Verdict { outcome, status } = verdict;
        let key = entry.key().clone();
        self.log(
            UPAY_LOG_INFO,
            format_args!("{key}: action {} ended: outcome {outcome} status {status}", waiting.action),
        );
        let report =
            Report { verdict, phase: Phase::Done, remaining_ms: None, tried: None, ..self.progress(entry, waiting) };
        self.deliver(waiting.subscriber, report, token);
        if let Subscriber::Action(id) = waiting.subscriber {
            self.effects.push(Effect::LetGo(id));
            self.actions.remove(&id);
        }
    }

    /// Closed or broken off. The journal keeps the order open, and the next start goes on.
    pub(super) fn end_without_answer(&mut self, mut entry: OrderEntry, verdict: Verdict) {
        let key = entry.key().clone();
        self.disarm(&entry);
        self.payments.remove(&key);
        for waiting in std::mem::take(&mut entry.waiting) {
            if !waiting.subscriber.is_watcher() {
                self.tell_end(&entry, waiting, verdict, None);
            }
        }
        entry.flow = None;
        entry.at = At::Idle;
        // It stays known, so that the same number is not sent again; it is open, and nothing waits for it.
        self.entries.insert(key.clone(), entry);
        self.unpark(&key);
        if !self.closing {
            self.check_in_when_due(false);
        }
    }

    /// An order with a final verdict is held until the host has heard it, and the disk has it.
    pub(super) fn keep_until_acknowledged(&mut self, mut entry: OrderEntry) {
        entry.at = At::Idle;
        let is_heard = entry.record.acknowledged || entry.is_dropped;
        if is_heard && !matches!(entry.stored, Stored::Owed(_)) && !entry.record.is_open() {
            return self.forget_sn(&entry);
        }
        self.entries.insert(entry.key().clone(), entry);
    }

    /// From here on the order is found by the gateway's number as well, where it is known.
    pub(super) fn find_by_sn(&mut self, record: &Record) {
        let sn = record.data.iter().find(|(key, _)| key == "sn");
        if let (Some((_, sn)), OrderKey::ClientSn(_)) = (sn, &record.key) {
            self.sns.insert(sn.clone(), record.key.clone());
        }
    }

    fn forget_sn(&mut self, entry: &OrderEntry) {
        if let Some(sn) = entry.record.data.iter().find(|(key, _)| key == "sn").map(|(_, sn)| sn) {
            if self.sns.get(sn) == Some(entry.key()) {
                self.sns.remove(sn);
            }
        }
    }

    fn entry_of(&mut self, token: &Token) -> Option<&mut OrderEntry> {
        self.entries.get_mut(&token.key).filter(|entry| entry.serial == token.serial)
    }

    /// From here on the host may cancel what it hears is paid.
    pub(super) fn delivered(&mut self, token: &Token) {
        if let Some(entry) = self.entry_of(token) {
            entry.delivered = true;
        }
    }

    /// The host has heard the verdict: the next start does not tell it again. This reaches the disk with the next record, so
    /// that a crash in between makes the host hear it twice.
    pub(super) fn acknowledged(&mut self, token: &Token) {
        let Some(entry) = self.entry_of(token) else { return };
        entry.delivered = true;
        if std::mem::replace(&mut entry.record.acknowledged, true) {
            return;
        }
        let due = match &entry.at {
            At::Idle => None,
            At::Sleeping((due, _)) => Some(*due),
            _ => return entry.changed(),
        };
        let owed = matches!(entry.stored, Stored::Owed(_));
        if owed {
            return;
        }
        let Some(mut entry) = self.entries.remove(&token.key) else { return };
        self.disarm(&entry);
        self.write(&mut entry, Durability::WithTheNext, AfterWrite::Resume(due));
        self.entries.insert(token.key.clone(), entry);
    }

    pub(super) fn dropped(&mut self, token: &Token) {
        let Some(entry) = self.entry_of(token) else { return };
        entry.is_dropped = true;
        if matches!(entry.at, At::Idle) {
            if let Some(entry) = self.entries.remove(&token.key) {
                self.keep_until_acknowledged(entry);
            }
        }
    }

    pub(super) fn report_query(&mut self, id: ActionId, run: &super::drive::QueryRun) {
        let report = query_report(run, self.now.ms, Verdict::PENDING, Phase::Querying, None);
        self.deliver(Subscriber::Action(id), report, None);
    }

    pub(super) fn end_query(
        &mut self,
        id: ActionId,
        run: &super::drive::QueryRun,
        verdict: Verdict,
        reply: Option<Arc<Reply>>,
    ) {
        let report = query_report(run, self.now.ms, verdict, Phase::Done, reply);
        let Verdict { outcome, status } = verdict;
        self.log(UPAY_LOG_INFO, format_args!("{}: query ended: outcome {outcome} status {status}", run.key));
        self.deliver(Subscriber::Action(id), report, None);
        self.effects.push(Effect::LetGo(id));
        self.actions.remove(&id);
    }
}

fn query_report(
    run: &super::drive::QueryRun,
    now: Millis,
    verdict: Verdict,
    phase: Phase,
    reply: Option<Arc<Reply>>,
) -> Report {
    Report {
        action: UPAY_ACTION_QUERY,
        verdict,
        key: run.key.clone(),
        phase,
        queries: 1,
        elapsed_ms: now.saturating_sub(run.began),
        remaining_ms: None,
        reply,
        tried: None,
    }
}

/// What the host believes of the payment once it has heard this.
fn told_after(before: Told, action: i32, verdict: Verdict) -> Told {
    match (verdict.outcome, action) {
        (UPAY_OUTCOME_SUCCESS, UPAY_ACTION_CANCEL) => Told::NotOwed,
        (UPAY_OUTCOME_SUCCESS, _) => Told::Paid,
        // The payment stands.
        (UPAY_OUTCOME_FAILED, UPAY_ACTION_CANCEL) if verdict.status == UPAY_E_REFUSED => Told::Paid,
        // A cancel that finds no order takes nothing back from an order that is paid.
        (UPAY_OUTCOME_FAILED, UPAY_ACTION_CANCEL) if before == Told::Paid => Told::Paid,
        (UPAY_OUTCOME_FAILED, _) => Told::NotOwed,
        // "Not paid" is a promise, and holds until it is kept.
        _ if before == Told::NotOwed => Told::NotOwed,
        _ => Told::Unknown,
    }
}

/// What the journal keeps of an order: numbers, amounts and times, and nothing about the payer. What a reply leaves out, it
/// takes nothing from.
fn remember(data: &mut Vec<(String, String)>, reply: &Reply) {
    const KEPT: &[&str] = &[
        "sn",
        "trade_no",
        "status",
        "order_status",
        "payway",
        "payway_name",
        "sub_payway",
        "total_amount",
        "net_amount",
        "ctime",
        "finish_time",
        "channel_finish_time",
    ];
    for (key, value) in reply.data.iter().filter(|(key, _)| KEPT.contains(&key.as_str())) {
        match data.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => known.clone_from(value),
            None => data.push((key.clone(), value.clone())),
        }
    }
}
