//! What the endpoint promises in a sync, step by step.

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
fn own_deletions_are_told_and_the_clients_own_are_not_told_back() {
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
fn a_second_deletion_of_the_same_object_is_told_again() {
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
        assert!(matches!(result, Err(Error::Conflict(_))), "{result:?}");
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

/// Changes as a client sends them that edited the stored object: `edit` shifts its time.
fn edited(fixture: &Fixture, shift_secs: i64, config: bool) -> Changes {
    let mut changes = Changes::default();
    let mut deck = decks::changed_since(fixture.conn(), 0).unwrap().remove(0);
    deck.collapsed = false;
    deck.modified += shift_secs;
    let mut preset = presets::changed_since(fixture.conn(), 0).unwrap().remove(0);
    preset.name = "from the client".to_owned();
    preset.modified += shift_secs;
    let mut notetype = notetypes::get(fixture.conn(), fixture.notetype).unwrap().unwrap();
    notetype.css = "from the client".to_owned();
    notetype.modified += shift_secs;
    changes.decks = DecksAndPresets(vec![deck], vec![preset]);
    changes.notetypes = vec![notetype];
    changes.tags = vec!["new".to_owned()];
    if config {
        let raw = |json: &str| serde_json::value::RawValue::from_string(json.to_owned()).unwrap();
        changes.config = Some([("addon".to_owned(), raw("{ \"x\": 1.50 }"))].into());
        changes.creation = Some(1234);
    }
    changes
}

fn edit_everything_here(fixture: &Fixture) {
    for table in ["decks", "deck_config", "notetypes"] {
        let sql = format!("UPDATE {table} SET usn = {SERVER_USN}, mtime_secs = {NOW_SECS}");
        fixture.conn().execute(&sql, []).unwrap();
    }
}

#[test]
fn in_a_tie_the_clients_small_objects_win_and_ours_do_not_travel_back() {
    let fixture = Fixture::new();
    edit_everything_here(&fixture);
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    let answer = sync.apply_changes(fixture.conn(), edited(&fixture, 0, false).into()).unwrap();
    assert!(answer.decks.0.is_empty() && answer.decks.1.is_empty());
    assert!(!answer.notetypes.iter().any(|notetype| notetype.id == fixture.notetype));
    sync.finish(fixture.conn(), NOW).unwrap();
    let stored = notetypes::get(fixture.conn(), fixture.notetype).unwrap().unwrap();
    assert_eq!(stored.css, "from the client");
    assert_eq!(fixture.text("SELECT name FROM deck_config"), "from the client");
}

#[test]
fn an_older_object_of_the_client_is_ignored_and_ours_travels() {
    let fixture = Fixture::new();
    edit_everything_here(&fixture);
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    let answer = sync.apply_changes(fixture.conn(), edited(&fixture, -1, false).into()).unwrap();
    assert_eq!((answer.decks.0.len(), answer.decks.1.len()), (1, 1));
    assert!(answer.notetypes.iter().any(|notetype| notetype.id == fixture.notetype));
    sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(fixture.text("SELECT name FROM deck_config"), "Default");
}

#[test]
fn a_device_whose_clock_is_behind_gets_ours_of_what_it_edited_too_early() {
    let fixture = Fixture::new();
    // It has seen them already, and edited them after that, but by its clock before.
    edit_everything_here(&fixture);
    let (mut sync, _) = fixture.start(SERVER_USN + 1, true);
    let answer = sync.apply_changes(fixture.conn(), edited(&fixture, -1, false).into()).unwrap();
    assert_eq!((answer.decks.0.len(), answer.decks.1.len()), (1, 1));
    assert_eq!(answer.notetypes.len(), 1);
    sync.abort(fixture.conn()).unwrap();
}

#[test]
fn a_notetype_of_another_shape_is_a_conflict() {
    let fixture = Fixture::new();
    let mut changes = edited(&fixture, 10, false);
    changes.notetypes[0].fields.pop();
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    let result = sync.apply_changes(fixture.conn(), changes.into());
    assert!(matches!(result, Err(Error::Conflict(_))));
    sync.abort(fixture.conn()).unwrap();
}

#[test]
fn the_config_of_the_newer_side_replaces_the_others_word_for_word() {
    let fixture = Fixture::new();
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    let answer = sync.apply_changes(fixture.conn(), edited(&fixture, 1, true).into()).unwrap();
    assert!(answer.config.is_none() && answer.creation.is_none());
    sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(fixture.text("SELECT CAST(val AS TEXT) FROM config"), "{ \"x\": 1.50 }");
    assert_eq!(fixture.int("SELECT crt FROM col"), 1234);

    let (mut sync, _) = fixture.start(SERVER_USN, false);
    let answer = sync.apply_changes(fixture.conn(), Changes::default().into()).unwrap();
    assert_eq!(answer.creation, Some(1234));
    assert!(answer.config.unwrap().contains_key("addon"));
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

#[test]
fn a_card_whose_note_was_deleted_elsewhere_is_deleted_for_everyone() {
    let fixture = Fixture::new();
    // The client never saw card 3 and deletes the note with the one card it knows.
    fixture.send(rows(vec![card(2, 1), card(3, 1)], vec![fixture.note(1, "a")], vec![]));
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    sync.apply_graves(fixture.conn(), &graves(&[2], &[1], &[])).unwrap();
    // Another card arrives for the deleted note.
    sync.apply_chunk(fixture.conn(), rows(vec![card(4, 1)], vec![], vec![])).unwrap();
    let usn = i64::from(sync.usn);
    let finished = sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(fixture.int("SELECT count(*) FROM cards"), 0);
    assert_eq!(fixture.int("SELECT usn FROM graves WHERE oid = 3 AND type = 0"), usn + 1);
    assert_eq!(fixture.int("SELECT usn FROM graves WHERE oid = 4 AND type = 0"), usn + 1);
    // The client that just finished is told as well: it sees a newer collection next time.
    assert_ne!(fixture.int("SELECT mod FROM col"), finished.modified);
}

#[test]
fn a_card_whose_deck_was_deleted_elsewhere_finds_a_home() {
    let fixture = Fixture::new();
    let in_filtered = Card {
        deck_id: 77,
        original_deck_id: 1,
        original_due: 5,
        due: -100_000,
        kind: 2,
        queue: 2,
        ..card(2, 1)
    };
    let in_normal = Card { deck_id: 88, ..card(3, 1) };
    let note = fixture.note(1, "a");
    fixture.send(rows(vec![in_filtered, in_normal], vec![note], vec![]));
    assert_eq!(fixture.int("SELECT did FROM cards WHERE id = 2"), 1);
    assert_eq!(fixture.int("SELECT due FROM cards WHERE id = 2"), 5);
    assert_eq!(fixture.int("SELECT odid FROM cards WHERE id = 2"), 0);
    assert_eq!(fixture.text("SELECT name FROM decks WHERE id = 88"), "recovered88");
    assert_eq!(fixture.int("SELECT usn FROM decks WHERE id = 88"), i64::from(SERVER_USN) + 1);
}

#[test]
fn a_deck_whose_parent_was_deleted_elsewhere_gets_it_back() {
    let fixture = Fixture::new();
    let mut child = decks::changed_since(fixture.conn(), 0).unwrap().remove(0);
    child.id = 500;
    child.name = "a::b::c".to_owned();
    let changes = Changes { decks: DecksAndPresets(vec![child], vec![]), ..Changes::default() };
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    sync.apply_changes(fixture.conn(), changes.into()).unwrap();
    sync.finish(fixture.conn(), NOW).unwrap();
    let parents =
        fixture.int("SELECT count(*) FROM decks WHERE name IN ('a', 'a' || char(31) || 'b')");
    assert_eq!(parents, 2);
}

#[test]
fn buried_cards_are_released_on_a_new_day_without_marking_them_as_changed() {
    let fixture = Fixture::new();
    let buried = |id, kind, queue, due| Card { kind, queue, due, ..card(id, 1) };
    fixture.send(rows(
        vec![
            buried(2, 0, -2, 1),
            buried(3, 2, -3, 1),
            buried(4, 1, -2, 1_768_000_000),
            buried(5, 3, -2, 4),
            buried(6, 2, -1, 4),
        ],
        vec![fixture.note(1, "a")],
        vec![],
    ));
    fixture.conn().execute("UPDATE cards SET usn = 1, mod = 1", []).unwrap();
    let again = "UPDATE config SET val = '0' WHERE KEY = 'lastUnburied'";
    fixture.conn().execute(again, []).unwrap();
    let (sync, _) = fixture.start(SERVER_USN, true);
    sync.finish(fixture.conn(), NOW).unwrap();
    let queues =
        fixture.text("SELECT group_concat(queue) FROM (SELECT queue FROM cards ORDER BY id)");
    assert_eq!(queues, "0,2,1,3,-1");
    assert_eq!(fixture.int("SELECT max(usn) + max(mod) FROM cards"), 2);
    let today: i64 = config::get(fixture.conn(), "lastUnburied").unwrap().unwrap();
    assert!(today > 0);
}

/// A deck of this id and name as a client sends it.
fn deck_named(id: i64, name: &str, modified: i64) -> deckport_wire::Deck {
    let fixture = Fixture::new();
    let mut deck = decks::get(fixture.conn(), 1).unwrap().unwrap();
    (deck.id, deck.name, deck.modified) = (id, name.to_owned(), modified);
    deck
}

/// One sync of a client with this usn that sends decks; returns ids and names that it gets.
fn send_decks(fixture: &Fixture, client_usn: Usn, sent: &[(i64, &str, i64)]) -> Vec<(i64, String)> {
    let sent = sent.iter().map(|(id, name, modified)| deck_named(*id, name, *modified)).collect();
    let changes = Changes { decks: DecksAndPresets(sent, vec![]), ..Changes::default() };
    let (mut sync, _) = fixture.start(client_usn, true);
    let answer = sync.apply_changes(fixture.conn(), changes.into()).unwrap();
    sync.finish(fixture.conn(), NOW).unwrap();
    answer.decks.0.into_iter().map(|deck| (deck.id, deck.name)).collect()
}

#[test]
fn of_equal_names_ours_is_changed_and_sent() {
    let fixture = Fixture::new();
    send_decks(&fixture, SERVER_USN, &[(50, "Same", NOW_SECS)]);
    let got = send_decks(&fixture, SERVER_USN + 1, &[(60, "sAME", NOW_SECS - 9)]);
    assert_eq!(got, [(50, "Same+".to_owned())]);
    let stored = decks::get(fixture.conn(), 50).unwrap().unwrap();
    assert_eq!((stored.usn, stored.modified), (SERVER_USN + 1, NOW_SECS + 2));
    assert_eq!(decks::get(fixture.conn(), 60).unwrap().unwrap().name, "sAME");
}

#[test]
fn where_names_moved_objects_are_sent_aside_first() {
    let fixture = Fixture::new();
    send_decks(&fixture, SERVER_USN, &[(50, "P", NOW_SECS), (60, "Q", NOW_SECS)]);
    let behind = SERVER_USN + 1;
    send_decks(&fixture, behind, &[(50, "Q", NOW_SECS + 5), (60, "P", NOW_SECS + 5)]);
    let got = send_decks(&fixture, behind, &[]);
    let names: Vec<&str> = got.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["renaming 50", "renaming 60", "Q", "P"]);
    assert!(send_decks(&fixture, behind + 2, &[]).is_empty());
}

/// One sync of a client that is newer and has this config; returns what it gets of one.
fn send_config(fixture: &Fixture, client_usn: Usn, json: &str) -> Option<String> {
    let config = Some(serde_json::from_str(json).unwrap());
    let changes = Changes { config, creation: Some(77), ..Changes::default() };
    let (mut sync, _) = fixture.start(client_usn, true);
    let answer = sync.apply_changes(fixture.conn(), changes.into()).unwrap();
    sync.finish(fixture.conn(), NOW).unwrap();
    answer.config.map(|mut config| {
        config.retain(|key, _| key.len() == 1);
        serde_json::to_string(&config).unwrap()
    })
}

/// A fixture whose config is this, known to every client of the returned usn.
fn with_config(json: &str) -> (Fixture, Usn) {
    let fixture = Fixture::new();
    fixture.conn().execute_batch("DELETE FROM config; UPDATE col SET crt = 77").unwrap();
    let today =
        "INSERT INTO config VALUES ('lastUnburied', 0, 0, '99999'), ('schedVer', 0, 0, '2'),
                 ('rollover', 0, 0, '4')";
    fixture.conn().execute_batch(today).unwrap();
    send_config(&fixture, SERVER_USN, json);
    (fixture, SERVER_USN + 1)
}

#[test]
fn settings_of_two_clients_are_merged_key_by_key() {
    let rest = r#""lastUnburied":99999,"schedVer":2,"rollover":4"#;
    let with = |own: &str| format!("{{{own},{rest}}}");
    let (fixture, usn) = with_config(&with(r#""a":1,"b":1,"c":1,"d":1"#));
    // One changes `a` and removes `d`; nothing here is unknown to it.
    send_config(&fixture, usn, &with(r#""a":2,"b":1,"c":1"#));
    // The other one, which has not heard of that, changes `b`, removes `c` and adds `e`.
    let got = send_config(&fixture, usn, &with(r#""a":1,"b":3,"d":1,"e":{"x":1.50}"#));
    assert_eq!(got.as_deref(), Some(r#"{"a":2,"b":3,"e":{"x":1.50}}"#));
    // Whoever syncs later wins a key that both changed, and hears nothing that it has.
    let got = send_config(&fixture, usn, &with(r#""a":4,"b":3,"e":{ "x": 1.5 }"#));
    assert_eq!(got, None);
    let a: Option<i64> = config::get(fixture.conn(), "a").unwrap();
    assert_eq!(a, Some(4));
}

#[test]
fn without_a_history_nothing_counts_as_removed() {
    let rest = r#""lastUnburied":99999,"schedVer":2,"rollover":4"#;
    let with = |own: &str| format!("{{{own},{rest}}}");
    let (fixture, usn) = with_config(&with(r#""a":1,"b":1"#));
    let path = fixture.collection.path().with_file_name("collection.anki2.settings");
    std::fs::write(&path, b"[nonsense").unwrap();
    let got = send_config(&fixture, usn - 1, &with(r#""a":5"#));
    assert_eq!(got.as_deref(), Some(r#"{"a":5,"b":1}"#));
}

#[test]
fn a_card_made_on_two_devices_stays_once() {
    let fixture = Fixture::new();
    let made = |id| Card { ord: 0, ..card(id, 1) };
    fixture.send(rows(vec![made(2)], vec![fixture.note(1, "a")], vec![]));
    fixture.send(rows(vec![Card { reps: 3, ..made(5) }, made(6)], vec![], vec![]));
    assert_eq!(fixture.int("SELECT group_concat(id) = '5' FROM cards"), 1);
    assert_eq!(fixture.int("SELECT count(*) FROM graves WHERE type = 0"), 2);
}

#[test]
fn a_whole_collection_is_mended_and_devices_hear_of_it() {
    let fixture = Fixture::new();
    assert!(!super::mend_all(fixture.conn(), NOW_SECS).unwrap());
    let before = fixture.int("SELECT mod FROM col");
    let lonely = "INSERT INTO cards VALUES (7, 8, 1, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '')";
    fixture.conn().execute_batch(lonely).unwrap();
    assert!(super::mend_all(fixture.conn(), NOW_SECS).unwrap());
    assert_eq!(fixture.int("SELECT count(*) FROM cards"), 0);
    assert_eq!(fixture.int("SELECT usn FROM graves"), i64::from(SERVER_USN));
    assert_eq!(fixture.int("SELECT usn FROM col"), i64::from(SERVER_USN) + 1);
    assert_eq!(fixture.int("SELECT mod FROM col"), before + 1);
}
