//! One order's flow, step by step: what the flow says next is recorded, sent, waited for and reported.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use super::entry::{AfterWrite, At, Heard, OrderEntry, Stored};
use super::*;
use crate::flow::query::Query;
use crate::flow::{Flow, FlowInput, Identity, Next};
use crate::gateway::codes::OrderStatus;
use crate::gateway::request::{self, Call};
use crate::record::{Resolution, Stage, Told, Verdict};

/// Between two tries to write a verdict that the disk did not take.
const WRITE_AGAIN_MS_MIN: Millis = 1_000;
const WRITE_AGAIN_MS_MAX: Millis = 30_000;

/// A query of the host: it moves nothing, so nothing of it is recorded.
pub(super) struct QueryRun {
    pub key: OrderKey,
    pub identity: Identity,
    pub flow: Query,
    pub began: Millis,
}

impl Session {
    /// The order is recorded: it begins, unless a check-in has to end first.
    pub(super) fn start(&mut self, mut entry: OrderEntry) {
        if self.closing {
            return self.end_without_answer(entry, Verdict::CLOSED);
        }
        if entry.is_payment() {
            self.check_in_when_due(false);
            self.payments.insert(entry.key().clone());
            if self.check_in.is_under_way() {
                entry.at = At::WaitsForCheckIn;
                self.entries.insert(entry.key().clone(), entry);
                return;
            }
        }
        self.begin_flow(entry);
    }

    fn begin_flow(&mut self, mut entry: OrderEntry) {
        entry.has_begun = true;
        self.feed(entry, FlowInput::Begin, None);
    }

    /// A check-in has ended: what waited for it begins.
    pub(super) fn start_what_waited(&mut self) {
        let waits = |entry: &OrderEntry| matches!(entry.at, At::WaitsForCheckIn);
        let mut keys: Vec<_> = self.entries.values().filter(|entry| waits(entry)).collect();
        keys.sort_by_key(|entry| entry.waiting.first().map_or(u64::MAX, |waiting| waiting.subscriber.id()));
        let keys: Vec<_> = keys.into_iter().map(|entry| entry.key().clone()).collect();
        for key in keys {
            if let Some(entry) = self.entries.remove(&key) {
                self.begin_flow(entry);
            }
        }
    }

    /// One step of the entry's flow, and what follows from it. `heard`: what the step is an answer to, for the host.
    fn feed(&mut self, mut entry: OrderEntry, input: FlowInput<'_>, heard: Option<Heard>) {
        let now = self.now.ms;
        let Some(flow) = &mut entry.flow else {
            self.entries.insert(entry.key().clone(), entry);
            return;
        };
        let Ok(next) = catch_unwind(AssertUnwindSafe(|| flow.step(input, now))) else {
            let key = entry.key().clone();
            self.log(UPAY_LOG_ERROR, format_args!("{key}: a defect of the library; the order stays in the journal"));
            return self.end_without_answer(entry, Verdict::PANIC);
        };
        let weighty = entry.learn();
        if let Some(tried) = entry.flow.as_ref().and_then(|flow| flow.tried()) {
            entry.record.tried = Some(tried);
            entry.changed();
        }
        if entry.flow.as_ref().is_some_and(|flow| flow.late_payment_seen()) && entry.record.late_payment_ms.is_none()
        {
            entry.record.late_payment_ms = Some(self.now.wall_ms);
            entry.changed();
        }
        match next {
            Next::Done(resolution) => self.conclude(entry, resolution),
            // What was not final before the stop is left to the next start.
            _ if self.closing => self.end_without_answer(entry, Verdict::CLOSED),
            Next::Send(call) => self.record_and_send(entry, call, heard),
            // A call that waits for this order takes it over now.
            Next::SleepUntil(due) if self.is_wanted(entry.key()) => self.rest(entry, due, heard),
            Next::SleepUntil(due) if weighty || std::mem::take(&mut entry.has_news) => {
                // On disk before a person hears of it, or before the next request leaves.
                self.write(&mut entry, Durability::Durable, AfterWrite::Sleep(due, heard));
                self.entries.insert(entry.key().clone(), entry);
            }
            Next::SleepUntil(due) => {
                self.report(&mut entry, heard);
                self.sleep(entry, due);
            }
        }
    }

