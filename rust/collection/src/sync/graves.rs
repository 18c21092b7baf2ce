//! Deletions (`collection-sync` 6.2, `storage-tables` 6).

use deckport_wire::{Graves, Usn};
use rusqlite::Connection;

use crate::error::Result;

const CARD: u8 = 0;
const NOTE: u8 = 1;
const DECK: u8 = 2;
const DEFAULT_DECK: i64 = 1;

/// Our deletions since `usn`, this one included.
pub(super) fn changed_since(conn: &Connection, usn: Usn) -> Result<Graves> {
    let mut graves = Graves::default();
    let mut statement = conn.prepare_cached("SELECT oid, type FROM graves WHERE usn >= ?1")?;
    let mut rows = statement.query([usn])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        match row.get(1)? {
            CARD => graves.cards.push(id),
            NOTE => graves.notes.push(id),
            DECK => graves.decks.push(id),
            // Unknown kinds are removed from uploads.
            _ => {}
        }
    }
    Ok(graves)
}

/// Deletes the objects and remembers that. A deletion wins over any edit; reviews stay.
pub(super) fn apply(conn: &Connection, graves: &Graves, usn: Usn) -> Result<()> {
    let decks: Vec<i64> = graves.decks.iter().copied().filter(|id| *id != DEFAULT_DECK).collect();
    delete(conn, "DELETE FROM notes WHERE id = ?1", &graves.notes, NOTE, usn)?;
    delete(conn, "DELETE FROM cards WHERE id = ?1", &graves.cards, CARD, usn)?;
    delete(conn, "DELETE FROM decks WHERE id = ?1", &decks, DECK, usn)
}

/// Number of ids in all three lists.
pub(super) fn count(graves: &Graves) -> u64 {
    (graves.cards.len() + graves.notes.len() + graves.decks.len()) as u64
}

fn delete(conn: &Connection, sql: &str, ids: &[i64], kind: u8, usn: Usn) -> Result<()> {
    let mut delete = conn.prepare_cached(sql)?;
    for id in ids {
        delete.execute([id])?;
        add(conn, *id, kind, usn)?;
    }
    Ok(())
}

fn add(conn: &Connection, id: i64, kind: u8, usn: Usn) -> Result<()> {
    // An object that was deleted, came back and is deleted again must be sent to everyone again:
    // the newest number counts (`collection-sync` 13.7).
    conn.prepare_cached("INSERT OR REPLACE INTO graves (oid, type, usn) VALUES (?1, ?2, ?3)")?
        .execute((id, kind, usn))?;
    Ok(())
}

/// Deletes one card on the endpoint's own behalf.
pub(super) fn remove_card(conn: &Connection, id: i64, usn: Usn) -> Result<()> {
    conn.prepare_cached("DELETE FROM cards WHERE id = ?1")?.execute([id])?;
    add(conn, id, CARD, usn)
}
