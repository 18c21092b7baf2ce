//! `cargo xtask bench`: Deckport beside the reference server, with the same real client.
//!
//! The measuring is done by `tests/bench/bench.py`, which knows how to steer clients and servers and
//! writes its table as Markdown; this task builds, sets up and puts the table where it belongs.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::{TaskResult, process, python, root, test};

const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";

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
    let runner = python::environment(python::RUNNER)?;
    let anki = python::environment(python::ANKI)?;
    let binary = test::build_server(true)?;
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
        Some(file) => insert(&root().join(file), &text),
        None => Ok(()),
    }
}

/// Replaces what stands between the markers of a Markdown file.
fn insert(file: &Path, table: &str) -> TaskResult {
    let page = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let page = between_markers(&page, table)
        .ok_or_else(|| format!("{}: the lines {BEGIN} and {END} are missing", file.display()))?;
    fs::write(file, page).map_err(|error| format!("{}: {error}", file.display()))
}

fn between_markers(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_markers_is_replaced() {
        let page = format!("head\n{BEGIN}\nold\n{END}\ntail\n");
        let replaced = between_markers(&page, "| new |\n");
        assert_eq!(replaced, Some(format!("head\n{BEGIN}\n| new |\n{END}\ntail\n")));
        assert_eq!(between_markers("no markers", "x"), None);
    }
}
