//! Names on disk: a file has its own name wherever every file system can hold it.

use sha1::{Digest, Sha1};

/// Longer names do not fit into encrypted home folders.
const LONGEST_STORED_BYTES: usize = 143;
/// What stays readable of an escaped name.
const STEM_BYTES: usize = 40;
const EXTENSION_BYTES: usize = 10;
/// Comes before the hash in an escaped name.
const MARK: char = '~';
/// Our own entries of the folder begin with this.
pub(crate) const OWN_PREFIX: &str = ".deckport";

/// Whether every file system that a phone or a computer uses can hold a file of this name, so
/// that the folder can be copied anywhere.
pub(crate) fn is_portable(name: &str) -> bool {
    let forbidden = |character: char| character.is_control() || "<>:\"/\\|?*".contains(character);
    !name.is_empty()
        && name.len() <= LONGEST_STORED_BYTES
        && !name.contains(forbidden)
        && !name.ends_with(['.', ' '])
        && !name.get(..OWN_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN_PREFIX))
        && !is_device(name)
        && !looks_escaped(name)
}

/// The name under which a file that cannot have its own is stored: some of the name, so that a
/// person recognises it, its hash, so that no two are alike, and its extension, so that apps
/// recognise it.
pub(crate) fn escaped(name: &str) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let stem = readable(stem, STEM_BYTES);
    let extension = readable(extension, EXTENSION_BYTES);
    let hash = Sha1::digest(name.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let dot = if extension.is_empty() { "" } else { "." };
    format!("{stem}{MARK}{hash}{dot}{extension}")
}

/// Only lower-case letters and digits, which all file systems have.
fn readable(text: &str, longest: usize) -> String {
    let plain = |character: char| match character.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9' | '-') => letter,
        _ => '_',
    };
    text.chars().take(longest).map(plain).collect()
}

/// Names of devices on Windows, with any extension.
fn is_device(name: &str) -> bool {
    let word = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |kind| {
        word.strip_prefix(kind)
            .is_some_and(|digit| matches!(digit.chars().next(), Some('0'..='9' | '¹' | '²' | '³')))
            && word.chars().count() == 4
    };
    matches!(&*word, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// Whether a name could be mistaken for an escaped one; it is then escaped itself.
fn looks_escaped(name: &str) -> bool {
    name.rsplit(MARK).next().is_some_and(|end| {
        let hash = end.split('.').next().unwrap_or_default();
        end.len() != name.len()
            && hash.len() == 40
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::fold;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_stored_as_they_are() {
        for name in [
            "a.txt",
            "A.txt",
            "_meta",
            "0",
            "-x",
            ".hidden",
            " leading",
            "é.jpg",
            "日本.mp3",
            "%41",
            "#&;'$~",
            "COM.txt",
            "com10",
            "console",
            "latex-0a.png",
            "a~b.txt",
            &"c".repeat(143),
        ] {
            assert!(is_portable(name), "{name}");
        }
    }

    #[test]
    fn names_that_some_disk_cannot_hold_are_escaped() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a?b",
            "a:b",
            "tab\t",
            "\u{7f}",
            "\u{85}",
            "nul\0",
            "trail.",
            "trail ",
            "con",
            "CON.txt",
            "con .txt",
            "aux.tar.gz",
            "com1",
            "LPT9.x",
            "com¹",
            ".deckport",
            ".Deckport-x",
            &"c".repeat(144),
            &"é".repeat(72),
            &escaped("x"),
            &escaped("a?b.txt").to_uppercase(),
        ] {
            assert!(!is_portable(name), "{name}");
        }
    }

    #[test]
    fn an_escaped_name_can_be_recognised() {
        assert_eq!(
            escaped("What? Ever.MP3"),
            "what__ever~3e08bd82b4f7267a494b46b039bbc21582792952.mp3"
        );
    }

    proptest! {
        #[test]
        fn every_escaped_name_fits_everywhere(name in any::<String>()) {
            let stored = escaped(&name);
            prop_assert!(stored.len() <= LONGEST_STORED_BYTES);
            prop_assert!(stored.bytes().all(|byte| byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || b"-_~.".contains(&byte)));
            prop_assert!(!stored.ends_with('.'));
            prop_assert_eq!(&*fold(&stored), &*stored);
            // No other name can claim it.
            prop_assert!(!is_portable(&stored));
        }

        #[test]
        fn different_names_are_escaped_differently(one in any::<String>(), other in any::<String>()) {
            prop_assume!(one != other);
            prop_assert_ne!(escaped(&one), escaped(&other));
        }
    }
}
