//! Runs one hot path so that callgrind can count its instructions: all that happens inside `measured`.
//!
//! Only what does the same each time: HMAC, and tokens that are known already.

use std::env::args;

use countersign_bench_jose::hot;

const CALLS: u32 = 100;

fn main() {
    let wanted = args().nth(1).unwrap_or_default();
    let Some((_, mut run)) = hot::paths().into_iter().find(|(name, _)| *name == wanted) else {
        for (name, _) in hot::paths() {
            println!("{name}");
        }
        return;
    };
    // What happens once (memos, rooms that grow) is not the hot path.
    run();
    measured(&mut *run);
}

#[inline(never)]
fn measured(run: &mut dyn FnMut()) {
    for _ in 0..CALLS {
        run();
    }
}
