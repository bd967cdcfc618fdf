//! How often each case allocates through Rust's allocator; one line of JSON for each case.
//!
//! Libraries in C have their own: what OpenSSL and AWS-LC take from `malloc` does not show, for anybody.

use std::alloc::System;

use countersign_bench_jose::{cases, remembered};
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CALLS: usize = 100;

fn main() {
    for mut case in cases().into_iter().chain(remembered::cases(1_000)) {
        (case.run)();
        let region = Region::new(ALLOCATOR);
        for _ in 0..CALLS {
            (case.run)();
        }
        let change = region.change();
        let allocations = (change.allocations + change.reallocations) as f64 / CALLS as f64;
        println!("{}", json!({ "what": case.what, "who": case.who, "allocations": allocations }));
    }
}
