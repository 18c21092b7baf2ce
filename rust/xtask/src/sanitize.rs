//! `cargo xtask sanitize`: the unit tests of the crates that border on C code, under
//! AddressSanitizer.
//!
//! SQLite, zstd and our own code are built with it, by the ordinary compilers. It finds memory that is
//! used after it is freed or beyond its bounds, on both sides of the border, and what is never freed.

use crate::process::{cargo, host, run};
use crate::{TaskResult, root};

/// Those that link SQLite or zstd, or speak to a virtual machine.
const CRATES: [&str; 7] = [
    "deckport-collection",
    "deckport-package",
    "deckport-media",
    "deckport-accounts",
    "deckport-household",
    "deckport-endpoint",
    "deckport-ffi",
];

/// Platforms that we build on for which the compiler has the sanitizer's library.
const PLATFORMS: [&str; 3] =
    ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin"];

/// Runs the tests of the named crates, or of all.
pub(crate) fn run_task(arguments: &[&str]) -> TaskResult {
    if let Some(unknown) = arguments.iter().find(|name| !CRATES.contains(name)) {
        return Err(format!("{unknown} is none of {}", CRATES.join(", ")));
    }
    let host = host()?;
    if !PLATFORMS.contains(&&*host) {
        return Err(format!("nothing was tested: there is no AddressSanitizer for {host}"));
    }
    let crates = if arguments.is_empty() { &CRATES[..] } else { arguments };
    let mut test = cargo();
    // With a target of its own, so that build scripts and macros are not sanitized.
    test.args(["test", "--lib", "--no-fail-fast", "--target", &host, "--target-dir"])
        .arg(root().join("target/sanitize"))
        .args(crates.iter().flat_map(|name| ["--package", name]))
        .env("RUSTFLAGS", "-Zsanitizer=address")
        // The sanitizer is an unstable option of a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CFLAGS", "-fsanitize=address -g -O1")
        // A cache of compiled C code might not look at these flags.
        .env("RUSTC_WRAPPER", "");
    run(&mut test, "unit tests under AddressSanitizer")
}
