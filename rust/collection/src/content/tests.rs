//! What the digest promises.

use std::path::{Path, PathBuf};

use deckport_wire::{Chunk, Review, StartRequest};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Digest, check_content, tally};
use crate::Collection;
use crate::collation;
use crate::sync::ServerSync;
use deckport_ground::files::{beside, remove_if_present};

const NOW: i64 = 1_768_040_000_000;

/// Nothing is known of the collection any more.
pub(crate) fn forget(path: &Path) {
    remove_if_present(&beside(path, ".digest")).unwrap();
}

struct Fixture {
    collection: Collection,
    path: PathBuf,
    _folder: TempDir,
}

impl Fixture {
    fn new() -> Fixture {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("collection.anki2");
        let collection = Collection::create(&path, NOW - 86_400_000).unwrap();
        Fixture { collection, path, _folder: folder }
    }

    fn settled() -> Fixture {
        let fixture = Fixture::new();
        fixture.collection.settle_content().unwrap();
        fixture
    }

    fn conn(&self) -> &Connection {
        self.collection.conn()
    }

    fn begin(&self) -> ServerSync {
        let request = StartRequest { client_usn: 0, client_is_newer: false, graves: None };
        ServerSync::start(self.conn(), &request, NOW).unwrap().0
    }

    /// A sync that brings one review.
    fn sync(&self, review: i64) {
        let mut sync = self.begin();
        sync.apply_chunk(self.conn(), a_review(review)).unwrap();
        sync.finish(self.conn(), NOW).unwrap();
    }

    /// What was changed behind the back of syncs.
    fn altered(&self) -> Option<Vec<&'static str>> {
        let copy = self.path.with_extension("copy");
        self.collection.snapshot(&copy).unwrap();
        check_content(&self.path, &copy).unwrap().altered
    }

    /// As another program would write.
    fn alter(&self, sql: &str) {
        let conn = Connection::open(&self.path).unwrap();
        collation::register(&conn).unwrap();
        conn.execute_batch(sql).unwrap();
    }
}

fn a_review(id: i64) -> Chunk {
    let review = Review {
        id,
        card_id: 1,
        usn: -1,
        ease: 3,
        interval: 1,
        last_interval: 1,
        factor: 0,
        time_ms: 1500,
        kind: 0,
    };
    Chunk { done: true, reviews: vec![review], ..Chunk::default() }
}

/// Adds, changes, replaces and deletes in every table that counts.
const CHANGES: [&str; 27] = [
    "INSERT INTO notes VALUES (1, 'g', 1, 1, 1, ' t ', 'a', 'a', 1, 0, '')",
    "UPDATE notes SET flds = 'b', usn = 3",
    "REPLACE INTO notes VALUES (1, 'h', 1, 1, 1, '', 'a', 'a', 1, 0, '')",
    "INSERT INTO cards VALUES (2, 1, 1, 0, 1, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '')",
    "UPDATE cards SET data = '{}', due = 1.5",
    "REPLACE INTO cards VALUES (2, 1, 1, 0, 1, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '')",
    "INSERT INTO revlog VALUES (3, 2, 3, 3, 9, 1, 2500, 1000, 1)",
    "UPDATE revlog SET ease = 1",
    "DELETE FROM revlog",
    "INSERT INTO decks VALUES (9, 'd', 0, 0, x'00', x'01')",
    "UPDATE decks SET name = 'e' WHERE id = 9",
    "REPLACE INTO decks VALUES (9, 'f', 0, 0, x'00', x'01')",
    "INSERT INTO deck_config VALUES (9, 'p', 0, 0, x'00')",
    "UPDATE deck_config SET config = x'02' WHERE id = 9",
    "DELETE FROM deck_config WHERE id = 9",
    "UPDATE notetypes SET name = name || '!'",
    "UPDATE fields SET name = name || '!'",
    "DELETE FROM fields WHERE ord = 1",
    "UPDATE templates SET config = x''",
    "DELETE FROM templates",
    "REPLACE INTO config VALUES ('nextPos', 0, 0, '9')",
    "UPDATE config SET val = '8' WHERE KEY = 'nextPos'",
    "DELETE FROM config WHERE KEY = 'nextPos'",
    "UPDATE col SET crt = crt + 1",
    "INSERT INTO tags VALUES ('t', 0, 0, NULL)",
    "REPLACE INTO tags VALUES ('t', 1, 1, NULL)",
    "DELETE FROM tags",
];

#[test]
fn the_tally_of_every_change_is_the_difference_that_it_makes() {
    let fixture = Fixture::new();
    let conn = fixture.conn();
    tally::watch(conn).unwrap();
    for sql in CHANGES {
        let before = Digest::of(conn).unwrap();
        tally::take(conn).unwrap();
        assert_ne!(conn.execute(sql, []).unwrap(), 0, "{sql}");
        let change = tally::take(conn).unwrap().unwrap();
        assert_eq!(before.plus(change), Digest::of(conn).unwrap(), "{sql}");
    }
}

#[test]
fn what_may_differ_between_healthy_copies_is_no_part_of_the_digest() {
    let fixture = Fixture::new();
    let conn = fixture.conn();
    conn.execute_batch(CHANGES[0]).unwrap();
    let before = Digest::of(conn).unwrap();
    conn.execute_batch(
        "UPDATE notes SET usn = 9, sfld = 'x', csum = 5; UPDATE decks SET usn = 9;
         UPDATE config SET usn = 9; UPDATE col SET usn = 99, mod = 99, ls = 5;
         INSERT INTO graves VALUES (5, 0, 1)",
    )
    .unwrap();
    assert_eq!(Digest::of(conn).unwrap(), before);
}

