//! What the endpoint promises in a sync, step by step.

mod healing;
mod objects;

use deckport_wire::{
    Card, Changes, Chunk, DecksAndPresets, Graves, Note, Review, SanityCounts, SanityReport,
    SanityStatus, StartRequest, Usn,
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Finished, ServerSync};
use crate::Collection;
use crate::error::Error;
use crate::objects::{config, decks, notetypes, presets};

/// Sat 2026-01-10 10:13:20 UTC, in ms.
const NOW: i64 = 1_768_040_000_000;
const NOW_SECS: i64 = NOW / 1000;

/// A new collection in its own folder, as if others had synced with it nine times.
struct Fixture {
    collection: Collection,
    notetype: i64,
    _folder: TempDir,
}

const SERVER_USN: Usn = 9;

impl Fixture {
    fn new() -> Fixture {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("collection.anki2");
        let collection = Collection::create(&path, NOW - 86_400_000).unwrap();
        collection.conn().execute("UPDATE col SET usn = ?1", [SERVER_USN]).unwrap();
        let notetype = collection
            .conn()
            .query_row("SELECT id FROM notetypes WHERE name = 'Basic'", [], |row| row.get(0))
            .unwrap();
        Fixture { collection, notetype, _folder: folder }
    }

    fn conn(&self) -> &Connection {
        self.collection.conn()
    }

    fn start(&self, client_usn: Usn, client_is_newer: bool) -> (ServerSync, Graves) {
        let request = StartRequest { client_usn, client_is_newer, graves: None };
        ServerSync::start(self.conn(), &request, NOW).unwrap()
    }

    /// One whole sync that sends these rows.
    fn send(&self, chunk: Chunk) -> Finished {
        let (mut sync, _) = self.start(SERVER_USN, false);
        sync.apply_chunk(self.conn(), chunk).unwrap();
        sync.finish(self.conn(), NOW).unwrap()
    }

    fn note(&self, id: i64, text: &str) -> Note {
        Note {
            id,
            guid: format!("guid{id}"),
            notetype_id: self.notetype,
            modified: NOW_SECS,
            usn: -1,
            tags: String::new(),
            fields: format!("{text}\u{1f}back"),
            sort_field: String::new(),
            checksum: String::new(),
            flags: 0,
            data: String::new(),
        }
    }

