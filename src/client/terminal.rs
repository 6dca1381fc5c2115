//! A client that has started: what is under way, what is watched, and how all of it ends.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::claims::{Claim, Claims};
use super::driver::{Plan, Run};
use super::ear::Ear;
use super::event::Report;
use super::inbox::ActionId;
use super::listener::Listener;
use super::outlet::Outlet;
use super::settings::Settings;
use crate::abi::*;
use crate::engine::clock::{self, Millis};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::flow::refund::Refund;
use crate::flow::settle::Settle;
use crate::flow::verdict::Verdict;
use crate::flow::watch::{Told, Watch};
use crate::flow::{Fate, Flow, Identity, Phase};
use crate::gateway::reply::Reply;
use crate::journal::{Record, State as RecordState};
use crate::log;
use crate::transport::Transport;

/// Actions of the host under way at a time, for all orders of a client together.
pub const ACTIONS_MAX: usize = 10_000;

/// What an earlier run left over is asked about at this pace, so that a till that comes back with many open orders
/// does not flood the gateway.
const LEFTOVER_PAUSE_MS: Millis = 50;

pub struct Terminal {
    pub settings: Settings,
    pub engine: Arc<Engine>,
    pub transport: Transport,
    pub outlet: Arc<Outlet>,
    watcher: Mutex<Option<Arc<Listener>>>,
    under_way: Mutex<UnderWay>,
    /// The last of what was under way has ended.
    wound_up: Condvar,
    pub claims: Claims<Arc<Run>>,
    ids: AtomicU64,
}

#[derive(Default)]
struct UnderWay {
    /// In the order in which they began.
    runs: BTreeMap<ActionId, Arc<Run>>,
    /// Of these, the ones that the host waits for.
    actions: HashSet<ActionId>,
    /// Calls of the host that may begin a run.
    calls: usize,
    closing: bool,
    winding_up: bool,
    wound_up: bool,
}

