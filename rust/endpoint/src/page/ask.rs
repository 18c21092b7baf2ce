//! What a visitor's program asks for: HTML or text, and in which language.

use std::str::FromStr;

/// Entries of a header that are looked at; browsers send a handful.
const MOST_ENTRIES: usize = 32;

/// A language in which the page is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

impl Language {
    /// The one that an `Accept-Language` header likes best; English where it says nothing of use.
    pub(crate) fn of(accepted: &str) -> Language {
        let mut best = (0, Language::English);
        for (range, quality) in entries(accepted) {
            let language = match range.split('-').next().unwrap_or_default() {
                tag if tag.eq_ignore_ascii_case("de") => Language::German,
                tag if tag.eq_ignore_ascii_case("en") || tag == "*" => Language::English,
                _ => continue,
            };
            // Of equals the first one.
            if quality > best.0 {
                best = (quality, language);
            }
        }
        best.1
    }
}

/// Whether an `Accept` header names HTML. Browsers do; `curl` and Anki clients take anything and name
/// nothing.
pub(crate) fn wants_html(accept: &str) -> bool {
    let is_html = |range: &str| {
        range.eq_ignore_ascii_case("text/html")
            || range.eq_ignore_ascii_case("application/xhtml+xml")
    };
    entries(accept).any(|(range, quality)| is_html(range) && quality > 0)
}

/// The entries of a header, each with its quality in thousandths (RFC 9110, 12.4.2).
fn entries(header: &str) -> impl Iterator<Item = (&str, u16)> {
    header.split(',').take(MOST_ENTRIES).map(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        (range, quality.map_or(1000, thousandths))
    })
}

/// `0.85` as 850; 0 for what is no quality.
fn thousandths(text: &str) -> u16 {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    match (whole, u16::from_str(&format!("{digits:0<3}"))) {
        ("0", Ok(part)) => part,
        ("1", Ok(0)) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_language_is_the_one_that_the_browser_likes_best() {
        for german in
            ["de", "de-AT,en;q=0.8", "fr, DE;q=0.5", "en;q=0.3,de;q=0.30,de;q=0.4", "en;q=0, de"]
        {
            assert_eq!(Language::of(german), Language::German, "{german}");
        }
        for english in
            ["", "en", "fr", "*", "en-GB,de", "de;q=0", "de;q=0.5,en;q=0.501", "de;q=x", "deu"]
        {
            assert_eq!(Language::of(english), Language::English, "{english}");
        }
    }

    #[test]
    fn browsers_name_html_and_others_do_not() {
        assert!(wants_html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(wants_html("application/xml, Text/HTML ; q=0.1"));
        for other in ["", "*/*", "text/*", "text/plain", "text/html;q=0", "text/htmlx"] {
            assert!(!wants_html(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_stumble(text in "[a-zA-Z0-9*;=,. -]{0,60}|\\PC{0,60}") {
            let _ = (Language::of(&text), wants_html(&text));
            prop_assert!(entries(&text).all(|(_, quality)| quality <= 1000));
        }

        #[test]
        fn qualities_are_read_as_they_are_written(quality in 0_u16..=1000) {
            let (whole, part) = (quality / 1000, quality % 1000);
            prop_assert_eq!(thousandths(&format!("{whole}.{part:03}")), quality);
        }
    }
}
