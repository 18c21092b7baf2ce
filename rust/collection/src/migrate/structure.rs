//! Whether a file is built as its version says, as far as the upgrade reads and makes tables.
//! What it leaves alone is compared by the caller.

use rusqlite::Connection;

use super::error::{UpgradeError, Upgraded};
use crate::error::Result;
use crate::schema;

/// The columns that the upgrade reads, by table; `since` and `until` are schema versions.
const COLUMNS: &[(&str, i64, i64, &[&str])] = &[
    (
        "col",
        11,
        17,
        &["crt", "mod", "scm", "ver", "usn", "ls", "conf", "models", "decks", "dconf", "tags"],
    ),
    ("graves", 11, 17, &["usn", "oid", "type"]),
    ("cards", 11, 17, &["id", "did", "usn", "factor", "odid"]),
    ("notes", 11, 17, &["id", "mid"]),
    ("deck_config", 14, 17, &["id", "name", "mtime_secs", "usn", "config"]),
    ("decks", 15, 17, &["id", "name", "mtime_secs", "usn", "common", "kind"]),
    ("tags", 14, 16, &["tag", "usn"]),
];

/// The version since which each table exists.
const TABLES: &[(&str, i64)] = &[
    ("deck_config", 14),
    ("config", 14),
    ("tags", 14),
    ("notetypes", 15),
    ("fields", 15),
    ("templates", 15),
    ("decks", 15),
];

/// Checks what the upgrade relies on.
pub(super) fn check(conn: &Connection, version: i64) -> Upgraded<()> {
    let tables = schema::tables(conn)?;
    let exists = |name: &str| tables.iter().any(|table| table.name.eq_ignore_ascii_case(name));
    for (table, since) in TABLES {
        if exists(table) && version < *since {
            return Err(UpgradeError::Structure(format!(
                "the table {table} is from a later format"
            )));
        }
    }
    for (table, since, until, columns) in COLUMNS {
        if !(*since..=*until).contains(&version) {
            continue;
        }
        if !exists(table) {
            return Err(UpgradeError::Structure(format!("the table {table} is missing")));
        }
        let found = columns_of(conn, table)?;
        if columns.iter().any(|column| !found.iter().any(|name| name == column)) {
            return Err(UpgradeError::Structure(format!("the table {table} differs")));
        }
        // A file that claims to be older than it is would be changed for the worse.
        let later = match *table {
            "tags" => found.len() != columns.len(),
            "graves" => has_key(conn, table)?,
            _ => false,
        };
        if later {
            return Err(UpgradeError::Structure(format!(
                "the table {table} is from a later format"
            )));
        }
    }
    Ok(())
}

fn has_key(conn: &Connection, table: &str) -> Result<bool> {
    let sql = "SELECT max(pk) > 0 FROM pragma_table_info(?1)";
    Ok(conn.query_row(sql, [table], |row| row.get(0))?)
}

/// The names of a table's columns, in lower case.
fn columns_of(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = conn.prepare("SELECT lower(name) FROM pragma_table_info(?1)")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// Renames a table to make room for its successor, and returns the new name, ready for a
/// statement.
pub(super) fn put_aside(conn: &Connection, table: &str) -> Result<String> {
    let aside = schema::quoted(&format!("deckport_old_{table}"));
    conn.execute_batch(&format!("ALTER TABLE {table} RENAME TO {aside}"))?;
    Ok(aside)
}

/// Drops what [`put_aside`] has put aside.
pub(super) fn remove_aside(conn: &Connection, aside: &str) -> Result<()> {
    conn.execute_batch(&format!("DROP TABLE {aside}"))?;
    Ok(())
}
