//! A terminal's keys in its journal: the only secrets that are kept, and as private as its orders.

use std::ffi::OsStr;
use std::path::Path;

use redb::{Database, Durability as Commit, ReadableDatabase};

use super::file::{self, Place};
use super::store::{begin, check_format, damaged, storage, ABOUT};
use super::Journal;
use crate::abi::*;
use crate::error::{Error, Result};
use crate::record::KeySet;

/// In [`ABOUT`], the key set as JSON.
const KEYS: &str = "keys";

impl Journal {
    pub fn keys(&self) -> Result<Option<KeySet>> {
        self.with(read)
    }

    /// On disk when it returns; tried once more with the store opened anew, because the gateway forgets older keys.
    pub fn put_keys(&self, keys: &KeySet) -> Result<()> {
        let put = || self.write(Commit::Immediate, |tables| tables.put_about(KEYS, &json(keys)?));
        put().or_else(|error| if error.status == UPAY_E_STORAGE { put() } else { Err(error) })
    }
}

fn json(keys: &KeySet) -> Result<String> {
    serde_json::to_string(keys).map_err(|error| Error::new(UPAY_E_STORAGE, error.to_string()))
}

fn read(database: &Database) -> Result<Option<KeySet>> {
    let read = database.begin_read().map_err(storage)?;
    let about = read.open_table(ABOUT).map_err(storage)?;
    let keys = about.get(KEYS).map_err(storage)?;
    keys.map(|keys| serde_json::from_str(keys.value()).map_err(|_| damaged("its keys are unreadable"))).transpose()
}

/// The place on disk for the answer to an activation, made before anything is sent: the code is good for one activation, and
/// an answer that the disk did not take would be lost.
pub struct ActivationPlace {
    place: Place,
    draft: Database,
}

impl ActivationPlace {
    pub fn make(directory: &Path) -> Result<Self> {
        let place = Place::named(directory, "activation")?;
        let draft = place.draft(|database| begin(database, ""))?;
        Ok(Self { place, draft })
    }

    /// Keeps the keys of a terminal that was just activated. The journal appears whole, keys and all, or not at all.
    pub fn keep(self, directory: &Path, terminal_sn: &str, keys: &KeySet) -> Result<()> {
        let Self { place, draft } = self;
        let terminal = Place::take(directory, terminal_sn)?;
        if terminal.is_made() {
            // The gateway gave a terminal that was known here before: its orders stay.
            drop(draft);
            place.discard();
            return Journal::at(terminal, terminal_sn)?.put_keys(keys);
        }
        begin(&draft, terminal_sn)?;
        let write = draft.begin_write().map_err(storage)?;
        write.open_table(ABOUT).map_err(storage)?.insert(KEYS, json(keys)?.as_str()).map_err(storage)?;
        write.commit().map_err(storage)?;
        drop(draft);
        place.become_journal(&terminal)
    }

    pub fn discard(self) {
        drop(self.draft);
        self.place.discard();
    }
}

/// A terminal that has a journal in a state directory.
pub struct KnownTerminal {
    pub terminal_sn: String,
    /// When it was activated there, in milliseconds since 1970; none for one whose number the host set.
    pub activated_ms: Option<u64>,
}

/// The terminals that have a journal in this directory.
pub fn terminals(directory: &Path) -> Result<Vec<KnownTerminal>> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(file::failed("read", directory, &error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| file::failed("read", directory, &error))?.path();
        if path.extension() != Some(OsStr::new("journal")) {
            continue;
        }
        found.push(retried(|| {
            let bytes = std::fs::read(&path).map_err(|error| file::failed("read", &path, &error))?;
            file::on_copy(&bytes, |database| {
                let terminal_sn = check_format(database)?;
                let activated_ms = read(database)?.and_then(|keys| keys.activated_ms);
                Ok(KnownTerminal { terminal_sn, activated_ms })
            })
        })?);
    }
    Ok(found)
}

/// The terminal that was activated last in this directory.
pub fn activated(directory: &Path) -> Result<Option<String>> {
    let known = terminals(directory)?;
    let activated = known.into_iter().filter(|terminal| terminal.activated_ms.is_some());
    Ok(activated.max_by_key(|terminal| terminal.activated_ms).map(|terminal| terminal.terminal_sn))
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
