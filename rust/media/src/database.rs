//! `media.db`: opening, making, and taking over what the reference server left
//! (`media-sync` 9).
//!
//! The tables `media` and `meta` are the reference server's, version 4, so that a folder can be
//! given back. What we know beyond that is in tables of our own that it ignores:
//!
//! - `deckport_files`: where each file is stored and what was last seen of it; also the files
//!   that are not listed to clients (hidden or lost);
//! - `deckport_pending`: file operations that are decided but perhaps not done ([`crate::pending`]);
//! - `deckport_meta`: version of these tables, name of the usn holder.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::records;
use crate::store::Totals;

/// Version of our own tables.
const OWN_VERSION: i64 = 1;
/// Another process on the same folder soon gets an error.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// For a new database. Small contents pass through it, and pages cost calls of the system.
const PAGE_BYTES: i64 = 16 * 1024;
/// More than the number of different statements in this crate.
const STATEMENTS: usize = 64;

const REFERENCE_SCHEMA: &str = "
    CREATE TABLE media (
        fname text NOT NULL PRIMARY KEY,
        csum blob NOT NULL,
        size int NOT NULL,
        usn int NOT NULL,
        mtime int NOT NULL
    );
    CREATE INDEX ix_usn ON media (usn);
    CREATE TABLE meta (
        last_usn int NOT NULL,
        total_bytes int NOT NULL,
        total_nonempty_files int NOT NULL
    );
    INSERT INTO meta VALUES (0, 0, 0);
    PRAGMA user_version = 4;
";

const OWN_SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS deckport_meta (
        key text NOT NULL PRIMARY KEY,
        value NOT NULL
    ) WITHOUT ROWID;
    INSERT OR IGNORE INTO deckport_meta VALUES ('version', 1);
    CREATE TABLE IF NOT EXISTS deckport_files (
        id integer PRIMARY KEY,
        fname text NOT NULL UNIQUE,
        -- 0 listed (has a row in media), 1 hidden from clients, 2 lost
        state int NOT NULL,
        csum blob NOT NULL,
        size int NOT NULL,
        -- name in the folder; null for hidden ones, which are not kept
        stored text UNIQUE,
        -- stored, folded: equal for names that some disks take for one
        fold text,
        -- CRC-32; null until the content was read
        crc int,
        -- time of the file when its content was last found right (or wrong, if lost),
        -- nanoseconds; null: look into it
        modified int
    );
    CREATE INDEX IF NOT EXISTS deckport_files_fold ON deckport_files (fold);
    CREATE INDEX IF NOT EXISTS deckport_files_unlisted ON deckport_files (state) WHERE state <> 0;
    CREATE INDEX IF NOT EXISTS deckport_files_unseen ON deckport_files (id) WHERE modified IS NULL;
    CREATE TABLE IF NOT EXISTS deckport_pending (
        -- stored, folded where the disk does: one row for one place
        spot text NOT NULL PRIMARY KEY,
        stored text NOT NULL,
        -- file in the incoming folder that goes there; null: the place becomes empty
        incoming text,
        -- name in the trash for what is there; null: it is removed or replaced
        trash text,
        -- content of the incoming file if that was not synced by itself
        content blob
    );
";

/// Opens the database and locks it until it is closed.
///
/// # Errors
/// [`Error::InUse`], [`Error::NotAMediaDatabase`], [`Error::Damaged`], [`Error::TooNew`].
pub(crate) fn open(path: &Path) -> Result<Connection> {
    let mut conn = Connection::open(path)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // As the reference server does. It also needs no shared memory, which a phone's shared storage
    // does not have.
    conn.pragma_update(None, "locking_mode", "exclusive")?;
    // Nothing in a stranger's file may call functions.
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "page_size", PAGE_BYTES)?;
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // What an answer promises must survive a power loss.
    conn.pragma_update(None, "synchronous", "full")?;
    // Otherwise cached statements are planned again for each value.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A phone may have no folder for temporary files; 1 MiB of pages is plenty.
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update(None, "cache_size", -1024)?;

    let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    match (user_version(&tx)?, has_tables(&tx)?) {
        (0, false) => tx.execute_batch(REFERENCE_SCHEMA)?,
        (3, true) => upgrade_from_3(&tx)?,
        (4, true) => {}
        (version @ 5.., _) => return Err(Error::TooNew(version)),
        _ => return Err(Error::NotAMediaDatabase),
    }
    tx.execute_batch(OWN_SCHEMA)?;
    let own: i64 =
        tx.query_row("SELECT value FROM deckport_meta WHERE key = 'version'", [], |r| r.get(0))?;
    if own > OWN_VERSION {
        return Err(Error::TooNew(own));
    }
    let meta_rows: i64 = tx.query_row("SELECT count(*) FROM meta", [], |row| row.get(0))?;
    if meta_rows != 1 {
        return Err(Error::Damaged("the table meta has not one row".to_owned()));
    }
    tx.commit()?;
    Ok(conn)
}

