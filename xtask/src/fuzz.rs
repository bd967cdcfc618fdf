//! `cargo xtask fuzz`: builds the targets in `fuzz/` with libFuzzer and runs them. Knows the flags; judges nothing but
//! whether a target found something.
//!
//! The instrumentation is the compiler's own and works on the pinned toolchain, so neither cargo-fuzz nor a nightly is
//! needed. What a run learns is kept in `target/fuzz-corpus`, what it finds in `target/fuzz-findings`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::ui::{Outcome, Screen};

/// What `cargo fuzz` passes too: counters on edges, a table of places, and the operands of comparisons.
const INSTRUMENTED: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
/// As many inputs as a target must have seen before it counts as tried.
const RUNS: u64 = 10_000_000;
/// What a test run spends on one target.
const SECONDS: u64 = 1;
/// Nothing here may take so long on one input; it would be a way to keep a server busy.
const SLOWEST: &str = "-timeout=5";

/// Why nothing could be run.
type Problem = String;

/// How long a target runs, and what it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// Until it has seen so many inputs; goes on where the last run ended.
    Runs(u64),
    /// Seconds from the seeds alone, the same inputs every time.
    Test,
}

/// Runs the targets named in `words`, or all.
pub(crate) fn command(root: &Path, words: &[&str]) -> ExitCode {
    let outcome = asked(words, &targets(root)).and_then(|(names, effort)| {
        let folder = build(root)?;
        Ok(names.iter().filter(|name| !run(root, &folder, name, effort)).count())
    });
    match outcome {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The targets' names, which are their files'.
fn targets(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join("fuzz/fuzz_targets")).into_iter().flatten().flatten();
    let name = |path: PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.filter_map(|entry| name(entry.path())).collect();
    names.sort();
    names
}

/// `[target …] [--runs N | --test]`.
fn asked(words: &[&str], known: &[String]) -> Result<(Vec<String>, Effort), Problem> {
    let (mut names, mut effort) = (Vec::new(), Effort::Runs(RUNS));
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--runs" => {
                let runs = words.next().and_then(|n| n.replace('_', "").parse().ok());
                effort = Effort::Runs(runs.ok_or("`--runs` wants a number")?);
            }
            "--test" => effort = Effort::Test,
            name if known.iter().any(|target| target == name) => names.push(name.to_owned()),
            name => return Err(format!("no target `{name}`; there are {}", known.join(", "))),
        }
    }
    Ok((if names.is_empty() { known.to_vec() } else { names }, effort))
}

/// Builds all targets, and says in which folder they are.
fn build(root: &Path) -> Result<PathBuf, Problem> {
    // With the target named, cargo leaves build scripts and macros without instrumentation.
    let host = host()?;
    let folder = crate::test::target(root).join("fuzz");
    let status = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--locked", "--manifest-path", "fuzz/Cargo.toml"])
        .args(["--target", &host, "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", INSTRUMENTED.join(" "))
        .current_dir(root)
        .status();
    match status {
        Ok(status) if status.success() => Ok(folder.join(host).join("release")),
        other => Err(format!("cannot build the fuzz targets: {other:?}")),
    }
}

fn host() -> Result<String, Problem> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|e| format!("cannot ask rustc: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not name its host".to_owned())
}

/// Runs one target and prints how it went; false when it found something or could not run.
fn run(root: &Path, folder: &Path, name: &str, effort: Effort) -> bool {
    let begun = Instant::now();
    let (done, detail, output) = match one(root, folder, name, effort) {
        Ok((done, output)) => (done, summary(&output), output),
        Err(problem) => (false, String::new(), problem),
    };
    let outcome = if done { Outcome::Done } else { Outcome::Failed };
    println!("{}", Screen::of_stdout().step(outcome, name, &detail, begun.elapsed()));
    if !done {
        println!("\n{}", tail(&output));
    }
    // The words of cargo's own test runner, which the count of tests reads.
    println!("test result: {} passed; {} failed", u8::from(done), u8::from(!done));
    done
}

