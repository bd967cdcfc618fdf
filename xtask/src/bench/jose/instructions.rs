//! `cargo xtask bench jose --instructions`: how many instructions our hot paths take, beside those that are kept.
//!
//! Callgrind counts them, so that a busy machine does not show. A path that takes more than [`MOST`] of what is kept has
//! become slower and fails; `--keep` keeps the new counts, and the change then says why. Counts are compared only where
//! compiler, valgrind and processor are those they were made with: other code runs elsewhere, and the last line says so.
//! The compiler is the one in `rust-toolchain.toml`: a test refuses counts of another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::{Value, json};

use super::super::{Problem, build, run, said};
use super::{OURS, PRIMITIVE};

/// How the last line begins when nothing was held against what is kept.
pub(crate) const NOT_COMPARED: &str = "not compared";

/// Beyond this a path has become slower: the numbers in a signature alone move the count of an ES256 check by three parts in
/// a thousand.
const MOST: f64 = 1.02;
const PROGRAM: &str = "instructions";
/// Where callgrind starts and stops to collect.
const COUNTED: &str = "instructions::counted_calls";
/// What to do with the counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    Compare,
    Keep,
}

/// Counts, prints, and compares or keeps; fails when a path takes more than is kept. The last line is what came of it.
pub(crate) fn command(root: &Path, counts: Counts) -> ExitCode {
    let told = measure(root).and_then(|made| match counts {
        Counts::Compare => compare(root, &made),
        Counts::Keep => keep(root, &made),
    });
    match told {
        Ok(found) => {
            println!("\n  {found}");
            if found == Found::More { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Kept,
    Held,
    More,
    /// What is another here than where the counts were made.
    Elsewhere(Vec<String>),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("the counts are kept"),
            Self::Held => f.write_str("no hot path takes more than is kept"),
            Self::More => f.write_str("a hot path takes more than is kept, is new, or is gone"),
            Self::Elsewhere(what) => write!(f, "{NOT_COMPARED}: another {}", what.join(", ")),
        }
    }
}

/// Counts, and what they were made with.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    with: BTreeMap<String, String>,
    /// Instructions of one call.
    counts: BTreeMap<String, u64>,
}

fn kept_in(root: &Path) -> PathBuf {
    root.join("bench/jose/instructions.json")
}

fn measure(root: &Path) -> Result<Made, Problem> {
    let valgrind =
        run(Command::new("valgrind").arg("--version"), "`valgrind` is needed: apt-get install valgrind")?;
    let words = ["--locked", "--no-default-features", "--bin", PROGRAM];
    build(root, "bench/jose/Cargo.toml", &words)?;
    let folder = crate::test::target(root).join("callgrind");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|e| format!("cannot create `{}`: {e}", folder.display()))?;
    let mut file = std::ffi::OsString::from("--callgrind-out-file=");
    file.push(folder.join("out"));
    let lines = said(
        Command::new("valgrind")
            .args(["--quiet", "--tool=callgrind"])
            .arg(file)
            .arg(format!("--toggle-collect={COUNTED}"))
            .arg(format!("--dump-after={COUNTED}"))
            .arg(super::program(root, PROGRAM)),
    )?;
    let mut lines = lines.into_iter();
    let about = lines.next().ok_or("valgrind ran nothing")?;
    let calls = about
        .get("calls")
        .and_then(Value::as_u64)
        .filter(|calls| *calls > 0)
        .ok_or("the number of calls is missing")?;
    let mut cases = Vec::new();
    for (at, line) in lines.enumerate() {
        cases.push((line, total(&folder.join(format!("out.{}", at + 1)))? / calls));
    }
    let rustc = run(Command::new("rustc").arg("--version"), "rustc")?;
    let with = [
        ("rustc", rustc.trim()),
        ("valgrind", valgrind.trim()),
        ("processor", about.get("processor").and_then(Value::as_str).unwrap_or_default()),
    ];
    let with = with.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Made { with, counts: named(&cases) })
}

/// The sum of one of callgrind's files.
fn total(path: &Path) -> Result<u64, Problem> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
    let sum = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    sum.filter(|sum| *sum > 0).ok_or_else(|| format!("callgrind counted nothing in `{}`", path.display()))
}

