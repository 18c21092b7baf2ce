//! `cargo xtask reliability`: random lives, kills, power cuts, failing disks and hostile crowds.
//!
//! The parts are Python (`tests/reliability`), steering real clients. This task builds the servers,
//! one of them with named points at which it dies, sets up and puts the figures where they belong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, cargo};
use crate::{TaskResult, built, matrix, page, root};

/// The parts, in the order in which they run.
const PARTS: [&str; 6] = ["lives", "kills", "power", "disk", "patience", "crowd"];

/// Older Anki versions that take part in random lives, where they can be installed.
const OLDER: [&str; 2] = ["2.1.54", "2.1.66"];

/// Those whose patience is tried, which takes minutes.
const IMPATIENT: [&str; 3] = ["2.1.26", "2.1.54", "2.1.66"];

/// See the help of the task.
pub(crate) fn run(arguments: &[&str]) -> TaskResult {
    let mut write = None;
    let mut options = Vec::new();
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        match *option {
            "--write" => write = Some(*rest.next().ok_or("--write needs a file")?),
            other => options.push(other),
        }
    }
    let figures = built::target_folder().join("reliability");
    if figures.exists() {
        fs::remove_dir_all(&figures).map_err(|error| format!("{}: {error}", figures.display()))?;
    }
    let mut command = command(&options)?;
    command.arg("--output").arg(&figures);
    let outcome = process::run(&mut command, "reliability");
    // Even when another part failed: only its figures are missing.
    if let Some(file) = write {
        put_figures(&root().join(file), &figures)?;
    }
    outcome
}

/// The tests as a command; `options` go to them.
pub(crate) fn command(options: &[&str]) -> Result<Command, String> {
    // First, since the plain server must be what stays in its place.
    let faulty = build_faulty()?;
    let ready = built::prepare(false)?;
    let mut command = Command::new(&ready.runner);
    command
        .current_dir(root().join("tests/reliability"))
        .arg("reliability.py")
        .args(options)
        .arg("--deckport")
        .arg(&ready.binary)
        .arg("--faulty")
        .arg(faulty)
        .arg("--anki-python")
        .arg(&ready.anki);
    let with_lives = options.contains(&"lives") || !options.iter().any(|o| PARTS.contains(o));
    let is_long = options.contains(&"--long");
    let older: &[&str] = match (is_long, with_lives) {
        (true, _) => &IMPATIENT,
        (false, true) => &OLDER,
        (false, false) => &[],
    };
    for version in older {
        match matrix::environment(version) {
            Ok(python) => drop(command.arg(format!("--older={version}={}", python.display()))),
            Err(reason) => println!("nothing with Anki {version}: {reason}"),
        }
    }
    Ok(command)
}

/// Builds the command with the feature `fault-points`, and keeps it beside the plain one.
fn build_faulty() -> Result<PathBuf, String> {
    let mut build = cargo();
    build.args(["build", "--workspace", "--bin", "deckport"]);
    build.args(["--features", "deckport/fault-points"]);
    process::run(&mut build, "build the server with fault points")?;
    let plain = built::binary("debug", "deckport");
    let faulty =
        plain.with_file_name(format!("deckport-fault-points{}", std::env::consts::EXE_SUFFIX));
    fs::copy(&plain, &faulty).map_err(|error| format!("{}: {error}", faulty.display()))?;
    Ok(faulty)
}

fn put_figures(file: &Path, figures: &Path) -> TaskResult {
    for part in PARTS {
        // A part that did not run, or failed, keeps its last figures.
        if let Ok(text) = fs::read_to_string(figures.join(format!("{part}.md"))) {
            page::insert(file, part, &text)?;
        }
    }
    Ok(())
}
