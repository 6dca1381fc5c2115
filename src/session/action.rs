//! How an action begins: a payment, a query, a cancel, a refund. What moves money is recorded first, and begins when the disk
//! has it. A cancel joins what is under way for its order, or takes the order over.

use std::sync::Arc;

use super::entry::{AfterWrite, At, OrderEntry, Stored, Waiting};
use super::host_call::OrderCall;
use super::*;
use crate::flow::pay::Pay;
use crate::flow::query::Query;
use crate::flow::reconcile::Reconcile;
use crate::flow::refund::{Refund, RefundOf};
use crate::flow::{Flow, Identity};
use crate::gateway::request::{self, Call};
use crate::record::{Cancels, Knowledge, Phase, RefundRequest, Report, Resolution, Stage, Told, Verdict};

impl Session {
    /// /pay or /precreate: once for a number, for as long as the journal remembers it.
    pub(super) fn begin(&mut self, call: OrderCall, first: Call, key: OrderKey, record: Option<Record>) {
        let OrderCall { id, kind, arguments, .. } = call;
        let amount = self.value(&arguments, "total_amount");
        let identity = self.identity(&key, amount.as_ref(), None);
        let value = |name: &str| self.value(&arguments, name);
        let body = match request::of_fields(first, &self.config.terminal_sn, &identity, value) {
            Ok(body) => body,
            Err(error) => return self.finish(id, Err(error)),
        };
        let again = |entry: &OrderEntry| entry.record.was_not_sent() && matches!(entry.at, At::Idle);
        let writing = |entry: &OrderEntry| {
            entry.record.was_not_sent() && matches!(entry.at, At::Recording(AfterWrite::Resume(_)))
        };
        if self.entries.get(&key).is_some_and(writing) {
            return self.park(key, OrderCall { id, kind, arguments, order: None });
        }
        if self.entries.get(&key).is_some_and(|entry| !again(entry)) {
            let message = "client_sn: is under way, and is never sent twice; take a new one";
            return self.finish(id, Err(Error::new(UPAY_E_DUPLICATE, message)));
        }
        let elsewhere = key.client_sn().is_some_and(|client_sn| self.config.sent_elsewhere.contains(client_sn));
        if elsewhere || record.is_some_and(|record| !record.was_not_sent()) {
            let message = "client_sn: was sent before, and is never sent twice; take a new one";
            return self.finish(id, Err(Error::new(UPAY_E_DUPLICATE, message)));
        }
        let limits = self.config.limits.clone();
        let flow: Box<dyn Flow> = match first {
            Call::Precreate => Box::new(Pay::by_precreate(identity.clone(), limits)),
            _ => Box::new(Pay::new(identity.clone(), limits)),
        };
        let record = Record::new(key, kind.action(), amount, self.now.wall_ms);
        let first_body = Some(Arc::from(body));
        self.record_first(OrderEntry { first_body, ..self.entry(record, identity, flow) }, id, kind.action(), None);
    }

    fn entry(&self, record: Record, identity: Identity, flow: Box<dyn Flow>) -> OrderEntry {
        OrderEntry::new(record, identity, flow, At::Idle, self.now.ms)
    }

    /// The entry's first write: nothing leaves before it is on disk. `before`: what the entry takes over from.
    fn record_first(&mut self, mut entry: OrderEntry, id: ActionId, action: i32, before: Option<Box<Record>>) {
        entry.stored = Stored::Differs;
        self.find_by_sn(&entry.record);
        self.write(&mut entry, Durability::Durable, AfterWrite::Begin { id, action, before });
        self.entries.insert(entry.key().clone(), entry);
    }

    /// The first write has ended: the call of the host has begun an action, or has failed and taken nothing.
    pub(super) fn begun(&mut self, mut entry: OrderEntry, call: AfterWrite, written: Result<()>) {
        let AfterWrite::Begin { id, action, before } = call else { return };
        if let Err(error) = written {
            self.finish(id, Err(error));
            return self.take_back(entry, before);
        }
        self.finish(id, Ok(None));
        entry.waiting.push(Waiting { subscriber: Subscriber::Action(id), action, began: self.now.ms });
        self.log(UPAY_LOG_INFO, format_args!("{}: action {action} begins", entry.key()));
        self.start(entry);
    }

