//! What a host can have done with an order: pay, precreate, query, cancel, refund. Each call checks, records, and hands a
//! flow over to a run.

use std::sync::Arc;

use super::claims::Answer;
use super::driver::{GivenUp, Plan};
use super::ear::Ear;
use super::event::Report;
use super::listener::Listener;
use super::order::Order;
use super::terminal::Terminal;
use crate::abi::*;
use crate::engine::clock;
use crate::error::{Error, Result};
use crate::flow::limits::Limits;
use crate::flow::pay::Pay;
use crate::flow::query::Query;
use crate::flow::refund::Refund;
use crate::flow::settle::Settle;
use crate::flow::verdict::Verdict;
use crate::flow::{Fate, Flow, Identity, Phase};
use crate::gateway::request::{self, Call};
use crate::journal::{by_sn, refund_key, Record, Refund as RefundRecord, State as RecordState};

impl Terminal {
    pub fn pay(self: &Arc<Self>, order: &Arc<Order>, listener: &mut Option<Listener>) -> Result<()> {
        let flow = |identity, limits| Box::new(Pay::new(identity, limits)) as Box<dyn Flow>;
        self.send_first(UPAY_ACTION_PAY, Call::Pay, flow, order, listener)
    }

    pub fn precreate(self: &Arc<Self>, order: &Arc<Order>, listener: &mut Option<Listener>) -> Result<()> {
        let flow = |identity, limits| Box::new(Pay::by_precreate(identity, limits)) as Box<dyn Flow>;
        self.send_first(UPAY_ACTION_PRECREATE, Call::Precreate, flow, order, listener)
    }

    /// Begins an order at the gateway, once for as long as the journal remembers it.
    fn send_first(
        self: &Arc<Self>,
        action: i32,
        call: Call,
        flow: impl FnOnce(Identity, Limits) -> Box<dyn Flow>,
        order: &Arc<Order>,
        listener: &mut Option<Listener>,
    ) -> Result<()> {
        let settings = &self.settings;
        let value = self.values(order);
        let amount = value("total_amount");
        let record = Record::new(&order.client_sn, action, amount, RecordState::Querying, clock::wall());
        let identity = self.identity(&record);
        let body = request::of_fields(call, &settings.terminal_sn, &identity, &value)?;
        let _admitted = self.admit()?;
        let claim = self.claims.take(&order.client_sn).ok_or_else(|| {
            Error::new(UPAY_E_DUPLICATE, "client_sn: is under way, and is never sent twice; take a new one")
        })?;
        self.outlet.journal.begin_order(&record)?;
        let plan = Plan {
            flow: flow(identity.clone(), settings.limits.clone()),
            order: identity,
            name: order.client_sn.clone(),
            refund_request_no: None,
            ear: Ear::of_call(action, self.next_id(), order, listener.take()),
            first_body: Some(body),
            record: Some(record),
            gave_up: false,
        };
        self.start(plan, Some(claim), None);
        Ok(())
    }

    pub fn query(self: &Arc<Self>, order: &Arc<Order>, listener: &mut Option<Listener>) -> Result<()> {
        let _admitted = self.admit()?;
        let (known, identity) = self.known(order)?;
        let refund_request_no = order.fields().remove("refund_request_no");
        let plan = Plan {
            flow: Box::new(Query::new(identity.clone(), refund_request_no.is_some())),
            order: identity,
            name: known.client_sn,
            refund_request_no,
            ear: Ear::of_call(UPAY_ACTION_QUERY, self.next_id(), order, listener.take()),
            first_body: None,
            record: None,
            gave_up: false,
        };
        self.start(plan, None, None);
        Ok(())
    }

    /// Ends what is under way for the order, or takes the order over from its watch, or cancels on its own.
    pub fn cancel(self: &Arc<Self>, order: &Arc<Order>, listener: &mut Option<Listener>) -> Result<()> {
        let _admitted = self.admit()?;
        let ear = |listener: &mut Option<Listener>| {
            Ear::of_call(UPAY_ACTION_CANCEL, self.next_id(), order, listener.take())
        };
        // Read before a watch is retired for it: a journal that cannot be read must not end the watch.
        let (before, identity) = self.known(order)?;
        let name = before.client_sn.clone();
        let asked = self.claims.take_over(&name, |run| match run.give_up(|| ear(listener)) {
            GivenUp::Yes => Answer::Done,
            GivenUp::Already => Answer::No(Error::new(UPAY_E_STATE, "a cancel of this order is under way")),
            GivenUp::Unable if bug!(TwoMovers) || run.retire() => Answer::Retired,
            GivenUp::Unable | GivenUp::Ending => Answer::Ending,
        })?;
        let Some(claim) = asked else {
            return Ok(());
        };
        if self.outlet.paid_unheard.lock().contains(&name) {
            drop(claim);
            self.payment_stands(&name, ear(listener));
            return Ok(());
        }
        let earlier = match self.outlet.journal.get(&name) {
            Ok(now) => now.unwrap_or(before),
            Err(error) => {
                if before.is_open() {
                    self.watch(before, claim, None);
                }
                return Err(error);
            }
        };
        let state = RecordState::Cancelling { gave_up: true };
        // What became of it before is no news any more once the cancel is under way.
        let record = Record { state, told: true, cancel_sent: true, ..earlier.clone() };
        if let Err(error) = self.outlet.journal.put(&record) {
            if earlier.is_open() {
                self.watch(earlier, claim, None);
            }
            return Err(error);
        }
        let plan = Plan {
            flow: Box::new(Settle::by_cancel(identity.clone(), self.settings.limits.clone(), true)),
            order: identity,
            name,
            refund_request_no: None,
            ear: ear(listener),
            first_body: None,
            record: Some(record),
            gave_up: true,
        };
        self.start(plan, Some(claim), None);
        Ok(())
    }

