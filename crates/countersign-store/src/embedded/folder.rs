//! The folder of a store: who may enter it, and that one process at a time owns it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use countersign_core::Fault;

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
        let mut lock = private(&path.join("lock")).map_err(unfit)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path, &mut lock)),
            Err(TryLockError::Error(error)) => return Err(unfit(error)),
        }
        write_owner(&mut lock).map_err(unfit)?;
        // SQLite gives the files beside it (`-wal`, `-shm`) the mode of the database file.
        drop(private(&path.join(DATABASE)).map_err(unfit)?);
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where the erase ledger is.
    pub(super) fn ledger(&self) -> PathBuf {
        self.path.join(LEDGER)
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

#[cfg(unix)]
fn make(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
pub(super) fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(unix)]
pub(super) fn private_new(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
pub(super) fn private_new(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

#[cfg(not(unix))]
pub(super) fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// The erase ledger; no backup holds it.
pub(super) const LEDGER: &str = "erased";
pub(super) const DATABASE: &str = "countersign.db";
