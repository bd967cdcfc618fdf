//! The erase ledger: who was erased, in a file beside the database that no backup holds, so that restoring an older state
//! does not bring them back (GDPR article 17).
//!
//! One line each: SHA-256 over the opaque subject, which leads to nobody and cannot be counted through. A line is on disk
//! before the commit that erases; a commit that fails after it leaves a line too many, and the person was to be erased.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use countersign_core::Fault;
use countersign_core::id::Subject;
use countersign_jose::primitive::sha256;

use super::folder::private;

/// The file, open for adding.
#[derive(Debug)]
pub(super) struct Ledger(Option<File>);

impl Ledger {
    /// No ledger, for what is in memory: no older state of it can come back.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// Opens the ledger at `path`; a line that a crash cut short is closed, so that the next one stands alone.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let open = || {
            let mut file = private(path)?;
            let end = file.seek(SeekFrom::End(0))?;
            if end > 0 {
                let mut last = [0];
                file.seek(SeekFrom::End(-1))?;
                file.read_exact(&mut last)?;
                if last != *b"\n" {
                    file.write_all(b"\n")?;
                }
            }
            Ok(file)
        };
        open().map(|file| Self(Some(file))).map_err(|error| unwritten(&error))
    }

    /// Adds `subjects`; on disk before the answer.
    pub(super) fn add(&mut self, subjects: &[Subject]) -> Result<(), Fault> {
        self.append(&subjects.iter().map(|subject| line(subject) + "\n").collect::<String>())
    }

    fn append(&mut self, lines: &str) -> Result<(), Fault> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        let mut write = || {
            file.seek(SeekFrom::End(0))?;
            file.write_all(lines.as_bytes())?;
            file.sync_data()
        };
        write().map_err(|error| unwritten(&error))
    }
}

/// The marks of those who were erased.
#[derive(Debug, Default)]
pub(super) struct Erased(HashSet<String>);

impl Erased {
    /// With what the ledger at `path` says; one that is not there says nothing.
    pub(super) fn with(mut self, path: &Path) -> Result<Self, Fault> {
        let mut text = Vec::new();
        match File::open(path).and_then(|mut file| file.read_to_end(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(self),
            Err(error) => return Err(Fault::Unfit(format!("`{}`: {error}", path.display()))),
        }
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let mark =
                std::str::from_utf8(line).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
            match mark {
                // A line that a crash cut short was never answered.
                Some(mark) if mark.len() <= MARK => drop(self.0.insert(mark.to_owned())),
                _ => return Err(Fault::Unfit(format!("`{}` is not an erase ledger", path.display()))),
            }
        }
        Ok(self)
    }

    /// Whether `subject` was erased.
    pub(super) fn has(&self, subject: &Subject) -> bool {
        self.0.contains(&line(subject))
    }

    /// Writes all of it into the ledger at `path`, which has some of it.
    pub(super) fn keep(&self, path: &Path) -> Result<(), Fault> {
        let known = Self::default().with(path)?;
        let mut new: Vec<&str> = self.0.difference(&known.0).map(String::as_str).collect();
        new.sort_unstable();
        Ledger::open(path)?.append(&new.iter().map(|mark| format!("{mark}\n")).collect::<String>())
    }
}

fn line(subject: &Subject) -> String {
    let bytes = [b"countersign erased 1\0".as_slice(), subject.as_str().as_bytes()].concat();
    sha256(&bytes).iter().fold(String::with_capacity(MARK), |mut text, byte| {
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unwritten(error: &std::io::Error) -> Fault {
    Fault::Store(format!("the erase ledger cannot be written: {error}"))
}

/// The characters of a mark.
const MARK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(number: u64) -> Subject {
        format!("usr_{number:032x}").parse().unwrap()
    }

    #[test]
    fn who_was_erased_is_known_after_a_line_that_was_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased");
        Ledger::open(&path).unwrap().add(&[subject(1)]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"0123abc");
        std::fs::write(&path, bytes).unwrap();
        Ledger::open(&path).unwrap().add(&[subject(2)]).unwrap();
        let erased = Erased::default().with(&path).unwrap();
        assert!(erased.has(&subject(1)) && erased.has(&subject(2)) && !erased.has(&subject(3)));
        assert!(!std::fs::read_to_string(&path).unwrap().contains("usr_"));
    }

    #[test]
    fn another_file_is_no_ledger_and_an_absent_one_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased");
        assert!(!Erased::default().with(&path).unwrap().has(&subject(1)));
        std::fs::write(&path, "usr_1\n").unwrap();
        assert!(matches!(Erased::default().with(&path), Err(Fault::Unfit(_))));
    }

    #[test]
    fn two_ledgers_become_one() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        Ledger::open(&one).unwrap().add(&[subject(1)]).unwrap();
        Ledger::open(&two).unwrap().add(&[subject(2), subject(1)]).unwrap();
        Erased::default().with(&one).unwrap().with(&two).unwrap().keep(&one).unwrap();
        assert_eq!(std::fs::read_to_string(&one).unwrap().lines().count(), 2);
    }
}
