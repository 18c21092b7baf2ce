//! A copy of a collection as schema 11, for clients that read nothing newer, and for those that
//! would lose fields of a schema-18 file (`storage` 2.1).
//!
//! In JSON every client keeps what it does not know. What schema 11 has no place for is lost in
//! the copy: the collapsed state of tags, and `usn` and time of single config keys.

use rusqlite::Connection;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

use super::{SCHEMA11, graves};
use crate::collection::Collection;
use crate::connection::open_scratch;
use crate::error::Result;
use crate::objects::{config, decks, notetypes, presets};

/// The indexes on older tables that schema 11 does not have. A client that upgrades the file
/// makes them by name, and fails if they are there already.
const LATER_INDEXES: [&str; 2] = ["idx_notes_mid", "idx_cards_odid"];

/// Writes the committed state of the collection to the new file `to` as schema 11 and returns its
/// size in bytes. The collection is only read.
///
/// The copy is one self-contained file without a write-ahead log; it is not synced to disk. After
/// an error the caller must delete what was written of it. Memory does not grow with notes,
/// cards and reviews, but holds the JSON of all notetypes, decks or presets, one kind at a time.
///
/// # Errors
/// [`crate::Error::NoSpace`], [`crate::Error::ReadOnly`] for the place of the copy, and any error
/// of reading the collection.
pub fn export_schema11(collection: &Collection, to: &Path) -> Result<u64> {
    // Copying pages is several times as fast as rewriting every row.
    collection.snapshot(to)?;
    let conn = open_scratch(to)?;
    downgrade(&conn)?;
    conn.close().map_err(|(_, error)| error)?;
    Ok(std::fs::metadata(to)?.len())
}

/// The steps of `storage-migrate` 2.
fn downgrade(conn: &Connection) -> Result<()> {
    let transaction = conn.unchecked_transaction()?;
    graves::remove_key(conn)?;
    conn.execute("UPDATE col SET ver = ?1", [SCHEMA11])?;
    // The largest column comes last: every change rewrites the whole row.
    move_to_column(conn, "tags", serde_json::to_string(&tags(conn)?)?, &["tags"])?;
    move_to_column(conn, "conf", serde_json::to_string(&config::all(conn)?)?, &["config"])?;
    move_to_column(conn, "dconf", presets_json(conn)?, &["deck_config"])?;
    move_to_column(conn, "decks", decks_json(conn)?, &["decks"])?;
    let parts = ["notetypes", "fields", "templates"];
    move_to_column(conn, "models", notetypes_json(conn)?, &parts)?;
    for index in LATER_INDEXES {
        conn.execute_batch(&format!("DROP INDEX IF EXISTS {index}"))?;
    }
    transaction.commit()?;
    Ok(())
}

/// Drops the tables first, so that the column takes their place in the file. One column at a
/// time, so that only one is in memory.
fn move_to_column(conn: &Connection, column: &str, json: String, tables: &[&str]) -> Result<()> {
    for table in tables {
        conn.execute_batch(&format!("DROP TABLE {table}"))?;
    }
    conn.execute(&format!("UPDATE col SET {column} = ?1"), [json])?;
    Ok(())
}

/// Values out of range become the default, as in a sync.
fn presets_json(conn: &Connection) -> Result<String> {
    let mut map = JsonMap::default();
    for preset in presets::changed_since(conn, i32::MIN)? {
        map.add(preset.id, &preset)?;
    }
    Ok(map.finish())
}

fn decks_json(conn: &Connection) -> Result<String> {
    let mut map = JsonMap::default();
    for deck in decks::changed_since(conn, i32::MIN)? {
        map.add(deck.id, &deck)?;
    }
    Ok(map.finish())
}

/// Notetypes can be large, so they are read one by one.
fn notetypes_json(conn: &Connection) -> Result<String> {
    let mut ids = conn.prepare("SELECT id FROM notetypes ORDER BY id")?;
    let mut ids = ids.query([])?;
    let mut map = JsonMap::default();
    while let Some(row) = ids.next()? {
        if let Some(notetype) = notetypes::get(conn, row.get(0)?)? {
            map.add(notetype.id, &notetype)?;
        }
    }
    Ok(map.finish())
}

fn tags(conn: &Connection) -> Result<BTreeMap<String, i32>> {
    let mut statement = conn.prepare("SELECT tag, usn FROM tags")?;
    let tags = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(tags.collect::<rusqlite::Result<_>>()?)
}

/// The text of a JSON object from ids to objects.
#[derive(Default)]
struct JsonMap(String);

impl JsonMap {
    fn add(&mut self, id: i64, object: &impl Serialize) -> Result<()> {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&format!("\"{id}\":{}", serde_json::to_string(object)?));
        Ok(())
    }

    fn finish(self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { self.0 + "}" }
    }
}
