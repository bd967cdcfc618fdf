//! The paths whose instructions are counted: the same work each time, to the last instruction or nearly.

use crate::token::Keys;
use crate::{Case, ours, remembered};

/// A path by its name.
pub type Path = (&'static str, Box<dyn FnMut()>);

/// Every path.
pub fn paths() -> Vec<Path> {
    let keys = Keys::new();
    let run = |case: Case| case.run;
    let mut verify = ours::verify(&keys, "HS256").into_iter().map(run);
    let [_, repeat] = remembered::cases(100);
    let mut paths: Vec<Path> =
        vec![("issue HS256", run(ours::issue(&keys, "HS256"))), ("repeat ES256", run(repeat))];
    for name in ["verify HS256, borrowed", "verify HS256, owned"] {
        paths.extend(verify.next().map(|run| (name, run)));
    }
    paths
}
