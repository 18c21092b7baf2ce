//! The schema of a collection: its SQL, and its shape as data to compare files with.

mod shape;

use rusqlite::Connection;

use crate::error::Result;
pub(crate) use shape::{bare_sql, quoted, table, tables};

/// Creates the tables of schema 18.
const TABLES: &str = include_str!("schema18.sql");
/// Creates its indexes.
const INDEXES: &str = include_str!("indexes18.sql");

/// Makes an empty database one of schema 18, without any row.
pub(crate) fn create(conn: &Connection) -> Result<()> {
    conn.execute_batch(TABLES)?;
    conn.execute_batch(INDEXES)?;
    Ok(())
}
