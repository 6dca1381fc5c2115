//! The clocks. No other module of the crate asks for the time.
#![allow(clippy::disallowed_methods)] // this is the one place

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use once_cell::sync::Lazy;

/// Milliseconds on a monotonic clock with an arbitrary start. Pauses and time limits are counted in these.
pub type Millis = u64;

static START: Lazy<Instant> = Lazy::new(Instant::now);

pub fn now() -> Millis {
    START.elapsed().as_millis() as Millis
}

/// The instant at which [`now`] will be `due`.
pub fn instant_of(due: Millis) -> Instant {
    *START + Duration::from_millis(due)
}

/// When [`now`] will be at this instant, or was.
pub fn millis_of(instant: Instant) -> Millis {
    instant.saturating_duration_since(*START).as_millis() as Millis
}

pub fn instant() -> Instant {
    Instant::now()
}

/// The current day in Beijing, by this machine's clock, in days since 1970.
pub fn beijing_day() -> u64 {
    const AHEAD_OF_UTC_MS: u64 = 8 * 3600 * 1000;
    (wall() + AHEAD_OF_UTC_MS) / (24 * 3600 * 1000)
}

/// The instant at which a time limit that begins now is over. `None` for a limit of 0, which means no limit.
pub fn deadline(limit: Duration) -> Option<Instant> {
    (!limit.is_zero()).then(|| instant() + limit)
}

/// Milliseconds since 1970 by this machine's wall clock. It may be wrong and may jump, so it is for records and never
/// for pauses.
pub fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
