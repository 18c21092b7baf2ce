//! `cargo xtask bindings`: the library, and the code generated from it for each language.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::built::{build_tool, target_folder};
use crate::process::{self, cargo};
use crate::{TaskResult, root};

/// Builds everything; `release` for the optimised library. Returns the library's path.
///
/// Below `target/bindings/` there are `kotlin/` and `python/` with the generated code and `native/`
/// with the library.
pub(crate) fn build(release: bool) -> Result<PathBuf, String> {
    let mut build = cargo();
    if release {
        build.args(["build", "--package", "deckport-ffi", "--lib", "--release"]);
    } else {
        build.args(["build", "--workspace", "--lib"]);
    }
    process::run(&mut build, "build the library")?;
    let profile = if release { "release" } else { "debug" };
    let name = format!("{}deckport{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let library = target_folder().join(profile).join(&name);
    // The optimised library is stripped of the metadata about its functions; the archive beside it is
    // not.
    let archive = if cfg!(windows) { "deckport.lib" } else { "libdeckport.a" };
    let described = if release { library.with_file_name(archive) } else { library.clone() };
    let folder = target_folder().join("bindings");
    let generator = build_tool("uniffi-bindgen")?;
    for language in ["kotlin", "python"] {
        generate(&generator, &described, language, &folder.join(language))?;
    }
    polish_kotlin(&folder.join("kotlin"))?;
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

fn generate(generator: &Path, library: &Path, language: &str, out: &Path) -> TaskResult {
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
    let mut generate = Command::new(generator);
    // It asks cargo about the workspace.
    generate.current_dir(root()).arg("generate").arg(library).arg("--no-format").args(arguments);
    process::run(&mut generate, &format!("generate the {language} code"))
}

/// Corrects what the generator has no setting for.
fn polish_kotlin(folder: &Path) -> TaskResult {
    let file = folder.join("io/deckport/deckport.kt");
    let failed = |error| format!("{}: {error}", file.display());
    let generated = fs::read_to_string(&file).map_err(failed)?;
    let polished = polished(&generated)
        .ok_or_else(|| format!("{}: there are no exceptions as expected", file.display()))?;
    fs::write(&file, polished).map_err(failed)
}

/// Makes exceptions give their sentence in `message`, where the generator lists their fields, and
/// comments use Kotlin's names. `None` when there is no such exception.
fn polished(generated: &str) -> Option<String> {
    let mut lines = Vec::new();
    let (mut is_message, mut messages) = (false, 0);
    for line in generated.lines() {
        let bare = line.trim_start();
        if is_message && bare.starts_with("get() = \"") {
            messages += 1;
            let indent = line.strip_suffix(bare).unwrap_or_default();
            lines.push(format!("{indent}get() = toString()"));
        } else if bare.starts_with("* ") {
            lines.push(in_kotlin(line));
        } else {
            lines.push(line.to_owned());
        }
        is_message = bare == "override val message";
    }
    lines.push(String::new());
    (messages > 0).then(|| lines.join("\n"))
}

/// A line of a comment with names as they are in Kotlin: our errors are exceptions there.
fn in_kotlin(comment: &str) -> String {
    let parts: Vec<String> = comment
        .split('`')
        .enumerate()
        .map(|(place, part)| match part {
            _ if place % 2 == 0 => part.to_owned(),
            "None" => "null".to_owned(),
            code => match code.strip_suffix("Error") {
                Some(stem) => format!("{stem}Exception"),
                None => code.replace("Error.", "Exception."),
            },
        })
        .collect();
    parts.join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_get_their_sentence_and_comments_the_names_of_kotlin() {
        let generated = "\
    /**
     * `None` or `CareError`, notably `CareError.Busy`: an Error of `it`.
     */
        override val message
            get() = \"reason=${ reason }\"
    val other
            get() = \"x\"
";
        let expected = "\
    /**
     * `null` or `CareException`, notably `CareException.Busy`: an Error of `it`.
     */
        override val message
            get() = toString()
    val other
            get() = \"x\"
";
        assert_eq!(polished(generated).as_deref(), Some(expected));
        assert_eq!(polished("class X"), None);
    }
}
