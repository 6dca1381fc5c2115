//! When things are done: timers and a bounded pool of workers. Knows nothing of payments.
//!
//! Threads are made when there is work, end when there has been none for a while, and wait without waking while there
//! is nothing to do. `close` lets what is queued run out; `join` waits until the last thread has ended.

pub mod clock;
mod pool;
mod threads;
mod timer;

use std::time::Duration;

use clock::Millis;
use parking_lot::{Condvar, MutexGuard};
pub use pool::Priority;
pub use timer::TimerId;

pub type Job = Box<dyn FnOnce() + Send>;

/// Between two tries to make a worker where the system gives no thread.
const WORKER_RETRY_PAUSE_MS: Millis = 500;

pub struct Engine {
    threads: threads::ThreadTracker,
    pool: pool::Pool,
    timer: timer::Timer,
}

impl Default for Engine {
    fn default() -> Self {
        let threads = threads::ThreadTracker::default();
        Self { pool: pool::Pool::new(threads.clone()), timer: timer::Timer::new(threads.clone()), threads }
    }
}

impl Engine {
    /// How many jobs may run at a time.
    pub fn workers_max(&self, workers: usize) {
        self.pool.workers_max(workers);
    }

    /// The threads that any work needs are there. False when the system gives none: promise nothing then.
    pub fn ready(&self) -> bool {
        self.timer.ready() && self.pool.ensure_worker()
    }

    /// Runs `job` on a worker as soon as its priority has one free.
    pub fn submit(&self, priority: Priority, job: Job) {
        if !self.pool.submit(priority, job) {
            ensure_worker_later(self.pool.clone(), self.timer.clone());
        }
    }

    /// Runs `job` at `due` (see [`clock::now`]) on the timer's own thread: it must only hand work on.
    pub fn at(&self, due: Millis, job: Job) -> TimerId {
        self.timer.at(due, job)
    }

    /// True when the job was taken back; false when it runs or has run.
    pub fn cancel(&self, id: TimerId) -> bool {
        self.timer.cancel(id)
    }

    /// A thread of its own for work that may block for long outside of our hands. It is waited for by `join`. False
    /// when the system gives no thread.
    pub fn thread(&self, name: &str, job: Job) -> bool {
        self.threads.thread(name, job)
    }

    /// Waits for `changed` on a thread that [`Engine::thread`] made. False: it is to end, and to be made anew when there
    /// is something to do; so it is where all of a client runs on one thread, in the simulation.
    pub fn wait<T>(&self, changed: &Condvar, state: &mut MutexGuard<'_, T>) -> bool {
        changed.wait(state);
        true
    }

    /// Ends the timers, which drops their jobs, and the workers once what is queued has run.
    pub fn close(&self) {
        self.timer.close();
        self.pool.close();
    }

    /// Waits for all threads to have ended; false when `limit` passed first. Never from one of these threads.
    pub fn join(&self, limit: Duration) -> bool {
        self.threads.join(limit)
    }
}

/// Until the system gives a thread again.
fn ensure_worker_later(pool: pool::Pool, timer: timer::Timer) {
    let again = timer.clone();
    let retry = move || {
        if !pool.ensure_worker() {
            ensure_worker_later(pool, again);
        }
    };
    timer.at(clock::now() + WORKER_RETRY_PAUSE_MS, Box::new(retry));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;

    /// For ThreadSanitizer as well: jobs, timers and what takes them back, from many threads, until the engine is closed.
    #[test]
    fn every_job_runs_once_or_is_taken_back_whatever_threads_hand_them_in() {
        const THREADS: usize = 8;
        const ROUNDS: usize = 500;
        let engine = Engine::default();
        engine.workers_max(4);
        let (ran, taken_back) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let job = || {
            let ran = ran.clone();
            let job = move || {
                ran.fetch_add(1, Ordering::SeqCst);
            };
            Box::new(job) as Job
        };
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (engine, taken_back, job) = (&engine, &taken_back, &job);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let priority = if (thread + round) % 3 == 0 { Priority::Held } else { Priority::Prompt };
                        engine.submit(priority, job());
                        let timer = engine.at(clock::now() + (round % 3) as Millis, job());
                        if round % 2 == 0 && engine.cancel(timer) {
                            taken_back.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        // Behind all of them.
        let (last, ended) = std::sync::mpsc::channel();
        engine.at(clock::now() + 10, Box::new(move || last.send(()).unwrap()));
        ended.recv_timeout(Duration::from_secs(60)).expect("the last timer runs");
        engine.close();
        assert!(engine.join(Duration::from_secs(60)));
        let ended = ran.load(Ordering::SeqCst) + taken_back.load(Ordering::SeqCst);
        assert_eq!(ended, 2 * THREADS * ROUNDS);
    }
}
