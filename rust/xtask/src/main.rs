//! Developer tasks: `cargo xtask test`, `cargo xtask bench`, `cargo xtask deny`.
//!
//! Each task does its own set-up on a fresh machine (it needs Rust and Python 3.11 or newer) and ends
//! with an exit status that tells whether it succeeded. No product code lives here.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task runner talks to the person at the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "the reasons against them are Android's; no task runs there"
)]

mod android;
mod android_test;
mod bench;
mod bindings;
mod bindings_test;
mod bionic;
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
mod reliability;
mod sanitize;
mod tally;
mod test;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Tasks of the Deckport workspace

cargo xtask test                       everything below but android, and a closing line that counts the tests
cargo xtask test rust                  formatting, lints and Rust tests
cargo xtask test scenarios [ARGS...]   real Anki clients against a real server; ARGS go to pytest
                                       (--release builds the optimised server first,
                                       --server reference tests the server that ships with Anki)
cargo xtask test matrix                three old Anki clients, one of each protocol generation
cargo xtask matrix [VERSIONS...]       old Anki clients from PyPI, by default 2.1.24 to today
    --write FILE                       put the table into FILE, between its matrix markers
cargo xtask bench [OPTIONS]            CPU time and memory beside the reference server
    --notes N                          size of the collection (default 100000)
    --repetitions N                    runs of each row, the median counts (default 3)
    --media                            media instead of collections
    --last-byte                        instead: how long the end of an upload takes, on one processor and on two
    --large                            also the peak memory with a 500 MB collection
    --write FILE                       put the table into FILE, between its bench markers
cargo xtask test reliability           a short run of kills, power cuts, failing disks and a hostile client
cargo xtask reliability [PARTS...]     lives, kills, power, disk, patience, crowd, by default all; takes some minutes
    --short                            a few of each
    --long                             with old clients, as long as they wait
    --strict                           known weaknesses of merging fail, too
    --lives N, --kills N, --cuts N     how many (default 500, 500 and 1000)
    --first-seed N                     begin there, to repeat what was found
    --write FILE                       put the figures into FILE, between the markers of each part
cargo xtask test python                 the Python package, with a real Anki client in its process
cargo xtask test fuzz                  each fuzz target for some seconds
cargo xtask fuzz [TARGETS...]          fuzz targets, by default all
    --seconds N                        how long each runs (default 1800)
cargo xtask sanitize [CRATES...]       unit tests of the crates around C code, under AddressSanitizer
cargo xtask android natives            the libraries for phones, in target/android/natives; needs the NDK
    --check [ABIS...]                  instead: without the NDK and for tests alone, in
                                       target/android/natives-to-check
cargo xtask android bionic             that library for 64-bit phones, loaded and called where the C library is
                                       Android's; needs a JDK and Maven, too
cargo xtask android check [--link]     whether the library compiles for phones, without the NDK;
                                       --link also links it and looks at its size
cargo xtask bindings [--release]       the library for Kotlin and Python, and the code generated from it,
                                       in target/bindings
cargo xtask test kotlin                the library in a JVM, with a real Anki client; needs a JDK and Maven
cargo xtask kotlin                     the jar with the optimised library, in bindings/kotlin/target
    --install                          and put it into the local Maven repository
    --lives FILE                       instead: start and stop 1,000 times in a JVM, and put the figures
                                       into FILE, between its kotlin-lives markers
cargo xtask test android [OPTIONS]     the Android library and app, without an SDK; what cannot run is skipped
    --long                             also older systems and the packed app
    --steps                            only the steps after the tests, with what was compiled last
    --module NAME                      deckport or companion alone
    -DNAME=VALUE                       goes to Maven: -Dtest=IdleTest, -Dpictures.renew=true
cargo xtask deny                       licences, advisories and sources of all dependencies
                                       (needs `cargo install cargo-deny`)
";

/// The outcome of a step; the sentence says what went wrong.
type TaskResult = Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", rest @ ..] => test::run(rest),
        ["matrix", rest @ ..] => test::run_matrix(rest),
        ["reliability", rest @ ..] => reliability::run(rest).map(|()| ExitCode::SUCCESS),
        ["bench", rest @ ..] => bench::run(rest).map(|()| ExitCode::SUCCESS),
        ["fuzz", rest @ ..] => fuzz::run_task(rest).map(|()| ExitCode::SUCCESS),
        ["sanitize", rest @ ..] => sanitize::run_task(rest).map(|()| ExitCode::SUCCESS),
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
