//! File operations that belong to a committed change.
//!
//! A change is decided in one transaction: the records, and here what has to happen to files.
//! New content is on the disk by then, as a synced file in the incoming folder or, when small,
//! in the transaction itself. Only after the commit are files put in place. So a failure before
//! the commit has touched nothing, a power loss after it is made good at the next start, and no
//! rename has to be waited for.

use rusqlite::{Connection, OptionalExtension, Row, params};
use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;

use crate::disk::remove_if_there;
use crate::error::Result;
use crate::folder::Folder;
use crate::name::fold;
use crate::trash;

/// What has to happen at one place of the media folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// Identifies the place, see [`spot`].
    pub(crate) spot: String,
    /// Name in the media folder.
    pub(crate) stored: String,
    /// File of the incoming folder that goes there; `None` leaves the place empty.
    pub(crate) incoming: Option<String>,
    /// Name in the trash for what is there now; `None` removes or replaces it.
    pub(crate) trash: Option<String>,
}

/// The key of a place: two names are one place where the disk folds names.
pub(crate) fn spot(stored: &str, folding: bool) -> Cow<'_, str> {
    if folding { fold(stored) } else { Cow::Borrowed(stored) }
}

const COLUMNS: &str = "spot, stored, incoming, trash";

fn operation(row: &Row) -> rusqlite::Result<Operation> {
    Ok(Operation {
        spot: row.get(0)?,
        stored: row.get(1)?,
        incoming: row.get(2)?,
        trash: row.get(3)?,
    })
}

/// Notes an operation, with the content of the incoming file if that is not synced by itself. It
/// takes the place of an earlier one at the same spot, whose incoming file is returned: nobody
/// needs it once this is committed.
pub(crate) fn put(
    conn: &Connection,
    operation: &Operation,
    content: Option<&[u8]>,
) -> Result<Option<String>> {
    let earlier = get(conn, &operation.spot)?;
    let Operation { spot, stored, incoming, trash } = operation;
    conn.prepare_cached("INSERT OR REPLACE INTO deckport_pending VALUES (?, ?, ?, ?, ?)")?
        .execute(params![spot, stored, incoming, trash, content])?;
    Ok(earlier.and_then(|earlier| earlier.incoming))
}

/// The operation of a spot.
pub(crate) fn get(conn: &Connection, spot: &str) -> Result<Option<Operation>> {
    let sql = format!("SELECT {COLUMNS} FROM deckport_pending WHERE spot = ?");
    Ok(conn.prepare_cached(&sql)?.query_row([spot], operation).optional()?)
}

/// All operations.
pub(crate) fn all(conn: &Connection) -> Result<Vec<Operation>> {
    let mut statement = conn.prepare(&format!("SELECT {COLUMNS} FROM deckport_pending"))?;
    let rows = statement.query_map([], operation)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets an operation whose result is on the disk for good.
pub(crate) fn forget(conn: &Connection, spot: &str) -> Result<()> {
    conn.prepare_cached("DELETE FROM deckport_pending WHERE spot = ?")?.execute([spot])?;
    Ok(())
}

/// Forgets all operations, which is much cheaper than one after the other.
pub(crate) fn forget_all(conn: &Connection) -> Result<()> {
    conn.prepare_cached("DELETE FROM deckport_pending")?.execute([])?;
    Ok(())
}

/// Does an operation. Doing it again changes nothing.
///
/// # Errors
/// When the file system refuses; the operation then stays to be done.
pub(crate) fn execute(folder: &Folder, operation: &Operation) -> io::Result<()> {
    let disk = &*folder.disk;
    let Some(place) = folder.stored(&operation.stored) else {
        return Ok(());
    };
    let Some(incoming) = &operation.incoming else {
        return match &operation.trash {
            Some(trash) => clear(folder, &place, trash),
            None => remove_if_there(disk, &place),
        };
    };
    let Some(incoming) = folder.incoming_file(incoming) else {
        return Ok(());
    };
    if let Some(trash) = &operation.trash
        && disk.stat(&incoming)?.is_some()
    {
        clear(folder, &place, trash)?;
    }
    match disk.rename(&incoming, &place) {
        // It is in place already.
        Err(_) if disk.stat(&incoming)?.is_none() => Ok(()),
        result => result,
    }
}

/// Moves what is in a place into the trash.
fn clear(folder: &Folder, place: &Path, trash: &str) -> io::Result<()> {
    if folder.disk.stat(place)?.is_some_and(|stat| stat.is_file) {
        trash::move_as(folder, place, trash)?;
    }
    Ok(())
}

/// Does an operation after a power loss, which may have left anything of a file that was not
/// synced: its content comes from the transaction.
pub(crate) fn execute_again(
    conn: &Connection,
    folder: &Folder,
    operation: &Operation,
) -> Result<()> {
    let content: Option<Vec<u8>> = conn
        .prepare_cached("SELECT content FROM deckport_pending WHERE spot = ?")?
        .query_row([&operation.spot], |row| row.get(0))?;
    let (Some(content), Some(incoming)) = (content, &operation.incoming) else {
        return Ok(execute(folder, operation)?);
    };
    let Some(path) = folder.incoming_file(incoming) else {
        return Ok(());
    };
    let disk = &*folder.disk;
    remove_if_there(disk, &path)?;
    if holds(folder, &operation.stored, &content) {
        return Ok(());
    }
    let mut file = disk.create(&path)?;
    disk.write(&mut file, &content)?;
    drop(file);
    let mut again = operation.clone();
    if let Some(trash) = &operation.trash
        && disk.stat(&folder.trash().join(trash))?.is_some()
    {
        // What was in the way is there already; now it would be our own file.
        again.trash = None;
    }
    Ok(execute(folder, &again)?)
}

/// Whether a stored file has exactly this content.
fn holds(folder: &Folder, stored: &str, content: &[u8]) -> bool {
    let Some(path) = folder.stored(stored) else {
        return false;
    };
    let is_file = folder.disk.stat(&path).ok().flatten().is_some_and(|stat| stat.is_file);
    let mut found = Vec::new();
    is_file
        && folder
            .disk
            .open(&path)
            .and_then(|file| file.take(content.len() as u64 + 1).read_to_end(&mut found))
            .is_ok()
        && found == content
}
