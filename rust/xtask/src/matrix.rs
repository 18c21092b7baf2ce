//! `cargo xtask matrix`: old Anki clients, each in an environment of its own, against our server.
//!
//! The scenarios themselves are Python (`tests/matrix`). This finds a Python that fits each version,
//! installs the version, and tells the scenarios where it is or why there is none.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::built::Ready;
use crate::{TaskResult, python, root};

/// Every version that `cargo xtask matrix` runs by default: the oldest package to today's.
pub(crate) const ALL: [&str; 21] = [
    "2.1.24", "2.1.26", "2.1.28", "2.1.35", "2.1.40", "2.1.45", "2.1.49", "2.1.54", "2.1.56",
    "2.1.58", "2.1.60", "2.1.61", "2.1.66", "23.10.1", "23.12.1", "24.6.3", "24.11", "25.2.7",
    "25.9.5", "26.5", "26.9.3",
];

/// One version of each generation of the protocol, for every test run.
pub(crate) const QUICK: [&str; 3] = ["2.1.26", "2.1.54", "2.1.66"];

/// The pytest command for the scenarios with these versions; `write` is the page that gets the table.
pub(crate) fn command(
    ready: &Ready,
    versions: &[&str],
    write: Option<&Path>,
) -> Result<Command, String> {
    let mut pytest = Command::new(&ready.runner);
    pytest
        .current_dir(root().join("tests/matrix"))
        .args(["-m", "pytest", "-n", "2"])
        .arg(format!("--deckport={}", ready.binary.display()))
        .arg(format!("--anki-python={}", ready.anki.display()));
    for version in versions {
        pytest.arg(match environment(version) {
            Ok(python) => format!("--client={version}={}", python.display()),
            Err(reason) => format!("--absent={version}={reason}"),
        });
    }
    if let Some(page) = write {
        let page = env::current_dir().map_err(|error| error.to_string())?.join(page);
        pytest.arg(format!("--write={}", page.display()));
    }
    Ok(pytest)
}

/// Splits the arguments of the task into versions and the file to write.
pub(crate) fn parse<'a>(arguments: &[&'a str]) -> Result<(Vec<&'a str>, Option<PathBuf>), String> {
    let mut versions = Vec::new();
    let mut write = None;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match *word {
            "--write" => write = Some(PathBuf::from(words.next().ok_or("--write needs a file")?)),
            option if option.starts_with('-') => return Err(format!("unknown option: {option}")),
            version => {
                release(version)?;
                versions.push(version);
            }
        }
    }
    if versions.is_empty() {
        versions.extend(ALL);
    }
    Ok((versions, write))
}

/// The numbers of a version: `2.1.26` is (2, 1, 26).
fn release(version: &str) -> Result<Vec<u32>, String> {
    version
        .split('.')
        .map(|part| part.parse().map_err(|_| format!("not a version of Anki: {version}")))
        .collect()
}

/// Pythons whose packages of this version exist (`clients` 3.1); the first that is there is taken.
fn pythons(release: &[u32]) -> &'static [&'static str] {
    if release < [2, 1, 30].as_slice() {
        &["3.7"]
    } else if release < [2, 1, 50].as_slice() {
        &["3.8"]
    } else if release < [26].as_slice() {
        &["3.9", "3.10", "3.11", "3.12", "3.13"]
    } else {
        &["3.11", "3.12", "3.13"]
    }
}

/// What pip has to install for a version.
fn packages(version: &str, release: &[u32]) -> Vec<String> {
    let mut packages = vec![format!("anki=={version}")];
    if release < [2, 1, 26].as_slice() {
        packages.push(format!("ankirspy=={version}"));
    }
    if release < [2, 1, 50].as_slice() {
        packages.push("protobuf<3.21".to_owned());
    }
    packages
}

/// The interpreter of the environment of a version, made first if it is not there.
pub(crate) fn environment(version: &str) -> Result<PathBuf, String> {
    if format!("anki-{version}") == python::ANKI {
        return python::environment(python::ANKI);
    }
    environment_of(&format!("anki-{version}"), version, &packages(version, &release(version)?))
}

