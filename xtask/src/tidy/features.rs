//! What a feature adds is documented: docs.rs builds with the default features only, unless the manifest says otherwise.
//!
//! Reads the manifests through cargo. A crate that is not published has no page there.

use std::path::Path;

use cargo_metadata::Package;

use super::{Finding, manifests};

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let published = |(package, _): &(Package, String)| package.publish != Some(Vec::new());
    let packages = manifests::packages(root)?.into_iter().filter(published);
    Ok(packages.filter_map(|(package, path)| judge(&path, &hidden(&package), shows_all(&package))).collect())
}

/// The features that are not there unless somebody asks for them.
fn hidden(package: &Package) -> Vec<&str> {
    let default = package.features.get("default");
    let is_on = |name: &String| name == "default" || default.is_some_and(|on| on.contains(name));
    package.features.keys().filter(|name| !is_on(name)).map(String::as_str).collect()
}

fn shows_all(package: &Package) -> bool {
    package.metadata.pointer("/docs/rs/all-features").is_some_and(|all| all.as_bool() == Some(true))
}

fn judge(path: &str, hidden: &[&str], shows_all: bool) -> Option<Finding> {
    (!hidden.is_empty() && !shows_all).then(|| {
        let what = format!("docs.rs would not show what `{}` adds", hidden.join("`, `"));
        Finding::new(path, 1, what, "write `[package.metadata.docs.rs]` with `all-features = true`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_docs_rs_would_not_show_is_found() {
        assert_eq!(judge("x/Cargo.toml", &[], false), None);
        assert_eq!(judge("x/Cargo.toml", &["jwks"], true), None);
        assert!(judge("x/Cargo.toml", &["jwks", "redis"], false).unwrap().what.contains("`jwks`, `redis`"));
    }

    #[test]
    fn a_feature_is_hidden_unless_it_is_on_by_default() {
        let packages = manifests::packages(&crate::root()).unwrap();
        let of = |name: &str| {
            let (package, _) = packages.iter().find(|(package, _)| package.name.as_str() == name).unwrap();
            (hidden(package), shows_all(package))
        };
        assert_eq!(of("countersign"), (vec!["jwks", "postgres", "redis"], true));
        assert_eq!(of("countersign-cli"), (vec![], false));
    }
}
