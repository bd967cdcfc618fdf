//! Values that must not stand in a command line: read from `@file`, from stdin (`-`) or from the environment.
//!
//! Other users of the machine can read a process's arguments, and shells keep them in their history.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::problem::{Problem, Result, code};

/// The most that is read: larger than any token, key or set of keys that means something.
const MOST: u64 = 1 << 20;

/// A secret on its way in; wiped when it is dropped.
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Reads `@file` or `-`; anything else is refused, because it would be the secret itself.
pub(crate) fn secret(argument: &str, what: &str) -> Result<Secret> {
    let text = match argument.strip_prefix('@') {
        Some(path) => file(Path::new(path))?,
        None if argument == "-" => stdin()?,
        None => return Err(typed(argument, what)),
    };
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// What stands where `@file` or `-` belongs: a file's name without the `@`, or the secret itself, which is not repeated.
pub(crate) fn typed(argument: &str, what: &str) -> Problem {
    if Path::new(argument).is_file() {
        return Problem::usage(code::BAD_VALUE, format!("the {what} is a file: that is said with an `@`"))
            .hint(format!("write `@{argument}`"));
    }
    let message = format!("the {what} stands in the command line, where others can read it");
    Problem::usage(code::SECRET_IN_ARGV, message)
        .hint("write it to a file and give `@file`, or pipe it in and give `-`")
}

/// What the system says, in words and without its number.
pub(crate) fn why(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::AlreadyExists => "it is there already".to_owned(),
        ErrorKind::PermissionDenied => "you are not allowed to".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads the text of a file.
pub(crate) fn file(path: &Path) -> Result<String> {
    text(bytes(path)?, &format!("`{}`", path.display()))
}

/// Reads a file, or stdin for `-`.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        return limited(std::io::stdin().lock())
            .map_err(|error| Problem::usage(code::UNREADABLE, format!("could not read stdin: {error}")));
    }
    let bytes = std::fs::File::open(path).and_then(limited);
    bytes.map_err(|error| {
        Problem::usage(code::UNREADABLE, format!("could not read `{}`: {}", path.display(), why(&error)))
    })
}

/// Reads content that is no secret of this command, from `@file`, `file` or `-`.
pub(crate) fn content(argument: &str) -> Result<Vec<u8>> {
    bytes(Path::new(argument.strip_prefix('@').unwrap_or(argument)))
}

fn stdin() -> Result<String> {
    text(bytes(Path::new("-"))?, "stdin")
}

fn text(bytes: Vec<u8>, source: &str) -> Result<String> {
    String::from_utf8(bytes)
        .map_err(|_| Problem::usage(code::UNREADABLE, format!("could not read {source}: it is not text")))
}

fn limited(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_command_line_is_refused_and_not_repeated() {
        let problem = secret("hunter2hunter2", "password").unwrap_err();
        assert_eq!(problem.code, "CS-6010");
        assert!(!format!("{problem:?}").contains("hunter2"));
    }

    #[test]
    fn a_file_that_is_named_without_its_sign_is_told_how_to_be_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.txt").display().to_string();
        std::fs::write(&path, "x").unwrap();
        let problem = secret(&path, "token").unwrap_err();
        assert_eq!(problem.code, "CS-6002");
        assert!(format!("{problem:?}").contains(&format!("@{path}")), "{problem:?}");
    }

    #[test]
    fn the_system_is_quoted_without_its_numbers() {
        let told = |path: &str| bytes(Path::new(path)).unwrap_err();
        assert!(format!("{:?}", told("/does/not/exist")).contains("there is no such file"));
        assert!(format!("{:?}", told("/")).contains("it is a folder"));
    }

    #[test]
    fn a_file_loses_its_last_line_break_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        std::fs::write(&path, " kept \r\n").unwrap();
        assert_eq!(secret(&format!("@{}", path.display()), "password").unwrap().reveal(), " kept ");
        assert_eq!(secret("@/does/not/exist", "password").unwrap_err().code, "CS-6011");
    }
}
