//! The host's callbacks, and the thread that calls them.
//!
//! A client's callbacks are serial and in order: one thread takes them from one queue. It is made with the first event, waits
//! without waking, and ends when the client is closed and the queue is empty.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::Receipt;
use crate::engine::Engine;
use crate::event::Event;
use crate::log;

/// Progress that a slow host has not taken is dropped beyond this many events. What is final is never dropped.
pub const EVENTS_WAITING_MAX: usize = 10_000;

pub type OnEvent = Box<dyn Fn(&Arc<Event>) + Send + Sync>;
pub type OnDrop = Box<dyn FnOnce() + Send + Sync>;

/// The host's two functions for one action, or for the watcher.
pub struct Listener {
    pub event: Option<OnEvent>,
    drop: Mutex<Option<OnDrop>>,
}

impl Listener {
    pub fn new(event: Option<OnEvent>, drop: Option<OnDrop>) -> Self {
        Self { event, drop: Mutex::new(drop) }
    }

    /// Calls the host's drop function, once. A listener that a failing call has not taken is never let go: what the host
    /// passed stays its own.
    fn let_go(&self) {
        let drop = self.drop.lock().take();
        if let Some(drop) = drop {
            drop();
        }
    }
}

enum Item {
    Event(Arc<Listener>, Arc<Event>, Option<Receipt>),
    /// The drop function belongs on this thread too.
    LetGo(Arc<Listener>),
}

#[derive(Clone)]
pub struct Callbacks(Arc<Shared>);

struct Shared {
    engine: Arc<Engine>,
    state: Mutex<CallbacksState>,
    changed: Condvar,
}

#[derive(Default)]
struct CallbacksState {
    queue: VecDeque<Item>,
    /// Progress that was dropped and not yet logged: a log line is the host's code, and this lock is held by others.
    dropped: u32,
    running: bool,
    closed: bool,
}

impl Callbacks {
    pub fn new(engine: Arc<Engine>) -> Self {
        Self(Arc::new(Shared { engine, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Queues a call of `listener`.
    pub fn call(&self, listener: &Arc<Listener>, event: &Arc<Event>, receipt: Option<Receipt>) {
        if !event.is_final() {
            let mut state = self.0.state.lock();
            if state.queue.len() >= EVENTS_WAITING_MAX {
                state.dropped += 1;
                return;
            }
        }
        self.push(Item::Event(listener.clone(), event.clone(), receipt));
    }

    /// The last call: the host's drop function runs.
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
        let callbacks = self.clone();
        let made = self.0.engine.thread("upay-events", Box::new(move || callbacks.run()));
        if !made {
            // The next event tries again.
            self.0.state.lock().running = false;
        }
        made
    }

    /// Ends the thread once all that is queued has been called.
    pub fn close(&self) {
        self.0.state.lock().closed = true;
        self.0.changed.notify_one();
    }

    fn run(&self) {
        let mut state = self.0.state.lock();
        loop {
            let Some(item) = state.queue.pop_front() else {
                if state.closed {
                    break;
                }
                self.0.changed.wait(&mut state);
                continue;
            };
            let dropped = std::mem::take(&mut state.dropped);
            drop(state);
            if dropped > 0 {
                log::warn(format_args!("the host takes its events too slowly: {dropped} of progress were dropped"));
            }
            match item {
                Item::Event(listener, event, receipt) => {
                    if let Some(receipt) = &receipt {
                        receipt.delivered();
                    }
                    if let Some(call) = &listener.event {
                        call(&event);
                    }
                    if let Some(receipt) = receipt {
                        receipt.acknowledged();
                    }
                }
                Item::LetGo(listener) => listener.let_go(),
            }
            state = self.0.state.lock();
        }
        state.running = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::of_verdict;
    use crate::record::Verdict;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_slow_host_loses_progress_beyond_the_limit_and_nothing_that_is_final() {
        const LIMIT: Duration = Duration::from_secs(60);
        let engine = Arc::new(Engine::default());
        let callbacks = Callbacks::new(engine.clone());
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
        let listener = Arc::new(Listener::new(Some(Box::new(call)), None));
        let progress = of_verdict(Verdict::PENDING);
        // The first one is with the host, who is slow; the others wait.
        callbacks.call(&listener, &progress, None);
        has_begun.recv_timeout(LIMIT).unwrap();
        for _ in 0..EVENTS_WAITING_MAX + 5 {
            callbacks.call(&listener, &progress, None);
        }
        assert_eq!(callbacks.0.state.lock().dropped, 5);
        callbacks.call(&listener, &of_verdict(Verdict::CLOSED), None);
        callbacks.let_go(listener);
        drop(go_on);
        callbacks.close();
        let all: Vec<bool> = std::iter::from_fn(|| heard.recv_timeout(LIMIT).ok()).collect();
        assert_eq!((all.len(), all.iter().filter(|is_final| **is_final).count()), (EVENTS_WAITING_MAX + 2, 1));
        assert_eq!(all.last(), Some(&true));
        engine.close();
        assert!(engine.join(LIMIT));
    }
}
