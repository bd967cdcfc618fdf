//! The master key of development: it lies beside the data it seals, fit for trying things out and nothing else.
//!
//! Made whole or not at all: written elsewhere, made durable, then given its name, which no file that is there loses. A store
//! without its key opens for nobody, so none is made beside a store that must have been sealed under another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use countersign_core::Fault;
use countersign_core::port::Entropy;
use countersign_jose::primitive::base64;

use crate::outside::SystemEntropy;
use crate::secret::MasterKey;

/// What the file is called, in the folder of the store.
pub const DEV_KEY: &str = "dev-master.key";

/// The database of a store that lies in a folder.
const DATABASE: &str = "countersign.db";

impl MasterKey {
    /// The key of development in `folder`, made when neither it nor a store is there.
    ///
    /// # Errors
    /// [`Fault::Unfit`]: the file cannot be read or made, or is no key; it is empty; it is missing beside a store.
    pub fn of_development(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(DEV_KEY);
        let unfit = |why: io::Error| Fault::Unfit(format!("the key `{}`: {why}", path.display()));
        // Looked at first: whoever starts at the same moment makes the key before the store.
        let sealed = fs::metadata(folder.join(DATABASE)).is_ok_and(|database| database.len() > 0);
        if let Some(key) = found(&path, sealed)? {
            return Ok(key);
        }
        if sealed {
            return Err(lost(&path, "is not there", sealed));
        }
        make_folder(folder).map_err(unfit)?;
        let key = Self::generate(&SystemEntropy)?;
        match write_whole(&path, format!("{}\n", &*key.reveal()).as_bytes()) {
            Ok(()) => Ok(key),
            // Another process that started at the same moment was first.
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {
                found(&path, sealed)?.ok_or_else(|| unfit(ErrorKind::NotFound.into()))
            }
            Err(why) => Err(unfit(why)),
        }
    }
}

/// The key in the file; none when the file is not there.
fn found(path: &Path, sealed: bool) -> Result<Option<MasterKey>, Fault> {
    let unfit = |why: &dyn std::fmt::Display| Fault::Unfit(format!("the key `{}`: {why}", path.display()));
    match fs::read_to_string(path) {
        // Cut short when it was made, by a version that did not make it whole.
        Ok(text) if text.trim().is_empty() => Err(lost(path, "is empty", sealed)),
        Ok(text) => MasterKey::parse(&text).map(Some).map_err(|why| unfit(&why)),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(unfit(&why)),
    }
}

fn lost(path: &Path, what: &str, sealed: bool) -> Fault {
    let hint = if sealed {
        "a store without its key opens for nobody: put the key back, or remove the folder"
    } else {
        "there is no store beside it, so nothing is sealed under it: remove it, and another one is made"
    };
    Fault::Unfit(format!("the key `{}` {what}; {hint}", path.display()))
}

/// Writes a new file that only its owner reads; all of it is there, or none.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path)?;
    // A link and not a renaming: it takes the place of nothing.
    let written = private(&beside, bytes).and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside);
    written?;
    // The name is durable once its folder is.
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// A name in the same folder that no other process takes.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut mark = [0; 8];
    SystemEntropy.fill(&mut mark).map_err(|_| io::Error::other("there is no source of chance"))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", base64::encode(mark.as_slice())));
    Ok(path.with_file_name(name))
}

fn private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The folder of a store is its owner's alone.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut making = fs::DirBuilder::new();
    making.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
    making.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_key_is_made_once_whole_and_only_its_owner_reads_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("new");
        let made = MasterKey::of_development(&folder).unwrap();
        assert_eq!(*made.reveal(), *MasterKey::of_development(&folder).unwrap().reveal());
        assert_eq!(names(&folder), [DEV_KEY], "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&folder), mode(&folder.join(DEV_KEY))), (0o700, 0o600));
        }
    }

    #[test]
    fn of_many_who_start_at_once_all_have_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let start = std::sync::Barrier::new(8);
        let keys: Vec<String> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                MasterKey::of_development(folder.path()).unwrap().reveal().to_string()
            };
            let all: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(names(folder.path()), [DEV_KEY]);
    }

    #[test]
    fn a_key_that_is_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DEV_KEY);
        fs::write(&path, "mine").unwrap();
        assert_eq!(write_whole(&path, b"another").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        let why = MasterKey::of_development(folder.path()).unwrap_err().to_string();
        assert!(why.contains(DEV_KEY) && why.contains("43"), "{why}");
        assert_eq!(names(folder.path()), [DEV_KEY]);
    }

    #[test]
    fn an_empty_or_missing_key_is_told_with_what_to_do_and_none_is_made_beside_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let (path, database) = (folder.path().join(DEV_KEY), folder.path().join(DATABASE));
        let why = || MasterKey::of_development(folder.path()).unwrap_err().to_string();
        fs::write(&path, "").unwrap();
        assert!(why().contains("is empty; there is no store beside it"), "{}", why());
        fs::remove_file(&path).unwrap();
        // Made by whoever took the lock of the folder, and nothing is in it yet.
        fs::write(&database, "").unwrap();
        let made = MasterKey::of_development(folder.path()).unwrap();
        fs::write(&database, "sealed").unwrap();
        assert_eq!(*made.reveal(), *MasterKey::of_development(folder.path()).unwrap().reveal());
        fs::write(&path, "\n").unwrap();
        assert!(why().contains("is empty; a store without its key opens for nobody"), "{}", why());
        fs::remove_file(&path).unwrap();
        assert!(why().contains("is not there; a store without its key opens for nobody"), "{}", why());
        assert!(!path.exists());
    }
}
