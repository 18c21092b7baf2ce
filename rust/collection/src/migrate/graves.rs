//! Deletions: one row for each deleted object since schema 18, a plain list before.

use rusqlite::Connection;

use super::structure::{put_aside, remove_aside};
use crate::error::Result;
use crate::schema;

/// Makes the list a table with a key; of duplicates the first stays (`storage-migrate` 1, step 9).
pub(super) fn add_key(conn: &Connection) -> Result<()> {
    let old = put_aside(conn, "graves")?;
    schema::create_tables(conn, &["graves"])?;
    conn.execute_batch(&format!(
        "INSERT OR IGNORE INTO graves (oid, type, usn)
         SELECT oid, type, CASE usn WHEN -1 THEN 0 ELSE usn END FROM {old} ORDER BY rowid"
    ))?;
    remove_aside(conn, &old)
}

/// Makes the table a list again, its columns in the old order, in which old clients insert
/// (`storage-migrate` 2, step 1).
pub(super) fn remove_key(conn: &Connection) -> Result<()> {
    let old = put_aside(conn, "graves")?;
    conn.execute_batch(&format!(
        "CREATE TABLE graves (
             usn  integer NOT NULL,
             oid  integer NOT NULL,
             type integer NOT NULL
         );
         INSERT INTO graves (usn, oid, type) SELECT usn, oid, type FROM {old}"
    ))?;
    remove_aside(conn, &old)
}
