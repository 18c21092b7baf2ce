//! Running other programs: as they are, or watched line by line.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{TaskResult, root};

/// The cargo that started us.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The compiler's own platform.
pub(crate) fn host() -> Result<String, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = output_of(Command::new(rustc).arg("-vV"), "rustc")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not tell its platform".to_owned())
}

/// Runs a command whose output goes to the terminal. `what` names it in the error.
pub(crate) fn run(command: &mut Command, what: &str) -> TaskResult {
    println!("\n== {what}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("{what}: could not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{what} failed ({status})")) }
}

/// Runs a command quietly unless it fails.
pub(crate) fn quietly(command: &mut Command, what: &str) -> TaskResult {
    output_of(command, what).map(drop)
}

/// What a command prints. Quiet unless it fails.
pub(crate) fn output_of(command: &mut Command, what: &str) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{what}: could not start: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{what} failed ({}): {}", output.status, told.trim()))
}

/// Runs a command, shows its standard output and hands each line of it to `watch`.
pub(crate) fn run_watched(
    command: &mut Command,
    what: &str,
    mut watch: impl FnMut(&str),
) -> TaskResult {
    println!("\n== {what}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{what}: could not start: {error}"))?;
    if let Some(output) = child.stdout.take() {
        let mut reader = BufReader::new(output);
        let mut bytes = Vec::new();
        // Lines of bytes: test output need not be UTF-8.
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let line = String::from_utf8_lossy(&bytes);
            print!("{line}");
            watch(line.trim_end());
            bytes.clear();
        }
    }
    let status = child.wait().map_err(|error| format!("{what}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{what} failed ({status})")) }
}
