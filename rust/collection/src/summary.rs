//! What a person wants to know about a collection at a glance.

use rusqlite::Connection;

use crate::collection::Collection;
use crate::error::Result;
use crate::sync::day::DayClock;

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

/// What a collection holds and what is due today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overview {
    /// How much there is.
    pub summary: Summary,
    /// Cards in learning or review that are due until the collection's day ends. New cards are left
    /// out, since their number depends on the limits of each deck.
    pub due_today: u64,
    /// Last modification of anything, Unix milliseconds; 0 if never.
    pub modified_ms: i64,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// Learning cards have a time in seconds in `due`, reviews a day number; suspended and buried
/// cards have other queues (`storage` 3).
const DUE: &str = "SELECT count(*) FROM cards
                   WHERE (queue = 1 AND due < ?1) OR (queue IN (2, 3) AND due <= ?2)";

impl Collection {
    /// Counts notes, cards and reviews.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn summary(&self) -> Result<Summary> {
        summarise(self.conn())
    }

    /// What a person wants to know at a glance; `now_ms` decides what is due today.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn overview(&self, now_ms: i64) -> Result<Overview> {
        let conn = self.conn();
        let now = now_ms.div_euclid(1000);
        let clock = DayClock::of(conn)?;
        let bounds = (clock.next_day_at(now), clock.today(now));
        let due: i64 = conn.query_row(DUE, bounds, |row| row.get(0))?;
        Ok(Overview {
            summary: summarise(conn)?,
            due_today: due.unsigned_abs(),
            modified_ms: self.state()?.modified_ms,
            bytes: std::fs::metadata(self.path())?.len(),
        })
    }
}
