//! Finding HTML tags the way clients do (`storage-tables` 3.1): a scanner, not a parser of HTML.
//!
//! Searches that failed are remembered, so that the time stays proportional to the length of the
//! text whatever a sender puts into it.

use std::borrow::Cow;
use unicode_normalization::char::is_combining_mark;

const MEDIA_TAGS: [&str; 5] = ["img", "audio", "video", "object", "source"];
const MEDIA_ATTRIBUTES: [&str; 2] = ["src=", "data="];

/// Replaces each tag of a media file by a space, the file's name and a space.
pub(super) fn media_tags_to_names(text: &str) -> Cow<'_, str> {
    let mut tags = MediaTags::new(text);
    replace_tags(text, |start| tags.at(start))
}

/// Deletes comments, styles, scripts and all other tags.
pub(super) fn without_tags(text: &str) -> Cow<'_, str> {
    let mut tags = AnyTags::new(text);
    replace_tags(text, |start| Some(Tag { end: tags.end(start)?, name: None }))
}

/// A tag that was found.
struct Tag<'a> {
    /// Where the text continues.
    end: usize,
    /// What takes its place.
    name: Option<&'a str>,
}

/// Asks `find` at every `<` whether a tag starts there, and replaces it if so.
fn replace_tags<'a>(text: &'a str, mut find: impl FnMut(usize) -> Option<Tag<'a>>) -> Cow<'a, str> {
    let mut output = String::new();
    let (mut copied, mut searched) = (0, 0);
    while let Some(start) = find_from(text, searched, '<') {
        searched = start + 1;
        if let Some(tag) = find(start) {
            output.push_str(text.get(copied..start).unwrap_or_default());
            if let Some(name) = tag.name {
                output.extend([" ", name, " "]);
            }
            (copied, searched) = (tag.end, tag.end);
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    output.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(output)
}

/// Finds tags of media files in one text.
struct MediaTags<'a> {
    text: &'a str,
    /// The last `>`: after it nothing can match.
    last_close: usize,
    /// Places between attributes where reading on was tried. After one failure another attempt
    /// from the same place would go the same way.
    tried: Vec<bool>,
}

impl<'a> MediaTags<'a> {
    fn new(text: &'a str) -> MediaTags<'a> {
        MediaTags { text, last_close: text.rfind('>').unwrap_or(0), tried: Vec::new() }
    }

    /// The media tag that starts at `start`.
    ///
    /// Attributes may be any characters but `>`, which is allowed between quotes. Clients read
    /// them one by one up to the first attribute with a file name. Only when they meet a `>` before
    /// that do they look back, for the last quote that spans it.
    fn at(&mut self, start: usize) -> Option<Tag<'a>> {
        let mut at = self.after_tag_name(start + 1)?;
        self.tried.resize(self.text.len(), false);
        let mut quotes = Vec::new();
        loop {
            match self.attribute_character(at) {
                Some(character) => {
                    if matches!(character, '"' | '\'') {
                        quotes.push(at);
                    }
                    at += character.len_utf8();
                }
                None => at = self.after_quoted(quotes.pop()?).unwrap_or(self.last_close),
            }
            if let Some(value) = self.after_media_attribute(at)
                && let Some(tag) = self.value(value)
            {
                return Some(tag);
            }
        }
    }

    /// Where a whole word that names a media tag ends.
    fn after_tag_name(&self, at: usize) -> Option<usize> {
        let end = MEDIA_TAGS.iter().find_map(|name| after_word(self.text, at, name))?;
        let next = self.text.get(end..)?.chars().next()?;
        if is_word_character(next) { None } else { Some(end) }
    }

    /// The character here, unless it ends the attributes or was tried before.
    fn attribute_character(&mut self, at: usize) -> Option<char> {
        let tried = self.tried.get_mut(at).filter(|_| at < self.last_close)?;
        if std::mem::replace(tried, true) {
            return None;
        }
        self.text.get(at..)?.chars().next().filter(|character| *character != '>')
    }

    /// Where the quoted run ends that starts with the quote at `at`.
    fn after_quoted(&self, at: usize) -> Option<usize> {
        let quote = self.text.get(at..)?.chars().next()?;
        find_from(self.text, at + 1, quote).map(|end| end + 1)
    }

    /// Where the value starts if there is an attribute with a file name here.
    fn after_media_attribute(&self, at: usize) -> Option<usize> {
        let value = MEDIA_ATTRIBUTES.iter().find_map(|name| after_word(self.text, at, name))?;
        let before = self.text.get(..at)?.chars().next_back()?;
        if is_word_character(before) { None } else { Some(value) }
    }

    fn value(&self, at: usize) -> Option<Tag<'a>> {
        self.quoted(at, '"').or_else(|| self.quoted(at, '\'')).or_else(|| self.unquoted(at))
    }

    fn quoted(&self, at: usize, quote: char) -> Option<Tag<'a>> {
        let start = at + self.text.get(at..)?.starts_with(quote).then_some(1)?;
        let end = find_from(self.text, start, quote).filter(|end| *end > start)?;
        self.tag(start, end)
    }

    /// At least one character, which may even be a space or a quote; up to a space or the `>`.
    fn unquoted(&self, at: usize) -> Option<Tag<'a>> {
        let first = self.text.get(at..)?.chars().next().filter(|first| *first != '>')?;
        let second = at + first.len_utf8();
        let length = self.text.get(second..)?.find([' ', '>'])?;
        self.tag(at, second + length)
    }

    fn tag(&self, name_start: usize, name_end: usize) -> Option<Tag<'a>> {
        if name_end > self.last_close {
            return None;
        }
        let close = find_from(self.text, name_end, '>')?;
        Some(Tag { end: close + 1, name: self.text.get(name_start..name_end) })
    }
}

