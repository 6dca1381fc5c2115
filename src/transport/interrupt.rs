//! Ending an exchange from another thread.
//!
//! A raised interrupt is noticed in three places, and none of them depends on how an operating system wakes a blocked
//! call. A wait for a lookup sleeps on the condition variable here. A connect or a write that cannot go on pauses on
//! it, and so does a read on Windows. Elsewhere a read wakes every `READ_SLICE` and checks. To end such a read at
//! once, raising also shuts the socket down, which wakes a blocked read everywhere but on Windows.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Lets another thread end an exchange in any phase. Once raised, it stays raised.
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
    /// The sockets of the exchanges that use this interrupt. Weak: the end of an exchange closes its socket.
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
            // This fails if the socket is shut down already, which is just as good.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    pub fn is_raised(&self) -> bool {
        self.lock().raised
    }

    /// From now on raising shuts this socket down. The caller checks [`Self::is_raised`] afterwards, not before.
    pub(super) fn watch(&self, socket: &Arc<TcpStream>) {
        let mut state = self.lock();
        state.sockets.retain(|watched| watched.strong_count() > 0);
        if !state.sockets.iter().any(|watched| is(watched, socket)) {
            state.sockets.push(Arc::downgrade(socket));
        }
    }

    /// From now on raising leaves this socket alone: it may serve another exchange.
    pub(super) fn unwatch(&self, socket: &Arc<TcpStream>) {
        self.lock().sockets.retain(|watched| !is(watched, socket));
    }

    /// Sleeps until the interrupt is raised, [`Self::notify`] is called, or the time is up.
    pub(super) fn pause(&self, time: Duration) {
        self.wait(time, || None::<()>);
    }

    /// Sleeps until `ready` gives a value, and at most `time`. `None` after the time is up, the interrupt is raised,
    /// or a notification that brought no value.
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

    /// Wakes the waiting threads, so that they call `ready` again. Takes the lock, so that the wake-up cannot fall
    /// between their check and their sleep.
    pub(super) fn notify(&self) {
        drop(self.lock());
        self.0.changed.notify_all();
    }

    /// Poisoning is ignored: a panic under this lock leaves the state consistent.
    fn lock(&self) -> MutexGuard<'_, InterruptState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is(watched: &Weak<TcpStream>, socket: &Arc<TcpStream>) -> bool {
    std::ptr::eq(watched.as_ptr(), Arc::as_ptr(socket))
}
