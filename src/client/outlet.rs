//! Where events go: the host's listeners, or the inbox; and the note in the journal that the host has heard.

use std::sync::Arc;

use super::encoding::Encoding;
use super::inbox::Inbox;
use super::listener::Listeners;
use super::Event;
use crate::abi::*;
use crate::flow::verdict::Verdict;
use crate::journal::Journal;
use crate::log;

pub struct Outlet {
    pub inbox: Arc<Inbox>,
    pub listeners: Listeners,
    pub journal: Journal,
    pub chinese: bool,
    pub encoding: Encoding,
}

impl Outlet {
    /// The host has heard of it: not to be told again after a restart.
    pub fn told(&self, event: &Event) {
        if !event.is_final() || event.action == UPAY_ACTION_QUERY {
            return;
        }
        match self.journal.told(&event.key, |fate| Verdict::of(event.action, fate) == event.verdict) {
            // After a stop the next start tells it again.
            Err(error) if error.status != UPAY_E_CLOSED => {
                log::warn(format_args!("{}: will be told again: {error}", event.key));
            }
            _ => {}
        }
    }
}
