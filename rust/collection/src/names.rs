//! Names of decks and tags: their parts, cleaned as clients do it (`collection-sync` B.2).

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What a component becomes when nothing is left of it.
const BLANK: &str = "blank";
/// Between the components of a name that travels, and of a stored tag.
const SEPARATOR: &str = "::";
/// Between the components of a stored deck name.
const DECK_SEPARATOR: &str = "\u{1f}";

/// A deck's name as it is stored: from `A::B` to `A␟B` (`storage-json` 2.1).
pub(crate) fn stored_deck_name(name: &str) -> String {
    let component = |part| clean(part, char::is_ascii_control, |c| c.is_whitespace() || c == ':');
    name.split(SEPARATOR).map(component).collect::<Vec<_>>().join(DECK_SEPARATOR)
}

/// A deck's name as it travels: from `A␟B` to `A::B`.
pub(crate) fn deck_name(stored: &str) -> String {
    stored.replace(DECK_SEPARATOR, SEPARATOR)
}

/// A tag as it is stored in the list of all tags.
pub(crate) fn clean_tag(tag: &str) -> String {
    let unwanted = |c: &char| c.is_ascii_control() || *c == ' ' || *c == '\u{3000}';
    let component = |part| clean(part, unwanted, char::is_whitespace);
    tag.split(SEPARATOR).map(component).collect::<Vec<_>>().join(SEPARATOR)
}

/// The names of a tag's parents, the nearest first.
pub(crate) fn parents_of_tag(tag: &str) -> impl Iterator<Item = &str> {
    tag.rmatch_indices(SEPARATOR).map(|(end, _)| tag.get(..end).unwrap_or_default())
}

/// NFC, then unwanted characters anywhere are removed, then the ends are trimmed.
fn clean(part: &str, unwanted: impl Fn(&char) -> bool, trimmed: impl Fn(char) -> bool) -> String {
    let kept: String = nfc(part).chars().filter(|c| !unwanted(c)).collect();
    match kept.trim_matches(trimmed) {
        "" => BLANK.to_owned(),
        rest => rest.to_owned(),
    }
}

fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn deck_names_of_the_protocol_page_are_stored_so() {
        for (wire, stored) in [
            ("foo::bar", "foo/bar"),
            ("foo::::baz", "foo/blank/baz"),
            ("foo:::bar:baz: ", "foo/bar:baz"),
            (" sp ::  q", "sp/q"),
            ("::", "blank/blank"),
            ("x\u{1f}y", "xy"),
            ("A\nB", "AB"),
            ("", "blank"),
            ("e\u{301}", "é"),
        ] {
            assert_eq!(stored_deck_name(wire).replace('\u{1f}', "/"), stored, "{wire:?}");
        }
        assert_eq!(deck_name("Languages\u{1f}日本語\u{1f}N5"), "Languages::日本語::N5");
    }

    #[test]
    fn tags_lose_blanks_and_empty_components() {
        for (wire, stored) in [
            ("a b", "ab"),
            ("c::", "c::blank"),
            ("", "blank"),
            ("x\u{3000}y::z\t", "xy::z"),
            ("e\u{301}", "é"),
            ("noun::animal", "noun::animal"),
            ("d\u{a0}::e", "d::e"),
            ("k\u{1}l", "kl"),
            ("g::::h", "g::blank::h"),
            // A single colon at an end stays, even where another split would then follow.
            ("a:", "a:"),
            (":::", "blank:::"),
            (":\u{a0}::", ":::blank"),
        ] {
            assert_eq!(clean_tag(wire), stored, "{wire:?}");
        }
    }

    #[test]
    fn parents_come_nearest_first() {
        assert_eq!(parents_of_tag("a::b::c").collect::<Vec<_>>(), ["a::b", "a"]);
        assert_eq!(parents_of_tag("a").count(), 0);
    }

    // Only without characters that are removed, and for tags without single colons: in
    // `a:<control>:b` a separator appears too late.
    proptest! {
        #[test]
        fn a_stored_deck_name_travels_and_comes_back(name in "(a|A|:| |é|\u{a0}|e\u{301}){0,12}") {
            let stored = stored_deck_name(&name);
            prop_assert_eq!(&stored_deck_name(&deck_name(&stored)), &stored);
            let empty = stored.split('\u{1f}').any(str::is_empty);
            prop_assert!(!empty);
        }

        #[test]
        fn a_clean_tag_stays_as_it_is(tag in "(a|A|::|é|\u{a0}|e\u{301}){0,12}") {
            let clean = clean_tag(&tag);
            prop_assert_eq!(&clean_tag(&clean), &clean);
        }

        #[test]
        fn any_name_gives_a_usable_one(name: String) {
            let unusable = |part: &str| part.is_empty() || part.contains(|c: char| c.is_ascii_control());
            let damaged = stored_deck_name(&name).split('\u{1f}').any(unusable);
            prop_assert!(!damaged);
            let damaged = clean_tag(&name).split([' ', '\u{3000}']).any(unusable);
            prop_assert!(!damaged);
        }
    }
}
