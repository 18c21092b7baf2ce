//! Bringing our own table in line with `media`, which the reference server may have written
//! since (or never with us): `media-sync` 9.4.

use rusqlite::{Connection, Row};

use crate::error::Result;
use crate::folder::Folder;
use crate::name::{escaped, vanishes};
use crate::records::{self, FileRow, State};
use crate::store::MediaStore;
use crate::usn;

/// Rows taken over in one go.
const PAGE_ROWS: i64 = 500;

impl MediaStore {
    /// Gives every listed file a row of our own, hides names that no client can keep, and
    /// corrects totals and usn. Changes nothing when there is nothing to do.
    pub(crate) fn take_over(&mut self, now_ms: i64) -> Result<()> {
        let tx = self.transaction()?;
        drop_outdated(&tx)?;
        let mut hidden = false;
        let mut after = 0;
        loop {
            let rows = without_file(&tx, after)?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = *last;
            for (_, file) in rows {
                hidden |= take_file_over(&tx, &self.folder, file)?;
            }
        }
        correct_totals(&tx)?;
        let highest: i32 =
            tx.query_row("SELECT coalesce(max(usn), 0) FROM media", [], |row| row.get(0))?;
        let mut wanted = usn::current(&tx)?.max(highest);
        if hidden {
            // Devices that stumbled over a hidden name look again.
            wanted = usn::after(wanted)?;
        }
        if wanted > highest || wanted != usn::current(&tx)? {
            usn::set(&tx, wanted, now_ms / 1000)?;
        }
        tx.commit()?;
        Ok(())
    }
}

/// Forgets what we know of files that another program has changed.
fn drop_outdated(conn: &Connection) -> Result<()> {
    conn.execute_batch(
        "DELETE FROM deckport_files WHERE state = 0 AND NOT EXISTS (
            SELECT 1 FROM media WHERE media.fname = deckport_files.fname AND media.size > 0
            AND media.size = deckport_files.size AND media.csum = deckport_files.csum);
         DELETE FROM deckport_files WHERE state = 1 AND EXISTS (
            SELECT 1 FROM media WHERE media.fname = deckport_files.fname AND media.size > 0);
         DELETE FROM deckport_files WHERE state = 2 AND EXISTS (
            SELECT 1 FROM media WHERE media.fname = deckport_files.fname);",
    )?;
    Ok(())
}

/// The next listed files without a row of ours, with their row ids.
fn without_file(conn: &Connection, after: i64) -> Result<Vec<(i64, FileRow)>> {
    let mut statement = conn.prepare_cached(
        "SELECT rowid, fname, csum, size FROM media WHERE rowid > ? AND size > 0
         AND fname NOT IN (SELECT fname FROM deckport_files) ORDER BY rowid LIMIT ?",
    )?;
    let read = |row: &Row| {
        let file = FileRow {
            name: row.get(1)?,
            state: State::Listed,
            sha1: row.get(2)?,
            size: records::unsigned(row, 3)?,
            stored: None,
            crc: None,
            modified_ns: None,
        };
        Ok((row.get(0)?, file))
    };
    let rows = statement.query_map([after, PAGE_ROWS], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Makes the row of one file. Returns whether it had to be hidden.
fn take_file_over(conn: &Connection, folder: &Folder, mut file: FileRow) -> Result<bool> {
    if vanishes(&file.name) {
        records::unlist(conn, &file.name)?;
        file.state = State::Hidden;
        records::put_file(conn, &file)?;
        return Ok(true);
    }
    for stored in [file.name.clone(), escaped(&file.name)] {
        if folder.stored(&stored).is_some() && records::file_stored_as(conn, &stored)?.is_none() {
            file.stored = Some(stored);
            break;
        }
    }
    records::put_file(conn, &file)?;
    Ok(false)
}

fn correct_totals(conn: &Connection) -> Result<()> {
    conn.execute(
        "UPDATE meta SET total_bytes = bytes, total_nonempty_files = files FROM
            (SELECT coalesce(sum(size), 0) AS bytes, count(*) AS files FROM media WHERE size > 0)
         WHERE total_bytes <> bytes OR total_nonempty_files <> files",
        [],
    )?;
    Ok(())
}
