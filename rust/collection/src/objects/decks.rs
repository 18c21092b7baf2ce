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

/// The deck with this id.
///
/// # Errors
/// When the database fails or a stored blob cannot be decoded.
pub fn get(conn: &Connection, id: i64) -> Result<Option<Deck>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, mtime_secs, usn, common, kind FROM decks WHERE id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
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

fn read(row: &Row) -> Result<Deck> {
    let core = Core { id: row.get(0)?, name: row.get(1)?, modified: row.get(2)?, usn: row.get(3)? };
    deck::decode(core, &DeckBlobs { common: row.get(4)?, kind: row.get(5)? })
}

fn stored_blobs(conn: &Connection, id: i64) -> Result<Option<DeckBlobs>> {
    let blobs = conn
        .prepare_cached("SELECT common, kind FROM decks WHERE id = ?1")?
        .query_row([id], |row| Ok(DeckBlobs { common: row.get(0)?, kind: row.get(1)? }))
        .optional()?;
    Ok(blobs)
}

#[cfg(test)]
mod tests {
    use deckport_wire::objects::{DeckKind, NormalDeck};

    use super::*;
    use crate::error::Error;
    use crate::objects::testing::database;

    fn deck(id: i64, name: &str) -> Deck {
        let kind = DeckKind::Normal(NormalDeck { preset_id: 1, ..NormalDeck::default() });
        Deck { id, name: name.to_owned(), modified: 50, usn: -1, kind, ..Deck::default() }
    }

    fn names(conn: &Connection) -> Vec<(i64, String, i64)> {
        let decks = changed_since(conn, 0).unwrap();
        decks.into_iter().map(|deck| (deck.id, deck.name, deck.modified)).collect()
    }

    #[test]
    fn a_stored_deck_has_the_usn_of_the_sync_and_is_found_by_it() {
        let conn = database();
        store(&conn, &deck(5, "A::B"), 3, 1000).unwrap();
        let found = changed_since(&conn, 3).unwrap();
        assert_eq!((found[0].usn, found[0].name.as_str()), (3, "A::B"));
        assert!(changed_since(&conn, 4).unwrap().is_empty());
        assert_eq!(get(&conn, 5).unwrap().unwrap().modified, 50);
        assert!(get(&conn, 6).unwrap().is_none());
        let name: String = conn.query_row("SELECT name FROM decks", [], |row| row.get(0)).unwrap();
        assert_eq!(name, "A\u{1f}B");
    }

    #[test]
    fn a_name_that_is_taken_gets_plus_signs_and_a_new_time() {
        let conn = database();
        store(&conn, &deck(1, "A::B"), 1, 1000).unwrap();
        store(&conn, &deck(2, "a:: b:"), 1, 1000).unwrap();
        store(&conn, &deck(3, "A::b"), 1, 1000).unwrap();
        let expected = [(1, "A::B", 50), (2, "a::b+", 1000), (3, "A::b++", 1000)];
        assert_eq!(names(&conn), expected.map(|(id, name, time)| (id, name.to_owned(), time)));
        store(&conn, &deck(1, "A::b"), 2, 2000).unwrap();
        assert_eq!(names(&conn)[0], (1, "A::b".to_owned(), 50), "its own name is no obstacle");
    }

    #[test]
    fn a_normalised_name_alone_does_not_change_the_time() {
        let conn = database();
        store(&conn, &deck(1, "foo::::baz"), 1, 1000).unwrap();
        assert_eq!(names(&conn), [(1, "foo::blank::baz".to_owned(), 50)]);
    }

    #[test]
    fn the_id_zero_is_a_conflict() {
        let conn = database();
        assert!(matches!(store(&conn, &deck(0, "x"), 1, 1), Err(Error::Conflict(_))));
    }

    #[test]
    fn protobuf_fields_of_newer_clients_survive_an_edit() {
        let conn = database();
        store(&conn, &deck(5, "x"), 1, 1).unwrap();
        conn.execute(
            "UPDATE decks SET common = CAST(common || x'a00601' AS BLOB), kind = x'0a050801a00602'",
            [],
        )
        .unwrap();
        store(&conn, &Deck { collapsed: true, ..deck(5, "y") }, 2, 1).unwrap();
        let blobs = stored_blobs(&conn, 5).unwrap().unwrap();
        assert_eq!(blobs.common, [0x08, 1, 0xa0, 0x06, 1]);
        assert_eq!(blobs.kind, [0x0a, 5, 0x08, 1, 0xa0, 0x06, 2]);
    }
}