    /// What moves money is on disk before the first byte leaves: "paid" is not the last word from then on, also after a
    /// restart. When the disk fails, nothing leaves.
    fn record_and_send(&mut self, mut entry: OrderEntry, call: Call, heard: Option<Heard>) {
        if call == Call::Cancel && entry.record.stage == Stage::UnderWay {
            entry.record.stage = Stage::Cancelling { by_host: entry.gave_up };
            entry.changed();
        }
        self.report(&mut entry, heard);
        if matches!(call, Call::Cancel | Call::Refund) && entry.stored != Stored::Same {
            self.write(&mut entry, Durability::Durable, AfterWrite::Send(call));
            self.entries.insert(entry.key().clone(), entry);
            return;
        }
        self.send_in_turn(entry, call);
    }

    /// What nobody waits for keeps to the rate limit.
    fn send_in_turn(&mut self, mut entry: OrderEntry, call: Call) {
        let now = self.now.ms;
        let slot = if entry.is_awaited() { now } else { self.rate_limiter.slot(now) };
        if slot > now {
            let timer = self.timer(slot, TimerOf::Entry(entry.key().clone()));
            entry.at = At::WaitsForSlot(timer, call);
            self.entries.insert(entry.key().clone(), entry);
            return;
        }
        self.send(entry, call);
    }

    fn send(&mut self, mut entry: OrderEntry, call: Call) {
        let request = match self.request(&mut entry, call) {
            Ok(request) => request,
            Err(error) => return self.feed_answer(entry, Err(error)),
        };
        entry.queries += u32::from(call == Call::Query);
        let repeats = !matches!(call, Call::Pay | Call::Precreate);
        let exchange = self.post(Sender::Entry(entry.key().clone(), call), request, repeats);
        entry.at = At::Exchanging(exchange, call);
        self.entries.insert(entry.key().clone(), entry);
    }

    fn request(&self, entry: &mut OrderEntry, call: Call) -> Result<Request> {
        let terminal_sn = &self.config.terminal_sn;
        // Only a reply that names the order shows that the connection carries this order's replies. Until one has come, and
        // for all that moves money, a connection of its own is used: on another one a stray copy of an earlier reply that
        // names no order could be read as the answer.
        let named = entry.reply.as_ref().is_some_and(|reply| reply.is_about(&entry.identity));
        let body = match call {
            Call::Pay | Call::Precreate => match entry.first_body.take() {
                Some(body) => body,
                // A second /pay for one entry cannot be: its body is gone.
                None => return Err(Error::new(UPAY_E_UNRESOLVED, "an order is never sent twice")),
            },
            Call::Refund => match &entry.record.refund {
                Some(refund) => Arc::from(refund.body.as_bytes()),
                None => request::reversal(terminal_sn, &entry.identity, &self.config.operator)?.into(),
            },
            Call::Query | Call::Cancel => {
                let refund_request_no = entry.key().refund_request_no();
                request::about(terminal_sn, &entry.identity, refund_request_no)?.into()
            }
        };
        Ok(Request {
            path: if call == Call::Cancel && self.config.revoke { request::REVOKE } else { call.path() },
            raw_path: None,
            body,
            terminal_key: String::new(),
            time: if call == Call::Pay { ReplyTime::Pay } else { ReplyTime::Other },
            // A person must hear in time, also when this call hangs.
            until: entry.flow.as_ref().and_then(|flow| flow.deadline()),
            fresh: call != Call::Query || !named,
            by_caller: false,
        })
    }

    /// The exchange of this entry has an answer.
    pub(super) fn entry_answered(&mut self, key: &OrderKey, exchange: ExchangeId, answer: Result<Reply>) {
        let Some(mut entry) = self.entries.remove(key) else { return };
        if !matches!(entry.at, At::Exchanging(id, _) if id == exchange) {
            self.entries.insert(key.clone(), entry);
            return;
        }
        if let Ok(reply) = &answer {
            // Also with another amount: a person has to hear of that.
            let paid = reply.order_status() == OrderStatus::Paid && reply.is_about(&entry.identity);
            let reply = reply.shown_for(&entry.identity);
            self.learn_sn(&mut entry, &reply);
            if paid && entry.record.told == Told::NotOwed && entry.record.late_payment_ms.is_none() {
                entry.record.late_payment_ms = Some(self.now.wall_ms);
                entry.changed();
            }
            entry.reply = Some(Arc::new(reply));
            if entry.record.began_gateway_ms.is_none() {
                entry.record.began_gateway_ms = self.clock.at(entry.began);
            }
        }
        // An answer that has come counts still. What the stop broke off is left to the next start.
        if self.closing && answer.is_err() {
            return self.end_without_answer(entry, Verdict::CLOSED);
        }
        self.feed_answer(entry, answer);
    }

