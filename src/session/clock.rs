//! The gateway's clock, as its answers tell it. This machine's calendar may be wrong, at its first start above all: ages and
//! days count by the gateway's clock (protocol section 5 rule 13).

use super::Now;
use crate::record::Millis;

const DAY_MS: u64 = 24 * 3600 * 1000;
const BEIJING_AHEAD_OF_UTC_MS: u64 = 8 * 3600 * 1000;

#[derive(Default)]
pub(super) struct GatewayClock {
    /// The newest time that an answer told, and when it came.
    told: Option<(u64, Millis)>,
    /// A second answer, or this machine's calendar, agrees with it.
    is_borne_out: bool,
}

/// Two clocks that are further apart contradict each other.
const AGREES_MS: u64 = 3_600_000;
/// Answers that come so close to each other may come from one machine whose clock is wrong.
const APART_MS: Millis = 60_000;

impl GatewayClock {
    pub fn learn(&mut self, date_ms: u64, now: Now) {
        let by_calendar = date_ms.abs_diff(now.wall_ms) < DAY_MS;
        let Some((_, at)) = self.told else {
            self.is_borne_out = by_calendar;
            self.told = Some((date_ms, now.ms));
            return;
        };
        let agrees = self.at(now.ms).is_some_and(|expected| expected.abs_diff(date_ms) < AGREES_MS);
        if agrees && !self.is_borne_out && now.ms.saturating_sub(at) < APART_MS && !by_calendar {
            return;
        }
        self.is_borne_out = agrees || by_calendar;
        self.told = Some((date_ms, now.ms));
    }

    /// The same, once a second answer or this machine's calendar agrees: one answer alone forgets nothing.
    pub fn borne_out_at(&self, ms: Millis) -> Option<u64> {
        self.at(ms).filter(|_| self.is_borne_out)
    }

    /// Milliseconds since 1970; `None` before an answer has told the time.
    pub fn at(&self, ms: Millis) -> Option<u64> {
        let (date_ms, at) = self.told?;
        let ahead = i128::from(ms) - i128::from(at);
        u64::try_from(i128::from(date_ms) + ahead).ok()
    }

    /// The day in Beijing, in days since 1970; by this machine's calendar before an answer has told the time.
    pub fn beijing_day(&self, now: Now) -> u64 {
        let since_1970 = self.at(now.ms).unwrap_or(now.wall_ms);
        since_1970.saturating_add(BEIJING_AHEAD_OF_UTC_MS) / DAY_MS
    }
}
