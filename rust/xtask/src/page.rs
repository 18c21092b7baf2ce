//! Pages with parts that commands write: those between a begin and an end marker; the rest is a
//! person's.

use std::fs;
use std::path::Path;

use crate::TaskResult;

/// Replaces what is between the markers `name` of a Markdown file.
pub(crate) fn insert(file: &Path, name: &str, text: &str) -> TaskResult {
    let page = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let page = between_markers(&page, name, text)
        .ok_or_else(|| format!("{}: the markers of {name} are missing", file.display()))?;
    fs::write(file, page).map_err(|error| format!("{}: {error}", file.display()))
}

fn between_markers(page: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_markers_is_replaced() {
        let page = "head\n<!-- a: begin -->\nold\n<!-- a: end -->\ntail\n";
        let replaced = between_markers(page, "a", "| new |\n");
        let expected = "head\n<!-- a: begin -->\n| new |\n<!-- a: end -->\ntail\n";
        assert_eq!(replaced.as_deref(), Some(expected));
        assert_eq!(between_markers(page, "b", "x"), None);
    }
}
