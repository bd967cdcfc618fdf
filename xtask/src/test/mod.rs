//! `cargo xtask test`: every check and every test, in one list. Decides the order and what counts as failed.
//!
//! A step that fails does not stop the ones that do not need it; what failed is shown in full below the list.

mod count;
mod needs;
mod run;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use count::Count;
pub(crate) use needs::target;

use needs::Tools;
use run::{Ran, Runner, Step};

use crate::bench::jose::instructions::NOT_COMPARED;
use crate::ui::{Outcome, Screen};

/// The benchmarks, which stand outside the workspace and use what is in it: label, detail, manifest.
const BENCHES: [(&str, &str, &str); 4] = [
    ("bench", "sessions as they are measured", "bench/sessions/Cargo.toml"),
    ("peers", "the sessions beside them", "bench/peers/Cargo.toml"),
    ("tokens", "our tokens and those they are measured beside", "bench/jose/Cargo.toml"),
    ("bare", "the handler that a server is measured beside", "bench/Cargo.toml"),
];

/// Runs everything, and ends with `N passed, N failed`.
pub(crate) fn command(root: &Path) -> ExitCode {
    let mut suite = Suite {
        runner: Runner::new(root),
        screen: Screen::of_stdout(),
        sum: Count::default(),
        failed: Vec::new(),
    };
    println!();
    let begun = Instant::now();
    match needs::install(root) {
        Ok(tools) => {
            println!("{}", suite.screen.step(Outcome::Done, "needs", &tools.summary(), begun.elapsed()));
            suite.run_all(root, &tools);
        }
        Err(missing) => {
            println!(
                "{}",
                suite.screen.step(Outcome::Failed, "needs", "something is missing", begun.elapsed())
            );
            println!("\n{missing}");
            suite.sum.failed += 1;
        }
    }
    for ran in &suite.failed {
        println!("\n  {}\n\n{}", ran.label, ran.tail());
    }
    println!("\n  {} passed, {} failed", suite.sum.passed, suite.sum.failed);
    if suite.sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Takes pictures of the running program.
pub(crate) fn look(root: &Path) -> ExitCode {
    let tools = match needs::install(root) {
        Ok(tools) => tools,
        Err(missing) => {
            eprintln!("{missing}");
            return ExitCode::FAILURE;
        }
    };
    let runner = Runner::new(root);
    for (label, step) in [("build", Step::build()), ("look", tools.look(root))] {
        let ran = runner.run(label, &step);
        if !ran.done {
            eprintln!("{}", ran.tail());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

struct Suite {
    runner: Runner,
    screen: Screen,
    sum: Count,
    failed: Vec<Ran>,
}

impl Suite {
    fn run_all(&mut self, root: &Path, tools: &Tools) {
        self.check("format", "rustfmt has nothing to change", &Step::fmt());
        self.check("tidy", "the house rules hold", &Step::tidy());
        self.check("lint", "clippy warns of nothing, tests included", &Step::clippy());
        // Both at once bring what each brings: what is missing then is missing in one of these, and clippy has built both.
        for features in ["", "postgres", "redis"] {
            let label = if features.is_empty() { "no features" } else { features };
            self.check("guard", &format!("`countersign-axum` alone, with {label}"), &Step::guard(features));
        }
        for (label, detail, manifest) in BENCHES {
            self.check(label, detail, &Step::bench(root, manifest));
        }
        let built = self.check("build", "the binary", &Step::build());
        self.tests("rust", "units, conformance, HTTP", &Step::tests(tools.nextest));
        self.tests("doctests", "the examples in the documentation", &Step::doctests());
        self.tests("fuzz", "seconds of each target", &Step::fuzz());
        self.found("instructions", &Step::instructions());
        if !tools.node_tests.is_empty() {
            let peer = self.check("josekit", "the peer that is outside the workspace", &Step::josekit(root));
            if built && peer {
                self.tests("clients", "real clients, proxies and browsers", &tools.node());
            } else {
                self.sum.failed += 1;
            }
        }
    }

    /// A step that is right or wrong as a whole; only a wrong one is counted, or it would pose as a test.
    fn check(&mut self, label: &str, detail: &str, step: &Step) -> bool {
        let ran = self.runner.run(label, step);
        let done = ran.done;
        self.report(ran, detail);
        self.sum.failed += usize::from(!done);
        done
    }

    /// A step whose last line says what it found, and that may have found nothing to hold anything against.
    fn found(&mut self, label: &str, step: &Step) {
        let ran = self.runner.run(label, step);
        let (outcome, detail) = outcome(ran.done, &ran.output);
        self.sum.failed += usize::from(outcome == Outcome::Failed);
        self.tell(ran, outcome, &detail);
    }

    /// A step that counts its tests itself.
    fn tests(&mut self, label: &str, detail: &str, step: &Step) {
        let ran = self.runner.run(label, step);
        let mut count = Count::read(&ran.output);
        if !ran.done && count.failed == 0 {
            count.failed = 1;
        }
        let detail = format!("{} passed, {} failed: {detail}", count.passed, count.failed);
        self.sum = self.sum + count;
        self.report(ran, &detail);
    }

    fn report(&mut self, ran: Ran, detail: &str) {
        let outcome = if ran.done { Outcome::Done } else { Outcome::Failed };
        self.tell(ran, outcome, detail);
    }

    fn tell(&mut self, ran: Ran, outcome: Outcome, detail: &str) {
        println!("{}", self.screen.step(outcome, &ran.label, detail, ran.took));
        if outcome == Outcome::Failed {
            self.failed.push(ran);
        }
    }
}

/// How a step came out that ended well or not, and what its last line says of it.
fn outcome(done: bool, output: &str) -> (Outcome, String) {
    let last = output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let outcome = match done {
        false => Outcome::Failed,
        true if last.starts_with(NOT_COMPARED) => Outcome::Left,
        true => Outcome::Done,
    };
    (outcome, last.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn no_benchmark_can_break_unseen() {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench");
        let folders = std::fs::read_dir(&bench).unwrap().map(|entry| entry.unwrap().path());
        let manifests = folders.chain([bench.clone()]).map(|folder| folder.join("Cargo.toml"));
        let whole = |path: PathBuf| path.canonicalize().unwrap();
        let there: BTreeSet<PathBuf> = manifests.filter(|path| path.is_file()).map(whole).collect();
        let checked = BENCHES.map(|(.., manifest)| whole(bench.join("..").join(manifest)));
        assert_eq!(there, BTreeSet::from(checked));
    }

    #[test]
    fn what_was_not_compared_does_not_pose_as_what_holds() {
        let output = "  counts\n\n  not compared: another processor\n\n";
        assert_eq!(outcome(true, output), (Outcome::Left, "not compared: another processor".to_owned()));
        assert_eq!(outcome(true, "a\nit holds\n"), (Outcome::Done, "it holds".to_owned()));
        assert_eq!(outcome(false, "a\nit takes more\n"), (Outcome::Failed, "it takes more".to_owned()));
        assert_eq!(outcome(false, ""), (Outcome::Failed, String::new()));
    }
}
