//! How many crates of other people an application takes in with one of ours. Macros run at build time and do not count.

use std::path::Path;

use super::Finding;
use super::packages::{self, Macros};

/// The crates that applications depend on, and how many third-party crates each may link.
const LIMITS: &[(&str, usize)] = &[("countersign", 70), ("countersign-axum", 110)];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let mut found = Vec::new();
    for (name, limit) in LIMITS {
        let linked = packages::linked(root, Some(name), Macros::Without)?;
        let count = linked.iter().filter(|package| !package.ours).count();
        found.extend(judge(name, count, *limit));
    }
    Ok(found)
}

fn judge(name: &str, count: usize, limit: usize) -> Option<Finding> {
    (count > limit).then(|| {
        let what = format!("`{name}` links {count} crates, the limit is {limit}");
        let mend = format!("`cargo tree -e normal,no-proc-macro -p {name}` lists them; turn a feature off");
        Finding::new(&format!("crates/{name}/Cargo.toml"), 1, what, mend)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_crate_too_many_is_found() {
        assert_eq!(judge("countersign", 70, 70), None);
        assert!(judge("countersign", 71, 70).unwrap().what.contains("71 crates"));
    }
}
