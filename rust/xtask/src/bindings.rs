//! `cargo xtask bindings`: the library, and the code generated from it for each language.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, cargo};
use crate::test::target_folder;
use crate::{TaskResult, root};

/// Builds everything; `release` for the optimised library. Answers the library's path.
///
/// Below `target/bindings/` there are `kotlin/` and `python/` with the generated code and `native/`
/// with the library.
pub(crate) fn build(release: bool) -> Result<PathBuf, String> {
    let mut build = cargo();
    build.args(["build", "--package", "deckport-ffi", "--lib"]);
    if release {
        build.arg("--release");
    }
    process::run(&mut build, "build the library")?;
    let profile = if release { "release" } else { "debug" };
    let name = format!("{}deckport{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let library = target_folder().join(profile).join(&name);
    // The optimised library is stripped of what tells about its functions; the archive beside it is not.
    let archive = if cfg!(windows) { "deckport.lib" } else { "libdeckport.a" };
    let described = if release { library.with_file_name(archive) } else { library.clone() };
    let folder = target_folder().join("bindings");
    for language in ["kotlin", "python"] {
        generate(&described, language, &folder.join(language))?;
    }
    let native = folder.join("native");
    let copied = fs::create_dir_all(&native).and_then(|()| fs::copy(&library, native.join(&name)));
    copied.map_err(|error| format!("copy {}: {error}", library.display()))?;
    Ok(native.join(name))
}

/// `cargo xtask bindings [--release]`.
pub(crate) fn run(arguments: &[&str]) -> TaskResult {
    let library = match arguments {
        [] => build(false)?,
        ["--release"] => build(true)?,
        _ => return Err(format!("unknown arguments: {}", arguments.join(" "))),
    };
    println!("{}", library.display());
    Ok(())
}

fn generate(library: &Path, language: &str, out: &Path) -> TaskResult {
    // What an earlier version generated must not stay beside it.
    if out.exists() {
        fs::remove_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    }
    let arguments: [OsString; 6] = [
        "--language".into(),
        language.into(),
        "--config".into(),
        root().join("uniffi.toml").into(),
        "--out-dir".into(),
        out.into(),
    ];
    let mut generate = cargo();
    generate.args(["run", "--quiet", "--package", "uniffi-bindgen", "--", "generate"]);
    generate.arg(library).arg("--no-format").args(arguments);
    process::run(&mut generate, &format!("generate the {language} code"))
}
