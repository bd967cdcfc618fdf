//! Runs our hot paths so that callgrind can count their instructions: `cargo xtask bench jose --instructions`.
//!
//! Prints one line of JSON for each case, in their order, and what the counts depend on. Callgrind collects only within
//! [`counted_calls`] and writes its counts when that is left. A word on the command line leaves only the cases of
//! that name, for a look at where their instructions go.

use std::hint::black_box;

use countersign_bench_jose::{Case, hot_paths};
use serde_json::json;

/// Enough that a nonce which had to be drawn twice does not show.
const CALLS: u32 = 200;

fn main() {
    println!("{}", json!({ "calls": CALLS, "processor": features() }));
    let wanted = std::env::args().nth(1);
    for mut case in hot_paths() {
        if wanted.as_ref().is_some_and(|wanted| *wanted != format!("{} {}", case.who, case.what)) {
            continue;
        }
        (case.run)();
        counted_calls(black_box(&mut case));
        println!("{}", json!({ "what": case.what, "who": case.who }));
    }
}

#[inline(never)]
fn counted_calls(case: &mut Case) {
    for _ in 0..CALLS {
        (case.run)();
    }
}

/// What libraries choose their code by, as the program sees it.
#[cfg(target_arch = "x86_64")]
fn features() -> String {
    let has = [
        ("sha", is_x86_feature_detected!("sha")),
        ("adx", is_x86_feature_detected!("adx")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
    ];
    let named: Vec<&str> = has.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect();
    format!("x86_64 {}", named.join(" "))
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> String {
    std::env::consts::ARCH.to_owned()
}
