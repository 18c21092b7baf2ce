//! What two devices can leave behind together though each did nothing wrong.
//!
//! A deletion names every object it takes along, as far as that device knew them. So a card that
//! another device added meanwhile can lose its note, and a card or deck that was moved meanwhile
//! its deck or parent. Released endpoints keep such rows until somebody runs Check Database.
//! Here the last step of a sync mends them (`storage-check` rules 8, 9, 24) and marks what it
//! changed as news for every device, the one that is syncing included.

use std::collections::BTreeSet;

use deckport_wire::objects::{DeckKind, NormalDeck};
use deckport_wire::{Card, Deck, Graves, ReceivedChanges, TimestampSecs, Usn};
use rusqlite::{Connection, OptionalExtension};

use super::graves;
use crate::error::Result;
use crate::objects::decks;

/// Out of a filtered deck, as clients do it: the old due comes back, and the queue follows from
/// the card's type unless the card is suspended or buried (`storage-tables` 4).
const SEND_HOME: &str = "
UPDATE cards SET
    did = odid, odid = 0, odue = 0, mod = ?2, usn = ?3,
    due = CASE WHEN odue != 0 THEN odue ELSE due END,
    queue = CASE
        WHEN queue < 0 THEN queue
        WHEN type = 0 THEN 0
        WHEN type = 2 THEN 2
        WHEN (CASE WHEN odue != 0 THEN odue ELSE due END) > 1000000000 THEN 1
        ELSE 3 END
WHERE id = ?1 AND EXISTS (SELECT 1 FROM decks WHERE decks.id = cards.odid)";

/// Where to look: objects of this sync that can have orphaned others.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    deleted_notes: BTreeSet<i64>,
    deleted_decks: BTreeSet<i64>,
    /// The decks of received cards.
    decks_of_cards: BTreeSet<i64>,
    cards_added: bool,
    decks_changed: bool,
    everything: bool,
}

impl Suspects {
    /// Nothing is above suspicion.
    fn everything() -> Suspects {
        Suspects { cards_added: true, decks_changed: true, everything: true, ..Suspects::default() }
    }

    /// Where to look for cards: as many as a sync brings, or all.
    fn cards(&self) -> &'static str {
        if self.everything { "usn >= 0 OR usn != ?1" } else { "usn = ?1" }
    }

    /// Remembers deletions.
    pub(super) fn note_graves(&mut self, graves: &Graves) {
        self.deleted_notes.extend(&graves.notes);
        self.deleted_decks.extend(&graves.decks);
    }

    /// Remembers a received card. `added`: it was not here before. One that was has its note, and
    /// is the only one of its kind: so reviews, which are what most syncs bring, lead to no search.
    pub(super) fn note_card(&mut self, card: &Card, added: bool) {
        self.cards_added |= added;
        self.decks_of_cards.insert(card.deck_id);
    }

    /// Whether a received card is in a deck that does not exist.
    fn decks_missing(&self, conn: &Connection) -> Result<bool> {
        for deck in &self.decks_of_cards {
            if decks::get(conn, *deck)?.is_none() {
                return Ok(true);
            }
        }
        Ok(self.everything)
    }

    /// Remembers whether decks arrived.
    pub(super) fn note_decks(&mut self, changes: &ReceivedChanges) {
        self.decks_changed |= !changes.decks.0.is_empty();
    }
}

/// Mends what this sync (`usn`) left behind; repairs are stored with `next_usn`. Returns whether
/// anything was changed.
pub(super) fn repair(
    conn: &Connection,
    suspects: &Suspects,
    usn: Usn,
    next_usn: Usn,
    now: TimestampSecs,
) -> Result<bool> {
    let mut healed = remove_cards_without_note(conn, suspects, usn, next_usn)?;
    if suspects.cards_added {
        healed |= remove_second_cards(conn, suspects, usn, next_usn)?;
    }
    healed |= home_cards_without_deck(conn, suspects, usn, next_usn, now)?;
    if suspects.decks_changed || !suspects.deleted_decks.is_empty() || healed {
        healed |= add_missing_parents(conn, next_usn, now)?;
    }
    Ok(healed)
}

/// Mends a whole collection, as an uploaded one may need: a device uploads what it has, even when a
/// repair was still to reach it. What changes is news for that device, too.
///
/// # Errors
/// When the database cannot be used; nothing is changed then.
pub fn mend_all(conn: &Connection, now: TimestampSecs) -> Result<bool> {
    let changes = conn.unchecked_transaction()?;
    let usn: Usn = changes.query_row("SELECT usn FROM col", [], |row| row.get(0))?;
    let healed = repair(&changes, &Suspects::everything(), usn, usn, now)?;
    if healed {
        changes.execute("UPDATE col SET mod = mod + 1, usn = usn + 1", [])?;
        changes.commit()?;
    }
    Ok(healed)
}

