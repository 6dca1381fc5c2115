//! Time: what o'clock it is at the gateway, which can be put forward, and holds, which are pauses that can be ended from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds of a day, for the rule that a cancel is for the same day only.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// A year at a time is enough for anybody, and keeps times at 13 digits.
pub const ADVANCE_MS_MAX: u64 = 366 * DAY_MS;
/// The gateway's day is Beijing's.
const BEIJING_OFFSET_MS: u64 = 8 * 60 * 60 * 1000;

/// Epoch milliseconds that never go back, whatever happens to the machine's clock while the simulator runs.
pub struct Clock {
    started: Instant,
    started_epoch_ms: u64,
    advanced_ms: AtomicU64,
}

impl Clock {
    pub fn start() -> Clock {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock {
            started: Instant::now(),
            started_epoch_ms: since_epoch.as_millis() as u64,
            advanced_ms: AtomicU64::new(0),
        }
    }

    pub fn now_ms(&self) -> u64 {
        let advanced_ms = self.advanced_ms.load(Ordering::SeqCst);
        self.started_epoch_ms + self.started.elapsed().as_millis() as u64 + advanced_ms
    }

    /// Puts the clock forward, by [`ADVANCE_MS_MAX`] at most. Holds go on for as long as they would have.
    pub fn advance(&self, by_ms: u64) {
        self.advanced_ms.fetch_add(by_ms.min(ADVANCE_MS_MAX), Ordering::SeqCst);
    }
}

/// How long it is until the next Beijing midnight.
pub fn ms_to_midnight(now_ms: u64) -> u64 {
    DAY_MS - (now_ms + BEIJING_OFFSET_MS) % DAY_MS
}

/// Whether two moments lie on one Beijing day.
pub fn same_beijing_day(one_ms: u64, other_ms: u64) -> bool {
    (one_ms + BEIJING_OFFSET_MS) / DAY_MS == (other_ms + BEIJING_OFFSET_MS) / DAY_MS
}

/// `2015-11-01 18:01:00`, Beijing time: the spelling of `ctime` that some replies use.
pub fn beijing_text(epoch_ms: u64) -> String {
    let seconds = (epoch_ms + BEIJING_OFFSET_MS) / 1000;
    let (mut days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while days >= days_in_year(year) {
        days -= days_in_year(year);
        year += 1;
    }
    let february = if days_in_year(year) == 366 { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{year:04}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02}", days + 1)
}

fn days_in_year(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leap {
        366
    } else {
        365
    }
}

/// How a hold came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldEnd {
    /// Its time was up.
    Elapsed,
    /// Somebody called [`Holds::release`].
    Released,
    /// The simulator is stopping: answer nobody, go home.
    Stopping,
}

/// Proof of when a hold was decided on: a release that comes later ends it, even before it has begun.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    releases: u64,
}

/// Every pause of the simulator goes through here, so that release and stop end it at once.
#[derive(Default)]
pub struct Holds {
    state: Mutex<HoldState>,
    ended: Condvar,
}

#[derive(Default)]
struct HoldState {
    releases: u64,
    stopping: bool,
}

impl Holds {
    /// To be taken before anybody can see that there will be a hold.
    pub fn ticket(&self) -> Ticket {
        Ticket { releases: lock(&self.state).releases }
    }

    /// Waits for `duration_ms`, or until it is released or stopped.
    pub fn hold(&self, ticket: Ticket, duration_ms: u64) -> HoldEnd {
        let state = lock(&self.state);
        let (state, _) = self
            .ended
            .wait_timeout_while(state, Duration::from_millis(duration_ms), |state| {
                !state.stopping && state.releases == ticket.releases
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.stopping {
            HoldEnd::Stopping
        } else if state.releases != ticket.releases {
            HoldEnd::Released
        } else {
            HoldEnd::Elapsed
        }
    }

    /// Ends the holds that have been decided on so far. Later ones hold again.
    pub fn release(&self) {
        lock(&self.state).releases += 1;
        self.ended.notify_all();
    }

    /// Ends the holds that are under way and every later one.
    pub fn stop(&self) {
        lock(&self.state).stopping = true;
        self.ended.notify_all();
    }

    pub fn stopping(&self) -> bool {
        lock(&self.state).stopping
    }
}

/// Locks, whether or not another thread has panicked meanwhile: one failed connection must not fail all the others.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
