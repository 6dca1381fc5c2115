//! A client that has started: what is under way, what is watched, and how all of it ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::driver::{Attached, Plan, Run};
use super::ear::Ear;
use super::event::{Event, Report};
use super::inbox::{ActionId, Inbox};
use super::listener::{Listener, Listeners};
use super::order::Order;
use super::settings::Settings;
use crate::abi::*;
use crate::engine::{clock, Engine};
use crate::error::{Error, Result};
use crate::flow::pay::Pay;
use crate::flow::query::Query;
use crate::flow::settle::Settle;
use crate::flow::verdict::Verdict;
use crate::flow::watch::Watch;
use crate::flow::{Flow, Identity, Phase};
use crate::gateway::request;
use crate::journal::{Journal, Record, State as RecordState};
use crate::log;
use crate::transport::Transport;

/// Actions under way at a time, for all orders of a client together.
pub const ACTIONS_MAX: usize = 10_000;

/// What an earlier run left over is asked about at this pace, so that a till that comes back with many open orders
/// does not flood the gateway.
const LEFTOVER_PAUSE_MS: u64 = 50;

/// How long a cancel waits for a verdict that is just being written down.
const FINISHING_MS_MAX: u64 = 5_000;

pub struct Terminal {
    pub settings: Settings,
    pub engine: Arc<Engine>,
    pub transport: Transport,
    pub journal: Journal,
    pub inbox: Arc<Inbox>,
    pub listeners: Listeners,
    watcher: Mutex<Option<Arc<Listener>>>,
    /// By id, everything under way.
    runs: Mutex<HashMap<ActionId, Arc<Run>>>,
    /// By client_sn, who may move money or is watching: one at a time.
    movers: Mutex<HashMap<String, Mover>>,
    moved: Condvar,
    closing: AtomicBool,
    wound_up: AtomicBool,
    ids: AtomicU64,
}

enum Mover {
    /// A call is recording its order.
    Reserved,
    Run(Arc<Run>),
}

/// What a client brings along when it starts.
pub struct Parts {
    pub settings: Settings,
    pub engine: Arc<Engine>,
    pub transport: Transport,
    pub journal: Journal,
    pub inbox: Arc<Inbox>,
    pub listeners: Listeners,
    pub watcher: Option<Arc<Listener>>,
}