fn user_version(conn: &Connection) -> Result<i64> {
    Ok(conn.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// The totals that a database will have when it is opened; all 0 when there is no database.
pub(crate) fn stored_totals(path: &Path) -> Result<Totals> {
    if !path.exists() {
        return Ok(Totals::default());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "locking_mode", "exclusive")?;
    conn.pragma_update(None, "trusted_schema", false)?;
    match (user_version(&conn)?, has_tables(&conn)?) {
        (0, false) => Ok(Totals::default()),
        (3, true) => Ok(conn.query_row(
            "SELECT max(coalesce(max(usn), 0), (SELECT max(usn) FROM meta)),
                count(*) FILTER (WHERE csum IS NOT NULL AND sz > 0),
                coalesce(sum(sz) FILTER (WHERE csum IS NOT NULL), 0)
            FROM media",
            [],
            records::read_totals,
        )?),
        (4, true) => records::totals(&conn),
        (version @ 5.., _) => Err(Error::TooNew(version)),
        _ => Err(Error::NotAMediaDatabase),
    }
}

/// Whether the file has a table `media`; with anything else in it, it is not a media database.
fn has_tables(conn: &Connection) -> Result<bool> {
    let kind: Option<String> = conn
        .query_row("SELECT type FROM sqlite_master WHERE name = 'media'", [], |row| row.get(0))
        .optional()?;
    let entries: i64 =
        conn.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    match kind.as_deref() {
        Some("table") => Ok(true),
        None if entries == 0 => Ok(false),
        _ => Err(Error::NotAMediaDatabase),
    }
}

/// Converts the historic version 3. Unlike the reference server it keeps deletions and never
/// lowers the usn (`media-sync` 9.3).
fn upgrade_from_3(conn: &Connection) -> Result<()> {
    conn.execute_batch(
        "ALTER TABLE media RENAME TO old_media;
         ALTER TABLE meta RENAME TO old_meta;
         DROP INDEX IF EXISTS ix_usn;",
    )?;
    conn.execute_batch(REFERENCE_SCHEMA)?;
    conn.execute_batch(
        "INSERT OR IGNORE INTO media
            SELECT fname, coalesce(csum, zeroblob(20)), CASE WHEN csum IS NULL THEN 0 ELSE sz END,
                usn, coalesce(deleted, 0)
            FROM old_media WHERE fname IS NOT NULL;
         UPDATE meta SET last_usn = max(
            coalesce((SELECT max(usn) FROM media), 0), coalesce((SELECT max(usn) FROM old_meta), 0));
         DROP TABLE old_media;
         DROP TABLE old_meta;",
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn raw(folder: &TempDir, sql: &str) -> std::path::PathBuf {
        let path = folder.path().join("media.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        path
    }

    #[test]
    fn a_new_database_is_one_of_the_reference_server() {
        let folder = TempDir::new().unwrap();
        let conn = open(&folder.path().join("media.db")).unwrap();
        assert_eq!(user_version(&conn).unwrap(), 4);
        let row: (i64, i64, i64) = conn
            .query_row("SELECT * FROM meta", [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .unwrap();
        assert_eq!(row, (0, 0, 0));
    }

    #[test]
    fn version_3_keeps_its_deletions_and_its_usn() {
        let folder = TempDir::new().unwrap();
        let path = raw(
            &folder,
            "CREATE TABLE media (fname text PRIMARY KEY, csum blob, sz int, usn int, deleted int);
             CREATE INDEX ix_usn ON media (usn);
             CREATE TABLE meta (usn int, sz int);
             INSERT INTO media VALUES ('a', zeroblob(20), 3, 4, 0), ('b', NULL, 0, 6, 1600000000);
             INSERT INTO meta VALUES (7, 3);
             PRAGMA user_version = 3;",
        );
        let totals = stored_totals(&path).unwrap();
        assert_eq!(totals, Totals { usn: 7, files: 1, bytes: 3 });
        let conn = open(&path).unwrap();
        let usn: i64 = conn.query_row("SELECT last_usn FROM meta", [], |row| row.get(0)).unwrap();
        assert_eq!(usn, 7);
        let rows: Vec<(String, i64, i64, i64)> = conn
            .prepare("SELECT fname, size, usn, mtime FROM media ORDER BY usn")
            .unwrap()
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(rows, [("a".into(), 3, 4, 0), ("b".into(), 0, 6, 1_600_000_000)]);
        assert_eq!(user_version(&conn).unwrap(), 4);
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let folder = TempDir::new().unwrap();
        let path = raw(&folder, "CREATE TABLE media (fname text); PRAGMA user_version = 5;");
        assert!(matches!(open(&path), Err(Error::TooNew(5))));
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("media.db");
        let conn = open(&path).unwrap();
        conn.execute("UPDATE deckport_meta SET value = 2 WHERE key = 'version'", []).unwrap();
        drop(conn);
        assert!(matches!(open(&path), Err(Error::TooNew(2))));
    }

    #[test]
    fn other_files_are_not_taken_for_a_media_database() {
        let folder = TempDir::new().unwrap();
        let path = raw(&folder, "CREATE TABLE cards (id int)");
        assert!(matches!(open(&path), Err(Error::NotAMediaDatabase)));
        let path = folder.path().join("text");
        std::fs::write(&path, "this is a text and no database at all, however long").unwrap();
        assert!(matches!(open(&path), Err(Error::NotAMediaDatabase)));
    }

    #[test]
    fn a_database_that_is_open_elsewhere_is_refused() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("media.db");
        let _first = open(&path).unwrap();
        assert!(matches!(open(&path), Err(Error::InUse)));
    }
}
