//! Which names of media files a package may have.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::error::{Error, Result};

/// Bytes of the longest name. File systems have no longer ones.
const LONGEST_NAME_BYTES: usize = 255;

/// Whether a file may have this name in a package today: current clients refuse a whole package
/// for a name that is not NFC or that is a path (`storage-package`).
#[must_use]
pub fn is_fit(name: &str) -> bool {
    is_safe(name) && is_nfc(name)
}

/// The name under which a file of a package is kept. Old clients wrote names as they found them.
pub(crate) fn received(name: &str) -> Result<String> {
    let name: String = name.nfc().collect();
    if is_safe(&name) { Ok(name) } else { Err(Error::BadName) }
}

/// Whether a name is one component of a path on every system.
fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_NAME_BYTES
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_a_folder() {
        for name in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "..\\x", "a\0"] {
            assert!(matches!(received(name), Err(Error::BadName)), "{name:?}");
            assert!(!is_fit(name), "{name:?}");
        }
        assert!(received(&"x".repeat(256)).is_err());
    }

    #[test]
    fn names_are_kept_in_their_composed_form() {
        assert_eq!(received("cafe\u{301}.png").unwrap(), "caf\u{e9}.png");
        assert!(!is_fit("cafe\u{301}.png"));
        assert!(is_fit("caf\u{e9}.png"));
        assert_eq!(received("_a ..b").unwrap(), "_a ..b");
    }
}
