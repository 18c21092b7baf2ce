//! The small objects: notetypes, decks, presets, tags and config (`collection-sync` 3.5, 6.3-6.7).

use std::collections::HashSet;

use deckport_wire::{
    Changes, Deck, DecksAndPresets, Notetype, Preset, Received, ReceivedChanges, Usn,
};
use rusqlite::Connection;

use super::ServerSync;
use super::history::{self, Settings};
use super::names::{self, DECKS, NOTETYPES, Named};
use crate::error::{Error, Result};
use crate::objects::{config, decks, notetypes, presets, tags};

/// What became of the client's objects of one kind.
#[derive(Default)]
struct Merged {
    /// The client's version was taken as it is: ours must not travel back, or two devices would
    /// swap versions that were edited in the same second (`collection-sync` 13.4).
    taken: HashSet<i64>,
    /// Ours differs from the client's version: it must travel, even where the client should
    /// know it. A device whose clock is behind edits what it has and is still the older one; a
    /// name that is taken or not in order changes on its way.
    told: Vec<i64>,
}

/// The same for all kinds.
struct Outcome {
    notetypes: Merged,
    decks: Merged,
    presets: Merged,
    /// The client holds another config than the merged one.
    config_differs: bool,
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
    let outcome = merge(conn, sync, received)?;
    if outcome.config_differs {
        add_config(conn, &mut answer)?;
    }
    let moved = sync.history.names_moved(sync.client_usn);
    let DecksAndPresets(sent_decks, sent_presets) = &mut answer.decks;
    settle(&mut answer.notetypes, &outcome.notetypes, |id| notetypes::get(conn, id))?;
    settle(sent_decks, &outcome.decks, |id| decks::get(conn, id))?;
    settle(sent_presets, &outcome.presets, |id| presets::get(conn, id))?;
    sync.counts.sent += count(&answer);
    if moved {
        names::send_aside_first(&mut answer.notetypes);
        names::send_aside_first(&mut answer.decks.0);
    }
    Ok(answer)
}

/// Turns the list of one kind into what the client must hear.
fn settle<T: Named>(
    list: &mut Vec<T>,
    merged: &Merged,
    get: impl Fn(i64) -> Result<Option<T>>,
) -> Result<()> {
    list.retain(|object| !merged.taken.contains(&object.id()));
    for id in &merged.told {
        list.retain(|object| object.id() != *id);
        list.extend(get(*id)?);
    }
    Ok(())
}

/// Our changes since the client's last sync; the config only when ours is the newer one.
fn collect(conn: &Connection, sync: &ServerSync) -> Result<Changes> {
    let mut changes = Changes {
        notetypes: notetypes::changed_since(conn, sync.client_usn)?,
        decks: DecksAndPresets(
            decks::changed_since(conn, sync.client_usn)?,
            presets::changed_since(conn, sync.client_usn)?,
        ),
        tags: tags::changed_since(conn, sync.client_usn)?,
        config: None,
        creation: None,
    };
    if !sync.client_is_newer {
        add_config(conn, &mut changes)?;
    }
    Ok(changes)
}

fn add_config(conn: &Connection, changes: &mut Changes) -> Result<()> {
    changes.creation = Some(conn.query_row("SELECT crt FROM col", [], |row| row.get(0))?);
    changes.config = Some(config::all(conn)?);
    Ok(())
}

fn merge(conn: &Connection, sync: &mut ServerSync, received: ReceivedChanges) -> Result<Outcome> {
    let (decks, presets) = received.decks;
    let outcome = Outcome {
        notetypes: merge_notetypes(conn, sync, received.notetypes)?,
        decks: merge_decks(conn, sync, decks)?,
        presets: merge_presets(conn, sync, presets)?,
        config_differs: match received.config {
            Some(config) => {
                let sent = Settings::of_client(config, received.creation);
                history::merge(conn, sync, &sent)?
            }
            None => false,
        },
    };
    for tag in &received.tags {
        tags::add(conn, tag, sync.usn)?;
    }
    Ok(outcome)
}

