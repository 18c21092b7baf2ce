//! The steps of an upgrade to schema 18 (`storage-migrate` 1).

use rusqlite::Connection;

use super::error::Upgraded;
use super::{SCHEMA11, config, decks, graves, notetypes, presets, structure, tags};
use crate::connection::SCHEMA_VERSION;
use crate::schema;

/// How objects are marked that the upgrade has to change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    /// Current time, Unix milliseconds.
    pub(super) now_ms: i64,
    /// Clients mark such objects as not yet uploaded (-1), which would fail every later sync.
    /// With the collection's own number they reach every device with its next sync.
    pub(super) usn: i32,
}

impl Stamp {
    /// Current time, Unix seconds.
    pub(super) fn now_secs(self) -> i64 {
        self.now_ms.div_euclid(1000)
    }
}

/// Upgrades a collection of schema `version` (11 or 14 - 17) in one transaction. `now_ms` is the
/// current time in Unix milliseconds.
///
/// What is in `col`, and notes, cards and reviews, stay as they are, except for cards that a bug
/// of 2.1.28 gave too small an ease. Indexes that every version has may still be missing.
pub(crate) fn upgrade(conn: &Connection, version: i64, now_ms: i64) -> Upgraded<()> {
    structure::check(conn, version)?;
    let transaction = conn.unchecked_transaction()?;
    let usn: i64 = conn.query_row("SELECT CAST(usn AS INTEGER) FROM col", [], |row| row.get(0))?;
    let stamp = Stamp { now_ms, usn: i32::try_from(usn.max(0)).unwrap_or(0) };
    if version == SCHEMA11 {
        schema::create_tables(conn, &["deck_config", "config", "tags"])?;
        presets::from_column(conn)?;
        tags::from_column(conn)?;
        config::from_column(conn)?;
    }
    if version == 14 {
        presets::from_json_rows(conn)?;
    }
    if version <= 14 {
        schema::create_tables(conn, &["fields", "templates", "notetypes", "decks"])?;
        schema::create_indexes(conn, &["idx_notes_mid", "idx_cards_odid"])?;
        notetypes::from_column(conn, stamp)?;
        decks::from_column(conn, stamp)?;
    }
    if version == 15 {
        presets::divide_ease(conn)?;
    }
    if version <= 15 {
        presets::repair_ease(conn, stamp)?;
    }
    if version == 17 {
        presets::renumber(conn)?;
    }
    if (14..=16).contains(&version) {
        tags::add_columns(conn)?;
    }
    graves::add_key(conn)?;
    conn.execute(
        "UPDATE col SET ver = ?1, conf = '', models = '', decks = '', dconf = '', tags = ''",
        [SCHEMA_VERSION],
    )?;
    transaction.commit()?;
    Ok(())
}
