//! The small objects: notetypes, decks, presets, tags and config (`collection-sync` 3.5, 6.3-6.7).

use std::collections::HashSet;

use deckport_wire::{Changes, Deck, DecksAndPresets, Notetype, Preset, Received, ReceivedChanges};
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
    received: ReceivedChanges,
) -> Result<Changes> {
    let mut answer = collect(conn, sync)?;
    sync.counts.received += count_received(&received);
    sync.suspects.note_decks(&received);
    let offered = Offered::of(&received);
    let won = merge(conn, sync, received)?;
    answer.notetypes.retain(|notetype| !won.notetypes.contains(&notetype.id));
    answer.decks.0.retain(|deck| !won.decks.contains(&deck.id));
    answer.decks.1.retain(|preset| !won.presets.contains(&preset.id));
    send_winners(conn, &mut answer, &offered, &won)?;
    sync.counts.sent += count(&answer);
    Ok(answer)
}

/// Ids of what the client sent.
struct Offered {
    notetypes: Vec<i64>,
    decks: Vec<i64>,
    presets: Vec<i64>,
}

impl Offered {
    fn of(received: &ReceivedChanges) -> Offered {
        let (decks, presets) = &received.decks;
        Offered {
            notetypes: received.notetypes.iter().map(|sent| sent.object().id).collect(),
            decks: decks.iter().map(|sent| sent.object().id).collect(),
            presets: presets.iter().map(|sent| sent.object().id).collect(),
        }
    }
}

/// Adds ours of each object whose client version lost, also where the client should know it:
/// a device whose clock is behind edits what it has and is still the older one. It would keep its
/// version for ever.
fn send_winners(
    conn: &Connection,
    answer: &mut Changes,
    offered: &Offered,
    won: &ClientWon,
) -> Result<()> {
    for id in &offered.notetypes {
        if !won.notetypes.contains(id) && answer.notetypes.iter().all(|sent| sent.id != *id) {
            answer.notetypes.extend(notetypes::get(conn, *id)?);
        }
    }
    let DecksAndPresets(sent_decks, sent_presets) = &mut answer.decks;
    for id in &offered.decks {
        if !won.decks.contains(id) && sent_decks.iter().all(|sent| sent.id != *id) {
            sent_decks.extend(decks::get(conn, *id)?);
        }
    }
    for id in &offered.presets {
        if !won.presets.contains(id) && sent_presets.iter().all(|sent| sent.id != *id) {
            sent_presets.extend(presets::get(conn, *id)?);
        }
    }
    Ok(())
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

fn merge(conn: &Connection, sync: &ServerSync, received: ReceivedChanges) -> Result<ClientWon> {
    let mut won = ClientWon::default();
    for notetype in received.notetypes {
        won.notetypes.extend(merge_notetype(conn, sync, notetype)?);
    }
    let (decks, presets) = received.decks;
    for deck in decks {
        won.decks.extend(merge_deck(conn, sync, deck)?);
    }
    for preset in presets {
        won.presets.extend(merge_preset(conn, sync, preset)?);
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

/// Returns the id if the client's version was taken. What it did not send stays as it is here:
/// an old client does not know all there is.
fn merge_notetype(
    conn: &Connection,
    sync: &ServerSync,
    notetype: Received<Notetype>,
) -> Result<Option<i64>> {
    let sent = notetype.object();
    let id = sent.id;
    let notetype = match notetypes::get(conn, id)? {
        None => sent.clone(),
        Some(stored) if stored.modified > sent.modified => return Ok(None),
        Some(stored) => {
            let same_shape = stored.fields.len() == sent.fields.len()
                && stored.templates.len() == sent.templates.len();
            if !same_shape {
                return Err(Error::conflict(
                    "a notetype has another number of fields or card templates than here",
                ));
            }
            notetype.completed_by(&stored)
        }
    };
    notetypes::store(conn, &notetype, sync.usn, sync.now_secs)?;
    Ok(Some(id))
}

/// The same for a deck.
fn merge_deck(conn: &Connection, sync: &ServerSync, deck: Received<Deck>) -> Result<Option<i64>> {
    let id = deck.object().id;
    let deck = match decks::get(conn, id)? {
        None => deck.object().clone(),
        Some(stored) if stored.modified > deck.object().modified => return Ok(None),
        Some(stored) => deck.completed_by(&stored),
    };
    decks::store(conn, &deck, sync.usn, sync.now_secs)?;
    Ok(Some(id))
}

/// The same for a preset.
fn merge_preset(
    conn: &Connection,
    sync: &ServerSync,
    preset: Received<Preset>,
) -> Result<Option<i64>> {
    let id = preset.object().id;
    let preset = match presets::get(conn, id)? {
        None => preset.object().clone(),
        Some(stored) if stored.modified > preset.object().modified => return Ok(None),
        Some(stored) => preset.completed_by(&stored),
    };
    presets::store(conn, &preset, sync.usn)?;
    Ok(Some(id))
}

fn count_received(changes: &ReceivedChanges) -> u64 {
    let (decks, presets) = &changes.decks;
    (changes.notetypes.len() + decks.len() + presets.len() + changes.tags.len()) as u64
}

fn count(changes: &Changes) -> u64 {
    let DecksAndPresets(decks, presets) = &changes.decks;
    (changes.notetypes.len() + decks.len() + presets.len() + changes.tags.len()) as u64
}
