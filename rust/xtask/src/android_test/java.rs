//! Programs that Java runs, and the archives that they take.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Module, Trouble, host_tests, jdk, work};
use crate::{TaskResult, process};

/// A program of `android/host-tests/tools`, which Java runs from its source.
pub(super) fn tool(name: &str) -> Command {
    let mut java = Command::new("java");
    java.arg(host_tests().join("tools").join(name));
    java
}

/// A program inside R8: `com.android.tools.r8.` and this.
pub(super) fn r8(main: &str) -> Command {
    let mut java = Command::new("java");
    java.args(["-Xmx2g", "-cp"]).arg(tools("r8.jar")).arg(format!("com.android.tools.r8.{main}"));
    java
}

/// One of the fetched programs and libraries.
pub(super) fn tools(name: &str) -> PathBuf {
    work().join("tools").join(name)
}

/// The home of a JDK whose classes R8 can read: those of the newest may be too new for it.
pub(super) fn platform_jdk() -> Result<PathBuf, Trouble> {
    let java = jdk::between(11, 21).ok_or_else(|| {
        Trouble::Missing("it needs the classes of a JDK of version 11 to 21".to_owned())
    })?;
    Ok(java.ancestors().nth(2).unwrap_or(&java).to_path_buf())
}

/// Packs a folder of classes.
pub(super) fn jar(classes: &Path, to: &Path) -> TaskResult {
    let mut jar = Command::new("jar");
    jar.args(["--create", "--file"]).arg(to).arg("-C").arg(classes).arg(".");
    process::run(&mut jar, &format!("pack {}", classes.display()))
}

/// The classes of a module, packed; without `R`, which belongs to the app.
pub(super) fn jar_of(module: &Module) -> Result<PathBuf, Trouble> {
    let (classes, to) = (module.work().join("classes"), module.work().join("classes.jar"));
    jar(&classes, &to)?;
    if !module.is_app {
        let mut thin = tool("Without.java");
        thin.arg(&to).arg(format!("{}/R", module.namespace.replace('.', "/")));
        process::run(&mut thin, "leave out the numbers of resources")?;
    }
    Ok(to)
}

/// The classes of all AARs and jars that the modules use, packed.
pub(super) fn libraries() -> Result<Vec<PathBuf>, Trouble> {
    let aars = work().join("aars/classes.jar");
    if !aars.exists() {
        jar(&work().join("aars/classes"), &aars)?;
    }
    let plain = super::prepare::files(&work().join("aars/packed"))?;
    let plain = plain.into_iter().filter(|file| file.extension().is_some_and(|end| end == "jar"));
    Ok(plain.chain([aars, tools("jna.jar"), tools("annotations.jar")]).collect())
}
