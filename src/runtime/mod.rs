//! Carries out what a session wants: exchanges on workers, writes to the journal, timers, events to the host. It has the only
//! lock around the session, held for a step and never for I/O; no code of the host runs under it.
//!
//! ```text
//!   a call of the host ─┐                                        ┌─▶ Finish    the call returns
//!   a worker's answer ──┼─▶ feed ─▶ [lock: session.step] ─▶ effects ─▶ Deliver   callbacks, or the event queue
//!   the timer ──────────┤     ▲                                  ├─▶ Write     on this thread, and its result is fed
//!   the host has heard ─┘     └──────────────────────────────────┴─▶ Send      on a worker, and its answer is fed
//! ```

mod callbacks;
mod effects;
mod post;
mod queue;
mod sink;

use std::collections::HashMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::abi::*;
use crate::engine::clock::{self, Millis};
use crate::engine::{Engine, TimerId};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::gateway::reply::Reply;
use crate::journal::Journal;
use crate::log;
use crate::record::Record;
use crate::session::{ActionId, Effect, ExchangeId, HostCall, Input, Now, Session, Token};
use crate::transport::{Interrupt, Transport};
pub use callbacks::{Callbacks, Listener, OnDrop, OnEvent};
pub use queue::EventQueue;
pub use sink::EventSink;

pub struct Runtime {
    pub journal: Journal,
    engine: Arc<Engine>,
    transport: Arc<Transport>,
    sink: Arc<EventSink>,
    times: ReplyTimes,
    terminal_sn: String,
    core: Mutex<Core>,
    /// A call has ended, or all has.
    changed: Condvar,
}

/// From the finished connection to the last byte of a reply.
pub struct ReplyTimes {
    pub pay: Duration,
    pub other: Duration,
}

struct Core {
    session: Session,
    /// Who hears of each action.
    subscribers: HashMap<ActionId, Subscription>,
    /// Calls of the host that have not returned.
    calls: HashMap<ActionId, OpenCall>,
    interrupts: HashMap<ExchangeId, Interrupt>,
    timer: Option<(Millis, TimerId)>,
    ended: bool,
}

/// Who hears of one action.
pub struct Subscription {
    /// `None`, or without an event function: the host polls.
    pub listener: Option<Arc<Listener>>,
    pub order: Arc<dyn OrderObserver>,
}

/// The host's order, as far as its actions concern it.
pub trait OrderObserver: Send + Sync {
    /// An action has begun: the one that a wait waits for.
    fn began(&self, id: ActionId);
    /// The gateway has described the order.
    fn described(&self, data: &[(String, String)]);
    fn ended(&self, id: ActionId, event: &Arc<Event>, receipt: Option<Receipt>);
}

struct OpenCall {
    subscription: Option<Subscription>,
    result: Option<Result<Option<Box<Reply>>>>,
}

/// What the session is told when the host hears an event.
#[derive(Clone)]
pub struct Receipt {
    runtime: Weak<Runtime>,
    token: Token,
}

impl Receipt {
    /// The host is about to hear it.
    pub fn delivered(&self) {
        self.feed(Input::Delivered(self.token.clone()));
    }

    /// The host has heard it.
    pub fn acknowledged(&self) {
        self.feed(Input::Acknowledged(self.token.clone()));
    }

    /// A client that is gone has nothing to note.
    fn feed(&self, input: Input) {
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.feed(input, Thread::Any);
        }
    }
}

/// Which thread feeds the session, and so what it may carry out itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thread {
    /// One that must not wait for the gateway.
    Any,
    /// The host's, in a call that blocks until the gateway has answered.
    Caller,
    Worker,
}

impl Runtime {
    pub fn new(
        session: Session,
        journal: Journal,
        engine: Arc<Engine>,
        transport: Arc<Transport>,
        sink: Arc<EventSink>,
        times: ReplyTimes,
        terminal_sn: String,
    ) -> Arc<Self> {
        let core = Core {
            session,
            subscribers: HashMap::new(),
            calls: HashMap::new(),
            interrupts: HashMap::new(),
            timer: None,
            ended: false,
        };
        sink.runtime_begins();
        let (core, changed) = (Mutex::new(core), Condvar::new());
        Arc::new(Self { journal, engine, transport, sink, times, terminal_sn, core, changed })
    }

