//! `cargo xtask kotlin`: the library for Kotlin and Java on a JVM, built and tested with Maven.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::built::target_folder;
use crate::{TaskResult, bindings, page, process, python, root};

/// How often the long form of the test for leaks starts and stops.
const LIVES: &str = "1000";

/// `cargo xtask kotlin [--install | --lives FILE]`.
pub(crate) fn run(arguments: &[&str]) -> TaskResult {
    if !is_possible() {
        return Err(format!("{NEEDED}, install them and run this again"));
    }
    match arguments {
        [] => package("package"),
        ["--install"] => package("install"),
        ["--lives", file] => lives(file),
        _ => Err(format!("unknown arguments: {}", arguments.join(" "))),
    }
}

/// What this needs, where it is missing.
pub(crate) const NEEDED: &str =
    "the Kotlin library needs a JDK (11 or newer) and Maven (`mvn` on the PATH)";

/// Whether there are a JDK and Maven.
pub(crate) fn is_possible() -> bool {
    ["mvn", "javac"].iter().all(|program| {
        let mut ask = Command::new(program);
        ask.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    })
}

/// Runs the tests with the library as it is now.
pub(crate) fn tests() -> Result<Command, String> {
    let anki = python::environment(python::ANKI)?;
    prepare(false)?;
    let mut maven = maven()?;
    maven.arg("test").arg(format!("-Danki.python={}", anki.display()));
    Ok(maven)
}

/// The jar, with the optimised library.
fn package(goal: &str) -> TaskResult {
    prepare(true)?;
    process::run(maven()?.args([goal, "-DskipTests"]), "build the Kotlin library")?;
    println!("{}", folder().join("target").display());
    Ok(())
}

/// The long form of the test for leaks, with the optimised library. Its figures go into a file.
fn lives(file: &str) -> TaskResult {
    let anki = python::environment(python::ANKI)?;
    prepare(true)?;
    let mut maven = maven()?;
    maven.args(["surefire:test@default-test", "-Dtest=LeaksTest"]);
    maven.arg(format!("-Danki.python={}", anki.display())).arg(format!("-Dlives={LIVES}"));
    // The tests are compiled first, without running any.
    let mut compile = self::maven()?;
    process::run(compile.args(["test-compile", "-q"]), "compile the Kotlin tests")?;
    process::run(&mut maven, "start and stop in a JVM")?;
    let figures = folder().join("target/leaks.md");
    let table =
        fs::read_to_string(&figures).map_err(|error| format!("{}: {error}", figures.display()))?;
    page::insert(&root().join(file), "kotlin-lives", &table)
}

/// The library, the generated code and the example of the README, where Maven expects them.
fn prepare(release: bool) -> TaskResult {
    bindings::build(release)?;
    let readme = folder().join("README.md");
    let text =
        fs::read_to_string(&readme).map_err(|error| format!("{}: {error}", readme.display()))?;
    let example = example(&text)
        .ok_or_else(|| format!("{}: there is no example in Kotlin", readme.display()))?;
    let out = target_folder().join("bindings/kotlin-example");
    fs::create_dir_all(&out)
        .and_then(|()| {
            fs::write(out.join("Example.kt"), format!("package io.deckport\n\n{example}"))
        })
        .map_err(|error| format!("{}: {error}", out.display()))
}

/// The first piece of Kotlin in a text.
pub(crate) fn example(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```kotlin\n")?;
    rest.split_once("```").map(|(example, _)| example)
}

/// Maven in the folder of the Kotlin library, knowing where everything is.
fn maven() -> Result<Command, String> {
    let mut maven = maven_in(&folder());
    maven.arg(format!("-Dbindings={}", target_folder().join("bindings").display()));
    maven.arg(format!("-Djna.platform={}", platform()?));
    Ok(maven)
}

/// Maven in a folder, with output for a machine to read.
pub(crate) fn maven_in(folder: &Path) -> Command {
    let program = if cfg!(windows) { "mvn.cmd" } else { "mvn" };
    let mut maven = Command::new(program);
    maven.current_dir(folder).args([
        "--batch-mode",
        "--no-transfer-progress",
        "-Dstyle.color=never",
    ]);
    // Cargo points its programs to what it has built; the library must come from where it is
    // packed.
    for variable in ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"] {
        maven.env_remove(variable);
    }
    maven
}

/// What JNA calls this machine: the folder of the natives on the class path.
pub(crate) fn platform() -> Result<String, String> {
    let system = match env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        "windows" => "win32",
        other => return Err(format!("the Kotlin library is not made for {other}")),
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x86-64",
        other => other,
    };
    Ok(format!("{system}-{processor}"))
}

fn folder() -> PathBuf {
    root().join("bindings/kotlin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_readme_is_found() {
        assert_eq!(
            example("text\n```sh\nls\n```\n```kotlin\nfun f() {}\n```\n"),
            Some("fun f() {}\n")
        );
        assert_eq!(example("text"), None);
    }
}
