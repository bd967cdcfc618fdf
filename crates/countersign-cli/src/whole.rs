//! Files that this command makes: whole and under a name that nobody had, or not at all.
//!
//! What is written stands beside its place under a name of its own until the disk has all of it. So whoever finds
//! a key finds a whole one, whatever happened meanwhile; and a key that is there is never lost to another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use countersign_jose::{base64, primitive};

use crate::given;
use crate::problem::{Problem, Result, code};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner.
    Owner,
    /// Everybody.
    All,
}

/// Writes a new file. One that is there is never overwritten.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result {
    put(path, readers, |file| file.write_all(bytes)).map_err(|error| {
        let problem = Problem::usage(
            code::UNREADABLE,
            format!("could not write `{}`: {}", path.display(), given::why(&error)),
        );
        if error.kind() == ErrorKind::AlreadyExists {
            return problem.hint("a file that is there is never overwritten: choose another name");
        }
        problem
    })
}

fn put(path: &Path, readers: Readers, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::All => 0o644,
    };
    let part = beside(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&part)?;
    let written = fill(&mut file).and_then(|()| file.sync_all()).and_then(|()| name(&part, path));
    // What was renamed is not there any more, and what was linked has its other name.
    let _gone = fs::remove_file(&part);
    written?;
    // The name is durable once its folder is.
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// A link and not a renaming, because it takes the place of nothing.
fn name(part: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(part, path) {
        // As file systems without links say, those of memory sticks.
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) => {
            name_without_links(part, path)
        }
        named => named,
    }
}

/// An empty file takes the name first, so that nothing else is in the place that the renaming takes.
fn name_without_links(part: &Path, path: &Path) -> io::Result<()> {
    File::create_new(path)?;
    fs::rename(part, path).inspect_err(|_| {
        let _gone = fs::remove_file(path);
    })
}

/// A name in the same folder that no other process takes.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut mark = [0; 8];
    primitive::fill_random(&mut mark).map_err(|_| io::Error::other("there is no source of chance"))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", base64::encode(mark)));
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_that_could_not_be_written_to_its_end_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let full = put(&path, Readers::Owner, |file| {
            file.write_all(b"-----BEGIN")?;
            // Nobody else reads the half either, and nobody takes it for the key.
            assert!(!path.exists());
            let part = names(folder.path()).remove(0);
            assert_eq!((part.starts_with("key.pem."), mode(&folder.path().join(part))), (true, 0o600));
            Err(ErrorKind::StorageFull.into())
        });
        assert_eq!(full.unwrap_err().kind(), ErrorKind::StorageFull);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_key_that_is_there_stays_also_when_it_came_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        write(&path, b"one", Readers::Owner).unwrap();
        assert_eq!((names(folder.path()), mode(&path)), (vec!["key.pem".to_owned()], 0o600));
        let problem = write(&path, b"two", Readers::Owner).unwrap_err();
        assert_eq!(problem.code, "CS-6011");
        assert!(problem.hint.unwrap().contains("never overwritten"));
        let late = folder.path().join("late.pem");
        let lost = put(&late, Readers::All, |file| {
            fs::write(&late, b"theirs")?;
            file.write_all(b"ours")
        });
        assert_eq!(lost.unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(
            (fs::read(&path).unwrap(), fs::read(&late).unwrap()),
            (b"one".to_vec(), b"theirs".to_vec())
        );
        assert_eq!(names(folder.path()).len(), 2);
    }

    #[test]
    fn where_there_are_no_links_a_key_is_not_overwritten_either() {
        let folder = tempfile::tempdir().unwrap();
        let (part, path) = (folder.path().join("part"), folder.path().join("key.pem"));
        fs::write(&part, b"one").unwrap();
        name_without_links(&part, &path).unwrap();
        assert_eq!((fs::read(&path).unwrap(), part.exists()), (b"one".to_vec(), false));
        fs::write(&part, b"two").unwrap();
        assert_eq!(name_without_links(&part, &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        fs::remove_file(&part).unwrap();
        let gone = folder.path().join("gone.pem");
        assert!(name_without_links(&part, &gone).is_err() && !gone.exists());
    }
}
