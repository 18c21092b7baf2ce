//! Building with the NDK: what apps are shipped with.

use std::cmp::Reverse;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Abi, FILE, MIN_API};
use crate::TaskResult;
use crate::built::target_folder;
use crate::process::{self, cargo};

/// What is missing where there is no NDK.
const NEEDED: &str = "the libraries for phones need the Android NDK: install it (`sdkmanager 'ndk;28.2.13676358'`) and \
                      set ANDROID_HOME to the SDK, or ANDROID_NDK_HOME to the NDK";

/// The NDK's programs.
#[derive(Debug)]
pub(super) struct Ndk {
    programs: PathBuf,
}

/// The NDK that the environment names, or the newest one of the SDK that it names.
pub(super) fn find() -> Result<Ndk, String> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let named = set("ANDROID_NDK_HOME").or_else(|| set("ANDROID_NDK_ROOT"));
    let sdk = set("ANDROID_HOME").or_else(|| set("ANDROID_SDK_ROOT"));
    let folder = named
        .or_else(|| sdk.and_then(|sdk| newest(&sdk.join("ndk"))))
        .ok_or_else(|| NEEDED.to_owned())?;
    let programs = programs(&folder);
    let found = programs.join(program("llvm-ar", "exe")).exists();
    let missing = || format!("{} is not an NDK for this machine; {NEEDED}", folder.display());
    if found { Ok(Ndk { programs }) } else { Err(missing()) }
}

/// The highest of folders named by versions (`28.2.13676358`).
fn newest(folder: &Path) -> Option<PathBuf> {
    let mut found: Vec<(Vec<u32>, PathBuf)> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter_map(|entry| Some((version(entry.file_name().to_str()?)?, entry.path())))
        .collect();
    found.sort_by_key(|(version, _)| Reverse(version.clone()));
    found.into_iter().next().map(|(_, path)| path)
}

fn version(name: &str) -> Option<Vec<u32>> {
    name.split('.').map(|number| number.parse().ok()).collect()
}

/// Where an NDK has its programs. Those for Macs run on both processors.
fn programs(folder: &Path) -> PathBuf {
    let system = if env::consts::OS == "macos" { "darwin" } else { env::consts::OS };
    folder.join(format!("toolchains/llvm/prebuilt/{system}-x86_64/bin"))
}

fn program(name: &str, end_on_windows: &str) -> String {
    if cfg!(windows) { format!("{name}.{end_on_windows}") } else { name.to_owned() }
}

/// Whether Rust has its own libraries for these targets.
pub(super) fn check_targets(abis: &[Abi]) -> TaskResult {
    let lacks = |abi: &&Abi| {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let asked =
            Command::new(rustc).args(["--print", "target-libdir", "--target", abi.target]).output();
        let folder = asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        !folder.is_ok_and(|folder| !folder.is_empty() && Path::new(&folder).is_dir())
    };
    let lacking: Vec<&str> = abis.iter().filter(lacks).map(|abi| abi.target).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(format!("Rust lacks targets: run `rustup target add {}`", lacking.join(" ")))
}

impl Ndk {
    /// Builds the library and returns its path.
    pub(super) fn build(&self, abi: &Abi) -> Result<PathBuf, String> {
        let mut build = cargo();
        build.args(["build", "--package", "deckport-ffi", "--lib", "--locked"]);
        build.args(["--profile", "mobile", "--target", abi.target]);
        build.envs(self.variables(abi));
        process::run(&mut build, &format!("build the library for {}", abi.name))?;
        Ok(target_folder().join(abi.target).join("mobile").join(FILE))
    }

    /// What points cargo, and the builds of C code below it, to the NDK.
    fn variables(&self, abi: &Abi) -> [(String, OsString); 3] {
        let clang = program(&format!("{}{MIN_API}-clang", abi.clang), "cmd");
        let clang = self.programs.join(clang).into_os_string();
        let archiver = self.programs.join(program("llvm-ar", "exe")).into_os_string();
        let lower = abi.target.replace('-', "_");
        [
            (format!("CARGO_TARGET_{}_LINKER", lower.to_uppercase()), clang.clone()),
            (format!("CC_{lower}"), clang),
            (format!("AR_{lower}"), archiver),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::ABIS;
    use super::*;

    #[test]
    fn the_newest_ndk_is_taken_by_number_and_other_folders_are_none() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["9.9.9", "28.2.13676358", "28.10.1", "side-by-side"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        assert_eq!(newest(folder.path()), Some(folder.path().join("28.10.1")));
        assert_eq!(newest(&folder.path().join("side-by-side")), None);
        assert_eq!(newest(&folder.path().join("none")), None);
    }

    #[cfg(not(windows))]
    #[test]
    fn cargo_and_the_builds_of_c_code_are_led_to_the_compiler_of_the_oldest_android() {
        let ndk = Ndk { programs: PathBuf::from("/ndk/bin") };
        let variables = ndk
            .variables(&ABIS[1])
            .map(|(name, value)| format!("{name}={}", value.to_string_lossy()));
        let expected = [
            "CARGO_TARGET_ARMV7_LINUX_ANDROIDEABI_LINKER=/ndk/bin/armv7a-linux-androideabi26-clang",
            "CC_armv7_linux_androideabi=/ndk/bin/armv7a-linux-androideabi26-clang",
            "AR_armv7_linux_androideabi=/ndk/bin/llvm-ar",
        ];
        assert_eq!(variables, expected);
    }
}
