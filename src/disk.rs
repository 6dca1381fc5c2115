//! What the journal needs of the file system. Only the owner can read what is created here.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use redb::backends::FileBackend;
use redb::StorageBackend;

/// An exclusive lock on a file, held until this is dropped.
pub struct Lock(#[expect(dead_code, reason = "the file is the lock")] File);

/// Creates the directory and its parents.
pub fn directory(path: &Path) -> io::Result<()> {
    private::directory(path)
}

/// Locks the file, and creates it if it does not exist. Fails at once if another process holds the lock.
pub fn lock(path: &Path) -> Result<Lock, TryLockError> {
    let file = private::file(path).map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(Lock(file))
}

pub fn exists(path: &Path) -> bool {
    path.exists()
}

pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}

/// Opens the file, and creates an empty one if it does not exist.
pub fn open(path: &Path) -> io::Result<impl StorageBackend> {
    FileBackend::new(private::file(path)?).map_err(io::Error::other)
}

pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// When this returns, the names of the directory's files are on disk.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    private::sync_directory(path)
}

#[cfg(unix)]
mod private {
    //! Only the owner can read the files.

    use super::*;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};

    pub fn directory(path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return tighten(path);
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    /// A directory that contains nothing but journals becomes private. One that is shared with other files keeps its
    /// permissions; the journal's files in it are private all the same.
    fn tighten(path: &Path) -> io::Result<()> {
        for entry in std::fs::read_dir(path)? {
            let name = std::path::PathBuf::from(entry?.file_name());
            let ours = ["journal", "lock", "new"].map(Some);
            if !ours.contains(&name.extension().and_then(|extension| extension.to_str())) {
                crate::log::warn(format_args!(
                    "state_dir contains other files too: its permissions are left unchanged"
                ));
                return Ok(());
            }
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
    }

    pub fn file(path: &Path) -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }

    pub fn sync_directory(path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

#[cfg(not(unix))]
mod private {
    //! On Windows a new file inherits the access rights of its directory. The user's own profile is private. Whoever
    //! installs the till makes a state_dir elsewhere private.

    use super::*;

    pub fn directory(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    pub fn file(path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
    }

    /// Nothing to do: the draft's content was flushed, and NTFS journals the names itself.
    pub fn sync_directory(_path: &Path) -> io::Result<()> {
        Ok(())
    }
}
