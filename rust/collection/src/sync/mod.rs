//! The endpoint's half of a normal sync (`collection-sync` 3, 6 to 9).
//!
//! [`ServerSync`] lives from `start` to `finish` or `abort`. One SQLite transaction on the
//! collection's connection is open all that time: until `finish` nothing has happened.

mod changes;
pub(crate) mod day;
mod graves;
pub(crate) mod heal;
pub(crate) mod history;
mod names;
mod outgoing;
mod rows;
mod sanity;

mod shapes;
mod unbury;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use deckport_wire::{
    Changes, Chunk, Graves, ReceivedChanges, SanityCheckResponse, SanityReport, StartRequest,
    TimestampMillis, TimestampSecs, Usn,
};
use rusqlite::Connection;

use crate::error::{Error, Result};
use crate::objects::tags;
pub use heal::mend_all;
use outgoing::OutgoingRows;
use shapes::NotetypeShapes;

/// What moved in one sync, for logs and events.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct SyncCounts {
    /// Objects taken from the client.
    pub received: u64,
    /// Objects sent to the client.
    pub sent: u64,
    /// Deletions in both directions.
    pub deleted: u64,
}

/// A normal sync in progress.
///
/// After any error of a step the caller must call [`ServerSync::abort`]: the transaction may
/// hold half of what the client sent.
#[derive(Debug)]
pub struct ServerSync {
    client_usn: Usn,
    client_is_newer: bool,
    usn: Usn,
    now_secs: TimestampSecs,
    outgoing: Option<OutgoingRows>,
    shapes: NotetypeShapes,
    suspects: heal::Suspects,
    /// What clients last received of the config.
    history: history::History,
    /// Tags of received notes that have been told again in this sync.
    tags_told: BTreeSet<String>,
    counts: SyncCounts,
}

impl ServerSync {
    /// Begins a sync and returns our deletions since the client's last one
    /// (`collection-sync` 3.3).
    ///
    /// # Errors
    /// When the database cannot be read or write-locked. No transaction is left open then.
    pub fn start(
        conn: &Connection,
        request: &StartRequest,
        now_ms: TimestampMillis,
    ) -> Result<(ServerSync, Graves)> {
        conn.execute_batch("BEGIN IMMEDIATE")?;
        let begun = Self::start_in_transaction(conn, request, now_ms);
        if begun.is_err() {
            roll_back(conn)?;
        }
        begun
    }

    fn start_in_transaction(
        conn: &Connection,
        request: &StartRequest,
        now_ms: TimestampMillis,
    ) -> Result<(ServerSync, Graves)> {
        let usn = conn.query_row("SELECT usn FROM col", [], |row| row.get(0))?;
        let now_secs = now_ms.div_euclid(1000);
        let history = history::History::begin(conn, usn)?;
        unbury::release_buried_cards(conn, usn, now_secs)?;
        // Ours are collected before the client's are stored, or it would get its own back.
        let graves = graves::changed_since(conn, request.client_usn)?;
        let mut sync = ServerSync {
            client_usn: request.client_usn,
            client_is_newer: request.client_is_newer,
            usn,
            now_secs,
            outgoing: None,
            shapes: NotetypeShapes::default(),
            suspects: heal::Suspects::default(),
            history,
            tags_told: BTreeSet::new(),
            counts: SyncCounts::default(),
        };
        sync.counts.deleted += graves::count(&graves);
        if let Some(received) = &request.graves {
            sync.apply_graves(conn, received)?;
        }
        Ok((sync, graves))
    }

    /// Deletes what the client deleted (`collection-sync` 6.2).
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn apply_graves(&mut self, conn: &Connection, received: &Graves) -> Result<()> {
        graves::apply(conn, received, self.usn)?;
        self.suspects.note_graves(received);
        self.counts.deleted += graves::count(received);
        Ok(())
    }

    /// Merges the client's small objects and returns ours (`collection-sync` 3.5).
    ///
    /// # Errors
    /// [`Error::Conflict`] when a notetype has another number of fields or templates than ours,
    /// or an object breaks a rule; other errors when the database cannot be used.
    pub fn apply_changes(
        &mut self,
        conn: &Connection,
        received: ReceivedChanges,
    ) -> Result<Changes> {
        let answer = changes::exchange(conn, self, received)?;
        // Notetypes may have changed.
        self.shapes = NotetypeShapes::default();
        Ok(answer)
    }

