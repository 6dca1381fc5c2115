//! What the journal needs of the file system. What it makes is for its owner alone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use redb::backends::FileBackend;
use redb::StorageBackend;

/// Held for as long as it lives.
pub struct Lock(#[expect(dead_code, reason = "the file is the lock")] File);

/// Makes it, with all that leads to it.
pub fn directory(path: &Path) -> io::Result<()> {
    private::directory(path)
}

/// Makes the file when it is not there.
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

/// Makes an empty file when there is none.
pub fn open(path: &Path) -> io::Result<impl StorageBackend> {
    FileBackend::new(private::file(path)?).map_err(io::Error::other)
}

pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// The names in it are on disk.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    private::sync_directory(path)
}

#[cfg(unix)]
mod private {
    //! Readable by the owner alone.

    use super::*;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};

    pub fn directory(path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return tighten(path);
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    /// A directory that holds nothing but journals is ours to close; one that is shared with others is left as it is,
    /// and its files are private all the same.
    fn tighten(path: &Path) -> io::Result<()> {
        for entry in std::fs::read_dir(path)? {
            let name = std::path::PathBuf::from(entry?.file_name());
            let ours = ["journal", "lock", "new"].map(Some);
            if !ours.contains(&name.extension().and_then(|extension| extension.to_str())) {
                crate::log::warn(format_args!(
                    "state_dir is shared with other files: its own permissions are left as they are"
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
    //! Windows gives a new file the access rights of its directory: the user's own profile is private, and a state_dir
    //! elsewhere has to be made private by whoever installs the till.

    use super::*;

    pub fn directory(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    pub fn file(path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
    }

    /// Nothing to do: the draft was flushed, and NTFS keeps a journal of its own for names.
    pub fn sync_directory(_path: &Path) -> io::Result<()> {
        Ok(())
    }
}
