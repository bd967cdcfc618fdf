//! The folder of a store: who may enter it, and that one process at a time owns it.

#[cfg(unix)]
use std::fs;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use countersign_core::Fault;

use crate::private;

/// A folder that this process owns until the value is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, closes it to others, and takes its lock.
    ///
    /// # Errors
    /// [`Fault::InUse`] when another process owns it; [`Fault::Unfit`] when it cannot be made or written.
    pub(super) fn own(path: &Path) -> Result<Self, Fault> {
        let unfit = |error: std::io::Error| Fault::Unfit(format!("the folder `{}`: {error}", path.display()));
        make(path).map_err(unfit)?;
        let mut lock = private::file(&path.join("lock")).map_err(unfit)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path, &mut lock)),
            Err(TryLockError::Error(error)) => return Err(unfit(error)),
        }
        write_owner(&mut lock).map_err(unfit)?;
        // SQLite gives the files beside it (`-wal`, `-shm`) the mode of the database file.
        drop(private::file(&path.join(DATABASE)).map_err(unfit)?);
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database file is.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }
}

fn in_use(path: &Path, lock: &mut File) -> Fault {
    let mut owner = String::new();
    let known = lock.read_to_string(&mut owner).is_ok() && owner.trim().parse::<u32>().is_ok();
    let whom = if known { format!("process `{}`", owner.trim()) } else { "another process".to_owned() };
    Fault::InUse(format!("`{}` belongs to {whom}", path.display()))
}

fn write_owner(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

/// Makes the folder if it is not there, and closes it to others.
fn make(path: &Path) -> std::io::Result<()> {
    private::folder(path)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

pub(super) const DATABASE: &str = "countersign.db";
