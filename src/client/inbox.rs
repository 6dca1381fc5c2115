//! The pull form: what has happened and was not handed out yet, for a window's timer or for a wait. Each action keeps
//! its newest progress and its final event.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::Event;
use crate::abi::*;
use crate::engine::clock;
use crate::error::{Error, Result};
use crate::log;

/// Unread events beyond this many push the oldest one out. An order that is not final is still in the journal.
pub const EVENTS_UNREAD_MAX: usize = 20_000;

#[derive(Default)]
pub struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    made: u64,
    unread: BTreeMap<u64, (ActionId, Arc<Event>)>,
    /// Where an action's newest progress stands.
    progress: HashMap<ActionId, u64>,
    closed: bool,
    /// Not yet logged: a log line is the host's code, and runs under no lock.
    dropped: u32,
}

/// One call of one order.
pub type ActionId = u64;

impl Inbox {
    pub fn push(&self, action: ActionId, event: &Arc<Event>) {
        let mut state = self.state.lock();
        if !event.is_final() {
            if let Some(place) = state.progress.get(&action).copied() {
                state.unread.insert(place, (action, event.clone()));
                return;
            }
        }
        state.made += 1;
        let place = state.made;
        state.unread.insert(place, (action, event.clone()));
        if !event.is_final() {
            state.progress.insert(action, place);
        }
        if state.unread.len() > EVENTS_UNREAD_MAX {
            state.pop();
            state.dropped += 1;
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Gives the oldest to `hand_out`, and keeps it when that fails; an error when there is none in time.
    pub fn next<T>(&self, limit: Duration, hand_out: impl FnOnce(&Arc<Event>) -> Result<T>) -> Result<T> {
        let until = clock::instant() + limit;
        let mut state = self.state.lock();
        loop {
            if let Some((_, (_, event))) = state.unread.first_key_value() {
                let handed_out = hand_out(event)?;
                state.pop();
                let dropped = std::mem::take(&mut state.dropped);
                drop(state);
                if dropped > 0 {
                    log::warn(format_args!("too many unread events: the oldest {dropped} were dropped"));
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
        state.unread.retain(|_, (owner, _)| *owner != action);
        state.progress.remove(&action);
    }

    /// Nothing more will come.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }
}

impl State {
    fn pop(&mut self) {
        if let Some((place, (action, _))) = self.unread.pop_first() {
            if self.progress.get(&action) == Some(&place) {
                self.progress.remove(&action);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::event::tests::of_verdict;
    use crate::flow::verdict::Verdict;

    #[test]
    fn beyond_its_limit_the_oldest_event_is_dropped_and_no_other() {
        let (inbox, last) = (Inbox::default(), of_verdict(Verdict::CLOSED));
        for action in 0..EVENTS_UNREAD_MAX as u64 {
            inbox.push(action, &last);
        }
        assert_eq!(inbox.state.lock().dropped, 0);
        inbox.push(1_000_000, &last);
        let state = inbox.state.lock();
        assert_eq!((state.unread.len(), state.dropped), (EVENTS_UNREAD_MAX, 1));
        let actions: Vec<u64> = state.unread.values().map(|(action, _)| *action).collect();
        assert_eq!((actions[0], actions[EVENTS_UNREAD_MAX - 1]), (1, 1_000_000));
    }

    #[test]
    fn an_action_keeps_its_newest_progress_and_its_end() {
        let inbox = Inbox::default();
        for _ in 0..3 {
            inbox.push(7, &of_verdict(Verdict::PENDING));
        }
        inbox.push(7, &of_verdict(Verdict::CLOSED));
        let next = || inbox.next(Duration::ZERO, |event| Ok(event.is_final()));
        assert_eq!((next().unwrap(), next().unwrap()), (false, true));
        assert_eq!(next().unwrap_err().status, UPAY_E_TIMEOUT);
    }
}
