//! Watching what a connection changes.
//!
//! Temporary triggers, which exist in this connection alone and never in the file, hand old and new
//! rows to a function that sums their hashes up. SQL is also the way to the sum: it belongs to the
//! connection.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Error, OptionalExtension};

use super::digest::{Digest, RowHash};
use super::{PARTS, Part};
use crate::error::Result;

/// `deckport_row_in(part, columns...)`.
const ROW_IN: &str = "deckport_row_in";
/// `deckport_row_out(part, columns...)`.
const ROW_OUT: &str = "deckport_row_out";
/// Answers the sum and begins anew.
const TAKE: &str = "deckport_take_tally";

/// Begins to watch. What is begun in a transaction ends with it if that is rolled back.
pub(super) fn watch(conn: &Connection) -> Result<()> {
    let tally = Arc::new(Mutex::new(Digest::default()));
    add_function(conn, ROW_IN, &tally, Digest::add)?;
    add_function(conn, ROW_OUT, &tally, Digest::remove)?;
    conn.create_scalar_function(TAKE, 0, flags(), move |_| {
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *tally).to_bytes())
    })?;
    // A row that is replaced is removed, too.
    conn.pragma_update(None, "recursive_triggers", true)?;
    for (number, part) in PARTS.iter().enumerate() {
        conn.execute_batch(&triggers(number, part))?;
    }
    Ok(())
}

/// Ends watching: it makes every change of a row cost twice as much.
pub(super) fn unwatch(conn: &Connection) -> Result<()> {
    for Part { table, .. } in &PARTS {
        conn.execute_batch(&format!(
            "DROP TRIGGER IF EXISTS temp.{table}_added;
             DROP TRIGGER IF EXISTS temp.{table}_removed;
             DROP TRIGGER IF EXISTS temp.{table}_changed;"
        ))?;
    }
    Ok(())
}

/// What was changed since the last time; `None` when nobody watches.
pub(super) fn take(conn: &Connection) -> Result<Option<Digest>> {
    let watched = conn
        .prepare_cached("SELECT 1 FROM temp.sqlite_master WHERE type = 'trigger'")?
        .query_row([], |_| Ok(()))
        .optional()?;
    if watched.is_none() {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached(&format!("SELECT {TAKE}()"))?;
    let bytes: Vec<u8> = statement.query_row([], |row| row.get(0))?;
    Ok(Digest::from_bytes(&bytes))
}

fn flags() -> FunctionFlags {
    // Harmless wherever it is called: it changes no data.
    FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS
}

fn add_function(
    conn: &Connection,
    name: &str,
    tally: &Arc<Mutex<Digest>>,
    enter: fn(&mut Digest, &Part, u64),
) -> Result<()> {
    let tally = Arc::clone(tally);
    let count = move |context: &Context<'_>| {
        let number = usize::from(context.get::<u8>(0)?);
        let part = PARTS.get(number).ok_or(Error::InvalidParameterCount(number, PARTS.len()))?;
        let mut hash = RowHash::new(number);
        for column in 1..context.len() {
            hash.add(context.get_raw(column));
        }
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        enter(&mut tally, part, hash.finish());
        Ok(0)
    };
    Ok(conn.create_scalar_function(name, -1, flags(), count)?)
}

/// The triggers of one table.
fn triggers(number: usize, part: &Part) -> String {
    let Part { table, columns, .. } = part;
    let row = |which: &str| format!("{which}.{}", columns.join(&format!(", {which}.")));
    let (old, new, changed) = (row("old"), row("new"), columns.join(", "));
    format!(
        "CREATE TEMP TRIGGER {table}_added AFTER INSERT ON main.{table} BEGIN
             SELECT {ROW_IN}({number}, {new}); END;
         CREATE TEMP TRIGGER {table}_removed AFTER DELETE ON main.{table} BEGIN
             SELECT {ROW_OUT}({number}, {old}); END;
         CREATE TEMP TRIGGER {table}_changed AFTER UPDATE OF {changed} ON main.{table} BEGIN
             SELECT {ROW_OUT}({number}, {old}), {ROW_IN}({number}, {new}); END;"
    )
}
