//! Known keys that are stuck among the unknown ones of a blob (`storage` 2.1).
//!
//! A client keeps JSON keys that it does not know in a blob's field `other`, and uploads them
//! there. Newer clients look only into the fields they have for these keys, so that in a
//! downloaded file the values would seem to be gone.

use rusqlite::Connection;

use crate::blobs;
use crate::blobs::deck::DeckBlobs;
use crate::error::Result;

/// Field 255 (`other`) as it begins in a blob. Most blobs have none and need no second look.
const OTHER: &str = "x'fa0f'";

/// Moves stuck keys to where all clients find them, in every blob of the collection that has
/// some. Their objects do not count as modified.
pub(crate) fn promote_stuck_keys(conn: &Connection) -> Result<()> {
    promote_in(conn, "deck_config", "id", "id", blobs::preset::promoted)?;
    promote_in(conn, "notetypes", "id", "id", blobs::notetype::promoted)?;
    promote_in(conn, "fields", "ntid", "ord", blobs::notetype::promoted_field)?;
    promote_in(conn, "templates", "ntid", "ord", blobs::notetype::promoted_template)?;
    promote_in_decks(conn)
}

fn promote_in(
    conn: &Connection,
    table: &str,
    key: &str,
    key2: &str,
    promoted: impl Fn(&[u8]) -> Result<Option<Vec<u8>>>,
) -> Result<()> {
    let mut update =
        conn.prepare(&format!("UPDATE {table} SET config = ?3 WHERE {key} = ?1 AND {key2} = ?2"))?;
    let sql = format!("SELECT {key}, {key2}, config FROM {table} WHERE instr(config, {OTHER})");
    let mut found = Vec::new();
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, id2): (i64, i64) = (row.get(0)?, row.get(1)?);
        if let Some(config) = promoted(row.get_ref(2)?.as_blob().unwrap_or_default())? {
            found.push((id, id2, config));
        }
    }
    for row in found {
        update.execute(row)?;
    }
    Ok(())
}

fn promote_in_decks(conn: &Connection) -> Result<()> {
    let sql = format!("SELECT id, common, kind FROM decks WHERE instr(common, {OTHER})");
    let mut found = Vec::new();
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let stored = DeckBlobs { common: row.get(1)?, kind: row.get(2)? };
        if let Some(blobs) = blobs::deck::promoted(&stored)? {
            found.push((id, blobs.common, blobs.kind));
        }
    }
    let mut update = conn.prepare("UPDATE decks SET common = ?2, kind = ?3 WHERE id = ?1")?;
    for row in found {
        update.execute(row)?;
    }
    Ok(())
}
