//! `cargo xtask quick`: the inner loop. What a change is most likely to break, within a minute on a warm tree.

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};

use crate::process::{self, cargo};
use crate::report::Report;
use crate::{fuzz, root, test};

/// One sync from end to end, with a real client.
const SCENARIO: &str = "test_first_sync.py";

/// Format and lints of everything, fuzz targets included, unit tests of the crates that changed, one scenario.
pub(crate) fn run() -> Result<ExitCode, String> {
    let changed = changed_files()?;
    let mut report = Report::default();
    test::format_and_lints(&mut report);
    // Outside the workspace, so that a name it uses can vanish unseen.
    report.check(&mut fuzz::lints(), "cargo clippy of the fuzz targets");
    for package in packages(&changed) {
        let mut tests = cargo();
        tests.args(["test", "--no-fail-fast", "--package", &package]);
        report.count(&mut tests, &format!("cargo test {package}"));
    }
    test::scenarios(&[SCENARIO], &mut report);
    for (place, task) in ELSEWHERE {
        if changed.iter().any(|file| file.starts_with(place)) {
            println!("\n{place} changed: its tests are `cargo xtask test {task}`");
        }
    }
    Ok(report.close())
}

/// Changes whose tests take longer, with the part that runs them.
const ELSEWHERE: [(&str, &str); 6] = [
    ("android/", "android"),
    ("gradle/", "android"),
    ("bindings/kotlin/", "kotlin"),
    ("bindings/python/", "python"),
    ("tests/scenarios/", "scenarios FILE"),
    ("tests/matrix/", "matrix"),
];

/// Files that differ from the last commit; if none does, those that it changed.
fn changed_files() -> Result<Vec<String>, String> {
    let open = git(&["status", "--porcelain", "--no-renames", "--untracked-files=all"])?;
    if !open.is_empty() {
        return Ok(open.iter().filter_map(|line| line.get(3..)).map(str::to_owned).collect());
    }
    git(&["show", "--name-only", "--format=", "HEAD"])
}

fn git(arguments: &[&str]) -> Result<Vec<String>, String> {
    let mut command = Command::new("git");
    let text = process::output_of(command.current_dir(root()).args(arguments), "git")?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The packages of files below `rust/`, as their manifests name them.
fn packages(files: &[String]) -> BTreeSet<String> {
    let folders: BTreeSet<&str> =
        files.iter().filter_map(|file| file.strip_prefix("rust/")?.split('/').next()).collect();
    folders.into_iter().filter_map(name_of).collect()
}

fn name_of(folder: &str) -> Option<String> {
    let manifest = std::fs::read_to_string(root().join("rust").join(folder).join("Cargo.toml"));
    let name =
        manifest.ok()?.lines().find_map(|line| line.strip_prefix("name = ").map(str::to_owned))?;
    Some(name.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_package_of_its_folder() {
        let files = ["rust/wire/src/lib.rs", "rust/cli/tests/a.rs", "rust/gone/x.rs", "README.md"];
        let packages = packages(&files.map(str::to_owned));
        assert_eq!(packages.into_iter().collect::<Vec<_>>(), ["deckport", "deckport-wire"]);
    }
}
