//! What two devices leave behind together is mended, and what a new day brings.

use super::*;
use crate::sync::mend_all;

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
    assert!(!mend_all(fixture.conn(), NOW_SECS).unwrap());
    let before = fixture.int("SELECT mod FROM col");
    let lonely = "INSERT INTO cards VALUES (7, 8, 1, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '')";
    fixture.conn().execute_batch(lonely).unwrap();
    assert!(mend_all(fixture.conn(), NOW_SECS).unwrap());
    assert_eq!(fixture.int("SELECT count(*) FROM cards"), 0);
    assert_eq!(fixture.int("SELECT usn FROM graves"), i64::from(SERVER_USN));
    assert_eq!(fixture.int("SELECT usn FROM col"), i64::from(SERVER_USN) + 1);
    assert_eq!(fixture.int("SELECT mod FROM col"), before + 1);
}
