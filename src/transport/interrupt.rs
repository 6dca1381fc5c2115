//! Ending an exchange from another thread.
//!
//! A raised interrupt is seen at three places, none of which depends on how an operating system wakes a blocked call:
//! a wait for a lookup sleeps on the condition variable here; a connect or a write that cannot go on, and on Windows a
//! read, pauses on it; elsewhere a read wakes every `READ_SLICE` to look. To make the last one immediate, raising also
//! shuts the socket down, which wakes a blocked read everywhere but on Windows.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Lets another thread end an exchange, in any phase. Once raised it stays raised.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<InterruptState>,
    changed: Condvar,
}

#[derive(Default)]
struct InterruptState {
    raised: bool,
    /// In use by exchanges that hold this interrupt. Not owned: a finished exchange closes its socket.
    sockets: Vec<Weak<TcpStream>>,
}

impl Interrupt {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn raise(&self) {
        let sockets = {
            let mut state = self.lock();
            state.raised = true;
            std::mem::take(&mut state.sockets)
        };
        self.0.changed.notify_all();
        for socket in sockets.iter().filter_map(Weak::upgrade) {
            // It fails on a socket that is down already, which is what is wanted.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    pub fn is_raised(&self) -> bool {
        self.lock().raised
    }

    /// Raising shuts this socket down from now on. Look at [`Self::is_raised`] after, not before.
    pub(super) fn watch(&self, socket: &Arc<TcpStream>) {
        let mut state = self.lock();
        state.sockets.retain(|watched| watched.strong_count() > 0);
        if !state.sockets.iter().any(|watched| is(watched, socket)) {
            state.sockets.push(Arc::downgrade(socket));
        }
    }

    /// Raising leaves this socket alone from now on: it may serve another exchange.
    pub(super) fn unwatch(&self, socket: &Arc<TcpStream>) {
        self.lock().sockets.retain(|watched| !is(watched, socket));
    }

    /// Sleeps until raised, nudged, or the time is up.
    pub(super) fn pause(&self, time: Duration) {
        self.wait(time, || None::<()>);
    }

    /// Sleeps until `ready` has something, but not past `time`, an interrupt, or a notify that changed nothing.
    pub(super) fn wait<T>(&self, time: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
        let state = self.lock();
        let found = ready();
        if found.is_some() || state.raised {
            return found;
        }
        let woken = self.0.changed.wait_timeout(state, time);
        drop(woken);
        ready()
    }

    /// Wakes those who wait, to look again. Takes the lock, so that it cannot fall between their look and their sleep.
    pub(super) fn notify(&self) {
        drop(self.lock());
        self.0.changed.notify_all();
    }

    /// A panic under this lock leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, InterruptState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is(watched: &Weak<TcpStream>, socket: &Arc<TcpStream>) -> bool {
    std::ptr::eq(watched.as_ptr(), Arc::as_ptr(socket))
}
