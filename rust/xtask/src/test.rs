//! `cargo xtask test`: what must hold before a change is accepted.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{self, cargo, run_watched};
use crate::tally::Tally;
use crate::{
    TaskResult, android_test, bindings_test, fuzz, kotlin, matrix, python, reliability, root,
};

/// The option that makes the scenarios use the optimised server.
const RELEASE: &str = "--release";

/// A part of the tests, by its name.
type Part = (&'static str, fn(&mut Report));

/// What runs when nothing is named.
const PARTS: [Part; 8] = [
    ("rust", rust),
    ("scenarios", |report| scenarios(&[], report)),
    ("matrix", |report| old_clients(&matrix::QUICK, None, report)),
    ("python", python_package),
    ("reliability", short_reliability),
    ("fuzz", short_fuzz),
    ("kotlin", in_a_jvm),
    ("android", |report| android_test::run(&android_test::Options::default(), report)),
];

/// The command, as its package and its program are named.
const SERVER: &str = "deckport";

/// Runs all parts or the one that is named; the last line printed counts the tests.
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
        ["matrix"] => old_clients(&matrix::QUICK, None, &mut report),
        ["reliability"] => short_reliability(&mut report),
        ["python"] => python_package(&mut report),
        ["fuzz"] => short_fuzz(&mut report),
        ["kotlin"] => in_a_jvm(&mut report),
        ["android", options @ ..] => {
            android_test::run(&android_test::Options::parse(options)?, &mut report);
        }
        _ => return Err(format!("unknown arguments: {}", arguments.join(" "))),
    }
    Ok(report.close())
}

/// What happened so far.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) tally: Tally,
    troubles: Vec<String>,
    times: Vec<(&'static str, Duration)>,
}

impl Report {
    /// Runs a part and notes how long it takes.
    fn timed(&mut self, (name, part): Part) {
        let begin = Instant::now();
        part(self);
        self.times.push((name, begin.elapsed()));
    }

    /// Notes the outcome of a part. One that failed without a failing test (it does not build, is
    /// not formatted) counts as one failure, so that the closing line tells of it.
    pub(crate) fn note(&mut self, failed_before: u32, outcome: TaskResult) {
        if let Err(reason) = outcome {
            if self.tally.failed == failed_before {
                self.tally.failed += 1;
            }
            self.troubles.push(reason);
        }
    }

    fn check(&mut self, command: &mut Command, what: &str) {
        let outcome = process::run(command, what);
        self.note(self.tally.failed, outcome);
    }

    pub(crate) fn count(&mut self, command: &mut Command, what: &str) {
        let failed_before = self.tally.failed;
        let outcome = run_watched(command, what, |line| self.tally.read(line));
        self.note(failed_before, outcome);
    }

    /// Tells that a part cannot run here and why; it counts as one skipped test.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        println!("\nskipped: {what}: {why}");
        self.tally.skipped += 1;
    }

    /// Tells what went wrong and, as the last line of all, how many tests did what.
    pub(crate) fn close(self) -> ExitCode {
        for trouble in &self.troubles {
            eprintln!("{trouble}");
        }
        for (name, time) in &self.times {
            println!("{:>5} s  {name}", time.as_secs());
        }
        // Whatever a program before left unfinished is not part of this line.
        println!("\n{}", self.tally);
        if self.troubles.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Of all Rust code.
pub(crate) fn format_and_lints(report: &mut Report) {
    report.check(cargo().args(["fmt", "--all", "--check"]), "cargo fmt --check");
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
                // With `=`: as a word of its own pytest would take the path for a place of tests.
                .arg(format!("--deckport={}", binary.display()))
                .arg(format!("--anki-python={}", anki.display()))
                .args(pytest_options);
            report.count(&mut pytest, "scenarios with real Anki clients");
        }
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// `cargo xtask matrix`: old clients, each with a device of today; see [`matrix`].
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

/// Some kills, power cuts, failing operations and a small crowd. Random lives are among the scenarios.
fn short_reliability(report: &mut Report) {
    match reliability::command(&["kills", "power", "disk", "patience", "crowd", "--short"]) {
        Ok(mut command) => report.count(&mut command, "reliability"),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// Each fuzz target for some seconds; one that finds nothing counts as a passed test.
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

/// What the scenarios need.
pub(crate) struct Ready {
    pub(crate) binary: PathBuf,
    pub(crate) runner: PathBuf,
    pub(crate) anki: PathBuf,
}

pub(crate) fn prepare(release: bool) -> Result<Ready, String> {
    let runner = python::environment(python::RUNNER)?;
    let anki = python::environment(python::ANKI)?;
    Ok(Ready { binary: build_server(release)?, runner, anki })
}

/// Builds the `deckport` command and returns its path.
pub(crate) fn build_server(release: bool) -> Result<PathBuf, String> {
    if !release {
        return build_tool(SERVER);
    }
    let mut build = cargo();
    build.args(["build", "--package", SERVER, RELEASE]);
    process::run(&mut build, "build the server")?;
    Ok(binary("release", SERVER))
}

/// Builds a program of the workspace to test it or to test with it, and returns its path. All of the
/// workspace decides on the features of what it needs, as in the unit tests: so that is compiled once.
pub(crate) fn build_tool(name: &str) -> Result<PathBuf, String> {
    let mut build = cargo();
    build.args(["build", "--workspace", "--bin", name]);
    process::run(&mut build, &format!("build {name}"))?;
    Ok(binary("debug", name))
}

/// Where a program is built.
pub(crate) fn binary(profile: &str, name: &str) -> PathBuf {
    target_folder().join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Where everything is built.
pub(crate) fn target_folder() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Scenarios wait for processes more than they compute, yet each holds several of them.
fn workers() -> usize {
    thread::available_parallelism().unwrap_or(std::num::NonZero::<usize>::MIN).get().clamp(1, 4)
}
