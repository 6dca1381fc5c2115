//! Every thread of a client is started here and counted until it has ended.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::clock;
use super::Job;
use crate::log;

#[derive(Clone, Default)]
pub struct ThreadTracker(Arc<TrackerShared>);

#[derive(Default)]
struct TrackerShared {
    state: Mutex<TrackerState>,
    ended: Condvar,
}

#[derive(Default)]
struct TrackerState {
    live: usize,
    handles: Vec<JoinHandle<()>>,
}

impl ThreadTracker {
    /// Runs `job` on a new thread. False when the system refuses a thread; the job is dropped then.
    pub fn thread(&self, name: &str, job: Job) -> bool {
        let mut state = self.0.state.lock();
        let (done, rest) = std::mem::take(&mut state.handles).into_iter().partition(JoinHandle::is_finished);
        state.handles = rest;
        let threads = self.clone();
        let body = move || {
            let _counted = Counted(threads);
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                log::error(format_args!("a thread of the library ended in a panic"));
            }
        };
        let made = Builder::new().name(name.to_owned()).spawn(body);
        let made = made.map(|handle| {
            state.live += 1;
            state.handles.push(handle);
        });
        drop(state);
        join_finished(done);
        made.is_ok()
    }

    /// Waits until all threads have ended. False when `limit` passed first.
    pub fn join(&self, limit: Duration) -> bool {
        let until = clock::instant() + limit;
        let mut state = self.0.state.lock();
        while state.live > 0 {
            if self.0.ended.wait_until(&mut state, until).timed_out() && state.live > 0 {
                return false;
            }
        }
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        join_finished(handles);
        true
    }
}

/// These threads have counted themselves out as their last step, so joining them does not block.
fn join_finished(handles: Vec<JoinHandle<()>>) {
    for handle in handles {
        // The thread itself caught and logged a panic.
        let _ = handle.join();
    }
}

/// Counts the thread out when it ends, also by a panic.
struct Counted(ThreadTracker);

impl Drop for Counted {
    fn drop(&mut self) {
        // The starting thread holds the lock until it has counted this one, so the count is at least 1 here.
        self.0 .0.state.lock().live -= 1;
        self.0 .0.ended.notify_all();
    }
}
