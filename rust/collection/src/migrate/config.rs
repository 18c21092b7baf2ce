//! Turns the config column into rows (`storage-migrate` 1, step 4).

use rusqlite::Connection;

use super::columns::{each_entry, with_column};
use super::error::Upgraded;

/// Stores every value as the text it is written in; nobody here needs to understand it. Of equal
/// keys the last one counts.
pub(super) fn from_column(conn: &Connection) -> Upgraded<()> {
    let mut insert = conn.prepare(
        "INSERT OR REPLACE INTO config (KEY, usn, mtime_secs, val) VALUES (?1, 0, 0, ?2)",
    )?;
    with_column(conn, "conf", |json| {
        each_entry("conf", json, |key, value| {
            insert.execute((key, value.get().as_bytes()))?;
            Ok(())
        })
    })
}
