//! A call of the host: which order it is about, and what is known of that order.
//!
//! ```text
//!   call ──▶ resolve the order ──▶ an entry is there? ──yes──▶ action: join, take over, refuse, or wait for its write
//!                  │                    no
//!                  ▼                    ▼
//!               Lookup ──Found──▶ action: Write ──Written──▶ the flow begins
//! ```

use super::*;
use crate::flow::Identity;
use crate::gateway::request::Call;

/// A call about one order.
pub(super) struct OrderCall {
    pub id: ActionId,
    pub kind: CallKind,
    pub arguments: OrderArguments,
    /// Which order a refund is about, once it is known.
    pub order: Option<OrderOfRefund>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// /pay or /precreate.
    Begin(Call),
    Query,
    Cancel,
    Refund,
}

impl CallKind {
    pub fn action(self) -> i32 {
        match self {
            CallKind::Begin(Call::Precreate) => UPAY_ACTION_PRECREATE,
            CallKind::Begin(_) => UPAY_ACTION_PAY,
            CallKind::Query => UPAY_ACTION_QUERY,
            CallKind::Cancel => UPAY_ACTION_CANCEL,
            CallKind::Refund => UPAY_ACTION_REFUND,
        }
    }
}

pub(super) struct OrderOfRefund {
    pub key: OrderKey,
    pub total_amount: Option<String>,
}

/// A call that waits for the journal.
pub(super) struct PendingLookup {
    call: OrderCall,
    of: LookupOf,
}

enum LookupOf {
    /// The order, under this key.
    Order(OrderKey),
    /// The order, by the gateway's number.
    Sn,
    /// The refund.
    Refund(OrderKey),
}

impl Session {
    pub(super) fn host_call(&mut self, id: ActionId, call: HostCall) {
        if self.closing {
            return self.finish(id, Err(closed()));
        }
        if self.actions.len() >= ACTIONS_MAX {
            let error = Error::new(UPAY_E_LIMIT, format!("at most {ACTIONS_MAX} actions at a time"));
            return self.finish(id, Err(error));
        }
        self.actions.insert(id);
        self.prune_daily();
        let (kind, arguments) = match call {
            HostCall::Begin(call, arguments) => (CallKind::Begin(call), arguments),
            HostCall::Query(arguments) => (CallKind::Query, arguments),
            HostCall::Cancel(arguments) => (CallKind::Cancel, arguments),
            HostCall::Refund(arguments) => (CallKind::Refund, arguments),
            HostCall::CheckIn { until } => return self.check_in_by_host(id, until),
            HostCall::Raw { path, json, until } => return self.raw_call(id, path, json, until),
        };
        self.order_call(OrderCall { id, kind, arguments, order: None });
    }

    /// Once a day, and only by the gateway's clock: a calendar that no answer has borne out forgets nothing.
    fn prune_daily(&mut self) {
        let Some(now_ms) = self.clock.borne_out_at(self.now.ms) else { return };
        let today = self.clock.beijing_day(self.now);
        if self.pruned_day.replace(today) != Some(today) {
            self.effects.push(Effect::Prune { days: self.config.journal_days, now_ms });
        }
    }

    /// Also for a call that was parked.
    pub(super) fn order_call(&mut self, call: OrderCall) {
        if self.closing {
            return self.finish(call.id, Err(closed()));
        }
        let own = OrderKey::ClientSn(call.arguments.client_sn.clone());
        // An order that was made without a number of the host's is named by `sn`, unless it was sent.
        let by_sn =
            call.arguments.field("sn").filter(|_| call.arguments.made && !matches!(call.kind, CallKind::Begin(_)));
        let key = match by_sn {
            Some(sn) if !self.entries.contains_key(&own) => match self.sns.get(sn) {
                Some(key) => key.clone(),
                None if self.entries.contains_key(&OrderKey::Sn(sn.to_owned())) => OrderKey::Sn(sn.to_owned()),
                None => return self.look_up(call, LookupOf::Order(own)),
            },
            _ => own,
        };
        self.of_order(call, key);
    }

    fn of_order(&mut self, call: OrderCall, key: OrderKey) {
        match self.entries.get(&key) {
            Some(entry) => {
                let record = entry.record.clone();
                self.with_record(call, key, Some(record));
            }
            None => self.look_up(call, LookupOf::Order(key)),
        }
    }

