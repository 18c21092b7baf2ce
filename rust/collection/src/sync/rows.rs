//! Cards, notes and reviews: reading them, and merging a client's (`collection-sync` 6.8-6.10).

use deckport_wire::{Card, Note, Review, Usn};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ToSql};

use crate::error::Result;
use crate::objects::notetypes::NotetypeShape;
use crate::text;

/// A stored card or note gives way unless it changed here since the client's last sync *and* is
/// newer than the client's. In a tie the client's wins: it keeps its own as well, and other
/// devices then get that one (`collection-sync` 13.3).
const UPDATE_CARD: &str = "
UPDATE cards SET
  nid = ?2, did = ?3, ord = ?4, mod = ?5, usn = ?6, type = ?7, queue = ?8, due = ?9, ivl = ?10,
  factor = ?11, reps = ?12, lapses = ?13, left = ?14, odue = ?15, odid = ?16, flags = ?17,
  data = ?18
WHERE id = ?1 AND (usn < ?19 OR mod <= ?5)";

/// One that is already here stays as it is.
const ADD_CARD: &str = "
INSERT OR IGNORE INTO cards (id, nid, did, ord, mod, usn, type, queue, due, ivl, factor, reps,
                             lapses, left, odue, odid, flags, data)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

/// As for cards. `flags` and `data` of notes are always empty on the wire: what is stored stays
/// (`storage-json` 5).
const UPDATE_NOTE: &str = "
UPDATE notes SET
  guid = ?2, mid = ?3, mod = ?4, usn = ?5, tags = ?6, flds = ?7, sfld = ?8, csum = ?9,
  flags = CASE ?10 WHEN 0 THEN flags ELSE ?10 END,
  data = CASE ?11 WHEN '' THEN data ELSE ?11 END
WHERE id = ?1 AND (usn < ?12 OR mod <= ?4)";

const ADD_NOTE: &str = "
INSERT OR IGNORE INTO notes (id, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// Stores a card unless ours is newer. Returns whether it was not here before.
pub(super) fn merge_card(
    conn: &Connection,
    card: &Card,
    client_usn: Usn,
    usn: Usn,
) -> Result<bool> {
    let columns = rusqlite::params![
        card.id,
        card.note_id,
        card.deck_id,
        card.ord,
        card.modified,
        usn,
        card.kind,
        card.queue,
        card.due,
        card.interval,
        card.factor,
        card.reps,
        card.lapses,
        card.left,
        card.original_due,
        card.original_deck_id,
        card.flags,
        card.data,
    ];
    update_or_add(conn, UPDATE_CARD, ADD_CARD, columns, client_usn)
}

/// Stores a note unless ours is newer. Sort field and checksum are computed here.
pub(super) fn merge_note(
    conn: &Connection,
    note: &Note,
    shape: NotetypeShape,
    client_usn: Usn,
    usn: Usn,
) -> Result<()> {
    let prepared = text::prepare_note(&note.fields, shape)?;
    let columns = rusqlite::params![
        note.id,
        note.guid,
        note.notetype_id,
        note.modified,
        usn,
        canonical_tags(&note.tags),
        prepared.fields,
        prepared.sort_field,
        prepared.checksum,
        note.flags,
        note.data,
    ];
    update_or_add(conn, UPDATE_NOTE, ADD_NOTE, columns, client_usn)?;
    Ok(())
}

/// `update` has one parameter more than `add`, the client's usn. Returns whether the row was added.
fn update_or_add(
    conn: &Connection,
    update: &str,
    add: &str,
    columns: &[&dyn ToSql],
    client_usn: Usn,
) -> Result<bool> {
    let of_update = columns.iter().copied().chain([&client_usn as &dyn ToSql]);
    let updated = conn.prepare_cached(update)?.execute(rusqlite::params_from_iter(of_update))?;
    Ok(updated == 0 && conn.prepare_cached(add)?.execute(columns)? == 1)
}

/// Stores a review; one that is already here stays as it is.
pub(super) fn add_review(conn: &Connection, review: &Review, usn: Usn) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO revlog VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(rusqlite::params![
        review.id,
        review.card_id,
        usn,
        review.ease,
        review.interval,
        review.last_interval,
        review.factor,
        review.time_ms,
        review.kind,
    ])?;
    Ok(())
}

