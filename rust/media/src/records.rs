//! Rows of the database: what clients are told (`media`) and what we know of each file
//! (`deckport_files`).

use deckport_wire::Usn;
use deckport_wire::media::MediaChange;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Result;
use crate::name::fold;
use crate::store::Totals;

/// A SHA-1.
pub(crate) type Sha1Bytes = [u8; 20];

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Clients are told of it.
    Listed,
    /// Counted for the client that sent it, not told to others, not kept.
    Hidden,
    /// Its content is missing or wrong; clients are not told of it.
    Lost,
}

impl State {
    fn number(self) -> i64 {
        match self {
            State::Listed => 0,
            State::Hidden => 1,
            State::Lost => 2,
        }
    }
}

/// A row of `deckport_files`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRow {
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) sha1: Sha1Bytes,
    /// Bytes.
    pub(crate) size: u64,
    /// Name in the folder.
    pub(crate) stored: Option<String>,
    /// CRC-32 of the content, once it was read.
    pub(crate) crc: Option<u32>,
    /// File time at which the content was judged, nanoseconds.
    pub(crate) modified_ns: Option<i64>,
}

const FILE_COLUMNS: &str = "fname, state, csum, size, stored, crc, modified";

fn file_row(row: &Row) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        name: row.get(0)?,
        state: match row.get(1)? {
            0 => State::Listed,
            1 => State::Hidden,
            2 => State::Lost,
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(1, other)),
        },
        sha1: sha1(row, 2)?,
        size: unsigned(row, 3)?,
        stored: row.get(4)?,
        crc: row.get(5)?,
        modified_ns: row.get(6)?,
    })
}

fn sha1(row: &Row, column: usize) -> rusqlite::Result<Sha1Bytes> {
    let bytes = row.get_ref(column)?.as_blob()?;
    bytes.try_into().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error))
    })
}

/// Usn, files and bytes.
pub(crate) fn totals(conn: &Connection) -> Result<Totals> {
    let sql = "SELECT last_usn, total_nonempty_files, total_bytes FROM meta";
    Ok(conn.prepare_cached(sql)?.query_row([], read_totals)?)
}

/// Reads a row of usn, files and bytes.
pub(crate) fn read_totals(row: &Row<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals { usn: row.get(0)?, files: unsigned(row, 1)?, bytes: unsigned(row, 2)? })
}

