//! Whether an uploaded database is built like a collection of its version.
//!
//! Tables must agree; indexes only serve them, so a missing or different one is rebuilt.

use rusqlite::Connection;
use std::collections::HashSet;

use super::error::{Checked, UploadError};
use crate::schema;

/// An entry of the schema that has a text.
struct Entry {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

/// Refuses whatever runs by itself or computes: no Anki makes triggers, views, virtual tables.
pub(super) fn check_kinds(conn: &Connection) -> Checked<()> {
    let encoding: String = conn.query_row("PRAGMA encoding", [], |row| row.get(0))?;
    if encoding != "UTF-8" {
        return Err(UploadError::Structure(format!("its texts are in {encoding}")));
    }
    for entry in entries(conn)? {
        if entry.kind != "table" && entry.kind != "index" {
            return Err(UploadError::Structure(format!("there is a {}", entry.kind)));
        }
    }
    match schema::tables(conn)?.into_iter().find(|table| table.kind != "table") {
        Some(table) => Err(UploadError::Structure(format!("there is a {} table", table.kind))),
        None => Ok(()),
    }
}

/// Compares every table of schema 18; other tables may stay.
pub(super) fn check_tables(conn: &Connection) -> Checked<()> {
    let model = schema::model()?;
    let entries = entries(conn)?;
    let uploaded = schema::tables(conn)?;
    for expected in schema::tables(&model)? {
        let same_name = |name: &str| name.eq_ignore_ascii_case(&expected.name);
        let Some(found) = uploaded.iter().find(|table| same_name(&table.name)) else {
            return Err(UploadError::Structure(format!("the table {} is missing", expected.name)));
        };
        let has_rules = entries
            .iter()
            .any(|entry| entry.kind == "table" && same_name(&entry.name) && has_rules(&entry.sql));
        if has_rules || schema::table(conn, found)? != schema::table(&model, &expected)? {
            return Err(UploadError::Structure(format!("the table {} differs", expected.name)));
        }
    }
    Ok(())
}

/// Drops indexes on Anki's tables that are not Anki's (a unique or computed one could make a
/// later sync fail) and makes those that are missing.
pub(super) fn restore_indexes(conn: &Connection) -> Checked<()> {
    let model = schema::model()?;
    let expected = indexes(&model)?;
    let wanted: HashSet<String> =
        expected.iter().map(|index| schema::bare_sql(&index.sql)).collect();
    let mut present = HashSet::new();
    for index in indexes(conn)? {
        let bare = schema::bare_sql(&index.sql);
        let ours = expected.iter().any(|other| other.table.eq_ignore_ascii_case(&index.table));
        if wanted.contains(&bare) {
            present.insert(bare);
        } else if ours {
            conn.execute_batch(&format!("DROP INDEX {}", schema::quoted(&index.name)))?;
        }
    }
    for index in expected {
        if !present.contains(&schema::bare_sql(&index.sql)) {
            create_index(conn, &index)?;
        }
    }
    Ok(())
}

/// A unique index cannot be made over equal names; clients cannot open such a file either.
fn create_index(conn: &Connection, index: &Entry) -> Checked<()> {
    conn.execute_batch(&index.sql).map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => {
            UploadError::Content(format!("equal names in {}", index.table))
        }
        _ => error.into(),
    })
}

/// Rules inside a table definition that would refuse, replace or silently drop later rows.
fn has_rules(sql: &str) -> bool {
    let bare = schema::bare_sql(sql);
    bare.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|word| word == "check" || word == "conflict")
}

fn indexes(conn: &Connection) -> Checked<Vec<Entry>> {
    Ok(entries(conn)?.into_iter().filter(|entry| entry.kind == "index").collect())
}

fn entries(conn: &Connection) -> Checked<Vec<Entry>> {
    let sql = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL";
    let mut statement = conn.prepare(sql)?;
    let entries = statement.query_map([], |row| {
        Ok(Entry { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}
