//! What another program left pending reaches every device.

use std::path::PathBuf;

use deckport_wire::{Changes, DecksAndPresets, ReceivedChanges, StartRequest};
use tempfile::TempDir;

use super::*;
use crate::objects::config;
use crate::sync::ServerSync;
use crate::upload::accept_uninterrupted;
use crate::{Collection, accept_upgrade};

const NOW: i64 = 1_768_040_000_000;
/// Of the endpoint's next sync: what a device that is up to date asks from.
const USN: i32 = 9;
const LEFT_AT: i64 = NOW - 86_400_000;

/// What a client leaves behind that adds, changes and deletes some of everything.
const EDITS: &str = "
INSERT INTO notes VALUES (11, 'one', 5, 100, -1, ' t ', 'f', 'f', 1, 0, '');
INSERT INTO cards VALUES (12, 11, 1, 0, 1, -1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '');
INSERT INTO cards VALUES (13, 11, 1, 1, 1, -1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '');
INSERT INTO revlog VALUES (14, 12, -1, 3, 9, 1, 2500, 1000, 1);
INSERT INTO graves VALUES (15, 1, -1);
INSERT INTO tags VALUES ('t', -1, 1, NULL);
UPDATE decks SET usn = -1, name = 'Renamed';
UPDATE deck_config SET usn = -1;
UPDATE notetypes SET usn = -1 WHERE id = (SELECT min(id) FROM notetypes);
INSERT OR REPLACE INTO config VALUES ('addon', -1, 0, '\"new\"');";

/// A collection as the endpoint left it after a sync, and then another program.
struct Edited {
    path: PathBuf,
    _folder: TempDir,
}

impl Edited {
    fn by(sql: &str) -> Edited {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collection.anki2");
        let collection = Collection::create(&path, LEFT_AT).unwrap();
        let left = format!("UPDATE col SET mod = {LEFT_AT}, ls = {LEFT_AT}, usn = {USN}");
        collection.conn().execute_batch(&left).unwrap();
        config::set(collection.conn(), "addon", &"old", 0, 0).unwrap();
        collection.conn().execute_batch(sql).unwrap();
        collection.close().unwrap();
        Edited { path, _folder: folder }
    }

    fn open(&self) -> Collection {
        Collection::open(&self.path).unwrap()
    }

    fn taken_in(&self) -> (Collection, TakenIn) {
        let collection = self.open();
        let taken_in = collection.take_in().unwrap();
        (collection, taken_in)
    }
}