    /// The first write has failed, and nothing has left. It may have reached the disk all the same: what was there before is
    /// written again until the disk takes it, so that the next start does not go on with what never began.
    fn take_back(&mut self, entry: OrderEntry, before: Option<Box<Record>>) {
        let key = entry.key().clone();
        let never_sent = Stage::Ended(Resolution::NotSent(UPAY_E_STORAGE));
        let record = match before {
            Some(record) => *record,
            None => Record { stage: never_sent, acknowledged: true, ..entry.record },
        };
        let mut entry = self.entry_of_record(record);
        self.owe(&mut entry);
        if entry.record.is_open() && !self.closing {
            self.watch(entry, None);
        } else {
            entry.flow = None;
            self.keep_until_acknowledged(entry);
        }
        self.unpark(&key);
    }

    pub(super) fn begin_query(&mut self, call: OrderCall, key: OrderKey, record: Option<Record>) {
        let total_amount = record.and_then(|record| record.total_amount);
        let identity = self.identity(&key, total_amount.as_ref(), call.arguments.field("sn"));
        let refund_request_no = call.arguments.field("refund_request_no").map(str::to_owned);
        let flow = Query::new(identity.clone(), refund_request_no.is_some());
        let key = match &refund_request_no {
            Some(number) => OrderKey::refund(&key, number),
            None => key,
        };
        self.finish(call.id, Ok(None));
        self.start_query(call.id, key, identity, flow);
    }

    /// Ends what is under way for the order, or takes the order over from its watch, or cancels on its own.
    pub(super) fn cancel(&mut self, call: OrderCall, key: OrderKey, record: Option<Record>) {
        if let Some(mut entry) = self.entries.remove(&key) {
            if entry.has_cancel() {
                self.entries.insert(key, entry);
                return self.finish(call.id, Err(state("a cancel of this order is under way")));
            }
            if matches!(entry.at, At::Recording(_)) {
                // A write ends soon, and what comes after it can be cancelled.
                self.entries.insert(key.clone(), entry);
                return self.park(key, call);
            }
            if entry.flow.as_mut().is_some_and(|flow| flow.give_up()) {
                return self.give_up(entry, call.id);
            }
            if matches!(entry.at, At::Exchanging(..)) {
                self.interrupt(&entry);
                self.entries.insert(key.clone(), entry);
                return self.park(key, call);
            }
            if entry.flow.is_none() && entry.record.told == Told::Paid && !entry.delivered {
                self.payment_stands(&entry, call.id);
                self.entries.insert(key, entry);
                return;
            }
            self.disarm(&entry);
        }
        let before = record.clone();
        let mut record =
            record.unwrap_or_else(|| Record::new(key.clone(), UPAY_ACTION_CANCEL, None, self.now.wall_ms));
        record.stage = Stage::Cancelling { by_host: true };
        // What became of it before is no news any more.
        record.acknowledged = true;
        // The first write is the one that its cancel waits for.
        if let OrderKey::Sn(sn) = &record.key {
            self.cancelled_sns.insert(sn.clone());
        }
        let before_it = record.knowledge;
        record.knowledge = Knowledge { cancels: Cancels::Open, ..before_it };
        let identity = self.identity(&key, record.total_amount.as_ref(), call.arguments.field("sn"));
        let flow = Reconcile::by_cancel(identity.clone(), self.config.limits.clone(), before_it);
        let entry = OrderEntry { gave_up: true, ..self.entry(record, identity, Box::new(flow)) };
        self.record_first(entry, call.id, UPAY_ACTION_CANCEL, before.map(Box::new));
    }

    /// The cashier gives up an order that is under way: it ends as the flow says, and the cancel with it.
    fn give_up(&mut self, mut entry: OrderEntry, id: ActionId) {
        entry.gave_up = true;
        self.finish(id, Ok(None));
        let waiting = Waiting { subscriber: Subscriber::Action(id), action: UPAY_ACTION_CANCEL, began: self.now.ms };
        entry.waiting.push(waiting);
        let report = Report { phase: Phase::Cancelling, reply: None, ..self.progress(&entry, waiting) };
        self.deliver(waiting.subscriber, report, None);
        match entry.at {
            // A cancel that is on its way is what is wanted.
            At::Exchanging(_, Call::Cancel) => {}
            At::Exchanging(..) => self.interrupt(&entry),
            At::Sleeping(timer) => {
                self.timers.remove(&timer);
                return self.timer_came(entry);
            }
            At::WaitsForSlot(..) | At::WaitsForCheckIn | At::Recording(_) | At::Idle => {}
        }
        self.entries.insert(entry.key().clone(), entry);
    }

