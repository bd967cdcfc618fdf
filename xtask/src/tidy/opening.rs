//! Every file of Rust opens by saying what it is: what it decides, what it does not, which section of which standard.

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let says = |text: &str| {
        text.lines()
            .next()
            .and_then(|first| first.strip_prefix("//!"))
            .is_some_and(|rest| !rest.trim().is_empty())
    };
    let bare = tree.rust().filter(|(_, text, _)| !says(text));
    bare.map(|(source, _, _)| {
        Finding::new(
            &source.path,
            1,
            "the file does not say what it is",
            "open with `//!`: what it decides, what it does not, which section of which standard",
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    #[test]
    fn a_file_without_an_opening_is_found() {
        let found = check(&tree(&[
            ("a.rs", "fn a() {}\n"),
            ("b.rs", "//!\nfn a() {}\n"),
            ("c.rs", "//! What it is.\n"),
        ]));
        let paths: Vec<&str> = found.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["a.rs", "b.rs"]);
    }
}
