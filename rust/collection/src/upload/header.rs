//! What can be said of an uploaded file before SQLite sees it.

use deckport_ground::files::{beside, remove_if_present};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::error::{Checked, UploadError};

/// First bytes of every SQLite database.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Smallest page size, hence smallest database.
const SMALLEST_FILE: u64 = 512;

/// Refuses files that are certainly not a database. An empty one is the most dangerous of them:
/// SQLite would open it as a new database (`collection-sync` 13.9).
pub(super) fn check(path: &Path) -> Checked<()> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length == 0 {
        return Err(UploadError::Empty);
    }
    let mut start = [0; MAGIC.len()];
    match file.read_exact(&mut start) {
        Ok(()) if &start == MAGIC && length >= SMALLEST_FILE => Ok(()),
        Ok(()) => Err(UploadError::NotACollection),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(UploadError::NotACollection),
        Err(error) => Err(error.into()),
    }
}

/// Removes journals of an earlier file of the same name: SQLite would replay them into this one.
pub(super) fn remove_leftovers(path: &Path) -> Checked<()> {
    for suffix in ["-wal", "-shm", "-journal"] {
        remove_if_present(&beside(path, suffix))?;
    }
    Ok(())
}