pub(super) const SELECT_CARD: &str = "
SELECT id, nid, did, ord, mod, usn, type, queue, due, ivl, factor, reps, lapses, left, odue,
       odid, flags, data
FROM cards WHERE id = ?1";

pub(super) const SELECT_NOTE: &str =
    "SELECT id, guid, mid, mod, usn, tags, flds, flags, data FROM notes WHERE id = ?1";

pub(super) const SELECT_REVIEW: &str =
    "SELECT id, cid, usn, ease, ivl, lastIvl, factor, time, type FROM revlog WHERE id = ?1";

/// Reads a card of [`SELECT_CARD`].
pub(super) fn read_card(row: &Row) -> Result<Card> {
    Ok(Card {
        id: row.get(0)?,
        note_id: integer(row, 1)?,
        deck_id: integer(row, 2)?,
        ord: integer(row, 3)?,
        modified: integer(row, 4)?,
        usn: integer(row, 5)?,
        kind: integer(row, 6)?,
        queue: integer(row, 7)?,
        due: integer(row, 8)?,
        interval: integer(row, 9)?,
        factor: integer(row, 10)?,
        reps: integer(row, 11)?,
        lapses: integer(row, 12)?,
        left: integer(row, 13)?,
        original_due: integer(row, 14)?,
        original_deck_id: integer(row, 15)?,
        flags: integer(row, 16)?,
        data: string(row, 17)?,
    })
}

/// Reads a note of [`SELECT_NOTE`]. Sort field and checksum do not travel.
pub(super) fn read_note(row: &Row) -> Result<Note> {
    Ok(Note {
        id: row.get(0)?,
        guid: string(row, 1)?,
        notetype_id: integer(row, 2)?,
        modified: integer(row, 3)?,
        usn: integer(row, 4)?,
        tags: string(row, 5)?,
        fields: string(row, 6)?,
        sort_field: String::new(),
        checksum: String::new(),
        flags: integer(row, 7)?,
        data: string(row, 8)?,
    })
}

/// Reads a review of [`SELECT_REVIEW`].
pub(super) fn read_review(row: &Row) -> Result<Review> {
    Ok(Review {
        id: row.get(0)?,
        card_id: integer(row, 1)?,
        usn: integer(row, 2)?,
        ease: integer(row, 3)?,
        interval: integer(row, 4)?,
        last_interval: integer(row, 5)?,
        factor: integer(row, 6)?,
        time_ms: integer(row, 7)?,
        kind: integer(row, 8)?,
    })
}

/// Reads an integer column. SQLite columns hold anything, and one odd value in an old row must
/// not end every later sync: a fraction is cut off, anything else or out of range becomes 0
/// (`storage-tables` 8).
#[allow(clippy::cast_possible_truncation, reason = "a cast from f64 saturates, as intended")]
fn integer<T: TryFrom<i64> + Default>(row: &Row, column: usize) -> Result<T> {
    let value = match row.get_ref(column)? {
        ValueRef::Integer(value) => value,
        ValueRef::Real(value) => value as i64,
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => 0,
    };
    Ok(T::try_from(value).unwrap_or_default())
}

/// Reads a text column; bytes that are not UTF-8 are replaced, as Check Database does.
fn string(row: &Row, column: usize) -> Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Null | ValueRef::Blob(_) => String::new(),
    })
}

/// The tags of a note.
pub(super) fn each_tag(tags: &str) -> impl Iterator<Item = &str> {
    tags.split([' ', '\u{3000}']).filter(|tag| !tag.is_empty())
}

/// Tags as clients store them: one space between, before and after (`storage-tables` 3).
fn canonical_tags(tags: &str) -> String {
    let mut canonical = String::with_capacity(tags.len() + 2);
    for tag in each_tag(tags) {
        canonical.push(' ');
        canonical.push_str(tag);
    }
    if !canonical.is_empty() {
        canonical.push(' ');
    }
    canonical
}

#[cfg(test)]
mod tests {
    use super::canonical_tags;

    #[test]
    fn tags_keep_order_and_duplicates_and_get_single_blanks() {
        assert_eq!(canonical_tags("b  a\u{3000}a"), " b a a ");
        assert_eq!(canonical_tags(" x "), " x ");
        assert_eq!(canonical_tags("  "), "");
    }
}
