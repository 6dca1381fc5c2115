//! A terminal's keys: the only secrets that are kept, beside its orders and as private as they are.

use std::ffi::OsStr;
use std::path::Path;

use redb::{Database, Durability, ReadableDatabase};
use serde::{Deserialize, Serialize};

use super::file::{self, Place};
use super::{begin, check_format, damaged, storage, Journal, ABOUT};
use crate::abi::*;
use crate::error::{Error, Result};

/// In [`ABOUT`], the ring as JSON.
const RING: &str = "ring";

/// Has no `Debug`, so that no key gets into a log line by way of one.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Ring {
    /// The newest key.
    pub terminal_key: String,
    /// The one before it, which the gateway takes as well.
    pub previous_key: Option<String>,
    /// The fingerprint of the key that the host gave, or that the activation did, and from which these come: should the
    /// host give another one, that one counts.
    pub origin: String,
    pub device_id: Option<String>,
    /// When the terminal was activated here, in milliseconds since 1970.
    pub activated_ms: Option<u64>,
    /// The newest day in Beijing on which the library checked in by itself, or tried to.
    pub checkin_day: Option<u64>,
}

impl Journal {
    pub fn ring(&self) -> Result<Option<Ring>> {
        self.with(read)
    }

    /// On disk when it returns; tried once more with the store opened anew, because the gateway forgets older keys.
    pub fn put_ring(&self, ring: &Ring) -> Result<()> {
        let put = || self.write(Durability::Immediate, |tables| tables.put_about(RING, &json(ring)?));
        put().or_else(|error| if error.status == UPAY_E_STORAGE { put() } else { Err(error) })
    }
}

fn json(ring: &Ring) -> Result<String> {
    serde_json::to_string(ring).map_err(|error| Error::new(UPAY_E_STORAGE, error.to_string()))
}

fn read(database: &Database) -> Result<Option<Ring>> {
    let read = database.begin_read().map_err(storage)?;
    let about = read.open_table(ABOUT).map_err(storage)?;
    let ring = about.get(RING).map_err(storage)?;
    ring.map(|ring| serde_json::from_str(ring.value()).map_err(|_| damaged("its keys are unreadable"))).transpose()
}

/// Room for the answer to an activation, made before anything is sent: the code is good for one, and what could not be
/// written down would be lost.
pub struct Room {
    place: Place,
    draft: Database,
}

impl Room {
    pub fn make(directory: &Path) -> Result<Self> {
        let place = Place::named(directory, "activation")?;
        let draft = place.draft(|database| begin(database, ""))?;
        Ok(Self { place, draft })
    }

    /// Keeps the keys of a terminal that was just activated. The journal appears whole, keys and all, or not at all.
    pub fn keep(self, directory: &Path, terminal_sn: &str, ring: &Ring) -> Result<()> {
        let Self { place, draft } = self;
        let terminal = Place::take(directory, terminal_sn)?;
        if terminal.is_made() {
            // The gateway gave a terminal that was known here before: its orders stay.
            drop(draft);
            place.discard();
            return Journal::at(terminal, terminal_sn)?.put_ring(ring);
        }
        begin(&draft, terminal_sn)?;
        let write = draft.begin_write().map_err(storage)?;
        write.open_table(ABOUT).map_err(storage)?.insert(RING, json(ring)?.as_str()).map_err(storage)?;
        write.commit().map_err(storage)?;
        drop(draft);
        place.become_journal(&terminal)
    }

    pub fn discard(self) {
        drop(self.draft);
        self.place.discard();
    }
}

/// The terminal that was activated last in this directory.
pub fn activated(directory: &Path) -> Result<Option<String>> {
    let mut newest: Option<(u64, String)> = None;
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file::failed("read", directory, &error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| file::failed("read", directory, &error))?.path();
        if path.extension() != Some(OsStr::new("journal")) {
            continue;
        }
        newest = newest.max(retried(|| {
            let bytes = std::fs::read(&path).map_err(|error| file::failed("read", &path, &error))?;
            file::on_copy(&bytes, |database| {
                let terminal_sn = check_format(database)?;
                Ok(read(database)?.and_then(|ring| Some((ring.activated_ms?, terminal_sn))))
            })
        })?);
    }
    Ok(newest.map(|(_, terminal_sn)| terminal_sn))
}

/// A copy of a journal that somebody writes at that moment can be neither the old nor the new one.
fn retried<T>(read: impl Fn() -> Result<T>) -> Result<T> {
    const TRIES: usize = 5;
    let mut found = read();
    for _ in 1..TRIES {
        if found.is_ok() {
            break;
        }
        found = read();
    }
    found
}
