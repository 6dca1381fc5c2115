//! The journal's place on disk: the directory, the lock, and opening without ever changing what cannot be used.

use std::fs::TryLockError;
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use redb::backends::InMemoryBackend;
use redb::{Database, StorageBackend};

use super::store::damaged;
use crate::abi::*;
use crate::disk;
use crate::error::{Error, Result};

/// A terminal's place, locked against every other client and process.
pub struct Place {
    directory: PathBuf,
    journal: PathBuf,
    _lock: disk::Lock,
}

impl Place {
    pub fn take(directory: &Path, terminal_sn: &str) -> Result<Self> {
        Self::named(directory, &file_name(terminal_sn))
    }

    pub fn exists(directory: &Path, terminal_sn: &str) -> bool {
        disk::exists(&directory.join(format!("{}.journal", file_name(terminal_sn))))
    }

    pub fn named(directory: &Path, name: &str) -> Result<Self> {
        disk::directory(directory).map_err(|error| failed("make", directory, &error))?;
        let lock_path = directory.join(format!("{name}.lock"));
        let lock = disk::lock(&lock_path).map_err(|error| match error {
            TryLockError::WouldBlock => {
                Error::new(UPAY_E_LOCKED, "state_dir: another client or process has this terminal")
            }
            TryLockError::Error(error) => failed("lock", &lock_path, &error),
        })?;
        Ok(Self { journal: directory.join(format!("{name}.journal")), directory: directory.to_owned(), _lock: lock })
    }

    /// Opens the journal. What is there is checked on a copy first.
    pub fn database(
        &self,
        check: impl FnOnce(&mut Database) -> Result<()>,
        begin: impl FnOnce(&Database) -> Result<()>,
    ) -> Result<Database> {
        match disk::read(&self.journal) {
            Ok(bytes) => {
                on_copy(&bytes, check)?;
                // An earlier start may have ended between giving the file its name and putting that name on disk.
                disk::sync_directory(&self.directory).map_err(|error| failed("sync", &self.directory, &error))?;
                self.open(&self.journal)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make(begin),
            Err(error) => Err(failed("read", &self.journal, &error)),
        }
    }

    fn open(&self, path: &Path) -> Result<Database> {
        let file = disk::open(path).map_err(|error| failed("open", path, &error))?;
        Database::builder().create_with_backend(file).map_err(super::store::storage)
    }

    /// A new journal appears whole or not at all: an empty or half-written one is damage.
    fn make(&self, begin: impl FnOnce(&Database) -> Result<()>) -> Result<Database> {
        drop(self.draft(begin)?);
        self.become_journal(self)?;
        self.open(&self.journal)
    }

    fn draft_path(&self) -> PathBuf {
        self.journal.with_extension("new")
    }

    pub fn draft(&self, begin: impl FnOnce(&Database) -> Result<()>) -> Result<Database> {
        let draft = self.draft_path();
        match disk::remove(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("make", &draft, &error)),
            _ => {}
        }
        let database = self.open(&draft)?;
        begin(&database)?;
        Ok(database)
    }

    /// The draft that was made here is the journal there from now on.
    pub fn become_journal(&self, there: &Place) -> Result<()> {
        let draft = self.draft_path();
        let renamed = disk::rename(&draft, &there.journal);
        let synced = renamed.and_then(|()| disk::sync_directory(&there.directory));
        synced.map_err(|error| failed("make", &draft, &error))
    }

    pub fn is_made(&self) -> bool {
        disk::exists(&self.journal)
    }

    /// What is left of a draft is in nobody's way: the next one takes its place.
    pub fn discard(&self) {
        let _ = disk::remove(&self.draft_path());
    }
}

/// Opens a copy in memory, because opening repairs and so writes.
pub fn on_copy<T>(bytes: &[u8], look: impl FnOnce(&mut Database) -> Result<T>) -> Result<T> {
    if bytes.is_empty() {
        return Err(damaged("it is empty"));
    }
    let copy = InMemoryBackend::new();
    let filled = copy.set_len(bytes.len() as u64).and_then(|()| copy.write(0, bytes));
    filled.map_err(|error| Error::new(UPAY_E_STORAGE, format!("the journal: {error}")))?;
    // Nonsense in the file may make the reader panic; that is damage too.
    let checked = catch_unwind(AssertUnwindSafe(|| {
        let mut database =
            Database::builder().create_with_backend(copy).map_err(|error| damaged(&error.to_string()))?;
        look(&mut database)
    }));
    checked.unwrap_or_else(|_| Err(damaged("it is unreadable")))
}

/// Small letters and digits stay; anything else goes as its code, because some file systems take capitals for small
/// letters. The prefix keeps clear of names that Windows keeps for devices.
fn file_name(terminal_sn: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'-' => char::from(byte).to_string(),
        other => format!("_{other:02x}"),
    };
    format!("terminal-{}", terminal_sn.bytes().map(byte).collect::<String>())
}

pub fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    // Not in the system's own words, which are in its user's language and so not ASCII.
    let code = error.raw_os_error().map_or_else(String::new, |code| format!(" (os error {code})"));
    let (path, kind) = (path.display(), error.kind());
    Error::new(UPAY_E_STORAGE, format!("state_dir: cannot {what} {path}: {kind}{code}"))
}
