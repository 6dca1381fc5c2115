//! In the place of the library's disk: files that live in the world, forget what was not synced, and fail.

use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

use redb::StorageBackend;

use crate::world;
use crate::world::disk::Fault;

pub struct Lock(PathBuf, u32);

impl Drop for Lock {
    fn drop(&mut self) {
        world::with(|world| world.disk.unlock(&self.0, self.1));
    }
}

pub fn directory(_path: &Path) -> io::Result<()> {
    world::with(|world| world.disk_ready(Fault::Write))
}

pub fn lock(path: &Path) -> Result<Lock, TryLockError> {
    world::with(|world| {
        world.disk_ready(Fault::Write).map_err(TryLockError::Error)?;
        match world.disk.lock(path, world::acting()) {
            true => Ok(Lock(path.to_owned(), world::acting())),
            false => Err(TryLockError::WouldBlock),
        }
    })
}

pub fn exists(path: &Path) -> bool {
    world::with(|world| world.disk.contents(path).is_some())
}

pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    world::with(|world| {
        world.disk_ready(Fault::Read)?;
        world.disk.contents(path).ok_or(io::ErrorKind::NotFound.into())
    })
}

pub fn open(path: &Path) -> io::Result<impl StorageBackend> {
    world::with(|world| {
        world.disk_ready(Fault::Write)?;
        Ok(Open { file: world.disk.open(path), life: world::acting() })
    })
}

pub fn remove(path: &Path) -> io::Result<()> {
    world::with(|world| {
        world.disk_ready(Fault::Write)?;
        world.disk.remove(path).then_some(()).ok_or(io::ErrorKind::NotFound.into())
    })
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    world::with(|world| {
        world.disk_ready(Fault::Write)?;
        world.disk.rename(from, to);
        Ok(())
    })
}

pub fn sync_directory(_path: &Path) -> io::Result<()> {
    world::with(|world| {
        world.may_crash("crash: before a name is on disk");
        world.disk_ready(Fault::Write)?;
        world.disk.sync_names();
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
    fn with<T>(&self, fault: Fault, work: impl FnOnce(&mut world::disk::File) -> T) -> io::Result<T> {
        world::with(|world| {
            if self.life != world.life {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            world.disk_ready(fault)?;
            Ok(work(world.disk.file(self.file)))
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
