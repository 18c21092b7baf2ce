//! A digest of what is compared, to see whether two collections hold the same without having both
//! at hand.

use std::path::Path;

use deckport_ground::hex::hex;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha1::{Digest as _, Sha1};

use super::{objects, rows};
use crate::connection::open_private;
use crate::error::Result;

/// How much of the hash is shown.
const SHOWN_BYTES: usize = 8;

/// The digest of a collection, 16 hexadecimal digits: those with equal ones hold the same. `path`: a
/// file of schema 18 that nobody has open. All of it is read.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> Result<String> {
    let conn = open_private(path)?;
    let mut hash = Sha1::new();
    add_cell(&mut hash, ValueRef::Integer(objects::creation(&conn)?));
    for (kind, table, columns) in rows::TABLES {
        add_text(&mut hash, kind);
        add_rows(&mut hash, &conn, &rows::select(table, columns))?;
    }
    for (kind, read) in objects::KINDS {
        add_text(&mut hash, kind);
        for (id, (_, value)) in read(&conn)? {
            add_text(&mut hash, &id);
            add_text(&mut hash, &value.to_string());
        }
    }
    let whole = hash.finalize();
    Ok(hex(whole.get(..SHOWN_BYTES).unwrap_or(&whole)))
}

fn add_rows(hash: &mut Sha1, conn: &Connection, sql: &str) -> Result<()> {
    let mut statement = conn.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            add_cell(hash, row.get_ref(column)?);
        }
    }
    Ok(())
}

fn add_text(hash: &mut Sha1, text: &str) {
    add_cell(hash, ValueRef::Text(text.as_bytes()));
}

/// Each with its type and length, so that two rows of cells are the same only cell by cell.
fn add_cell(hash: &mut Sha1, cell: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match cell {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => (1, &number.to_le_bytes()),
        ValueRef::Real(number) => (2, &number.to_le_bytes()),
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}
