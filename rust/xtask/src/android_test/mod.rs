//! `cargo xtask test android`: the Android library and the companion app, compiled and tested
//! without an SDK, step by step. A step that cannot run here says so in one line and counts as skipped.

mod descriptions;
mod java;
mod jdk;
mod package;
mod prepare;
mod steps;

use std::fmt;
use std::path::PathBuf;

use crate::built::target_folder;
use crate::report::Report;
use crate::{TaskResult, bindings, bionic, kotlin, python, root};

/// Platforms on which the tests run at each push.
const PLATFORMS: &str = "35,36";
/// The oldest and an older platform, in the long form.
const OLDER_PLATFORMS: &str = "26,34,35,36";

/// The Android modules; each one may use those before it.
pub(crate) const MODULES: [Module; 2] = [
    Module { name: "deckport", namespace: "io.deckport.android", is_app: false },
    Module { name: "companion", namespace: "io.deckport.companion", is_app: true },
];

/// A module of Gradle and of `android/host-tests`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Module {
    /// Its folder below `android/`.
    pub(crate) name: &'static str,
    /// The package of its resources.
    pub(crate) namespace: &'static str,
    /// Whether it is an app; otherwise a library.
    pub(crate) is_app: bool,
}

impl Module {
    /// Where its sources are.
    pub(crate) fn folder(&self) -> PathBuf {
        root().join("android").join(self.name)
    }

    /// Where everything that is made for it goes.
    pub(crate) fn work(&self) -> PathBuf {
        work().join(self.name)
    }
}

/// What the person at the terminal wants.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// All steps, on all platforms.
    long: bool,
    /// Only the steps after the tests, with what was compiled last.
    steps: bool,
    /// Only one module, with those that it needs.
    module: Option<String>,
    /// For Maven.
    properties: Vec<String>,
}

impl Options {
    /// Reads `--long`, `--steps`, `--module NAME` and `-DNAME=VALUE`.
    pub(crate) fn parse(arguments: &[&str]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut rest = arguments.iter();
        while let Some(&argument) = rest.next() {
            match argument {
                "--long" => options.long = true,
                "--steps" => options.steps = true,
                "--module" => {
                    let name = rest.next().filter(|name| MODULES.iter().any(|m| m.name == **name));
                    let name = name.ok_or("--module needs deckport or companion after it")?;
                    options.module = Some((*name).to_owned());
                }
                property if property.starts_with("-D") => options.properties.push(argument.into()),
                _ => return Err(format!("unknown argument: {argument}")),
            }
        }
        Ok(options)
    }
}

/// Why a step did not end well.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Something that it needs is not here.
    Missing(String),
    /// It failed.
    Failed(String),
}

impl From<String> for Trouble {
    fn from(reason: String) -> Trouble {
        Trouble::Failed(reason)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Trouble::Missing(text) | Trouble::Failed(text)) = self;
        f.write_str(text)
    }
}