    /// The customer was faster: "paid" is on its way to the host, who must not hear it of an order that is cancelled by then.
    fn payment_stands(&self, name: &str, mut ear: Ear) {
        let report = Report {
            verdict: Verdict::of(UPAY_ACTION_CANCEL, Fate::Paid),
            client_sn: name,
            refund_request_no: None,
            phase: Phase::Done,
            queries: 0,
            remaining_ms: None,
            reply: None,
        };
        ear.tell(&self.outlet, &report);
    }

    /// Gives a part or all of an order's amount back, once for each refund_request_no.
    pub fn refund(self: &Arc<Self>, order: &Arc<Order>, listener: &mut Option<Listener>) -> Result<()> {
        let value = self.values(order);
        let _admitted = self.admit()?;
        let (Record { client_sn: name, total_amount, .. }, identity) = self.known(order)?;
        let body = request::of_fields(Call::Refund, &self.settings.terminal_sn, &identity, &value)?;
        let body = String::from_utf8(body).map_err(|error| Error::value("request", error))?;
        let refund_request_no = value("refund_request_no").unwrap_or_default();
        let refund = RefundRecord { refund_request_no, body };
        let key = refund_key(&name, &refund.refund_request_no);
        // Read before a watch is retired for it: a journal that cannot be read must not end the watch.
        let before = self.outlet.journal.get(&key)?;
        let asked = self.claims.take_over(&key, |run| match run.is_awaited() {
            true => Answer::No(Error::new(UPAY_E_STATE, "this refund is under way")),
            false if run.retire() => Answer::Retired,
            false => Answer::Ending,
        })?;
        let Some(claim) = asked else { return Ok(()) };
        let earlier = match self.outlet.journal.get(&key) {
            Ok(now) => now,
            Err(error) => {
                if let Some(before) = before.filter(Record::is_open) {
                    self.watch(before, claim, None);
                }
                return Err(error);
            }
        };
        let record = Record {
            refund: Some(refund),
            ..Record::new(&name, UPAY_ACTION_REFUND, total_amount, RecordState::Querying, clock::wall())
        };
        if let Err(error) = self.begin_refund(&record, earlier.as_ref()) {
            if let Some(earlier) = earlier.filter(Record::is_open) {
                self.watch(earlier, claim, None);
            }
            return Err(error);
        }
        let number = record.refund.as_ref().map(|refund| refund.refund_request_no.clone()).unwrap_or_default();
        let limits = self.settings.limits.clone();
        let flow = match earlier {
            None => Refund::new,
            Some(Record { fate: Some(Fate::Refunded), .. }) => Refund::concluded,
            // None of its requests can have arrived, or the gateway did nothing.
            Some(Record { fate: Some(Fate::NotSent(_) | Fate::Refused(_)), state, .. }) if !state.is_open() => {
                Refund::new
            }
            Some(_) => Refund::again,
        };
        let flow = flow(identity.clone(), number.clone(), limits);
        let plan = Plan {
            flow: Box::new(flow),
            order: identity,
            name,
            refund_request_no: Some(number),
            ear: Ear::of_call(UPAY_ACTION_REFUND, self.next_id(), order, listener.take()),
            first_body: None,
            record: Some(record),
            gave_up: false,
        };
        self.start(plan, Some(claim), None);
        Ok(())
    }

    /// A number belongs to one refund for ever.
    fn begin_refund(&self, record: &Record, earlier: Option<&Record>) -> Result<()> {
        if earlier.is_some_and(|earlier| earlier.refund != record.refund) {
            return Err(Error::value("refund_request_no", "was used for another refund, or with other fields"));
        }
        self.outlet.journal.put(record)
    }

    /// The order's fields as one moment saw them, with the client's operator where the order names none.
    fn values(&self, order: &Order) -> impl Fn(&str) -> Option<String> {
        let (fields, operator) = (order.fields(), self.settings.operator.clone());
        move |name| {
            let default = || (name == "operator").then(|| operator.clone());
            fields.get(name).cloned().or_else(default).filter(|value| !value.is_empty())
        }
    }

    /// What the journal knows of the order, or what one knows of an order that was made elsewhere; and how replies have to
    /// name it.
    fn known(&self, order: &Order) -> Result<(Record, Identity)> {
        let sn = order.fields().remove("sn");
        let journal = &self.outlet.journal;
        let known = journal.get(&order.client_sn)?;
        let (name, known) = match (&sn, known) {
            // One order, and so one mover, by whichever number the host calls it.
            (Some(sn), None) if order.made => match journal.called(sn)? {
                Some(ours) => (ours.client_sn.clone(), Some(ours)),
                None => (by_sn(sn), journal.get(&by_sn(sn))?),
            },
            (_, known) => (order.client_sn.clone(), known),
        };
        let record =
            known.unwrap_or_else(|| Record::new(&name, UPAY_ACTION_CANCEL, None, RecordState::Closed, clock::wall()));
        let identity = Identity { sn, ..self.identity(&record) };
        Ok((record, identity))
    }
}
