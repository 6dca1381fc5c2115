//! The journal: every order that was ever sent, what is still open of it, what the host has not heard yet, and the terminal's
//! keys. A record is on disk before its request leaves: a crash at any instant leaves either no record and nothing sent, or a
//! record that the next start resolves.
//!
//! One file a terminal, in redb, readable by its owner alone. It holds no barcode and no payer's account.

mod file;
mod key_sets;
mod store;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use redb::{Database, Durability as Commit, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use crate::abi::*;
use crate::error::{Error, Result};
use crate::record::{OrderKey, Record, Resolution, Stage};
use file::Place;
pub use key_sets::{activated, terminals, ActivationPlace};
use store::*;

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

    /// As `open`; `None` when there is no journal of this terminal.
    pub fn open_existing(directory: &Path, terminal_sn: &str) -> Result<Option<Self>> {
        if !Place::exists(directory, terminal_sn) {
            return Ok(None);
        }
        Self::open(directory, terminal_sn).map(Some)
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

    fn read<T>(&self, work: impl FnOnce(&Orders, &Pending) -> Result<T>) -> Result<T> {
        let read = self.with(|database| {
            let read = database.begin_read().map_err(storage)?;
            let orders = read.open_table(ORDERS).map_err(storage)?;
            work(&orders, &read.open_table(PENDING).map_err(storage)?)
        });
        self.reopen_after(&read);
        read
    }

    /// After a failure the store takes no more. It is opened anew at the next call.
    fn reopen_after<T>(&self, outcome: &Result<T>) {
        if outcome.as_ref().is_err_and(|error| error.status == UPAY_E_STORAGE) {
            if let Some(open) = self.0.write().as_mut().filter(|open| open.place.is_some()) {
                open.database = None;
            }
        }
    }

    /// On disk when it returns. Tried once more with the store opened anew when the disk fails: what is put counts.
    pub fn put(&self, record: &Record) -> Result<()> {
        let put = || self.write(Commit::Immediate, |tables| tables.put(record));
        put().or_else(|error| if error.status == UPAY_E_STORAGE { put() } else { Err(error) })
    }

    /// Reaches the disk with the next record, or with [`Journal::flush`].
    pub fn put_lazily(&self, record: &Record) -> Result<()> {
        self.write(Commit::None, |tables| tables.put(record))
    }

    pub fn flush(&self) -> Result<()> {
        self.write(Commit::Immediate, |_| Ok(()))
    }

    pub fn get(&self, key: &OrderKey) -> Result<Option<Record>> {
        self.read(|orders, _| get(orders, &key.text()))
    }

    /// A refund's record, and the sum of the order's other refunds that are known to be done.
    pub fn get_refund(&self, key: &OrderKey) -> Result<(Option<Record>, u64)> {
        self.read(|orders, _| {
            let prefix = format!("{} refund ", key.order().text());
            let mut returned: u64 = 0;
            for entry in orders.range(prefix.as_str()..).map_err(storage)? {
                let (text, record) = entry.map_err(storage)?;
                if !text.value().starts_with(&prefix) {
                    break;
                }
                let record = parse(record.value())?;
                let amount = record.refund.as_ref().and_then(|refund| refund.refund_amount.parse::<u64>().ok());
                if record.key != *key && record.resolution() == Some(Resolution::Refunded) {
                    returned = returned.saturating_add(amount.unwrap_or_default());
                }
            }
            Ok((get(orders, &key.text())?, returned))
        })
    }

    /// The numbers of all orders that may have been sent.
    pub fn sent(&self) -> Result<Vec<String>> {
        self.read(|orders, _| {
            let mut sent = Vec::new();
            for entry in orders.iter().map_err(storage)? {
                let record = parse(entry.map_err(storage)?.1.value())?;
                if let (OrderKey::ClientSn(client_sn), false) = (&record.key, record.was_not_sent()) {
                    sent.push(client_sn.clone());
                }
            }
            Ok(sent)
        })
    }

    /// The order that the gateway calls `sn`: one of the host's own, as far as the gateway has told, or one that is known by
    /// that number alone.
    pub fn called(&self, sn: &str) -> Result<Option<Record>> {
        self.read(|orders, _| {
            for entry in orders.iter().map_err(storage)? {
                let (_, record) = entry.map_err(storage)?;
                let record = parse(record.value())?;
                let named = || record.data.iter().any(|(key, value)| key == "sn" && value == sn);
                if matches!(record.key, OrderKey::ClientSn(_)) && named() {
                    return Ok(Some(record));
                }
            }
            get(orders, &OrderKey::Sn(sn.to_owned()).text())
        })
    }

    /// Every record that the next start has to look at.
    pub fn pending(&self) -> Result<Vec<Record>> {
        self.read(|orders, pending| {
            let mut records = Vec::with_capacity(pending.len().map_err(storage)? as usize);
            for entry in pending.iter().map_err(storage)? {
                let (key, _) = entry.map_err(storage)?;
                records.push(get(orders, key.value())?.ok_or_else(|| damaged("an open order has no record"))?);
            }
            Ok(records)
        })
    }

    /// Forgets what ended and began more than `days` ago. `now_ms` is the gateway's time, and ages are counted by it: this
    /// machine's calendar may be wrong. Of an order that was never sent no answer has told the time; its age is counted by
    /// this machine's calendar, because nothing is lost with it. Returns how many were forgotten.
    pub fn prune(&self, days: u64, now_ms: u64) -> Result<usize> {
        let until_ms = now_ms.saturating_sub(days.saturating_mul(DAY_MS));
        let old = self.read(|orders, _| {
            let mut old = Vec::new();
            for entry in orders.iter().map_err(storage)? {
                let (key, record) = entry.map_err(storage)?;
                if is_old(&parse(record.value())?, until_ms) {
                    old.push(key.value().to_owned());
                }
            }
            Ok(old)
        })?;
        // In small steps, so that a payment that begins meanwhile does not wait for all of them.
        for some in old.chunks(PRUNED_AT_ONCE) {
            self.write(Commit::Immediate, |tables| some.iter().try_for_each(|key| tables.forget(key, until_ms)))?;
        }
        Ok(old.len())
    }

    fn write(&self, commit: Commit, work: impl FnOnce(&mut Tables<'_>) -> Result<()>) -> Result<()> {
        let written = self.with(|database| {
            let mut write = database.begin_write().map_err(storage)?;
            write.set_durability(commit).map_err(storage)?;
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
        self.reopen_after(&written);
        written
    }
}
