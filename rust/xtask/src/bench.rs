//! `cargo xtask bench`: Deckport beside the reference server, with the same real client.
//!
//! The measuring is done by `tests/bench/bench.py`, which knows how to steer clients and servers and
//! writes its table as Markdown; this task builds, sets up and puts the table where it belongs.

use std::process::Command;
use std::{env, fs};

use crate::{TaskResult, built, page, process, python, root};

/// What is measured, by the option that asks for it.
const COLLECTIONS: &str = "bench";
const MEDIA: &str = "media bench";
const LAST_BYTE: &str = "last byte bench";

/// See the help of the task.
pub(crate) fn run(arguments: &[&str]) -> TaskResult {
    let mut write = None;
    let mut options = Vec::new();
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        match *option {
            "--write" => write = Some(*rest.next().ok_or("--write needs a file")?),
            other => options.push(other),
        }
    }
    let table_name = match () {
        () if options.contains(&"--media") => MEDIA,
        () if options.contains(&"--last-byte") => LAST_BYTE,
        () => COLLECTIONS,
    };
    let runner = python::environment(python::RUNNER)?;
    let anki = python::environment(python::ANKI)?;
    let binary = built::build_server(true)?;
    let table = env::temp_dir().join(format!("deckport-bench-{}.md", std::process::id()));
    let mut bench = Command::new(runner);
    bench
        .current_dir(root())
        .arg("tests/bench/bench.py")
        .arg("--deckport")
        .arg(binary)
        .arg("--anki-python")
        .arg(anki)
        .arg("--output")
        .arg(&table)
        .args(options);
    process::run(&mut bench, "benchmark")?;
    let text =
        fs::read_to_string(&table).map_err(|error| format!("{}: {error}", table.display()))?;
    fs::remove_file(&table).map_err(|error| format!("{}: {error}", table.display()))?;
    println!("\n{text}");
    match write {
        Some(file) => page::insert(&root().join(file), table_name, &text),
        None => Ok(()),
    }
}