/// A number that cannot be negative.
pub(crate) fn unsigned(row: &Row, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A number for the database, which has no larger ones.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The row of a name.
pub(crate) fn file(conn: &Connection, name: &str) -> Result<Option<FileRow>> {
    Ok(by(conn, "fname", name)?.map(|(_, file)| file))
}

/// The row of the file that is stored like this, with its id.
pub(crate) fn file_stored_as(conn: &Connection, stored: &str) -> Result<Option<(i64, FileRow)>> {
    by(conn, "stored", stored)
}

/// A row whose stored name folds to this, with its id.
pub(crate) fn file_folding_to(conn: &Connection, key: &str) -> Result<Option<(i64, FileRow)>> {
    by(conn, "fold", key)
}

fn by(conn: &Connection, column: &str, value: &str) -> Result<Option<(i64, FileRow)>> {
    let sql = format!("SELECT {FILE_COLUMNS}, id FROM deckport_files WHERE {column} = ? LIMIT 1");
    let read = |row: &Row| Ok((row.get(7)?, file_row(row)?));
    Ok(conn.prepare_cached(&sql)?.query_row([value], read).optional()?)
}

/// Up to `limit` listed files with an id above `after`, with their ids, ascending.
pub(crate) fn listed_after(
    conn: &Connection,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, FileRow)>> {
    page(conn, "state = 0", after, limit)
}

/// The same for listed files whose content must be looked into.
pub(crate) fn unseen_after(
    conn: &Connection,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, FileRow)>> {
    page(conn, "state = 0 AND modified IS NULL", after, limit)
}

fn page(conn: &Connection, which: &str, after: i64, limit: u32) -> Result<Vec<(i64, FileRow)>> {
    let sql = format!(
        "SELECT {FILE_COLUMNS}, id FROM deckport_files WHERE {which} AND id > ? ORDER BY id LIMIT ?"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows =
        statement.query_map(params![after, limit], |row| Ok((row.get(7)?, file_row(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes the row of a name.
pub(crate) fn put_file(conn: &Connection, file: &FileRow) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO deckport_files (fname, state, csum, size, stored, fold, crc, modified)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (fname) DO UPDATE SET state = ?2, csum = ?3, size = ?4, stored = ?5,
            fold = ?6, crc = ?7, modified = ?8",
    )?
    .execute(params![
        file.name,
        file.state.number(),
        file.sha1,
        signed(file.size),
        file.stored,
        file.stored.as_deref().map(fold),
        file.crc,
        file.modified_ns,
    ])?;
    Ok(())
}

/// Forgets what is known of a name.
pub(crate) fn forget_file(conn: &Connection, name: &str) -> Result<()> {
    conn.prepare_cached("DELETE FROM deckport_files WHERE fname = ?")?.execute([name])?;
    Ok(())
}

/// What clients are told of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    /// There is a file with this content.
    Live {
        /// Of the content.
        sha1: Sha1Bytes,
        /// Bytes.
        size: u64,
    },
    /// It was deleted.
    Deleted,
    /// Nothing.
    Unknown,
}

/// What clients are told of a name.
pub(crate) fn listing(conn: &Connection, name: &str) -> Result<Listing> {
    let found = conn
        .prepare_cached("SELECT csum, size FROM media WHERE fname = ?")?
        .query_row([name], |row| match unsigned(row, 1)? {
            0 => Ok(Listing::Deleted),
            size => Ok(Listing::Live { sha1: sha1(row, 0)?, size }),
        })
        .optional()?;
    Ok(found.unwrap_or(Listing::Unknown))
}

/// Lists a file with this content, and updates the totals.
pub(crate) fn list_live(
    conn: &Connection,
    name: &str,
    sha1: &Sha1Bytes,
    size: u64,
    usn: Usn,
    now_secs: i64,
) -> Result<()> {
    count_change(conn, name, signed(size))?;
    conn.prepare_cached(
        "INSERT INTO media (fname, csum, size, usn, mtime) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (fname) DO UPDATE SET csum = ?2, size = ?3, usn = ?4, mtime = ?5",
    )?
    .execute(params![name, sha1, signed(size), usn, now_secs])?;
    Ok(())
}

/// Lists a deletion. An existing row keeps its SHA-1, as with the reference server.
pub(crate) fn list_deleted(conn: &Connection, name: &str, usn: Usn, now_secs: i64) -> Result<()> {
    count_change(conn, name, 0)?;
    conn.prepare_cached(
        "INSERT INTO media (fname, csum, size, usn, mtime) VALUES (?1, zeroblob(20), 0, ?2, ?3)
         ON CONFLICT (fname) DO UPDATE SET size = 0, usn = ?2, mtime = ?3",
    )?
    .execute(params![name, usn, now_secs])?;
    Ok(())
}

/// Takes a name out of the listing without a trace: clients must not take it for deleted.
pub(crate) fn unlist(conn: &Connection, name: &str) -> Result<()> {
    count_change(conn, name, 0)?;
    conn.prepare_cached("DELETE FROM media WHERE fname = ?")?.execute([name])?;
    Ok(())
}

/// Updates the totals when the row of a name is about to have `after` bytes.
fn count_change(conn: &Connection, name: &str, after: i64) -> Result<()> {
    let before: i64 = conn
        .prepare_cached("SELECT size FROM media WHERE fname = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    conn.prepare_cached(
        "UPDATE meta SET total_bytes = total_bytes + ?1,
            total_nonempty_files = total_nonempty_files + ?2",
    )?
    .execute(params![after - before, i64::from(after > 0) - i64::from(before > 0)])?;
    Ok(())
}

/// Changes with a usn above `after`, ascending by usn: `limit` of them, and more only if they share
/// the last usn (a client continues after it).
pub(crate) fn changes_after(conn: &Connection, after: Usn, limit: u32) -> Result<Vec<MediaChange>> {
    let mut statement = conn.prepare_cached(
        "SELECT fname, usn, csum, size FROM media WHERE usn > ?1 AND usn <= coalesce(
            (SELECT usn FROM media WHERE usn > ?1 ORDER BY usn LIMIT 1 OFFSET ?2 - 1), ?3)
         ORDER BY usn, fname",
    )?;
    let rows = statement.query_map(params![after, limit, Usn::MAX], |row| {
        let sha1 = if row.get::<_, i64>(3)? == 0 { None } else { Some(sha1(row, 2)?) };
        Ok(MediaChange { name: row.get(0)?, usn: row.get(1)?, sha1 })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
