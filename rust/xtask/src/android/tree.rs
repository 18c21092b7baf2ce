//! Building without the NDK, in a tree of distribution packages: to check, never to ship.
//!
//! `rust/xtask/android/setup-tree.sh` makes the tree and `cross.sh` beside it runs inside.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Abi, FILE};
use crate::{TaskResult, process, root};

/// Where the sources are, seen from inside.
const SOURCES: &str = "src/deckport";

/// A tree that exists.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
}

/// The tree that `ANDROID_CHECK_ROOT` names, by default `/opt/sid`.
pub(super) fn find() -> Result<Tree, String> {
    let named = env::var_os("ANDROID_CHECK_ROOT").map(PathBuf::from);
    let root = named.unwrap_or_else(|| "/opt/sid".into());
    if root.join("usr/bin/cargo").exists() {
        return Ok(Tree { root });
    }
    Err(format!(
        "to build for Android without the NDK there must be a tree at {} (or ANDROID_CHECK_ROOT name it): \
         rust/xtask/android/setup-tree.sh makes one",
        root.display()
    ))
}

impl Tree {
    /// Copies what git knows into the tree.
    pub(super) fn copy_sources(&self) -> TaskResult {
        let inside = self.root.join(SOURCES);
        let failed = |error: std::io::Error| format!("{}: {error}", inside.display());
        // What was removed or renamed must not be built.
        match fs::remove_dir_all(inside.join("rust")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => fs::create_dir_all(&inside).map_err(failed)?,
        }
        let mut copy = Command::new("sh");
        copy.current_dir(root()).args([
            "-c",
            "git ls-files -z rust .cargo Cargo.toml Cargo.lock | xargs -0 tar cf - | tar xf - -C \"$0\"",
        ]);
        process::run(copy.arg(&inside), "copy the sources")
    }

    /// Whether the library compiles.
    pub(super) fn check(&self, abi: &Abi) -> TaskResult {
        let mut check = self.cross(abi, "check");
        process::run(&mut check, &format!("check for {}", abi.name))
    }

    /// Builds the library and returns its path, seen from outside.
    pub(super) fn build(&self, abi: &Abi) -> Result<PathBuf, String> {
        let mut build = self.cross(abi, "build");
        build.args(["--profile", "mobile"]);
        process::run(&mut build, &format!("build for {}, to check", abi.name))?;
        Ok(self.root.join("src/target-android/cargo").join(abi.target).join("mobile").join(FILE))
    }

    fn cross(&self, abi: &Abi, mode: &str) -> Command {
        let script = Path::new("/").join(SOURCES).join("rust/xtask/android/cross.sh");
        let mut cross = Command::new("chroot");
        cross.arg(&self.root).arg(script).args([abi.target, mode, "--locked"]);
        cross
    }
}