/// Finds tags of any kind in one text, from its start to its end.
struct AnyTags<'a> {
    text: &'a str,
    last_close: usize,
    comment_end: Needle,
    style_end: Needle,
    script_end: Needle,
}

impl<'a> AnyTags<'a> {
    fn new(text: &'a str) -> AnyTags<'a> {
        AnyTags {
            text,
            last_close: text.rfind('>').unwrap_or(0),
            comment_end: Needle::new("-->"),
            style_end: Needle::new("</style>"),
            script_end: Needle::new("</script>"),
        }
    }

    /// Where the comment, style, script or other tag that starts at `start` ends.
    fn end(&mut self, start: usize) -> Option<usize> {
        if start > self.last_close {
            return None;
        }
        let close = find_from(self.text, start, '>')? + 1;
        self.special(start, close).or(Some(close))
    }

    fn special(&mut self, start: usize, close: usize) -> Option<usize> {
        if let Some(content) = after_word(self.text, start, "<!--") {
            self.comment_end.end(self.text, content)
        } else if after_word(self.text, start, "<style").is_some() {
            self.style_end.end(self.text, close)
        } else if after_word(self.text, start, "<script").is_some() {
            self.script_end.end(self.text, close)
        } else {
            None
        }
    }
}

/// A text that is searched for again and again, each time further on.
struct Needle {
    needle: &'static str,
    /// An earlier search found nothing, so no later one will.
    missing: bool,
}

impl Needle {
    fn new(needle: &'static str) -> Needle {
        Needle { needle, missing: false }
    }

    /// Where the next occurrence ends.
    fn end(&mut self, text: &str, from: usize) -> Option<usize> {
        if self.missing {
            return None;
        }
        let first = self.needle.chars().next()?;
        let mut at = from;
        while let Some(found) = find_from(text, at, first) {
            if let Some(end) = after_word(text, found, self.needle) {
                return Some(end);
            }
            at = found + 1;
        }
        self.missing = true;
        None
    }
}

fn find_from(text: &str, from: usize, needle: char) -> Option<usize> {
    Some(from + text.get(from..)?.find(needle)?)
}

/// Where a word that is here, in any case, ends. Case includes `ſ`, the long s.
fn after_word(text: &str, at: usize, word: &str) -> Option<usize> {
    let mut end = at;
    let mut found = text.get(at..)?.chars();
    for wanted in word.chars() {
        let c = found.next()?;
        if c.to_ascii_lowercase() != wanted && (c, wanted) != ('ſ', 's') {
            return None;
        }
        end += c.len_utf8();
    }
    Some(end)
}

/// What makes a word in Unicode: letters, marks, digits, joiners and connecting punctuation.
fn is_word_character(c: char) -> bool {
    match c {
        '_' | '\u{200c}' | '\u{200d}' | '\u{203f}' | '\u{2040}' | '\u{2054}' => true,
        '\u{fe33}' | '\u{fe34}' | '\u{fe4d}'..='\u{fe4f}' | '\u{ff3f}' => true,
        _ if c.is_alphabetic() || is_combining_mark(c) => true,
        // Superscripts, fractions and circled numbers are not digits.
        '\u{b2}'..='\u{be}' | '\u{2070}'..='\u{2793}' | '\u{3192}'..='\u{32bf}' => false,
        _ => c.is_numeric(),
    }
}

#[cfg(test)]
mod tests;
