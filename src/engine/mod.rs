//! Timers and a bounded pool of worker threads. Knows nothing of payments.
//!
//! A thread starts when there is work for it. A worker that has been idle for a while ends. A thread that waits does
//! not wake until there is work. `close` ends the timers and lets the queued jobs run; `join` waits until every
//! thread has ended.

pub mod clock;
mod pool;
mod threads;
mod timer;

use std::time::Duration;

use clock::Millis;
pub use pool::Priority;
pub use timer::TimerId;

pub type Job = Box<dyn FnOnce() + Send>;

/// The pause between two attempts to start a worker, after the system refused a thread.
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

    /// Starts the timer thread and one worker, unless they run already. False when the system refuses a thread: then
    /// no work may be accepted.
    pub fn ready(&self) -> bool {
        self.timer.ready() && self.pool.ensure_worker()
    }

    /// Queues `job`. A worker runs it as soon as one is free for its priority.
    pub fn submit(&self, priority: Priority, job: Job) {
        if !self.pool.submit(priority, job) {
            ensure_worker_later(self.pool.clone(), self.timer.clone());
        }
    }

    /// Runs `job` at `due` (in the time of [`clock::now`]) on the timer's thread, so the job must be short: it
    /// submits the real work.
    pub fn at(&self, due: Millis, job: Job) -> TimerId {
        self.timer.at(due, job)
    }

    /// True if the job was taken back and will not run. False if it runs or has run.
    pub fn cancel(&self, id: TimerId) -> bool {
        self.timer.cancel(id)
    }

    /// Runs `job` on a thread of its own: for work that may block for long and cannot be interrupted. `join` waits
    /// for it. False when the system refuses a thread.
    pub fn thread(&self, name: &str, job: Job) -> bool {
        self.threads.thread(name, job)
    }

    /// Ends the timers and drops their jobs. The workers end once the queued jobs have run.
    pub fn close(&self) {
        self.timer.close();
        self.pool.close();
    }

    /// Waits until all threads have ended. False when `limit` passed first. Must not be called on one of these
    /// threads.
    pub fn join(&self, limit: Duration) -> bool {
        self.threads.join(limit)
    }
}

/// Tries to start a worker again and again, until the system grants a thread.
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

    /// Runs under ThreadSanitizer too: many threads submit jobs, set timers and cancel them until the engine is
    /// closed.
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
        // This timer is due after all others.
        let (last, ended) = std::sync::mpsc::channel();
        engine.at(clock::now() + 10, Box::new(move || last.send(()).unwrap()));
        ended.recv_timeout(Duration::from_secs(60)).expect("the last timer runs");
        engine.close();
        assert!(engine.join(Duration::from_secs(60)));
        let ended = ran.load(Ordering::SeqCst) + taken_back.load(Ordering::SeqCst);
        assert_eq!(ended, 2 * THREADS * ROUNDS);
    }
}