    /// Returns the next part of our cards, notes and reviews (`collection-sync` 3.6).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn chunk(&mut self, conn: &Connection) -> Result<Chunk> {
        let outgoing = match &mut self.outgoing {
            Some(outgoing) => outgoing,
            None => self.outgoing.insert(OutgoingRows::changed_since(conn, self.client_usn)?),
        };
        let chunk = outgoing.next_chunk(conn)?;
        self.counts.sent += count_rows(&chunk);
        Ok(chunk)
    }

    /// Merges a part of the client's cards, notes and reviews (`collection-sync` 3.7).
    ///
    /// # Errors
    /// [`Error::Conflict`] when a note's notetype does not exist or has another number of
    /// fields; other errors when the database cannot be used.
    pub fn apply_chunk(&mut self, conn: &Connection, received: Chunk) -> Result<()> {
        self.counts.received += count_rows(&received);
        for review in &received.reviews {
            rows::add_review(conn, review, self.usn)?;
        }
        for card in &received.cards {
            let added = rows::merge_card(conn, card, self.client_usn, self.usn)?;
            self.suspects.note_card(card, added);
        }
        for note in &received.notes {
            let shape = self.shapes.get(conn, note.notetype_id)?.ok_or_else(|| {
                Error::Notetype("a note belongs to a notetype that does not exist here")
            })?;
            rows::merge_note(conn, note, shape, self.client_usn, self.usn)?;
            for tag in rows::each_tag(&note.tags) {
                if !self.tags_told.contains(tag) {
                    tags::tell_again(conn, tag, self.usn)?;
                    self.tags_told.insert(tag.to_owned());
                }
            }
        }
        Ok(())
    }

    /// Compares the row counts of both sides (`collection-sync` 9). On "bad" the caller aborts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sanity_check(
        &self,
        conn: &Connection,
        client: &SanityReport,
    ) -> Result<SanityCheckResponse> {
        sanity::check(conn, client)
    }

    /// Commits the sync and returns the collection's new modification time. When this returns,
    /// everything is on disk (`collection-sync` 3.9).
    ///
    /// # Errors
    /// When the database cannot be written; nothing is committed then.
    pub fn finish(self, conn: &Connection, now_ms: TimestampMillis) -> Result<Finished> {
        let previous: TimestampMillis = conn.query_row("SELECT mod FROM col", [], |r| r.get(0))?;
        // The next sync's number: the client that is just finishing gets repairs as well.
        let next_usn = self.usn.saturating_add(1);
        let healed = heal::repair(conn, &self.suspects, self.usn, next_usn, self.now_secs)?;
        self.history.keep(conn, self.usn)?;
        let modified = next_modified(previous, now_ms);
        // A repair is news for the client as well: it must not see "no changes" next time.
        let stored = if healed { modified.saturating_add(1) } else { modified };
        conn.execute("UPDATE col SET mod = ?1, ls = ?1, usn = ?2", (stored, next_usn))?;
        conn.execute_batch("COMMIT")?;
        Ok(Finished { modified, counts: self.counts })
    }

    /// What moved so far.
    #[must_use]
    pub fn counts(&self) -> SyncCounts {
        self.counts
    }

    /// Rolls everything back.
    ///
    /// # Errors
    /// When SQLite cannot roll back.
    pub fn abort(self, conn: &Connection) -> Result<()> {
        roll_back(conn)
    }
}

/// A committed sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// The collection's new modification time, as the client must store it.
    pub modified: TimestampMillis,
    /// What moved.
    pub counts: SyncCounts,
}

/// The collection's next `mod`.
///
/// Devices recognise changes by a different `mod`, so it never repeats, whatever the clock does.
/// And a device sends its config only if its own `mod`, the time of its last edit, is higher than
/// ours. So ours follows no clock, it only counts up: a device that has edited anything since its
/// last sync sends its config, even when others have synced in the meantime (`collection-sync`
/// 13.6).
fn next_modified(previous: TimestampMillis, now_ms: TimestampMillis) -> TimestampMillis {
    if previous == 0 { now_ms } else { previous.saturating_add(1) }
}

/// Ends an open transaction without keeping anything. SQLite may have ended it by itself, e.g.
/// after a full disk.
fn roll_back(conn: &Connection) -> Result<()> {
    if !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK")?;
    }
    Ok(())
}

fn count_rows(chunk: &Chunk) -> u64 {
    (chunk.reviews.len() + chunk.cards.len() + chunk.notes.len()) as u64
}