    fn int(&self, sql: &str) -> i64 {
        self.conn().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn text(&self, sql: &str) -> String {
        self.conn().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

fn card(id: i64, note_id: i64) -> Card {
    Card {
        id,
        note_id,
        deck_id: 1,
        // Each card of a note has its own.
        ord: u16::try_from(id).unwrap_or_default(),
        modified: NOW_SECS,
        usn: -1,
        kind: 0,
        queue: 0,
        due: 1,
        interval: 0,
        factor: 0,
        reps: 0,
        lapses: 0,
        left: 0,
        original_due: 0,
        original_deck_id: 0,
        flags: 0,
        data: String::new(),
    }
}

fn review(id: i64, card_id: i64) -> Review {
    Review {
        id,
        card_id,
        usn: -1,
        ease: 3,
        interval: -600,
        last_interval: 0,
        factor: 0,
        time_ms: 1500,
        kind: 0,
    }
}

fn graves(cards: &[i64], notes: &[i64], decks: &[i64]) -> Graves {
    Graves { cards: cards.to_vec(), notes: notes.to_vec(), decks: decks.to_vec() }
}

fn rows(cards: Vec<Card>, notes: Vec<Note>, reviews: Vec<Review>) -> Chunk {
    Chunk { done: true, cards, notes, reviews }
}

#[test]
fn received_rows_get_the_number_of_the_running_sync() {
    let fixture = Fixture::new();
    fixture.send(rows(vec![card(2, 1)], vec![fixture.note(1, "a")], vec![review(3, 2)]));
    for table in ["cards", "notes", "revlog"] {
        assert_eq!(fixture.int(&format!("SELECT usn FROM {table}")), 9, "{table}");
    }
    assert_eq!(fixture.int("SELECT usn FROM col"), 10);
}

#[test]
fn aborting_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let (mut sync, _) = fixture.start(0, true);
    sync.apply_graves(fixture.conn(), &graves(&[5], &[], &[])).unwrap();
    sync.apply_chunk(fixture.conn(), rows(vec![], vec![fixture.note(1, "a")], vec![])).unwrap();
    sync.abort(fixture.conn()).unwrap();
    assert_eq!(fixture.int("SELECT count(*) FROM notes"), 0);
    assert_eq!(fixture.int("SELECT count(*) FROM graves"), 0);
    assert_eq!(fixture.int("SELECT usn FROM col"), 9);
}

#[test]
fn the_modification_time_never_repeats_even_when_the_clock_goes_back() {
    let fixture = Fixture::new();
    fixture.conn().execute("UPDATE col SET mod = ?1", [NOW + 5000]).unwrap();
    let finished = fixture.send(Chunk::default());
    assert_eq!(finished.modified, NOW + 5001);
    assert_eq!(fixture.int("SELECT mod FROM col"), NOW + 5001);
}

#[test]
fn own_deletions_are_sent_and_the_clients_own_are_not_sent_back() {
    let fixture = Fixture::new();
    let insert = "INSERT INTO graves (oid, type, usn) VALUES (10, 0, 3), (11, 1, 4), (12, 2, 5)";
    fixture.conn().execute(insert, []).unwrap();
    let request = StartRequest {
        client_usn: 4,
        client_is_newer: false,
        graves: Some(graves(&[20], &[], &[])),
    };
    let (sync, told) = ServerSync::start(fixture.conn(), &request, NOW).unwrap();
    assert_eq!(told, graves(&[], &[11], &[12]));
    sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(fixture.int("SELECT usn FROM graves WHERE oid = 20"), 9);
}

#[test]
fn a_second_deletion_of_the_same_object_is_sent_again() {
    let fixture = Fixture::new();
    fixture.conn().execute("INSERT INTO graves (oid, type, usn) VALUES (10, 0, 3)", []).unwrap();
    let (mut sync, _) = fixture.start(9, true);
    sync.apply_graves(fixture.conn(), &graves(&[10], &[], &[])).unwrap();
    sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(fixture.int("SELECT usn FROM graves WHERE oid = 10"), 9);
}

#[test]
fn the_default_deck_cannot_be_deleted() {
    let fixture = Fixture::new();
    let (mut sync, _) = fixture.start(9, true);
    sync.apply_graves(fixture.conn(), &graves(&[], &[], &[1])).unwrap();
    sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(fixture.int("SELECT count(*) FROM decks WHERE id = 1"), 1);
    assert_eq!(fixture.int("SELECT count(*) FROM graves"), 0);
}

#[test]
fn a_card_changed_here_meanwhile_stays_only_when_it_is_newer() {
    // (stored usn, stored age relative to the incoming card, who wins)
    let cases = [
        (SERVER_USN, 1, "stored"),
        (SERVER_USN, 0, "incoming"),
        (SERVER_USN, -1, "incoming"),
        (SERVER_USN - 1, 1, "incoming"),
    ];
    for (usn, newer_by, winner) in cases {
        let fixture = Fixture::new();
        fixture.send(rows(vec![card(2, 1)], vec![fixture.note(1, "a")], vec![]));
        fixture
            .conn()
            .execute(
                "UPDATE cards SET data = 'stored', usn = ?1, mod = ?2",
                (usn, NOW_SECS + newer_by),
            )
            .unwrap();
        let (mut sync, _) = fixture.start(SERVER_USN, false);
        let incoming = Card { data: "incoming".to_owned(), ..card(2, 1) };
        sync.apply_chunk(fixture.conn(), rows(vec![incoming], vec![], vec![])).unwrap();
        sync.finish(fixture.conn(), NOW).unwrap();
        assert_eq!(fixture.text("SELECT data FROM cards"), winner, "{usn} {newer_by}");
    }
}

#[test]
fn a_note_changed_here_meanwhile_stays_only_when_it_is_newer() {
    for (newer_by, winner) in [(1, "stored"), (0, "incoming")] {
        let fixture = Fixture::new();
        let stored = Note { modified: NOW_SECS + newer_by, ..fixture.note(1, "stored") };
        fixture.send(rows(vec![], vec![stored], vec![]));
        let (mut sync, _) = fixture.start(SERVER_USN, false);
        let incoming = fixture.note(1, "incoming");
        sync.apply_chunk(fixture.conn(), rows(vec![], vec![incoming], vec![])).unwrap();
        sync.finish(fixture.conn(), NOW).unwrap();
        assert_eq!(fixture.text("SELECT sfld FROM notes"), winner, "{newer_by}");
    }
}

#[test]
fn a_notes_own_flags_and_data_survive_a_client_that_does_not_send_them() {
    let fixture = Fixture::new();
    let stored = Note { flags: 7, data: "kept".to_owned(), ..fixture.note(1, "a") };
    fixture.send(rows(vec![], vec![stored], vec![]));
    fixture.send(rows(vec![], vec![fixture.note(1, "b")], vec![]));
    assert_eq!(fixture.text("SELECT sfld || data || flags FROM notes"), "bkept7");
}

#[test]
fn a_review_that_is_here_already_is_not_replaced() {
    let fixture = Fixture::new();
    fixture.send(rows(vec![], vec![], vec![review(3, 2)]));
    let again = Review { ease: 1, ..review(3, 2) };
    fixture.send(rows(vec![], vec![], vec![again]));
    assert_eq!(fixture.int("SELECT ease FROM revlog"), 3);
}

#[test]
fn a_note_without_its_notetype_or_with_other_fields_is_a_conflict() {
    let fixture = Fixture::new();
    let foreign = Note { notetype_id: 12345, ..fixture.note(1, "a") };
    let short = Note { fields: "only one".to_owned(), ..fixture.note(1, "a") };
    for note in [foreign, short] {
        let (mut sync, _) = fixture.start(SERVER_USN, true);
        let result = sync.apply_chunk(fixture.conn(), rows(vec![], vec![note], vec![]));
        assert!(matches!(result, Err(Error::Notetype(_))), "{result:?}");
        sync.abort(fixture.conn()).unwrap();
    }
}

#[test]
fn chunks_hold_everything_once_and_nothing_of_the_client() {
    let fixture = Fixture::new();
    let notes = (0..1500).map(|n| fixture.note(1000 + n, "x")).collect();
    let reviews = (0..1500).map(|n| review(5000 + n, 2)).collect();
    fixture.send(rows(vec![], notes, reviews));

    let (mut sync, _) = fixture.start(SERVER_USN, false);
    let mut notes = Vec::new();
    let mut reviews = Vec::new();
    let mut first = true;
    loop {
        let chunk = sync.chunk(fixture.conn()).unwrap();
        assert!(chunk.notes.len() + chunk.reviews.len() <= 1000);
        notes.extend(chunk.notes.into_iter().map(|note| note.id));
        reviews.extend(chunk.reviews.into_iter().map(|review| review.id));
        if std::mem::take(&mut first) {
            let own = fixture.note(999_999, "from the client");
            sync.apply_chunk(fixture.conn(), rows(vec![], vec![own], vec![])).unwrap();
            sync.apply_graves(fixture.conn(), &graves(&[], &[2499], &[])).unwrap();
        }
        if chunk.done {
            break;
        }
    }
    assert_eq!(reviews, (5000..6500).collect::<Vec<_>>());
    // The note deleted meanwhile is left out, the client's own is not sent back.
    assert_eq!(notes, (1000..2499).collect::<Vec<_>>());
    sync.abort(fixture.conn()).unwrap();
}

#[test]
fn a_large_text_closes_a_chunk_early() {
    let fixture = Fixture::new();
    let text = "x".repeat(600_000);
    fixture.send(rows(vec![], (1..4).map(|id| fixture.note(id, &text)).collect(), vec![]));
    let (mut sync, _) = fixture.start(SERVER_USN, false);
    assert_eq!(sync.chunk(fixture.conn()).unwrap().notes.len(), 2);
    let last = sync.chunk(fixture.conn()).unwrap();
    assert!(last.done && last.notes.len() == 1);
    sync.abort(fixture.conn()).unwrap();
}

#[test]
fn equal_counts_pass_and_others_or_a_clients_own_complaint_do_not() {
    let fixture = Fixture::new();
    fixture.send(rows(vec![card(2, 1)], vec![fixture.note(1, "a")], vec![review(3, 2)]));
    let notetypes = u32::try_from(fixture.int("SELECT count(*) FROM notetypes")).unwrap();
    let equal = SanityCounts([9, 9, 9], 1, 1, 1, 7, notetypes, 1, 1);
    let (sync, _) = fixture.start(SERVER_USN, true);
    let status = |report| sync.sanity_check(fixture.conn(), &report).unwrap().status;
    assert_eq!(status(SanityReport::Counts(equal)), SanityStatus::Ok);
    let other = SanityCounts([0; 3], 2, 1, 1, 0, notetypes, 1, 1);
    assert_eq!(status(SanityReport::Counts(other)), SanityStatus::Bad);
    assert_eq!(status(SanityReport::Problem("missing notes".into())), SanityStatus::Bad);
    fixture.conn().execute("UPDATE notes SET usn = -1", []).unwrap();
    assert_eq!(status(SanityReport::Counts(equal)), SanityStatus::Bad);
    sync.abort(fixture.conn()).unwrap();
}
