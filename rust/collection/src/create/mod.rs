//! A new, empty collection (`storage-migrate` 5).

mod defaults;
mod stock;

pub(crate) use defaults::{DEFAULT_ID, default_deck, default_preset};

use deckport_ground::durable::{sync_file_at, sync_folder_of};
use deckport_ground::files::{beside, remove_if_present};
use rusqlite::{Connection, OpenFlags};
use std::io::ErrorKind;
use std::path::Path;

use crate::connection::{SCHEMA_VERSION, configure_plain};
use crate::error::{Error, Result};
use crate::objects::{config, decks, notetypes, presets};
use crate::schema;

/// The hour a new collection's days begin, in seconds after midnight UTC.
const DAY_BEGINS_SECS: i64 = 4 * 3600;

/// Creates the file `path`, which must not exist. It appears only when it is complete and on
/// disk.
pub(crate) fn create(path: &Path, now_ms: i64) -> Result<()> {
    if path.try_exists()? {
        return Err(std::io::Error::from(ErrorKind::AlreadyExists).into());
    }
    let unfinished = beside(path, ".new");
    // An earlier attempt may have been interrupted.
    remove_if_present(&unfinished)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut conn = Connection::open_with_flags(&unfinished, flags)?;
    configure_plain(&conn)?;
    let transaction = conn.transaction()?;
    fill(&transaction, now_ms)?;
    transaction.commit()?;
    conn.close().map_err(|(_, error)| error)?;
    sync_file_at(&unfinished)?;
    std::fs::rename(&unfinished, path)?;
    sync_folder_of(path)?;
    Ok(())
}

/// Turns an empty database into a new collection.
pub(crate) fn fill(conn: &Connection, now_ms: i64) -> Result<()> {
    schema::create(conn)?;
    conn.execute(
        "INSERT INTO col (id, crt, mod, scm, ver, dty, usn, ls, conf, models, decks, dconf, tags)
         VALUES (1, ?1, 0, ?2, ?3, 0, 0, 0, '', '', '', '', '')",
        // A `scm` of its own, so that no client takes this for the same collection as its own
        // empty one (`storage` 4).
        (day_start_secs(now_ms), now_ms, SCHEMA_VERSION),
    )?;
    presets::store(conn, &default_preset(), 0)?;
    decks::store(conn, &default_deck(), 0, 0)?;
    for notetype in stock::notetypes(now_ms)? {
        notetypes::store(conn, &notetype, 0, 0)?;
    }
    for (key, value) in defaults::config(now_ms) {
        config::set(conn, key, &value, 0, 0)?;
    }
    Ok(())
}

/// The latest beginning of a day that is not in the future, Unix seconds.
fn day_start_secs(now_ms: i64) -> i64 {
    const DAY: i64 = 86_400;
    let now = now_ms.div_euclid(1000);
    (now - DAY_BEGINS_SECS).div_euclid(DAY) * DAY + DAY_BEGINS_SECS
}

/// A random identity of a field or template: any number but 0.
fn random_id() -> Result<i64> {
    loop {
        let id = getrandom::u64().map_err(|_| Error::Random)?.cast_signed();
        if id != 0 {
            return Ok(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_four_and_never_in_the_future() {
        let four = 1_795_147_200;
        assert_eq!(four % 86_400, 4 * 3600);
        assert_eq!(day_start_secs(four * 1000), four);
        assert_eq!(day_start_secs(four * 1000 - 1), four - 86_400);
        assert_eq!(day_start_secs(four * 1000 + 86_399_999), four);
    }
}
