//! The schema of a collection: its SQL, and its shape as data to compare files with.

mod shape;

use rusqlite::Connection;

use crate::connection::configure_plain;
use crate::error::Result;
pub(crate) use shape::{bare_sql, quoted, table, tables};

/// Creates the tables of schema 18.
const TABLES: &str = include_str!("schema18.sql");
/// Creates its indexes.
const INDEXES: &str = include_str!("indexes18.sql");

/// Turns an empty database into one of schema 18, without any row.
pub(crate) fn create(conn: &Connection) -> Result<()> {
    conn.execute_batch(TABLES)?;
    conn.execute_batch(INDEXES)?;
    Ok(())
}

/// Adds some of the tables of schema 18, with their indexes, to a database of an older one.
pub(crate) fn create_tables(conn: &Connection, names: &[&str]) -> Result<()> {
    for name in names {
        create_parts(conn, "tbl_name", name)?;
    }
    Ok(())
}

/// Adds some of the indexes of schema 18. Others of their names are dropped.
pub(crate) fn create_indexes(conn: &Connection, names: &[&str]) -> Result<()> {
    for name in names {
        create_parts(conn, "name", name)?;
    }
    Ok(())
}

fn create_parts(conn: &Connection, column: &str, value: &str) -> Result<()> {
    let model = model()?;
    // Tables before their indexes.
    let mut parts = model.prepare(&format!(
        "SELECT type, name, sql FROM sqlite_schema
         WHERE {column} = ?1 AND sql IS NOT NULL ORDER BY type DESC"
    ))?;
    let mut parts = parts.query([value])?;
    while let Some(row) = parts.next()? {
        let (kind, name, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if kind == "index" {
            conn.execute_batch(&format!("DROP INDEX IF EXISTS {name}"))?;
        }
        conn.execute_batch(&sql)?;
    }
    Ok(())
}

/// An empty collection in memory, to compare with or to copy from.
pub(crate) fn model() -> Result<Connection> {
    let model = Connection::open_in_memory()?;
    configure_plain(&model)?;
    create(&model)?;
    Ok(model)
}
