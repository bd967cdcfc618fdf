//! Files that only their owner reads, in a folder that only their owner enters.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

/// The file at `path`, made when it is not there.
#[cfg(unix)]
pub(crate) fn file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::PermissionsExt;
    let file = closed(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(not(unix))]
pub(crate) fn file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// A file that was not there.
pub(crate) fn new_file(path: &Path) -> std::io::Result<File> {
    closed(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// The file at `path`, made when it is not there. Whatever is written goes behind what is there, whoever else writes to it.
pub(crate) fn adding_to(path: &Path) -> std::io::Result<File> {
    closed(OpenOptions::new().append(true).create(true)).open(path)
}

/// Makes the folder, if it is not there.
#[cfg(unix)]
pub(crate) fn folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
pub(crate) fn folder(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

/// Makes it durable that the file at `path` is there, or is not.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(unix)]
fn closed(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
const fn closed(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
