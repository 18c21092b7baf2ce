//! Names that must be unique, in files that were made without that rule.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::collation;

/// How often a suffix is appended before the name becomes unique in another way. Clients have no
/// limit here, which a file full of equal names could use against us.
const MOST_SUFFIXES: usize = 10;

/// The names that are taken, compared as the database does.
#[derive(Default)]
pub(super) struct Names(BTreeSet<Name>);

impl Names {
    /// Takes a name, with `suffix` appended until it is unique (`storage-migrate` 1). `id` makes it
    /// unique when very many are the same. Returns whether the name had to be changed.
    pub(super) fn take(&mut self, name: &mut String, suffix: char, id: i64) -> bool {
        let wanted = name.len();
        let mut suffixes = 0;
        while !self.0.insert(Name(name.clone())) {
            suffixes += 1;
            if suffixes == MOST_SUFFIXES {
                name.push_str(&id.to_string());
            }
            name.push(suffix);
        }
        name.len() != wanted
    }
}

/// NFC, in place.
pub(super) fn normalise(name: &mut String) {
    if !is_nfc(name) {
        *name = name.nfc().collect();
    }
}

/// A name ordered by the collation.
struct Name(String);

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        collation::compare(&self.0, &other.0)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Name {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_suffixes_until_they_are_unique_without_regard_to_case() {
        let mut names = Names::default();
        let taken = ["a", "A", "a+", "é", "b"].map(|name| {
            let mut name = name.to_owned();
            let changed = names.take(&mut name, '+', 1);
            (name, changed)
        });
        let expected = [("a", false), ("A+", true), ("a++", true), ("é", false), ("b", false)];
        assert_eq!(taken, expected.map(|(name, changed)| (name.to_owned(), changed)));
    }

    #[test]
    fn thousands_of_equal_names_take_no_eternity() {
        let mut names = Names::default();
        for id in 0..5_000 {
            names.take(&mut "x".to_owned(), '_', id);
        }
        assert_eq!(names.0.len(), 5_000);
        assert!(names.0.iter().all(|name| name.0.len() < 50));
    }
}