    fn feed_answer(&mut self, entry: OrderEntry, answer: Result<Reply>) {
        self.feed(entry, FlowInput::Heard(&answer), Some(Heard::of(&answer)));
    }

    /// From here on the order is found by the gateway's number as well.
    fn learn_sn(&mut self, entry: &mut OrderEntry, reply: &Reply) {
        let (Some(sn), OrderKey::ClientSn(_)) = (reply.get("sn"), entry.key()) else { return };
        if !reply.is_about(&entry.identity) || self.sns.get(sn) == Some(entry.key()) {
            return;
        }
        // The host has cancelled it by that number before this reply told whose it is: the cashier has given up, and that
        // cancel may still be carried out.
        let now = self.now.ms;
        if let Some(flow) = entry.flow.as_mut().filter(|_| self.cancelled_sns.contains(sn)) {
            flow.cancel_left_elsewhere(now);
            entry.gave_up |= flow.give_up();
        }
        self.sns.insert(sn.to_owned(), entry.key().clone());
        if !entry.record.data.iter().any(|(key, _)| key == "sn") {
            entry.record.data.push(("sn".to_owned(), sn.to_owned()));
            entry.changed();
            entry.has_news = true;
        }
    }

    /// A write of this entry's record has ended.
    pub(super) fn entry_written(&mut self, key: &OrderKey, written: Result<()>) {
        let Some(mut entry) = self.entries.remove(key) else { return };
        let At::Recording(after) = std::mem::replace(&mut entry.at, At::Idle) else {
            self.entries.insert(key.clone(), entry);
            return;
        };
        if let Err(error) = &written {
            self.log(UPAY_LOG_ERROR, format_args!("{key}: not recorded: {error}"));
            entry.changed();
        }
        match after {
            AfterWrite::Begin { .. } => return self.begun(entry, after, written),
            AfterWrite::Send(call) => match written {
                _ if self.closing => self.end_without_answer(entry, Verdict::CLOSED),
                Ok(()) => self.send_in_turn(entry, call),
                Err(error) => self.feed_answer(entry, Err(error)),
            },
            AfterWrite::Sleep(due, heard) => self.rest(entry, due, heard),
            AfterWrite::Verdict(resolution) => self.recorded_verdict(entry, resolution, written.is_ok()),
            AfterWrite::Resume(due) => {
                match entry.stored {
                    Stored::Owed(_) if written.is_ok() => entry.stored = Stored::Same,
                    Stored::Owed(_) => self.owe(&mut entry),
                    _ => {}
                }
                match due {
                    Some(due) if !self.closing => self.sleep(entry, due),
                    _ => self.keep_until_acknowledged(entry),
                }
            }
        }
        self.unpark(key);
    }

    /// Sleeps, or hands the order to a call that waits for it.
    fn rest(&mut self, mut entry: OrderEntry, due: Millis, heard: Option<Heard>) {
        if self.closing {
            return self.end_without_answer(entry, Verdict::CLOSED);
        }
        let key = entry.key().clone();
        self.report(&mut entry, heard);
        self.sleep(entry, due);
        self.unpark(&key);
    }

    pub(super) fn sleep(&mut self, mut entry: OrderEntry, due: Millis) {
        let timer = self.timer(due, TimerOf::Entry(entry.key().clone()));
        entry.at = At::Sleeping(timer);
        self.entries.insert(entry.key().clone(), entry);
    }

    pub(super) fn entry_due(&mut self, key: &OrderKey, timer: TimerKey) {
        let Some(entry) = self.entries.remove(key) else { return };
        match entry.at {
            At::Sleeping(id) if id == timer => self.timer_came(entry),
            At::WaitsForSlot(id, call) if id == timer => self.send(entry, call),
            _ => drop(self.entries.insert(key.clone(), entry)),
        }
    }

