//! What a person wants to know about a collection at a glance.

use rusqlite::Connection;

use crate::error::Result;

/// Counts of a collection, cheap enough to be taken after every sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Number of notes.
    pub notes: u64,
    /// Number of cards.
    pub cards: u64,
    /// Number of reviews in the history.
    pub reviews: u64,
    /// Time of the newest review, Unix milliseconds.
    pub last_review_ms: Option<i64>,
}

/// Counts the rows of `conn`'s collection.
pub(crate) fn summarise(conn: &Connection) -> Result<Summary> {
    // One statement, so that all numbers belong to the same state.
    let sql = "SELECT (SELECT count(*) FROM notes), (SELECT count(*) FROM cards),
                      (SELECT count(*) FROM revlog), (SELECT max(id) FROM revlog)";
    let summary = conn.query_row(sql, [], |row| {
        let count = |index: usize| row.get::<_, i64>(index).map(i64::unsigned_abs);
        Ok(Summary {
            notes: count(0)?,
            cards: count(1)?,
            reviews: count(2)?,
            last_review_ms: row.get(3)?,
        })
    })?;
    Ok(summary)
}
