//! `cargo xtask deny`: licences, advisories and sources of all dependencies, by `deny.toml`.

use std::process::Stdio;

use crate::TaskResult;
use crate::process::{self, cargo};

/// Runs cargo-deny, which must be installed: it is a large build that few changes need.
pub(crate) fn run() -> TaskResult {
    let installed = cargo()
        .args(["deny", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        return Err(
            "cargo-deny is not installed; run: cargo install --locked cargo-deny".to_owned()
        );
    }
    process::run(cargo().args(["deny", "--all-features", "check"]), "cargo deny")
}