    /// Takes up what an earlier run left over.
    pub fn resume(self: &Arc<Self>, left_over: Vec<Record>) {
        self.feed(Input::LeftOver(left_over), Thread::Any);
    }

    /// A call of the host that begins an action, and returns at once. One that fails has taken nothing of the subscription.
    pub fn act(self: &Arc<Self>, subscription: Subscription, call: HostCall) -> Result<()> {
        self.has_threads()?;
        let id = self.begin_call(Some(subscription));
        self.feed(Input::Host(id, call), Thread::Any);
        self.wait_for(id).map(drop)
    }

    /// A call of the host that blocks until the gateway has answered, or until its own time limit.
    pub fn block(self: &Arc<Self>, call: HostCall) -> Result<Option<Box<Reply>>> {
        self.has_threads()?;
        let id = self.begin_call(None);
        self.feed(Input::Host(id, call), Thread::Caller);
        self.wait_for(id)
    }

    /// The threads that any work needs are there: promise nothing without them.
    fn has_threads(&self) -> Result<()> {
        if self.core.lock().session.is_closing() {
            return Err(Error::new(UPAY_E_CLOSED, "the client is stopped"));
        }
        if self.engine.ready() && self.sink.callbacks.ready() {
            return Ok(());
        }
        Err(Error::new(UPAY_E_LIMIT, "the system gives this process no more threads"))
    }

    fn begin_call(&self, subscription: Option<Subscription>) -> ActionId {
        let mut core = self.core.lock();
        let id = core.session.next_id();
        core.calls.insert(id, OpenCall { subscription, result: None });
        id
    }

    fn wait_for(&self, id: ActionId) -> Result<Option<Box<Reply>>> {
        let mut core = self.core.lock();
        while core.calls.get(&id).is_some_and(|call| call.result.is_none()) {
            self.changed.wait(&mut core);
        }
        let result = core.calls.remove(&id).and_then(|call| call.result);
        result.unwrap_or_else(|| Err(Error::new(UPAY_E_PANIC, "the call was lost by a defect of the library")))
    }

    pub fn unfinished(&self) -> u32 {
        self.core.lock().session.unfinished()
    }

    /// Begins the end: every action gets its final event, and nothing new begins. Does not wait.
    pub fn stop(self: &Arc<Self>) {
        self.feed(Input::Stop, Thread::Any);
    }

    /// Waits until nothing is under way any more. False when `until` passed first.
    pub fn wait_until_ended(&self, until: Instant) -> bool {
        let mut core = self.core.lock();
        while !core.ended {
            if self.changed.wait_until(&mut core, until).timed_out() && !core.ended {
                return false;
            }
        }
        true
    }

    /// Lets the journal go, once the last thread that may use it has ended.
    pub fn let_journal_go(&self) {
        match self.journal.flush() {
            Err(error) if error.status != UPAY_E_CLOSED => log::warn(format_args!("{error}")),
            _ => {}
        }
        self.journal.close();
    }

    /// One step of the session. What it wants done under the lock is done there: whatever gives events their order, and calls
    /// their result.
    fn step(self: &Arc<Self>, input: Input) -> Step {
        let now = Now { ms: clock::now(), wall_ms: clock::wall() };
        let mut core = self.core.lock();
        let stepped = catch_unwind(AssertUnwindSafe(|| core.session.step(input, now)));
        let (effects, collapsed) = match stepped {
            Ok(effects) => (effects, false),
            Err(_) => (core.session.collapse(now), true),
        };
        let mut step = Step { effects: Vec::with_capacity(effects.len()), dropped: Vec::new(), collapsed };
        for effect in effects {
            self.under_lock(&mut core, effect, &mut step);
        }
        self.set_timer(&mut core);
        step
    }

    /// Sets the engine's one timer for what the session waits for next.
    fn set_timer(self: &Arc<Self>, core: &mut Core) {
        let due = core.session.due();
        if core.timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        if let Some((_, timer)) = core.timer.take() {
            self.engine.cancel(timer);
        }
        if let Some(due) = due {
            let runtime = self.clone();
            let timer = self.engine.at(due, Box::new(move || runtime.timer_is_due()));
            core.timer = Some((due, timer));
        }
    }
}

/// What is left to do of a step, outside of the lock.
struct Step {
    effects: Vec<Effect>,
    /// Events that the host did not take in time.
    dropped: Vec<Receipt>,
    /// The session was ended by a defect.
    collapsed: bool,
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.let_journal_go();
    }
}
