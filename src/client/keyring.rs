//! The terminal's keys. The gateway takes the newest and the one before it, so both are kept, on disk before they are used.

use parking_lot::Mutex;

use crate::abi::*;
use crate::error::{Error, Result};
use crate::gateway::reply::{Reply, RequestStatus};
use crate::gateway::sign::{authorization, sign};
use crate::gateway::terminal::Credentials;
use crate::journal::{Journal, Ring};
use crate::log;

pub struct Keyring {
    terminal_sn: String,
    journal: Journal,
    ring: Mutex<Ring>,
    /// Held while the next state of the ring goes to disk.
    changing: Mutex<()>,
}

/// Whether the same request may go out again under the other key, once the gateway has refused the signature of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    Never,
    WithOtherKey,
}

impl Keyring {
    /// `given` is the host's key. What the journal has counts, as long as it comes from that very key.
    pub fn open(journal: &Journal, terminal_sn: &str, given: &str) -> Result<Self> {
        let given = Some(given).filter(|key| !key.is_empty());
        let ring = match (journal.ring()?, given) {
            (None, None) => return Err(Error::new(UPAY_E_MISSING, "terminal_key: start needs it")),
            (None, Some(key)) => first(terminal_sn, key),
            (Some(kept), Some(key)) if kept.origin != origin(terminal_sn, key) => {
                log::info(format_args!("terminal_key is another one than before: it counts from now on"));
                Ring { previous_key: Some(kept.terminal_key.clone()), ..with(kept, terminal_sn, key) }
            }
            (Some(kept), _) => kept,
        };
        Ok(Self {
            terminal_sn: terminal_sn.to_owned(),
            journal: journal.clone(),
            ring: Mutex::new(ring),
            changing: Mutex::default(),
        })
    }

    pub fn device_id(&self) -> Option<String> {
        self.ring.lock().device_id.clone()
    }

    pub fn checkin_day(&self) -> Option<u64> {
        self.ring.lock().checkin_day
    }

    /// Sends `body` with the newest key and, where that may be, again with the one before when the gateway refuses the
    /// signature: then it has done nothing.
    pub fn signed(&self, body: &[u8], repeat: Repeat, send: impl Fn(&str) -> Result<Reply>) -> Result<Reply> {
        let (newest, previous) = {
            let ring = self.ring.lock();
            (ring.terminal_key.clone(), ring.previous_key.clone())
        };
        let under = |key: &str| send(&authorization(&self.terminal_sn, key, body));
        let reply = under(&newest);
        let Some(previous) = previous.filter(|_| repeat == Repeat::WithOtherKey && is_refused(&reply)) else {
            return reply;
        };
        log::warn(format_args!("the gateway refuses the newest key's signature: the key before it is tried"));
        let reply = under(&previous);
        // A gateway that fails, or that refuses for another reason, may not have looked at the signature.
        if reply.as_ref().is_ok_and(|reply| reply.result_code.as_deref() == Some("200")) {
            self.prefer(&previous, &newest);
        }
        reply
    }

    /// `key` works and `refused` did not: a payment, which is sent once alone, must not meet the one that is refused.
    fn prefer(&self, key: &str, refused: &str) {
        let kept = self.change(|ring| {
            if ring.terminal_key == refused {
                ring.terminal_key = key.to_owned();
                ring.previous_key = Some(refused.to_owned());
            }
        });
        // A log line is the host's code, and runs under no lock.
        if let Err(error) = kept {
            log::warn(format_args!("the order of the keys is not kept: {error}"));
        }
    }

    /// What is in use is on disk: the next check-in makes the gateway forget what was before it.
    pub fn keep(&self) -> Result<()> {
        self.change(|_| ())
    }

    /// Takes the key that a check-in brought.
    pub fn renew(&self, credentials: Credentials, device_id: &str) -> Result<()> {
        if credentials.terminal_sn != self.terminal_sn {
            return Err(Error::new(UPAY_E_REPLY, "the reply is for another terminal"));
        }
        self.change(|ring| {
            ring.device_id = Some(device_id.to_owned());
            if ring.terminal_key != credentials.terminal_key {
                ring.previous_key = Some(std::mem::replace(&mut ring.terminal_key, credentials.terminal_key));
            }
        })
    }

    /// Notes that the library checks in by itself today, before it does: should each try end in a crash, the key of before
    /// the first one would be forgotten by the gateway after the second.
    pub fn try_today(&self, day: u64) -> Result<()> {
        let before = self.checkin_day();
        let noted = self.change(|ring| ring.checkin_day = Some(day));
        if noted.is_err() {
            self.ring.lock().checkin_day = before;
        }
        noted
    }

    /// Nothing was sent: it may be tried again today.
    pub fn not_tried(&self) {
        // Should the disk fail, the next day brings the next try.
        if let Err(error) = self.change(|ring| ring.checkin_day = None) {
            log::warn(format_args!("the check-in is not tried again today: {error}"));
        }
    }

    /// First on disk, then in use: in use even if the disk fails, where it is put before the next check-in. Who only
    /// reads does not wait for the disk.
    fn change(&self, change: impl FnOnce(&mut Ring)) -> Result<()> {
        let _one_at_a_time = self.changing.lock();
        let mut ring = self.ring.lock().clone();
        change(&mut ring);
        let kept = self.journal.put_ring(&ring);
        *self.ring.lock() = ring;
        kept
    }
}

/// The ring of a terminal with one key, as the host or the activation gave it.
pub fn first(terminal_sn: &str, terminal_key: &str) -> Ring {
    with(Ring::default(), terminal_sn, terminal_key)
}

fn with(ring: Ring, terminal_sn: &str, terminal_key: &str) -> Ring {
    Ring { terminal_key: terminal_key.to_owned(), origin: origin(terminal_sn, terminal_key), ..ring }
}

/// Tells keys apart without keeping the old one.
fn origin(terminal_sn: &str, terminal_key: &str) -> String {
    sign(terminal_sn.as_bytes(), terminal_key)
}

fn is_refused(reply: &Result<Reply>) -> bool {
    let request_status = reply.as_ref().map(Reply::request_status);
    matches!(request_status, Ok(RequestStatus::Refused(error)) if error.status == UPAY_E_SIGN)
}
