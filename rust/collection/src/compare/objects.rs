//! What a collection has few of: decks, notetypes, presets, settings, tags.

use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::words::{counted, part, quoted};
use super::{Difference, Found, How};
use crate::error::Result;
use crate::objects::{config, decks, notetypes, presets, tags};

/// Settings that belong to a device, although a sync carries them when something else changed, too
/// (`collection-sync` 5.8).
const OWN_SETTINGS: [&str; 5] =
    ["activeDecks", "curDeck", "curModel", "lastUnburied", "localOffset"];

/// Keys of objects that mean nothing here: `req` is computed from the templates, and `tags` are
/// what the person last typed in an old client.
const IDLE_KEYS: [&str; 3] = ["usn", "req", "tags"];

/// Reads all objects of a kind.
type Read = fn(&Connection) -> Result<Objects>;

/// What they are called, and how they are read.
pub(super) const KINDS: [(&str, Read); 5] = [
    ("deck", |conn| objects(&decks::changed_since(conn, i32::MIN)?)),
    ("notetype", |conn| objects(&notetypes::changed_since(conn, i32::MIN)?)),
    ("option preset", |conn| objects(&presets::changed_since(conn, i32::MIN)?)),
    ("setting", settings),
    ("tag", tags_of),
];

/// The time from which due dates count, Unix seconds.
pub(super) fn creation(conn: &Connection) -> Result<i64> {
    Ok(conn.query_row("SELECT crt FROM col", [], |row| row.get(0))?)
}

/// Compares that time.
pub(super) fn compare_creation(
    account: &Connection,
    file: &Connection,
    found: &mut Found<'_>,
) -> Result<()> {
    let (ours, theirs) = (creation(account)?, creation(file)?);
    if ours != theirs {
        let parts = vec![part("creation time", &ours.into(), &theirs.into())];
        found(Difference { kind: "collection", object: "itself".into(), how: How::Parts(parts) });
    }
    Ok(())
}

/// Compares all the small objects.
pub(super) fn compare_all(
    account: &Connection,
    file: &Connection,
    found: &mut Found<'_>,
) -> Result<()> {
    for (kind, read) in KINDS {
        compare_kind(kind, &read(account)?, &read(file)?, found);
    }
    Ok(())
}

/// JSON by id or name, and what people call it.
pub(super) type Objects = BTreeMap<String, (String, Value)>;

fn objects(list: &[impl Serialize]) -> Result<Objects> {
    let mut all = Objects::new();
    for object in list {
        let mut value = serde_json::to_value(object)?;
        let id = value.get("id").map(Value::to_string).unwrap_or_default();
        let name = value.get("name").and_then(Value::as_str).map_or_else(|| id.clone(), quoted);
        if let Some(parts) = value.as_object_mut() {
            parts.retain(|key, _| !IDLE_KEYS.contains(&&**key));
        }
        all.insert(id, (name, value));
    }
    Ok(all)
}

fn settings(conn: &Connection) -> Result<Objects> {
    let values = config::all(conn)?.into_iter();
    let shared = values.filter(|(key, _)| !OWN_SETTINGS.contains(&&**key));
    let parsed = |(key, text): (String, Box<serde_json::value::RawValue>)| {
        let name = quoted(&key);
        Ok((key, (name, serde_json::from_str(text.get())?)))
    };
    shared.map(parsed).collect()
}

fn tags_of(conn: &Connection) -> Result<Objects> {
    let names = tags::changed_since(conn, i32::MIN)?.into_iter();
    Ok(names.map(|tag| (tag.clone(), (quoted(&tag), Value::Null))).collect())
}

fn compare_kind(kind: &'static str, account: &Objects, file: &Objects, found: &mut Found<'_>) {
    let ids: BTreeSet<&String> = account.keys().chain(file.keys()).collect();
    for id in ids {
        let (name, how) = match (account.get(id), file.get(id)) {
            (Some((name, ours)), Some((_, theirs))) => {
                if same(ours, theirs) {
                    continue;
                }
                let parts = differing(ours, theirs);
                if parts.is_empty() {
                    continue;
                }
                (name, How::Parts(parts))
            }
            (Some((name, _)), None) => (name, How::OnlyAccount),
            (None, Some((name, _))) => (name, How::OnlyFile),
            (None, None) => continue,
        };
        found(Difference { kind, object: name.clone(), how });
    }
}

/// Numbers count by their value: 1 and 1.0 are the same.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => ours == theirs,
    }
}

/// How two values differ.
fn differing(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut parts = Vec::new();
    if ours.is_object() && theirs.is_object() {
        gather(ours, theirs, "", &mut parts);
    } else {
        parts.push(part("value", ours, theirs));
    }
    parts
}

/// The parts in which two objects differ, each as a path of keys that `words` can say.
fn gather(ours: &Value, theirs: &Value, place: &str, parts: &mut Vec<String>) {
    let (Some(a), Some(b)) = (ours.as_object(), theirs.as_object()) else { return };
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for key in keys {
        let path = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
        let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
        // Clients before 23.12 do not know it, and a file that lacks it reads as false.
        let is_too_old = key == "waitForAudio" && a == true && b == false;
        if is_too_old || is_nothing(a, b) || is_nothing(b, a) || same(a, b) {
            continue;
        }
        match (a, b) {
            (Value::Object(_), Value::Object(_)) => gather(a, b, &path, parts),
            (Value::Array(a), Value::Array(b)) if key == "flds" || key == "tmpls" => {
                gather_list(key, a, b, parts);
            }
            _ => parts.push(part(&path, a, b)),
        }
    }
}

/// Perhaps only one version knows a key. Files do not distinguish `false` from a missing value.
fn is_nothing(absent: &Value, other: &Value) -> bool {
    absent.is_null() && *other == false
}

/// Fields or card types of a notetype.
fn gather_list(key: &str, ours: &[Value], theirs: &[Value], parts: &mut Vec<String>) {
    if ours.len() != theirs.len() {
        parts.push(part(key, &ours.len().into(), &theirs.len().into()));
        return;
    }
    for (a, b) in ours.iter().zip(theirs) {
        let mut inner = Vec::new();
        gather(a, b, key, &mut inner);
        let name = a.get("name").and_then(Value::as_str).unwrap_or_default();
        parts.extend(inner.into_iter().map(|part| counted(key, name, &part)));
    }
}
