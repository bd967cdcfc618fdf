//! `cargo xtask bench jose --instructions`: how many instructions our hot paths take, beside those that are kept.
//!
//! Callgrind counts them, so that a busy machine does not show. A path that takes more than [`MOST`] of what is kept has
//! become slower and fails; `--keep` keeps the new counts, and the change then says why. Counts are compared only where
//! compiler, valgrind and processor are those they were made with: other code runs elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::{Value, json};

use super::super::{Problem, build, run};
use super::{OURS, PRIMITIVE};

/// Beyond this a path has become slower: the nonces of ECDSA alone move a count by a part in a thousand.
const MOST: f64 = 1.02;
const PROGRAM: &str = "instructions";
/// Where callgrind starts and stops to collect.
const COUNTED: &str = "instructions::counted_calls";
/// The primitive does the same work in both, so that what is ours can be told from it.
const EXACT: [&str; 3] = ["verify HS256", "issue HS256", "verify EdDSA"];

/// What to do with the counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    Compare,
    Keep,
}

/// Counts, prints, and compares or keeps; fails when a path takes more than is kept.
pub(crate) fn command(root: &Path, counts: Counts) -> ExitCode {
    match measure(root).and_then(|made| tell(root, counts, &made)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
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
    let text = run(
        Command::new("valgrind")
            .arg("--tool=callgrind")
            .arg(file)
            .arg(format!("--toggle-collect={COUNTED}"))
            .arg(format!("--dump-after={COUNTED}"))
            .arg(super::program(root, PROGRAM)),
        "valgrind",
    )?;
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).map_err(|e| format!("`{line}` is not JSON: {e}")));
    let about = lines.next().ok_or("valgrind ran nothing")??;
    let calls = about
        .get("calls")
        .and_then(Value::as_u64)
        .filter(|calls| *calls > 0)
        .ok_or("the number of calls is missing")?;
    let mut cases = Vec::new();
    for (at, line) in lines.enumerate() {
        cases.push((line?, total(&folder.join(format!("out.{}", at + 1)))? / calls));
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

/// What is compared: all of a path, and where the work below it is the same, what is ours of it.
fn named(cases: &[(Value, u64)]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let mut base = 0;
    for (case, count) in cases {
        let (what, who) =
            (case["what"].as_str().unwrap_or_default(), case["who"].as_str().unwrap_or_default());
        if who == PRIMITIVE || who == "only the token" {
            base = *count;
            continue;
        }
        counts.insert(format!("{what}, {who}"), *count);
        if who == OURS && EXACT.contains(&what) {
            counts.insert(format!("{what}, beyond what is below"), count.saturating_sub(base));
        }
    }
    counts
}

fn tell(root: &Path, counts: Counts, made: &Made) -> Result<bool, Problem> {
    let path = kept_in(root);
    if counts == Counts::Keep {
        let text = serde_json::to_string_pretty(&json!({ "with": made.with, "counts": made.counts }));
        let text = text.map_err(|e| e.to_string())? + "\n";
        std::fs::write(&path, text).map_err(|e| format!("cannot write `{}`: {e}", path.display()))?;
        println!("  {} counts are kept", made.counts.len());
        return Ok(true);
    }
    let text =
        std::fs::read_to_string(&path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
    let kept = serde_json::from_str(&text).map_err(|e| format!("`{}` is not JSON: {e}", path.display()))?;
    let kept = read(&kept);
    let comparable = kept.with == made.with;
    println!("\n  {:<48}{:>10}{:>10}", "instructions of one call", "kept", "now");
    let mut good = true;
    for (name, now) in &made.counts {
        let before = kept.counts.get(name).copied();
        let mark = match verdict(before, *now) {
            _ if !comparable => "",
            Verdict::Same => "",
            Verdict::Less => "  less: keep it",
            Verdict::More => "  MORE",
            Verdict::New => "  NEW: keep it",
        };
        good &= !comparable || matches!(verdict(before, *now), Verdict::Same | Verdict::Less);
        let before = before.map_or_else(String::new, |before| before.to_string());
        println!("  {name:<48}{before:>10}{now:>10}{mark}");
    }
    // A path that is not counted any more would pass for ever.
    for name in kept.counts.keys().filter(|name| comparable && !made.counts.contains_key(*name)) {
        println!("  {name:<48}  GONE");
        good = false;
    }
    if !comparable {
        println!("\n  not compared: kept with {:?},\n  counted with {:?}", kept.with, made.with);
    }
    Ok(good)
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
            case("verify HS256", PRIMITIVE, 100),
            case("verify HS256", OURS, 130),
            case("verify ES256", PRIMITIVE, 700),
            case("verify ES256", OURS, 705),
        ]);
        assert_eq!(counts["verify HS256, beyond what is below"], 30);
        assert_eq!(counts["verify HS256, countersign"], 130);
        assert!(!counts.contains_key("verify ES256, beyond what is below"));
    }

    #[test]
    fn the_kept_counts_can_be_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let text = std::fs::read_to_string(kept_in(&root)).unwrap();
        let kept = read(&serde_json::from_str(&text).unwrap());
        assert_eq!(kept.with.len(), 3);
        assert!(kept.counts.len() >= 10 && kept.counts.values().all(|count| *count > 0));
    }
}
