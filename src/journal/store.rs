//! The tables of a journal in redb, and what makes a file a journal.

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::*;

/// The record's key as text → the record, as JSON.
pub(super) const ORDERS: TableDefinition<&str, &[u8]> = TableDefinition::new("orders");
/// The key of each record that the next start has to look at.
pub(super) const PENDING: TableDefinition<&str, ()> = TableDefinition::new("pending");
/// What this file is: `format` and `terminal_sn`; and the terminal's keys.
pub(super) const ABOUT: TableDefinition<&str, &str> = TableDefinition::new("about");
const FORMAT: &str = "upay journal 2";

pub(super) const DAY_MS: u64 = 24 * 3600 * 1000;
/// Records that one transaction forgets.
pub(super) const PRUNED_AT_ONCE: usize = 256;

pub(super) type Orders = redb::ReadOnlyTable<&'static str, &'static [u8]>;
pub(super) type Pending = redb::ReadOnlyTable<&'static str, ()>;

pub(super) fn get(orders: &impl ReadableTable<&'static str, &'static [u8]>, key: &str) -> Result<Option<Record>> {
    let record = orders.get(key).map_err(storage)?;
    record.map(|record| parse(record.value())).transpose()
}

pub(super) struct Tables<'a> {
    pub orders: redb::Table<'a, &'static str, &'static [u8]>,
    pub pending: redb::Table<'a, &'static str, ()>,
    pub about: redb::Table<'a, &'static str, &'static str>,
}

impl Tables<'_> {
    pub fn put_about(&mut self, key: &str, value: &str) -> Result<()> {
        self.about.insert(key, value).map_err(storage)?;
        Ok(())
    }

    /// Unless it has begun anew, or has news, since it was looked at.
    pub fn forget(&mut self, key: &str, until_ms: u64) -> Result<()> {
        if get(&self.orders, key)?.is_some_and(|record| is_old(&record, until_ms)) {
            self.orders.remove(key).map_err(storage)?;
        }
        Ok(())
    }

    pub fn put(&mut self, record: &Record) -> Result<()> {
        let bytes = serde_json::to_vec(record).map_err(|error| Error::new(UPAY_E_STORAGE, error.to_string()))?;
        let key = record.key.text();
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

/// It ended, the host has heard so, and it began before that time.
pub(super) fn is_old(record: &Record, until_ms: u64) -> bool {
    let began_ms = match record.stage {
        Stage::Ended(Resolution::NotSent(_)) => Some(record.began_gateway_ms.unwrap_or(record.began_ms)),
        _ => record.began_gateway_ms,
    };
    !record.is_pending() && began_ms.is_some_and(|began_ms| began_ms < until_ms)
}

pub(super) fn parse(bytes: &[u8]) -> Result<Record> {
    serde_json::from_slice(bytes).map_err(|_| damaged("a record is unreadable"))
}

/// Makes a new, empty journal.
pub(super) fn begin(database: &Database, terminal_sn: &str) -> Result<()> {
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
pub(super) fn check(database: &mut Database, terminal_sn: &str) -> Result<()> {
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
pub(super) fn check_format(database: &Database) -> Result<String> {
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

pub(super) fn damaged(what: &str) -> Error {
    Error::new(UPAY_E_STORAGE, format!("the journal cannot be used and is left as it is: {what}"))
}

pub(super) fn storage(error: impl Into<redb::Error>) -> Error {
    Error::new(UPAY_E_STORAGE, format!("the journal: {}", error.into()))
}
