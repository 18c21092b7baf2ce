//! Writing to the terminal, files and pipes that may go away at any moment.
//!
//! `println!` panics when the reader has closed the pipe; a server must not end because
//! the program that watched its output did.

use std::io::Write;
use std::sync::mpsc::sync_channel;

use comfy_table::{ContentArrangement, Table, presets};

use crate::failure::Failure;
use crate::queue::LAST_LINES;

/// Where a command's words go.
pub(crate) trait Output {
    /// One line of what was asked for.
    fn line(&self, text: &str);

    /// One line for whoever waits.
    fn note(&self, text: &str);
}

/// The terminal, files or pipes of this process.
pub(crate) struct Terminal;

impl Output for Terminal {
    fn line(&self, text: &str) {
        line(text);
    }

    fn note(&self, text: &str) {
        note(text);
    }
}

/// Writes one line to standard output. A closed pipe or full disk is not our failure.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes one line to standard error, in a single write so that lines do not mix.
pub(crate) fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes the last line of the program to standard error. If nobody reads it, as after Ctrl-S, the
/// program ends all the same.
pub(crate) fn last_words(text: &str) {
    let line = format!("{text}\n");
    let (written, end) = sync_channel(1);
    let write = move || {
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
        let _ = written.send(());
    };
    if std::thread::Builder::new().spawn(write).is_ok() {
        let _ = end.recv_timeout(LAST_LINES);
    }
}

/// Writes a value to standard output as indented JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    line(&as_json(value)?);
    Ok(())
}

/// A value as indented JSON.
pub(crate) fn as_json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(Failure::failed)
}

/// Text that came from the network made fit for one line of a terminal or log: control
/// characters and line breaks become `·`, and it is cut after `limit` characters.
pub(crate) fn printable(text: &str, limit: usize) -> String {
    let unprintable = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().take(limit).map(|c| if unprintable(c) { '·' } else { c }).collect()
}

/// Columns as wide as the terminal lets them be, two blanks between them; where the output is no
/// terminal, as wide as their widest cell.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = terminal_size::terminal_size().map(|(width, _)| width.0);
    table_within(width, header, rows)
}

fn table_within(width: Option<u16>, header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell, 100)));
    }
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![
            vec!["anki".to_owned(), "2".to_owned(), String::new()],
            vec!["a long name".to_owned(), "10".to_owned(), "x".to_owned()],
        ];
        assert_eq!(
            table_within(None, &["NAME", "N", "NOTE"], &rows),
            "NAME         N   NOTE\nanki         2\na long name  10  x"
        );
        let narrow = table_within(Some(18), &["NAME", "N", "NOTE"], &rows);
        assert!(narrow.lines().all(|line| line.chars().count() <= 18), "{narrow}");
        assert!(narrow.contains("a long"), "{narrow}");
    }

    #[test]
    fn text_from_the_network_cannot_break_or_colour_a_line() {
        assert_eq!(printable("a\nb\u{1b}[31m\u{202e}c", 100), "a·b·[31m·c");
        assert_eq!(printable("abcdef", 3), "abc");
    }
}
