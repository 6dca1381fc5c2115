//! What must not be forgotten: every order that was ever sent, what is still open of them, and what the host has not
//! heard yet. On disk before it counts: a crash at any instant leaves either no record and nothing sent, or a record
//! that the next start resolves.
//!
//! One file a terminal, in redb, readable by its owner alone. It holds the terminal's keys once it was activated or
//! checked in here, and no barcode and no payer's account.

mod file;
mod ring;

use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use serde::{Deserialize, Serialize};

use crate::abi::*;
use crate::error::{Error, Result};
use crate::flow::Fate;
use file::Place;
pub use ring::{activated, Ring, Room};

/// The record's key → the record, as JSON.
const ORDERS: TableDefinition<&str, &[u8]> = TableDefinition::new("orders");
/// The key of each record that the next start has to look at.
const PENDING: TableDefinition<&str, ()> = TableDefinition::new("pending");
/// What this file is: `format` and `terminal_sn`; and the terminal's keys.
const ABOUT: TableDefinition<&str, &str> = TableDefinition::new("about");
const FORMAT: &str = "upay journal 1";

const DAY_MS: u64 = 24 * 3600 * 1000;
/// Records that one transaction forgets.
const PRUNED_AT_ONCE: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Or [`by_sn`], for an order that is known by the gateway's number alone.
    pub client_sn: String,
    /// Absent when the order was made elsewhere and only cancelled here.
    pub total_amount: Option<String>,
    /// The action that began it: pay or cancel.
    pub action: i32,
    pub state: State,
    /// When it began, in milliseconds since 1970 by this machine's calendar.
    pub began_ms: u64,
    /// What became of the payment, as far as is known, and whether the host has heard it.
    pub fate: Option<Fate>,
    pub told: bool,
    /// The till heard "failed", or "no such order" to a cancel: should it turn out paid, it goes back.
    pub failed: bool,
    /// A cancel was sent, and may be on its way still.
    pub cancel_sent: bool,
    /// A person was told to give the money back: from then on the library only asks.
    pub by_hand: bool,
    /// A refund has a record of its own beside its order's.
    pub refund: Option<Refund>,
    /// The order as the gateway described it last, without the payer.
    pub data: Vec<(String, String)>,
}

/// What is sent again, letter by letter, until its end is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub refund_request_no: String,
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// A request may be on its way, and no verdict yet.
    Querying,
    /// As Querying, and a cancel may be on its way.
    Cancelling {
        gave_up: bool,
    },
    /// There is a verdict, but the gateway's answer was not final.
    Watched,
    Closed,
    /// Known not to have been sent: the same client_sn may be paid again.
    NotSent,
}

impl State {
    pub fn is_open(self) -> bool {
        matches!(self, State::Querying | State::Cancelling { .. } | State::Watched)
    }
}

/// What an order is called here that is known by the gateway's number alone. No client_sn holds white space.
pub fn by_sn(sn: &str) -> String {
    format!("sn {sn}")
}

/// The gateway's number in such a name.
pub fn sn_of(name: &str) -> Option<&str> {
    name.strip_prefix("sn ")
}

pub fn refund_key(client_sn: &str, refund_request_no: &str) -> String {
    format!("{client_sn} {refund_request_no}")
}

impl Record {
    pub fn new(client_sn: &str, action: i32, total_amount: Option<String>, state: State, began_ms: u64) -> Self {
        Self {
            client_sn: client_sn.to_owned(),
            total_amount,
            action,
            state,
            began_ms,
            fate: None,
            told: false,
            failed: false,
            cancel_sent: false,
            by_hand: false,
            refund: None,
            data: Vec::new(),
        }
    }

