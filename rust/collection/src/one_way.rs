//! Making every device ask for a one-way sync: what a restored or imported collection needs.
//!
//! A device merges only while its schema time equals the endpoint's (`collection-sync` 4). A
//! collection from another time has an older one that some device may still have, together with a
//! smaller usn: the device would merge, and miss what it cannot know to be missing
//! (`collection-sync` 13.20). So the file gets times that no device has ever been told.

use deckport_ground::durable::sync_file_at;
use std::path::Path;

use crate::collection::CollectionState;
use crate::connection::open_scratch;
use crate::error::Result;

/// Gives the collection file at `path`, which nobody else uses, a new schema time and
/// modification time: now, or later if it or the collection that it `replaces` has a later one.
/// The usn is the larger of the two, so that it never goes back. Synced to disk when this returns;
/// after an error the file is useless.
///
/// # Errors
/// When the file cannot be read or written.
pub fn force_one_way(path: &Path, replaces: Option<&CollectionState>, now_ms: i64) -> Result<()> {
    let conn = open_scratch(path)?;
    let (modified, schema_modified, usn): (i64, i64, i32) =
        conn.query_row("SELECT mod, scm, usn FROM col", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let latest = modified.max(schema_modified);
    let latest =
        replaces.map_or(latest, |old| latest.max(old.modified_ms).max(old.schema_modified_ms));
    let time = now_ms.max(latest.saturating_add(1));
    let usn = replaces.map_or(usn, |old| usn.max(old.usn));
    // `ls` as after a sync: what is in the file counts as synced.
    conn.execute("UPDATE col SET mod = ?1, scm = ?1, ls = ?1, usn = ?2", (time, usn))?;
    conn.close().map_err(|(_, error)| error)?;
    // The connection wrote without syncing.
    sync_file_at(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Collection;

    const NOW: i64 = 1_795_177_887_205;

    fn state_after(own: &str, replaces: Option<&CollectionState>, now_ms: i64) -> CollectionState {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.anki2");
        let collection = Collection::create(&path, NOW).unwrap();
        collection.conn().execute_batch(own).unwrap();
        collection.close().unwrap();
        force_one_way(&path, replaces, now_ms).unwrap();
        Collection::open(&path).unwrap().state().unwrap()
    }

    fn known(modified_ms: i64, schema_modified_ms: i64, usn: i32) -> CollectionState {
        let creation_secs = 0;
        CollectionState { creation_secs, modified_ms, schema_modified_ms, usn, has_cards: true }
    }

    #[test]
    fn the_times_are_newer_than_all_that_devices_know_whatever_the_clock_says() {
        let own = "UPDATE col SET mod = 50, scm = 40, usn = 3";
        let cases = [
            (None, 100, 100),
            (None, 10, 51),
            (Some(known(60, 70, 9)), 10, 71),
            (Some(known(80, 70, 9)), 80, 81),
            (Some(known(30, 20, 9)), 10, 51),
        ];
        for (replaces, now, expected) in cases {
            let state = state_after(own, replaces.as_ref(), now);
            assert_eq!(state.modified_ms, expected, "{replaces:?}");
            assert_eq!(state.schema_modified_ms, expected, "{replaces:?}");
            assert_eq!(state.usn, if replaces.is_some() { 9 } else { 3 });
        }
    }

    #[test]
    fn the_usn_never_goes_back() {
        assert_eq!(state_after("UPDATE col SET usn = 12", Some(&known(1, 1, 9)), NOW).usn, 12);
    }
}
