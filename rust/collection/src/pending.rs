//! Rows that another program changed. A client marks what its next sync is to send with the usn -1
//! (`storage` 4), even in a file that an endpoint serves at other times.
//!
//! Left like that they would reach nobody, and every sync would fail in its sanity check
//! (`collection-sync` 9). They become the endpoint's own changes when it opens the file: every device
//! gets them with its next sync. A change that cannot be merged needs nothing more, since the other
//! program gave the file a new schema time.

use std::fmt;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::Result;
use crate::sync::history;

/// Rows changed by one statement. SQLite remembers their ids in memory.
const BATCH: u32 = 10_000;

/// What carries a usn: what people call the rows, their table and its primary key. Clients do not
/// count `config` among them, yet mark its rows.
const TABLES: [(&str, &str, &str); 9] = [
    ("notes", "notes", "id"),
    ("cards", "cards", "id"),
    ("reviews", "revlog", "id"),
    ("deletions", "graves", "oid"),
    ("decks", "decks", "id"),
    ("presets", "deck_config", "id"),
    ("notetypes", "notetypes", "id"),
    ("tags", "tags", "tag"),
    ("settings", SETTINGS, "KEY"),
];
const SETTINGS: &str = "config";

/// `mod` does not keep the other program's time: a device whose last edit is older would not send its
/// settings (`collection-sync` 13.6). The endpoint left it equal to `ls`, and nothing has used the few
/// seconds after that; the times of an upload differ by milliseconds.
const MOVE_ON: &str = "
UPDATE col SET usn = max(usn, 0) + 1,
    mod = CASE WHEN ls > 0 THEN min(mod + 1, ls + 5000) ELSE mod + 1 END;
UPDATE col SET ls = mod;";

/// What another program had changed, by kinds of rows in the plural. `Display` lists them with their
/// numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenIn(Vec<(&'static str, u64)>);

impl TakenIn {
    /// Whether no other program had changed anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for TakenIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (kind, count)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{kind} ({count})")?;
        }
        Ok(())
    }
}

/// Makes pending rows the endpoint's own changes. Without any, this reads a page or two of each large
/// table, and the small ones.
pub(crate) fn take_in(conn: &Connection) -> Result<TakenIn> {
    if !exist(conn)? {
        return Ok(TakenIn::default());
    }
    let changes = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    if are_left_over(&changes)? {
        mark(&changes, 0)?;
        changes.commit()?;
        return Ok(TakenIn::default());
    }
    let usn = changes.query_row("SELECT max(usn, 0) FROM col", [], |row| row.get(0))?;
    history::note_foreign(&changes, usn)?;
    let taken_in = mark(&changes, usn)?;
    changes.execute_batch(MOVE_ON)?;
    changes.commit()?;
    Ok(taken_in)
}

/// Whether any row is pending.
pub(crate) fn exist(conn: &Connection) -> Result<bool> {
    exist_in(conn, |_| true)
}

/// Only settings, in a file that nobody has edited since its last sync: the reference server leaves
/// them like that after an upload, and no device lacks them.
fn are_left_over(conn: &Connection) -> Result<bool> {
    let edited: bool = conn.query_row("SELECT mod > ls FROM col", [], |row| row.get(0))?;
    Ok(!edited && !exist_in(conn, |table| table != SETTINGS)?)
}

fn exist_in(conn: &Connection, is_meant: impl Fn(&str) -> bool) -> Result<bool> {
    for (_, table, _) in TABLES.iter().filter(|(_, table, _)| is_meant(table)) {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE usn < 0)");
        if conn.prepare_cached(&sql)?.query_row([], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives all pending rows this usn.
pub(crate) fn mark(conn: &Connection, usn: i32) -> Result<TakenIn> {
    let mut marked = TakenIn::default();
    for (kind, table, key) in TABLES {
        let mut update = conn.prepare(&format!(
            "UPDATE {table} SET usn = ?1
             WHERE {key} IN (SELECT {key} FROM {table} WHERE usn < 0 LIMIT {BATCH}) AND usn < 0"
        ))?;
        let mut count = 0;
        loop {
            match update.execute([usn])? {
                0 => break,
                rows => count += rows as u64,
            }
        }
        if count > 0 {
            marked.0.push((kind, count));
        }
    }
    Ok(marked)
}

#[cfg(test)]
mod tests;
