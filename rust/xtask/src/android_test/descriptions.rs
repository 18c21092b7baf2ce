//! Gradle and Maven build the same things: whether both say the same of versions, platforms, sources and names.

use std::collections::BTreeMap;
use std::fs;

use super::{MODULES, Module, Trouble};
use crate::root;

/// Versions that both name: the one of `gradle/libs.versions.toml`, and where Maven has it: a
/// property of `android/host-tests/pom.xml`, or an artifact in one of the lists.
const PROPERTIES: [(&str, &str); 9] = [
    ("deckport", "version"),
    ("kotlin", "kotlin.version"),
    ("coroutines", "coroutines.version"),
    ("serialization", "serialization.version"),
    ("jna", "jna.version"),
    ("compose", "compose.version"),
    ("lifecycle", "lifecycle.version"),
    ("junit", "junit.version"),
    ("robolectric", "robolectric.version"),
];
const ARTIFACTS: [(&str, &str, &str); 5] = [
    ("material3", "aars", "material3-android"),
    ("activity", "aars", "activity-compose"),
    ("androidx-test-core", "aars-test", "core"),
    ("androidx-test-runner", "aars-test", "runner"),
    ("androidx-test-junit", "aars-test", "junit"),
];
/// The jar for a JVM has the same.
const JVM: [(&str, &str); 4] = [
    ("deckport", "version"),
    ("kotlin", "kotlin.version"),
    ("coroutines", "coroutines.version"),
    ("jna", "jna.version"),
];

/// Compares them.
pub(super) fn check() -> Result<(), Trouble> {
    let faults = faults()?;
    if faults.is_empty() { Ok(()) } else { Err(Trouble::Failed(faults.join("\n"))) }
}

fn faults() -> Result<Vec<String>, String> {
    let catalogue = versions(&read("gradle/libs.versions.toml")?);
    let parent = read("android/host-tests/pom.xml")?;
    let jvm = read("bindings/kotlin/pom.xml")?;
    let mut faults = Vec::new();
    let mut compare = |name: &str, maven: Option<&str>, place: &str| {
        let gradle = catalogue.get(name).map(String::as_str);
        if gradle.is_none() || gradle != maven {
            faults.push(format!("{name}: Gradle has {gradle:?}, {place} has {maven:?}"));
        }
    };
    for (name, property) in PROPERTIES {
        compare(name, tag(&parent, property), "android/host-tests/pom.xml");
    }
    for (name, property) in JVM {
        compare(name, tag(&jvm, property), "bindings/kotlin/pom.xml");
    }
    for (name, list, artifact) in ARTIFACTS {
        let text = read(&format!("android/host-tests/{list}/pom.xml"))?;
        compare(name, artifact_version(&text, artifact), list);
    }
    let [_, oldest, _, newest] = super::prepare::LEVELS;
    compare("android-min-sdk", Some(oldest), "xtask");
    compare("android-target-sdk", Some(newest), "xtask");
    compare("android-compile-sdk", tag(&parent, "android.all").and_then(level), "Maven");
    for module in MODULES {
        faults.extend(module_faults(&module)?);
    }
    Ok(faults)
}

/// The namespace and the folders with code of a module.
fn module_faults(module: &Module) -> Result<Vec<String>, String> {
    let gradle = read(&format!("android/{}/build.gradle.kts", module.name))?;
    let maven = read(&format!("android/host-tests/{}/pom.xml", module.name))?;
    let mut faults = Vec::new();
    if !gradle.contains(&format!("namespace = \"{}\"", module.namespace))
        || tag(&maven, "android.namespace") != Some(module.namespace)
    {
        faults.push(format!("{}: other namespaces than {}", module.name, module.namespace));
    }
    let mut folders = vec!["src/sharedTest/kotlin", "bindings/kotlin/src/testClient/kotlin"];
    if !module.is_app {
        folders.push("bindings/kotlin/src/main/kotlin");
    }
    for folder in folders {
        if !gradle.contains(folder) || !maven.contains(folder) {
            faults.push(format!("{}: {folder} is not in both builds", module.name));
        }
    }
    Ok(faults)
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// Names and values of `[versions]`.
fn versions(catalogue: &str) -> BTreeMap<String, String> {
    let (_, rest) = catalogue.split_once("[versions]").unwrap_or_default();
    let section = rest.split("\n[").next().unwrap_or_default();
    let of_line = |line: &str| {
        let (name, value) = line.split_once(" = ")?;
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    };
    section.lines().filter_map(of_line).collect()
}

/// The content of the first element with a name.
fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split('<').next()
}

/// The version that a list gives an artifact.
fn artifact_version<'a>(list: &'a str, artifact: &str) -> Option<&'a str> {
    let (_, rest) = list.split_once(&format!("<artifactId>{artifact}</artifactId>"))?;
    tag(rest, "version")
}

/// The API level of a platform by its version's name: Android 16 is 36.
fn level(platform: &str) -> Option<&'static str> {
    match platform.split('-').next()? {
        "14" => Some("34"),
        "15" => Some("35"),
        "16" => Some("36"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_builds_say_the_same() {
        assert_eq!(faults(), Ok(Vec::new()));
    }

    #[test]
    fn versions_are_found_on_both_sides() {
        let catalogue =
            "# a\n[versions]\nkotlin = \"2.2.21\"\n# b\njna = \"5\"\n\n[libraries]\nx = { y }\n";
        let found = versions(catalogue);
        assert_eq!(found.get("kotlin").map(String::as_str), Some("2.2.21"));
        assert_eq!((found.len(), found.contains_key("x")), (2, false));
        let pom = "<artifactId>core</artifactId><version>1.7.0</version><artifactId>b</artifactId>";
        assert_eq!(artifact_version(pom, "core"), Some("1.7.0"));
        assert_eq!(artifact_version(pom, "c"), None);
        assert_eq!(level("16-robolectric-1"), Some("36"));
    }
}
