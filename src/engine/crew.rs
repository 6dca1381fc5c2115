//! The threads: every thread of a client is made here and counted until it has ended.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::clock;
use super::Job;
use crate::log;

#[derive(Clone, Default)]
pub struct Crew(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    live: usize,
    handles: Vec<JoinHandle<()>>,
}

impl Crew {
    /// False when the system gives no thread; the job is then dropped.
    pub fn thread(&self, name: &str, job: Job) -> bool {
        let mut state = self.0.state.lock();
        let (done, rest) = std::mem::take(&mut state.handles).into_iter().partition(JoinHandle::is_finished);
        state.handles = rest;
        let crew = self.clone();
        let body = move || {
            let _counted = Counted(crew);
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
        reap(done);
        made.is_ok()
    }

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
        reap(handles);
        true
    }
}

/// These threads have run their last line, so this does not block.
fn reap(handles: Vec<JoinHandle<()>>) {
    for handle in handles {
        // A panic was caught and logged inside the thread.
        let _ = handle.join();
    }
}

struct Counted(Crew);

impl Drop for Counted {
    fn drop(&mut self) {
        // The maker holds the lock until it has counted this thread.
        self.0 .0.state.lock().live -= 1;
        self.0 .0.ended.notify_all();
    }
}
