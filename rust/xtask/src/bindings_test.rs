//! The Python package: installed as a person would do it, and its tests.

use std::process::Command;

use crate::{process, python, root};

/// Installs the package, with an engine that is quick to build, into an environment of its own;
/// returns the command that runs its tests.
pub(crate) fn python_tests() -> Result<Command, String> {
    let python = python::environment(python::BINDINGS)?;
    let mut install = Command::new(&python);
    install
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        // Setuptools is already there; without the network it could not be fetched.
        .args(["--no-build-isolation", "--no-deps", "--force-reinstall"])
        .arg(root().join("bindings/python"))
        .env("DECKPORT_PROFILE", "debug");
    process::run(&mut install, "install the Python package")?;
    let mut pytest = Command::new(python);
    pytest.current_dir(root().join("bindings/python")).args(["-m", "pytest"]);
    Ok(pytest)
}
