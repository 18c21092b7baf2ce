//! Comparing two collections object by object, for finding out where a device and the endpoint
//! went apart.
//!
//! What a sync carries is compared. The rest may differ between healthy copies: usns, deletions,
//! what is computed from fields, and which tags are folded in the sidebar.

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, Rows};
use serde::Serialize;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use crate::connection::open_private;
use crate::content;
use crate::error::Result;
use crate::objects::{config, decks, notetypes, presets, tags};

/// One difference. `Display` is one line without contents of notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind of object: `note`, `card`, `review`, `deck` and so on.
    pub kind: &'static str,
    /// Which one: its id, or its name.
    pub object: String,
    /// How it differs.
    pub how: How,
}

/// How an object differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Only the first collection has it.
    OnlyFirst,
    /// Only the second collection has it.
    OnlySecond,
    /// Both have it, and these of its parts differ.
    Parts(Vec<String>),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { kind, object, how } = self;
        match how {
            How::OnlyFirst => write!(f, "{kind} {object}: only in the account"),
            How::OnlySecond => write!(f, "{kind} {object}: only in the file"),
            How::Parts(parts) if parts.is_empty() => write!(f, "{kind} {object}: differs"),
            How::Parts(parts) => write!(f, "{kind} {object}: {} differ", parts.join(", ")),
        }
    }
}

/// Hears of each difference.
type Found<'a> = dyn FnMut(Difference) + 'a;

/// Tables that can be large: kind, table, and the columns that count, the id first.
const TABLES: [(&str, &str, &[&str]); 3] = [
    ("note", "notes", content::NOTE),
    ("card", "cards", content::CARD),
    ("review", "revlog", content::REVIEW),
];

/// Compares two collection files of schema 18 that nobody has open. Memory does not grow with
/// notes, cards and reviews.
///
/// # Errors
/// When one of them cannot be read.
pub fn compare(first: &Path, second: &Path, found: &mut Found<'_>) -> Result<()> {
    let (first, second) = (open_private(first)?, open_private(second)?);
    for (kind, table, columns) in TABLES {
        compare_table(&first, &second, kind, table, columns, found)?;
    }
    let parts = |kind, read: fn(&Connection) -> Result<Objects>, found: &mut Found<'_>| {
        compare_objects(kind, read(&first)?, read(&second)?, found);
        Ok::<_, crate::Error>(())
    };
    parts("deck", |conn| objects(&decks::changed_since(conn, i32::MIN)?), found)?;
    parts("notetype", |conn| objects(&notetypes::changed_since(conn, i32::MIN)?), found)?;
    parts("preset", |conn| objects(&presets::changed_since(conn, i32::MIN)?), found)?;
    parts("config", config_of, found)?;
    parts("tag", tags_of, found)
}

/// Goes through both tables in the order of ids at once.
fn compare_table(
    first: &Connection,
    second: &Connection,
    kind: &'static str,
    table: &str,
    columns: &[&str],
    found: &mut Found<'_>,
) -> Result<()> {
    let sql = format!("SELECT {} FROM {table} ORDER BY id", columns.join(", "));
    let (mut first, mut second) = (first.prepare(&sql)?, second.prepare(&sql)?);
    let (mut first, mut second) = (first.query([])?, second.query([])?);
    let (mut a, mut b) = (next(&mut first, columns)?, next(&mut second, columns)?);
    loop {
        let order = match (&a, &b) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.id.cmp(&b.id),
        };
        if let (Ordering::Equal, Some(a), Some(b)) = (order, &a, &b) {
            let differ = a.differing(b, columns);
            if !differ.is_empty() {
                found(Difference { kind, object: a.id.to_string(), how: How::Parts(differ) });
            }
        }
        if order.is_le() {
            tell_alone(kind, a.take().filter(|_| order.is_lt()), How::OnlyFirst, found);
            a = next(&mut first, columns)?;
        }
        if order.is_ge() {
            tell_alone(kind, b.take().filter(|_| order.is_gt()), How::OnlySecond, found);
            b = next(&mut second, columns)?;
        }
    }
}

fn tell_alone(kind: &'static str, row: Option<Line>, how: How, found: &mut Found<'_>) {
    if let Some(row) = row {
        found(Difference { kind, object: row.id.to_string(), how });
    }
}

/// A row, its id first.
struct Line {
    id: i64,
    cells: Vec<Cell>,
}

impl Line {
    fn differing(&self, other: &Line, columns: &[&str]) -> Vec<String> {
        let pairs = self.cells.iter().zip(&other.cells).zip(columns);
        pairs.filter(|((a, b), _)| a != b).map(|(_, column)| (*column).to_owned()).collect()
    }
}

