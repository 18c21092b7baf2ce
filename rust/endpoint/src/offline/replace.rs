//! Putting another collection in the place of the account's.

use std::fs;
use std::io;
use std::path::Path;

use deckport_collection::{Collection, CollectionState};

use super::collection_in;
use super::error::OfflineError;
use crate::backup;
use crate::temp_file::TempFile;

/// What is known of the account's collection before it is replaced.
pub(super) struct Present {
    /// `None` when there is none, or one that cannot be read.
    pub(super) state: Option<CollectionState>,
    /// There is something to lose.
    keep: bool,
}

impl Present {
    /// Looks at the account's collection and brings it into one complete file. What cannot be read
    /// is worth keeping as it is.
    pub(super) fn of(folder: &Path) -> Present {
        let path = collection_in(folder);
        if !path.exists() {
            return Present { state: None, keep: false };
        }
        let state = Collection::open(&path).and_then(|collection| {
            let state = collection.state()?;
            collection.close()?;
            Ok(state)
        });
        let state = state.ok();
        let untouched = state.is_some_and(|state| state.modified_ms == 0 && !state.has_cards);
        Present { state, keep: !untouched }
    }
}

/// Puts a checked collection, which is on disk, in the place of the account's. A backup is kept if
/// there is anything to lose; its file name is returned. On disk when this returns. Whenever this
/// is interrupted, one of the two is in place, complete.
pub(super) fn replace(
    folder: &Path,
    present: &Present,
    new: TempFile,
    reason: &str,
    now_ms: i64,
) -> Result<Option<String>, OfflineError> {
    let (path, backups) = (collection_in(folder), folder.join("backups"));
    let backup =
        if present.keep { Some(backup::keep(&path, &backups, reason, now_ms)?) } else { None };
    // Of the old file: SQLite would apply them to the new one.
    for suffix in ["-wal", "-shm", "-journal"] {
        match fs::remove_file(backup::beside(&path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    backup::sync_folder(folder)?;
    new.rename(&path)?;
    backup::sync_folder(folder)?;
    if backup.is_some() {
        // A backup too many does no harm; the replacement is done.
        let _ = backup::prune(&backups);
    }
    Ok(backup.map(|backup| backup.file))
}