/// What is compared: all of a path, and what is ours of it. The primitive does the same work below both, so their
/// difference is steady to a few instructions; a part in fifty of a whole ES256 check is four times all that is ours of it.
fn named(cases: &[(Value, u64)]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let mut primitive = None;
    for (case, count) in cases {
        let (what, who) =
            (case["what"].as_str().unwrap_or_default(), case["who"].as_str().unwrap_or_default());
        let Some(form) = who.strip_prefix(OURS) else {
            primitive = (who == PRIMITIVE).then_some(*count);
            continue;
        };
        counts.insert(format!("{what}, {who}"), *count);
        if let Some(primitive) = primitive {
            counts.insert(format!("{what}{form}, beyond what is below"), count.saturating_sub(primitive));
        }
    }
    counts
}

fn keep(root: &Path, made: &Made) -> Result<Found, Problem> {
    let path = kept_in(root);
    let text = serde_json::to_string_pretty(&json!({ "with": made.with, "counts": made.counts }));
    let text = text.map_err(|e| e.to_string())? + "\n";
    std::fs::write(&path, text).map_err(|e| format!("cannot write `{}`: {e}", path.display()))?;
    Ok(Found::Kept)
}

fn compare(root: &Path, made: &Made) -> Result<Found, Problem> {
    let path = kept_in(root);
    let text =
        std::fs::read_to_string(&path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
    let kept = serde_json::from_str(&text).map_err(|e| format!("`{}` is not JSON: {e}", path.display()))?;
    let kept = read(&kept);
    let found = found(&kept, made);
    let elsewhere = matches!(found, Found::Elsewhere(_));
    println!("\n  {:<48}{:>10}{:>10}", "instructions of one call", "kept", "now");
    for (name, now) in &made.counts {
        let before = kept.counts.get(name).copied();
        let mark = match verdict(before, *now) {
            _ if elsewhere => "",
            Verdict::Same => "",
            Verdict::Less => "  less: keep it",
            Verdict::More => "  MORE",
            Verdict::New => "  NEW: keep it",
        };
        let before = before.map_or_else(String::new, |before| before.to_string());
        println!("  {name:<48}{before:>10}{now:>10}{mark}");
    }
    for name in kept.counts.keys().filter(|name| !elsewhere && !made.counts.contains_key(*name)) {
        println!("  {name:<48}  GONE");
    }
    if elsewhere {
        println!("\n  kept with {:?},\n  counted with {:?}", kept.with, made.with);
    }
    Ok(found)
}

/// Holds what was counted against what is kept.
fn found(kept: &Made, made: &Made) -> Found {
    let names: BTreeSet<&String> = kept.with.keys().chain(made.with.keys()).collect();
    let others = names.into_iter().filter(|name| kept.with.get(*name) != made.with.get(*name));
    let others: Vec<String> = others.cloned().collect();
    if !others.is_empty() {
        return Found::Elsewhere(others);
    }
    let holds = |name: &String, now| {
        matches!(verdict(kept.counts.get(name).copied(), now), Verdict::Same | Verdict::Less)
    };
    // A path that is not counted any more would pass for ever.
    let none_gone = kept.counts.keys().all(|name| made.counts.contains_key(name));
    if none_gone && made.counts.iter().all(|(name, now)| holds(name, *now)) {
        Found::Held
    } else {
        Found::More
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    Less,
    More,
    New,
}

fn verdict(kept: Option<u64>, now: u64) -> Verdict {
    let Some(kept) = kept else { return Verdict::New };
    #[expect(clippy::cast_precision_loss, reason = "a count of instructions is far below 2^52")]
    let ratio = now as f64 / kept as f64;
    if ratio > MOST {
        Verdict::More
    } else if ratio < 1.0 / MOST {
        Verdict::Less
    } else {
        Verdict::Same
    }
}

fn read(kept: &Value) -> Made {
    let members = |name: &str| kept[name].as_object().into_iter().flatten();
    Made {
        with: members("with").filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect(),
        counts: members("counts").filter_map(|(k, v)| Some((k.clone(), v.as_u64()?))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_in_a_hundred_more_is_too_many() {
        assert_eq!(verdict(Some(10_000), 10_200), Verdict::Same);
        assert_eq!(verdict(Some(10_000), 10_201), Verdict::More);
        assert_eq!(verdict(Some(10_000), 9_700), Verdict::Less);
        assert_eq!(verdict(None, 1), Verdict::New);
        assert_eq!(verdict(Some(0), 1), Verdict::More);
    }

    #[test]
    fn what_is_ours_is_told_from_the_primitive() {
        let case = |what: &str, who: &str, count| (json!({ "what": what, "who": who }), count);
        let counts = named(&[
            case("verify ES256", PRIMITIVE, 700),
            case("verify ES256", OURS, 705),
            case("verify ES256", "countersign, owned", 712),
            case("issue ES256", PRIMITIVE, 300),
            case("issue ES256", OURS, 309),
            case("repeat ES256", "only the token", 4),
            case("repeat ES256", OURS, 11),
        ]);
        let wanted = [
            ("issue ES256, beyond what is below", 9),
            ("issue ES256, countersign", 309),
            ("repeat ES256, countersign", 11),
            ("verify ES256, beyond what is below", 5),
            ("verify ES256, countersign", 705),
            ("verify ES256, countersign, owned", 712),
            ("verify ES256, owned, beyond what is below", 12),
        ];
        assert_eq!(counts, wanted.map(|(name, count)| (name.to_owned(), count)).into());
    }

    fn made(with: [(&str, &str); 2], counts: &[(&str, u64)]) -> Made {
        let with = with.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Made { with, counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect() }
    }

    const HERE: [(&str, &str); 2] = [("processor", "x86_64 avx2"), ("rustc", "rustc 1.95.0")];

    #[test]
    fn a_path_that_takes_more_is_new_or_is_gone_does_not_hold() {
        let kept = made(HERE, &[("verify", 1000), ("issue", 500)]);
        let found = |counts| found(&kept, &made(HERE, counts));
        assert_eq!(found(&[("verify", 1020), ("issue", 400)]), Found::Held);
        assert_eq!(found(&[("verify", 1021), ("issue", 500)]), Found::More);
        assert_eq!(found(&[("verify", 1000)]), Found::More);
        assert_eq!(found(&[("verify", 1000), ("issue", 500), ("repeat", 1)]), Found::More);
    }

    #[test]
    fn where_the_counts_were_not_made_nothing_is_said_to_hold() {
        let kept = made(HERE, &[("verify", 1000)]);
        let elsewhere = made([("processor", "aarch64"), ("rustc", "rustc 1.95.0")], &[("verify", 9000)]);
        let found = found(&kept, &elsewhere);
        assert_eq!(found, Found::Elsewhere(vec!["processor".into()]));
        assert_eq!(found.to_string(), "not compared: another processor");
        assert!(found.to_string().starts_with(NOT_COMPARED));
    }

    fn kept() -> Made {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let text = std::fs::read_to_string(kept_in(&root)).unwrap();
        read(&serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn the_kept_counts_can_be_read_and_hold_what_is_ours_of_every_path() {
        let kept = kept();
        assert_eq!(kept.with.len(), 3);
        assert!(kept.counts.values().all(|count| *count > 0));
        for path in ["verify HS256", "verify ES256", "verify EdDSA", "verify RS256"] {
            for name in
                ["beyond what is below", "owned, beyond what is below", "countersign", "countersign, owned"]
            {
                let name = format!("{path}, {name}");
                assert!(kept.counts.contains_key(&name), "{name}");
            }
        }
        for path in ["issue HS256", "issue ES256", "issue EdDSA"] {
            assert!(kept.counts.contains_key(&format!("{path}, beyond what is below")), "{path}");
        }
    }

    /// Else the pinned compiler would be one that nothing is compared with.
    #[test]
    fn the_counts_are_those_of_the_pinned_compiler() {
        let toolchain = include_str!("../../../../rust-toolchain.toml");
        let pinned = toolchain.lines().find_map(|line| line.strip_prefix("channel = "));
        let pinned = pinned.unwrap().trim_matches('"');
        let rustc = &kept().with["rustc"];
        assert!(
            rustc.starts_with(&format!("rustc {pinned} ")),
            "{rustc}, but {pinned} is pinned: keep its counts"
        );
    }
}
