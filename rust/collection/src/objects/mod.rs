//! The small objects of a collection: rows of the database as the objects that travel, and back.
//!
//! All functions work on the connection's current transaction and start none. They store what
//! they are given: which of two versions wins is decided in [`crate::sync`].

pub mod config;
pub mod decks;
pub mod notetypes;
pub mod presets;
#[cfg(test)]
pub(crate) mod round_trip_tests;
pub mod tags;

use rusqlite::CachedStatement;

use crate::error::{Error, Result};

/// Appends `+` to a name until no other object has it (`collection-sync` 6.3, 6.4). `statement`
/// finds out whether another id (?2) has a name (?1).
fn free_name(statement: &mut CachedStatement, name: &str, id: i64) -> Result<String> {
    let mut name = name.to_owned();
    while statement.exists((&name, id))? {
        name.push('+');
    }
    Ok(name)
}

/// Released clients refuse objects with id 0, so we must too.
fn check_id(id: i64) -> Result<()> {
    if id == 0 {
        Err(Error::conflict("an object has the id 0; check the database"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use rusqlite::Connection;

    /// An empty schema-18 database in memory.
    pub(crate) fn database() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        crate::collation::register(&conn).unwrap();
        conn.execute_batch(include_str!("../schema/schema18.sql")).unwrap();
        conn.execute_batch(include_str!("../schema/indexes18.sql")).unwrap();
        conn
    }
}
