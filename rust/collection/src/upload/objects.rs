//! Whether the collection's own row and its small objects can be loaded (`storage-tables` 8).
//!
//! Objects are read by the functions that read them during a sync, one at a time.

use rusqlite::{Connection, Row};

use super::error::{Checked, UploadError};
use crate::blobs::deck::DeckBlobs;
use crate::blobs::{self, Core};
use crate::error::{Error, Result};
use crate::objects::notetypes;

/// Checks everything but notes, cards, reviews and deletions.
pub(super) fn check(conn: &Connection) -> Checked<()> {
    check_notetypes(conn)?;
    check_each(conn, "deck", "SELECT id, name, mtime_secs, usn, common, kind FROM decks", |row| {
        let blobs = DeckBlobs { common: row.get(4)?, kind: row.get(5)? };
        blobs::deck::decode(core(row)?, &blobs).map(drop)
    })?;
    check_each(
        conn,
        "preset",
        "SELECT id, name, mtime_secs, usn, config FROM deck_config",
        |row| {
            let config: Vec<u8> = row.get(4)?;
            blobs::preset::decode(core(row)?, &config).map(drop)
        },
    )?;
    for (what, sql) in [
        ("a tag", "SELECT 0, tag, usn FROM tags"),
        ("the config", "SELECT 0, KEY, usn FROM config"),
    ] {
        check_each(conn, what, sql, |row| {
            let _: (String, i32) = (row.get(1)?, row.get(2)?);
            Ok(())
        })?;
    }
    Ok(())
}

/// Checks the one row of `col`. A negative usn would mark every later object as not yet known to
/// the endpoint.
pub(super) fn check_collection_row(conn: &Connection) -> Checked<()> {
    let sql = "SELECT 0, crt, mod, scm, usn, ls FROM col";
    let mut rows = 0;
    check_each(conn, "the table col", sql, |row| {
        rows += 1;
        let _: (i64, i64, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(5)?);
        if row.get::<_, i32>(4)? < 0 {
            return Err(Error::conflict("its usn is negative"));
        }
        Ok(())
    })?;
    if rows == 1 {
        Ok(())
    } else {
        Err(UploadError::Structure(format!("the table col has {rows} rows")))
    }
}

/// Every notetype must load and have numbered fields and templates; one notetype must exist.
fn check_notetypes(conn: &Connection) -> Checked<()> {
    let mut found = false;
    check_each(conn, "notetype", "SELECT id FROM notetypes", |row| {
        found = true;
        notetypes::get(conn, row.get(0)?).map(drop)
    })?;
    if !found {
        return Err(UploadError::Content("there is no notetype".to_owned()));
    }
    for parts in ["fields", "templates"] {
        // Counted from 0 without gaps, and at least one.
        let sql = format!(
            "SELECT id FROM notetypes WHERE NOT EXISTS (
                 SELECT 1 FROM {parts} WHERE ntid = notetypes.id
                 GROUP BY ntid HAVING min(ord) = 0 AND max(ord) = count(*) - 1)"
        );
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        if let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            return Err(UploadError::Content(format!("the {parts} of notetype {id}")));
        }
    }
    Ok(())
}

/// Reads every row of a query whose first column is an id, or 0 where there is none. What the
/// reader cannot read is blamed on that row.
fn check_each(
    conn: &Connection,
    what: &str,
    sql: &str,
    mut read: impl FnMut(&Row<'_>) -> Result<()>,
) -> Checked<()> {
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        read(row).map_err(|error| match UploadError::from(error) {
            error @ UploadError::Endpoint(_) => error,
            _ if id == 0 => UploadError::Content(what.to_owned()),
            _ => UploadError::Content(format!("{what} {id}")),
        })?;
    }
    Ok(())
}

/// The columns that decks and presets begin with.
fn core(row: &Row<'_>) -> Result<Core> {
    Ok(Core { id: row.get(0)?, name: row.get(1)?, modified: row.get(2)?, usn: row.get(3)? })
}
