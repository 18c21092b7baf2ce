//! Notes, cards and reviews: both tables are read at once, in the order of their ids.

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, Rows};
use serde_json::{Map, Value};
use std::cmp::Ordering;

use super::words::{cell_part, known_by};
use super::{Difference, Found, How};
use crate::error::{Error, Result};
use crate::objects::config;

/// Kind, table, and the columns that count: the id first, then what the object is known by.
pub(super) const TABLES: [(&str, &str, &[&str]); 3] = [
    ("note", "notes", &["id", "guid", "mid", "mod", "tags", "flds"]),
    (
        "card",
        "cards",
        &[
            "id", "nid", "did", "ord", "mod", "type", "queue", "due", "ivl", "factor", "reps",
            "lapses", "left", "odue", "odid", "flags", "data",
        ],
    ),
    ("review", "revlog", &["id", "cid", "ease", "ivl", "lastIvl", "factor", "time", "type"]),
];

/// The statement that reads one of them.
pub(super) fn select(table: &str, columns: &[&str]) -> String {
    format!("SELECT {} FROM {table} ORDER BY id", columns.join(", "))
}

/// Compares the three tables.
pub(super) fn compare_all(
    account: &Connection,
    file: &Connection,
    found: &mut Found<'_>,
) -> Result<()> {
    let released = |conn| Ok::<i64, Error>(config::get(conn, "lastUnburied")?.unwrap_or(0));
    let other_day = released(account)? != released(file)?;
    for (kind, name, columns) in TABLES {
        let table = Table { kind, columns, other_day };
        let sql = select(name, columns);
        let (mut ours, mut theirs) = (account.prepare(&sql)?, file.prepare(&sql)?);
        compare_table(&table, &mut ours.query([])?, &mut theirs.query([])?, found)?;
    }
    Ok(())
}

/// A table that is compared.
struct Table {
    kind: &'static str,
    columns: &'static [&'static str],
    /// The two have released buried cards on different days.
    other_day: bool,
}

fn compare_table(
    table: &Table,
    account: &mut Rows<'_>,
    file: &mut Rows<'_>,
    found: &mut Found<'_>,
) -> Result<()> {
    let (mut ours, mut theirs) = (next(account, table)?, next(file, table)?);
    loop {
        let order = match (&ours, &theirs) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.id.cmp(&b.id),
        };
        let mut tell = |line: &Line, how| {
            found(Difference {
                kind: table.kind,
                object: known_by(table.kind, line.id, line.parent),
                how,
            });
        };
        match (order, &ours, &theirs) {
            (Ordering::Less, Some(a), _) => tell(a, How::OnlyAccount),
            (Ordering::Greater, _, Some(b)) => tell(b, How::OnlyFile),
            (_, Some(a), Some(b)) => {
                let parts = a.differing(b, table);
                if !parts.is_empty() {
                    tell(a, How::Parts(parts));
                }
            }
            _ => {}
        }
        if order.is_le() {
            ours = next(account, table)?;
        }
        if order.is_ge() {
            theirs = next(file, table)?;
        }
    }
}

/// A row.
struct Line {
    id: i64,
    /// What the second column refers to, where that is an id.
    parent: Option<i64>,
    cells: Vec<Cell>,
}

fn next(rows: &mut Rows<'_>, table: &Table) -> Result<Option<Line>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let cells = (0..table.columns.len()).map(|column| row.get(column));
    let cells: Vec<Cell> = cells.collect::<rusqlite::Result<_>>()?;
    let parent = match cells.get(1) {
        Some(Cell::Integer(id)) => Some(*id),
        _ => None,
    };
    Ok(Some(Line { id: row.get(0)?, parent, cells }))
}

impl Line {
    fn differing(&self, other: &Line, table: &Table) -> Vec<String> {
        let may_release = table.other_day && table.kind == "card";
        let pairs = self.cells.iter().zip(&other.cells).zip(table.columns);
        let differ = pairs.filter(|((ours, theirs), column)| match **column {
            "tags" => !same_tags(ours, theirs),
            "data" => !same_data(ours, theirs),
            "queue" if may_release => !same_but_for_burying(ours, theirs),
            _ => !same_cell(ours, theirs),
        });
        differ.map(|((ours, theirs), column)| cell_part(column, ours, theirs)).collect()
    }
}

/// Some columns have whole numbers as 3 here and as 3.0 there (`collection-sync` 5).
fn same_cell(ours: &Cell, theirs: &Cell) -> bool {
    match (ours, theirs) {
        (Cell::Integer(whole), Cell::Real(real)) | (Cell::Real(real), Cell::Integer(whole)) => {
            *real == *whole as f64
        }
        _ => ours == theirs,
    }
}

/// Anki up to 2.1.26 stores an empty list of tags as two spaces.
fn same_tags(ours: &Cell, theirs: &Cell) -> bool {
    match (ours, theirs) {
        (Cell::Text(a), Cell::Text(b)) => a.split_whitespace().eq(b.split_whitespace()),
        _ => ours == theirs,
    }
}

/// The data of a card is JSON that each client rewrites from what it knows of it
/// (`collection-sync` 5.2): an older one loses keys and decimals. What it kept must be the same.
fn same_data(ours: &Cell, theirs: &Cell) -> bool {
    let parsed = |cell: &Cell| match cell {
        Cell::Text(text) => serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default(),
        _ => Map::new(),
    };
    let (ours, theirs) = (parsed(ours), parsed(theirs));
    theirs.iter().all(|(key, theirs)| match (ours.get(key), theirs) {
        (Some(Value::Number(a)), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or_default(), b.as_f64().unwrap_or_default());
            (a - b).abs() <= DATA_DECIMALS
        }
        (ours, theirs) => ours == Some(theirs),
    })
}

/// Clients round what FSRS computed to 2 or more decimals; half of that, and a little.
const DATA_DECIMALS: f64 = 0.0051;

/// Clients and the endpoint release buried cards by themselves when a day begins and mark nothing
/// as changed (`collection-sync` B.3), each at its own time.
fn same_but_for_burying(ours: &Cell, theirs: &Cell) -> bool {
    let is_buried = |cell: &Cell| matches!(cell, Cell::Integer(-3 | -2));
    same_cell(ours, theirs) || is_buried(ours) || is_buried(theirs)
}