impl Terminal {
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            settings: parts.settings,
            engine: parts.engine,
            transport: parts.transport,
            journal: parts.journal,
            inbox: parts.inbox,
            listeners: parts.listeners,
            watcher: Mutex::new(parts.watcher),
            runs: Mutex::default(),
            movers: Mutex::default(),
            moved: Condvar::new(),
            closing: AtomicBool::new(false),
            wound_up: AtomicBool::new(false),
            ids: AtomicU64::new(1),
        })
    }

    /// Takes up what an earlier run left over.
    pub fn resume(self: &Arc<Self>) -> Result<()> {
        let left_over = self.journal.pending()?;
        if !left_over.is_empty() {
            log::info(format_args!("{} orders are left over from an earlier run", left_over.len()));
        }
        let mut due = clock::now();
        for record in left_over {
            if record.is_open() {
                self.watch(record, Some(due));
                due += LEFTOVER_PAUSE_MS;
            } else if let Some(verdict) = record.verdict {
                self.tell_again(&record, verdict);
            }
        }
        Ok(())
    }

    pub fn pay(self: &Arc<Self>, order: &Arc<Order>, listener: &mut Option<Listener>) -> Result<()> {
        let settings = &self.settings;
        let operator = || Some(settings.operator.clone()).filter(|operator| !operator.is_empty());
        let value = |name: &str| order.field(name).or_else(|| if name == "operator" { operator() } else { None });
        let body = request::pay(&settings.terminal_sn, &order.client_sn, value)?;
        let identity = self.identity(&order.client_sn, order.field("total_amount"));
        let record = Record {
            client_sn: identity.client_sn.clone(),
            total_amount: identity.total_amount.clone(),
            action: UPAY_ACTION_PAY,
            state: RecordState::Querying,
            began_ms: clock::wall(),
            verdict: None,
            told: false,
            data: Vec::new(),
        };
        self.admit()?;
        let reserved = self.reserve(&order.client_sn);
        let place = reserved.ok_or_else(|| {
            Error::new(UPAY_E_DUPLICATE, "client_sn: is under way, and is never sent twice; take a new one")
        })?;
        self.journal.begin_pay(&record)?;
        let ear = self.ear(UPAY_ACTION_PAY, order, listener);
        let flow = Pay::new(identity.clone(), settings.limits.clone());
        let mut plan = plan(identity, flow, ear);
        plan.pay_body = Some(body);
        plan.record = Some(record);
        self.start(plan, Some(place), None);
        Ok(())
    }

    pub fn query(self: &Arc<Self>, order: &Arc<Order>, listener: &mut Option<Listener>) -> Result<()> {
        self.admit()?;
        let known = self.journal.get(&order.client_sn)?;
        let identity = self.identity(&order.client_sn, known.and_then(|record| record.total_amount));
        let ear = self.ear(UPAY_ACTION_QUERY, order, listener);
        self.start(plan(identity.clone(), Query::new(identity), ear), None, None);
        Ok(())
    }

    pub fn cancel(self: &Arc<Self>, order: &Arc<Order>, listener: &mut Option<Listener>) -> Result<()> {
        self.admit()?;
        let place = match self.take_over(order, listener)? {
            TakenOver::ByGivingUp => return Ok(()),
            TakenOver::Reserved(place) => place,
        };
        let earlier = self.journal.get(&order.client_sn)?;
        let mut record = earlier.clone().unwrap_or_else(|| Record {
            client_sn: order.client_sn.clone(),
            total_amount: None,
            action: UPAY_ACTION_CANCEL,
            state: RecordState::Closed,
            began_ms: clock::wall(),
            verdict: None,
            told: false,
            data: Vec::new(),
        });
        record.state = RecordState::Cancelling { gave_up: true };
        record.verdict = None;
        record.told = false;
        if let Err(error) = self.journal.put(&record) {
            drop(place);
            if let Some(RecordState::Watched(_)) = earlier.as_ref().map(|record| record.state) {
                self.watch(earlier.unwrap_or(record), None);
            }
            return Err(error);
        }
        let identity = self.identity(&record.client_sn, record.total_amount.clone());
        let ear = self.ear(UPAY_ACTION_CANCEL, order, listener);
        let flow = Settle::by_cancel(identity.clone(), self.settings.limits.clone(), true);
        let mut plan = plan(identity, flow, ear);
        plan.record = Some(record);
        plan.gave_up = true;
        self.start(plan, Some(place), None);
        Ok(())
    }

    /// A cancel ends what is under way for its order, or takes the order over from its watch.
    fn take_over<'a>(
        self: &'a Arc<Self>,
        order: &Arc<Order>,
        listener: &mut Option<Listener>,
    ) -> Result<TakenOver<'a>> {
        let until = clock::instant_of(clock::now() + FINISHING_MS_MAX);
        let busy = || Error::new(UPAY_E_STATE, "a cancel of this order is under way");
        let mut movers = self.movers.lock();
        loop {
            let run = match movers.get(&order.client_sn) {
                None => break,
                Some(Mover::Reserved) => None,
                Some(Mover::Run(run)) => Some(run.clone()),
            };
            if let Some(run) = run {
                match run.give_up(|| self.ear(UPAY_ACTION_CANCEL, order, listener)) {
                    Attached::Yes => return Ok(TakenOver::ByGivingUp),
                    Attached::Busy => return Err(busy()),
                    Attached::Unable if run.retire() => break,
                    Attached::Unable | Attached::Finishing => {}
                }
            }
            // Its verdict is being written down: what comes after it can be cancelled.
            if self.moved.wait_until(&mut movers, until).timed_out() {
                return Err(busy());
            }
        }
        movers.insert(order.client_sn.clone(), Mover::Reserved);
        drop(movers);
        Ok(TakenOver::Reserved(Place::of(self, &order.client_sn)))
    }

    /// Asks about an order that no call waits for, until there is a final answer.
    fn watch(self: &Arc<Self>, record: Record, due: Option<u64>) {
        let identity = self.identity(&record.client_sn, record.total_amount.clone());
        let limits = self.settings.limits.clone();
        let mut gave_up = false;
        let flow: Box<dyn Flow> = match record.state {
            RecordState::Watched(told) => Box::new(Watch::new(identity.clone(), limits, told)),
            RecordState::Cancelling { gave_up: by_cashier } => {
                gave_up = by_cashier;
                Box::new(Settle::by_cancel(identity.clone(), limits, by_cashier))
            }
            _ => Box::new(Settle::by_query(identity.clone(), limits)),
        };
        let Some(place) = self.reserve(&record.client_sn) else {
            return;
        };
        let ear = self.watchers_ear();
        let plan = Plan { order: identity, flow, ear, pay_body: None, record: Some(record), gave_up };
        self.start(plan, Some(place), due);
    }

    /// The verdict that the host had not heard when the earlier run ended.
    fn tell_again(self: &Arc<Self>, record: &Record, verdict: Verdict) {
        let mut ear = self.watchers_ear();
        let reply = crate::gateway::reply::Reply { data: record.data.clone(), ..Default::default() };
        let report = Report {
            action: UPAY_ACTION_WATCH,
            verdict,
            client_sn: &record.client_sn,
            phase: Phase::Done,
            queries: 0,
            elapsed_ms: 0,
            remaining_ms: None,
            reply: Some(&reply),
        };
        ear.deliver(self, Arc::new(Event::new(&report, self.settings.chinese, self.settings.encoding)));
    }

    fn start(self: &Arc<Self>, plan: Plan, place: Option<Place<'_>>, due: Option<u64>) {
        let id = plan.ear.id;
        let client_sn = plan.order.client_sn.clone();
        log::info(format_args!("{client_sn}: action {} begins", plan.ear.action));
        let run = Arc::new(Run::new(id, self.clone(), plan));
        self.runs.lock().insert(id, run.clone());
        if let Some(place) = place {
            place.fill(run.clone());
        }
        run.begin(due);
        // A stop that looked before this run was there has not closed it.
        if self.is_closing() {
            run.close();
        }
    }

    /// A run has its verdict, or ends without one: its order is free, or is watched from now on.
    pub fn moved_on(self: &Arc<Self>, order: &Identity, id: ActionId, watched: Option<Record>) {
        {
            let mut movers = self.movers.lock();
            match movers.get(&order.client_sn) {
                Some(Mover::Run(run)) if run.id == id => movers.remove(&order.client_sn),
                _ => return,
            };
        }
        if let Some(record) = watched.filter(|_| !self.is_closing()) {
            self.watch(record, None);
        }
        self.moved.notify_all();
    }

    pub fn remove(self: &Arc<Self>, id: ActionId) {
        self.runs.lock().remove(&id);
        self.wind_up_when_idle();
    }

    fn reserve(self: &Arc<Self>, client_sn: &str) -> Option<Place<'_>> {
        let mut movers = self.movers.lock();
        if movers.contains_key(client_sn) {
            return None;
        }
        movers.insert(client_sn.to_owned(), Mover::Reserved);
        Some(Place::of(self, client_sn))
    }

    fn admit(&self) -> Result<()> {
        if self.is_closing() {
            return Err(Error::new(UPAY_E_CLOSED, "the client is stopped"));
        }
        if self.runs.lock().len() >= ACTIONS_MAX {
            return Err(Error::new(UPAY_E_LIMIT, format!("at most {ACTIONS_MAX} actions at a time")));
        }
        Ok(())
    }

    fn identity(&self, client_sn: &str, total_amount: Option<String>) -> Identity {
        Identity { terminal_sn: self.settings.terminal_sn.clone(), client_sn: client_sn.to_owned(), total_amount }
    }

    fn ear(&self, action: i32, order: &Arc<Order>, listener: &mut Option<Listener>) -> Ear {
        let ear = Ear {
            action,
            id: self.next_id(),
            listener: listener.take().map(Arc::new),
            order: Some(order.clone()),
            began: clock::now(),
        };
        order.began(ear.id);
        ear
    }

    fn watchers_ear(&self) -> Ear {
        Ear {
            action: UPAY_ACTION_WATCH,
            id: self.next_id(),
            listener: self.watcher.lock().clone(),
            order: None,
            began: clock::now(),
        }
    }

    fn next_id(&self) -> ActionId {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// The host has heard of it: not to be told again after a restart.
    pub fn told(&self, event: &Event) {
        let moved = matches!(event.action, UPAY_ACTION_PAY | UPAY_ACTION_CANCEL | UPAY_ACTION_WATCH);
        if !event.is_final() || !moved {
            return;
        }
        match self.journal.told(&event.client_sn, event.verdict) {
            Err(error) if error.status != UPAY_E_CLOSED => {
                log::warn(format_args!("{}: will be told again: {error}", event.client_sn));
            }
            _ => {}
        }
    }

    pub fn unfinished(&self) -> Result<u32> {
        let pending = self.journal.pending()?;
        Ok(pending.iter().filter(|record| record.is_open()).count() as u32)
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Begins the end: every action gets its final event, and nothing new begins. Does not wait.
    pub fn close(self: &Arc<Self>) {
        self.closing.store(true, Ordering::SeqCst);
        let runs: Vec<_> = self.runs.lock().values().cloned().collect();
        for run in runs {
            run.close();
        }
        self.engine.close();
        self.wind_up_when_idle();
    }

    /// Once the last action has ended, the host's functions are let go of.
    fn wind_up_when_idle(&self) {
        if !self.is_closing() || !self.runs.lock().is_empty() || self.wound_up.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(watcher) = self.watcher.lock().take() {
            self.listeners.let_go(watcher);
        }
        self.listeners.close();
        self.inbox.close();
    }

    /// Waits for all threads to have ended, then lets the journal go. False when `limit` passed first.
    pub fn join(&self, limit: Duration) -> bool {
        if !self.engine.join(limit) {
            return false;
        }
        self.let_journal_go();
        true
    }

    fn let_journal_go(&self) {
        match self.journal.flush() {
            Err(error) if error.status != UPAY_E_CLOSED => log::warn(format_args!("{error}")),
            _ => {}
        }
        self.journal.close();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.let_journal_go();
    }
}

fn plan(order: Identity, flow: impl Flow + 'static, ear: Ear) -> Plan {
    Plan { order, flow: Box::new(flow), ear, pay_body: None, record: None, gave_up: false }
}

enum TakenOver<'a> {
    /// What is under way ends in a cancel.
    ByGivingUp,
    Reserved(Place<'a>),
}

/// A client_sn that is kept for one caller; free again when it is not filled.
struct Place<'a> {
    terminal: &'a Arc<Terminal>,
    client_sn: String,
    filled: bool,
}

impl<'a> Place<'a> {
    fn of(terminal: &'a Arc<Terminal>, client_sn: &str) -> Self {
        Self { terminal, client_sn: client_sn.to_owned(), filled: false }
    }

    fn fill(mut self, run: Arc<Run>) {
        self.filled = true;
        self.terminal.movers.lock().insert(self.client_sn.clone(), Mover::Run(run));
        self.terminal.moved.notify_all();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.filled {
            self.terminal.movers.lock().remove(&self.client_sn);
            self.terminal.moved.notify_all();
        }
    }
}
