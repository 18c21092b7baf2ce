//! Which files a note's fields refer to.
//!
//! Clients count `src` of `img`, `audio`, `video` and `source`, `data` of `object`, and
//! `[sound:…]`. Calling a file that some client uses unused would delete it everywhere, so this
//! goes further: any tag, links, style sheets, and every way of writing a name that a browser
//! understands.

use std::collections::{BTreeSet, HashSet};
use unicode_normalization::UnicodeNormalization;

/// A value longer than this is not a file name, however it is written; it also bounds the work on a
/// broken field.
const LONGEST_VALUE_BYTES: usize = 1024;
/// No client makes names of more than 120 bytes, the reference server takes 255.
const LONGEST_NAME_BYTES: usize = 255;
/// Attributes whose value may be a file.
const ATTRIBUTES: [&str; 4] = ["src", "data", "href", "poster"];
/// Beginnings of LaTeX, of which clients make pictures.
const LATEX: [&str; 3] = ["[latex]", "[$]", "[$$]"];

/// All names that a set of fields refers to.
#[derive(Debug, Default, Clone)]
pub struct References {
    names: HashSet<String>,
    latex: bool,
}

impl References {
    /// No references.
    #[must_use]
    pub fn new() -> References {
        References::default()
    }

    /// Adds those of a note: one field, or all joined.
    pub fn add(&mut self, field: &str) {
        self.names.extend(references(field));
        if !self.latex {
            let lower = field.to_ascii_lowercase();
            self.latex = LATEX.iter().any(|mark| lower.contains(mark));
        }
    }

    /// Whether a file is referred to. Names that begin with `_` always are, since templates may
    /// use them; so are pictures of LaTeX as long as any field contains LaTeX, since their name
    /// is a hash that depends on the client's idea of the text.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        let is_picture =
            name.starts_with("latex-") && (name.ends_with(".png") || name.ends_with(".svg"));
        name.starts_with('_') || (self.latex && is_picture) || self.names.contains(&composed(name))
    }
}

/// The names that a field may refer to, in every reading of what is written there.
#[must_use]
pub fn references(field: &str) -> BTreeSet<String> {
    // Does not change the length, so that positions are the same in both.
    let lower = field.to_ascii_lowercase();
    let mut found = BTreeSet::new();
    for start in places(&lower, "[sound:") {
        add_readings(&mut found, until(field, start, ']').unwrap_or_default());
    }
    for attribute in ATTRIBUTES {
        for start in places(&lower, attribute) {
            add_attribute(&mut found, field, start);
        }
    }
    for start in places(&lower, "url(") {
        let value = until(field, start, ')').unwrap_or_default().trim();
        add_readings(&mut found, value.trim_matches(['"', '\'']));
    }
    found
}

/// The positions after each occurrence of a text.
fn places<'a>(text: &'a str, searched: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(searched).map(|(at, found)| at + found.len())
}

/// The text from `start` to `end`, if that is near enough for a file name.
fn until(field: &str, start: usize, end: char) -> Option<&str> {
    window(field, start).split_once(end).map(|(value, _)| value)
}

/// As much text from `start` on as a file name can have.
fn window(field: &str, start: usize) -> &str {
    let rest = field.get(start..).unwrap_or_default();
    let window = rest.get(..rest.floor_char_boundary(LONGEST_VALUE_BYTES)).unwrap_or_default();
    #[cfg(test)]
    LOOKED_AT.with(|bytes| bytes.set(bytes.get() + window.len()));
    window
}

#[cfg(test)]
thread_local! {
    /// Bytes that [`window`] has returned: the effort, without a clock.
    pub(crate) static LOOKED_AT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Adds the value of an attribute whose name ends at `start`.
fn add_attribute(found: &mut BTreeSet<String>, field: &str, start: usize) {
    let rest = window(field, start);
    let Some(value) = rest.trim_start().strip_prefix('=') else {
        return;
    };
    let value = value.trim_start();
    let at = start + rest.len() - value.len();
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            add_readings(found, until(field, at + 1, quote).unwrap_or_default());
        }
        _ => {
            let bare =
                value.split([' ', '\t', '\n', '\r', '\u{c}', '>']).next().unwrap_or_default();
            add_readings(found, bare);
            add_readings(found, bare.trim_end_matches('/'));
        }
    }
}

/// Adds what is written, with entities and percent signs resolved or not.
fn add_readings(found: &mut BTreeSet<String>, written: &str) {
    add_reading(found, written);
    let plain = if written.contains('&') { &*resolve_entities(written) } else { written };
    add_reading(found, plain);
    for encoded in [written, plain] {
        if encoded.contains('%') {
            add_reading(found, &percent_decoded(encoded));
        }
    }
}

/// Adds one reading, with and without what may follow the name of a file.
fn add_reading(found: &mut BTreeSet<String>, reading: &str) {
    let name_only = reading.split(['?', '#']).next().unwrap_or_default();
    for name in [name_only, reading] {
        let name = name.trim().trim_start_matches("./");
        if !name.is_empty() && name.len() <= LONGEST_NAME_BYTES {
            found.insert(composed(name));
        }
    }
}

/// How clients write a name: composed, with ordinary spaces.
fn composed(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    name.nfc().map(|c| if c == '\u{a0}' { ' ' } else { c }).collect()
}

fn resolve_entities(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        resolved.push_str(before);
        let entity = after.split_once(';').and_then(|(name, behind)| Some((entity(name)?, behind)));
        match entity {
            Some((character, behind)) => {
                resolved.push(character);
                rest = behind;
            }
            None => {
                resolved.push('&');
                rest = after;
            }
        }
    }
    resolved.push_str(rest);
    resolved
}

fn entity(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    match (name, number) {
        ("amp", _) => Some('&'),
        ("lt", _) => Some('<'),
        ("gt", _) => Some('>'),
        ("quot", _) => Some('"'),
        ("apos", _) => Some('\''),
        ("nbsp", _) => Some('\u{a0}'),
        (_, Some(number)) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
        // Letters with a name of their own: editors write them as they are.
        _ => None,
    }
}

/// Resolves `%20` and the like; the text as it is when the result is not UTF-8.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| behind.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
