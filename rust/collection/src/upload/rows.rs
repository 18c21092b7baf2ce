//! Whether every note, card, review and deletion can be loaded (`storage-tables` 8).
//!
//! One pass over each table, one row in memory at a time.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement};
use std::collections::HashMap;

use super::error::{Checked, UploadError};

/// Separates the fields of a note.
const FIELD_SEPARATOR: u8 = 0x1f;

/// Notetypes whose field count is kept at hand; a collection has a few dozen.
const REMEMBERED_NOTETYPES: usize = 1_024;

/// Checks all cards, and counts them.
pub(super) fn check_cards(conn: &Connection) -> Checked<u64> {
    check_numbers(conn, "cards", CARD_COLUMNS)
}

/// Checks all reviews, and counts them.
pub(super) fn check_reviews(conn: &Connection) -> Checked<u64> {
    check_numbers(conn, "revlog", REVIEW_COLUMNS)
}

/// Checks all deletions, and counts them.
pub(super) fn check_graves(conn: &Connection) -> Checked<u64> {
    check_numbers(conn, "graves", GRAVE_COLUMNS)
}

/// A column of numbers: as it is selected, and what it may hold.
type NumberColumn = (&'static str, std::ops::RangeInclusive<i64>);

const ANY: std::ops::RangeInclusive<i64> = i64::MIN..=i64::MAX;
const BYTE: std::ops::RangeInclusive<i64> = 0..=0xff;
const SHORT: std::ops::RangeInclusive<i64> = 0..=0xffff;
const UNSIGNED: std::ops::RangeInclusive<i64> = 0..=0xffff_ffff;
const SIGNED: std::ops::RangeInclusive<i64> = -0x8000_0000..=0x7fff_ffff;

/// `mod`, `due`, `odue` and `data` may hold anything: clients read what does not fit as 0 or
/// nothing. The interval is read through a cast.
const CARD_COLUMNS: &[NumberColumn] = &[
    ("nid", ANY),
    ("did", ANY),
    ("ord", SHORT),
    ("usn", SIGNED),
    ("type", 0..=3),
    ("queue", -3..=4),
    ("CAST(ivl AS INTEGER)", UNSIGNED),
    ("factor", SHORT),
    ("reps", UNSIGNED),
    ("lapses", UNSIGNED),
    ("left", UNSIGNED),
    ("odid", ANY),
    ("flags", BYTE),
];

/// `time` and `type` may hold anything.
const REVIEW_COLUMNS: &[NumberColumn] = &[
    ("cid", ANY),
    ("usn", SIGNED),
    ("ease", BYTE),
    ("CAST(ivl AS INTEGER)", SIGNED),
    ("CAST(lastIvl AS INTEGER)", SIGNED),
    ("factor", UNSIGNED),
];

const GRAVE_COLUMNS: &[NumberColumn] = &[("oid", ANY), ("type", 0..=2), ("usn", SIGNED)];

fn check_numbers(conn: &Connection, table: &str, columns: &[NumberColumn]) -> Checked<u64> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut statement = conn.prepare(&format!("SELECT {} FROM {table}", names.join(", ")))?;
    let (mut rows, mut count) = (statement.query([])?, 0);
    while let Some(row) = rows.next()? {
        count += 1;
        for (index, (name, range)) in columns.iter().enumerate() {
            match row.get_ref(index)? {
                ValueRef::Integer(value) if range.contains(&value) => {}
                _ => return Err(UploadError::Content(format!("{table}.{name} of a row"))),
            }
        }
    }
    Ok(count)
}

/// Checks all notes, and counts them.
pub(super) fn check_notes(conn: &Connection) -> Checked<u64> {
    let mut fields = FieldCounts::new(conn)?;
    let mut statement = conn.prepare("SELECT id, mid, mod, usn, guid, tags, flds FROM notes")?;
    let (mut rows, mut count) = (statement.query([])?, 0);
    while let Some(row) = rows.next()? {
        count += 1;
        if let Some(fault) = note_fault(row, &mut fields)? {
            let id: i64 = row.get(0)?;
            return Err(UploadError::Content(format!("note {id}: {fault}")));
        }
    }
    Ok(count)
}

/// What is wrong with a note, if anything.
fn note_fault(row: &Row<'_>, fields: &mut FieldCounts<'_>) -> Checked<Option<&'static str>> {
    let (ValueRef::Integer(notetype), ValueRef::Integer(_), ValueRef::Integer(usn)) =
        (row.get_ref(1)?, row.get_ref(2)?, row.get_ref(3)?)
    else {
        return Ok(Some("a number is missing"));
    };
    if !SIGNED.contains(&usn) {
        return Ok(Some("its usn is out of range"));
    }
    let (ValueRef::Text(guid), ValueRef::Text(tags), ValueRef::Text(contents)) =
        (row.get_ref(4)?, row.get_ref(5)?, row.get_ref(6)?)
    else {
        return Ok(Some("a text is missing"));
    };
    if [guid, tags, contents].iter().any(|text| std::str::from_utf8(text).is_err()) {
        return Ok(Some("a text is not valid Unicode"));
    }
    Ok(match fields.of(notetype)? {
        None => Some("its notetype is missing"),
        Some(count) if count != field_count(contents) => Some("its number of fields is wrong"),
        Some(_) => None,
    })
}

/// Counted in parts that fit a byte, which the compiler turns into vector instructions.
fn field_count(contents: &[u8]) -> i64 {
    let in_part =
        |part: &[u8]| part.iter().map(|byte| u8::from(*byte == FIELD_SEPARATOR)).sum::<u8>();
    contents.chunks(255).map(|part| i64::from(in_part(part))).sum::<i64>() + 1
}

/// The number of fields of each notetype.
struct FieldCounts<'conn> {
    statement: Statement<'conn>,
    known: HashMap<i64, Option<i64>>,
}

impl<'conn> FieldCounts<'conn> {
    fn new(conn: &'conn Connection) -> Checked<FieldCounts<'conn>> {
        let sql =
            "SELECT (SELECT count(*) FROM fields WHERE ntid = id) FROM notetypes WHERE id = ?1";
        Ok(FieldCounts { statement: conn.prepare(sql)?, known: HashMap::new() })
    }

    /// `None` when there is no such notetype.
    fn of(&mut self, notetype: i64) -> Checked<Option<i64>> {
        if let Some(count) = self.known.get(&notetype) {
            return Ok(*count);
        }
        let count = match self.statement.query_row([notetype], |row| row.get(0)) {
            Ok(count) => Some(count),
            Err(rusqlite::Error::QueryReturnedNoRows) => None,
            Err(error) => return Err(error.into()),
        };
        if self.known.len() >= REMEMBERED_NOTETYPES {
            self.known.clear();
        }
        self.known.insert(notetype, count);
        Ok(count)
    }
}
