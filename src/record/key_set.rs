//! The terminal's keys. The gateway takes the newest and the one before it.

use serde::{Deserialize, Serialize};

use crate::gateway::sign::sign;

/// So many keys are held: the gateway takes two, and the host may have set a third.
const KEYS_MAX: usize = 3;

/// Has no `Debug`, so that no key gets into a log line by way of one.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    /// In the order in which they are tried. Never empty for a terminal that was started.
    keys: Vec<String>,
    /// The fingerprint of the key that the host set, or that the activation brought, and from which these come. When the
    /// host sets another key, that one is tried first.
    origin: String,
    pub device_id: Option<String>,
    /// When the terminal was activated in this state directory, in milliseconds since 1970.
    pub activated_ms: Option<u64>,
    /// The terminals that were in use in this state directory before this one was activated.
    pub predecessors: Vec<String>,
    /// The newest Beijing day on which the library checked in by itself, or tried to.
    pub checkin_day: Option<u64>,
    /// That day is the gateway's. False: this machine's calendar said so, and no answer has borne it out.
    pub checkin_day_is_known: bool,
    /// A check-in was sent and its reply never came: the gateway may have made a new key. The key in use is then the
    /// previous one, and a second lost reply would end it.
    pub checkin_in_doubt: bool,
}

impl KeySet {
    /// Of a terminal with one key, as the host set it or the activation brought it.
    pub fn new(terminal_sn: &str, terminal_key: &str) -> Self {
        Self { keys: vec![terminal_key.to_owned()], origin: origin(terminal_sn, terminal_key), ..Self::default() }
    }

    /// The host has set this key: false when these keys come from it.
    pub fn set_by_host(&mut self, terminal_sn: &str, terminal_key: &str) -> bool {
        let origin = origin(terminal_sn, terminal_key);
        if self.origin == origin {
            return false;
        }
        self.origin = origin;
        self.add(terminal_key);
        true
    }

    /// A check-in has brought this key.
    pub fn add(&mut self, key: &str) {
        self.keys.retain(|known| known != key);
        self.keys.insert(0, key.to_owned());
        self.keys.truncate(KEYS_MAX);
    }

    /// The gateway has accepted this key: it is tried first from now on. False when it was first.
    pub fn prefer(&mut self, key: &str) -> bool {
        if self.keys.first().is_some_and(|first| first == key) || !self.keys.iter().any(|known| known == key) {
            return false;
        }
        self.add(key);
        true
    }

    /// The key that requests are signed with.
    pub fn first(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    /// The first key that was not tried yet.
    pub fn next(&self, tried: &[String]) -> Option<&str> {
        self.keys.iter().find(|key| !tried.contains(key)).map(String::as_str)
    }
}

/// Tells keys apart without keeping the old one.
fn origin(terminal_sn: &str, terminal_key: &str) -> String {
    sign(terminal_sn.as_bytes(), terminal_key)
}