/// The interpreter of the environment `name` with these packages, which are of one version of Anki.
pub(crate) fn environment_of(
    name: &str,
    version: &str,
    packages: &[String],
) -> Result<PathBuf, String> {
    let release = release(version)?;
    let folder = root().join(".venvs").join(name);
    let interpreter = python::interpreter_in(&folder);
    let stamp = folder.join("installed.txt");
    let wanted = packages.join("\n");
    let is_current = fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted);
    if !(is_current && interpreter.exists()) {
        let wanted_pythons = pythons(&release);
        let base = wanted_pythons.iter().find_map(|wanted| find(wanted));
        let base = base.ok_or_else(|| format!("no Python {}", wanted_pythons.join(", ")))?;
        install(&base, &folder, &release, packages).inspect_err(|_| {
            // Half made it is useless; failing to remove it changes nothing.
            let _ = fs::remove_dir_all(&folder);
        })?;
        fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    Ok(interpreter)
}

fn install(base: &Path, folder: &Path, release: &[u32], packages: &[String]) -> TaskResult {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let what = packages.first().map_or("", String::as_str);
    println!("installing {what}");
    quietly(Command::new(base).args(["-m", "venv"]).arg(folder), what)?;
    let pip = |arguments: &[String]| {
        let mut pip = Command::new(python::interpreter_in(folder));
        let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        quietly(pip.args(options).args(arguments), what)
    };
    if release < [2, 1, 25].as_slice() {
        // Its file name and its metadata disagree; newer installers refuse it.
        pip(&["pip==20.1.1".to_owned()])?;
    }
    pip(packages)
}

/// Runs a step whose output matters only when it fails; its last line becomes the reason.
fn quietly(command: &mut Command, what: &str) -> TaskResult {
    let done = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{what} could not be installed: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&done.stderr);
    let last = told.lines().rfind(|line| line.contains("ERROR")).unwrap_or("pip failed");
    Err(format!("{what} could not be installed: {}", last.trim()))
}

/// A Python of this version: on the PATH, or among those that pyenv keeps.
fn find(wanted: &str) -> Option<PathBuf> {
    let on_path = PathBuf::from(format!("python{wanted}"));
    if is_python(&on_path, wanted) {
        return Some(on_path);
    }
    let versions = fs::read_dir(pyenv_root()?.join("versions")).ok()?;
    let mut found: Vec<PathBuf> = versions
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .strip_prefix(wanted)
                .is_some_and(|patch| patch.starts_with('.'))
        })
        .map(|entry| entry.path().join("bin/python"))
        .filter(|python| is_python(python, wanted))
        .collect();
    found.sort();
    found.pop()
}

fn pyenv_root() -> Option<PathBuf> {
    let told = || {
        let done = Command::new("pyenv").arg("root").stdin(Stdio::null()).output().ok()?;
        let root = String::from_utf8(done.stdout).ok()?;
        done.status.success().then(|| PathBuf::from(root.trim()))
    };
    let at_home = || env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv"));
    env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(told).or_else(at_home)
}

fn is_python(python: &Path, wanted: &str) -> bool {
    let question =
        format!("import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '{wanted}')");
    Command::new(python)
        .args(["-c", &question])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_gets_a_python_that_has_its_package() {
        let first = |version| pythons(&release(version).unwrap())[0];
        assert_eq!(["2.1.24", "2.1.28"].map(first), ["3.7", "3.7"]);
        assert_eq!(["2.1.35", "2.1.49"].map(first), ["3.8", "3.8"]);
        assert_eq!(["2.1.54", "23.10.1", "25.9.5"].map(first), ["3.9", "3.9", "3.9"]);
        assert_eq!(first("26.5"), "3.11");
    }

    #[test]
    fn versions_and_the_page_are_told_apart() {
        let (versions, page) = parse(&["2.1.26", "--write", "page.md"]).unwrap();
        assert_eq!((versions, page), (vec!["2.1.26"], Some(PathBuf::from("page.md"))));
        assert_eq!(parse(&[]).unwrap().0, ALL);
        assert!(parse(&["--write"]).is_err());
        assert!(parse(&["latest"]).is_err());
    }
}
