//! Equal names made on two devices (`collection-sync` 6.3, 6.4, 13.5).
//!
//! A device that receives an object whose name it has renames the received one by itself, and tells
//! nobody. So the endpoint never sends such a name: it renames its own object before it stores the
//! client's, and sends it in the same answer. All devices end with the names that are stored here.
//!
//! A name that one object gave up may have become another's, and a device hears of both in one
//! list. So that no order can be wrong, it first gets both under other names: see
//! [`send_aside_first`].

use std::collections::HashSet;

use deckport_wire::{Deck, Notetype, Preset, TimestampSecs, Usn};
use rusqlite::{Connection, OptionalExtension};

use crate::error::Result;
use crate::names::stored_deck_name;

/// Objects whose names are unique among themselves.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    table: &'static str,
    /// The name as it is stored.
    stored: fn(&str) -> String,
}

pub(super) const NOTETYPES: Kind = Kind { table: "notetypes", stored: str::to_owned };
pub(super) const DECKS: Kind = Kind { table: "decks", stored: stored_deck_name };

/// What the merging of names needs to know of an object.
pub(super) trait Named: Sized {
    fn id(&self) -> i64;
    fn name(&self) -> &str;
    fn modified(&self) -> TimestampSecs;
    /// The same a second earlier, under a name that no other object has.
    fn aside(&self) -> Self;
}

macro_rules! named {
    ($($object:ty),*) => {$(
        impl Named for $object {
            fn id(&self) -> i64 {
                self.id
            }
            fn name(&self) -> &str {
                &self.name
            }
            fn modified(&self) -> TimestampSecs {
                self.modified
            }
            fn aside(&self) -> Self {
                let name = format!("renaming {}", self.id);
                Self { name, modified: self.modified.saturating_sub(1), ..self.clone() }
            }
        }
    )*};
}
named!(Notetype, Deck, Preset);

/// Sends each object twice, first under a name of its own: when a device comes to the real names,
/// none of them is taken any more. A version that is a second older makes both count as newer than
/// what the device has.
pub(super) fn send_aside_first<T: Named>(list: &mut Vec<T>) {
    if list.len() > 1 {
        let aside: Vec<T> = list.iter().map(Named::aside).collect();
        list.splice(0..0, aside);
    }
}

/// Whether storing these objects takes a name away from any object that has one here.
pub(super) fn will_move<T: Named>(conn: &Connection, kind: Kind, winners: &[T]) -> Result<bool> {
    let sql = format!("SELECT name FROM {} WHERE id = ?1", kind.table);
    for winner in winners {
        let name = (kind.stored)(winner.name());
        let old: Option<String> =
            conn.prepare_cached(&sql)?.query_row([winner.id()], |row| row.get(0)).optional()?;
        let renamed = old.is_some_and(|old| old != name);
        if renamed || owner(conn, kind, &name, winner.id())?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Frees the names of objects that are about to be stored: other objects of ours that have one get
/// `+` until the name is free, and count as changed in this sync. Returns the ids of those.
///
/// The stored versions of `winners` lose their names altogether, so that they can swap them.
pub(super) fn make_room<T: Named>(
    conn: &Connection,
    kind: Kind,
    winners: &[T],
    usn: Usn,
) -> Result<Vec<i64>> {
    let ids: HashSet<i64> = winners.iter().map(Named::id).collect();
    let mut crowded = Vec::new();
    for winner in winners {
        if let Some(id) = owner(conn, kind, &(kind.stored)(winner.name()), winner.id())? {
            crowded.push(id);
        }
    }
    if crowded.is_empty() {
        return Ok(crowded);
    }
    let free = format!("UPDATE {} SET name = char(1) || id WHERE id = ?1", kind.table);
    for id in &ids {
        conn.prepare_cached(&free)?.execute([id])?;
    }
    let wanted: Vec<String> = winners.iter().map(|winner| (kind.stored)(winner.name())).collect();
    crowded.retain(|id| !ids.contains(id));
    crowded.sort_unstable();
    crowded.dedup();
    for id in &crowded {
        rename(conn, kind, *id, &wanted, usn)?;
    }
    Ok(crowded)
}

fn rename(conn: &Connection, kind: Kind, id: i64, wanted: &[String], usn: Usn) -> Result<()> {
    let sql = format!("SELECT name FROM {} WHERE id = ?1", kind.table);
    let mut name: String = conn.prepare_cached(&sql)?.query_row([id], |row| row.get(0))?;
    loop {
        name.push('+');
        let is_wanted = wanted.iter().any(|other| crate::collation::compare(other, &name).is_eq());
        if !is_wanted && owner(conn, kind, &name, id)?.is_none() {
            break;
        }
    }
    // Two seconds later is enough for devices that have it to take the name (and the object aside
    // before), and an edit of it that another device has not sent yet still wins.
    let sql = format!(
        "UPDATE {} SET name = ?1, mtime_secs = mtime_secs + 2, usn = ?2 WHERE id = ?3",
        kind.table
    );
    conn.prepare_cached(&sql)?.execute((name, usn, id))?;
    Ok(())
}

/// Another object than `id` that has this (stored) name.
fn owner(conn: &Connection, kind: Kind, name: &str, id: i64) -> Result<Option<i64>> {
    let sql = format!("SELECT id FROM {} WHERE name = ?1 AND id != ?2", kind.table);
    let found = conn.prepare_cached(&sql)?.query_row((name, id), |row| row.get(0)).optional()?;
    Ok(found)
}

/// Whether a name was stored differently from the client's: put in order, or with a `+` since the
/// client itself has two that are equal here. Then the stored object is made newer than the
/// client's.
pub(super) fn differs<T: Named>(conn: &Connection, kind: Kind, sent: &T, usn: Usn) -> Result<bool> {
    let sql = format!("SELECT name FROM {} WHERE id = ?1", kind.table);
    let name: String = conn.prepare_cached(&sql)?.query_row([sent.id()], |row| row.get(0))?;
    if name.replace('\u{1f}', "::") == sent.name() {
        return Ok(false);
    }
    let sql = format!("UPDATE {} SET mtime_secs = ?1, usn = ?2 WHERE id = ?3", kind.table);
    let modified = sent.modified().saturating_add(2);
    conn.prepare_cached(&sql)?.execute((modified, usn, sent.id()))?;
    Ok(true)
}
