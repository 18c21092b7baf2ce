//! Developer tasks: `cargo xtask test`, `cargo xtask bench`, `cargo xtask deny`.
//!
//! Each task does its own set-up on a fresh machine (it needs Rust and Python 3.11 or newer) and ends
//! with an exit status that says whether it succeeded. No product code lives here.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task runner talks to the person at the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "the reasons against them are Android's; no task runs there"
)]

mod addon;
mod android;
mod android_test;
mod bench;
mod bindings;
mod bindings_test;
mod bionic;
mod browser;
mod built;
#[cfg(test)]
mod citations;
mod deny;
mod fuzz;
mod kotlin;
#[cfg(test)]
mod licences;
mod matrix;
mod page;
mod process;
mod python;
mod quick;
mod reliability;
mod report;
mod sanitize;
mod tally;
mod test;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Tasks of the Deckport workspace: cargo xtask TASK

While you work
  quick                      format, lints, the unit tests of what you changed and one sync with a real Anki
  test rust                  format, lints and all Rust tests
  test scenarios [ARGS...]   real Anki clients against a real server; ARGS go to pytest (a file, -k WORD)
      --release              with the optimised server
      --server reference     against the server that ships with Anki instead
  test matrix                three old Anki clients, one of each protocol generation
  test browser               the page for people in Chromium, with axe-core; skipped where there is none. Pictures of
                             it are in target/browser afterwards
  test python                the Python package, with a real Anki client in its process
  test kotlin                the library in a JVM, with a real Anki client; needs a JDK and Maven
  test android [OPTIONS]     the Android library and app, without an SDK; what cannot run is skipped
      --module NAME          deckport or companion only
      --steps                only the steps after the tests, with what was compiled last
      --long                 also older systems, the packed app, and the library in an emulated phone
      -DNAME=VALUE           goes to Maven: -Dtest=IdleTest, -Dpictures.renew=true
  test addon [ARGS...]       the add-ons in Anki's real desktop program of today, with --long in three of them;
                             other ARGS go to pytest
  test reliability           a short run of kills, power cuts, failing disks and a hostile client
  test fuzz                  each fuzz target for a few seconds

Before you hand it in
  test                       all of the above, and a closing line that counts the tests
  deny                       licences, advisories and sources of all dependencies; needs cargo-deny

To prove more, in minutes or hours
  matrix [VERSIONS...]       old Anki clients from PyPI, by default 2.1.24 to today
      --write FILE           put the table into FILE, between its matrix markers
  reliability [PARTS...]     lives, kills, power, disk, patience, crowd, by default all
      --short, --long        a few of each; with old clients, as long as they wait
      --strict               known weaknesses of merging fail, too
      --lives N, --kills N, --cuts N, --first-seed N
                             how many (500, 500 and 1000), and where to begin, to repeat what was found
      --write FILE           put the figures into FILE, between the markers of each part
  fuzz [TARGETS...]          fuzz targets, by default all
      --seconds N            how long each runs (1800)
  sanitize [CRATES...]       unit tests of the crates around C code, under AddressSanitizer

To measure
  bench [OPTIONS]            CPU time and memory beside the reference server
      --notes N              size of the collection (100000)
      --repetitions N        runs of each row, the median counts (3)
      --large                also with a 500 MB collection: the peak memory, or the end of its upload
      --media                media instead
      --last-byte            how long the end of an upload takes instead, on one processor and on two
      --write FILE           put the table into FILE, between its bench markers

To build
  addon                      the add-ons for Anki's desktop program, as files to install, in target/addon
  bindings [--release]       the library for Kotlin and Python, and the code generated from it, in target/bindings
  kotlin [--install]         the jar with the optimised library, in bindings/kotlin/target; and into the local
                             Maven repository
      --lives FILE           start and stop 1,000 times in a JVM instead, and put the figures into FILE
  android natives            the libraries for phones, in target/android/natives; needs the NDK
      --check [ABIS...]      without the NDK and only for tests, in target/android/natives-to-check
  android check [--link]     whether the library compiles for phones, without the NDK; --link also links it and
                             checks its size
  android bionic             the library for 64-bit phones, loaded and called where the C library is Android's
";

/// The outcome of a step; the sentence says what went wrong.
type TaskResult = Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["quick"] => quick::run(),
        ["test", rest @ ..] => test::run(rest),
        ["matrix", rest @ ..] => test::run_matrix(rest),
        ["reliability", rest @ ..] => reliability::run(rest).map(|()| ExitCode::SUCCESS),
        ["bench", rest @ ..] => bench::run(rest).map(|()| ExitCode::SUCCESS),
        ["fuzz", rest @ ..] => fuzz::run_task(rest).map(|()| ExitCode::SUCCESS),
        ["sanitize", rest @ ..] => sanitize::run_task(rest).map(|()| ExitCode::SUCCESS),
        ["addon"] => addon::pack().map(|_| ExitCode::SUCCESS),
        ["android", "bionic"] => bionic::run().map(|()| ExitCode::SUCCESS),
        ["android", rest @ ..] => android::run(rest).map(|()| ExitCode::SUCCESS),
        ["bindings", rest @ ..] => bindings::run(rest).map(|()| ExitCode::SUCCESS),
        ["kotlin", rest @ ..] => kotlin::run(rest).map(|()| ExitCode::SUCCESS),
        ["deny"] => deny::run().map(|()| ExitCode::SUCCESS),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(format!("unknown task: {}\n\n{HELP}", words.join(" "))),
    };
    match outcome {
        Ok(status) => status,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root: two levels above this crate.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_path_buf()
}
