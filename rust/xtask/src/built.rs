//! What is built to be tested or to test with, and where.

use std::env;
use std::path::PathBuf;

use crate::process::{self, cargo};
use crate::{python, root};

/// The command, as its package and its program are named.
const SERVER: &str = "deckport";

/// What the scenarios need.
pub(crate) struct Ready {
    pub(crate) binary: PathBuf,
    pub(crate) runner: PathBuf,
    pub(crate) anki: PathBuf,
}

/// Builds the server and installs what drives clients of it, where that is not done yet.
pub(crate) fn prepare(release: bool) -> Result<Ready, String> {
    let runner = python::environment(python::RUNNER)?;
    let anki = python::environment(python::ANKI)?;
    Ok(Ready { binary: build_server(release)?, runner, anki })
}

/// Builds the `deckport` command and returns its path.
pub(crate) fn build_server(release: bool) -> Result<PathBuf, String> {
    if !release {
        return build_tool(SERVER);
    }
    let mut build = cargo();
    build.args(["build", "--package", SERVER, "--release"]);
    process::run(&mut build, "build the server")?;
    Ok(binary("release", SERVER))
}

/// Builds a program of the workspace to test it or to test with it, and returns its path. The whole
/// workspace decides on the features of dependencies, as in the unit tests, so they are compiled once.
pub(crate) fn build_tool(name: &str) -> Result<PathBuf, String> {
    let mut build = cargo();
    build.args(["build", "--workspace", "--bin", name]);
    process::run(&mut build, &format!("build {name}"))?;
    Ok(binary("debug", name))
}

/// Where a program is built.
pub(crate) fn binary(profile: &str, name: &str) -> PathBuf {
    target_folder().join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Where everything is built.
pub(crate) fn target_folder() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}
