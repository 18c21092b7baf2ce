//! A copy of a collection in use, for a full download.

use deckport_ground::files::{beside, copy, remove_if_present};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;

use crate::connection::{checkpoint, open_plain};
use crate::error::{Error, Result};

/// The database file as the system sees it, for copying it without SQLite.
///
/// POSIX locks belong to the process and vanish when it closes any of its descriptors of a file.
/// Closing this one while SQLite has the file open would let another program remove the -wal
/// file under us. It is therefore opened once and closed after the connection.
#[derive(Debug, Default)]
pub(crate) struct RawFile(OnceCell<File>);

impl RawFile {
    fn get(&self, path: &Path) -> io::Result<&File> {
        if self.0.get().is_none() {
            // Nobody else can have set it in between: a cell belongs to one thread.
            let _ = self.0.set(File::open(path)?);
        }
        self.0.get().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Copies the committed state of the collection `path`, which `conn` has open, to the file `to`.
pub(crate) fn write(conn: &Connection, raw: &RawFile, path: &Path, to: &Path) -> Result<u64> {
    match copy_file(conn, raw, path, to) {
        // Someone reads or writes, perhaps this very connection: copying page by page works all the
        // same.
        Err(Error::Locked) => copy_pages(path, to),
        result => result,
    }
}

/// Lets the system copy the file. That needs the main file to be complete, and nobody to write.
fn copy_file(conn: &Connection, raw: &RawFile, path: &Path, to: &Path) -> Result<u64> {
    if !conn.is_autocommit() {
        return Err(Error::Locked);
    }
    checkpoint(conn)?;
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let copied = copy_locked(raw, path, to);
    conn.execute_batch("ROLLBACK")?;
    copied
}

fn copy_locked(raw: &RawFile, path: &Path, to: &Path) -> Result<u64> {
    // Another program may have written between the checkpoint and our lock.
    if std::fs::metadata(beside(path, "-wal")).is_ok_and(|journal| journal.len() > 0) {
        return Err(Error::Locked);
    }
    let mut from = raw.get(path)?;
    from.rewind()?;
    Ok(copy(&mut from, &mut File::create(to)?)?)
}

/// Lets SQLite copy the pages, which costs three times as much but needs no lock.
fn copy_pages(path: &Path, to: &Path) -> Result<u64> {
    remove_if_present(to)?;
    // A second connection does not see the first one's open transaction.
    let source = open_plain(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, flags)?;
    // A copy that fails is thrown away, so it needs neither a journal nor syncing.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    // All pages in one step, which is one read transaction: the copy is of one state.
    match Backup::new(&source, &mut target)?.step(-1)? {
        StepResult::Done => {}
        _ => return Err(Error::Locked),
    }
    target.close().map_err(|(_, error)| error)?;
    Ok(std::fs::metadata(to)?.len())
}
