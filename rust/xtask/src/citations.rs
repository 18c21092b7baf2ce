//! Whether each citation of a protocol page (`transport` 6.2) leads to something in `docs/protocol`.
//!
//! Only a test. A citation is a page's name in backticks, and after it any number of sections: `transport`
//! 3.1, 4 and 6.2. A section is the number at the beginning of a heading; in a table whose first column
//! counts its rows, `collection-sync` 13.5 is row 5 of section 13.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::root;

/// Where the pages are.
const PAGES: &str = "docs/protocol";
/// Files that may cite them.
const CITING: [&str; 5] = ["rs", "py", "kt", "md", "sql"];

/// The sections of each page, by the page's name without `.md`.
type Sections = BTreeMap<String, BTreeSet<String>>;

/// Checks every file that git knows. The error lists what leads nowhere, one per line.
fn check() -> Result<(), String> {
    let sections = sections(&root().join(PAGES))?;
    let mut lost = Vec::new();
    for file in cited_in()? {
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        let found = lost_citations(&text, &sections).into_iter();
        lost.extend(found.map(|citation| format!("{file}: {citation} is not in {PAGES}")));
    }
    if lost.is_empty() { Ok(()) } else { Err(lost.join("\n")) }
}

fn cited_in() -> Result<Vec<String>, String> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let output = list.output().map_err(|error| format!("git could not be started: {error}"))?;
    let names = String::from_utf8_lossy(&output.stdout);
    let can_cite = |name: &&str| CITING.iter().any(|ending| name.ends_with(&format!(".{ending}")));
    Ok(names.lines().filter(can_cite).map(str::to_owned).collect())
}

fn sections(folder: &Path) -> Result<Sections, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut sections = Sections::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        let text = fs::read_to_string(&path).map_err(failed)?;
        sections.insert(name.to_owned(), sections_of(&text));
    }
    Ok(sections)
}

fn sections_of(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut section = String::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("##") {
            let heading = heading.trim_start_matches(['#', ' ']);
            let heading = heading.strip_prefix("Appendix ").unwrap_or(heading);
            if let Some(number) = number_at_start(heading) {
                found.insert(number.clone());
                section = number;
            }
        } else if let Some(row) = line.strip_prefix("| ").and_then(|row| row.split_once(" |"))
            && row.0.bytes().all(|byte| byte.is_ascii_digit())
        {
            let place =
                if section.is_empty() { row.0.to_owned() } else { format!("{section}.{}", row.0) };
            found.insert(place);
        }
    }
    found
}

/// The citations of a text that lead nowhere.
fn lost_citations(text: &str, sections: &Sections) -> Vec<String> {
    let text = without_line_ends(text);
    let mut lost = Vec::new();
    let mut parts = text.split('`').peekable();
    while let Some(page) = parts.next() {
        let (Some(known), Some(after)) = (sections.get(page), parts.peek()) else { continue };
        for number in numbers_at_start(after) {
            if !known.contains(&number) {
                lost.push(format!("`{page}` {number}"));
            }
        }
    }
    lost
}

/// Comments break citations over lines: a line end and a comment's beginning count as one space.
fn without_line_ends(text: &str) -> String {
    let bare =
        |line: &str| line.trim().trim_start_matches(['/', '!', '#', '*']).trim_start().to_owned();
    text.lines().map(bare).collect::<Vec<_>>().join(" ")
}

/// The numbers of a list like ` 3.1, 4 and B.2`, as far as it goes.
fn numbers_at_start(text: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut rest = text;
    loop {
        let between = [", section ", ", sections ", ", ", " and ", " to ", " "];
        let Some(next) = between.iter().find_map(|word| rest.strip_prefix(word)) else { break };
        let Some(number) = number_at_start(next) else { break };
        rest = next.get(number.len()..).unwrap_or_default();
        numbers.push(number);
    }
    numbers
}

/// A number like `6`, `6.2` or `B.3` at the beginning of a text.
fn number_at_start(text: &str) -> Option<String> {
    let end = text
        .find(|letter: char| {
            !(letter.is_ascii_digit() || letter == '.' || letter.is_ascii_uppercase())
        })
        .unwrap_or(text.len());
    if text.get(end..)?.starts_with(char::is_alphanumeric) {
        return None;
    }
    let number = text.get(..end)?.trim_end_matches('.');
    let mut parts = number.split('.');
    let first = parts.next()?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_appendix = first.len() == 1 && first.bytes().all(|byte| byte.is_ascii_uppercase());
    ((is_number(first) || is_appendix) && parts.all(is_number)).then(|| number.to_owned())
}

mod tests {
    use super::*;

    fn pages() -> Sections {
        let sections = "# Page\n\n## 6. Codes\n\n### 6.2 How clients react\n\n\
                    | # | weakness |\n|---|---|\n| 5 | names |\n\n## Appendix B. Values\n\n### B.2 Names\n";
        let rows = "# What is repaired\n\n| # | Condition |\n|---|---|\n| 26 | id |\n";
        Sections::from([
            ("page".to_owned(), sections_of(sections)),
            ("rows".to_owned(), sections_of(rows)),
        ])
    }

    #[test]
    fn every_citation_of_a_protocol_page_leads_somewhere() {
        if let Err(lost) = check() {
            panic!("{lost}");
        }
    }

    #[test]
    fn sections_are_headings_and_numbered_rows() {
        let known = pages();
        let page: Vec<&str> = known["page"].iter().map(String::as_str).collect();
        assert_eq!(page, ["6", "6.2", "6.2.5", "B", "B.2"]);
        assert_eq!(known["rows"], BTreeSet::from(["26".to_owned()]));
    }

    #[test]
    fn citations_lead_somewhere_or_are_named() {
        for (text, lost) in [
            ("(`page` 6.2)", vec![]),
            ("`page`, section 6, and B.2.", vec![]),
            ("/// see `page`\n    /// 6.2 and 9.1: three times", vec!["`page` 9.1"]),
            ("`page` 6.2, 7 and 8", vec!["`page` 7", "`page` 8"]),
            ("`rows` 26, 27", vec!["`rows` 27"]),
            ("`page` layer; `other` 12; the `page` Alone", vec![]),
        ] {
            assert_eq!(lost_citations(text, &pages()), lost, "{text}");
        }
    }
}
