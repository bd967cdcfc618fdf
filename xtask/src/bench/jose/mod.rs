//! `cargo xtask bench jose`: what a token costs, beside the bare primitive and beside other libraries.
//!
//! `bench/jose` measures: time in one process, its cases taking turns; allocations in another, because counting takes
//! time. This prints both, and says which bars hold. A bar is a ratio within one run, so that the machine cancels out.

pub(crate) mod instructions;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::{Value, json};

use super::{Problem, build, said};

const OURS: &str = "countersign";
const PRIMITIVE: &str = "primitive";

/// What is promised.
struct Bar {
    /// The work, and the member of its line that is held against the bar.
    what: &'static str,
    member: &'static str,
    unit: &'static str,
    most: f64,
}

const fn bar(what: &'static str, member: &'static str, unit: &'static str, most: f64) -> Bar {
    Bar { what, member, unit, most }
}

const BARS: [Bar; 20] = [
    bar("verify HS256", "ratio", "x primitive", 1.7),
    bar("verify HS256", "allocations", "allocations", 0.0),
    bar("verify ES256", "ratio", "x primitive", 1.03),
    bar("verify ES256", "allocations", "allocations", 0.0),
    bar("verify EdDSA", "ratio", "x primitive", 1.03),
    bar("verify EdDSA", "allocations", "allocations", 0.0),
    bar("verify RS256", "ratio", "x primitive", 1.03),
    bar("verify RS256", "allocations", "allocations", 0.0),
    bar("sign ES256", "ratio", "x primitive", 1.05),
    bar("sign EdDSA", "ratio", "x primitive", 1.05),
    bar("sign RS256", "ratio", "x primitive", 1.05),
    bar("issue ES256", "ratio", "x primitive", 1.05),
    bar("issue ES256", "added", "added allocations", 2.0),
    bar("issue EdDSA", "ratio", "x primitive", 1.05),
    bar("issue EdDSA", "added", "added allocations", 2.0),
    bar("issue RS256", "ratio", "x primitive", 1.05),
    bar("issue RS256", "added", "added allocations", 2.0),
    bar("issue HS256", "added", "added allocations", 2.0),
    bar("repeat ES256, 1000 tokens", "more", "ns", 200.0),
    bar("repeat ES256, 100000 tokens", "more", "ns", 600.0),
];

/// How the result is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Table,
    Json,
}

/// Builds, measures, prints; fails when a bar does not hold.
pub(crate) fn command(root: &Path, form: Form) -> ExitCode {
    match measure(root) {
        Ok(lines) if tell(&lines, form) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The lines of both programs, joined.
fn measure(root: &Path) -> Result<Vec<Value>, Problem> {
    build(root, "bench/jose/Cargo.toml", &[]).map_err(|problem| {
        format!("{problem}\nthe peers need OpenSSL's headers: apt-get install libssl-dev pkg-config")
    })?;
    let counted = lines(root, "count")?;
    let mut timed = lines(root, "time")?;
    for line in &mut timed {
        let of = |who: &str| {
            let found = counted.iter().find(|other| other["what"] == line["what"] && other["who"] == *who);
            found.and_then(|line| line["allocations"].as_f64())
        };
        let allocations = of(line["who"].as_str().unwrap_or_default());
        let added = allocations.zip(of(PRIMITIVE)).map(|(all, base)| all - base);
        // ECDSA of the library allocates a different number of times now and then.
        (line["allocations"], line["added"]) = (json!(allocations), json!(added.map(f64::round)));
    }
    Ok(timed)
}

/// A program of the benchmark. It is not in the workspace, so it has a target folder of its own.
fn program(root: &Path, name: &str) -> PathBuf {
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("bench/jose/target"), PathBuf::from);
    folder.join("release").join(name)
}

fn lines(root: &Path, program: &str) -> Result<Vec<Value>, Problem> {
    said(&mut Command::new(self::program(root, program)))
}

/// Prints the result; false when a bar does not hold.
fn tell(lines: &[Value], form: Form) -> bool {
    let verdicts: Vec<(&Bar, Option<f64>)> = BARS.iter().map(|bar| (bar, value(lines, bar))).collect();
    // A figure that is missing does not hold.
    let holds = |bar: &Bar, value: Option<f64>| value.is_some_and(|value| value <= bar.most);
    match form {
        Form::Table => {
            table(lines);
            println!("\n  {:<29}{:>9}  {:<18}{:>7}", "bar", "measured", "", "at most");
            for (bar, value) in &verdicts {
                let mark = if holds(bar, *value) { "holds" } else { "BROKEN" };
                let Bar { what, unit, most, .. } = bar;
                println!("  {what:<29}{:>9.3}  {unit:<18}{most:>7}  {mark}", value.unwrap_or(f64::NAN));
            }
        }
        Form::Json => {
            let verdicts: Vec<Value> = verdicts
                .iter()
                .map(|(bar, value)| {
                    let name = format!("{} {}", bar.what, bar.member);
                    json!({ "name": name, "value": value, "unit": bar.unit, "bar": bar.most, "holds": holds(bar, *value) })
                })
                .collect();
            println!("{}", Value::from(verdicts));
        }
    }
    verdicts.iter().all(|(bar, value)| holds(bar, *value))
}

fn value(lines: &[Value], bar: &Bar) -> Option<f64> {
    let line = lines.iter().find(|line| line["what"] == bar.what && line["who"] == OURS)?;
    line[bar.member].as_f64()
}

/// At most 80 columns: nanoseconds of CPU time with the tenth and ninetieth percentile, the ratio, the allocations.
fn table(lines: &[Value]) {
    let number = |line: &Value, name: &str| line[name].as_f64().unwrap_or(f64::NAN);
    let mut what = String::new();
    for line in lines {
        if line["what"] != what {
            what = line["what"].as_str().unwrap_or_default().to_owned();
            println!("\n  {what:<25}{:>9}  {:<19}{:>7}{:>9}", "ns", "p10 to p90", "ratio", "allocs");
        }
        let who = line["who"].as_str().unwrap_or_default();
        let spread = format!("{:.0} to {:.0}", number(line, "ns_low"), number(line, "ns_high"));
        let allocations =
            line["allocations"].as_f64().map_or_else(String::new, |count| format!("{count:.1}"));
        println!(
            "    {who:<23}{:>9.0}  {spread:<19}{:>7.3}{allocations:>9}",
            number(line, "ns"),
            number(line, "ratio")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_broken_figure_fails() {
        let line = |member: &str, value: f64| json!({ "what": "verify HS256", "who": OURS, member: value });
        let bar = bar("verify HS256", "ratio", "x primitive", 1.7);
        assert_eq!(value(&[line("ratio", 1.5)], &bar), Some(1.5));
        assert_eq!(value(&[line("ns", 1.5)], &bar), None);
        assert!(!tell(&[line("ratio", 1.5)], Form::Json));
    }
}
