//! When two names may be one file on a disk that ignores case or normalises.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// A key that is equal for all spellings that any common file system treats as one name: FAT,
/// exFAT, NTFS, APFS, HFS+ and the case-folding folders of ext4 and F2FS.
///
/// It goes further than each of them. That costs nothing: a name that folds like another one is
/// only stored under an escaped name.
pub(crate) fn fold(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
    }
    // Upper case first makes ß equal to SS and ſ to s; decomposing afterwards takes apart what
    // changing the case composed.
    let folded = name
        .nfkd()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|character| !is_ignorable(*character))
        .collect::<String>();
    Cow::Owned(folded)
}

/// Characters that HFS+ and case-folding folders skip when they compare (Unicode's default
/// ignorable code points), and the dots that lower case leaves behind.
fn is_ignorable(character: char) -> bool {
    matches!(
        u32::from(character),
        0xad | 0x307 | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff
        | 0xffa0 | 0xfff0..=0xfff8 | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_file_fold_alike() {
        for (one, other) in [
            ("A.TXT", "a.txt"),
            ("Ä.jpg", "a\u{308}.jpg"),
            ("straße", "STRASSE"),
            ("ſ", "S"),
            ("İ", "i"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("ΐ", "\u{3b9}\u{308}\u{301}"),
            ("a\u{200b}b", "ab"),
            ("\u{212a}", "k"),
            ("ﬁ", "FI"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (one, other) in [("a.txt", "b.txt"), ("ä", "a"), ("a b", "ab"), ("日本", "日木")] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn case_and_composition_do_not_matter(name in "\\PC{0,20}") {
            let key = fold(&name).into_owned();
            prop_assert_eq!(&fold(&name.to_lowercase()).into_owned(), &key);
            prop_assert_eq!(&fold(&name.nfc().collect::<String>()).into_owned(), &key);
            prop_assert_eq!(&fold(&name.nfd().collect::<String>()).into_owned(), &key);
        }
    }
}
