//! The page for people in a real browser, which the machine must have: `tests/browser`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::built::{build_server, target_folder};
use crate::report::Report;
use crate::{process, root};

/// What the machine must have.
const NEEDED: &str =
    "it needs node 20 or newer with npm, and Chromium (Debian: packages nodejs, npm and chromium)";

/// Browsers that the tests can drive, by their programs' names.
const BROWSERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// Runs the tests, or says what they lack: nothing is installed on the machine itself.
pub(crate) fn run(report: &mut Report) {
    let browser = BROWSERS.into_iter().find_map(on_the_path);
    let (Some(browser), Some(npm), Some(node)) = (browser, on_the_path("npm"), on_the_path("node"))
    else {
        return report.skip("the page in a browser", NEEDED);
    };
    match command(npm, node, browser) {
        Ok(mut tests) => report.count(&mut tests, "the page in a browser"),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

fn command(npm: PathBuf, node: PathBuf, browser: PathBuf) -> Result<Command, String> {
    let folder = root().join("tests/browser");
    let installed = folder.join("node_modules/.package-lock.json");
    if is_older(&installed, &folder.join("package-lock.json")) {
        let mut install = Command::new(npm);
        install.current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]);
        process::run(&mut install, "install what drives a browser")?;
    }
    let pictures = target_folder().join("browser");
    fs::create_dir_all(&pictures).map_err(|error| format!("{}: {error}", pictures.display()))?;
    let mut tests = Command::new(node);
    tests
        .current_dir(folder)
        .args(["--test", "--test-reporter=tap"])
        .env("DECKPORT_BIN", build_server(false)?)
        .env("DECKPORT_BROWSER", browser)
        .env("DECKPORT_PICTURES", pictures);
    Ok(tests)
}

/// Whether a file is missing, or was written before another one.
fn is_older(file: &PathBuf, other: &PathBuf) -> bool {
    let written = |file: &PathBuf| fs::metadata(file).and_then(|found| found.modified()).ok();
    written(file) < written(other)
}

fn on_the_path(name: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path).map(|folder| folder.join(&file)).find(|program| program.is_file())
}
