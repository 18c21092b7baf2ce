//! Finding a Java that is new enough.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Names the home of a JDK for the tests.
const WANTED: &str = "JAVA_TEST_HOME";
/// Where Linux distributions put theirs.
const USUAL: &str = "/usr/lib/jvm";

/// The `java` program of a JDK of this version or a newer one: the one that the environment names,
/// or the oldest on the machine that will do.
pub(crate) fn at_least(version: u32) -> Option<PathBuf> {
    between(version, u32::MAX)
}

/// As [`at_least`], but no newer than `newest`.
pub(crate) fn between(oldest: u32, newest: u32) -> Option<PathBuf> {
    let named = [WANTED, "JAVA_HOME"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let mut found: Vec<PathBuf> = fs::read_dir(USUAL)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    found.sort_by_key(|home| (version_of(home), home.clone()));
    let fits =
        |home: &PathBuf| version_of(home).is_some_and(|found| (oldest..=newest).contains(&found));
    named.chain(found).find(fits).map(|home| home.join("bin/java"))
}

/// The version that a JDK claims, where it holds a `java`.
fn version_of(home: &Path) -> Option<u32> {
    let told = fs::read_to_string(home.join("release")).ok()?;
    home.join("bin/java").exists().then(|| parse(&told)).flatten()
}

/// The first number of `JAVA_VERSION="17.0.15"`.
fn parse(release: &str) -> Option<u32> {
    let line = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION=\""))?;
    line.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jdk_tells_its_version() {
        let release = "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.15\"\nOS_ARCH=\"x86_64\"\n";
        assert_eq!(parse(release), Some(17));
        assert_eq!(parse("JAVA_VERSION=\"25\""), Some(25));
        assert_eq!(parse("JAVA_VERSION=\"1.8.0\""), Some(1));
        assert_eq!(parse(""), None);
    }
}
