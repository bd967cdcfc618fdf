//! The crates of the workspace as cargo reads their manifests. Judges nothing.

use std::path::Path;

use cargo_metadata::{MetadataCommand, Package};

/// Each crate with where its manifest lies below `root`.
pub(super) fn packages(root: &Path) -> Result<Vec<(Package, String)>, String> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .map_err(|e| format!("cannot read the workspace: {e}"))?;
    let placed = |package: Package| {
        let path = package.manifest_path.as_std_path();
        let path = path.strip_prefix(root).unwrap_or(path).display().to_string();
        (package, path)
    };
    Ok(metadata.packages.into_iter().map(placed).collect())
}
