//! The workers: a bounded number of threads that take jobs from two lanes.

use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::crew::Crew;
use super::Job;
use crate::log;

/// Calls that a server may hold open for long must not keep the short ones waiting: a quarter of the workers, and at
/// least one, is kept free of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    Long,
    Short,
}

/// A worker that has had nothing to do for this long ends.
const IDLE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    crew: Crew,
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    workers_max: usize,
    long: VecDeque<Job>,
    short: VecDeque<Job>,
    workers: usize,
    idle: usize,
    long_running: usize,
    closed: bool,
}

impl Pool {
    pub fn new(crew: Crew) -> Self {
        let state = State {
            workers_max: 2,
            long: VecDeque::new(),
            short: VecDeque::new(),
            workers: 0,
            idle: 0,
            long_running: 0,
            closed: false,
        };
        Self(Arc::new(Shared { crew, state: Mutex::new(state), work: Condvar::new() }))
    }

    /// How many jobs may run at a time: at least 2, so that each lane has a worker.
    pub fn workers_max(&self, workers: usize) {
        self.0.state.lock().workers_max = workers.max(2);
    }

    /// False: the job waits, and no thread could be made that would see it; try [`Pool::poke`] later.
    pub fn submit(&self, lane: Lane, job: Job) -> bool {
        let mut state = self.0.state.lock();
        match lane {
            Lane::Long => state.long.push_back(job),
            Lane::Short => state.short.push_back(job),
        }
        self.staff(state)
    }

    /// True when somebody is there who does what waits, or may be waiting next.
    pub fn poke(&self) -> bool {
        self.staff(self.0.state.lock())
    }

    /// Wakes or makes a worker where one is wanted; at least one is there afterwards, or the system gives no thread.
    fn staff(&self, mut state: MutexGuard<'_, State>) -> bool {
        let free = state.long_max().saturating_sub(state.long_running);
        let runnable = state.short.len() + state.long.len().min(free);
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
        if self.0.crew.thread("upay-worker", Box::new(move || pool.run())) {
            return true;
        }
        let mut state = self.0.state.lock();
        state.workers -= 1;
        state.workers > 0
    }

    pub fn close(&self) {
        self.0.state.lock().closed = true;
        self.0.work.notify_all();
        if !self.poke() {
            // No thread for the last jobs, which only have to see that it is over: here, then.
            while let Some((_, job)) = { self.0.state.lock().next() } {
                job();
            }
        }
    }

    fn run(&self) {
        let mut state = self.0.state.lock();
        loop {
            if let Some((lane, job)) = state.next() {
                state.long_running += usize::from(lane == Lane::Long);
                drop(state);
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    log::error(format_args!("a job of the library ended in a panic"));
                }
                state = self.0.state.lock();
                if lane == Lane::Long {
                    state.long_running -= 1;
                    // A long job may have been held back for this one.
                    self.0.work.notify_one();
                }
                continue;
            }
            if state.closed && state.long.is_empty() {
                break;
            }
            state.idle += 1;
            let timed_out = self.0.work.wait_for(&mut state, IDLE).timed_out();
            state.idle -= 1;
            if timed_out && state.short.is_empty() && state.long.is_empty() {
                break;
            }
        }
        state.workers -= 1;
        // The next one out sees that it may go as well.
        self.0.work.notify_one();
    }
}

impl State {
    fn long_max(&self) -> usize {
        self.workers_max - (self.workers_max / 4).max(1)
    }

    fn next(&mut self) -> Option<(Lane, Job)> {
        if self.long_running < self.long_max() {
            if let Some(job) = self.long.pop_front() {
                return Some((Lane::Long, job));
            }
        }
        self.short.pop_front().map(|job| (Lane::Short, job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn held_calls_leave_a_worker_for_the_short_ones() {
        let crew = Crew::default();
        let pool = Pool::new(crew.clone());
        pool.workers_max(4);
        let (hold, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        for _ in 0..20 {
            let held = held.clone();
            pool.submit(Lane::Long, Box::new(move || assert!(held.lock().recv().is_err())));
        }
        let (done, answer) = mpsc::channel();
        pool.submit(Lane::Short, Box::new(move || done.send(()).unwrap()));
        answer.recv_timeout(Duration::from_secs(60)).expect("a short job waits behind held ones");
        drop(hold);
        pool.close();
        assert!(crew.join(Duration::from_secs(60)));
    }

    #[test]
    fn a_job_that_panics_takes_no_worker_with_it_and_close_runs_the_queue_out() {
        let crew = Crew::default();
        let pool = Pool::new(crew.clone());
        let (done, answers) = mpsc::channel();
        for n in 0..100 {
            let done = done.clone();
            pool.submit(
                Lane::Short,
                Box::new(move || {
                    done.send(n).unwrap();
                    assert!(n % 2 == 0, "a job's defect");
                }),
            );
        }
        pool.close();
        assert!(crew.join(Duration::from_secs(60)));
        drop(done);
        assert_eq!(answers.iter().count(), 100);
    }
}
