//! Merging the config key by key (`collection-sync` 13.6).
//!
//! A client sends its whole config, or none. Which keys it changed shows only in comparison
//! with what it last received. That is the config as it was at the client's usn, and a small file
//! beside the collection remembers what was there before each change. Without it, nothing that the
//! client lacks counts as removed.
//!
//! The file is on disk before the sync is committed: it may list changes that did not happen,
//! with values that are still there, which is harmless. The reverse would not be.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use deckport_ground::durable::sync_folder_of;
use deckport_ground::files::{beside, write_whole};
use deckport_wire::{ConfigMap, TimestampSecs, Usn};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::ServerSync;
use crate::error::Result;
use crate::objects::config;

/// After the name of the collection file.
const SUFFIX: &str = ".settings";
/// How much is remembered; the oldest goes first.
const MOST_BYTES: usize = 256 << 10;
const MOST_CHANGES: usize = 4000;

/// All settings at one time: the values as their own texts, and the collection's creation time,
/// which travels with them.
#[derive(Debug, Default)]
pub(super) struct Settings {
    values: ConfigMap,
    creation: Option<TimestampSecs>,
}

impl Settings {
    pub(super) fn of_client(values: ConfigMap, creation: Option<TimestampSecs>) -> Settings {
        Settings { values, creation }
    }

    fn read(conn: &Connection) -> Result<Settings> {
        let creation = conn.query_row("SELECT crt FROM col", [], |row| row.get(0))?;
        Ok(Settings { values: config::all(conn)?, creation: Some(creation) })
    }

    fn get(&self, key: &str) -> Option<Value> {
        self.values.get(key).and_then(|text| serde_json::from_str(text.get()).ok())
    }

    fn keys<'a>(&'a self, other: &'a Settings) -> BTreeSet<&'a String> {
        self.values.keys().chain(other.values.keys()).collect()
    }
}

/// What settings were before they changed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct History {
    #[serde(skip)]
    path: PathBuf,
    #[serde(skip)]
    begin: Settings,
    /// Nothing of it is written yet.
    #[serde(skip)]
    is_new: bool,
    /// The schema time of the collection that it belongs to.
    schema_modified: i64,
    /// Changes of earlier syncs are not known.
    since: Usn,
    /// Oldest first.
    changes: Vec<Change>,
    /// The last sync in which a deck or notetype gave up its name.
    names_moved: Option<Usn>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Change {
    usn: Usn,
    /// `None`: the creation time.
    key: Option<String>,
    before: Option<Box<RawValue>>,
    /// Another program changed it here: nobody knows what was there before.
    #[serde(default)]
    foreign: bool,
}

/// What a client had, as far as that is known.
enum Before {
    Unknown,
    Known(Option<Value>),
    /// Of a key that another program changed here since.
    Foreign,
}

impl History {
    /// Reads what is known; must be called before the sync changes anything.
    pub(super) fn begin(conn: &Connection, usn: Usn) -> Result<History> {
        let schema_modified = conn.query_row("SELECT scm FROM col", [], |row| row.get(0))?;
        let path = conn.path().filter(|path| !path.is_empty()).map(Path::new);
        let path = path.map(|path| beside(path, SUFFIX)).unwrap_or_default();
        let stored = fs::read(&path).ok();
        let known = stored.and_then(|json| serde_json::from_slice::<History>(&json).ok());
        let of_this =
            |history: &History| history.schema_modified == schema_modified && history.since <= usn;
        let mut history = known.filter(of_this).unwrap_or(History {
            is_new: true,
            schema_modified,
            since: usn,
            ..History::default()
        });
        (history.path, history.begin) = (path, Settings::read(conn)?);
        Ok(history)
    }

    /// The value that a client of this usn last received. `key`: see [`Change`].
    fn before(&self, usn: Usn, key: Option<&str>, now: impl FnOnce() -> Option<Value>) -> Before {
        if usn < self.since {
            return Before::Unknown;
        }
        let change = self.changes.iter().find(|old| old.usn >= usn && old.key.as_deref() == key);
        match change {
            None => Before::Known(now()),
            Some(change) if change.foreign => Before::Foreign,
            Some(change) => {
                let text = change.before.as_ref();
                Before::Known(text.and_then(|text| serde_json::from_str(text.get()).ok()))
            }
        }
    }

    /// A deck or notetype gives up its name in the sync with this usn.
    pub(super) fn note_moved_names(&mut self, usn: Usn) {
        self.names_moved = Some(usn);
    }

    /// Whether any has done that since a client of this usn last synced, as far as that is known.
    pub(super) fn names_moved(&self, usn: Usn) -> bool {
        usn < self.since || self.names_moved.is_some_and(|moved| moved >= usn)
    }

