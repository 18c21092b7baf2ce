//! Presets: a column before schema 14, rows with JSON in 14, and blobs from 15 on, whose starting
//! ease was written in two ways.

use deckport_wire::Preset;
use deckport_wire::objects::DeckKind;
use rusqlite::Connection;
use std::collections::HashSet;

use super::columns::{by_id, object, with_column};
use super::error::{UpgradeError, Upgraded};
use super::upgrade::Stamp;
use crate::blobs;
use crate::objects::decks;

const WHAT: &str = "preset";

/// The least ease a card can have. Nobody starts there, but a bug of 2.1.28 - 2.1.33 made presets
/// with a hundredth of the ease (`storage-json` 7).
const MINIMUM_EASE: f32 = 1.3;

/// What such a preset gets.
const DEFAULT_EASE: f32 = 2.5;

/// The highest factor of a card that may come from such a preset; what such a card gets.
const HIGHEST_BAD_FACTOR: u16 = 2000;
const DEFAULT_FACTOR: u16 = 2500;

/// Cards that are looked at by one statement. SQLite remembers the ids of what it changes.
const BATCH: u32 = 10_000;

/// Stores every preset of the column. The key is the preset's id, whatever it says itself
/// (`storage-migrate` 1, step 2).
pub(super) fn from_column(conn: &Connection) -> Upgraded<()> {
    let mut insert = conn.prepare(
        "INSERT INTO deck_config (id, name, mtime_secs, usn, config) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    with_column(conn, "dconf", |json| {
        for (key, json) in by_id("dconf", json)? {
            let preset: Preset = object(WHAT, key, json.get())?;
            let config = blob(key, &preset)?;
            insert.execute((key, &preset.name, preset.modified, preset.usn.max(0), config))?;
        }
        Ok(())
    })
}

/// Turns the JSON in the rows of schema 14 into blobs (`storage-migrate` 1.1).
pub(super) fn from_json_rows(conn: &Connection) -> Upgraded<()> {
    each_config(conn, |id, json| {
        let fault =
            |reason: &str| UpgradeError::Object { what: WHAT, id, reason: reason.to_owned() };
        let json = std::str::from_utf8(json).map_err(|_| fault("it is not JSON"))?;
        Ok(Some(blob(id, &object(WHAT, id, json)?)?))
    })
}

/// Undoes the factor of 100 that schema 15 has on the starting ease.
pub(super) fn divide_ease(conn: &Connection) -> Upgraded<()> {
    each_config(conn, |id, config| changed_ease(id, config, |ease| ease / 100.0))
}

/// Moves two values that schema 17 has elsewhere.
pub(super) fn renumber(conn: &Connection) -> Upgraded<()> {
    each_config(conn, |id, config| {
        let changed = blobs::preset::from_schema17(config);
        changed.map(Some).map_err(|error| UpgradeError::of_object(WHAT, id, error))
    })
}

/// Repairs presets that start with the least ease, and the cards that have it from them
/// (`storage-migrate` 1, step 8).
pub(super) fn repair_ease(conn: &Connection, stamp: Stamp) -> Upgraded<()> {
    let mut bad = HashSet::new();
    each_config(conn, |id, config| {
        let repair = |ease| if ease <= MINIMUM_EASE { DEFAULT_EASE } else { ease };
        let repaired = changed_ease(id, config, repair)?;
        if repaired.is_some() {
            bad.insert(id);
        }
        Ok(repaired)
    })?;
    if bad.is_empty() {
        return Ok(());
    }
    conn.execute_batch("CREATE TEMP TABLE deckport_bad_decks (id integer PRIMARY KEY)")?;
    let mut insert = conn.prepare("INSERT INTO deckport_bad_decks VALUES (?1)")?;
    for deck in decks::changed_since(conn, i32::MIN)? {
        if matches!(&deck.kind, DeckKind::Normal(normal) if bad.contains(&normal.preset_id)) {
            insert.execute([deck.id])?;
        }
    }
    repair_cards(conn, stamp)?;
    conn.execute_batch("DROP TABLE deckport_bad_decks")?;
    Ok(())
}

fn repair_cards(conn: &Connection, stamp: Stamp) -> Upgraded<()> {
    let mut end_of_batch = conn.prepare(&format!(
        "SELECT max(id) FROM (SELECT id FROM cards WHERE id > ?1 ORDER BY id LIMIT {BATCH})"
    ))?;
    let mut repair = conn.prepare(&format!(
        "UPDATE cards SET factor = {DEFAULT_FACTOR}, usn = ?1
         WHERE id > ?2 AND id <= ?3 AND factor BETWEEN 1 AND {HIGHEST_BAD_FACTOR}
             AND (did IN (SELECT id FROM deckport_bad_decks)
                  OR odid IN (SELECT id FROM deckport_bad_decks))"
    ))?;
    let mut done = i64::MIN;
    while let Some(end) = end_of_batch.query_row([done], |row| row.get::<_, Option<i64>>(0))? {
        repair.execute((stamp.usn, done, end))?;
        done = end;
    }
    Ok(())
}

/// The blob of a preset that was JSON. Clients bring its ease through the schemas between, which
/// can cost it the last bit; with the same value they show the same number.
fn blob(id: i64, preset: &Preset) -> Upgraded<Vec<u8>> {
    let blame = |error| UpgradeError::of_object(WHAT, id, error);
    let config = blobs::preset::encode(preset, None).map_err(blame)?;
    Ok(changed_ease(id, &config, |ease| ease * 100.0 / 100.0)?.unwrap_or(config))
}

/// The blob with another starting ease, if it differs.
fn changed_ease(id: i64, config: &[u8], change: impl Fn(f32) -> f32) -> Upgraded<Option<Vec<u8>>> {
    blobs::preset::with_initial_ease(config, change)
        .map_err(|error| UpgradeError::of_object(WHAT, id, error))
}

/// Calls `change` with the id and config of every preset, and stores what it returns.
fn each_config(
    conn: &Connection,
    mut change: impl FnMut(i64, &[u8]) -> Upgraded<Option<Vec<u8>>>,
) -> Upgraded<()> {
    let mut ids = conn.prepare("SELECT id FROM deck_config ORDER BY id")?;
    let ids: Vec<i64> = ids.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut select = conn.prepare("SELECT CAST(config AS BLOB) FROM deck_config WHERE id = ?1")?;
    let mut update = conn.prepare("UPDATE deck_config SET config = ?2 WHERE id = ?1")?;
    for id in ids {
        let config: Vec<u8> = select.query_row([id], |row| row.get(0))?;
        if let Some(changed) = change(id, &config)? {
            update.execute((id, changed))?;
        }
    }
    Ok(())
}
