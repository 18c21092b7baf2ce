//! Decks, normal and filtered.

use deckport_wire::Deck;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{check_id, free_name};
use crate::blobs::Core;
use crate::blobs::deck::{self, DeckBlobs};
use crate::error::Result;
use crate::names;

/// Decks with a usn of at least `usn`, in the order of their ids.
///
/// # Errors
/// When the database fails or a stored blob cannot be decoded.
pub fn changed_since(conn: &Connection, usn: i32) -> Result<Vec<Deck>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, mtime_secs, usn, common, kind FROM decks WHERE usn >= ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([usn])?;
    let mut decks = Vec::new();
    while let Some(row) = rows.next()? {
        decks.push(read(row)?);
    }
    Ok(decks)
}

/// When the deck was last modified (Unix seconds), or `None` when it does not exist.
///
/// # Errors
/// When the database fails.
pub fn modified_secs(conn: &Connection, id: i64) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached("SELECT mtime_secs FROM decks WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

/// Inserts or replaces a deck, with `usn` as its usn. Its name is normalised; if another deck has
/// it, `+` is appended and the deck counts as modified at `now_secs` (Unix seconds).
///
/// # Errors
/// [`crate::Error::Conflict`] when its id is 0, otherwise when the database fails.
pub fn store(conn: &Connection, deck: &Deck, usn: i32, now_secs: i64) -> Result<()> {
    check_id(deck.id)?;
    let wanted = names::stored_deck_name(&deck.name);
    let mut taken = conn.prepare_cached("SELECT 1 FROM decks WHERE name = ?1 AND id != ?2")?;
    let name = free_name(&mut taken, &wanted, deck.id)?;
    let modified = if name == wanted { deck.modified } else { now_secs };
    let blobs = deck::encode(deck, stored_blobs(conn, deck.id)?.as_ref())?;
    conn.prepare_cached(
        "INSERT INTO decks (id, name, mtime_secs, usn, common, kind)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, mtime_secs = excluded.mtime_secs,
             usn = excluded.usn, common = excluded.common, kind = excluded.kind",
    )?
    .execute((deck.id, name, modified, usn, blobs.common, blobs.kind))?;
    Ok(())
}

/// Deletes a deck's row and nothing else; returns whether it existed.
///
/// # Errors
/// When the database fails.
pub fn delete(conn: &Connection, id: i64) -> Result<bool> {
    Ok(conn.prepare_cached("DELETE FROM decks WHERE id = ?1")?.execute([id])? > 0)
}

/// How many decks there are.
///
/// # Errors
/// When the database fails.
pub fn count(conn: &Connection) -> Result<u64> {
    super::count(conn, "SELECT count(*) FROM decks")
}

fn read(row: &Row) -> Result<Deck> {
    let core =
        Core { id: row.get(0)?, name: row.get(1)?, modified: row.get(2)?, usn: row.get(3)? };
    deck::decode(core, &DeckBlobs { common: row.get(4)?, kind: row.get(5)? })
}

fn stored_blobs(conn: &Connection, id: i64) -> Result<Option<DeckBlobs>> {
    let blobs = conn
        .prepare_cached("SELECT common, kind FROM decks WHERE id = ?1")?
        .query_row([id], |row| Ok(DeckBlobs { common: row.get(0)?, kind: row.get(1)? }))
        .optional()?;
    Ok(blobs)
}
