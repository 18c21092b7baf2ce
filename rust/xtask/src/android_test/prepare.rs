//! What Maven needs before it can compile and test the Android modules: AARs unpacked, resources
//! compiled, and the library for this computer.
//!
//! Each part is rebuilt only when what it is made of has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::java::tool;
use super::{MODULES, Module, Trouble, host_tests, maven, work};
use crate::built::target_folder;
use crate::{TaskResult, kotlin, process, root};

/// What is fetched and then unpacked.
const FETCHED: [&str; 3] = ["aars", "aars-test", "tools"];
/// Oldest and newest platform of the apps, as in Gradle's build.
pub(super) const LEVELS: [&str; 4] = ["--min-sdk-version", "26", "--target-sdk-version", "36"];

/// What the example leaves to the reader's editor.
const EXAMPLE_IMPORTS: &str = "\
package io.deckport.android.example

import android.app.Activity
import android.os.Bundle
import android.widget.TextView
import io.deckport.android.DeckportHost
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

";

/// Makes everything.
pub(super) fn everything() -> Result<(), Trouble> {
    let aapt2 = fetched()?;
    natives()?;
    example()?;
    let mut libraries: Vec<Module> = Vec::new();
    for module in MODULES {
        resources(&module, &libraries, &aapt2)?;
        libraries.push(module);
    }
    Ok(())
}

/// Fetches AARs, programs and platforms when the lists of them have changed; returns aapt2.
fn fetched() -> Result<PathBuf, Trouble> {
    let aapt2 = work().join("tools/prebuilt/linux/aapt2_64");
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let what = "aapt2 is at hand only for Linux on x86_64";
        return Err(Trouble::Missing(what.to_owned()));
    }
    let mut lists = read(&host_tests().join("pom.xml"))?;
    for name in FETCHED {
        lists += &read(&host_tests().join(name).join("pom.xml"))?;
    }
    let stamp = work().join("fetched.txt");
    if fs::read_to_string(&stamp).is_ok_and(|known| known == lists) {
        return Ok(aapt2);
    }
    for made in ["aars", "aars-test", "resources", "sdks", "tools", "fetched.txt"] {
        remove(&work().join(made))?;
    }
    let mut fetch = maven();
    fetch.args(["generate-resources", "--quiet", "-Dfetch.phase=generate-resources"]);
    fetch.args(["-pl", &FETCHED.join(",")]);
    process::run(&mut fetch, "fetch libraries and platforms of Android")
        .map_err(|reason| Trouble::Missing(format!("{reason}; is the network there?")))?;
    for name in ["aars", "aars-test"] {
        let of = work().join(name);
        let mut unpack = tool("Unpack.java");
        unpack.args([of.join("packed"), of.join("unpacked"), of.join("classes")]);
        process::run(&mut unpack, &format!("unpack {name}"))?;
    }
    executable(&aapt2)?;
    fs::write(&stamp, lists).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(aapt2)
}

/// The example of the README, for the tests to compile and run.
fn example() -> TaskResult {
    let readme = read(&root().join("README.md"))?;
    let example = kotlin::example(&readme).ok_or("README.md: there is no example in Kotlin")?;
    let folder = work().join("example");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join("Example.kt"), format!("{EXAMPLE_IMPORTS}{example}")))
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// The library in a jar: from there JNA unpacks a copy for each simulated platform. From a folder
/// all would share one, and the callbacks of one platform would reach another.
fn natives() -> TaskResult {
    let library = target_folder().join("bindings/native");
    let jar = work().join("natives.jar");
    let newest = files(&library)?.iter().filter_map(|file| changed(file)).max();
    if changed(&jar) >= newest {
        return Ok(());
    }
    let folder = work().join("host-natives").join(kotlin::platform()?);
    remove(&folder)?;
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    for file in files(&library)? {
        let name = file.file_name().unwrap_or_default();
        fs::hard_link(&file, folder.join(name))
            .or_else(|_| fs::copy(&file, folder.join(name)).map(drop))
            .map_err(failed)?;
    }
    let mut pack = Command::new("jar");
    pack.args(["--create", "--no-compress", "--file"]).arg(&jar);
    pack.arg("-C").arg(work().join("host-natives")).arg(".");
    process::run(&mut pack, "pack the library for this computer")
}

