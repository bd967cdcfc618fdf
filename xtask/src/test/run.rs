//! Starting a step and keeping what it says. Knows the command lines; judges nothing but the exit code.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How much of a failed step's output is shown; the rest is in its log.
const SHOWN: usize = 400;

/// A command line with its environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) program: OsString,
    pub(super) words: Vec<OsString>,
    pub(super) environment: Vec<(String, OsString)>,
}

impl Step {
    pub(super) fn new(program: impl Into<OsString>, words: &[&str]) -> Self {
        let words = words.iter().map(OsString::from).collect();
        Self { program: program.into(), words, environment: Vec::new() }
    }

    pub(super) fn fmt() -> Self {
        Self::new("cargo", &["fmt", "--all", "--check"])
    }

    /// This program itself, before the later steps build it anew.
    pub(super) fn tidy() -> Self {
        Self::new(std::env::current_exe().unwrap_or_else(|_| "xtask".into()), &["tidy"])
    }

    /// This program again: a few seconds of every fuzz target.
    pub(super) fn fuzz() -> Self {
        Self::new("cargo", &["xtask", "fuzz", "--test"])
    }

    /// This program again: the instructions of the hot paths, beside those that are kept.
    pub(super) fn instructions() -> Self {
        Self::new("cargo", &["xtask", "bench", "jose", "--instructions"])
    }

    /// The peer of the exchange of tokens that is made of Rust and OpenSSL.
    pub(super) fn josekit(root: &Path) -> Self {
        let manifest =
            ["build", "--locked", "--manifest-path", "tests/interop/josekit/Cargo.toml", "--target-dir"];
        let mut step = Self::new("cargo", &manifest);
        step.words.push(super::needs::josekit(root).into_os_string());
        step
    }

    /// A benchmark outside the workspace that uses the library or the support of its tests. It is only compiled, into the
    /// workspace's own target folder: what is there already is not compiled again.
    pub(super) fn bench(root: &Path, manifest: &str) -> Self {
        let mut step =
            Self::new("cargo", &["check", "--locked", "--manifest-path", manifest, "--target-dir"]);
        step.words.push(super::needs::target(root).into_os_string());
        step
    }

    pub(super) fn clippy() -> Self {
        Self::new("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    }

    /// The guard with these features of its own, as an application takes it: what its tests turn on does not count.
    pub(super) fn guard(features: &str) -> Self {
        Self::new("cargo", &["check", "--package", "countersign-axum", "--lib", "--features", features])
    }

    pub(super) fn build() -> Self {
        Self::new("cargo", &["build", "--package", "countersign-cli"])
    }

    pub(super) fn tests(nextest: bool) -> Self {
        if nextest {
            Self::new("cargo", &["nextest", "run", "--workspace", "--no-fail-fast", "--status-level=fail"])
        } else {
            Self::new(
                "cargo",
                &["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"],
            )
        }
    }

    pub(super) fn doctests() -> Self {
        Self::new("cargo", &["test", "--workspace", "--doc", "--no-fail-fast"])
    }
}

/// A step that has run.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) label: String,
    pub(super) done: bool,
    pub(super) took: Duration,
    pub(super) output: String,
    log: PathBuf,
}

impl Ran {
    /// The end of the output, and where the rest is.
    pub(super) fn tail(&self) -> String {
        let lines: Vec<&str> = self.output.lines().collect();
        let skipped = lines.len().saturating_sub(SHOWN);
        let shown: Vec<&str> = lines.into_iter().skip(skipped).collect();
        let shown = shown.join("\n");
        if skipped == 0 {
            shown
        } else {
            format!("({skipped} lines before these are in {})\n{shown}", self.log.display())
        }
    }
}

/// Runs steps in the workspace, each with a log of its own.
pub(super) struct Runner {
    root: PathBuf,
    logs: PathBuf,
}

impl Runner {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), logs: super::needs::target(root).join("xtask") }
    }

    /// Runs a step to its end, its output kept in a log.
    pub(super) fn run(&self, label: &str, step: &Step) -> Ran {
        eprintln!("  … {label}");
        let begun = Instant::now();
        let log = self.logs.join(format!("{label}.log"));
        let (done, output) = match self.start(step, &log) {
            Ok(done) => {
                (done, String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned())
            }
            Err(error) => (false, format!("cannot start `{}`: {error}", step.program.to_string_lossy())),
        };
        Ran { label: label.to_owned(), done, took: begun.elapsed(), output, log }
    }

    fn start(&self, step: &Step, log: &Path) -> std::io::Result<bool> {
        std::fs::create_dir_all(&self.logs)?;
        let out = File::create(log)?;
        let status = Command::new(&step.program)
            .args(&step.words)
            .envs(step.environment.iter().map(|(name, value)| (name, value)))
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .env("INSTA_UPDATE", "no")
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stderr(out.try_clone()?)
            .stdout(out)
            .status()?;
        Ok(status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner() -> Runner {
        Runner {
            root: std::env::temp_dir(),
            logs: std::env::temp_dir().join(format!("xtask-{}", std::process::id())),
        }
    }

    #[test]
    fn a_step_that_fails_is_known_and_its_words_are_kept() {
        let ran = runner().run("fails", &Step::new("sh", &["-c", "echo out; echo err >&2; exit 3"]));
        assert!(!ran.done);
        assert_eq!(ran.tail(), "out\nerr");
    }

    #[test]
    fn a_program_that_is_not_there_fails_its_step() {
        let ran = runner().run("absent", &Step::new("no-such-program", &[]));
        assert!(!ran.done);
        assert!(ran.output.contains("cannot start `no-such-program`"), "{}", ran.output);
    }
}
