//! Where a client's events go: the host's callbacks, or the queue that it polls.

use std::sync::Arc;

use parking_lot::Mutex;

use super::callbacks::{Callbacks, Listener};
use super::queue::EventQueue;
use crate::event::EventReader;

pub struct EventSink {
    pub callbacks: Callbacks,
    pub queue: Arc<EventQueue>,
    pub reader: EventReader,
    state: Mutex<SinkState>,
}

struct SinkState {
    /// Hears of orders that no call waits for.
    watcher: Option<Arc<Listener>>,
    /// Runtimes whose session has not ended.
    open: usize,
}

impl EventSink {
    pub fn new(
        callbacks: Callbacks,
        queue: Arc<EventQueue>,
        reader: EventReader,
        watcher: Option<Arc<Listener>>,
    ) -> Arc<Self> {
        Arc::new(Self { callbacks, queue, reader, state: Mutex::new(SinkState { watcher, open: 0 }) })
    }

    pub fn watcher(&self) -> Option<Arc<Listener>> {
        self.state.lock().watcher.clone()
    }

    pub fn runtime_begins(&self) {
        self.state.lock().open += 1;
    }

    /// After the last one no event comes any more: the watcher is let go.
    pub fn runtime_ended(&self) {
        let watcher = {
            let mut state = self.state.lock();
            state.open -= 1;
            if state.open > 0 {
                return;
            }
            state.watcher.take()
        };
        if let Some(watcher) = watcher {
            self.callbacks.let_go(watcher);
        }
        self.callbacks.close();
        self.queue.close();
    }
}
