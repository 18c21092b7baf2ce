//! `cargo xtask test`: what must hold before a change is accepted.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;

use crate::built::{Ready, prepare};
use crate::process::cargo;
use crate::report::{Part, Report};
use crate::{addon, android_test, bindings_test, browser, fuzz, kotlin, matrix, reliability, root};

/// The option that makes the scenarios use the optimised server.
const RELEASE: &str = "--release";

/// What runs when nothing is named.
const PARTS: [Part; 10] = [
    ("rust", rust),
    ("scenarios", |report| scenarios(&[], report)),
    ("browser", browser::run),
    ("matrix", |report| old_clients(&matrix::QUICK, None, report)),
    ("python", python_package),
    ("addon", |report| addons(&[], report)),
    ("reliability", short_reliability),
    ("fuzz", short_fuzz),
    ("kotlin", in_a_jvm),
    ("android", |report| android_test::run(&android_test::Options::default(), report)),
];

/// Runs all parts or the named one; the last line printed counts the tests.
pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode, String> {
    let mut report = Report::default();
    match arguments {
        [] => {
            for part in PARTS {
                report.timed(part);
            }
        }
        ["rust"] => rust(&mut report),
        ["scenarios", options @ ..] => scenarios(options, &mut report),
        ["browser"] => browser::run(&mut report),
        ["matrix"] => old_clients(&matrix::QUICK, None, &mut report),
        ["reliability"] => short_reliability(&mut report),
        ["python"] => python_package(&mut report),
        ["addon", options @ ..] => addons(options, &mut report),
        ["fuzz"] => short_fuzz(&mut report),
        ["kotlin"] => in_a_jvm(&mut report),
        ["android", options @ ..] => {
            android_test::run(&android_test::Options::parse(options)?, &mut report);
        }
        _ => return Err(format!("unknown arguments: {}", arguments.join(" "))),
    }
    Ok(report.close())
}

/// Of all Rust code.
pub(crate) fn format_and_lints(report: &mut Report) {
    for workspace in ["Cargo.toml", "fuzz/Cargo.toml"] {
        let format = ["fmt", "--all", "--check", "--manifest-path", workspace];
        report.check(cargo().args(format), "cargo fmt --check");
    }
    let lints = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    report.check(cargo().args(lints), "cargo clippy");
}

fn rust(report: &mut Report) {
    format_and_lints(report);
    report.count(cargo().args(["test", "--workspace", "--no-fail-fast"]), "cargo test");
}

/// Real clients against a real server.
pub(crate) fn scenarios(options: &[&str], report: &mut Report) {
    let release = options.contains(&RELEASE);
    let pytest_options = options.iter().filter(|option| **option != RELEASE);
    match prepare(release) {
        Ok(Ready { binary, runner, anki }) => {
            let mut pytest = Command::new(runner);
            pytest
                .current_dir(root().join("tests/scenarios"))
                .args(["-m", "pytest", "-n", &workers().to_string()])
                // With `=`: pytest would take a separate path for a place of tests.
                .arg(format!("--deckport={}", binary.display()))
                .arg(format!("--anki-python={}", anki.display()))
                .args(pytest_options);
            report.count(&mut pytest, "scenarios with real Anki clients");
        }
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// `cargo xtask matrix`: old clients, each with a current device; see [`matrix`].
pub(crate) fn run_matrix(arguments: &[&str]) -> Result<ExitCode, String> {
    let (versions, write) = matrix::parse(arguments)?;
    let mut report = Report::default();
    old_clients(&versions, write.as_deref(), &mut report);
    Ok(report.close())
}

fn old_clients(versions: &[&str], write: Option<&Path>, report: &mut Report) {
    match prepare(false).and_then(|ready| matrix::command(&ready, versions, write)) {
        Ok(mut pytest) => report.count(&mut pytest, "old Anki clients"),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// The library inside Python.
fn python_package(report: &mut Report) {
    match bindings_test::python_tests() {
        Ok(mut pytest) => report.count(&mut pytest, "the Python package"),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// The add-ons, in the real desktop program.
fn addons(options: &[&str], report: &mut Report) {
    match addon::tests(options) {
        Ok(mut pytest) => report.count(&mut pytest, "the add-ons in Anki's desktop program"),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// Some kills, power cuts, failing operations and a small crowd. Random lives are among the scenarios.
fn short_reliability(report: &mut Report) {
    match reliability::command(&["kills", "power", "disk", "patience", "crowd", "--short"]) {
        Ok(mut command) => report.count(&mut command, "reliability"),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// Each fuzz target for a few seconds; one that finds nothing counts as a passed test.
fn short_fuzz(report: &mut Report) {
    if let Err(reason) = fuzz::build() {
        return report.note(report.tally.failed, Err(reason));
    }
    for target in fuzz::TARGETS {
        match fuzz::run_one(target, fuzz::SHORT) {
            Ok(()) => report.tally.passed += 1,
            Err(reason) => report.note(report.tally.failed, Err(reason)),
        }
    }
}

/// The library for Kotlin. Where it cannot be built, all of it counts as one skipped test.
fn in_a_jvm(report: &mut Report) {
    if !kotlin::is_possible() {
        return report.skip("the library in a JVM", kotlin::NEEDED);
    }
    match kotlin::tests() {
        Ok(mut maven) => report.count(&mut maven, "the library in a JVM"),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// Scenarios wait for processes more than they compute, yet each holds several of them.
fn workers() -> usize {
    thread::available_parallelism().unwrap_or(std::num::NonZero::<usize>::MIN).get().clamp(1, 4)
}
