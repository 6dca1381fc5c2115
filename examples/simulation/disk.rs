//! In the place of the library's disk, for the runs that have its real journal: files that live in the world, forget what
//! was not synced, and fail.

use std::cell::RefCell;
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

use redb::StorageBackend;

use crate::choices::{Choices, Of};
use crate::world::disk::{self, Disk, Fault};

/// The disk while the journal uses it, with all that decides what goes wrong.
pub struct Room {
    pub disk: Disk,
    pub choices: Choices,
    /// How often a write fails, per mille.
    pub level: u32,
    pub now: u64,
    pub failing_until: u64,
    pub crash_at: Option<(&'static str, u32)>,
    /// The process that uses it.
    pub life: u32,
    /// The process has crashed in the middle: nothing that it does reaches the disk any more.
    pub crashed: Option<&'static str>,
    pub met: Vec<&'static str>,
}

thread_local! {
    static ROOM: RefCell<Option<Room>> = const { RefCell::new(None) };
}

/// The journal works in this room.
pub fn within<T>(room: Room, work: impl FnOnce() -> T) -> (T, Room) {
    ROOM.set(Some(room));
    let done = work();
    (done, ROOM.take().expect("the room that was entered"))
}

fn with<T>(work: impl FnOnce(&mut Room) -> T) -> T {
    ROOM.with_borrow_mut(|room| work(room.as_mut().expect("a room")))
}

impl Room {
    fn may_crash(&mut self, point: &'static str) {
        let next = self.crash_at.as_mut().filter(|(at, left)| *at == point && *left > 0);
        let Some((_, left)) = next else { return };
        *left -= 1;
        if *left == 0 {
            self.crashed = Some(point);
        }
    }

    /// A use of the disk: an error when it fails, or the process is no more.
    fn ready(&mut self, fault: Fault) -> io::Result<()> {
        if fault == Fault::Write {
            self.may_crash("crash: at a write to the disk");
        }
        if self.crashed.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut chance = |level| level > 0 && self.choices.chance(Of::Disk, level);
        let fails = match fault {
            Fault::Never => false,
            Fault::Read => chance(self.level / 16),
            Fault::Write => self.now < self.failing_until || chance(self.level / 4),
        };
        if !fails {
            return Ok(());
        }
        self.met.push(if fault == Fault::Read { "disk: a read fails" } else { "disk: a write fails" });
        if fault == Fault::Write && self.now >= self.failing_until {
            // Often it fails again.
            self.failing_until = self.now + self.choices.one_of(Of::Disk, &[0, 1, 10_000, 120_000]);
        }
        Err(io::Error::other("the disk fails"))
    }
}

pub struct Lock(PathBuf, u32);

impl Drop for Lock {
    fn drop(&mut self) {
        with(|room| room.disk.unlock(&self.0, self.1));
    }
}

pub fn directory(_path: &Path) -> io::Result<()> {
    with(|room| room.ready(Fault::Write))
}

pub fn lock(path: &Path) -> Result<Lock, TryLockError> {
    with(|room| {
        room.ready(Fault::Write).map_err(TryLockError::Error)?;
        match room.disk.lock(path, room.life) {
            true => Ok(Lock(path.to_owned(), room.life)),
            false => Err(TryLockError::WouldBlock),
        }
    })
}

pub fn exists(path: &Path) -> bool {
    with(|room| room.disk.contents(path).is_some())
}

pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    with(|room| {
        room.ready(Fault::Read)?;
        room.disk.contents(path).ok_or(io::ErrorKind::NotFound.into())
    })
}

pub fn open(path: &Path) -> io::Result<impl StorageBackend> {
    with(|room| {
        room.ready(Fault::Write)?;
        Ok(Open { file: room.disk.open(path), life: room.life })
    })
}

pub fn remove(path: &Path) -> io::Result<()> {
    with(|room| {
        room.ready(Fault::Write)?;
        room.disk.remove(path).then_some(()).ok_or(io::ErrorKind::NotFound.into())
    })
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    with(|room| {
        room.ready(Fault::Write)?;
        room.disk.rename(from, to);
        Ok(())
    })
}

pub fn sync_directory(_path: &Path) -> io::Result<()> {
    with(|room| {
        room.may_crash("crash: before a name is on disk");
        room.ready(Fault::Write)?;
        room.disk.sync_names();
        Ok(())
    })
}

/// A file that a process has open: of no use any more once that process is gone.
#[derive(Debug)]
struct Open {
    file: usize,
    life: u32,
}

impl Open {
    fn with<T>(&self, fault: Fault, work: impl FnOnce(&mut disk::File) -> T) -> io::Result<T> {
        with(|room| {
            if self.life != room.life {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            room.ready(fault)?;
            Ok(work(room.disk.file(self.file)))
        })
    }
}

impl StorageBackend for Open {
    fn len(&self) -> io::Result<u64> {
        self.with(Fault::Never, |file| file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(Fault::Read, |file| file.read(offset, out))?
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(Fault::Write, |file| file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(Fault::Write, |file| file.sync())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(Fault::Write, |file| file.write(offset, data))
    }
}
