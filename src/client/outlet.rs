//! Where events go: the host's listeners, or the inbox; and the note in the journal that the host has heard.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use super::encoding::Encoding;
use super::inbox::Inbox;
use super::listener::{Hearing, Listeners};
use super::Event;
use crate::abi::*;
use crate::flow::verdict::Verdict;
use crate::journal::Journal;
use crate::log;

pub struct Outlet {
    /// Orders that are paid, while the host has not heard so: what it is about to hear must not be undone meanwhile.
    pub paid_unheard: Mutex<HashSet<String>>,
    pub inbox: Arc<Inbox>,
    pub listeners: Listeners,
    pub journal: Journal,
    pub chinese: bool,
    pub encoding: Encoding,
}

impl Hearing for Outlet {
    /// The host hears of it now: that it is paid or, by a cancel that is refused, that the payment stands. Who takes the
    /// end of the cancel alone must be able to cancel once more.
    fn hears(&self, event: &Event) {
        let stands = event.action == UPAY_ACTION_CANCEL && event.verdict.status == UPAY_E_REFUSED;
        if event.is_final() && (says_paid(event.action) || stands) {
            self.paid_unheard.lock().remove(&event.key);
        }
    }

    /// The host has heard of it: not to be told again after a restart.
    fn told(&self, event: &Event) {
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

/// Its end says whether goods may be handed over.
pub fn says_paid(action: i32) -> bool {
    matches!(action, UPAY_ACTION_PAY | UPAY_ACTION_PRECREATE | UPAY_ACTION_WATCH)
}