#[test]
fn equal_rows_have_equal_digests_whatever_their_order() {
    let fixture = Fixture::new();
    let of_order = |ids: [u8; 2]| {
        fixture.conn().execute_batch("DELETE FROM revlog").unwrap();
        for id in ids {
            let sql = "INSERT INTO revlog VALUES (?1, 2, 3, 3, 9, 1, 2500, 1000, 1)";
            fixture.conn().execute(sql, [id]).unwrap();
        }
        Digest::of(fixture.conn()).unwrap()
    };
    assert_eq!(of_order([5, 6]), of_order([6, 5]));
    assert_ne!(of_order([5, 6]), of_order([5, 7]));
}

#[test]
fn a_digest_survives_being_written_down() {
    let digest = Digest::of(Fixture::new().conn()).unwrap();
    assert_eq!(Digest::from_bytes(&digest.to_bytes()), Some(digest));
    assert_eq!(Digest::from_bytes(&digest.to_bytes()[1..]), None);
    let json = serde_json::to_vec(&digest).unwrap();
    assert_eq!(serde_json::from_slice::<Digest>(&json).unwrap(), digest);
    assert_eq!(digest.to_string().len(), 16);
}

#[test]
fn after_syncs_the_content_is_known_and_as_they_left_it() {
    let fixture = Fixture::settled();
    assert_eq!(fixture.altered(), Some(vec![]));
    fixture.sync(5);
    fixture.sync(6);
    assert_eq!(fixture.altered(), Some(vec![]));
}

#[test]
fn what_changed_behind_the_back_of_syncs_is_named() {
    let fixture = Fixture::settled();
    fixture.sync(5);
    fixture.alter("UPDATE revlog SET ease = 1; DELETE FROM fields");
    assert_eq!(fixture.altered(), Some(vec!["reviews", "notetypes"]));
    // Later syncs do not make it good.
    fixture.sync(6);
    assert_eq!(fixture.altered(), Some(vec!["reviews", "notetypes"]));
}

#[test]
fn a_sync_that_was_rolled_back_counts_for_nothing() {
    let fixture = Fixture::settled();
    let mut sync = fixture.begin();
    sync.apply_chunk(fixture.conn(), a_review(5)).unwrap();
    sync.abort(fixture.conn()).unwrap();
    assert_eq!(fixture.altered(), Some(vec![]));
    fixture.sync(6);
    assert_eq!(fixture.altered(), Some(vec![]));
}

#[test]
fn a_sync_of_very_many_rows_is_read_when_there_is_time() {
    let fixture = Fixture::settled();
    let mut sync = fixture.begin();
    let mut many = a_review(1);
    many.reviews = (1..=2_001).map(|id| Review { id, ..many.reviews[0].clone() }).collect();
    sync.apply_chunk(fixture.conn(), many).unwrap();
    sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(tally::take(fixture.conn()).unwrap(), None);
    fixture.collection.settle_content().unwrap();
    fixture.sync(5_000);
    assert_eq!(fixture.altered(), Some(vec![]));
}

#[test]
fn a_kill_before_or_after_the_commit_leaves_a_known_state() {
    let fixture = Fixture::settled();
    let before = fixture.path.with_extension("before");
    fixture.collection.snapshot(&before).unwrap();
    fixture.sync(5);
    assert_eq!(check_content(&fixture.path, &before).unwrap().altered, Some(vec![]));
    assert_eq!(fixture.altered(), Some(vec![]));
}

#[test]
fn a_state_that_no_sync_left_is_unknown_until_there_is_time() {
    let fixture = Fixture::new();
    fixture.sync(5);
    fixture.collection.settle_content().unwrap();
    assert_eq!(fixture.altered(), Some(vec![]));
    fixture.alter("UPDATE col SET mod = mod + 1");
    assert_eq!(fixture.altered(), None);
}

#[test]
fn a_check_of_an_unknown_state_is_what_later_ones_compare_with() {
    let fixture = Fixture::new();
    assert_eq!(fixture.altered(), None);
    assert_eq!(fixture.altered(), Some(vec![]));
    fixture.alter("DELETE FROM decks");
    assert_eq!(fixture.altered(), Some(vec!["decks"]));
}

#[test]
fn a_damaged_file_is_as_good_as_none() {
    let fixture = Fixture::settled();
    std::fs::write(beside(&fixture.path, ".digest"), "{\"states\": [[[1").unwrap();
    assert_eq!(fixture.altered(), None);
    fixture.sync(5);
    fixture.collection.settle_content().unwrap();
    assert_eq!(fixture.altered(), Some(vec![]));
    // A digit of the digest is of another write.
    let file = beside(&fixture.path, ".digest");
    let written = std::fs::read_to_string(&file).unwrap();
    let at = written.find("]],").unwrap() - 1;
    let digit = if &written[at..=at] == "1" { "2" } else { "1" };
    std::fs::write(&file, format!("{}{digit}{}", &written[..at], &written[at + 1..])).unwrap();
    assert_eq!(fixture.altered(), None);
}
