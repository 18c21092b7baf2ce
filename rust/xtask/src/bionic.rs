//! The library for 64-bit phones, loaded and called where the C library is Android's: an emulated processor in a JVM.

use std::process::Command;

use crate::android::{self, ARM64};
use crate::built::target_folder;
use crate::{TaskResult, bindings, kotlin, process, root};

/// What it lacks, in one line; `None` when nothing.
pub(crate) fn missing() -> Option<String> {
    if kotlin::is_possible() {
        android::missing_to_check()
    } else {
        Some(kotlin::NEEDED.to_owned())
    }
}

/// Builds the library and the code generated from the same sources; returns the command that runs the tests,
/// whose closing line says how many there were.
pub(crate) fn tests() -> Result<Command, String> {
    bindings::build(false)?;
    android::natives_to_check(&[ARM64])?;
    let library = android::checked_natives_folder().join(ARM64.name).join("libdeckport.so");
    let generated = target_folder().join("bindings/kotlin/io/deckport/deckport.kt");
    let mut maven = kotlin::maven_in(&root().join("android/host-tests/unidbg"));
    maven.arg("test").arg(format!("-Dlibrary={}", library.display()));
    maven.arg(format!("-Dgenerated={}", generated.display()));
    Ok(maven)
}

/// `cargo xtask android bionic`.
pub(crate) fn run() -> TaskResult {
    if let Some(missing) = missing() {
        return Err(missing);
    }
    process::run(&mut tests()?, "the library for phones, loaded and called")
}
