//! The workers: a bounded number of threads that take jobs from two lanes.

use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::threads::ThreadTracker;
use super::Job;
use crate::log;

/// Calls that a server may hold open for long must not keep the short ones waiting: a quarter of the workers, and at
/// least one, is kept free of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    Held,
    Prompt,
}

/// A worker that has had nothing to do for this long ends.
const IDLE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Pool(Arc<PoolShared>);

struct PoolShared {
    threads: ThreadTracker,
    state: Mutex<PoolState>,
    work: Condvar,
}

struct PoolState {
    workers_max: usize,
    held: VecDeque<Job>,
    prompt: VecDeque<Job>,
    workers: usize,
    idle: usize,
    held_running: usize,
    closed: bool,
}

impl Pool {
    pub fn new(threads: ThreadTracker) -> Self {
        let state = PoolState {
            workers_max: 2,
            held: VecDeque::new(),
            prompt: VecDeque::new(),
            workers: 0,
            idle: 0,
            held_running: 0,
            closed: false,
        };
        Self(Arc::new(PoolShared { threads, state: Mutex::new(state), work: Condvar::new() }))
    }

    /// How many jobs may run at a time: at least 2, so that each priority has a worker.
    pub fn workers_max(&self, workers: usize) {
        self.0.state.lock().workers_max = workers.max(2);
    }

    /// False: the job waits, and no thread could be made that would see it; try [`Pool::ensure_worker`] later.
    pub fn submit(&self, priority: Priority, job: Job) -> bool {
        let mut state = self.0.state.lock();
        match priority {
            Priority::Held => state.held.push_back(job),
            Priority::Prompt => state.prompt.push_back(job),
        }
        self.wake_or_spawn(state)
    }

    /// True when somebody is there who does what waits, or may be waiting next.
    pub fn ensure_worker(&self) -> bool {
        self.wake_or_spawn(self.0.state.lock())
    }

    /// Wakes or makes a worker where one is wanted; at least one is there afterwards, or the system gives no thread.
    fn wake_or_spawn(&self, mut state: MutexGuard<'_, PoolState>) -> bool {
        let free = state.held_max().saturating_sub(state.held_running);
        let runnable = state.prompt.len() + state.held.len().min(free);
        // An idle worker counts once: it may already have been woken for another job.
        if state.workers > 0 && runnable <= state.idle {
            self.0.work.notify_one();
            return true;
        }
        if state.workers >= state.workers_max {
            return true;
        }
        state.workers += 1;
        drop(state);
        let pool = self.clone();
        if self.0.threads.thread("upay-worker", Box::new(move || pool.run())) {
            return true;
        }
        let mut state = self.0.state.lock();
        state.workers -= 1;
        state.workers > 0
    }

    pub fn close(&self) {
        self.0.state.lock().closed = true;
        self.0.work.notify_all();
        if !self.ensure_worker() {
            // No thread for the last jobs, which only have to see that it is over: here, then.
            while let Some((_, job)) = { self.0.state.lock().next() } {
                job();
            }
        }
    }

    fn run(&self) {
        let mut state = self.0.state.lock();
        loop {
            if let Some((priority, job)) = state.next() {
                state.held_running += usize::from(priority == Priority::Held);
                drop(state);
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    log::error(format_args!("a job of the library ended in a panic"));
                }
                state = self.0.state.lock();
                if priority == Priority::Held {
                    state.held_running -= 1;
                    // A long job may have been held back for this one.
                    self.0.work.notify_one();
                }
                continue;
            }
            if state.closed && state.held.is_empty() {
                break;
            }
            state.idle += 1;
            let timed_out = self.0.work.wait_for(&mut state, IDLE).timed_out();
            state.idle -= 1;
            if timed_out && state.prompt.is_empty() && state.held.is_empty() {
                break;
            }
        }
        state.workers -= 1;
        // The next one out sees that it may go as well.
        self.0.work.notify_one();
    }
}

impl PoolState {
    fn held_max(&self) -> usize {
        self.workers_max - (self.workers_max / 4).max(1)
    }

    fn next(&mut self) -> Option<(Priority, Job)> {
        if self.held_running < self.held_max() {
            if let Some(job) = self.held.pop_front() {
                return Some((Priority::Held, job));
            }
        }
        self.prompt.pop_front().map(|job| (Priority::Prompt, job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn held_calls_leave_a_worker_for_the_short_ones() {
        let threads = ThreadTracker::default();
        let pool = Pool::new(threads.clone());
        pool.workers_max(4);
        let (hold, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        for _ in 0..20 {
            let held = held.clone();
            pool.submit(Priority::Held, Box::new(move || assert!(held.lock().recv().is_err())));
        }
        let (done, answer) = mpsc::channel();
        pool.submit(Priority::Prompt, Box::new(move || done.send(()).unwrap()));
        answer.recv_timeout(Duration::from_secs(60)).expect("a short job waits behind held ones");
        drop(hold);
        pool.close();
        assert!(threads.join(Duration::from_secs(60)));
    }

    #[test]
    fn a_job_that_panics_takes_no_worker_with_it_and_close_runs_the_queue_out() {
        let threads = ThreadTracker::default();
        let pool = Pool::new(threads.clone());
        let (done, answers) = mpsc::channel();
        for n in 0..100 {
            let done = done.clone();
            pool.submit(
                Priority::Prompt,
                Box::new(move || {
                    done.send(n).unwrap();
                    assert!(n % 2 == 0, "a job's defect");
                }),
            );
        }
        pool.close();
        assert!(threads.join(Duration::from_secs(60)));
        drop(done);
        assert_eq!(answers.iter().count(), 100);
    }
}
