use std::path::Path;

use super::compare;
use crate::Collection;
use crate::objects::presets;

const NOW: i64 = 1_795_180_000_123;
const CONTENTS: &str = "
    INSERT INTO notes SELECT 11, 'one', 5, 100, 3, ' t u ', 'f', 'f', 1, 0, '';
    INSERT INTO cards VALUES (12, 11, 1, 0, 1, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '');
    INSERT INTO cards VALUES (13, 11, 1, 1, 1, 3, 2, -2, 4, 0, 0, 0, 0, 0, 0, 0, 0,
        '{\"pos\":7,\"s\":1.23456,\"new\":1}');
    INSERT INTO revlog VALUES (14, 12, 3, 3, 9, 1, 2500, 1000, 1);
    INSERT INTO tags VALUES ('one', 3, 1, NULL);
    INSERT INTO config VALUES ('lastUnburied', 0, 0, '5');
    INSERT INTO config VALUES ('addon', 0, 0, '{\"a\":[1.0],\"b\":2}');";

/// The differences that some SQL on the file makes.
fn differences(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (account, file) = (folder.path().join("a"), folder.path().join("b"));
    let collection = Collection::create(&account, NOW).unwrap();
    collection.conn().execute_batch(CONTENTS).unwrap();
    collection.snapshot(&file).unwrap();
    collection.close().unwrap();
    let changed = Collection::open(&file).unwrap();
    changed.conn().execute_batch(sql).unwrap();
    changed.close().unwrap();
    let mut found = Vec::new();
    compare(&account, &file, &mut |difference| found.push(difference.to_string())).unwrap();
    found
}

#[test]
fn what_may_differ_between_healthy_copies_is_not_a_difference() {
    for sql in [
        "UPDATE notes SET usn = 9, sfld = 'x'; UPDATE cards SET usn = 9",
        "UPDATE decks SET usn = 9; UPDATE tags SET usn = 9, collapsed = 0",
        "UPDATE col SET usn = 99, mod = 99, ls = 5; INSERT INTO graves VALUES (5, 0, 1)",
        // What belongs to a device.
        "UPDATE config SET val = '9' WHERE KEY IN ('curDeck', 'curModel', 'activeDecks')",
        // A card that was released in the morning, by only one side.
        "UPDATE config SET val = '6' WHERE KEY = 'lastUnburied';
         UPDATE cards SET queue = 2 WHERE id = 13",
        // What old clients write differently or lose.
        "UPDATE notes SET tags = 't  u'; UPDATE cards SET ivl = 0.0",
        "UPDATE cards SET data = '{}' WHERE id = 12",
        "UPDATE cards SET data = '{\"s\":1.2346}' WHERE id = 13",
        "UPDATE config SET val = '{\"b\":2.0,\"a\":[1]}' WHERE KEY = 'addon'",
        "UPDATE config SET val = '{\"b\":2,\"a\":[1],\"own\":false}' WHERE KEY = 'addon'",
    ] {
        assert_eq!(differences(sql), [""; 0], "{sql}");
    }
}

#[test]
fn every_difference_is_one_line_that_says_what_people_see() {
    for (sql, line) in [
        ("UPDATE notes SET flds = 'g', tags = ' t '", "note nid:11: different tags, fields"),
        ("UPDATE notes SET tags = ''", "note nid:11: different tags"),
        ("DELETE FROM cards WHERE id = 12", "card cid:12: only in the account"),
        (
            "INSERT INTO cards SELECT 15, 11, 1, 1, 1, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, ''",
            "card cid:15: only in the file",
        ),
        (
            "UPDATE cards SET due = 5 WHERE id = 13",
            "card cid:13: different due date (4 in the account, 5 in the file)",
        ),
        (
            "UPDATE cards SET queue = 2 WHERE id = 13",
            "card cid:13: different queue (-2 in the account, 2 in the file)",
        ),
        (
            "UPDATE cards SET data = '{\"pos\":8}' WHERE id = 13",
            "card cid:13: different scheduling data",
        ),
        (
            "UPDATE cards SET data = '{\"mine\":1}' WHERE id = 12",
            "card cid:12: different scheduling data",
        ),
        (
            "UPDATE revlog SET ease = 1",
            "review 14 of card cid:12: different answer (3 in the account, 1 in the file)",
        ),
        ("UPDATE decks SET name = 'x'", "deck “Default”: different name"),
        (
            "UPDATE notetypes SET name = 'x' WHERE name = 'Basic'",
            "notetype “Basic”: different name",
        ),
        (
            "UPDATE fields SET name = 'Q' WHERE name = 'Front' AND ntid =
                 (SELECT id FROM notetypes WHERE name = 'Basic')",
            "notetype “Basic”: different name of field “Front”",
        ),
        (
            "DELETE FROM fields WHERE name = 'Back' AND ntid =
                 (SELECT id FROM notetypes WHERE name = 'Basic')",
            "notetype “Basic”: different fields (2 in the account, 1 in the file)",
        ),
        ("DELETE FROM deck_config", "option preset “Default”: only in the account"),
        (
            "UPDATE config SET val = '7' WHERE KEY = 'nextPos'",
            "setting “nextPos”: different value (1 in the account, 7 in the file)",
        ),
        (
            "UPDATE config SET val = '{\"a\":[2],\"b\":2}' WHERE KEY = 'addon'",
            "setting “addon”: different a",
        ),
        ("INSERT INTO tags VALUES ('two', 0, 1, NULL)", "tag “two”: only in the file"),
        (
            "UPDATE col SET crt = 86400",
            "collection itself: different creation time (1795147200 in the account, 86400 in the \
             file)",
        ),
    ] {
        assert_eq!(differences(sql), [line], "{sql}");
    }
}

/// What a file of a client before 23.12 says of a switch that it does not know.
#[test]
fn a_switch_that_an_old_client_does_not_know_is_not_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, wait: bool| {
        let path = folder.path().join(name);
        let collection = Collection::create(&path, NOW).unwrap();
        let mut preset = presets::changed_since(collection.conn(), i32::MIN).unwrap().remove(0);
        preset.wait_for_audio = wait;
        presets::store(collection.conn(), &preset, 0).unwrap();
        collection.close().unwrap();
        path
    };
    let (knows, lacks) = (make("a", true), make("b", false));
    let count = |account: &Path, file: &Path| {
        let mut lines = Vec::new();
        compare(account, file, &mut |difference| lines.push(difference.to_string())).unwrap();
        lines.into_iter().filter(|line| line.contains("preset")).count()
    };
    assert_eq!((count(&knows, &lacks), count(&lacks, &knows)), (0, 1));
}
