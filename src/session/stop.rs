//! The stop: every action gets its one final event, and what is under way is broken off. What the gateway has not answered is
//! left to the next start.

use super::entry::{At, Stored};
use super::*;
use crate::record::Verdict;

impl Session {
    pub(super) fn stop(&mut self) {
        if std::mem::replace(&mut self.closing, true) {
            return;
        }
        let exchanges: Vec<_> = self.exchanges.keys().copied().collect();
        for exchange in exchanges {
            self.break_off(exchange);
        }
        let mut keys: Vec<_> = self.entries.keys().cloned().collect();
        // In the order in which they began.
        keys.sort_by_key(|key| {
            self.entries.get(key).and_then(|entry| entry.waiting.first()).map(|waiting| waiting.subscriber.id())
        });
        for key in keys {
            let Some(entry) = self.entries.remove(&key) else { continue };
            match entry.at {
                // Its write or its answer comes, and ends it.
                At::Recording(_) | At::Exchanging(..) => drop(self.entries.insert(key, entry)),
                At::Sleeping(_) | At::WaitsForSlot(..) | At::WaitsForCheckIn => {
                    self.end_without_answer(entry, Verdict::CLOSED);
                    self.write_owed(&key);
                }
                At::Idle => {
                    let owed = matches!(entry.stored, Stored::Owed(_));
                    self.entries.insert(key.clone(), entry);
                    if owed {
                        self.write_owed(&key);
                    }
                }
            }
        }
        self.timers.clear();
        let parked: Vec<_> = self.parked.keys().cloned().collect();
        for key in parked {
            self.unpark(&key);
        }
        self.check_in_stops();
    }

    pub(super) fn end_when_idle(&mut self) {
        let busy = !(self.exchanges.is_empty() && self.lookups.is_empty() && self.writes.is_empty());
        if self.closing && !busy && !self.ended {
            self.ended = true;
            self.effects.push(Effect::Ended);
        }
    }

    /// A defect in the session itself: all that is under way ends, and the journal has what counts.
    pub fn collapse(&mut self, now: Now) -> Vec<Effect> {
        self.now = now;
        self.closing = true;
        self.effects.clear();
        for exchange in std::mem::take(&mut self.exchanges).into_keys() {
            self.effects.push(Effect::Interrupt(exchange));
        }
        self.writes.clear();
        self.lookups.clear();
        self.queries.clear();
        self.parked.clear();
        self.timers.clear();
        let keys: Vec<_> = self.entries.keys().cloned().collect();
        for key in keys {
            if let Some(entry) = self.entries.remove(&key) {
                self.end_without_answer(entry, Verdict::PANIC);
            }
        }
        for id in std::mem::take(&mut self.actions) {
            let defect = Error::new(UPAY_E_PANIC, "a defect of the library ended the client");
            self.effects.push(Effect::Finish(id, Err(defect)));
        }
        if !std::mem::replace(&mut self.ended, true) {
            self.effects.push(Effect::Ended);
        }
        std::mem::take(&mut self.effects)
    }
}
