//! Steps after the tests: what they cannot show.

use std::path::PathBuf;
use std::process::Command;

use super::java::{jar, jar_of, libraries, platform_jdk, r8, tools};
use super::{MODULES, Trouble, host_tests, work};
use crate::{process, python, root};

/// The oldest platform that the apps run on, as its classes.
const OLDEST: &str = "sdks/android-all-instrumented-8.0.0_r4-robolectric-r1-i7.jar";
/// Classes that ask for the version before they call what is newer.
const GUARDED: [&str; 3] = [
    "io/deckport/android/Platform",
    "io/deckport/android/Tethering",
    "io/deckport/companion/care/WorkService",
];

/// No call above the oldest platform except in the classes that ask for the version.
pub(super) fn api_level() -> Result<(), Trouble> {
    let jdk = platform_jdk()?;
    let mut check = r8("tracereferences.TraceReferences");
    check.arg("--check").arg("--lib").arg(jdk).arg("--lib").arg(work().join(OLDEST));
    let mut jars = Vec::new();
    for module in MODULES {
        let whole = jar_of(&module)?;
        let source = whole.with_file_name("to-check.jar");
        std::fs::copy(&whole, &source).map_err(|error| format!("{}: {error}", whole.display()))?;
        let mut thin = super::java::tool("Without.java");
        thin.arg(&source).args(GUARDED);
        process::run(&mut thin, "leave out what asks for the version")?;
        check.arg("--source").arg(source);
        jars.push(whole);
    }
    for target in libraries()?.iter().chain(&jars) {
        check.arg("--target").arg(target);
    }
    Ok(process::run(&mut check, "no call above the oldest platform")?)
}

/// Code that was shrunk with the rules for apps runs: on this JVM, with the engine and a client.
pub(super) fn shrunken() -> Result<(), Trouble> {
    let jdk = platform_jdk()?;
    let anki = python::environment(python::ANKI)?;
    let program = work().join("shrink/program.jar");
    jar(&work().join("shrink/classes"), &program)?;
    let mut inputs: Vec<PathBuf> = vec![program, jar_of(&MODULES[0])?];
    let wanted = ["kotlin-stdlib", "kotlinx-coroutines-core", "kotlinx-serialization"];
    inputs.extend(libraries()?.into_iter().filter(|jar| {
        let name = jar.file_name().unwrap_or_default().to_string_lossy().into_owned();
        wanted.iter().any(|wanted| name.contains(wanted))
            || ["annotations.jar", "jna.jar"].contains(&name.as_str())
    }));
    inputs.push(tools("kotlinx-serialization-json-jvm.jar"));
    let out = work().join("shrink/shrunken.jar");
    let mut shrink = r8("R8");
    shrink.args(["--classfile", "--release", "--lib"]).arg(jdk);
    for rules in [
        host_tests().join("shrink/program.pro"),
        root().join("android/deckport/consumer-rules.pro"),
    ] {
        shrink.arg("--pg-conf").arg(rules);
    }
    shrink.arg("--output").arg(&out).args(inputs);
    process::run(&mut shrink, "shrink with the rules for apps")?;
    let mut run = Command::new("java");
    run.arg("-cp").arg(format!("{}:{}", out.display(), work().join("natives.jar").display()));
    run.arg(format!("-Ddeckport.anki={}", anki.display()));
    let driver = root().join("tests/scenarios/harness/client/driver.py");
    run.arg(format!("-Ddeckport.driver={}", driver.display()));
    run.arg("io.deckport.shrink.CheckKt");
    Ok(process::run(&mut run, "shrunken code hosts, and a client syncs")?)
}