/// A step of its own, with its title.
type Step = (&'static str, fn() -> Result<(), Trouble>);

/// After the tests, at each push.
const STEPS: [Step; 3] = [
    ("calls above the oldest platform", steps::api_level),
    ("shrunken code", steps::shrunken),
    ("the library as an AAR", package::aar),
];
/// In the long form.
const LONG_STEPS: [Step; 1] = [("the app as an APK", package::apk)];

/// Runs the steps, as far as they can run here.
pub(crate) fn run(options: &Options, report: &mut Report) {
    step(&("Gradle and Maven", descriptions::check), report);
    match prepared() {
        Ok(_) if options.steps => {}
        Ok(java) => robolectric(options, &java, report),
        Err(Trouble::Missing(what)) => return report.skip("the Android modules", &what),
        Err(Trouble::Failed(reason)) => return report.note(report.tally.failed, Err(reason)),
    }
    if options.module.is_some() {
        return;
    }
    STEPS.iter().for_each(|each| step(each, report));
    if options.long {
        emulated(report);
        LONG_STEPS.iter().for_each(|each| step(each, report));
    }
}

/// The library for phones where the C library is Android's. It also makes what the app is packed with for
/// checking.
fn emulated(report: &mut Report) {
    let what = "the library for phones, loaded and called";
    if let Some(why) = bionic::missing() {
        return report.skip(what, &why);
    }
    match bionic::tests() {
        Ok(mut maven) => report.count(&mut maven, what),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// Runs a step; it counts as one test.
fn step((what, run): &Step, report: &mut Report) {
    match run() {
        Ok(()) => report.tally.passed += 1,
        Err(Trouble::Missing(why)) => report.skip(what, &why),
        Err(Trouble::Failed(reason)) => {
            report.note(report.tally.failed, Err(format!("{what}: {reason}")))
        }
    }
}

/// Makes everything that the tests need; returns the Java that runs them.
fn prepared() -> Result<PathBuf, Trouble> {
    if !kotlin::is_possible() {
        return Err(Trouble::Missing(
            "they need a JDK (17) and Maven (`mvn` on the PATH)".to_owned(),
        ));
    }
    let java = jdk::at_least(21).ok_or_else(|| {
        Trouble::Missing(
            "the tests need a JDK of version 21 or newer; JAVA_TEST_HOME may name it".to_owned(),
        )
    })?;
    bindings::build(false)?;
    prepare::everything()?;
    Ok(java)
}

/// The tests of the modules on simulated platforms, with the real engine and a real client.
fn robolectric(options: &Options, java: &std::path::Path, report: &mut Report) {
    match maven_tests(options, java) {
        Ok(mut maven) => report.count(&mut maven, "the Android modules on simulated platforms"),
        Err(reason) => report.note(report.tally.failed, Err(reason)),
    }
}

/// Maven compiles everything each time, but leaves behind what has since been renamed.
fn remove_classes() -> TaskResult {
    for module in ["deckport", "companion", "shrink"] {
        for classes in ["classes", "test-classes"] {
            prepare::remove(&work().join(module).join(classes))?;
        }
    }
    Ok(())
}

fn maven_tests(options: &Options, java: &std::path::Path) -> Result<std::process::Command, String> {
    let anki = python::environment(python::ANKI)?;
    remove_classes()?;
    let mut maven = maven();
    maven.arg("test").arg(format!("-Danki.python={}", anki.display()));
    maven.arg(format!("-Dtest.java={}", java.display()));
    let platforms = if options.long { OLDER_PLATFORMS } else { PLATFORMS };
    maven.arg(format!("-Drobolectric.enabledSdks={platforms}"));
    if let Some(module) = &options.module {
        maven.args(["-pl", module, "-am"]);
    }
    // A test that is asked for by name is in one module.
    maven.arg("-Dsurefire.failIfNoSpecifiedTests=false").args(&options.properties);
    Ok(maven)
}

/// Maven for all modules, knowing where everything is.
fn maven() -> std::process::Command {
    let mut maven = kotlin::maven_in(&host_tests());
    maven.arg(format!("-Dwork={}", work().display()));
    maven.arg(format!("-Dbindings={}", target_folder().join("bindings").display()));
    maven
}

/// The build without an SDK.
fn host_tests() -> PathBuf {
    root().join("android/host-tests")
}

/// Where everything that is made here goes.
fn work() -> PathBuf {
    target_folder().join("android")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let read = Options::parse(&["--long", "--module", "companion", "-Dtest=A"]).unwrap();
        let wanted = Options {
            long: true,
            steps: false,
            module: Some("companion".to_owned()),
            properties: vec!["-Dtest=A".to_owned()],
        };
        assert_eq!(read, wanted);
        assert!(Options::parse(&["--module"]).is_err());
        assert!(Options::parse(&["--module", "x"]).is_err());
        assert!(Options::parse(&["x"]).is_err());
    }
}
