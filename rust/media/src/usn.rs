//! The media usn and its holder (`media-sync` 8.3).
//!
//! At the end of every transaction the highest usn belongs to a row that `mediaChanges` lists.
//! Otherwise clients see "the usn differs, there are no changes" at every sync. When no file has
//! it, it is put on a deletion of a name that nobody uses.

use deckport_wire::Usn;
use rusqlite::{Connection, OptionalExtension};

use crate::error::{Error, Result};
use crate::name::OWN_PREFIX;
use crate::records::{self, Listing};

/// The current usn.
pub(crate) fn current(conn: &Connection) -> Result<Usn> {
    Ok(conn.prepare_cached("SELECT last_usn FROM meta")?.query_row([], |row| row.get(0))?)
}

/// The number after `usn`.
pub(crate) fn after(usn: Usn) -> Result<Usn> {
    usn.checked_add(1).ok_or(Error::UsnExhausted)
}

/// Makes `usn` the current one and makes sure that a listed row has it.
pub(crate) fn set(conn: &Connection, usn: Usn, now_secs: i64) -> Result<()> {
    conn.prepare_cached("UPDATE meta SET last_usn = ?")?.execute([usn])?;
    let highest: Option<Usn> =
        conn.prepare_cached("SELECT max(usn) FROM media")?.query_row([], |row| row.get(0))?;
    if usn > highest.unwrap_or(0) {
        let holder = holder(conn)?;
        records::list_deleted(conn, &holder, usn, now_secs)?;
    }
    Ok(())
}

/// The reserved name. Another one if a file of that name exists after all.
fn holder(conn: &Connection) -> Result<String> {
    let reserved: Option<String> = conn
        .prepare_cached("SELECT value FROM deckport_meta WHERE key = 'holder'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let mut name = reserved.unwrap_or_else(|| format!("{OWN_PREFIX}-usn"));
    let mut tries = 0u64;
    while is_a_file(conn, &name)? {
        tries += 1;
        name = format!("{OWN_PREFIX}-usn-{tries}");
    }
    conn.prepare_cached("INSERT OR REPLACE INTO deckport_meta VALUES ('holder', ?)")?
        .execute([&name])?;
    Ok(name)
}

fn is_a_file(conn: &Connection, name: &str) -> Result<bool> {
    Ok(matches!(records::listing(conn, name)?, Listing::Live { .. })
        || records::file(conn, name)?.is_some())
}
