//! How SQLite connections to collection files are set up, and what a file must be to be opened.

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

use crate::collation;
use crate::error::{Error, Result};

/// The only schema version that is served (`storage` 2).
pub(crate) const SCHEMA_VERSION: i64 = 18;

/// How long to wait for another program that writes. Our own threads never compete for a file.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// Longest text or blob, and longest row, that an uploaded file may hold. SQLite loads a row as a
/// whole, so this bounds what a hostile file can make us allocate; no client syncs longer rows.
const MAX_UPLOADED_ROW_BYTES: i32 = 64 * 1024 * 1024;

/// Most tables and indexes an uploaded file may have; Anki's own are thirty.
const MAX_UPLOADED_SCHEMA_OBJECTS: i32 = 1_000;

/// Longest statement that may make one of them.
const MAX_UPLOADED_SQL_BYTES: i32 = 100_000;

/// Cache of a connection that checks a file. More than when serving: the integrity check visits index
/// pages in random order.
const SCRATCH_CACHE_KIB: i64 = 16_384;

/// A connection to a collection that is in use: every commit is on disk when it returns.
pub(crate) fn open_serving(path: &Path) -> Result<Connection> {
    let conn = open_plain(path)?;
    // Refused before anything is written: another format stays exactly as it is.
    check_version(&conn)?;
    configure_serving(&conn)?;
    Ok(conn)
}

/// A connection that only reads, beside one that serves.
pub(crate) fn open_reading(path: &Path) -> Result<Connection> {
    let conn = open_plain(path)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// Sets what a connection needs before it serves; also used on a file that was just created.
pub(crate) fn configure_serving(conn: &Connection) -> Result<()> {
    // A commit writes each page once and readers never wait; also what clients leave in the file.
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::ReadOnly);
    }
    conn.execute_batch(
        "-- What has been answered must survive a power cut.
         PRAGMA synchronous = FULL;
         -- On macOS and iOS only this reaches the disk; no effect elsewhere.
         PRAGMA fullfsync = ON;
         -- The system caches the file too; this one only has to hold the pages of a few rows.
         PRAGMA cache_size = -4096;
         -- A checkpoint every 1000 pages (4 MB), and after a large sync the -wal file is cut back
         -- to that size instead of staying as large as the sync.
         PRAGMA wal_autocheckpoint = 1000;
         PRAGMA journal_size_limit = 4194304;",
    )?;
    // One sync uses some forty different statements.
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// A connection to an uploaded file: as [`open_scratch`], with strict limits.
pub(crate) fn open_private(path: &Path) -> Result<Connection> {
    let conn = open_plain(path)?;
    limit(&conn)?;
    configure_scratch(&conn)?;
    Ok(conn)
}

/// One of several connections that only read an uploaded file, with the same limits. Nobody changes
/// it, and together they use as much memory as one.
pub(crate) fn open_inspecting(path: &Path, connections: usize) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let conn = Connection::open_with_flags(path, flags)?;
    configure_plain(&conn)?;
    limit(&conn)?;
    let kib =
        i64::try_from(connections).map_or(SCRATCH_CACHE_KIB, |n| SCRATCH_CACHE_KIB / n.max(1));
    conn.pragma_update(None, "cache_size", -kib)?;
    Ok(conn)
}

fn limit(conn: &Connection) -> Result<()> {
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_UPLOADED_ROW_BYTES)?;
    conn.set_limit(Limit::SQLITE_LIMIT_SCHEMA, MAX_UPLOADED_SCHEMA_OBJECTS)?;
    conn.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_UPLOADED_SQL_BYTES)?;
    Ok(())
}

/// A connection to a file that nobody else uses and that is thrown away when anything fails: no
/// journal, no syncing.
pub(crate) fn open_scratch(path: &Path) -> Result<Connection> {
    let conn = open_plain(path)?;
    configure_scratch(&conn)?;
    Ok(conn)
}

fn configure_scratch(conn: &Connection) -> Result<()> {
    conn.execute_batch(
        "-- No shared memory file, and no locking of every statement.
         PRAGMA locking_mode = EXCLUSIVE;
         -- Nothing to lose: a failure throws the file away, success syncs it once at the end.
         PRAGMA synchronous = OFF;",
    )?;
    conn.pragma_update(None, "cache_size", -SCRATCH_CACHE_KIB)?;
    // Leaves WAL as well, so that the one file is always complete.
    conn.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
    Ok(())
}

/// What holds for every connection to a collection, trusted or not.
pub(crate) fn open_plain(path: &Path) -> Result<Connection> {
    // SQLite reports a missing file and an unreadable one alike; the system tells them apart.
    std::fs::metadata(path)?;
    // No SQLITE_OPEN_CREATE: creating is `create`'s job. The connection stays on one thread.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let conn = Connection::open_with_flags(path, flags).map_err(unreachable_file)?;
    if conn.is_readonly("main")? {
        return Err(Error::ReadOnly);
    }
    configure_plain(&conn)?;
    Ok(conn)
}

/// The part of [`open_plain`] that a connection to a new file needs as well.
pub(crate) fn configure_plain(conn: &Connection) -> Result<()> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    collation::register(conn)?;
    // A collection has no triggers, views or expressions in its schema. Any that are there
    // came from elsewhere and must not run.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // A misspelt column in one of our statements is an error, not a string.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    conn.execute_batch(
        "-- The bundled SQLite has them on; Anki's tables have none, and must not get any.
         PRAGMA foreign_keys = OFF;
         -- Android has no folder for temporary files. Nothing large is ever sorted here.
         PRAGMA temp_store = MEMORY;
         -- Malformed pages are found when they are read instead of confusing later steps.
         PRAGMA cell_size_check = ON;",
    )?;
    Ok(())
}

/// Moves the whole journal into the main file and empties it.
pub(crate) fn checkpoint(conn: &Connection) -> Result<()> {
    let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(Error::Locked) } else { Ok(()) }
}

/// Reads `col.ver` and says what stands in the way of using the file.
pub(crate) fn check_version(conn: &Connection) -> Result<()> {
    let version: i64 = match conn.query_row("SELECT ver FROM col", [], |row| row.get(0)) {
        Ok(version) => version,
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            return Err(Error::Damaged("the table col is empty".to_owned()));
        }
        Err(rusqlite::Error::InvalidColumnType(..)) => {
            return Err(Error::Damaged("the version is not a number".to_owned()));
        }
        // "no such table" and "no such column" have no code of their own.
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) => {
            return Err(Error::NotACollection);
        }
        Err(error) => return Err(unreachable_file(error)),
    };
    match version {
        SCHEMA_VERSION => Ok(()),
        11 | 14..=17 => Err(Error::NeedsUpgrade(version)),
        // 12 and 13 were experiments that no release can read (`storage` 2).
        12 | 13 | 19.. => Err(Error::TooNew(version)),
        _ => Err(Error::TooOld(version)),
    }
}

/// The file exists, so a failure to open it or its -wal file is a matter of permissions.
fn unreachable_file(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen) => Error::ReadOnly,
        _ => error.into(),
    }
}
