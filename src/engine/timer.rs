//! The timers: one thread that sleeps until the next timer is due, or without end while there is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::clock::{self, Millis};
use super::threads::ThreadTracker;
use super::Job;

/// When the timer is due, and a number that makes the id unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerId(Millis, u64);

#[derive(Clone)]
pub struct Timer(Arc<TimerShared>);

struct TimerShared {
    threads: ThreadTracker,
    state: Mutex<TimerState>,
    changed: Condvar,
}

#[derive(Default)]
struct TimerState {
    jobs: BTreeMap<TimerId, Job>,
    made: u64,
    running: bool,
    closed: bool,
}

impl Timer {
    pub fn new(threads: ThreadTracker) -> Self {
        Self(Arc::new(TimerShared { threads, state: Mutex::default(), changed: Condvar::new() }))
    }

    pub fn at(&self, due: Millis, job: Job) -> TimerId {
        let mut state = self.0.state.lock();
        state.made += 1;
        let id = TimerId(due, state.made);
        if state.closed {
            drop(state);
            drop(job);
            return id;
        }
        let first = state.jobs.first_key_value().map(|(id, _)| *id);
        state.jobs.insert(id, job);
        drop(state);
        // Usually `ready` has started the thread before. If not, start it now.
        self.ready();
        if first.is_none_or(|first| id < first) {
            self.0.changed.notify_one();
        }
        id
    }

    /// Starts the timer thread unless it runs. False when the system refuses a thread.
    pub fn ready(&self) -> bool {
        {
            let mut state = self.0.state.lock();
            if state.running || state.closed {
                return true;
            }
            state.running = true;
        }
        let timer = self.clone();
        let made = self.0.threads.thread("upay-timer", Box::new(move || timer.run()));
        if !made {
            self.0.state.lock().running = false;
        }
        made
    }

    pub fn cancel(&self, id: TimerId) -> bool {
        let job = self.0.state.lock().jobs.remove(&id);
        job.is_some()
    }

    pub fn close(&self) {
        let jobs = {
            let mut state = self.0.state.lock();
            state.closed = true;
            std::mem::take(&mut state.jobs)
        };
        self.0.changed.notify_one();
        // Dropping a job drops what it owns, which may take other locks: so drop the jobs outside of this lock.
        drop(jobs);
    }

    fn run(&self) {
        let mut state = self.0.state.lock();
        while !state.closed {
            let Some((&id, _)) = state.jobs.first_key_value() else {
                self.0.changed.wait(&mut state);
                continue;
            };
            if id.0 > clock::now() {
                self.0.changed.wait_until(&mut state, clock::instant_of(id.0));
                continue;
            }
            let job = state.jobs.remove(&id);
            drop(state);
            if let Some(job) = job {
                job();
            }
            state = self.0.state.lock();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn jobs_run_in_the_order_in_which_they_are_due_and_not_after_cancel() {
        let threads = ThreadTracker::default();
        let timer = Timer::new(threads.clone());
        let (done, answers) = mpsc::channel();
        let job = |name: &'static str| {
            let done = done.clone();
            Box::new(move || done.send(name).unwrap()) as Job
        };
        let now = clock::now();
        timer.at(now + 40, job("last"));
        let taken_back = timer.at(now + 20, job("cancelled"));
        timer.at(now + 1, job("first"));
        assert!(timer.cancel(taken_back));
        let answer = || answers.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!((answer(), answer()), ("first", "last"));
        timer.at(clock::now() + 3_600_000, job("never"));
        timer.close();
        assert!(threads.join(Duration::from_secs(60)));
    }
}
