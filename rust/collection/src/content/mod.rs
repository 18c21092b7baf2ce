//! A digest of everything that a sync carries, kept up to date row by row.
//!
//! Clients report counts only (`collection-sync` 9), so equal counts are all that a sync proves.
//! The digest tells more: whether the file still holds what the last sync left in it, and whether
//! two collections hold the same, without looking for the difference. It is one sum per kind of
//! object of the hashes of all rows; a row that changes takes its old hash out and puts its new
//! one in. Finding out *what* differs is the business of [`crate::compare()`].
//!
//! Not part of it: usns, deletions, and what is computed from other columns.

mod digest;
mod known;
mod tally;

pub use digest::Digest;
pub(crate) use known::{Running, settle};

use std::path::Path;

use crate::connection::open_private;
use crate::error::Result;
use known::Known;

/// Columns that count: the id first, then what a person knows the object by.
pub(crate) const NOTE: &[&str] = &["id", "guid", "mid", "mod", "tags", "flds"];
pub(crate) const CARD: &[&str] = &[
    "id", "nid", "did", "ord", "mod", "type", "queue", "due", "ivl", "factor", "reps", "lapses",
    "left", "odue", "odid", "flags", "data",
];
pub(crate) const REVIEW: &[&str] =
    &["id", "cid", "ease", "ivl", "lastIvl", "factor", "time", "type"];

/// A table and what of it counts.
struct Part {
    kind: usize,
    table: &'static str,
    columns: &'static [&'static str],
}

/// How kinds of objects are called, in the plural.
const KINDS: [&str; 8] =
    ["notes", "cards", "reviews", "decks", "presets", "notetypes", "settings", "tags"];

const PARTS: [Part; 11] = [
    Part { kind: 0, table: "notes", columns: NOTE },
    Part { kind: 1, table: "cards", columns: CARD },
    Part { kind: 2, table: "revlog", columns: REVIEW },
    Part { kind: 3, table: "decks", columns: &["id", "name", "mtime_secs", "common", "kind"] },
    Part { kind: 4, table: "deck_config", columns: &["id", "name", "mtime_secs", "config"] },
    Part { kind: 5, table: "notetypes", columns: &["id", "name", "mtime_secs", "config"] },
    Part { kind: 5, table: "fields", columns: &["ntid", "ord", "name", "config"] },
    Part { kind: 5, table: "templates", columns: &["ntid", "ord", "name", "mtime_secs", "config"] },
    Part { kind: 6, table: "config", columns: &["KEY", "val"] },
    Part { kind: 6, table: "col", columns: &["id", "crt"] },
    Part { kind: 7, table: "tags", columns: &["tag"] },
];

/// What a collection holds, compared with what the last sync left there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentCheck {
    /// Of what is there now.
    pub digest: Digest,
    /// The kinds of objects that something other than a sync changed, in the plural; `None` when
    /// it is not known what the last sync left.
    pub altered: Option<Vec<&'static str>>,
}

/// Looks whether `copy`, a complete private copy of the collection file `original`, holds what
/// the last sync left in it. Where that is not known, what is there now is what later checks
/// compare with.
///
/// # Errors
/// When the copy cannot be read.
pub fn check_content(original: &Path, copy: &Path) -> Result<ContentCheck> {
    let conn = open_private(copy)?;
    let digest = Digest::of(&conn)?;
    let state = known::state_of(&conn)?;
    let left = Known::read(original).get(state);
    if left.is_none() {
        Known::of(state, digest).write(original);
    }
    Ok(ContentCheck { digest, altered: left.map(|left| digest.differing(left)) })
}

#[cfg(test)]
pub(crate) mod tests;
