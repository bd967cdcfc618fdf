//! Arrows only downwards: a crate depends on lower layers, in tests too. Reads the manifests through cargo.

use std::path::Path;

use super::{Finding, manifests};

/// A crate and its layer; two of one layer do not know each other.
const LAYERS: &[(&str, u8)] = &[
    ("countersign-jose", 0),
    ("countersign-core", 1),
    ("countersign-store", 2),
    ("countersign", 3),
    ("countersign-axum", 4),
    ("countersign-server", 5),
    ("countersign-compare", 5),
    ("countersign-cli", 6),
];

/// Crates that stand outside the house: they may use all of it, and nobody may use them.
const OUTSIDE: &[&str] = &["countersign-examples", "xtask"];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let mut arrows = Vec::new();
    for (package, path) in manifests::packages(root)? {
        let ours = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
        let to: Vec<String> = ours.map(|dependency| dependency.name.clone()).collect();
        arrows.push(Member { name: package.name.to_string(), path, to });
    }
    Ok(judge(&arrows))
}

/// A crate of the workspace and the ones of ours that it names.
struct Member {
    name: String,
    path: String,
    to: Vec<String>,
}

fn judge(members: &[Member]) -> Vec<Finding> {
    let mut found = Vec::new();
    for member in members {
        let from = layer(&member.name);
        if from.is_none() && !OUTSIDE.contains(&member.name.as_str()) {
            let what = format!("`{}` has no layer", member.name);
            found.push(Finding::new(
                &member.path,
                1,
                what,
                "give it one in xtask/src/tidy/layers.rs and ARCHITECTURE.md",
            ));
        }
        for to in &member.to {
            let down = match (from, layer(to)) {
                (Some(from), Some(to)) => to < from,
                (None, Some(_)) => true,
                (_, None) => false,
            };
            if !down {
                let what = format!("`{}` depends on `{to}`, which is not below it", member.name);
                found.push(Finding::new(
                    &member.path,
                    1,
                    what,
                    "move what both need down a layer, or turn it into a port",
                ));
            }
        }
    }
    found
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, to: &str) -> usize {
        judge(&[Member { name: name.to_owned(), path: "x/Cargo.toml".to_owned(), to: vec![to.to_owned()] }])
            .len()
    }

    #[test]
    fn arrows_down_pass() {
        assert_eq!(found("countersign-cli", "countersign-jose"), 0);
        assert_eq!(found("countersign-core", "countersign-jose"), 0);
        assert_eq!(found("countersign-examples", "countersign"), 0);
    }

    #[test]
    fn arrows_up_sideways_and_to_tools_are_found() {
        assert_eq!(found("countersign-jose", "countersign-core"), 1);
        assert_eq!(found("countersign-server", "countersign-compare"), 1);
        assert_eq!(found("countersign-cli", "xtask"), 1);
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        assert_eq!(found("countersign-extra", "countersign-jose"), 1);
    }
}
