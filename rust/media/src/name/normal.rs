//! Names as clients themselves give them (`media-sync` 7.1).

use unicode_normalization::is_nfc;

use super::unicode10;

/// Bytes of the longest name that a client makes.
const LONGEST_BYTES: usize = 120;
/// Names of devices on Windows, to be followed by nothing or a dot.
const RESERVED: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

/// Whether clients keep a file under this name as it is. They rename others on arrival, and refuse
/// a whole package that has one of those.
#[must_use]
pub fn is_normalised(name: &str) -> bool {
    let unwanted = |character: char| {
        character.is_ascii_control()
            || character == '\u{a0}'
            || "[]<>:\"/?*^\\|".contains(character)
            || unicode10::is_unassigned(character)
    };
    !name.is_empty()
        && name.len() <= LONGEST_BYTES
        && !name.ends_with([' ', '.'])
        && !name.contains(unwanted)
        && !is_reserved(name)
        && is_nfc(name)
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let numbered = |stem: &str| {
        let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
        number.is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']))
    };
    RESERVED.contains(&&*stem) || numbered(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Tried with 26.9.3: a package with one of these names is refused.
    #[test]
    fn names_that_clients_change_are_known() {
        for name in [
            "a:b.txt",
            "con.txt",
            "nul",
            "Lpt1.a",
            "trail.",
            "trail ",
            "e\u{301}.txt",
            "a/b",
            "..",
            ".",
            "x[1].txt",
            "a\\b",
            "\u{1f972}.txt",
            "???",
            "a\u{a0}b",
            "",
            "a\u{7f}",
        ] {
            assert!(!is_normalised(name), "{name:?}");
        }
        assert!(!is_normalised(&"x".repeat(121)));
    }

    #[test]
    fn ordinary_and_odd_names_that_stay_are_known() {
        for name in
            [" lead", ".dot", "_meta", "com0.txt", "console.txt", "caf\u{e9}.png", "\u{72ac}.mp3"]
        {
            assert!(is_normalised(name), "{name:?}");
        }
        assert!(is_normalised(&"x".repeat(120)));
    }
}
