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

/// What the table tells of each line.
const FIGURES: [&str; 5] = ["ns", "ns_low", "ns_high", "ratio", "allocations"];

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
        Form::Json => println!("{}", Value::from(rows(lines))),
    }
    verdicts.iter().all(|(bar, value)| holds(bar, *value))
}

/// A figure that is missing does not hold.
fn holds(bar: &Bar, value: Option<f64>) -> bool {
    value.is_some_and(|value| value <= bar.most)
}

/// What is printed, a row for each figure: first those with a bar, then the others, whose `bar` and `holds` are null.
fn rows(lines: &[Value]) -> Vec<Value> {
    let name = |what: &str, who: &str, member: &str| format!("{what}, {who}: {member}");
    let barred = BARS.iter().map(|bar| {
        let value = value(lines, bar);
        json!({
            "name": name(bar.what, OURS, bar.member), "value": value, "unit": bar.unit,
            "bar": bar.most, "holds": holds(bar, value),
        })
    });
    let others = lines.iter().flat_map(|line| {
        let (what, who) = (text(line, "what"), text(line, "who"));
        let first = lines.iter().find(|other| other["what"] == what).map_or("", |first| text(first, "who"));
        FIGURES.into_iter().filter_map(move |member| {
            let is_barred = who == OURS && BARS.iter().any(|bar| bar.what == what && bar.member == member);
            let value = line[member].as_f64().filter(|_| !is_barred)?;
            let unit = match member {
                "ratio" => format!("x {first}"),
                "allocations" => member.to_owned(),
                _ => "ns".to_owned(),
            };
            Some(json!({ "name": name(what, who, member), "value": value, "unit": unit, "bar": null, "holds": null }))
        })
    });
    barred.chain(others).collect()
}

fn text<'a>(line: &'a Value, member: &str) -> &'a str {
    line[member].as_str().unwrap_or_default()
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
            what = text(line, "what").to_owned();
            println!("\n  {what:<25}{:>9}  {:<19}{:>7}{:>9}", "ns", "p10 to p90", "ratio", "allocs");
        }
        let who = text(line, "who");
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

    fn told() -> Vec<Value> {
        let line = |who: &str, ns: f64, ratio: f64, allocations: f64| {
            json!({
                "what": "verify HS256", "who": who, "ns": ns, "ns_low": ns - 1.0, "ns_high": ns + 9.0,
                "ratio": ratio, "ratio_low": ratio, "ratio_high": ratio, "allocations": allocations, "added": 0.0,
            })
        };
        let repeat = |who: &str, ns: f64| json!({ "what": "repeat ES256, 100000 tokens", "who": who, "ns": ns, "more": ns - 90.0, "allocations": null });
        vec![
            line(PRIMITIVE, 200.0, 1.0, 0.0),
            line(OURS, 400.0, 2.0, 0.0),
            line("josekit, openssl", 900.0, 4.5, 31.0),
            repeat("only the token", 90.0),
            repeat(OURS, 480.0),
        ]
    }

    fn bars_then_others() -> (Vec<Value>, Vec<Value>) {
        rows(&told()).into_iter().partition(|row| !row["bar"].is_null())
    }

    #[test]
    fn every_row_has_the_same_five_members() {
        for row in rows(&told()) {
            let members: Vec<&String> = row.as_object().unwrap().keys().collect();
            assert_eq!(members, ["bar", "holds", "name", "unit", "value"], "{row}");
            assert_eq!(row["bar"].is_null(), row["holds"].is_null(), "{row}");
        }
    }

    #[test]
    fn every_bar_has_a_row_and_does_not_hold_without_its_figure() {
        let (bars, _) = bars_then_others();
        let names: Vec<String> =
            BARS.iter().map(|bar| format!("{}, countersign: {}", bar.what, bar.member)).collect();
        assert_eq!(bars.iter().map(|row| text(row, "name")).collect::<Vec<_>>(), names);
        let row = |name: &str| bars.iter().find(|row| row["name"] == name).unwrap().clone();
        let broken = row("verify HS256, countersign: ratio");
        let wanted = json!({ "name": broken["name"], "value": 2.0, "unit": "x primitive", "bar": 1.7, "holds": false });
        assert_eq!(broken, wanted);
        assert_eq!(row("verify HS256, countersign: allocations")["holds"], true);
        let missing = row("verify ES256, countersign: ratio");
        assert_eq!((&missing["value"], &missing["holds"]), (&Value::Null, &json!(false)));
        assert_eq!(row("repeat ES256, 100000 tokens, countersign: more")["value"], 390.0);
    }

    #[test]
    fn whatever_else_is_printed_has_a_row_without_a_bar() {
        let (_, others) = bars_then_others();
        let told =
            others.iter().map(|row| (text(row, "name"), row["value"].as_f64().unwrap(), text(row, "unit")));
        let wanted = [
            ("verify HS256, primitive: ns", 200.0, "ns"),
            ("verify HS256, primitive: ns_low", 199.0, "ns"),
            ("verify HS256, primitive: ns_high", 209.0, "ns"),
            ("verify HS256, primitive: ratio", 1.0, "x primitive"),
            ("verify HS256, primitive: allocations", 0.0, "allocations"),
            ("verify HS256, countersign: ns", 400.0, "ns"),
            ("verify HS256, countersign: ns_low", 399.0, "ns"),
            ("verify HS256, countersign: ns_high", 409.0, "ns"),
            ("verify HS256, josekit, openssl: ns", 900.0, "ns"),
            ("verify HS256, josekit, openssl: ns_low", 899.0, "ns"),
            ("verify HS256, josekit, openssl: ns_high", 909.0, "ns"),
            ("verify HS256, josekit, openssl: ratio", 4.5, "x primitive"),
            ("verify HS256, josekit, openssl: allocations", 31.0, "allocations"),
            ("repeat ES256, 100000 tokens, only the token: ns", 90.0, "ns"),
            ("repeat ES256, 100000 tokens, countersign: ns", 480.0, "ns"),
        ];
        assert_eq!(told.collect::<Vec<_>>(), wanted);
    }
}
