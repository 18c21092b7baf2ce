//! Comparing the account's collection with that of a device object by object, to find out where
//! they diverged.
//!
//! What a sync carries is compared. The rest may differ between healthy copies: usns, deletions,
//! what is computed from fields, which tags are folded in the sidebar, and what a client keeps to
//! itself or cannot keep because it is too old (`rows`, `objects`).

mod digest;
mod objects;
mod rows;
#[cfg(test)]
mod tests;
mod words;

pub use digest::digest;

use std::fmt;
use std::path::Path;

use crate::connection::open_private;
use crate::error::Result;

/// One difference. `Display` is one line in Anki's own words, without the contents of notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind of object: `note`, `card`, `review`, `deck` and so on.
    pub kind: &'static str,
    /// Which one: what Anki's browser finds it by (`nid:…`, `cid:…`), or its name in quotes.
    pub object: String,
    /// How it differs.
    pub how: How,
}

/// How an object differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Only the account has it.
    OnlyAccount,
    /// Only the file has it.
    OnlyFile,
    /// Both have it, and these of its parts differ.
    Parts(Vec<String>),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { kind, object, how } = self;
        match how {
            How::OnlyAccount => write!(f, "{kind} {object}: only in the account"),
            How::OnlyFile => write!(f, "{kind} {object}: only in the file"),
            How::Parts(parts) => write!(f, "{kind} {object}: different {}", parts.join(", ")),
        }
    }
}

/// Hears of each difference.
type Found<'a> = dyn FnMut(Difference) + 'a;

/// Compares the account's collection with a device's: two files of schema 18 that nobody has open.
/// Memory does not grow with notes, cards and reviews.
///
/// # Errors
/// When one of them cannot be read.
pub fn compare(account: &Path, file: &Path, found: &mut Found<'_>) -> Result<()> {
    let (account, file) = (open_private(account)?, open_private(file)?);
    objects::compare_creation(&account, &file, found)?;
    rows::compare_all(&account, &file, found)?;
    objects::compare_all(&account, &file, found)
}
