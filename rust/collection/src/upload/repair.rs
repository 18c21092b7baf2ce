//! What is put right in an uploaded file instead of refusing it.
//!
//! No row count that clients compare at the end of a sync may change without the uploader hearing
//! of it, or its next sync would fail. What is added therefore carries the collection's current
//! usn: it reaches the uploader with its next sync.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::error::{Checked, UploadError};
use crate::create::{DEFAULT_ID, default_deck, default_preset};
use crate::objects::{decks, presets};

/// Unreadable config keys that are remembered at a time.
const MOST_KEYS: usize = 1_000;

/// Makes the deck and the preset that everything falls back to (`storage-check`), if they are
/// missing.
pub(super) fn missing_defaults(conn: &Connection, now_ms: i64) -> Checked<()> {
    let usn: i32 = conn.query_row("SELECT usn FROM col", [], |row| row.get(0))?;
    // Only checks that they are there: what cannot be decoded is found, and named, later.
    if !exists(conn, "deck_config")? {
        presets::store(conn, &default_preset(), usn)?;
    }
    if !exists(conn, "decks")? {
        decks::store(conn, &default_deck(), usn, now_ms.div_euclid(1000))?;
    }
    Ok(())
}

fn exists(conn: &Connection, table: &str) -> Checked<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?1)");
    Ok(conn.query_row(&sql, [DEFAULT_ID], |row| row.get(0))?)
}

/// Deletions of unknown kinds make every later sync fail on clients (`storage-tables` 6).
pub(super) fn unknown_graves(conn: &Connection) -> Checked<()> {
    conn.execute("DELETE FROM graves WHERE type NOT IN (0, 1, 2)", [])?;
    Ok(())
}

/// A config value that is not JSON counts as missing on clients, until one of them reads the
/// whole config and fails. Removed, it is missing for good.
pub(super) fn unreadable_config(conn: &Connection) -> Checked<()> {
    loop {
        let keys = some_unreadable_keys(conn)?;
        if keys.is_empty() {
            return Ok(());
        }
        for key in keys {
            // A row that is there but cannot be found is in the wrong place.
            if conn.execute("DELETE FROM config WHERE KEY = ?1", [key])? == 0 {
                return Err(UploadError::Damaged("rows of config are out of order".to_owned()));
            }
        }
    }
}

fn some_unreadable_keys(conn: &Connection) -> Checked<Vec<Value>> {
    let mut statement = conn.prepare("SELECT KEY, CAST(val AS BLOB) FROM config")?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()?
        && keys.len() < MOST_KEYS
    {
        let json = row.get_ref(1)?.as_bytes().unwrap_or_default();
        if serde_json::from_slice::<serde_json::Value>(json).is_err() {
            keys.push(row.get(0)?);
        }
    }
    Ok(keys)
}
