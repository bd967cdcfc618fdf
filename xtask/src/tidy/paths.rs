//! No file names a folder of the machine that it was written on.

use super::Finding;
use super::tree::Tree;

/// Put together here, or this file would find itself.
const FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/fa", "rm/")];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (source, text) in tree.texts() {
        for (line, number) in text.lines().zip(1..) {
            for folder in FOLDERS.iter().filter(|folder| names(line, folder)) {
                let what = format!("`{folder}` is a folder of one machine");
                found.push(Finding::new(
                    &source.path,
                    number,
                    what,
                    "write a path relative to the repository",
                ));
            }
        }
    }
    found
}

/// Whether the folder stands at the head of a path, not inside a longer one.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    #[test]
    fn a_machine_path_is_found_and_one_of_our_own_passes() {
        let text = format!("a {}x\nhttps://example.org{}x\n", FOLDERS[0], FOLDERS[0]);
        let found = check(&tree(&[("docs/a.md", &text)]));
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [1]);
    }
}
