//! The erase ledger: who was erased, in a file beside the database that no backup holds, so that restoring an older state
//! does not bring them back (GDPR article 17).
//!
//! One line each: SHA-256 over the opaque subject, which leads to nobody and cannot be counted through. A line is on disk
//! before the commit that erases; a commit that fails after it leaves a line too many, and the person was to be erased.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use countersign_core::Fault;
use countersign_core::id::Subject;
use countersign_jose::primitive::sha256;

use crate::private;

/// What stands for somebody who was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Mark([u8; 32]);

impl Mark {
    /// The mark of `subject`.
    pub(crate) fn of(subject: &Subject) -> Self {
        Self(sha256(&[b"countersign erased 1\0".as_slice(), subject.as_str().as_bytes()].concat()))
    }

    /// The mark that a line is; none of a line that a crash cut short, which was never answered.
    fn of_line(line: &[u8]) -> Result<Option<Self>, NotOne> {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digits = line.iter().map(digit).collect::<Option<Vec<u8>>>().ok_or(NotOne)?;
        if digits.len() > 64 {
            return Err(NotOne);
        }
        let (pairs, _) = digits.as_chunks::<2>();
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| (high << 4) | low).collect();
        Ok(Self::of_bytes(&bytes))
    }

    /// The mark that these bytes are.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As it is kept in a database.
    #[cfg(feature = "postgres")]
    pub(crate) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A line that is in no ledger.
struct NotOne;

/// The file, open for adding.
#[derive(Debug)]
pub(crate) struct Ledger(Option<File>);

impl Ledger {
    /// No ledger: of what is in memory, no older state can come back.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Opens the ledger in `folder`.
    ///
    /// # Errors
    /// [`Fault::Store`] when it cannot be written.
    pub(crate) fn open(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(LEDGER);
        let file = private::adding_to(&path).and_then(|file| private::sync_folder(&path).map(|()| file));
        file.map(|file| Self(Some(file))).map_err(|error| unwritten(&error))
    }

    /// Adds `marks`; on disk before the answer. Each has a line of its own whatever stands before it: a line that a crash cut
    /// short, or what another process adds at the same time.
    ///
    /// # Errors
    /// [`Fault::Store`] when they cannot be written.
    pub(crate) fn add(&self, marks: impl IntoIterator<Item = Mark>) -> Result<(), Fault> {
        let Some(mut file) = self.0.as_ref() else { return Ok(()) };
        let lines: String = marks.into_iter().map(|mark| format!("\n{mark}")).collect();
        if lines.is_empty() {
            return Ok(());
        }
        file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()).map_err(|error| unwritten(&error))
    }
}

/// The marks of those who were erased.
#[derive(Debug, Default)]
pub(crate) struct Erased(HashSet<Mark>);

impl Erased {
    /// What the ledger in `folder` says; one that is not there says nothing.
    ///
    /// # Errors
    /// As [`Erased::with`].
    pub(crate) fn beside(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(LEDGER);
        let there = path.try_exists().map_err(|error| unread(&path, &error))?;
        if there { Self::default().with(&path) } else { Ok(Self::default()) }
    }

    /// With what the ledger at `path` says.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when it cannot be read, or is something else: whom it would have named nobody knows.
    pub(crate) fn with(mut self, path: &Path) -> Result<Self, Fault> {
        let mut text = Vec::new();
        match File::open(path).and_then(|mut file| file.read_to_end(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Fault::Unfit(format!("there is no erase ledger `{}`", path.display())));
            }
            Err(error) => return Err(unread(path, &error)),
        }
        for line in text.split(|byte| *byte == b'\n') {
            let mark = Mark::of_line(line);
            let another = |NotOne| Fault::Unfit(format!("`{}` is not an erase ledger", path.display()));
            self.0.extend(mark.map_err(another)?);
        }
        Ok(self)
    }

    /// Whether `subject` was erased.
    pub(crate) fn has(&self, subject: &Subject) -> bool {
        self.0.contains(&Mark::of(subject))
    }

    /// With `marks`.
    #[cfg(feature = "postgres")]
    pub(crate) fn and(mut self, marks: impl IntoIterator<Item = Mark>) -> Self {
        self.0.extend(marks);
        self
    }

    /// Those of it that `known` has not, in an order of their own.
    pub(crate) fn beyond(&self, known: &Self) -> Vec<Mark> {
        let mut new: Vec<Mark> = self.0.difference(&known.0).copied().collect();
        new.sort_unstable();
        new
    }

    /// Writes all of it into the ledger in `folder`, which has some of it.
    ///
    /// # Errors
    /// As [`Erased::beside`] and [`Ledger::add`].
    pub(crate) fn keep(&self, folder: &Path) -> Result<(), Fault> {
        let new = self.beyond(&Self::beside(folder)?);
        Ledger::open(folder)?.add(new)
    }
}

fn unread(path: &Path, error: &std::io::Error) -> Fault {
    Fault::Unfit(format!("`{}`: {error}", path.display()))
}

fn unwritten(error: &std::io::Error) -> Fault {
    Fault::Store(format!("the erase ledger cannot be written: {error}"))
}

/// Its name in the folder.
const LEDGER: &str = "erased";

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(number: u64) -> Subject {
        format!("usr_{number:032x}").parse().unwrap()
    }

    fn mark(number: u64) -> Mark {
        Mark::of(&subject(number))
    }

    #[test]
    fn who_was_erased_is_known_after_a_line_that_was_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased");
        // As it was written before each line began with its end.
        std::fs::write(&path, format!("{}\n", mark(1))).unwrap();
        Ledger::open(folder.path()).unwrap().add([mark(2)]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"\n0123abc");
        std::fs::write(&path, bytes).unwrap();
        Ledger::open(folder.path()).unwrap().add([mark(3)]).unwrap();
        let erased = Erased::beside(folder.path()).unwrap();
        assert!((1..=3).all(|number| erased.has(&subject(number))) && !erased.has(&subject(4)));
        assert!(!std::fs::read_to_string(&path).unwrap().contains("usr_"));
    }

    #[test]
    fn what_two_add_at_once_is_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Ledger::open(folder.path()).unwrap(), Ledger::open(folder.path()).unwrap());
        for number in 0..10 {
            one.add([mark(number)]).unwrap();
            other.add([mark(number + 10)]).unwrap();
        }
        let erased = Erased::beside(folder.path()).unwrap();
        assert!((0..20).all(|number| erased.has(&subject(number))));
    }

    #[test]
    fn another_file_is_no_ledger_and_an_absent_one_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased");
        assert!(!Erased::beside(folder.path()).unwrap().has(&subject(1)));
        assert!(matches!(Erased::default().with(&path), Err(Fault::Unfit(_))));
        for other in ["usr_1\n", "0g", &format!("{}0", mark(1)), &format!("{}x", mark(1))] {
            std::fs::write(&path, other).unwrap();
            assert!(matches!(Erased::beside(folder.path()), Err(Fault::Unfit(_))), "{other}");
        }
    }

    #[test]
    fn two_ledgers_become_one() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        Ledger::open(one.path()).unwrap().add([mark(1)]).unwrap();
        Ledger::open(two.path()).unwrap().add([mark(2), mark(1)]).unwrap();
        let both = Erased::beside(one.path()).unwrap().with(&two.path().join("erased")).unwrap();
        both.keep(one.path()).unwrap();
        let kept = std::fs::read_to_string(one.path().join("erased")).unwrap();
        assert_eq!(kept.split_whitespace().count(), 2);
    }
}