fn next(rows: &mut Rows<'_>, columns: &[&str]) -> Result<Option<Line>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let cells = (0..columns.len()).map(|column| row.get(column));
    Ok(Some(Line { id: row.get(0)?, cells: cells.collect::<rusqlite::Result<_>>()? }))
}

/// Small objects as JSON, by id or name.
type Objects = BTreeMap<String, Value>;

fn objects(list: &[impl Serialize]) -> Result<Objects> {
    let mut all = Objects::new();
    for object in list {
        let mut value = serde_json::to_value(object)?;
        let id = value.get("id").map(Value::to_string).unwrap_or_default();
        if let Some(parts) = value.as_object_mut() {
            parts.remove("usn");
        }
        all.insert(id, value);
    }
    Ok(all)
}

fn config_of(conn: &Connection) -> Result<Objects> {
    let values = config::all(conn)?;
    let parsed = |(key, text): (String, Box<serde_json::value::RawValue>)| {
        Ok((key, serde_json::from_str(text.get())?))
    };
    values.into_iter().map(parsed).collect()
}

fn tags_of(conn: &Connection) -> Result<Objects> {
    let names = tags::changed_since(conn, i32::MIN)?;
    Ok(names.into_iter().map(|name| (name, Value::Null)).collect())
}

fn compare_objects(kind: &'static str, first: Objects, second: Objects, found: &mut Found<'_>) {
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    for object in names {
        let how = match (first.get(object), second.get(object)) {
            (Some(a), Some(b)) if a == b => continue,
            (Some(a), Some(b)) => How::Parts(differing_keys(a, b)),
            (Some(_), None) => How::OnlyFirst,
            _ => How::OnlySecond,
        };
        found(Difference { kind, object: object.clone(), how });
    }
}

/// The keys under which two objects differ; none when they are no objects.
fn differing_keys(a: &Value, b: &Value) -> Vec<String> {
    let (empty_a, empty_b) = (Map::new(), Map::new());
    let (a, b) = (a.as_object().unwrap_or(&empty_a), b.as_object().unwrap_or(&empty_b));
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    keys.into_iter().filter(|key| a.get(*key) != b.get(*key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Collection;

    const NOW: i64 = 1_795_180_000_123;
    const CONTENTS: &str = "
        INSERT INTO notes SELECT 11, 'one', 5, 100, 3, '', 'f', 'f', 1, 0, '';
        INSERT INTO cards VALUES (12, 11, 1, 0, 1, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '');
        INSERT INTO cards VALUES (13, 11, 1, 1, 1, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '');
        INSERT INTO revlog VALUES (14, 12, 3, 3, 9, 1, 2500, 1000, 1);
        INSERT INTO tags VALUES ('one', 3, 1, NULL);";

    /// The differences that some SQL makes.
    fn differences(sql: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        let collection = Collection::create(&first, NOW).unwrap();
        collection.conn().execute_batch(CONTENTS).unwrap();
        collection.snapshot(&second).unwrap();
        collection.close().unwrap();
        let changed = Collection::open(&second).unwrap();
        changed.conn().execute_batch(sql).unwrap();
        changed.close().unwrap();
        let mut found = Vec::new();
        compare(&first, &second, &mut |difference| found.push(difference.to_string())).unwrap();
        found
    }

    #[test]
    fn what_may_differ_between_healthy_copies_is_no_difference() {
        let sql = "UPDATE notes SET usn = 9, sfld = 'x'; UPDATE cards SET usn = 9;
                   UPDATE decks SET usn = 9; UPDATE tags SET usn = 9, collapsed = 0;
                   UPDATE col SET usn = 99, mod = 99, ls = 5;
                   INSERT INTO graves VALUES (5, 0, 1)";
        assert_eq!(differences(sql), [""; 0]);
    }

    #[test]
    fn every_difference_is_one_line() {
        for (sql, line) in [
            ("UPDATE notes SET flds = 'g', tags = ' t '", "note 11: tags, flds differ"),
            ("DELETE FROM cards WHERE id = 12", "card 12: only in the account"),
            (
                "INSERT INTO cards SELECT 15, 11, 1, 1, 1, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, ''",
                "card 15: only in the file",
            ),
            ("UPDATE cards SET due = 5 WHERE id = 13", "card 13: due differ"),
            ("UPDATE revlog SET ease = 1", "review 14: ease differ"),
            ("UPDATE decks SET name = 'x'", "deck 1: name differ"),
            ("DELETE FROM deck_config", "preset 1: only in the account"),
            ("UPDATE config SET val = '7' WHERE KEY = 'nextPos'", "config nextPos: differs"),
            ("INSERT INTO tags VALUES ('two', 0, 1, NULL)", "tag two: only in the file"),
        ] {
            assert_eq!(differences(sql), [line], "{sql}");
        }
    }
}
