//! The disk: what was synced stays; of the rest a power cut keeps any part.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Default)]
pub struct Disk {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    /// The names that a power cut leaves.
    names_synced: BTreeMap<PathBuf, usize>,
    /// With the process that holds each.
    locks: BTreeMap<PathBuf, u32>,
}

/// What a use of the disk may suffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Never,
    Read,
    Write,
}

#[derive(Default)]
pub struct File {
    now: Vec<u8>,
    synced: Vec<u8>,
    /// Since the last sync; `None`: the length.
    unsynced: Vec<(u64, Option<Vec<u8>>)>,
}

impl File {
    pub fn len(&self) -> u64 {
        self.now.len() as u64
    }

    pub fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = offset as usize;
        let bytes = self.now.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    pub fn set_len(&mut self, len: u64) {
        self.now.resize(len as usize, 0);
        self.unsynced.push((len, None));
    }

    pub fn write(&mut self, offset: u64, data: &[u8]) {
        put(&mut self.now, offset, data);
        self.unsynced.push((offset, Some(data.to_vec())));
    }

    pub fn sync(&mut self) {
        for (offset, data) in std::mem::take(&mut self.unsynced) {
            match data {
                Some(data) => put(&mut self.synced, offset, &data),
                None => self.synced.resize(offset as usize, 0),
            }
        }
    }

    /// Sector by sector, as `keep` says.
    fn lose(&mut self, keep: impl Fn(u64) -> bool) {
        for (offset, data) in std::mem::take(&mut self.unsynced) {
            let Some(data) = data else {
                if keep(offset) || offset as usize > self.synced.len() {
                    self.synced.resize(offset as usize, 0);
                }
                continue;
            };
            for (n, sector) in data.chunks(SECTOR_BYTES).enumerate() {
                let at = offset + (n * SECTOR_BYTES) as u64;
                if keep(at) {
                    put(&mut self.synced, at, sector);
                }
            }
        }
        self.now = self.synced.clone();
    }
}

const SECTOR_BYTES: usize = 512;

fn put(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let (start, end) = (offset as usize, offset as usize + data.len());
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[start..end].copy_from_slice(data);
}

impl Disk {
    pub fn file(&mut self, file: usize) -> &mut File {
        &mut self.files[file]
    }

    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        self.names.get(path).map(|file| self.files[*file].now.clone())
    }

    pub fn open(&mut self, path: &Path) -> usize {
        if let Some(file) = self.names.get(path) {
            return *file;
        }
        self.files.push(File::default());
        self.names.insert(path.to_owned(), self.files.len() - 1);
        self.files.len() - 1
    }

    pub fn remove(&mut self, path: &Path) -> bool {
        self.names.remove(path).is_some()
    }

    pub fn rename(&mut self, from: &Path, to: &Path) {
        if let Some(file) = self.names.remove(from) {
            self.names.insert(to.to_owned(), file);
        }
    }

    pub fn sync_names(&mut self) {
        self.names_synced = self.names.clone();
    }

    pub fn lock(&mut self, path: &Path, life: u32) -> bool {
        match self.locks.get(path) {
            Some(_) => false,
            None => self.locks.insert(path.to_owned(), life).is_none(),
        }
    }

    pub fn unlock(&mut self, path: &Path, life: u32) {
        if self.locks.get(path) == Some(&life) {
            self.locks.remove(path);
        }
    }

    /// The process is gone, and with it its locks.
    pub fn unlock_all(&mut self) {
        self.locks.clear();
    }

    /// `chance`: which of the unsynced sectors were written all the same.
    pub fn lose_power(&mut self, names_too: bool, chance: Option<u32>) {
        if names_too {
            self.names = self.names_synced.clone();
        } else {
            self.names_synced = self.names.clone();
        }
        for file in &mut self.files {
            file.lose(|offset| match chance {
                None => false,
                Some(chance) => mixed(offset ^ (u64::from(chance) << 32)).is_multiple_of(2),
            });
        }
    }
}

/// The bits of a number, well shaken.
fn mixed(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
