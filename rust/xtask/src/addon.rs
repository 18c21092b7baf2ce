//! `cargo xtask addon`: the add-ons for Anki's desktop program, packed as people install them; and
//! their tests in that program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::built::{build_tool, target_folder};
use crate::{bindings, matrix, process, python, root};

/// The desktop programs of the tests: today's, and with [`LONG`] the oldest for the same add-on and the
/// last one for the old add-on.
const DESKTOPS: [&str; 3] = ["26.9.3", "2.1.66", "2.1.26"];

/// The option that runs the tests in all desktop programs.
const LONG: &str = "--long";

/// What Qt wants of the system, as Debian names it.
const QT_NEEDS: &str = "Qt does not load here (Debian and Ubuntu: libegl1, libnss3, libasound2, \
    libxcomposite1, libxdamage1, libxkbfile1, libxkbcommon-x11-0)";

/// Packs both add-ons; answers the folder with the files.
pub(crate) fn pack() -> Result<PathBuf, String> {
    let python = python::environment(python::ADDON)?;
    let folder = target_folder().join("addon");
    let mut pack = Command::new(python);
    pack.arg(root().join("addon/package.py")).arg(&folder);
    process::run(&mut pack, "pack the add-ons")?;
    Ok(folder)
}

/// The command that runs the tests; versions that cannot be installed or started are skipped there.
pub(crate) fn tests(options: &[&str]) -> Result<Command, String> {
    let packed = pack()?;
    let library = bindings::build(false)?;
    let engine = library.ancestors().nth(2).ok_or("the bindings are in no folder")?;
    let mut pytest = Command::new(python::environment(python::ADDON)?);
    pytest
        .current_dir(root().join("tests/addon"))
        .args(["-m", "pytest"])
        .arg(format!("--deckport={}", build_tool("deckport")?.display()))
        .arg(format!("--packed={}", packed.display()))
        .arg(format!("--engine={}", engine.display()));
    let all = options.contains(&LONG);
    for version in DESKTOPS.into_iter().take(if all { DESKTOPS.len() } else { 1 }) {
        pytest.arg(match desktop(version) {
            Ok(python) => format!("--desktop={version}={}", python.display()),
            Err(reason) => format!("--absent={version}={reason}"),
        });
    }
    pytest.args(options.iter().filter(|option| **option != LONG));
    Ok(pytest)
}

/// The interpreter of a desktop program's environment, if the program can start in it.
fn desktop(version: &str) -> Result<PathBuf, String> {
    if !cfg!(target_os = "linux") {
        return Err("the desktop program is driven on Linux alone".to_owned());
    }
    let python = matrix::environment_of(&format!("aqt-{version}"), version, &packages(version))?;
    if loads_qt(&python) { Ok(python) } else { Err(QT_NEEDS.to_owned()) }
}

fn packages(version: &str) -> Vec<String> {
    let aqt = format!("aqt=={version}");
    let more: &[&str] = match version {
        // Later ones are not for the Python of that time, or do not fit what it was written against.
        "2.1.26" => {
            &["PyQt5==5.14.2", "PyQt5-sip==12.12.2", "PyQtWebEngine==5.14.0", "protobuf<3.21"]
        }
        "2.1.66" => &["PyQt6", "PyQt6-WebEngine"],
        _ => &[],
    };
    std::iter::once(aqt).chain(more.iter().map(|&package| package.to_owned())).collect()
}

fn loads_qt(python: &Path) -> bool {
    Command::new(python)
        .args(["-c", "import aqt.qt, aqt.webview"])
        .env("QT_QPA_PLATFORM", "offscreen")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
