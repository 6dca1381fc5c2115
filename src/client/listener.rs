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
    Event(Arc<Listener>, Arc<Event>, Option<Arc<dyn Hearing>>),
    /// Lets go of a listener on this thread, where its drop function belongs.
    LetGo(Arc<Listener>),
}

/// Who wants to know when the host hears a final event: right before and right after, on the same thread.
pub trait Hearing: Send + Sync {
    fn hears(&self, event: &Event);
    fn told(&self, event: &Event);
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

    /// Queues a call of `listener`.
    pub fn tell(&self, listener: &Arc<Listener>, event: &Arc<Event>, hearing: Option<Arc<dyn Hearing>>) {
        if !event.is_final() {
            let mut state = self.0.state.lock();
            if state.queue.len() >= EVENTS_WAITING_MAX {
                state.dropped += 1;
                return;
            }
        }
        self.push(Item::Event(listener.clone(), event.clone(), hearing));
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
                Item::Event(listener, event, hearing) => {
                    if let Some(hearing) = &hearing {
                        hearing.hears(&event);
                    }
                    if let Some(call) = &listener.event {
                        call(&event);
                    }
                    if let Some(hearing) = hearing {
                        hearing.told(&event);
                    }
                }
                Item::LetGo(listener) => drop(listener),
            }
            state = self.0.state.lock();
        }
        state.running = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::event::tests::of_verdict;
    use crate::flow::verdict::Verdict;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_slow_host_loses_progress_beyond_the_limit_and_nothing_that_is_final() {
        const LIMIT: Duration = Duration::from_secs(60);
        let engine = Arc::new(Engine::default());
        let listeners = Listeners::new(engine.clone());
        let (begun, has_begun) = mpsc::channel();
        let (go_on, gate) = mpsc::channel::<()>();
        let (told, heard) = mpsc::channel();
        let (begun, gate, told) = (Mutex::new(begun), Mutex::new(gate), Mutex::new(told));
        let call = move |event: &Arc<Event>| {
            begun.lock().send(()).unwrap();
            // Once nobody holds the gate, every call passes.
            assert!(gate.lock().recv().is_err());
            told.lock().send(event.is_final()).unwrap();
        };
        let listener = Arc::new(Listener { event: Some(Box::new(call)), drop: None });
        let progress = of_verdict(Verdict::PENDING);
        // The first one is with the host, who is slow; the others wait.
        listeners.tell(&listener, &progress, None);
        has_begun.recv_timeout(LIMIT).unwrap();
        for _ in 0..EVENTS_WAITING_MAX + 5 {
            listeners.tell(&listener, &progress, None);
        }
        assert_eq!(listeners.0.state.lock().dropped, 5);
        listeners.tell(&listener, &of_verdict(Verdict::CLOSED), None);
        listeners.let_go(listener);
        drop(go_on);
        listeners.close();
        let all: Vec<bool> = std::iter::from_fn(|| heard.recv_timeout(LIMIT).ok()).collect();
        assert_eq!((all.len(), all.iter().filter(|is_final| **is_final).count()), (EVENTS_WAITING_MAX + 2, 1));
        assert_eq!(all.last(), Some(&true));
        engine.close();
        assert!(engine.join(LIMIT));
    }
}