    /// Remembers what the sync changed, on disk. When nothing changed, only the time since when
    /// that is so is written: it is all that is known of a device whose next sync comes late.
    pub(super) fn keep(mut self, conn: &Connection, usn: Usn) -> Result<()> {
        let end = Settings::read(conn)?;
        let old = self.changes.len();
        let begin = std::mem::take(&mut self.begin);
        for key in begin.keys(&end) {
            if begin.get(key) != end.get(key) {
                let before = begin.values.get(key).cloned();
                self.changes.push(Change { usn, key: Some(key.clone()), before, foreign: false });
            }
        }
        if begin.creation != end.creation {
            let before = serde_json::value::to_raw_value(&begin.creation)?;
            self.changes.push(Change { usn, key: None, before: Some(before), foreign: false });
        }
        let nothing_new =
            !self.is_new && self.changes.len() == old && self.names_moved != Some(usn);
        if nothing_new { Ok(()) } else { self.store() }
    }

    fn store(&mut self) -> Result<()> {
        self.forget_oldest();
        if self.path.as_os_str().is_empty() { Ok(()) } else { self.write() }
    }

    fn forget_oldest(&mut self) {
        let size = |change: &Change| {
            change.key.as_ref().map_or(0, String::len)
                + change.before.as_ref().map_or(0, |text| text.get().len())
        };
        let mut bytes: usize = self.changes.iter().map(size).sum();
        let mut count = self.changes.len();
        let mut gone = 0;
        for change in &self.changes {
            if bytes <= MOST_BYTES && count <= MOST_CHANGES {
                break;
            }
            (bytes, count, gone) = (bytes - size(change), count - 1, gone + 1);
            self.since = change.usn.saturating_add(1);
        }
        self.changes.drain(..gone);
    }

    fn write(&self) -> Result<()> {
        let json = serde_json::to_vec(self)?;
        write_whole(&self.path, |file| file.write_all(&json))?;
        Ok(sync_folder_of(&self.path)?)
    }
}

/// Notes what another program changed, by what it left pending, as changes of the sync with this usn.
/// Nobody knows what such a setting was: its present value counts for all devices, as theirs does
/// where they sync later.
pub(crate) fn note_foreign(conn: &Connection, usn: Usn) -> Result<()> {
    let mut statement = conn.prepare("SELECT KEY FROM config WHERE usn < 0")?;
    let keys = statement.query_map([], |row| row.get(0))?;
    let keys: Vec<String> = keys.collect::<rusqlite::Result<_>>()?;
    let named = "SELECT EXISTS (SELECT 1 FROM decks WHERE usn < 0)
                 OR EXISTS (SELECT 1 FROM notetypes WHERE usn < 0)";
    let may_move: bool = conn.query_row(named, [], |row| row.get(0))?;
    if keys.is_empty() && !may_move {
        return Ok(());
    }
    let mut history = History::begin(conn, usn)?;
    let foreign = |key| Change { usn, key: Some(key), before: None, foreign: true };
    history.changes.extend(keys.into_iter().map(foreign));
    if may_move {
        history.note_moved_names(usn);
    }
    history.store()
}

/// Takes what the client changed, and returns whether it lacks anything of the result. Where both
/// sides changed a key, the client's value counts: its device syncs later.
pub(super) fn merge(conn: &Connection, sync: &ServerSync, sent: &Settings) -> Result<bool> {
    let ours = Settings::read(conn)?;
    let mut differs = false;
    for key in ours.keys(sent) {
        let (mine, theirs) = (ours.get(key), sent.get(key));
        if mine == theirs {
            continue;
        }
        let changed = match sync.history.before(sync.client_usn, Some(key), || mine.clone()) {
            Before::Unknown => theirs.is_some(),
            Before::Known(before) => before != theirs,
            Before::Foreign => false,
        };
        if !changed {
            differs = true;
        } else if let Some(text) = sent.values.get(key) {
            config::put(conn, key, text.get(), sync.usn, sync.now_secs)?;
        } else {
            config::remove(conn, key)?;
        }
    }
    Ok(merge_creation(conn, sync, &ours, sent)? || differs)
}

fn merge_creation(
    conn: &Connection,
    sync: &ServerSync,
    ours: &Settings,
    sent: &Settings,
) -> Result<bool> {
    let (Some(mine), Some(theirs)) = (ours.creation, sent.creation) else { return Ok(false) };
    if mine == theirs {
        return Ok(false);
    }
    let before = sync.history.before(sync.client_usn, None, || Some(mine.into()));
    if matches!(before, Before::Known(Some(before)) if before.as_i64() == Some(theirs)) {
        return Ok(true);
    }
    conn.execute("UPDATE col SET crt = ?1", [theirs])?;
    Ok(false)
}
