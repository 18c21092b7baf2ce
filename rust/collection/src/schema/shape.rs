//! Tables of a database as data, and SQL texts in comparable form.
//!
//! Files from clients of different years were made by different SQL texts; what must agree is
//! what SQLite made of them.

use rusqlite::Connection;

use crate::error::Result;

/// An entry of SQLite's list of tables.
pub(crate) struct TableKind {
    pub(crate) name: String,
    /// `table`, `view`, `virtual` or `shadow`.
    pub(crate) kind: String,
    without_rowid: bool,
    /// SQLite enforces the column types, so text could not be stored in `sfld`.
    strict: bool,
}

/// What makes two tables equal for a reader and writer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    columns: Vec<Column>,
    without_rowid: bool,
    strict: bool,
    /// There are `UNIQUE` rules inside the table definition, which could refuse our rows.
    unique_rules: bool,
}

/// A column; texts in lower case.
#[derive(Debug, PartialEq, Eq)]
struct Column {
    name: String,
    value: ValueKind,
    /// Position in the primary key, 0 when not part of it.
    primary_key: i64,
    collation: Option<String>,
    /// Not 0 for computed columns.
    hidden: i64,
}

/// What the declared type of a column means to SQLite, as far as clients' files need distinguishing
/// (a primary key of type `integer`, and no other, is the row id).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    RowId,
    Integer,
    Text,
    Blob,
    Number,
}

/// All tables of the main database, SQLite's own (`sqlite_…`) left out.
pub(crate) fn tables(conn: &Connection) -> Result<Vec<TableKind>> {
    let mut statement = conn.prepare("PRAGMA main.table_list")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (schema, name): (String, String) = (row.get("schema")?, row.get("name")?);
        if schema == "main" && !name.starts_with("sqlite_") {
            found.push(TableKind {
                name,
                kind: row.get("type")?,
                without_rowid: row.get("wr")?,
                strict: row.get("strict")?,
            });
        }
    }
    Ok(found)
}

/// Describes one of the [`tables`].
pub(crate) fn table(conn: &Connection, kind: &TableKind) -> Result<Table> {
    Ok(Table {
        columns: columns(conn, kind)?,
        without_rowid: kind.without_rowid,
        strict: kind.strict,
        unique_rules: has_unique_rules(conn, &kind.name)?,
    })
}

fn columns(conn: &Connection, table: &TableKind) -> Result<Vec<Column>> {
    let mut statement = conn.prepare(&format!("PRAGMA table_xinfo({})", quoted(&table.name)))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, declared): (String, String) = (row.get("name")?, row.get("type")?);
        let primary_key = row.get("pk")?;
        let (_, collation, ..) = conn.column_metadata(None, table.name.as_str(), name.as_str())?;
        found.push(Column {
            value: value_kind(&declared, primary_key > 0 && !table.without_rowid),
            collation: collation.map(|text| text.to_string_lossy().to_ascii_lowercase()),
            name: name.to_ascii_lowercase(),
            primary_key,
            hidden: row.get("hidden")?,
        });
    }
    Ok(found)
}

/// SQLite's rules for the affinity of a declared type.
fn value_kind(declared: &str, primary_key: bool) -> ValueKind {
    let declared = declared.to_ascii_lowercase();
    if primary_key && declared == "integer" {
        ValueKind::RowId
    } else if declared.contains("int") {
        ValueKind::Integer
    } else if ["char", "clob", "text"].iter().any(|text| declared.contains(text)) {
        ValueKind::Text
    } else if declared.is_empty() || declared.contains("blob") {
        ValueKind::Blob
    } else {
        ValueKind::Number
    }
}

fn has_unique_rules(conn: &Connection, table: &str) -> Result<bool> {
    let mut statement = conn.prepare(&format!("PRAGMA index_list({})", quoted(table)))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, String>("origin")? == "u" {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A name as it may appear in a statement.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The words and signs of a statement from a schema: lower case, one space between words, without
/// comments and without anything in quotes.
pub(crate) fn bare_sql(sql: &str) -> String {
    let mut bare = String::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (skipped, length) = match first {
            '-' if rest.starts_with("--") => (true, through(rest, 2, "\n")),
            '/' if rest.starts_with("/*") => (true, through(rest, 2, "*/")),
            '[' => (true, through(rest, 1, "]")),
            '\'' | '"' | '`' => (true, through(rest, 1, first.encode_utf8(&mut [0; 4]))),
            _ => (first.is_whitespace(), first.len_utf8()),
        };
        let (piece, tail) = rest.split_at(length);
        if !skipped {
            bare.push_str(&piece.to_ascii_lowercase());
        } else if !bare.ends_with(' ') {
            bare.push(' ');
        }
        rest = tail;
    }
    bare.trim().to_owned()
}

/// Length of `text` up to and including the first `end` that starts at or after `from`.
fn through(text: &str, from: usize, end: &str) -> usize {
    text.get(from..)
        .and_then(|tail| tail.find(end))
        .map_or(text.len(), |found| from + found + end.len())
}