    /// The customer was faster. "Paid" is on its way to the host, who must not hear it of an order that is cancelled by then.
    fn payment_stands(&mut self, entry: &OrderEntry, id: ActionId) {
        self.finish(id, Ok(None));
        let waiting = Waiting { subscriber: Subscriber::Action(id), action: UPAY_ACTION_CANCEL, began: self.now.ms };
        let verdict = Verdict::of(UPAY_ACTION_CANCEL, Resolution::Paid);
        let report = Report { verdict, phase: Phase::Done, reply: None, ..self.progress(entry, waiting) };
        self.deliver(waiting.subscriber, report, Some(entry.token()));
        self.effects.push(Effect::LetGo(id));
        self.actions.remove(&id);
    }

    /// Gives a part or all of an order's amount back, once for each refund_request_no.
    pub(super) fn with_refund(
        &mut self,
        call: OrderCall,
        key: OrderKey,
        earlier: Option<Record>,
        returned: Option<u64>,
    ) {
        let Some(order) = &call.order else { return };
        let identity = self.identity(&order.key, order.total_amount.as_ref(), call.arguments.field("sn"));
        let value = |name: &str| self.value(&call.arguments, name);
        let body = request::of_fields(Call::Refund, &self.config.terminal_sn, &identity, value)
            .and_then(|body| String::from_utf8(body).map_err(|error| Error::value("request", error)));
        let body = match body {
            Ok(body) => body,
            Err(error) => return self.finish(call.id, Err(error)),
        };
        let mut earlier = earlier;
        if let Some(entry) = self.entries.get(&key) {
            if entry.is_awaited() {
                return self.finish(call.id, Err(state("this refund is under way")));
            }
            match entry.at {
                At::Recording(_) => return self.park(key, call),
                At::Exchanging(exchange, _) => {
                    self.effects.push(Effect::Interrupt(exchange));
                    return self.park(key, call);
                }
                _ => earlier = Some(entry.record.clone()),
            }
        }
        let refund_amount = call.arguments.field("refund_amount").unwrap_or_default().to_owned();
        let request = RefundRequest { refund_amount, body };
        // A number belongs to one refund for ever.
        if earlier.as_ref().is_some_and(|earlier| earlier.refund.as_ref() != Some(&request)) {
            let error = Error::value("refund_request_no", "was used for another refund, or with other fields");
            return self.finish(call.id, Err(error));
        }
        let total_amount = order.total_amount.clone();
        let mut record = Record::new(key.clone(), UPAY_ACTION_REFUND, total_amount, self.now.wall_ms);
        record.returned_before = returned;
        let of = refund_of(&key, &request, returned);
        record.refund = Some(request);
        let begin = match earlier.as_ref().map(|earlier| earlier.stage) {
            None => Refund::new,
            Some(Stage::Ended(Resolution::Refunded) | Stage::Watched(Resolution::Refunded)) => Refund::concluded,
            // None of its requests can have arrived, or the gateway did nothing.
            Some(Stage::Ended(Resolution::NotSent(_) | Resolution::Refused(_))) => Refund::new,
            Some(_) => Refund::again,
        };
        let flow = begin(identity.clone(), of, self.config.limits.clone());
        if let Some(entry) = self.entries.remove(&key) {
            self.disarm(&entry);
        }
        self.record_first(
            self.entry(record, identity, Box::new(flow)),
            call.id,
            UPAY_ACTION_REFUND,
            earlier.map(Box::new),
        );
    }
}

pub(super) fn refund_of(key: &OrderKey, request: &RefundRequest, returned_before: Option<u64>) -> RefundOf {
    RefundOf {
        refund_request_no: key.refund_request_no().unwrap_or_default().to_owned(),
        refund_amount: request.refund_amount.parse().unwrap_or(u64::MAX),
        returned_before,
    }
}
