//! The list of tags: a column before schema 14, and a smaller table before 17.

use rusqlite::Connection;

use super::columns::{each_entry, with_column};
use super::error::{UpgradeError, Upgraded};
use super::structure::{put_aside, remove_aside};
use crate::schema;

/// Stores the tags as they are written. Of tags that differ only in case the one with the highest
/// usn stays, which is the one that a device may not have yet (`storage-migrate` 1, step 3).
pub(super) fn from_column(conn: &Connection) -> Upgraded<()> {
    let mut insert = conn.prepare(
        "INSERT INTO tags (tag, usn, collapsed, config) VALUES (?1, ?2, 1, NULL)
         ON CONFLICT (tag) DO UPDATE SET tag = excluded.tag, usn = excluded.usn
             WHERE excluded.usn > tags.usn",
    )?;
    with_column(conn, "tags", |json| {
        each_entry("tags", json, |tag, usn| {
            let usn: i32 = usn.get().parse().map_err(|_| UpgradeError::Tag)?;
            insert.execute((tag, usn.max(0)))?;
            Ok(())
        })
    })
}

/// Gives the table of schemas 14 to 16 the columns that it has since (`storage-migrate` 1.1).
pub(super) fn add_columns(conn: &Connection) -> Upgraded<()> {
    let old = put_aside(conn, "tags")?;
    schema::create_tables(conn, &["tags"])?;
    conn.execute_batch(&format!(
        "INSERT INTO tags (tag, usn, collapsed, config) SELECT tag, usn, 1, NULL FROM {old}"
    ))?;
    Ok(remove_aside(conn, &old)?)
}
