//! Calls that cannot be interrupted run on a thread of their own, beside the exchange.
//!
//! A name lookup blocks inside the operating system, and there is no socket to shut down yet. The exchange waits for
//! the result until its deadline or interrupt, and then leaves the lookup behind. The thread ends when the system's
//! resolver returns; the owner of `Spawn` tracks it.

use super::progress::Progress;
use super::{Interrupt, Spawn};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Runs `job` on a thread of its own and waits for its result, at most until the exchange has to end.
pub(super) fn run_detached<T, F>(spawn: &Spawn, progress: &Progress, job: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let channel = Arc::new(Mutex::new(OneShot::Empty));
    let sender = OneShotSender { channel: channel.clone(), interrupt: progress.interrupt().clone() };
    spawn(Box::new(move || sender.send(job())));
    loop {
        let left = progress.time_left()?;
        let taken = progress.interrupt().wait(left, || take(&channel));
        if let Some(outcome) = taken {
            return outcome.ok_or_else(|| io::Error::other("the lookup thread ended without a result"));
        }
    }
}

/// A channel for one value.
enum OneShot<T> {
    Empty,
    Sent(T),
    /// The sender is gone and has sent nothing.
    Closed,
}

/// The job's end of the channel. If it is dropped before it has sent, because the job panicked or never ran, it
/// closes the channel, so that the exchange does not wait in vain.
struct OneShotSender<T> {
    channel: Arc<Mutex<OneShot<T>>>,
    interrupt: Interrupt,
}

impl<T> OneShotSender<T> {
    fn send(self, value: T) {
        *self.channel.lock().unwrap_or_else(PoisonError::into_inner) = OneShot::Sent(value);
    }
}

impl<T> Drop for OneShotSender<T> {
    fn drop(&mut self) {
        {
            let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(*channel, OneShot::Empty) {
                *channel = OneShot::Closed;
            }
        }
        self.interrupt.notify();
    }
}

/// The value, `Some(None)` from a closed channel, or `None` while nothing was sent.
fn take<T>(channel: &Mutex<OneShot<T>>) -> Option<Option<T>> {
    let mut channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
    match std::mem::replace(&mut *channel, OneShot::Empty) {
        OneShot::Empty => None,
        OneShot::Sent(value) => Some(Some(value)),
        OneShot::Closed => Some(None),
    }
}
