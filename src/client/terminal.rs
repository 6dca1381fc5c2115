//! A client that has started: what is under way, what is watched, and how all of it ends.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::checkin::Checkin;
use super::claims::{Claim, Claims};
use super::driver::{Plan, Run};
use super::ear::Ear;
use super::event::Report;
use super::inbox::ActionId;
use super::keyring::Keyring;
use super::listener::Listener;
use super::outlet::{says_paid, Outlet};
use super::pace::{Pace, GAP_MS};
use super::settings::Settings;
use crate::abi::*;
use crate::engine::clock::{self, Millis};
use crate::engine::{Engine, Priority};
use crate::error::{Error, Result};
use crate::flow::refund::Refund;
use crate::flow::settle::Settle;
use crate::flow::verdict::Verdict;
use crate::flow::watch::{Told, Watch};
use crate::flow::{Fate, Flow, Identity, Phase};
use crate::gateway::reply::Reply;
use crate::journal::{sn_of, Record, State as RecordState};
use crate::log;
use crate::transport::{Interrupt, Transport};

/// Actions of the host under way at a time, for all orders of a client together.
pub const ACTIONS_MAX: usize = 10_000;

pub struct Terminal {
    pub settings: Settings,
    pub engine: Arc<Engine>,
    pub transport: Transport,
    pub keyring: Keyring,
    pub outlet: Arc<Outlet>,
    watcher: Mutex<Option<Arc<Listener>>>,
    under_way: Mutex<UnderWay>,
    /// The last of what was under way has ended.
    wound_up: Condvar,
    pub checkin_ended: Condvar,
    pub claims: Claims<Arc<Run>>,
    pub pace: Pace,
    ids: AtomicU64,
    pruned_day: AtomicU64,
}

#[derive(Default)]
pub struct UnderWay {
    /// In the order in which they began.
    runs: BTreeMap<ActionId, Arc<Run>>,
    /// Of these, the ones that the host waits for.
    actions: HashSet<ActionId>,
    /// Of these, the ones that move money, or find out whether it moved: no check-in beside them.
    pub payments: HashSet<ActionId>,
    pub checkin: Option<Checkin>,
    /// What came of the last one.
    pub checked_in: Option<Result<()>>,
    /// When the next check-in may begin by itself.
    pub checkin_not_before: Millis,
    /// Calls of the host that are being carried out.
    calls: usize,
    /// Those of them that block, by which a stop ends them.
    interrupts: HashMap<u64, Interrupt>,
    pub closing: bool,
    winding_up: bool,
    wound_up: bool,
}

