//! The host's two functions for one action, and the thread that calls them.
//!
//! A client's callbacks are serial and in order: one thread takes them from one queue. It is made with the first
//! event, waits without waking, and ends when the client is closed and the queue is empty.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::Event;
use crate::engine::Engine;
use crate::log;

/// Progress that a slow host has not taken is dropped beyond this many events; what is final is never dropped.
pub const EVENTS_WAITING_MAX: usize = 10_000;

pub type OnEvent = Box<dyn Fn(&Arc<Event>) + Send + Sync>;
pub type OnDrop = Box<dyn FnOnce() + Send + Sync>;

/// What the host wants called. Dropping it calls the host's drop function: once, whatever happens.
pub struct Listener {
    pub event: Option<OnEvent>,
    pub drop: Option<OnDrop>,
}

impl Listener {
    /// The host's functions stay uncalled: what it passed stays its own.
    pub fn defuse(mut self) {
        self.drop = None;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(drop) = self.drop.take() {
            drop();
        }
    }
}

pub enum Item {
    Event(Arc<Listener>, Arc<Event>, Option<Box<dyn FnOnce() + Send>>),
    /// Lets go of a listener on this thread, where its drop function belongs.
    LetGo(Arc<Listener>),
}

#[derive(Clone)]
pub struct Listeners(Arc<Shared>);

struct Shared {
    engine: Arc<Engine>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Item>,
    /// Progress that was dropped and not yet logged: a log line is the host's code, and this lock is held by others.
    dropped: u32,
    running: bool,
    closed: bool,
}

impl Listeners {
    pub fn new(engine: Arc<Engine>) -> Self {
        Self(Arc::new(Shared { engine, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Queues a call of `listener`; `then` runs on the same thread once the host has heard.
    pub fn tell(&self, listener: &Arc<Listener>, event: &Arc<Event>, then: Option<Box<dyn FnOnce() + Send>>) {
        if !event.is_final() {
            let mut state = self.0.state.lock();
            if state.queue.len() >= EVENTS_WAITING_MAX {
                state.dropped += 1;
                return;
            }
        }
        self.push(Item::Event(listener.clone(), event.clone(), then));
    }

    /// The last call: afterwards the host's drop function runs.
    pub fn let_go(&self, listener: Arc<Listener>) {
        self.push(Item::LetGo(listener));
    }

    fn push(&self, item: Item) {
        self.0.state.lock().queue.push_back(item);
        self.ready();
        self.0.changed.notify_one();
    }

    /// The thread is there. False when the system gives none: promise nothing then.
    pub fn ready(&self) -> bool {
        {
            let mut state = self.0.state.lock();
            if state.running {
                return true;
            }
            state.running = true;
        }
        let listeners = self.clone();
        let made = self.0.engine.thread("upay-events", Box::new(move || listeners.run()));
        if !made {
            // The next event tries again.
            self.0.state.lock().running = false;
        }
        made
    }

    /// Ends the thread once all that is queued has been told.
    pub fn close(&self) {
        self.0.state.lock().closed = true;
        self.0.changed.notify_one();
    }

    fn run(&self) {
        let mut state = self.0.state.lock();
        loop {
            let Some(item) = state.queue.pop_front() else {
                if state.closed || !self.0.engine.wait(&self.0.changed, &mut state) {
                    break;
                }
                continue;
            };
            let dropped = std::mem::take(&mut state.dropped);
            drop(state);
            if dropped > 0 {
                log::warn(format_args!("the host takes its events too slowly: {dropped} of progress were dropped"));
            }
            match item {
                Item::Event(listener, event, then) => {
                    if let Some(call) = &listener.event {
                        call(&event);
                    }
                    if let Some(then) = then {
                        then();
                    }
                }
                Item::LetGo(listener) => drop(listener),
            }
            state = self.0.state.lock();
        }
        state.running = false;
    }
}
