//! Calls that the operating system does not let us end, made on a thread beside the exchange.
//!
//! A name lookup blocks in the operating system with nothing to shut down yet. The exchange waits for it with its
//! deadline and its interrupt, and walks away when it must; the thread is the caller's to keep track of, and takes what
//! the resolver of the system takes.

use super::progress::Progress;
use super::{Interrupt, Spawn};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Runs `job` on a thread of its own and waits for it as long as the exchange may.
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
            return outcome.ok_or_else(|| io::Error::other("the thread for it ended"));
        }
    }
}

enum OneShot<T> {
    Empty,
    Sent(T),
    Closed,
}

/// The job's side. Dropped unkept, by a panic or a job that was never run, it tells so instead of letting wait.
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

fn take<T>(channel: &Mutex<OneShot<T>>) -> Option<Option<T>> {
    let mut channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
    match std::mem::replace(&mut *channel, OneShot::Empty) {
        OneShot::Empty => None,
        OneShot::Sent(value) => Some(Some(value)),
        OneShot::Closed => Some(None),
    }
}