fn number(collection: &Collection, sql: &str) -> i64 {
    collection.conn().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// What a device gets that sends only its settings, if any.
fn exchange(collection: &Collection, client_usn: i32, settings: Option<&str>) -> (Changes, String) {
    let conn = collection.conn();
    let client_is_newer = settings.is_some();
    let request = StartRequest { client_usn, client_is_newer, graves: None };
    let (mut sync, graves) = ServerSync::start(conn, &request, NOW).unwrap();
    let config = settings.map(|json| serde_json::from_str(json).unwrap());
    let received = ReceivedChanges { config, ..ReceivedChanges::default() };
    let changes = sync.apply_changes(conn, received).unwrap();
    let chunk = sync.chunk(conn).unwrap();
    let ids = format!(
        "{:?} {:?} {:?} {:?}",
        chunk.notes.iter().map(|note| note.id).collect::<Vec<_>>(),
        chunk.cards.iter().map(|card| card.id).collect::<Vec<_>>(),
        chunk.reviews.iter().map(|review| review.id).collect::<Vec<_>>(),
        graves.notes
    );
    sync.finish(conn, NOW).unwrap();
    (changes, ids)
}

#[test]
fn every_kind_of_row_reaches_a_device_that_was_up_to_date_and_one_that_comes_later() {
    let edited = Edited::by(EDITS);
    let (collection, taken_in) = edited.taken_in();
    assert_eq!(
        taken_in.to_string(),
        "notes (1), cards (2), reviews (1), deletions (1), decks (1), presets (1), notetypes (1), \
         tags (1), settings (1)"
    );
    assert_eq!(collection.state().unwrap().usn, USN + 1);
    for client_usn in [USN, 3] {
        let (changes, rows) = exchange(&collection, client_usn, None);
        assert_eq!(rows, "[11] [12, 13] [14] [15]");
        let DecksAndPresets(decks, presets) = &changes.decks;
        assert_eq!(decks[0].name, "Renamed");
        assert_eq!((presets.len(), changes.notetypes.len()), (1, 1));
        assert_eq!(changes.tags, ["t"]);
        assert_eq!(changes.config.unwrap()["addon"].get(), "\"new\"");
    }
    // A device that has them does not get them again.
    let (changes, rows) = exchange(&collection, USN + 1, None);
    assert_eq!((rows.as_str(), changes.tags.len()), ("[] [] [] []", 0));
}

#[test]
fn nothing_is_taken_in_twice_and_a_file_without_pending_rows_stays_as_it_is() {
    let edited = Edited::by("UPDATE notetypes SET usn = 5; UPDATE col SET mod = mod + 7");
    let before = edited.open().state().unwrap();
    let (collection, taken_in) = edited.taken_in();
    assert!(taken_in.is_empty());
    assert_eq!(collection.state().unwrap(), before);
    let (collection, first) = Edited::by(EDITS).taken_in();
    let state = collection.state().unwrap();
    let second = collection.take_in().unwrap();
    assert_eq!((first.is_empty(), second.is_empty()), (false, true));
    assert_eq!(collection.state().unwrap(), state);
}

#[test]
fn the_time_of_the_collection_goes_on_from_where_the_endpoint_left_it() {
    let pending = "UPDATE decks SET usn = -1; UPDATE col SET";
    for (sql, modified) in [
        // By a clock of today, and by one of tomorrow.
        (format!("{pending} mod = {NOW}"), LEFT_AT + 5_000),
        (format!("{pending} mod = {}", 2 * NOW), LEFT_AT + 5_000),
        // At once, and by something that keeps no times.
        (format!("{pending} mod = mod + 20"), LEFT_AT + 21),
        (format!("{pending} dty = 0"), LEFT_AT + 1),
        // It came from a client that never synced.
        (format!("{pending} mod = {NOW}, ls = 0, usn = 0"), NOW + 1),
    ] {
        let (collection, _) = Edited::by(&sql).taken_in();
        let state = collection.state().unwrap();
        assert_eq!(state.modified_ms, modified, "{sql}");
        assert_eq!(number(&collection, "SELECT ls FROM col"), modified, "{sql}");
    }
}

#[test]
fn a_schema_time_of_another_program_stays_and_makes_devices_choose() {
    let edited = Edited::by(&format!("{EDITS} UPDATE col SET scm = {NOW}, mod = {NOW}"));
    assert_eq!(edited.taken_in().0.state().unwrap().schema_modified_ms, NOW);
}

#[test]
fn a_setting_counts_until_a_device_changes_it_again() {
    let edited = Edited::by(EDITS);
    let (collection, _) = edited.taken_in();
    let addon = || config::get::<String>(collection.conn(), "addon").unwrap().unwrap();
    // A device that has edited something else sends the old value along.
    let with = |value: &str| format!("{{\"addon\":\"{value}\"}}");
    let (changes, _) = exchange(&collection, USN, Some(&with("old")));
    assert_eq!((addon(), changes.config.is_some()), ("new".to_owned(), true));
    exchange(&collection, USN + 2, Some(&with("newest")));
    assert_eq!(addon(), "newest");
}

#[test]
fn names_that_two_decks_exchanged_are_sent_aside_first() {
    let edited = Edited::by(
        "INSERT INTO decks SELECT 2, 'A', 0, -1, common, kind FROM decks WHERE id = 1;
         INSERT INTO decks SELECT 3, 'B', 0, -1, common, kind FROM decks WHERE id = 1;",
    );
    let (collection, _) = edited.taken_in();
    let (changes, _) = exchange(&collection, USN, None);
    let names: Vec<&str> = changes.decks.0.iter().map(|deck| deck.name.as_str()).collect();
    assert_eq!(names, ["renaming 2", "renaming 3", "A", "B"]);
}

#[test]
fn very_many_rows_are_taken_in() {
    let (collection, taken_in) = Edited::by(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20001)
         INSERT INTO revlog SELECT x, 12, -1, 3, 9, 1, 2500, 1000, 1 FROM n",
    )
    .taken_in();
    assert_eq!(taken_in.to_string(), "reviews (20001)");
    let pending = format!("SELECT count(*) FROM revlog WHERE usn = {USN}");
    assert_eq!(number(&collection, &pending), 20_001);
}

#[test]
fn an_upload_has_sent_its_rows_and_an_upgrade_has_not() {
    let fresh = || {
        Edited::by(
            &EDITS
                .replace("5, 100", "(SELECT min(id) FROM notetypes), 100")
                .replace("'f', 'f', 1", "'f' || char(31), 'f', 1"),
        )
    };
    let uploaded = fresh();
    accept_uninterrupted(&uploaded.path, NOW).unwrap();
    assert!(uploaded.taken_in().1.is_empty());
    let upgraded = fresh();
    accept_upgrade(&upgraded.path, NOW).unwrap();
    assert!(upgraded.taken_in().1.to_string().starts_with("notes (1), cards (2)"));
}

#[test]
fn settings_that_an_upload_left_pending_are_not_a_change() {
    let edited = Edited::by("UPDATE config SET usn = -1");
    let (collection, taken_in) = edited.taken_in();
    assert!(taken_in.is_empty());
    assert_eq!(number(&collection, "SELECT count(*) FROM config WHERE usn != 0"), 0);
    assert_eq!(number(&collection, "SELECT usn FROM col"), i64::from(USN));
    assert_eq!(number(&collection, "SELECT mod FROM col"), LEFT_AT);
}