/// Takes the client's notetypes that are not older than ours. The parts of one that it did not send
/// stay as they are here: an old client does not know all there is.
fn merge_notetypes(
    conn: &Connection,
    sync: &mut ServerSync,
    received: Vec<Received<Notetype>>,
) -> Result<Merged> {
    let mut winners = Vec::new();
    let mut merged = Merged::default();
    for sent in received {
        let id = sent.object().id;
        match notetypes::get(conn, id)? {
            None => winners.push(sent.object().clone()),
            Some(stored) if stored.modified > sent.object().modified => merged.told.push(id),
            Some(stored) => {
                check_shape(&stored, sent.object())?;
                winners.push(sent.completed_by(&stored));
            }
        }
    }
    let moved = names::will_move(conn, NOTETYPES, &winners)?;
    let renamed = names::make_room(conn, NOTETYPES, &winners, sync.usn)?;
    for notetype in &winners {
        notetypes::store(conn, notetype, sync.usn, sync.now_secs)?;
    }
    merged.note(conn, NOTETYPES, &winners, renamed, sync.usn)?;
    if moved {
        sync.history.note_moved_names(sync.usn);
    }
    Ok(merged)
}

fn check_shape(stored: &Notetype, sent: &Notetype) -> Result<()> {
    let same =
        stored.fields.len() == sent.fields.len() && stored.templates.len() == sent.templates.len();
    if same {
        return Ok(());
    }
    Err(Error::Notetype("a notetype has another number of fields or card templates than here"))
}

/// The same for decks.
fn merge_decks(
    conn: &Connection,
    sync: &mut ServerSync,
    received: Vec<Received<Deck>>,
) -> Result<Merged> {
    let mut winners = Vec::new();
    let mut merged = Merged::default();
    for sent in received {
        let id = sent.object().id;
        match decks::get(conn, id)? {
            None => winners.push(sent.object().clone()),
            Some(stored) if stored.modified > sent.object().modified => merged.told.push(id),
            Some(stored) => winners.push(sent.completed_by(&stored)),
        }
    }
    let moved = names::will_move(conn, DECKS, &winners)?;
    let renamed = names::make_room(conn, DECKS, &winners, sync.usn)?;
    for deck in &winners {
        decks::store(conn, deck, sync.usn, sync.now_secs)?;
    }
    merged.note(conn, DECKS, &winners, renamed, sync.usn)?;
    if moved {
        sync.history.note_moved_names(sync.usn);
    }
    Ok(merged)
}

/// The same for presets, whose names need not be unique.
fn merge_presets(
    conn: &Connection,
    sync: &ServerSync,
    received: Vec<Received<Preset>>,
) -> Result<Merged> {
    let mut merged = Merged::default();
    for sent in received {
        let id = sent.object().id;
        let preset = match presets::get(conn, id)? {
            None => sent.object().clone(),
            Some(stored) if stored.modified > sent.object().modified => {
                merged.told.push(id);
                continue;
            }
            Some(stored) => sent.completed_by(&stored),
        };
        presets::store(conn, &preset, sync.usn)?;
        merged.taken.insert(id);
    }
    Ok(merged)
}

impl Merged {
    /// Sorts out what was stored: as the client has it, or under another name.
    fn note<T: Named>(
        &mut self,
        conn: &Connection,
        kind: names::Kind,
        winners: &[T],
        renamed: Vec<i64>,
        usn: Usn,
    ) -> Result<()> {
        for winner in winners {
            if names::differs(conn, kind, winner, usn)? {
                self.told.push(winner.id());
            } else {
                self.taken.insert(winner.id());
            }
        }
        let told: HashSet<i64> = self.told.iter().copied().collect();
        self.told.extend(renamed.into_iter().filter(|id| !told.contains(id)));
        Ok(())
    }
}

fn count_received(changes: &ReceivedChanges) -> u64 {
    let (decks, presets) = &changes.decks;
    (changes.notetypes.len() + decks.len() + presets.len() + changes.tags.len()) as u64
}

fn count(changes: &Changes) -> u64 {
    let DecksAndPresets(decks, presets) = &changes.decks;
    (changes.notetypes.len() + decks.len() + presets.len() + changes.tags.len()) as u64
}