impl Terminal {
    pub fn new(
        settings: Settings,
        engine: Arc<Engine>,
        transport: Transport,
        outlet: Outlet,
        watcher: Option<Arc<Listener>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            settings,
            engine,
            transport,
            outlet: Arc::new(outlet),
            watcher: Mutex::new(watcher),
            under_way: Mutex::default(),
            wound_up: Condvar::new(),
            claims: Claims::default(),
            ids: AtomicU64::new(1),
        })
    }

    /// Takes up what an earlier run left over.
    pub fn resume(self: &Arc<Self>, left_over: Vec<Record>) {
        // A stop waits for this call as for any other that begins something.
        let Ok(_entered) = self.enter() else { return };
        if !left_over.is_empty() {
            log::info(format_args!("{} orders are left over from an earlier run", left_over.len()));
        }
        let mut due = clock::now();
        for record in left_over.into_iter().filter(|_| !bug!(LeftOverForgotten)) {
            // With a cancel on its way, what became of the order before is no news any more.
            let old_news = record.is_open() && record.cancel_sent;
            if let Some(fate) = record.fate.filter(|_| record.is_untold() && !old_news) {
                self.tell_again(&record, fate);
            }
            let Some(claim) = record.is_open().then(|| self.claims.take(&record.key())).flatten() else {
                continue;
            };
            // As it is now: the host may have had it done something with in the meantime.
            match self.outlet.journal.get(&record.key()) {
                Ok(Some(record)) if record.is_open() => {
                    self.watch(record, claim, Some(due));
                    due += LEFTOVER_PAUSE_MS;
                }
                Ok(_) => {}
                Err(error) => log::error(format_args!("{}: not taken up: {error}", record.client_sn)),
            }
        }
    }

    /// Asks about an order that no call waits for, until there is a final answer.
    pub fn watch(self: &Arc<Self>, record: Record, claim: Claim<'_, Arc<Run>>, due: Option<Millis>) {
        let identity = self.identity(&record);
        let limits = self.settings.limits.clone();
        let flow: Box<dyn Flow> = match record.state {
            _ if record.refund.is_some() => {
                let number = record.refund.as_ref().map(|refund| refund.refund_request_no.clone());
                Box::new(Refund::left_over(identity.clone(), number.unwrap_or_default(), limits))
            }
            // Whatever was under way: what the till heard as "failed" must not stay paid.
            _ if record.failed => {
                Box::new(Watch::new(identity.clone(), limits, Told::Failed, record.cancel_sent, record.by_hand))
            }
            RecordState::Watched => {
                Box::new(Watch::new(identity.clone(), limits, Told::Unknown, record.cancel_sent, record.by_hand))
            }
            RecordState::Cancelling { gave_up } => Box::new(Settle::by_cancel(identity.clone(), limits, gave_up)),
            _ => {
                let time = limits.pay_timeout;
                Box::new(Settle::by_query(identity.clone(), limits, time))
            }
        };
        let plan = Plan {
            order: identity,
            flow,
            ear: self.watchers_ear(&record),
            first_body: None,
            gave_up: record.state == RecordState::Cancelling { gave_up: true },
            record: Some(record),
        };
        self.start(plan, Some(claim), due);
    }

    /// What had become of the order when the earlier run ended, and the host had not heard.
    fn tell_again(self: &Arc<Self>, record: &Record, fate: Fate) {
        let reply = Reply { data: record.data.clone(), ..Reply::default() };
        let report = Report {
            verdict: Verdict::of(watched_action(record), fate),
            client_sn: &record.client_sn,
            refund_request_no: record.refund.as_ref().map(|refund| refund.refund_request_no.as_str()),
            phase: Phase::Done,
            queries: 0,
            remaining_ms: None,
            reply: Some(&reply),
        };
        self.watchers_ear(record).tell(&self.outlet, &report);
    }

    pub fn start(self: &Arc<Self>, plan: Plan, claim: Option<Claim<'_, Arc<Run>>>, due: Option<Millis>) {
        let id = plan.ear.id;
        log::info(format_args!("{}: action {} begins", plan.order.client_sn, plan.ear.action));
        let watched = plan.ear.is_watcher();
        let run = Arc::new(Run::new(id, self.clone(), plan));
        {
            let mut under_way = self.under_way.lock();
            under_way.runs.insert(id, run.clone());
            if !watched {
                under_way.actions.insert(id);
            }
        }
        if let Some(claim) = claim {
            claim.give(id, run.clone());
        }
        run.begin(due);
        // A stop that looked before this run was there has not closed it.
        if self.is_closing() {
            run.close();
        }
    }

    /// A run has its verdict, or ends without one: its order is free, or is watched from now on.
    pub fn moved_on(self: &Arc<Self>, client_sn: &str, run: ActionId, watched: Option<Record>) {
        let claim = self.claims.pass_on(client_sn, run);
        if let (Some(claim), Some(record), false) = (claim, watched, self.is_closing()) {
            self.watch(record, claim, None);
        }
    }

    /// The last thing that a run does.
    pub fn remove(&self, id: ActionId) {
        {
            let mut under_way = self.under_way.lock();
            under_way.runs.remove(&id);
            under_way.actions.remove(&id);
        }
        self.wind_up_when_idle();
    }

    /// Lets a call of the host begin something, with the threads that it needs.
    pub fn admit(&self) -> Result<Admitted<'_>> {
        let admitted = self.enter()?;
        if self.under_way.lock().actions.len() >= ACTIONS_MAX {
            return Err(Error::new(UPAY_E_LIMIT, format!("at most {ACTIONS_MAX} actions at a time")));
        }
        if !(self.engine.ready() && self.outlet.listeners.ready()) {
            return Err(Error::new(UPAY_E_LIMIT, "the system gives this process no more threads"));
        }
        Ok(admitted)
    }

    /// A stop waits for what has entered, and nothing enters after a stop.
    fn enter(&self) -> Result<Admitted<'_>> {
        let mut under_way = self.under_way.lock();
        if under_way.closing {
            return Err(Error::new(UPAY_E_CLOSED, "the client is stopped"));
        }
        under_way.calls += 1;
        Ok(Admitted(self))
    }

    pub fn identity(&self, record: &Record) -> Identity {
        Identity {
            terminal_sn: self.settings.terminal_sn.clone(),
            client_sn: record.client_sn.clone(),
            total_amount: record.total_amount.clone(),
        }
    }

    fn watchers_ear(&self, record: &Record) -> Ear {
        Ear::of_watcher(watched_action(record), self.next_id(), self.watcher.lock().clone())
    }

    pub fn next_id(&self) -> ActionId {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub fn unfinished(&self) -> Result<u32> {
        let pending = self.outlet.journal.pending()?;
        Ok(pending.iter().filter(|record| record.is_open()).count() as u32)
    }

    pub fn is_closing(&self) -> bool {
        self.under_way.lock().closing
    }

    /// Begins the end: every action gets its final event, and nothing new begins. Does not wait.
    pub fn close(&self) {
        let runs: Vec<_> = {
            let mut under_way = self.under_way.lock();
            under_way.closing = true;
            under_way.runs.values().cloned().collect()
        };
        for run in runs {
            run.close();
        }
        self.engine.close();
        self.wind_up_when_idle();
    }

    /// Once the last action has ended, the host's functions are let go of.
    fn wind_up_when_idle(&self) {
        {
            let mut under_way = self.under_way.lock();
            let busy = !under_way.runs.is_empty() || under_way.calls > 0;
            if !under_way.closing || busy || under_way.winding_up {
                return;
            }
            under_way.winding_up = true;
        }
        if let Some(watcher) = self.watcher.lock().take() {
            self.outlet.listeners.let_go(watcher);
        }
        self.outlet.listeners.close();
        self.outlet.inbox.close();
        self.under_way.lock().wound_up = true;
        self.wound_up.notify_all();
    }

    /// Waits for everything to have ended, the threads too, then lets the journal go. False when `limit` passed first.
    pub fn join(&self, limit: Duration) -> bool {
        let until = clock::instant() + limit;
        {
            let mut under_way = self.under_way.lock();
            while !under_way.wound_up {
                if self.wound_up.wait_until(&mut under_way, until).timed_out() && !under_way.wound_up {
                    return false;
                }
            }
        }
        if !self.engine.join(until.saturating_duration_since(clock::instant())) {
            return false;
        }
        self.let_journal_go();
        true
    }

    fn let_journal_go(&self) {
        match self.outlet.journal.flush() {
            Err(error) if error.status != UPAY_E_CLOSED => log::warn(format_args!("{error}")),
            _ => {}
        }
        self.outlet.journal.close();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.let_journal_go();
    }
}

/// A refund keeps its own action: its end says nothing about whether the order was paid.
fn watched_action(record: &Record) -> i32 {
    match record.refund {
        Some(_) => UPAY_ACTION_REFUND,
        None => UPAY_ACTION_WATCH,
    }
}

/// A call of the host that may begin a run; it ends when this goes.
pub struct Admitted<'a>(&'a Terminal);

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.under_way.lock().calls -= 1;
        self.0.wind_up_when_idle();
    }
}