    fn look_up(&mut self, call: OrderCall, of: LookupOf) {
        let lookup = LookupId(self.next_id());
        self.effects.push(match &of {
            LookupOf::Order(key) => Effect::Lookup(lookup, key.clone()),
            LookupOf::Refund(key) => Effect::LookupRefund(lookup, key.clone()),
            LookupOf::Sn => Effect::LookupSn(lookup, call.arguments.field("sn").unwrap_or_default().to_owned()),
        });
        self.lookups.insert(lookup, PendingLookup { call, of });
    }

    /// `returned`: for a refund, what the order's other refunds have given back.
    pub(super) fn found(&mut self, lookup: LookupId, found: Result<Option<Record>>, returned: Option<u64>) {
        let Some(PendingLookup { call, of }) = self.lookups.remove(&lookup) else { return };
        if self.closing {
            return self.finish(call.id, Err(closed()));
        }
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.finish(call.id, Err(error)),
        };
        let sn = call.arguments.field("sn").filter(|_| call.arguments.made).map(str::to_owned);
        match (of, found, sn) {
            // Not sent under its own number: the host names it by the gateway's.
            (LookupOf::Order(OrderKey::ClientSn(_)), None, Some(_)) if !matches!(call.kind, CallKind::Begin(_)) => {
                self.look_up(call, LookupOf::Sn);
            }
            (LookupOf::Order(key), found, _) => self.with_record(call, key, found),
            (LookupOf::Sn, Some(record), _) => self.with_record(call, record.key.clone(), Some(record)),
            (LookupOf::Sn, None, sn) => self.with_record(call, OrderKey::Sn(sn.unwrap_or_default()), None),
            (LookupOf::Refund(key), found, _) => self.with_refund(call, key, found, returned),
        }
    }

    /// The order is resolved, and this is what is known of it; an entry that was made meanwhile knows better.
    fn with_record(&mut self, call: OrderCall, key: OrderKey, record: Option<Record>) {
        let record = self.entries.get(&key).map(|entry| entry.record.clone()).or(record);
        let unnamed = call.arguments.made && record.is_none() && matches!(key, OrderKey::ClientSn(_));
        match call.kind {
            CallKind::Begin(first) => self.begin(call, first, key, record),
            CallKind::Cancel | CallKind::Refund if unnamed => {
                let message = "client_sn or sn: the order has no number that the gateway knows";
                self.finish(call.id, Err(Error::new(UPAY_E_MISSING, message)));
            }
            CallKind::Query => self.begin_query(call, key, record),
            CallKind::Cancel => self.cancel(call, key, record),
            CallKind::Refund => {
                let total_amount = record.and_then(|record| record.total_amount);
                let number = call.arguments.field("refund_request_no").unwrap_or_default();
                let refund = OrderKey::refund(&key, number);
                let call = OrderCall { order: Some(OrderOfRefund { key, total_amount }), ..call };
                self.look_up(call, LookupOf::Refund(refund));
            }
        }
    }

    pub(super) fn identity(&self, key: &OrderKey, total_amount: Option<&String>, sn: Option<&str>) -> Identity {
        Identity {
            // Only of an order that was begun here the amount is on record; another may be another terminal's.
            terminal_sn: total_amount.map(|_| self.config.terminal_sn.clone()),
            client_sn: key.client_sn().map(str::to_owned),
            sn: sn.or(key.sn()).map(str::to_owned),
            total_amount: total_amount.cloned(),
        }
    }

    pub(super) fn identity_of(&self, record: &Record) -> Identity {
        self.identity(&record.key, record.total_amount.as_ref(), None)
    }

    pub(super) fn value(&self, arguments: &OrderArguments, name: &str) -> Option<String> {
        let default = (name == "operator").then_some(self.config.operator.as_str()).filter(|text| !text.is_empty());
        arguments.field(name).or(default).map(str::to_owned)
    }

    /// The call goes on once the order's write or exchange has ended.
    pub(super) fn park(&mut self, key: OrderKey, call: OrderCall) {
        self.parked.entry(key).or_default().push_back(call);
    }

    pub(super) fn unpark(&mut self, key: &OrderKey) {
        // One that has to wait again takes its place again, in the same order.
        for call in self.parked.remove(key).into_iter().flatten() {
            self.order_call(call);
        }
    }

    pub(super) fn is_wanted(&self, key: &OrderKey) -> bool {
        self.parked.contains_key(key)
    }

    fn raw_call(&mut self, id: ActionId, path: String, json: String, until: Option<Millis>) {
        let request = Request {
            path: "",
            raw_path: Some(path.into()),
            body: json.into_bytes().into(),
            terminal_key: String::new(),
            time: ReplyTime::Other,
            until,
            fresh: true,
            by_caller: true,
        };
        self.post(Sender::Raw(id), request, true);
    }
}
