//! The small objects: notetypes, decks, presets, tags and config (`collection-sync` 3.5, 6.3-6.7).

use std::collections::HashSet;

use deckport_wire::{Changes, Deck, DecksAndPresets, Notetype, Preset};
use rusqlite::Connection;

use super::ServerSync;
use crate::error::{Error, Result};
use crate::objects::{config, decks, notetypes, presets, tags};

/// Ids that the client's version of won: ours must not travel back, or two devices would swap
/// versions that were edited in the same second (`collection-sync` 13.4).
#[derive(Default)]
struct ClientWon {
    notetypes: HashSet<i64>,
    decks: HashSet<i64>,
    presets: HashSet<i64>,
}

/// Merges what the client sent and returns what it lacks.
pub(super) fn exchange(
    conn: &Connection,
    sync: &mut ServerSync,
    received: Changes,
) -> Result<Changes> {
    let mut answer = collect(conn, sync)?;
    sync.counts.received += count(&received);
    sync.suspects.note_decks(&received);
    let won = merge(conn, sync, received)?;
    answer.notetypes.retain(|notetype| !won.notetypes.contains(&notetype.id));
    answer.decks.0.retain(|deck| !won.decks.contains(&deck.id));
    answer.decks.1.retain(|preset| !won.presets.contains(&preset.id));
    sync.counts.sent += count(&answer);
    Ok(answer)
}

/// Our changes since the client's last sync; the config only when ours is the newer one.
fn collect(conn: &Connection, sync: &ServerSync) -> Result<Changes> {
    let (config, creation) = if sync.client_is_newer {
        (None, None)
    } else {
        let creation = conn.query_row("SELECT crt FROM col", [], |row| row.get(0))?;
        (Some(config::all(conn)?), Some(creation))
    };
    Ok(Changes {
        notetypes: notetypes::changed_since(conn, sync.client_usn)?,
        decks: DecksAndPresets(
            decks::changed_since(conn, sync.client_usn)?,
            presets::changed_since(conn, sync.client_usn)?,
        ),
        tags: tags::changed_since(conn, sync.client_usn)?,
        config,
        creation,
    })
}

fn merge(conn: &Connection, sync: &ServerSync, received: Changes) -> Result<ClientWon> {
    let mut won = ClientWon::default();
    for notetype in &received.notetypes {
        if merge_notetype(conn, sync, notetype)? {
            won.notetypes.insert(notetype.id);
        }
    }
    for deck in &received.decks.0 {
        if merge_deck(conn, sync, deck)? {
            won.decks.insert(deck.id);
        }
    }
    for preset in &received.decks.1 {
        if merge_preset(conn, sync, preset)? {
            won.presets.insert(preset.id);
        }
    }
    for tag in &received.tags {
        tags::add(conn, tag, sync.usn)?;
    }
    if let Some(creation) = received.creation {
        conn.execute("UPDATE col SET crt = ?1", [creation])?;
    }
    if let Some(received) = &received.config {
        config::replace_all(conn, received, sync.usn, sync.now_secs)?;
    }
    Ok(won)
}

/// Returns whether the client's version was taken.
fn merge_notetype(conn: &Connection, sync: &ServerSync, notetype: &Notetype) -> Result<bool> {
    if let Some(stored) = notetypes::version(conn, notetype.id)? {
        if stored.modified_secs > notetype.modified {
            return Ok(false);
        }
        if stored.fields != notetype.fields.len() || stored.templates != notetype.templates.len() {
            return Err(Error::conflict(
                "a notetype has another number of fields or card templates than here",
            ));
        }
    }
    notetypes::store(conn, notetype, sync.usn, sync.now_secs)?;
    Ok(true)
}

fn merge_deck(conn: &Connection, sync: &ServerSync, deck: &Deck) -> Result<bool> {
    if decks::modified_secs(conn, deck.id)?.is_some_and(|stored| stored > deck.modified) {
        return Ok(false);
    }
    decks::store(conn, deck, sync.usn, sync.now_secs)?;
    Ok(true)
}

fn merge_preset(conn: &Connection, sync: &ServerSync, preset: &Preset) -> Result<bool> {
    if presets::modified_secs(conn, preset.id)?.is_some_and(|stored| stored > preset.modified) {
        return Ok(false);
    }
    presets::store(conn, preset, sync.usn)?;
    Ok(true)
}

fn count(changes: &Changes) -> u64 {
    let DecksAndPresets(decks, presets) = &changes.decks;
    (changes.notetypes.len() + decks.len() + presets.len() + changes.tags.len()) as u64
}