impl Terminal {
    pub fn new(
        settings: Settings,
        engine: Arc<Engine>,
        transport: Transport,
        keyring: Keyring,
        outlet: Outlet,
        watcher: Option<Arc<Listener>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            pace: Pace::of(&settings.terminal_sn),
            settings,
            engine,
            transport,
            keyring,
            outlet: Arc::new(outlet),
            watcher: Mutex::new(watcher),
            under_way: Mutex::default(),
            wound_up: Condvar::new(),
            checkin_ended: Condvar::new(),
            claims: Claims::default(),
            ids: AtomicU64::new(1),
            pruned_day: AtomicU64::new(0),
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
                    // Its time is not to run before its turn.
                    due += GAP_MS;
                }
                Ok(_) => {}
                Err(error) => log::error(format_args!("{}: not taken up: {error}", record.client_sn)),
            }
        }
        self.checkin_when_due(&mut self.under_way());
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
            name: record.client_sn.clone(),
            first_body: None,
            refund_request_no: record.refund.as_ref().map(|refund| refund.refund_request_no.clone()),
            gave_up: record.state == RecordState::Cancelling { gave_up: true },
            record: Some(record),
        };
        self.start(plan, Some(claim), due);
    }

    /// What had become of the order when the earlier run ended, and the host had not heard.
    fn tell_again(self: &Arc<Self>, record: &Record, fate: Fate) {
        let (action, reply) = (watched_action(record), Reply { data: record.data.clone(), ..Reply::default() });
        if fate == Fate::Paid && says_paid(action) {
            self.outlet.paid_unheard.lock().insert(record.key());
        }
        let report = Report {
            verdict: Verdict::of(action, fate),
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
        log::info(format_args!("{}: action {} begins", plan.name, plan.ear.action));
        let (watched, payment) = (plan.ear.is_watcher(), plan.is_payment());
        let run = Arc::new(Run::new(id, self.clone(), plan));
        {
            let mut under_way = self.under_way();
            under_way.runs.insert(id, run.clone());
            if !watched {
                under_way.actions.insert(id);
            }
            if payment {
                self.checkin_when_due(&mut under_way);
                under_way.payments.insert(id);
            }
        }
        // From here on others can find it, and retire it: it has to be among the runs by then, and must not begin before.
        if let Some(claim) = claim {
            claim.give(id, run.clone());
        }
        let put_off = {
            let mut under_way = self.under_way();
            let checkin = under_way.checkin.as_mut().filter(|_| payment);
            checkin.map(|checkin| checkin.delay(&run, due)).is_some()
        };
        if !put_off {
            self.let_begin(&run, due);
        }
    }

    pub fn let_begin(&self, run: &Arc<Run>, due: Option<Millis>) {
        run.begin(due);
        // A stop that looked before this run was there has not closed it.
        if self.is_closing() {
            run.close();
        }
    }

    /// A run has its verdict, or ends without one: its order is free, or is watched from now on.
    pub fn moved_on(self: &Arc<Self>, client_sn: &str, run: ActionId, watched: Option<Record>) {
        // Before the host hears of it: it may check in right then.
        self.under_way().payments.remove(&run);
        let claim = self.claims.pass_on(client_sn, run);
        if let (Some(claim), Some(record), false) = (claim, watched, self.is_closing()) {
            self.watch(record, claim, None);
        }
    }

    /// The last thing that a run does.
    pub fn remove(self: &Arc<Self>, id: ActionId) {
        {
            let mut under_way = self.under_way();
            under_way.runs.remove(&id);
            under_way.actions.remove(&id);
            under_way.payments.remove(&id);
            self.checkin_when_due(&mut under_way);
        }
        self.wind_up_when_idle();
    }

    /// Lets a call of the host begin something, with the threads that it needs.
    pub fn admit(&self) -> Result<Admitted<'_>> {
        let admitted = self.enter()?;
        if self.under_way().actions.len() >= ACTIONS_MAX {
            return Err(Error::new(UPAY_E_LIMIT, format!("at most {ACTIONS_MAX} actions at a time")));
        }
        self.prune_daily();
        if !(self.engine.ready() && self.outlet.listeners.ready()) {
            return Err(Error::new(UPAY_E_LIMIT, "the system gives this process no more threads"));
        }
        Ok(admitted)
    }

    /// Once a day, and with the first order after a start: what ended long ago is forgotten, beside the work.
    fn prune_daily(&self) {
        let today = clock::beijing_day();
        if self.pruned_day.swap(today, Ordering::Relaxed) == today {
            return;
        }
        let (journal, days) = (self.outlet.journal.clone(), self.settings.journal_days);
        let prune = move || match journal.prune(days, clock::wall()) {
            Ok(0) => {}
            Ok(count) => log::info(format_args!("{count} orders that ended more than {days} days ago are forgotten")),
            Err(error) => log::warn(format_args!("old orders are not forgotten: {error}")),
        };
        self.engine.submit(Priority::Prompt, Box::new(prune));
    }

    /// A stop waits for what has entered, and nothing enters after a stop.
    fn enter(&self) -> Result<Admitted<'_>> {
        let mut under_way = self.under_way();
        if under_way.closing {
            return Err(Error::new(UPAY_E_CLOSED, "the client is stopped"));
        }
        under_way.calls += 1;
        Ok(Admitted(self))
    }

    /// Lets a call of the host begin that blocks until the gateway answers.
    pub fn interruptible(&self) -> Result<Blocking<'_>> {
        let admitted = self.admit()?;
        let (id, interrupt) = (self.next_id(), Interrupt::new());
        self.under_way().interrupts.insert(id, interrupt.clone());
        // A stop that looked before it was there has not raised it.
        if self.is_closing() {
            interrupt.raise();
        }
        Ok(Blocking { id, interrupt, admitted })
    }

    pub fn identity(&self, record: &Record) -> Identity {
        let sn = sn_of(&record.client_sn).map(str::to_owned);
        Identity {
            // Only of an order that was begun here the amount is on record; another may be another terminal's.
            terminal_sn: record.total_amount.is_some().then(|| self.settings.terminal_sn.clone()),
            client_sn: sn.is_none().then(|| record.client_sn.clone()),
            sn,
            total_amount: record.total_amount.clone(),
        }
    }

    fn watchers_ear(&self, record: &Record) -> Ear {
        Ear::of_watcher(watched_action(record), self.next_id(), self.watcher.lock().clone())
    }

    pub fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock()
    }

    pub fn next_id(&self) -> ActionId {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub fn unfinished(&self) -> Result<u32> {
        let pending = self.outlet.journal.pending()?;
        Ok(pending.iter().filter(|record| record.is_open()).count() as u32)
    }

    pub fn is_closing(&self) -> bool {
        self.under_way().closing
    }

    /// Begins the end: every action gets its final event, and nothing new begins. Does not wait.
    pub fn close(&self) {
        let runs: Vec<_> = {
            let mut under_way = self.under_way();
            under_way.closing = true;
            if let Some(checkin) = &under_way.checkin {
                checkin.interrupt().raise();
            }
            under_way.interrupts.values().for_each(Interrupt::raise);
            under_way.runs.values().cloned().collect()
        };
        for run in runs {
            run.close();
        }
        self.engine.close();
        self.wind_up_when_idle();
    }

    /// Once the last action has ended, the host's functions are let go of.
    pub fn wind_up_when_idle(&self) {
        {
            let mut under_way = self.under_way();
            let busy = !under_way.runs.is_empty() || under_way.checkin.is_some() || under_way.calls > 0;
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
        self.under_way().wound_up = true;
        self.wound_up.notify_all();
    }

    /// Waits for everything to have ended, the threads too, then lets the journal go. False when `limit` passed first.
    pub fn join(&self, limit: Duration) -> bool {
        let until = clock::instant() + limit;
        {
            let mut under_way = self.under_way();
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

/// A call of the host that is being carried out; it ends when this goes.
pub struct Admitted<'a>(&'a Terminal);

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.under_way().calls -= 1;
        self.0.wind_up_when_idle();
    }
}

/// A call of the host that blocks.
pub struct Blocking<'a> {
    id: u64,
    interrupt: Interrupt,
    admitted: Admitted<'a>,
}

impl Blocking<'_> {
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }
}

impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        self.admitted.0.under_way().interrupts.remove(&self.id);
    }
}
