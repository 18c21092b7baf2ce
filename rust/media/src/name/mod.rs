//! Names of files: which ones clients cannot keep, and how a name becomes a file on disk.
//!
//! Every name is accepted from clients (a refused batch would block that client forever); the
//! database knows names exactly. This module only decides how they are stored and listed.

mod escape;
mod fold;
mod normal;
mod unicode10;

pub(crate) use escape::{OWN_PREFIX, escaped, is_portable};
pub(crate) use fold::fold;
pub use normal::is_normalised;

/// The longest name that is accepted, in bytes of UTF-8. Clients make at most 120, the reference
/// server takes 255; nothing on the wire or on disk depends on it.
pub(crate) const LONGEST_NAME_BYTES: usize = 4096;

/// Whether nothing is left of a name after a client has normalised it (`media-sync` 7.1, 7.4).
///
/// A device that is told of such a file tries to write to the folder itself and fails at every
/// sync, so these names must never be listed.
pub(crate) fn vanishes(name: &str) -> bool {
    name.chars().all(|character| {
        character.is_ascii_control()
            || "[]<>:\"/?*^\\|".contains(character)
            || unicode10::is_unassigned(character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_poison_clients_are_known() {
        for name in ["", "???", "[]", "\u{7f}", "\0\n", "\u{1f972}", "\u{1f972}?/", "\\"] {
            assert!(vanishes(name), "{name:?}");
        }
    }

    #[test]
    fn names_that_clients_rename_are_not_hidden() {
        for name in [".", "..", " ", "\u{a0}", "a?", "con.txt", "\u{80}", "_meta", "\u{1f92f}"] {
            assert!(!vanishes(name), "{name:?}");
        }
    }
}
