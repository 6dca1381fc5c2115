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
pub(super) fn aside<T, F>(spawn: &Spawn, progress: &Progress, job: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let slot = Arc::new(Mutex::new(Slot::Open));
    let promise = Promise { slot: slot.clone(), interrupt: progress.interrupt().clone() };
    spawn(Box::new(move || promise.keep(job())));
    loop {
        let left = progress.left()?;
        let taken = progress.interrupt().wait(left, || take(&slot));
        if let Some(outcome) = taken {
            return outcome.ok_or_else(|| io::Error::other("the thread for it ended"));
        }
    }
}

enum Slot<T> {
    Open,
    Kept(T),
    Broken,
}

/// The job's side. Dropped unkept, by a panic or a job that was never run, it tells so instead of letting wait.
struct Promise<T> {
    slot: Arc<Mutex<Slot<T>>>,
    interrupt: Interrupt,
}

impl<T> Promise<T> {
    fn keep(self, value: T) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Slot::Kept(value);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        {
            let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(*slot, Slot::Open) {
                *slot = Slot::Broken;
            }
        }
        self.interrupt.nudge();
    }
}

fn take<T>(slot: &Mutex<Slot<T>>) -> Option<Option<T>> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    match std::mem::replace(&mut *slot, Slot::Open) {
        Slot::Open => None,
        Slot::Kept(value) => Some(Some(value)),
        Slot::Broken => Some(None),
    }
}