/// Cards of deleted objects whose note (or deck) does not exist, and those of this sync where
/// `of_sync` says which these are.
fn cards_without(
    conn: &Connection,
    (table, column): (&str, &str),
    of_sync: Option<(&str, Usn)>,
    deleted: &BTreeSet<i64>,
) -> Result<Vec<i64>> {
    let alone = format!("NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.id = cards.{column})");
    let mut cards = Vec::new();
    if let Some((which, usn)) = of_sync {
        let of_sync = format!("SELECT id FROM cards WHERE ({which}) AND {alone}");
        cards = ids(conn, &of_sync, i64::from(usn))?;
    }
    let of_deleted = format!("SELECT id FROM cards WHERE {column} = ?1 AND {alone}");
    for id in deleted {
        cards.extend(ids(conn, &of_deleted, *id)?);
    }
    Ok(cards)
}

fn remove_cards_without_note(
    conn: &Connection,
    suspects: &Suspects,
    usn: Usn,
    next_usn: Usn,
) -> Result<bool> {
    let of_sync = suspects.cards_added.then_some((suspects.cards(), usn));
    let orphans = cards_without(conn, ("notes", "nid"), of_sync, &suspects.deleted_notes)?;
    for card in &orphans {
        graves::remove_card(conn, *card, next_usn)?;
    }
    Ok(!orphans.is_empty())
}

/// Two devices that make the same card of a note make it twice. The one that was studied more stays,
/// or else the older one.
fn remove_second_cards(
    conn: &Connection,
    suspects: &Suspects,
    usn: Usn,
    next_usn: Usn,
) -> Result<bool> {
    let doubled = format!(
        "WITH met AS (SELECT DISTINCT nid, ord FROM cards WHERE {})
         SELECT cards.id FROM met JOIN cards ON cards.nid = met.nid AND cards.ord = met.ord
         WHERE EXISTS (SELECT 1 FROM cards AS other
             WHERE other.nid = cards.nid AND other.ord = cards.ord AND other.id != cards.id
             AND (other.reps, -other.id) > (cards.reps, -cards.id))",
        suspects.cards()
    );
    let second = ids(conn, &doubled, i64::from(usn))?;
    for card in &second {
        graves::remove_card(conn, *card, next_usn)?;
    }
    Ok(!second.is_empty())
}

/// A card that was studied in a filtered deck that is gone returns to its home deck; any other
/// card gets its deck back as "recovered…", as Check Database would do.
fn home_cards_without_deck(
    conn: &Connection,
    suspects: &Suspects,
    usn: Usn,
    next_usn: Usn,
    now: TimestampSecs,
) -> Result<bool> {
    let of_sync = suspects.decks_missing(conn)?.then_some((suspects.cards(), usn));
    let lost = cards_without(conn, ("decks", "did"), of_sync, &suspects.deleted_decks)?;
    for card in &lost {
        let sent_home = conn.prepare_cached(SEND_HOME)?.execute((card, now, next_usn))?;
        if sent_home == 0 {
            recover_deck_of(conn, *card, next_usn, now)?;
        }
    }
    Ok(!lost.is_empty())
}

fn recover_deck_of(conn: &Connection, card: i64, next_usn: Usn, now: TimestampSecs) -> Result<()> {
    let deck = conn.query_row("SELECT did FROM cards WHERE id = ?1", [card], |row| row.get(0))?;
    if deck != 0 && decks::get(conn, deck)?.is_none() {
        add_deck(conn, deck, format!("recovered{deck}"), next_usn, now)?;
    }
    Ok(())
}

/// Every `A::B` needs its `A`. Returns whether any was missing.
pub(crate) fn add_missing_parents(
    conn: &Connection,
    next_usn: Usn,
    now: TimestampSecs,
) -> Result<bool> {
    let names: Vec<String> = {
        let mut statement = conn.prepare_cached("SELECT name FROM decks")?;
        let names = statement.query_map([], |row| row.get(0))?;
        names.collect::<rusqlite::Result<_>>()?
    };
    let mut added = false;
    for name in names {
        for (end, _) in name.match_indices('\u{1f}') {
            let parent = &name[..end];
            if !deck_exists(conn, parent)? {
                let id = free_deck_id(conn, now)?;
                add_deck(conn, id, parent.replace('\u{1f}', "::"), next_usn, now)?;
                added = true;
            }
        }
    }
    Ok(added)
}

/// Adds an ordinary deck of this id and (JSON) name.
pub(crate) fn add_deck(
    conn: &Connection,
    id: i64,
    name: String,
    usn: Usn,
    now: TimestampSecs,
) -> Result<()> {
    let deck = Deck {
        id,
        modified: now,
        name,
        collapsed: true,
        browser_collapsed: true,
        kind: DeckKind::Normal(NormalDeck { preset_id: 1, ..NormalDeck::default() }),
        ..Deck::default()
    };
    decks::store(conn, &deck, usn, now)
}

fn deck_exists(conn: &Connection, name: &str) -> Result<bool> {
    let found = conn
        .prepare_cached("SELECT 1 FROM decks WHERE name = ?1")?
        .query_row([name], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Deck ids are creation times in milliseconds, the next higher one where that is taken.
fn free_deck_id(conn: &Connection, now: TimestampSecs) -> Result<i64> {
    let highest: i64 =
        conn.query_row("SELECT coalesce(max(id), 0) FROM decks", [], |row| row.get(0))?;
    Ok((now.saturating_mul(1000)).max(highest.saturating_add(1)))
}

fn ids(conn: &Connection, sql: &str, parameter: i64) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(sql)?;
    let ids = statement.query_map([parameter], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}
