//! How fast the library asks by itself. After a power cut thousands of tills come back at once, each with open orders; they
//! must not flood the gateway.

use crate::record::Millis;

/// Between two requests that no call of the host waits for: at most 20 in a second for each client.
pub(super) const GAP_MS: Millis = 50;
/// Up to so many milliseconds more, so that tills that were cut off together do not stay in step.
const JITTER_MS: Millis = 25;

pub(super) struct RateLimiter {
    free_at: Millis,
    /// A row of numbers that differs from terminal to terminal.
    random: u64,
}

impl RateLimiter {
    pub fn new(terminal_sn: &str) -> Self {
        let random = terminal_sn.bytes().fold(0, |random, byte| next(random ^ u64::from(byte)));
        Self { free_at: 0, random }
    }

    /// Takes the next slot, at `now` or later.
    pub fn slot(&mut self, now: Millis) -> Millis {
        let slot = self.free_at.max(now);
        self.random = next(self.random);
        self.free_at = slot + GAP_MS + (self.random >> 33) % (JITTER_MS + 1);
        slot
    }
}

/// Knuth's linear congruential generator. Its upper bits are the good ones.
fn next(random: u64) -> u64 {
    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(terminal_sn: &str) -> Vec<Millis> {
        let mut limiter = RateLimiter::new(terminal_sn);
        (0..1000).map(|_| limiter.slot(1000)).collect()
    }

    #[test]
    fn no_second_has_more_than_twenty_slots_and_none_is_wasted() {
        let slots = slots("1");
        assert_eq!(slots[0], 1000);
        assert!(slots.windows(21).all(|slots| slots[20] - slots[0] >= 1000));
        assert!(slots[999] - slots[0] < 999 * (GAP_MS + JITTER_MS));
    }

    #[test]
    fn two_terminals_are_out_of_step() {
        assert_ne!(slots("100000000000001"), slots("100000000000002"));
    }

    #[test]
    fn a_request_after_a_pause_goes_at_once() {
        let mut limiter = RateLimiter::new("1");
        limiter.slot(0);
        assert_eq!(limiter.slot(10_000), 10_000);
    }
}
