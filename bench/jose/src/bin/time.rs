//! How long each case takes, in CPU time of this thread; one line of JSON for each case.
//!
//! Cases of one name take turns within a round, so that what disturbs one disturbs its neighbours; the ratio to the
//! first of them, and the difference, is taken within the round. The median over the rounds is what is told, with the tenth and the
//! ninetieth percentile. A word on the command line leaves only the cases whose name has it.

use std::time::Duration;

use countersign_bench_jose::{Case, cases, remembered};
use cpu_time::ThreadTime;
use serde_json::json;

const ROUNDS: usize = 41;
/// How long one case runs in one round.
const TURN: Duration = Duration::from_micros(1500);

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut cases = cases();
    for tokens in [1_000, 100_000] {
        cases.extend(remembered::cases(tokens));
    }
    cases.retain(|case| case.what.contains(&wanted));
    let mut groups: Vec<&mut [Case]> = cases.chunk_by_mut(|one, next| one.what == next.what).collect();
    for group in &mut groups {
        measure(group);
    }
}

fn measure(group: &mut [Case]) {
    let calls: Vec<u32> = group.iter_mut().map(calls).collect();
    let mut times = vec![Vec::new(); group.len()];
    for round in 0..ROUNDS {
        for turn in 0..group.len() {
            // Each round begins with another case: nobody always runs behind the same neighbour.
            let place = (turn + round) % group.len();
            times[place].push(run(&mut group[place], calls[place]));
        }
    }
    let base = times[0].clone();
    for (case, times) in group.iter().zip(times) {
        let pairs = || times.iter().zip(&base);
        let ratio = Spread::of(pairs().map(|(time, base)| time / base).collect());
        let more = Spread::of(pairs().map(|(time, base)| time - base).collect());
        let time = Spread::of(times.clone());
        println!(
            "{}",
            json!({
                "what": case.what, "who": case.who,
                "ns": time.middle, "ns_low": time.low, "ns_high": time.high,
                "ratio": ratio.middle, "ratio_low": ratio.low, "ratio_high": ratio.high,
                "more": more.middle, "more_low": more.low, "more_high": more.high,
            })
        );
    }
}

/// How many calls fill a turn.
fn calls(case: &mut Case) -> u32 {
    let mut calls = 1;
    loop {
        let took = run(case, calls) * f64::from(calls);
        if took * 2.0 >= TURN.as_secs_f64() * 1e9 || calls > 1 << 20 {
            return calls;
        }
        calls *= 2;
    }
}

/// Nanoseconds for one call, over so many of them.
fn run(case: &mut Case, calls: u32) -> f64 {
    let begun = ThreadTime::now();
    for _ in 0..calls {
        (case.run)();
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

struct Spread {
    low: f64,
    middle: f64,
    high: f64,
}

impl Spread {
    fn of(mut each: Vec<f64>) -> Self {
        each.sort_unstable_by(f64::total_cmp);
        let at = |tenths: usize| each[(each.len() - 1) * tenths / 10];
        Self { low: at(1), middle: at(5), high: at(9) }
    }
}
