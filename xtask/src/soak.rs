//! The long tests. They are `#[ignore]`d and named `soak_…`, so that the daily run stays short.

use std::path::Path;
use std::process::{Command, ExitCode};

/// Runs every ignored test whose name holds `soak_`, showing its output; optimised, since some of them print figures.
pub(crate) fn command(root: &Path) -> ExitCode {
    let status = Command::new("cargo")
        .args([
            "test",
            "--workspace",
            "--release",
            "--no-fail-fast",
            "--",
            "--ignored",
            "--nocapture",
            "soak_",
        ])
        .current_dir(root)
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot start `cargo`: {error}");
            ExitCode::FAILURE
        }
    }
}
