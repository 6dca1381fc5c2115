//! In the place of the library's engine: jobs and timers are events of the world, and its clock is the clock.

use std::time::Duration;

use parking_lot::{Condvar, MutexGuard};

use crate::world::{self, Event};
use clock::Millis;

pub type Job = Box<dyn FnOnce() + Send>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    Held,
    Prompt,
}

/// Its place in the world's queue.
#[derive(Debug, Clone, Copy)]
pub struct TimerId(world::Place);

#[derive(Default)]
pub struct Engine {}

impl Engine {
    pub fn workers_max(&self, _workers: usize) {}

    pub fn ready(&self) -> bool {
        true
    }

    pub fn submit(&self, _priority: Priority, job: Job) {
        world::with(|world| {
            let due = world.now + world.lateness();
            world.at(due, Event::Job(world::acting(), job));
        });
    }

    pub fn at(&self, due: Millis, job: Job) -> TimerId {
        TimerId(world::with(|world| {
            let due = world.now + due.saturating_sub(world.uptime()) + world.lateness();
            world.at(due, Event::Timer(world::acting(), job))
        }))
    }

    pub fn cancel(&self, id: TimerId) -> bool {
        let taken_back = world::with(|world| world.take_back(id.0));
        taken_back.is_some()
    }

    pub fn thread(&self, _name: &str, job: Job) -> bool {
        self.submit(Priority::Prompt, job);
        true
    }

    /// All runs on one thread: whoever would wait ends, and is made anew.
    pub fn wait<T>(&self, _changed: &Condvar, _state: &mut MutexGuard<'_, T>) -> bool {
        false
    }

    pub fn close(&self) {
        let timers = world::with(|world| world.timers_of(world::acting()));
        drop(timers);
    }

    pub fn join(&self, _limit: Duration) -> bool {
        world::with(|world| world.is_idle(world::acting()))
    }
}

pub mod clock {
    use std::time::{Duration, Instant};

    use once_cell::sync::Lazy;

    use crate::world;

    pub type Millis = u64;

    pub fn now() -> Millis {
        world::with(|world| world.uptime())
    }

    /// Long ago, so that nobody waits: there is no other thread that could end a wait.
    pub fn instant() -> Instant {
        static LONG_AGO: Lazy<Instant> = Lazy::new(|| {
            #[allow(clippy::disallowed_methods)]
            let now = Instant::now();
            now.checked_sub(Duration::from_secs(3_600)).unwrap_or(now)
        });
        *LONG_AGO
    }

    pub fn beijing_day() -> u64 {
        (wall() + 8 * 3_600_000) / 86_400_000
    }

    pub fn deadline(limit: Duration) -> Option<Instant> {
        (!limit.is_zero()).then(|| instant() + limit)
    }

    pub fn wall() -> u64 {
        world::with(|world| world.wall())
    }
}
