//! Presets, the option groups of decks.

use deckport_wire::Preset;
use rusqlite::{Connection, OptionalExtension, Row};

use super::check_id;
use crate::blobs::{self, Core};
use crate::error::Result;

/// Presets with a usn of at least `usn`, in the order of their ids. Values out of range are
/// replaced by their defaults (`storage-blobs` 5).
///
/// # Errors
/// When the database fails or a stored blob cannot be decoded.
pub fn changed_since(conn: &Connection, usn: i32) -> Result<Vec<Preset>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, mtime_secs, usn, config FROM deck_config WHERE usn >= ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([usn])?;
    let mut presets = Vec::new();
    while let Some(row) = rows.next()? {
        presets.push(read(row)?);
    }
    Ok(presets)
}

/// When the preset was last modified (Unix seconds), or `None` when it does not exist.
///
/// # Errors
/// When the database fails.
pub fn modified_secs(conn: &Connection, id: i64) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached("SELECT mtime_secs FROM deck_config WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

/// Inserts or replaces a preset, with `usn` as its usn. Names need not be unique.
///
/// # Errors
/// [`crate::Error::Conflict`] when its id is 0, otherwise when the database fails.
pub fn store(conn: &Connection, preset: &Preset, usn: i32) -> Result<()> {
    check_id(preset.id)?;
    let replaced: Option<Vec<u8>> = conn
        .prepare_cached("SELECT config FROM deck_config WHERE id = ?1")?
        .query_row([preset.id], |row| row.get(0))
        .optional()?;
    let config = blobs::preset::encode(preset, replaced.as_deref())?;
    conn.prepare_cached(
        "INSERT INTO deck_config (id, name, mtime_secs, usn, config) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, mtime_secs = excluded.mtime_secs,
             usn = excluded.usn, config = excluded.config",
    )?
    .execute((preset.id, &preset.name, preset.modified, usn, config))?;
    Ok(())
}

/// How many presets there are.
///
/// # Errors
/// When the database fails.
pub fn count(conn: &Connection) -> Result<u64> {
    super::count(conn, "SELECT count(*) FROM deck_config")
}

fn read(row: &Row) -> Result<Preset> {
    let core =
        Core { id: row.get(0)?, name: row.get(1)?, modified: row.get(2)?, usn: row.get(3)? };
    let config: Vec<u8> = row.get(4)?;
    blobs::preset::decode(core, &config)
}