fn one(root: &Path, folder: &Path, name: &str, effort: Effort) -> Result<(bool, String), Problem> {
    let target = crate::test::target(root);
    let findings = target.join("fuzz-findings");
    let corpus = match effort {
        Effort::Runs(_) => target.join("fuzz-corpus").join(name),
        Effort::Test => fresh(&target.join("fuzz-scratch"))?,
    };
    for folder in [&findings, &corpus] {
        std::fs::create_dir_all(folder).map_err(|e| format!("cannot create `{}`: {e}", folder.display()))?;
    }
    let mut command = Command::new(folder.join(name));
    // The assertion says what is wrong; the stack below it is the same in every target.
    command.env("RUST_BACKTRACE", "0");
    match effort {
        Effort::Runs(runs) => command.arg(format!("-runs={runs}")),
        Effort::Test => command.args(["-seed=1".to_owned(), format!("-max_total_time={SECONDS}")]),
    };
    command
        .args([SLOWEST, "-print_final_stats=1", "-verbosity=1", "-print_funcs=0"])
        .arg(format!("-dict={}", root.join("fuzz/dictionaries/json.txt").display()))
        .arg(format!("-artifact_prefix={}/{name}-", findings.display()))
        .args([corpus, root.join("fuzz/seeds").join(name)])
        .stdin(Stdio::null());
    let output = command.output().map_err(|e| format!("cannot start `{name}`: {e}"))?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// An empty folder in place of what was there.
fn fresh(folder: &Path) -> Result<PathBuf, Problem> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("cannot empty `{}`: {error}", folder.display()))
        }
        _ => Ok(folder.to_path_buf()),
    }
}

/// `748094 inputs, 106870 a second, 1203 places`, from what libFuzzer says at its end.
fn summary(output: &str) -> String {
    let stat = |name: &str| output.lines().find_map(|line| line.strip_prefix(name)).map_or("?", str::trim);
    let places = output
        .lines()
        .rev()
        .find_map(|line| line.split_once(" cov: ").and_then(|(_, rest)| rest.split_whitespace().next()));
    format!(
        "{} inputs, {} a second, {} places",
        stat("stat::number_of_executed_units:"),
        stat("stat::average_exec_per_sec:"),
        places.unwrap_or("?")
    )
}

/// The end of what a target said: the failed assertion, and where the input is.
fn tail(output: &str) -> String {
    let told = output.lines().filter(|line| !line.starts_with('#') && !line.contains("# Uses:"));
    let lines: Vec<&str> = told.collect();
    lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        ["claims", "header"].map(str::to_owned).to_vec()
    }

    #[test]
    fn without_a_name_every_target_is_meant() {
        assert_eq!(asked(&[], &known()), Ok((known(), Effort::Runs(RUNS))));
        let (names, effort) = asked(&["header", "--runs", "1_000"], &known()).unwrap();
        assert_eq!((names, effort), (vec!["header".to_owned()], Effort::Runs(1000)));
        assert!(asked(&["hedaer"], &known()).unwrap_err().contains("no target `hedaer`"));
        assert!(asked(&["--runs", "many"], &known()).is_err());
    }

    #[test]
    fn the_figures_of_a_run_are_read() {
        let output = "#9\tNEW    cov: 12 ft: 14\n#99\tDONE   cov: 15 ft: 14\nstat::number_of_executed_units: 99\n\
                      stat::average_exec_per_sec:     33\n";
        assert_eq!(summary(output), "99 inputs, 33 a second, 15 places");
    }

    #[test]
    fn every_target_has_seeds() {
        let root = crate::root();
        let names = targets(&root);
        assert!(names.iter().any(|name| name == "header"), "{names:?}");
        for name in names {
            let seeds = std::fs::read_dir(root.join("fuzz/seeds").join(&name)).map(Iterator::count);
            assert!(seeds.is_ok_and(|count| count > 0), "no seeds for `{name}`");
        }
    }
}
