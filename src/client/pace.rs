//! How fast the library may ask by itself: a till that comes back after a power cut with a thousand open orders, among
//! thousands of tills that do the same, must not flood the gateway.

use parking_lot::Mutex;

use crate::engine::clock::Millis;

/// Requests of one client that no call of the host waits for: at most 20 in a second, because between two of them are at
/// least this many milliseconds.
pub const GAP_MS: Millis = 50;
/// And up to so many more, so that tills that were cut off together do not stay in step.
const JITTER_MS: Millis = 25;

pub struct Pace(Mutex<State>);

struct State {
    free_at: Millis,
    /// A row of numbers that is another one for each terminal.
    chance: u64,
}

impl Pace {
    pub fn of(terminal_sn: &str) -> Self {
        let chance = terminal_sn.bytes().fold(0, |chance, byte| step(chance ^ u64::from(byte)));
        Self(Mutex::new(State { free_at: 0, chance }))
    }

    /// The next turn at `now` or later. It is taken with this.
    pub fn turn(&self, now: Millis) -> Millis {
        let mut state = self.0.lock();
        let turn = state.free_at.max(now);
        state.chance = step(state.chance);
        state.free_at = turn + GAP_MS + (state.chance >> 33) % (JITTER_MS + 1);
        turn
    }
}

/// Knuth's linear congruential generator; its upper bits are the good ones.
fn step(chance: u64) -> u64 {
    chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(terminal_sn: &str) -> Vec<Millis> {
        let pace = Pace::of(terminal_sn);
        (0..1000).map(|_| pace.turn(1000)).collect()
    }

    #[test]
    fn no_second_has_more_than_twenty_turns_and_none_is_wasted() {
        let turns = turns("1");
        assert_eq!(turns[0], 1000);
        assert!(turns.windows(21).all(|turns| turns[20] - turns[0] >= 1000));
        assert!(turns[999] - turns[0] < 999 * (GAP_MS + JITTER_MS));
    }

    #[test]
    fn two_terminals_are_out_of_step() {
        assert_ne!(turns("100000000000001"), turns("100000000000002"));
    }

    #[test]
    fn who_has_waited_long_enough_goes_at_once() {
        let pace = Pace::of("1");
        pace.turn(0);
        assert_eq!(pace.turn(10_000), 10_000);
    }
}
