//! The Python environments of the scenario tests, made on first use under `.venvs/`.
//!
//! There is one environment for the test runner and one for each Anki version that plays a client,
//! because those versions need different Pythons and packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{TaskResult, process, root};

/// The Anki version that scenario tests and benchmarks run.
pub(crate) const ANKI: &str = "anki-26.9.3";

/// What packs the add-ons and drives their tests.
pub(crate) const ADDON: &str = "addon";

/// The tests of the Python package, with an Anki client.
pub(crate) const BINDINGS: &str = "bindings";

/// The test runner and its helpers.
pub(crate) const RUNNER: &str = "runner";

/// Interpreters to look for; the first that is new enough is taken.
const CANDIDATES: [&str; 6] =
    ["python3.13", "python3.12", "python3.11", "python3.14", "python3", "python"];

/// The interpreter of the environment `name`, which is made or brought up to date first.
///
/// `tests/requirements/<name>.txt` lists its packages; a copy kept inside the environment shows
/// whether they have changed since.
pub(crate) fn environment(name: &str) -> Result<PathBuf, String> {
    let folder = root().join(".venvs").join(name);
    let python = interpreter_in(&folder);
    let list = root().join("tests/requirements").join(format!("{name}.txt"));
    let wanted =
        fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let stamp = folder.join("installed.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    install(&folder, &python, &list)?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

fn install(folder: &Path, python: &Path, list: &Path) -> TaskResult {
    if folder.exists() {
        // Half made, from another list, or from a Python that is gone: start over.
        fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut make = Command::new(find_python()?);
    make.args(["-m", "venv"]).arg(folder);
    process::run(&mut make, "make a Python environment (Debian and Ubuntu: package python3-venv)")?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(list);
    process::run(&mut pip, &format!("install {}", list.display()))
}

/// The interpreter of an environment.
pub(crate) fn interpreter_in(folder: &Path) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") }
}

fn find_python() -> Result<&'static str, String> {
    CANDIDATES
        .into_iter()
        .find(|name| is_new_enough(name))
        .ok_or_else(|| "the tests need Python 3.11 or newer (python3 on the PATH); install it and run this again".to_owned())
}

fn is_new_enough(name: &str) -> bool {
    Command::new(name)
        .args(["-c", "import sys, venv; sys.exit(sys.version_info < (3, 11))"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
