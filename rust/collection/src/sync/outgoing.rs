//! Our cards, notes and reviews on their way to a client (`collection-sync` 3.6).

use deckport_wire::{Chunk, Usn};
use rusqlite::{Connection, OptionalExtension, Row};

use super::rows;
use crate::error::Result;

/// Objects in one chunk. Clients accept any number; four times the usual one saves round trips
/// and stays far below a second of work on a phone.
const MAX_ROWS: usize = 1000;
/// Bytes of note and card text after which a chunk is closed early.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Ids that wait to be sent, fixed at the first `chunk` so that the client's own objects, stored
/// later in the same sync, are not sent back.
#[derive(Debug)]
pub(super) struct OutgoingRows {
    reviews: Vec<i64>,
    cards: Vec<i64>,
    notes: Vec<i64>,
}

impl OutgoingRows {
    /// Everything that changed here since the client's last sync.
    pub(super) fn changed_since(conn: &Connection, usn: Usn) -> Result<OutgoingRows> {
        Ok(OutgoingRows {
            reviews: ids(conn, "SELECT id FROM revlog WHERE usn >= ?1 ORDER BY id DESC", usn)?,
            cards: ids(conn, "SELECT id FROM cards WHERE usn >= ?1 ORDER BY id DESC", usn)?,
            notes: ids(conn, "SELECT id FROM notes WHERE usn >= ?1 ORDER BY id DESC", usn)?,
        })
    }

    /// The next part, oldest objects first.
    pub(super) fn next_chunk(&mut self, conn: &Connection) -> Result<Chunk> {
        let mut budget = Budget { rows: MAX_ROWS, text_bytes: MAX_TEXT_BYTES };
        let mut chunk = Chunk::default();
        take(conn, rows::SELECT_REVIEW, &mut self.reviews, &mut budget, |row| {
            chunk.reviews.push(rows::read_review(row)?);
            Ok(0)
        })?;
        take(conn, rows::SELECT_CARD, &mut self.cards, &mut budget, |row| {
            let card = rows::read_card(row)?;
            let bytes = card.data.len();
            chunk.cards.push(card);
            Ok(bytes)
        })?;
        take(conn, rows::SELECT_NOTE, &mut self.notes, &mut budget, |row| {
            let note = rows::read_note(row)?;
            let bytes = note.fields.len() + note.tags.len() + note.data.len();
            chunk.notes.push(note);
            Ok(bytes)
        })?;
        chunk.done = self.reviews.is_empty() && self.cards.is_empty() && self.notes.is_empty();
        Ok(chunk)
    }
}

struct Budget {
    rows: usize,
    text_bytes: usize,
}

/// Moves rows from the end of `ids` into the chunk while the budget lasts. A row that is gone by
/// now (deleted in this very sync) is skipped.
fn take(
    conn: &Connection,
    select: &str,
    ids: &mut Vec<i64>,
    budget: &mut Budget,
    mut push: impl FnMut(&Row) -> Result<usize>,
) -> Result<()> {
    let mut statement = conn.prepare_cached(select)?;
    while budget.rows > 0 && budget.text_bytes > 0 {
        let Some(id) = ids.pop() else { break };
        let pushed = statement.query_row([id], |row| Ok(push(row))).optional()?.transpose()?;
        if let Some(text_bytes) = pushed {
            budget.rows -= 1;
            budget.text_bytes = budget.text_bytes.saturating_sub(text_bytes);
        }
    }
    Ok(())
}

fn ids(conn: &Connection, sql: &str, usn: Usn) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(sql)?;
    let ids = statement.query_map([usn], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}
