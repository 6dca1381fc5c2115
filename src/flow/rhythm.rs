//! The pauses between the calls of a flow.

use super::limits::Pauses;
use super::Millis;

/// So many calls may follow each other without a pause: a payment, the query and the cancel of a cashier who gave up.
const SENDS_IN_A_ROW_MAX: u32 = 3;

#[derive(Debug, Default)]
pub struct Rhythm {
    pauses_taken: usize,
    sends_in_a_row: u32,
}

impl Rhythm {
    /// A call is about to leave. False: a pause comes first, to protect the gateway.
    pub fn allows_send(&mut self) -> bool {
        if self.sends_in_a_row >= SENDS_IN_A_ROW_MAX {
            return false;
        }
        self.sends_in_a_row += 1;
        true
    }

    /// When the next pause ends.
    pub fn pause(&mut self, pauses: &Pauses, now: Millis) -> Millis {
        self.sends_in_a_row = 0;
        let pause = pauses.after(self.pauses_taken);
        self.pauses_taken = self.pauses_taken.saturating_add(1);
        now.saturating_add(pause)
    }

    /// The next pause is the first of its list again.
    pub fn restart(&mut self) {
        self.pauses_taken = 0;
    }

    pub fn has_paused(&self) -> bool {
        self.pauses_taken > 0
    }
}
