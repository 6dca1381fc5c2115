//! The event queue: what has happened and was not handed out yet, for a host that polls or waits. Each action keeps its newest
//! progress and its final event.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::Receipt;
use crate::abi::*;
use crate::engine::clock;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::log;
use crate::session::ActionId;

/// Beyond this many unread events the oldest progress is dropped, and the oldest event where there is no progress. The next
/// start tells a verdict again that was dropped.
pub const EVENTS_UNREAD_MAX: usize = 20_000;

#[derive(Default)]
pub struct EventQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    made: u64,
    unread: BTreeMap<u64, Unread>,
    /// Where each action's newest progress stands; the oldest first.
    progress: BTreeMap<u64, ActionId>,
    progress_of: HashMap<ActionId, u64>,
    closed: bool,
    /// Not yet logged: a log line is the host's code, and runs under no lock.
    dropped: u32,
}

struct Unread {
    action: ActionId,
    event: Arc<Event>,
    receipt: Option<Receipt>,
}

impl EventQueue {
    /// Gives the receipt of the event that was dropped for it, if any.
    pub fn push(&self, action: ActionId, event: &Arc<Event>, receipt: Option<Receipt>) -> Option<Receipt> {
        let unread = Unread { action, event: event.clone(), receipt };
        let mut state = self.state.lock();
        if !event.is_final() {
            if let Some(place) = state.progress_of.get(&action).copied() {
                state.unread.insert(place, unread);
                return None;
            }
        }
        state.made += 1;
        let place = state.made;
        state.unread.insert(place, unread);
        if !event.is_final() {
            state.progress.insert(place, action);
            state.progress_of.insert(action, place);
        }
        let mut dropped = None;
        if state.unread.len() > EVENTS_UNREAD_MAX {
            let oldest = state.progress.keys().next().or(state.unread.keys().next()).copied();
            dropped = oldest.and_then(|oldest| state.take(oldest)).and_then(|unread| unread.receipt);
            state.dropped += 1;
        }
        drop(state);
        self.changed.notify_one();
        dropped
    }

    /// Gives the oldest to `hand_out`, and keeps it when that fails. An error when there is none in time.
    pub fn next<T>(&self, limit: Duration, hand_out: impl FnOnce(&Arc<Event>) -> Result<T>) -> Result<T> {
        let until = clock::instant() + limit;
        let mut state = self.state.lock();
        loop {
            if let Some((&place, Unread { event, .. })) = state.unread.first_key_value() {
                let handed_out = hand_out(event)?;
                let receipt = state.take(place).and_then(|unread| unread.receipt);
                let dropped = std::mem::take(&mut state.dropped);
                drop(state);
                if dropped > 0 {
                    log::warn(format_args!("too many unread events: {dropped} were dropped"));
                }
                if let Some(receipt) = receipt {
                    receipt.delivered();
                    receipt.acknowledged();
                }
                return Ok(handed_out);
            }
            if state.closed {
                return Err(Error::new(UPAY_E_CLOSED, "the client is stopped and all of its events were taken"));
            }
            if self.changed.wait_until(&mut state, until).timed_out() && state.unread.is_empty() && !state.closed {
                return Err(Error::new(UPAY_E_TIMEOUT, "no event in time"));
            }
        }
    }

    /// What a wait handed out is not handed out again.
    pub fn remove(&self, action: ActionId) {
        let mut state = self.state.lock();
        state.unread.retain(|_, unread| unread.action != action);
        if let Some(place) = state.progress_of.remove(&action) {
            state.progress.remove(&place);
        }
    }

    /// Nothing more will come.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }
}

impl QueueState {
    fn take(&mut self, place: u64) -> Option<Unread> {
        if let Some(action) = self.progress.remove(&place) {
            self.progress_of.remove(&action);
        }
        self.unread.remove(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::of_verdict;
    use crate::record::Verdict;

    #[test]
    fn beyond_the_limit_progress_is_dropped_first_and_then_the_oldest_end() {
        let (queue, last) = (EventQueue::default(), of_verdict(Verdict::CLOSED));
        queue.push(0, &last, None);
        queue.push(1, &of_verdict(Verdict::PENDING), None);
        for action in 2..EVENTS_UNREAD_MAX as u64 {
            queue.push(action, &last, None);
        }
        assert_eq!(queue.state.lock().dropped, 0);
        queue.push(1_000_000, &last, None);
        queue.push(1_000_001, &last, None);
        let state = queue.state.lock();
        assert_eq!((state.unread.len(), state.dropped), (EVENTS_UNREAD_MAX, 2));
        let actions: Vec<u64> = state.unread.values().map(|unread| unread.action).collect();
        assert_eq!((actions[0], actions[EVENTS_UNREAD_MAX - 1]), (2, 1_000_001));
        assert!(state.unread.values().all(|unread| unread.event.is_final()));
    }

    #[test]
    fn an_action_keeps_its_newest_progress_and_its_end() {
        let queue = EventQueue::default();
        for _ in 0..3 {
            queue.push(7, &of_verdict(Verdict::PENDING), None);
        }
        queue.push(7, &of_verdict(Verdict::CLOSED), None);
        let next = || queue.next(Duration::ZERO, |event| Ok(event.is_final()));
        assert_eq!((next().unwrap(), next().unwrap()), (false, true));
        assert_eq!(next().unwrap_err().status, UPAY_E_TIMEOUT);
    }
}
