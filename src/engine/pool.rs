//! The workers: a bounded number of threads that take jobs from two queues, one for each priority.

use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::threads::ThreadTracker;
use super::Job;
use crate::log;

/// Calls that the server may hold open for long must not keep the other calls waiting: a quarter of the workers, and
/// at least one, never takes a held call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A call that the server may hold open, such as a payment while the customer types a password.
    Held,
    /// A call that the server answers at once.
    Prompt,
}

/// A worker that has been idle for this long ends.
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

    /// How many jobs may run at a time. At least 2, so that each priority has a worker.
    pub fn workers_max(&self, workers: usize) {
        self.0.state.lock().workers_max = workers.max(2);
    }

    /// Queues the job. False if there is no worker and the system refused a thread: call [`Pool::ensure_worker`]
    /// later.
    pub fn submit(&self, priority: Priority, job: Job) -> bool {
        let mut state = self.0.state.lock();
        match priority {
            Priority::Held => state.held.push_back(job),
            Priority::Prompt => state.prompt.push_back(job),
        }
        self.wake_or_spawn(state)
    }

    /// Makes sure that a worker runs. False if there is none and the system refused a thread.
    pub fn ensure_worker(&self) -> bool {
        self.wake_or_spawn(self.0.state.lock())
    }

    /// Wakes an idle worker, or starts one if there are more jobs than idle workers. False if there is no worker and
    /// the system refused a thread.
    fn wake_or_spawn(&self, mut state: MutexGuard<'_, PoolState>) -> bool {
        let free = state.held_max().saturating_sub(state.held_running);
        let runnable = state.prompt.len() + state.held.len().min(free);
        // One idle worker serves one job: it may already have been woken for another.
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
            // No thread for the last jobs. They only have to notice that the pool is closed, so run them here.
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
                    // A queued held job may have waited for this one to end.
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
        // Wake the next worker, which may end as well.
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
    fn held_calls_leave_a_worker_for_the_prompt_ones() {
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
        answer.recv_timeout(Duration::from_secs(60)).expect("a prompt job waits behind held ones");
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
