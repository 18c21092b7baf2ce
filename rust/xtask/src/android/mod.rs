//! `cargo xtask android`: the library for phones, with the NDK, or without it to check what would be built.

mod library;
mod ndk;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use crate::TaskResult;
use crate::built::target_folder;

/// One kind of processor that phones and emulators have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abi {
    /// Its name in apps, and of the folder there.
    pub(crate) name: &'static str,
    /// Its name for Rust.
    pub(crate) target: &'static str,
    /// Its name for the NDK's compiler, without the API level.
    clang: &'static str,
}

/// That of nearly all phones today.
pub(crate) const ARM64: Abi =
    Abi { name: "arm64-v8a", target: "aarch64-linux-android", clang: "aarch64-linux-android" };

/// All that apps are made for: phones since 2014, older and cheap ones, and emulators.
const ABIS: [Abi; 3] = [
    ARM64,
    Abi {
        name: "armeabi-v7a",
        target: "armv7-linux-androideabi",
        clang: "armv7a-linux-androideabi",
    },
    Abi { name: "x86_64", target: "x86_64-linux-android", clang: "x86_64-linux-android" },
];

/// The oldest Android: 8.0.
const MIN_API: u32 = 26;

/// Name of the library's file.
const FILE: &str = "libdeckport.so";

/// `cargo xtask android natives [--check [ABIS...]]`, `… check [--link]`.
pub(crate) fn run(arguments: &[&str]) -> TaskResult {
    match arguments {
        ["natives"] => natives(),
        ["natives", "--check", names @ ..] => natives_to_check(&chosen(names)?),
        ["check"] => check(),
        ["check", "--link"] => check().and_then(|()| natives_to_check(&[ARM64])),
        _ => Err(format!("unknown arguments: android {}", arguments.join(" "))),
    }
}

/// Where `natives` puts the libraries that apps are packed with: a folder for each ABI.
pub(crate) fn natives_folder() -> PathBuf {
    target_folder().join("android/natives")
}

/// Where `natives --check` puts those that are only for tests.
pub(crate) fn checked_natives_folder() -> PathBuf {
    target_folder().join("android/natives-to-check")
}

/// What is missing for `natives --check`, in one sentence; `None` when it can be done.
pub(crate) fn missing_to_check() -> Option<String> {
    tree::find().err()
}

/// Builds the libraries of these ABIs without the NDK, only for tests.
pub(crate) fn natives_to_check(abis: &[Abi]) -> TaskResult {
    let tree = tree::find()?;
    tree.copy_sources()?;
    for abi in abis {
        let library = place(&tree.build(abi)?, &checked_natives_folder(), abi)?;
        library::check(&library, abi)?;
        library::check_symbols(&library)?;
    }
    println!("these are only for tests: {}", checked_natives_folder().display());
    Ok(())
}

/// Builds all libraries with the NDK.
fn natives() -> TaskResult {
    let ndk = ndk::find()?;
    ndk::check_targets(&ABIS)?;
    for abi in &ABIS {
        let library = place(&ndk.build(abi)?, &natives_folder(), abi)?;
        library::check(&library, abi)?;
    }
    println!("{}", natives_folder().display());
    Ok(())
}

/// Whether the code compiles for all ABIs.
fn check() -> TaskResult {
    let tree = tree::find()?;
    tree.copy_sources()?;
    ABIS.iter().try_for_each(|abi| tree.check(abi))
}

/// The ABIs of these names; all when there are none.
fn chosen(names: &[&str]) -> Result<Vec<Abi>, String> {
    if names.is_empty() {
        return Ok(ABIS.to_vec());
    }
    let of_name = |name: &&str| {
        let found = ABIS.into_iter().find(|abi| abi.name == *name);
        found.ok_or_else(|| {
            format!("there is no ABI {name}: {}", ABIS.map(|abi| abi.name).join(", "))
        })
    };
    names.iter().map(of_name).collect()
}

/// Copies a library that was built into the folder of its ABI below `folder`.
fn place(built: &Path, folder: &Path, abi: &Abi) -> Result<PathBuf, String> {
    let library = folder.join(abi.name).join(FILE);
    fs::create_dir_all(folder.join(abi.name))
        .and_then(|()| fs::copy(built, &library))
        .map_err(|error| format!("copy {}: {error}", built.display()))?;
    Ok(library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abis_are_chosen_by_their_names_in_apps() {
        assert_eq!(chosen(&[]), Ok(ABIS.to_vec()));
        assert_eq!(chosen(&["arm64-v8a"]), Ok(vec![ARM64]));
        let refused = chosen(&["arm64"]).unwrap_err();
        assert_eq!(refused, "there is no ABI arm64: arm64-v8a, armeabi-v7a, x86_64");
    }
}