    /// What the journal finds it by. No number holds white space.
    pub fn key(&self) -> String {
        match &self.refund {
            Some(refund) => refund_key(&self.client_sn, &refund.refund_request_no),
            None => self.client_sn.clone(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// There is something that the host has not heard.
    pub fn is_untold(&self) -> bool {
        self.fate.is_some() && !self.told
    }

    fn is_pending(&self) -> bool {
        self.is_open() || self.is_untold()
    }
}

#[derive(Clone)]
pub struct Journal(Arc<RwLock<Option<Open>>>);

struct Open {
    /// `None` after a failed write: the store takes no more, and is opened anew at the next call.
    database: Option<Database>,
    /// Held for as long as the journal is open; last, so that it is let go last. `None` in memory.
    place: Option<Place>,
    terminal_sn: String,
}

impl Open {
    fn reopen(&mut self) -> Result<()> {
        if self.database.is_none() {
            let place = self.place.as_ref().ok_or_else(|| damaged("it was in memory"))?;
            let terminal_sn = self.terminal_sn.as_str();
            self.database = Some(place.database(|found| check(found, terminal_sn), |new| begin(new, terminal_sn))?);
        }
        Ok(())
    }
}

impl Journal {
    /// Opens the journal of `terminal_sn` in `directory`, and makes both when they are not there.
    pub fn open(directory: &Path, terminal_sn: &str) -> Result<Self> {
        Self::at(Place::take(directory, terminal_sn)?, terminal_sn)
    }

    fn at(place: Place, terminal_sn: &str) -> Result<Self> {
        let mut open = Open { database: None, place: Some(place), terminal_sn: terminal_sn.to_owned() };
        open.reopen()?;
        Ok(Self(Arc::new(RwLock::new(Some(open)))))
    }

    /// Forgets everything at the end: for tests.
    pub fn in_memory(terminal_sn: &str) -> Result<Self> {
        let database =
            Database::builder().create_with_backend(redb::backends::InMemoryBackend::new()).map_err(storage)?;
        begin(&database, terminal_sn)?;
        let open = Open { database: Some(database), place: None, terminal_sn: terminal_sn.to_owned() };
        Ok(Self(Arc::new(RwLock::new(Some(open)))))
    }

    /// Lets the file and its lock go. Later calls say UPAY_E_CLOSED.
    pub fn close(&self) {
        let open = self.0.write().take();
        drop(open);
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T>) -> Result<T> {
        let closed = || Error::new(UPAY_E_CLOSED, "the client is stopped");
        let mut open = self.0.read();
        if open.as_ref().ok_or_else(closed)?.database.is_none() {
            drop(open);
            self.0.write().as_mut().ok_or_else(closed)?.reopen()?;
            open = self.0.read();
        }
        let database = open.as_ref().ok_or_else(closed)?.database.as_ref();
        work(database.ok_or_else(|| damaged("it could not be opened again"))?)
    }

    /// Records an order that is about to be sent for the first time; an error means that it must not be sent.
    pub fn begin_order(&self, record: &Record) -> Result<()> {
        let durability = if bug!(OrderNotSynced) { Durability::None } else { Durability::Immediate };
        self.write(durability, |tables| match tables.get(&record.client_sn)? {
            Some(earlier) if earlier.state != State::NotSent => Err(Error::new(
                UPAY_E_DUPLICATE,
                "client_sn: was sent before, and is never sent twice; take a new one",
            )),
            _ => tables.put(record),
        })
    }

    /// Tried once more with the store opened anew when the disk fails: a record that is put is owed.
    pub fn put(&self, record: &Record) -> Result<()> {
        let put = || self.write(Durability::Immediate, |tables| tables.put(record));
        put().or_else(|error| if error.status == UPAY_E_STORAGE { put() } else { Err(error) })
    }

    /// Changes what is there, and leaves alone what others have changed since.
    pub fn amend(&self, key: &str, change: impl FnOnce(&mut Record)) -> Result<()> {
        self.write(Durability::Immediate, |tables| match tables.get(key)? {
            Some(mut record) => {
                change(&mut record);
                tables.put(&record)
            }
            None => Ok(()),
        })
    }

    /// The host has heard what became of the order, if that is still what `heard` accepts. Reaches the disk with the next
    /// record, or with [`Journal::flush`]: a crash in between makes the host hear it again.
    pub fn told(&self, key: &str, heard: impl FnOnce(Fate) -> bool) -> Result<()> {
        self.write(Durability::None, |tables| match tables.get(key)? {
            Some(mut record) if record.is_untold() && record.fate.is_some_and(heard) => {
                record.told = true;
                tables.put(&record)
            }
            _ => Ok(()),
        })
    }

    pub fn flush(&self) -> Result<()> {
        self.write(Durability::Immediate, |_| Ok(()))
    }

    pub fn get(&self, key: &str) -> Result<Option<Record>> {
        self.with(|database| {
            let read = database.begin_read().map_err(storage)?;
            let orders = read.open_table(ORDERS).map_err(storage)?;
            let record = orders.get(key).map_err(storage)?;
            record.map(|record| parse(record.value())).transpose()
        })
    }

    /// The order of ours that the gateway calls `sn`, as far as it has told.
    pub fn called(&self, sn: &str) -> Result<Option<Record>> {
        self.with(|database| {
            let read = database.begin_read().map_err(storage)?;
            let orders = read.open_table(ORDERS).map_err(storage)?;
            for entry in orders.iter().map_err(storage)? {
                let (_, record) = entry.map_err(storage)?;
                let record = parse(record.value())?;
                let ours = record.refund.is_none() && sn_of(&record.client_sn).is_none();
                if ours && record.data.iter().any(|(key, value)| key == "sn" && value == sn) {
                    return Ok(Some(record));
                }
            }
            Ok(None)
        })
    }

    /// Every record that is open, or whose verdict the host has not heard.
    pub fn pending(&self) -> Result<Vec<Record>> {
        self.with(|database| {
            let read = database.begin_read().map_err(storage)?;
            let pending = read.open_table(PENDING).map_err(storage)?;
            let orders = read.open_table(ORDERS).map_err(storage)?;
            let mut records = Vec::with_capacity(pending.len().map_err(storage)? as usize);
            for entry in pending.iter().map_err(storage)? {
                let (client_sn, ()) = entry.map(|(key, _)| (key, ())).map_err(storage)?;
                let record = orders.get(client_sn.value()).map_err(storage)?;
                let record = record.ok_or_else(|| damaged("an open order has no record"))?;
                records.push(parse(record.value())?);
            }
            Ok(records)
        })
    }

    /// Forgets what ended more than `days` ago. A clock that has jumped ahead forgets nothing that the newest record does
    /// not bear out; the last day's do not count, because by them the clock that has just jumped would bear itself out.
    /// Returns how many were forgotten.
    pub fn prune(&self, days: u64, wall_ms: u64) -> Result<usize> {
        let ended = self.with(|database| {
            let read = database.begin_read().map_err(storage)?;
            let orders = read.open_table(ORDERS).map_err(storage)?;
            let mut ended = Vec::new();
            let mut newest_ms = 0;
            for entry in orders.iter().map_err(storage)? {
                let (key, record) = entry.map_err(storage)?;
                let record = parse(record.value())?;
                if record.began_ms < wall_ms.saturating_sub(DAY_MS) {
                    newest_ms = newest_ms.max(record.began_ms);
                }
                if !record.is_pending() {
                    ended.push((record.began_ms, key.value().to_owned()));
                }
            }
            let until_ms = newest_ms.min(wall_ms).saturating_sub(days.saturating_mul(DAY_MS));
            ended.retain(|(began_ms, _)| *began_ms < until_ms);
            Ok(ended)
        })?;
        // In small steps, so that a payment that begins meanwhile does not wait for all of them.
        for some in ended.chunks(PRUNED_AT_ONCE) {
            self.write(Durability::Immediate, |tables| {
                some.iter().try_for_each(|(began_ms, key)| tables.forget(key, *began_ms))
            })?;
        }
        Ok(ended.len())
    }

    fn write(&self, durability: Durability, work: impl FnOnce(&mut Tables<'_>) -> Result<()>) -> Result<()> {
        let written = self.with(|database| {
            let mut write = database.begin_write().map_err(storage)?;
            write.set_durability(durability).map_err(storage)?;
            // A commit counts once it is whole: a damaged one is then damage, and not taken for one that never was.
            write.set_two_phase_commit(true);
            {
                let mut tables = Tables {
                    orders: write.open_table(ORDERS).map_err(storage)?,
                    pending: write.open_table(PENDING).map_err(storage)?,
                    about: write.open_table(ABOUT).map_err(storage)?,
                };
                work(&mut tables)?;
            }
            write.commit().map_err(storage)
        });
        if written.as_ref().is_err_and(|error| error.status == UPAY_E_STORAGE) {
            if let Some(open) = self.0.write().as_mut().filter(|open| open.place.is_some()) {
                open.database = None;
            }
        }
        written
    }
}

struct Tables<'a> {
    orders: redb::Table<'a, &'static str, &'static [u8]>,
    pending: redb::Table<'a, &'static str, ()>,
    about: redb::Table<'a, &'static str, &'static str>,
}

impl Tables<'_> {
    fn put_about(&mut self, key: &str, value: &str) -> Result<()> {
        self.about.insert(key, value).map_err(storage)?;
        Ok(())
    }

    fn get(&self, client_sn: &str) -> Result<Option<Record>> {
        let record = self.orders.get(client_sn).map_err(storage)?;
        record.map(|record| parse(record.value())).transpose()
    }

    /// Unless it has begun anew, or has news, since it was looked at.
    fn forget(&mut self, key: &str, began_ms: u64) -> Result<()> {
        let record = self.get(key)?;
        if record.is_some_and(|record| record.began_ms == began_ms && !record.is_pending()) {
            self.orders.remove(key).map_err(storage)?;
        }
        Ok(())
    }

    fn put(&mut self, record: &Record) -> Result<()> {
        let bytes = serde_json::to_vec(record).map_err(|error| Error::new(UPAY_E_STORAGE, error.to_string()))?;
        let key = record.key();
        let key = key.as_str();
        self.orders.insert(key, bytes.as_slice()).map_err(storage)?;
        if record.is_pending() {
            self.pending.insert(key, ()).map_err(storage)?;
        } else {
            self.pending.remove(key).map_err(storage)?;
        }
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> Result<Record> {
    serde_json::from_slice(bytes).map_err(|_| damaged("a record is unreadable"))
}

/// Makes a new, empty journal.
fn begin(database: &Database, terminal_sn: &str) -> Result<()> {
    let write = database.begin_write().map_err(storage)?;
    {
        let mut about = write.open_table(ABOUT).map_err(storage)?;
        about.insert("format", FORMAT).map_err(storage)?;
        about.insert("terminal_sn", terminal_sn).map_err(storage)?;
        write.open_table(ORDERS).map_err(storage)?;
        write.open_table(PENDING).map_err(storage)?;
    }
    write.commit().map_err(storage)
}

/// The file is a journal, of this terminal, and whole.
fn check(database: &mut Database, terminal_sn: &str) -> Result<()> {
    if !database.check_integrity().map_err(storage)? {
        return Err(damaged("its checksums do not match"));
    }
    if check_format(database)? != terminal_sn {
        return Err(damaged("it belongs to another terminal"));
    }
    let read = database.begin_read().map_err(storage)?;
    let orders = read.open_table(ORDERS).map_err(storage)?;
    for entry in orders.iter().map_err(storage)? {
        let (_, record) = entry.map_err(storage)?;
        parse(record.value())?;
    }
    Ok(())
}

/// The file is a journal of this library; gives its terminal_sn.
fn check_format(database: &Database) -> Result<String> {
    let read = database.begin_read().map_err(storage)?;
    let about = read.open_table(ABOUT).map_err(|_| damaged("it is not a journal of this library"))?;
    let said = |key: &str| -> Result<String> {
        let value = about.get(key).map_err(storage)?;
        Ok(value.map(|value| value.value().to_owned()).unwrap_or_default())
    };
    if said("format")? != FORMAT {
        return Err(damaged("it was written by another version of this library"));
    }
    said("terminal_sn")
}

fn damaged(what: &str) -> Error {
    Error::new(UPAY_E_STORAGE, format!("the journal cannot be used and is left as it is: {what}"))
}

fn storage(error: impl Into<redb::Error>) -> Error {
    Error::new(UPAY_E_STORAGE, format!("the journal: {}", error.into()))
}

#[cfg(test)]
mod tests;