    pub(super) fn timer_came(&mut self, entry: OrderEntry) {
        match entry.has_begun {
            true => self.feed(entry, FlowInput::Timer, None),
            // What an earlier run left over begins with its first timer.
            false => self.start(entry),
        }
    }

    pub(super) fn interrupt(&mut self, entry: &OrderEntry) {
        if let At::Exchanging(exchange, _) = entry.at {
            self.break_off(exchange);
        }
    }

    /// Takes its timer back.
    pub(super) fn disarm(&mut self, entry: &OrderEntry) {
        if let At::Sleeping(timer) | At::WaitsForSlot(timer, _) = entry.at {
            self.timers.remove(&timer);
        }
    }

    pub(super) fn write(&mut self, entry: &mut OrderEntry, durability: Durability, then: AfterWrite) {
        let write = WriteId(self.next_id());
        self.writes.insert(write, WriteOf::Entry(entry.key().clone()));
        self.effects.push(Effect::Write(write, Box::new(entry.record.clone()), durability));
        entry.at = At::Recording(then);
        entry.stored = match durability {
            Durability::Durable => Stored::Same,
            Durability::WithTheNext => Stored::Differs,
        };
    }

    /// The host has heard a verdict that is not on disk: it is written again until the disk takes it.
    pub(super) fn owe(&mut self, entry: &mut OrderEntry) {
        let tries = match entry.stored {
            Stored::Owed(tries) => tries.saturating_add(1),
            _ => 0,
        };
        entry.stored = Stored::Owed(tries);
        let pause = WRITE_AGAIN_MS_MIN.saturating_mul(1 << tries.min(5)).min(WRITE_AGAIN_MS_MAX);
        self.timer(self.now.ms + pause, TimerOf::WriteAgain(entry.key().clone()));
    }

    pub(super) fn write_again(&mut self, key: &OrderKey) {
        let Some(mut entry) = self.entries.remove(key) else { return };
        let (due, owed) = match (&entry.at, entry.stored) {
            (At::Idle, Stored::Owed(tries)) => (None, tries),
            (At::Sleeping((due, _)), Stored::Owed(tries)) => (Some(*due), tries),
            // Whatever is under way for it writes the record, or comes back here.
            (_, Stored::Owed(_)) => {
                self.owe(&mut entry);
                self.entries.insert(key.clone(), entry);
                return;
            }
            _ => {
                self.entries.insert(key.clone(), entry);
                return;
            }
        };
        self.disarm(&entry);
        self.write(&mut entry, Durability::Durable, AfterWrite::Resume(due));
        entry.stored = Stored::Owed(owed);
        self.entries.insert(key.clone(), entry);
    }

    pub(super) fn start_query(&mut self, id: ActionId, key: OrderKey, identity: Identity, mut flow: Query) {
        let began = self.now.ms;
        // A query's first step is its one request.
        let _ = flow.step(FlowInput::Begin, began);
        let body = request::about(&self.config.terminal_sn, &identity, key.refund_request_no());
        let run = QueryRun { key, identity, flow, began };
        self.report_query(id, &run);
        self.queries.insert(id, run);
        match body {
            Ok(body) => {
                let request = Request {
                    path: Call::Query.path(),
                    raw_path: None,
                    body: body.into(),
                    terminal_key: String::new(),
                    time: ReplyTime::Other,
                    until: None,
                    fresh: true,
                    by_caller: false,
                };
                self.post(Sender::Query(id), request, true);
            }
            Err(error) => self.query_answered(id, Err(error)),
        }
    }

    pub(super) fn query_answered(&mut self, id: ActionId, answer: Result<Reply>) {
        let Some(mut run) = self.queries.remove(&id) else { return };
        let verdict = match run.flow.step(FlowInput::Heard(&answer), self.now.ms) {
            _ if self.closing && answer.is_err() => Verdict::CLOSED,
            Next::Done(resolution) => Verdict::of(UPAY_ACTION_QUERY, resolution),
            _ => Verdict::of(UPAY_ACTION_QUERY, Resolution::NoAnswer(UPAY_E_REPLY)),
        };
        let reply = answer.ok().map(|reply| Arc::new(reply.shown_for(&run.identity)));
        self.end_query(id, &run, verdict, reply);
    }
}
