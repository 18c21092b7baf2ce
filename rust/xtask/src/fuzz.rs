//! `cargo xtask fuzz`: the fuzz targets of `fuzz/`, built and run with the ordinary compiler.
//!
//! cargo-fuzz works as well; this needs no further tool. What a run finds lands in
//! `fuzz/artifacts`, what it learns in `fuzz/corpus` (neither is kept in git).

use std::process::Command;
use std::{fs, thread};

use crate::process::{cargo, host, run};
use crate::{TaskResult, root};

/// Everything that reads strangers' bytes.
pub(crate) const TARGETS: [&str; 9] = [
    "header",
    "requests",
    "form",
    "sync_steps",
    "uploaded_file",
    "package",
    "media_upload",
    "proxied",
    "mdns",
];
/// How long each target runs as part of the tests, in seconds.
pub(crate) const SHORT: u32 = 5;
/// How long each target runs by default, in seconds.
const LONG: u32 = 3600;

/// Makes the compiler report which code an input reaches.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Builds all targets, then runs the named ones, or all, as many at once as there are
/// processors.
pub(crate) fn run_task(arguments: &[&str]) -> TaskResult {
    let (mut seconds, mut targets) = (LONG, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--seconds" => {
                let number = rest.next().and_then(|number| number.parse().ok());
                seconds = number.ok_or("--seconds needs a number")?;
            }
            target if TARGETS.contains(&target) => targets.push(target),
            other => return Err(format!("unknown fuzz target: {other}")),
        }
    }
    if targets.is_empty() {
        targets.extend(TARGETS);
    }
    build()?;
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for group in targets.chunks(workers) {
        run_together(group, seconds)?;
    }
    Ok(())
}

/// Builds all targets with coverage.
pub(crate) fn build() -> TaskResult {
    let host = host()?;
    let mut build = cargo();
    build
        .current_dir(root().join("fuzz"))
        // With a target of its own, so that build scripts are not instrumented.
        .args(["build", "--release", "--target", &host])
        .env("CARGO_TARGET_DIR", root().join("fuzz/target"))
        .env("RUSTFLAGS", COVERAGE);
    run(&mut build, "build the fuzz targets")
}

/// Whether all targets still compile against the crates, without instrumentation.
pub(crate) fn lints() -> Command {
    let mut clippy = cargo();
    clippy
        .current_dir(root().join("fuzz"))
        .args(["clippy", "--", "-D", "warnings"])
        .env("CARGO_TARGET_DIR", root().join("fuzz/target"));
    clippy
}

fn run_together(targets: &[&str], seconds: u32) -> TaskResult {
    let runs: Vec<_> = targets
        .iter()
        .map(|target| {
            let target = (*target).to_owned();
            thread::spawn(move || run_one(&target, seconds))
        })
        .collect();
    let outcomes =
        runs.into_iter().map(|run| run.join().unwrap_or_else(|_| Err("a run broke off".into())));
    outcomes.collect()
}

/// Runs one target for this many seconds.
pub(crate) fn run_one(target: &str, seconds: u32) -> TaskResult {
    let folder = root().join("fuzz");
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    for made in [&corpus, &artifacts] {
        fs::create_dir_all(made).map_err(|error| format!("{}: {error}", made.display()))?;
    }
    let program = folder.join("target").join(host()?).join("release").join(target);
    let mut fuzz = Command::new(program);
    fuzz.current_dir(&folder)
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=30", "-max_len=20000", "-verbosity=0", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(&corpus);
    let seeds = folder.join("seeds").join(target);
    if seeds.is_dir() {
        fuzz.arg(seeds);
    }
    run(&mut fuzz, &format!("fuzz {target} for {seconds} s"))
}