/// The merged manifest, the resources and the `R` classes of a module.
fn resources(module: &Module, libraries: &[Module], aapt2: &Path) -> TaskResult {
    let out = module.work();
    fs::create_dir_all(out.join("assets"))
        .map_err(|error| format!("{}: {error}", out.display()))?;
    let manifest = out.join("AndroidManifest.xml");
    let mut merge = tool("Manifests.java");
    merge.arg(&manifest);
    for each in [module].into_iter().chain(libraries) {
        merge.arg(each.namespace).arg(each.folder().join("src/main/AndroidManifest.xml"));
    }
    process::run(&mut merge, &format!("the manifest of {}", module.name))?;
    let own = out.join("resources.zip");
    compile(aapt2, &module.folder().join("src/main/res"), &own)?;
    let generated = out.join("generated");
    remove(&generated)?;
    let mut link = Command::new(aapt2);
    link.arg("link").arg("-o").arg(out.join("resources.apk"));
    link.arg("-I").arg(work().join("tools/android-all.jar"));
    link.arg("--manifest").arg(&manifest).arg("--java").arg(&generated);
    link.arg("--output-text-symbols").arg(out.join("R.txt"));
    link.args(LEVELS).arg("--auto-add-overlay");
    if module.is_app {
        let (packages, compiled) = of_aars(aapt2)?;
        let own = libraries.iter().map(|library| library.namespace.to_owned());
        let packages: Vec<String> = packages.into_iter().chain(own).collect();
        link.args(["--extra-packages", &packages.join(":")]);
        link.args(["--version-code", "1", "--version-name", env!("CARGO_PKG_VERSION")]);
        link.arg("--proguard").arg(out.join("resources.pro"));
        for file in compiled {
            link.arg("-R").arg(file);
        }
        for library in libraries {
            link.arg("-R").arg(library.work().join("resources.zip"));
        }
    } else {
        // The app that uses it gives the numbers.
        link.arg("--non-final-ids");
    }
    link.arg("-R").arg(own);
    process::run(&mut link, &format!("the resources of {}", module.name))
}

/// The packages of all AARs, and their resources compiled.
fn of_aars(aapt2: &Path) -> Result<(Vec<String>, Vec<PathBuf>), String> {
    let (mut packages, mut compiled) = (Vec::new(), Vec::new());
    let folder = work().join("resources");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for aar in files(&work().join("aars/unpacked"))? {
        let manifest = aar.join("AndroidManifest.xml");
        let package = package_of(&read(&manifest)?)
            .ok_or_else(|| format!("{}: no package", manifest.display()))?;
        packages.push(package);
        if aar.join("res").exists() {
            let name = aar.file_name().unwrap_or_default().to_string_lossy();
            let out = folder.join(format!("{name}.zip"));
            if !out.exists() {
                compile(aapt2, &aar.join("res"), &out)?;
            }
            compiled.push(out);
        }
    }
    packages.sort();
    packages.dedup();
    Ok((packages, compiled))
}

fn compile(aapt2: &Path, folder: &Path, out: &Path) -> TaskResult {
    let mut compile = Command::new(aapt2);
    compile.arg("compile").arg("--dir").arg(folder).arg("-o").arg(out);
    process::quietly(&mut compile, &format!("compile {}", folder.display()))
}

/// What a manifest calls its package.
fn package_of(manifest: &str) -> Option<String> {
    let (_, rest) = manifest.split_once("package=\"")?;
    rest.split_once('"').map(|(package, _)| package.to_owned())
}

/// What is in a folder, in order.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|known| known.modified()).ok()
}

/// Removes a file or a folder, if there is one.
pub(super) fn remove(path: &Path) -> TaskResult {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if path.exists() => Err(format!("{}: {error}", path.display())),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn executable(file: &Path) -> TaskResult {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> TaskResult {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_tells_its_package() {
        let manifest = "<manifest xmlns:android=\"x\"\n    package=\"a.b\" >";
        assert_eq!(package_of(manifest).as_deref(), Some("a.b"));
        assert_eq!(package_of("<manifest/>"), None);
    }
}
