//! Which packages a build links, with the features it enables. Cargo.lock lists optional ones too, so it is not asked.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Whether procedural macros, which run at build time and are not linked, are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Macros {
    With,
    Without,
}

/// One package of the graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: String,
    pub(super) ours: bool,
}

/// The normal dependencies of one crate, or of the whole workspace.
pub(super) fn linked(root: &Path, of: Option<&str>, macros: Macros) -> Result<BTreeSet<Package>, String> {
    let edges = match macros {
        Macros::With => "normal",
        Macros::Without => "normal,no-proc-macro",
    };
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args([
        "tree",
        "--prefix",
        "none",
        "--no-dedupe",
        "--edges",
        edges,
        "--format",
        "{p}|{l}",
    ]);
    match of {
        Some(name) => cargo.args(["--package", name]),
        None => cargo.arg("--workspace"),
    };
    let output = cargo.output().map_err(|e| format!("cannot start `cargo tree`: {e}"))?;
    if !output.status.success() {
        return Err(format!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(parse).collect())
}

/// `name v1.2.3 (proc-macro)|MIT OR Apache-2.0`; one of ours also names its folder.
fn parse(line: &str) -> Option<Package> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    let ours = words.any(|word| word.starts_with("(/"));
    Some(Package {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.trim().to_owned(),
        ours,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_cargo_tree_is_read() {
        let serde = parse("serde_derive v1.0.2 (proc-macro)|MIT OR Apache-2.0").unwrap();
        assert_eq!(
            (serde.name.as_str(), serde.version.as_str(), serde.ours),
            ("serde_derive", "v1.0.2", false)
        );
        assert!(parse("countersign v0.1.0 (/a/b)|MIT").unwrap().ours);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn the_facade_links_its_own_core() {
        let names = linked(&crate::root(), Some("countersign"), Macros::Without).unwrap();
        assert!(names.iter().any(|package| package.name == "countersign-core" && package.ours));
    }
}
