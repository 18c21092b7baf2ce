//! `cargo xtask android-check`: whether the library compiles for phones, without an Android SDK.
//!
//! The scripts and the tree with the cross compiler are no part of this repository: see HELP. What
//! they make is for checking alone and must not be shipped.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{TaskResult, process, root};

/// Of all phones since 2014, and of emulators.
const TARGETS: [&str; 3] =
    ["aarch64-linux-android", "armv7-linux-androideabi", "x86_64-linux-android"];

/// The file that lists what a library may expect of the system.
const SYMBOLS: &str = "expected-undefined.txt";
/// What ours needs besides. Each is there since Android 5.0 (API 21) at the latest.
const OWN_SYMBOLS: &str = include_str!("android-symbols.txt");

/// What a library for a 64-bit phone may have.
const MOST_BYTES: u64 = 5_000_000;

/// Checks all targets; with `--link` also links the library for 64-bit phones and looks at its size
/// and the symbols it needs.
pub(crate) fn run(arguments: &[&str]) -> TaskResult {
    let link = match arguments {
        [] => false,
        ["--link"] => true,
        _ => return Err(format!("unknown arguments: {}", arguments.join(" "))),
    };
    let tools = from_environment("ANDROID_CHECK_TOOLS")
        .unwrap_or_else(|| root().join("../shared/tools/android-check"));
    let tree = from_environment("ANDROID_CHECK_ROOT").unwrap_or_else(|| "/opt/sid".into());
    if !tools.join("cross-check.sh").exists() || !tree.join("usr/bin/cargo").exists() {
        return Err(format!(
            "nothing was checked: {} must hold cross-check.sh (or ANDROID_CHECK_TOOLS name its \
             folder), and {} the tree that its setup.sh makes (or ANDROID_CHECK_ROOT name it)",
            tools.display(),
            tree.display()
        ));
    }
    let source = copy_sources(&tools, &tree)?;
    for target in TARGETS {
        cross(&tree, &source, target, "check", &[])?;
    }
    if link {
        check_library(&tree, &source)?;
    }
    println!("android-check: ok");
    Ok(())
}

fn from_environment(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from)
}

/// Copies what git knows into the tree; answers its folder as seen from inside.
fn copy_sources(tools: &Path, tree: &Path) -> Result<PathBuf, String> {
    let source = Path::new("/src/deckport");
    let outside = tree.join("src/deckport");
    let failed = |error: std::io::Error| format!("copy into {}: {error}", tree.display());
    fs::create_dir_all(&outside).map_err(failed)?;
    for script in ["cross-check.sh", "undefined-symbols.sh"] {
        fs::copy(tools.join(script), tree.join("src").join(script)).map_err(failed)?;
    }
    let known = fs::read_to_string(tools.join(SYMBOLS)).map_err(failed)?;
    fs::write(tree.join("src").join(SYMBOLS), known + OWN_SYMBOLS).map_err(failed)?;
    let mut copy = Command::new("sh");
    copy.current_dir(root()).args([
        "-c",
        "git ls-files -z rust .cargo Cargo.toml Cargo.lock | xargs -0 tar cf - | tar xf - -C \"$0\"",
    ]);
    copy.arg(&outside);
    process::run(&mut copy, "copy the sources")?;
    Ok(source.to_path_buf())
}

fn cross(tree: &Path, source: &Path, target: &str, mode: &str, options: &[&str]) -> TaskResult {
    let mut cross = Command::new("chroot");
    cross.arg(tree).args(["env", "CARGO_HOME=/src/cargo", "OUT=/src/target-android"]);
    cross.arg("/src/cross-check.sh").arg(source.join("rust/ffi")).args([target, mode, "--lib"]);
    cross.args(options);
    process::run(&mut cross, &format!("{mode} for {target}"))
}

fn check_library(tree: &Path, source: &Path) -> TaskResult {
    let target = TARGETS[0];
    cross(tree, source, target, "build", &["--profile", "mobile"])?;
    let inside = format!("src/target-android/cargo/{target}/mobile/libdeckport.so");
    let mut symbols = Command::new("chroot");
    symbols.arg(tree).args(["/src/undefined-symbols.sh", &format!("/{inside}")]);
    symbols.arg("/src/expected-undefined.txt");
    let listed = process::run(&mut symbols, "symbols that the system must have");
    let library = tree.join(&inside);
    let bytes =
        fs::metadata(&library).map_err(|error| format!("{}: {error}", library.display()))?.len();
    println!("{target}: {bytes} bytes, at most {MOST_BYTES}");
    if bytes > MOST_BYTES {
        return Err(format!("the library for {target} is too large: {bytes} bytes"));
    }
    listed
}
