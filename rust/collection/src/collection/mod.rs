//! An open collection file: how it is opened, closed and copied.
//!
//! This module knows the file and the `col` row; the objects inside are read and written by the
//! other modules through [`Collection::conn`].

use rusqlite::Connection;
use std::path::{Path, PathBuf};

use crate::connection::{checkpoint, open_reading, open_serving};
use crate::create;
use crate::error::{Error, Result};
use crate::pending::{self, TakenIn};
use crate::snapshot::{self, RawFile};

/// An open collection of schema 18.
///
/// One connection, to be used by one thread at a time. Dropping it closes the file too, but only
/// [`Collection::close`] says whether that succeeded.
#[derive(Debug)]
pub struct Collection {
    conn: Connection,
    path: PathBuf,
    /// Declared, hence closed, after the connection.
    raw: RawFile,
}

/// The `col` row as far as the sync protocol needs it (`collection-sync` 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionState {
    /// Creation, Unix seconds; day 0 of the scheduler.
    pub creation_secs: i64,
    /// Last modification of anything, Unix milliseconds; 0 if never.
    pub modified_ms: i64,
    /// Last change that cannot be merged, Unix milliseconds.
    pub schema_modified_ms: i64,
    /// The number that objects of the next sync get.
    pub usn: i32,
    /// Whether there is any card; a collection without cards counts as empty.
    pub has_cards: bool,
}

impl Collection {
    /// Opens the existing collection at `path`, even one that another endpoint left there.
    ///
    /// # Errors
    /// One variant for each thing a person can do something about: [`Error::NotACollection`],
    /// [`Error::Damaged`], [`Error::TooNew`], [`Error::TooOld`], [`Error::NeedsUpgrade`],
    /// [`Error::Locked`], [`Error::NoSpace`], [`Error::ReadOnly`]; [`Error::Io`] of kind
    /// `NotFound` when there is no file. The file is unchanged then.
    pub fn open(path: &Path) -> Result<Collection, Error> {
        let conn = open_serving(path)?;
        Ok(Collection { conn, path: path.to_owned(), raw: RawFile::default() })
    }

    /// Creates a new, empty collection in the file `path`, which must not exist. `now_ms` is the
    /// current time in Unix milliseconds; the collection's `scm` gets it.
    ///
    /// # Errors
    /// [`Error::Io`] of kind `AlreadyExists`, [`Error::NoSpace`], [`Error::ReadOnly`].
    pub fn create(path: &Path, now_ms: i64) -> Result<Collection> {
        create::create(path, now_ms)?;
        Collection::open(path)
    }

    /// Opens the collection at `path`, or creates it when there is no such file.
    ///
    /// # Errors
    /// As for [`Collection::open`] and [`Collection::create`].
    pub fn open_or_create(path: &Path, now_ms: i64) -> Result<Collection> {
        if path.try_exists()? { Collection::open(path) } else { Collection::create(path, now_ms) }
    }

    /// The connection, for the functions that read and write objects.
    #[must_use]
    pub fn conn(&self) -> &Connection {
        &self.conn
    }

    /// The file, as it was given to [`Collection::open`].
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the `col` row.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn state(&self) -> Result<CollectionState> {
        let sql = "SELECT crt, mod, scm, usn, EXISTS (SELECT 1 FROM cards) FROM col";
        let state = self.conn.prepare_cached(sql)?.query_row([], |row| {
            Ok(CollectionState {
                creation_secs: row.get(0)?,
                modified_ms: row.get(1)?,
                schema_modified_ms: row.get(2)?,
                usn: row.get(3)?,
                has_cards: row.get(4)?,
            })
        })?;
        Ok(state)
    }

    /// A second view of the same file that shows the last committed state and cannot change it,
    /// even while this one has a transaction open. Close it before this one.
    ///
    /// # Errors
    /// As for [`Collection::open`].
    pub fn reader(&self) -> Result<Collection> {
        let conn = open_reading(&self.path)?;
        Ok(Collection { conn, path: self.path.clone(), raw: RawFile::default() })
    }

    /// Notes that something was changed outside a sync, so that every device asks for a normal
    /// one. The time is `now_ms` (Unix milliseconds), or later if the collection has a later one.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn mark_modified(&self, now_ms: i64) -> Result<()> {
        self.conn.execute("UPDATE col SET mod = max(?1, mod + 1)", [now_ms])?;
        Ok(())
    }

    /// Makes what another program changed in the file, and could not send, the endpoint's own changes:
    /// every device gets them with its next sync. On disk when this returns.
    ///
    /// # Errors
    /// When the database cannot be written; nothing is changed then.
    pub fn take_in(&self) -> Result<TakenIn> {
        pending::take_in(&self.conn)
    }

    /// Moves everything committed from the -wal file into the main file and empties the former.
    ///
    /// # Errors
    /// [`Error::Locked`] when another program is reading an older state, or a transaction is open.
    pub fn checkpoint(&self) -> Result<()> {
        checkpoint(&self.conn)
    }

    /// Writes a complete copy of the committed state to the file `to`, replacing what is there,
    /// and returns its size in bytes. An open transaction is not part of the copy and goes on
    /// undisturbed. The copy is not synced to disk; after an error the caller must delete what was
    /// written of it.
    ///
    /// # Errors
    /// [`Error::NoSpace`], [`Error::ReadOnly`] for the place of the copy, and any error of reading
    /// the collection.
    pub fn snapshot(&self, to: &Path) -> Result<u64> {
        snapshot::write(&self.conn, &self.raw, &self.path, to)
    }

    /// Closes the collection; afterwards the main file is complete by itself.
    ///
    /// # Errors
    /// As for [`Collection::checkpoint`]; the file is closed all the same.
    pub fn close(self) -> Result<()> {
        let Collection { conn, raw, .. } = self;
        let checkpointed = checkpoint(&conn);
        let closed = conn.close().map_err(|(_, error)| error);
        drop(raw);
        closed?;
        checkpointed
    }
}

#[cfg(test)]
mod tests;
