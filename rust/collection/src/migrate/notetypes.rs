//! Turns the notetypes' column into rows of three tables (`storage-migrate` 1, step 6).

use deckport_wire::Notetype;
use rusqlite::Connection;
use std::collections::HashSet;

use super::columns::{by_id, object, with_column};
use super::error::{UpgradeError, Upgraded};
use super::names::{Names, normalise};
use super::upgrade::Stamp;
use crate::objects::notetypes;

const WHAT: &str = "notetype";

/// Stores every notetype of the column.
pub(super) fn from_column(conn: &Connection, stamp: Stamp) -> Upgraded<()> {
    with_column(conn, "models", |json| {
        let entries = by_id("models", json)?;
        let mut ids: HashSet<i64> = entries.iter().map(|(key, _)| *key).collect();
        let mut names = Names::default();
        for (key, json) in entries {
            let mut notetype: Notetype = object(WHAT, key, json.get())?;
            // Notes have always found their notetype by the key. It is the same in sound files.
            notetype.id = key;
            if key == 0 {
                notetype.id = free_id(&mut ids, stamp);
                conn.execute("UPDATE notes SET mid = ?1 WHERE mid = 0", [notetype.id])?;
            }
            store(conn, notetype, &mut names, stamp)?;
        }
        Ok(())
    })
}

/// 0 has been seen in the wild, but stands for "no notetype".
fn free_id(ids: &mut HashSet<i64>, stamp: Stamp) -> i64 {
    let mut id = stamp.now_ms.max(1);
    while !ids.insert(id) {
        id += 1;
    }
    id
}

fn store(
    conn: &Connection,
    mut notetype: Notetype,
    names: &mut Names,
    stamp: Stamp,
) -> Upgraded<()> {
    let mut usn = notetype.usn.max(0);
    if make_unique(&mut notetype, names) {
        // Devices have other names so far.
        (notetype.modified, usn) = (stamp.now_secs(), stamp.usn);
    }
    let id = notetype.id;
    notetypes::store(conn, &notetype, usn, stamp.now_secs())
        .map_err(|error| UpgradeError::of_object(WHAT, id, error))
}

/// Gives the notetype and its parts unique names. Returns whether one was in use.
fn make_unique(notetype: &mut Notetype, names: &mut Names) -> bool {
    let mut changed = false;
    let mut taken = Names::default();
    for (ord, template) in (0..).zip(&mut notetype.templates) {
        normalise(&mut template.name);
        changed |= taken.take(&mut template.name, '+', ord);
    }
    let mut taken = Names::default();
    for (ord, field) in (0..).zip(&mut notetype.fields) {
        normalise(&mut field.name);
        changed |= taken.take(&mut field.name, '+', ord);
    }
    normalise(&mut notetype.name);
    changed | names.take(&mut notetype.name, '_', notetype.id)
}
