//! Every rule finds its damage and mends it, and a second look finds nothing.

use std::path::PathBuf;
use tempfile::TempDir;

use super::*;
use crate::Collection;
use crate::collation;
use Problem::*;

const NOW: i64 = 1_795_180_000_123;
/// A note, a reviewed card, its review, and the same once more; a child deck and a filtered one.
const CONTENTS: &str = "
UPDATE col SET mod = 5, scm = 6, usn = 7, ls = 8;
INSERT INTO notes
    SELECT 11, 'one', min(id), 100, 3, ' a ', 'front' || char(31) || 'back', 'front', 1, 0, ''
    FROM notetypes;
INSERT INTO notes
    SELECT 21, 'two', min(id), 100, 3, '', 'x' || char(31) || 'y', 'x', 1, 0, '' FROM notetypes;
INSERT INTO cards VALUES
    (12, 11, 1, 0, 100, 3, 2, 2, 9, 9, 2500, 1, 0, 0, 0, 0, 0, '{\"lrt\":1795000000,\"pos\":1}');
INSERT INTO cards VALUES (22, 21, 1, 0, 100, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '');
INSERT INTO revlog VALUES (1795000000500, 12, 3, 3, 9, 1, 2500, 1000, 1);
INSERT INTO decks
    SELECT 2, 'A' || char(31) || 'B', 0, 3, common, kind FROM decks WHERE id = 1;
INSERT INTO decks SELECT 3, 'A', 0, 3, common, kind FROM decks WHERE id = 1;
INSERT INTO decks SELECT 4, 'Filtered', 0, 3, common, x'1200' FROM decks WHERE id = 1;";

/// A fresh collection, damaged by some SQL.
struct Damaged {
    path: PathBuf,
    _folder: TempDir,
}

impl Damaged {
    fn by(sql: &str) -> Damaged {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.anki2");
        let collection = Collection::create(&path, NOW).unwrap();
        collection.conn().execute_batch(CONTENTS).unwrap();
        collection.conn().execute_batch(sql).unwrap();
        collection.close().unwrap();
        Damaged { path, _folder: folder }
    }

    fn check(&self) -> Checkup {
        check_copy(&self.path, NOW, &Interrupt::default()).unwrap()
    }

    fn text(&self, sql: &str) -> String {
        let conn = Connection::open(&self.path).unwrap();
        collation::register(&conn).unwrap();
        let sql = format!("SELECT CAST(({sql}) AS TEXT)");
        conn.query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

/// Damage that is found that many times as one problem, and gone after the repair.
fn mended(sql: &str, problem: Problem, count: u64, one_way: bool) -> Damaged {
    let damaged = Damaged::by(sql);
    let first = damaged.check();
    assert_eq!(first.findings, [Finding { problem, count }], "{sql}");
    assert_eq!((first.mended, first.one_way), (true, one_way), "{sql}");
    let second = damaged.check();
    assert_eq!(second.findings, [], "{sql}");
    damaged
}

#[test]
fn a_healthy_collection_has_no_findings() {
    let checkup = Damaged::by("").check();
    assert_eq!(checkup, Checkup { findings: vec![], mended: false, one_way: false });
}

#[test]
fn values_of_cards_are_mended_for_a_merge() {
    let set = |change: &str| format!("UPDATE cards SET {change} WHERE id = 12");
    let new = "UPDATE cards SET due = 3000004 WHERE id = 22";
    let damaged = mended(new, HighDue, 1, false);
    assert_eq!(damaged.text("SELECT due FROM cards WHERE id = 22"), "1000004");
    assert_eq!(damaged.text("SELECT usn FROM cards WHERE id = 22"), "7");
    assert_eq!(damaged.text("SELECT mod FROM cards WHERE id = 22"), (NOW / 1000).to_string());
    for (change, column, expected) in [
        ("due = 12.7", "due", "13"),
        ("odue = 99999999999", "odue", "2147483647"),
        ("ivl = -3", "ivl", "0"),
        ("ivl = 3.4", "ivl", "3"),
        ("ord = 70000", "ord", ""),
        ("mod = 1.5", "mod", ""),
        ("odue = 5, type = 2", "odue", "0"),
    ] {
        if column == "ord" {
            // Its template does not exist either.
            assert_eq!(Damaged::by(&set(change)).check().findings.len(), 2);
            continue;
        }
        let damaged = match change {
            // Out of range, and then a stray one.
            "odue = 99999999999" => {
                let damaged = Damaged::by(&set(change));
                assert_eq!(damaged.check().findings, [Finding { problem: CardProperty, count: 2 }]);
                continue;
            }
            _ => mended(&set(change), CardProperty, 1, false),
        };
        if !expected.is_empty() {
            let value = damaged.text(&format!("SELECT {column} FROM cards WHERE id = 12"));
            assert_eq!(value, expected, "{change}");
        }
    }
    let far = mended(&set("due = 200000"), CardProperty, 1, false);
    assert!(far.text("SELECT due FROM cards WHERE id = 12").parse::<i64>().unwrap() < 2);
}

#[test]
fn homes_outside_of_filtered_decks_are_forgotten() {
    let damaged =
        mended("UPDATE cards SET odid = 1, odue = 4 WHERE id = 12", CardProperty, 1, true);
    assert_eq!(damaged.text("SELECT odid + odue FROM cards WHERE id = 12"), "0");
    let inside = "UPDATE cards SET did = 4, odid = 1, odue = 4 WHERE id = 12";
    assert_eq!(Damaged::by(inside).check().findings, []);
    let homeless = Damaged::by("UPDATE cards SET did = 4 WHERE id = 12").check();
    assert_eq!(homeless.findings, [Finding { problem: HomelessCard, count: 1 }]);
    assert!(!homeless.mended, "nobody knows where it belongs");
}

#[test]
fn cards_that_nothing_holds_go() {
    let damaged = mended("UPDATE cards SET nid = 99 WHERE id = 22", CardWithoutNote, 1, true);
    assert_eq!(damaged.text("SELECT count(*) FROM cards"), "1");
    assert_eq!(damaged.text("SELECT count(*) FROM graves"), "0");
    mended("UPDATE cards SET ord = 5 WHERE id = 22", MissingTemplate, 1, true);
    let twice =
        "INSERT INTO cards VALUES (13, 11, 1, 0, 1, 3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, '')";
    let damaged = mended(twice, DuplicateCard, 1, true);
    assert_eq!(damaged.text("SELECT group_concat(id) FROM cards"), "12,22");
}

#[test]
fn missing_decks_come_back() {
    let damaged = mended("UPDATE cards SET did = 55 WHERE id = 12", MissingDeck, 1, false);
    assert_eq!(damaged.text("SELECT name FROM decks WHERE id = 55"), "recovered55");
    let damaged = mended("DELETE FROM decks WHERE id = 3", MissingDeck, 1, false);
    assert_eq!(damaged.text("SELECT count(*) FROM decks WHERE name = 'A'"), "1");
    mended("UPDATE cards SET did = 0", MissingDeck, 1, false);
}

#[test]
fn notes_get_a_notetype_and_the_right_fields() {
    let orphan = "UPDATE notes SET mid = 5 WHERE id = 11;
                  INSERT INTO cards SELECT 14, nid, did, 2, mod, usn, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
                      0, '' FROM cards WHERE id = 22;
                  UPDATE cards SET nid = 11 WHERE id = 14";
    let damaged = mended(orphan, MissingNotetype, 1, true);
    let name = "SELECT name FROM notetypes WHERE id = (SELECT mid FROM notes WHERE id = 11)";
    assert!(damaged.text(name).starts_with("db-check-"));
    assert_eq!(damaged.text("SELECT count(*) FROM cards"), "3", "no card is lost");

    let short = mended("UPDATE notes SET flds = 'only' WHERE id = 11", FieldCount, 1, true);
    assert_eq!(short.text("SELECT flds FROM notes WHERE id = 11"), "only\u{1f}");
    assert_eq!(short.text("SELECT sfld || tags FROM notes WHERE id = 11"), "only db-check a ");
    let many = "UPDATE notes SET flds = 'a' || char(31) || 'b' || char(31) || 'c' WHERE id = 11";
    let long = mended(many, FieldCount, 1, true);
    assert_eq!(long.text("SELECT flds FROM notes WHERE id = 11"), "a\u{1f}b; c");
    let bytes = "UPDATE notes SET flds = CAST(x'ff1f62' AS TEXT) WHERE id = 11";
    let damaged = mended(bytes, InvalidText, 1, false);
    assert_eq!(damaged.text("SELECT flds FROM notes WHERE id = 11"), "\u{fffd}\u{1f}b");
}

#[test]
fn reviews_are_mended() {
    for change in ["ivl = 1e12", "lastIvl = 2.5", "time = -5", "ease = 0, type = 0, time = 0"] {
        let damaged = Damaged::by(&format!("UPDATE revlog SET {change}"));
        let checkup = damaged.check();
        let expected = Finding { problem: ReviewProperty, count: 1 };
        assert!(checkup.findings.contains(&expected), "{change}: {:?}", checkup.findings);
        assert!(checkup.one_way && checkup.mended);
        assert_eq!(damaged.check().findings, [], "{change}");
    }
}

#[test]
fn the_time_of_the_last_review_follows_the_reviews() {
    let damaged = mended("UPDATE cards SET data = '' WHERE id = 12", LastReviewTime, 1, true);
    let data = "SELECT data FROM cards WHERE id = 12";
    assert_eq!(damaged.text(data), r#"{"lrt":1795000000}"#);
    let reset = "INSERT INTO revlog VALUES (1795000001000, 12, 3, 0, 0, 0, 0, 0, 4)";
    let damaged = mended(reset, LastReviewTime, 1, true);
    assert_eq!(damaged.text(data), r#"{"pos":1}"#);
    let preview = "INSERT INTO revlog VALUES (1795000001000, 12, 3, 3, 9, 1, 0, 5, 3)";
    assert_eq!(Damaged::by(preview).check().findings, []);
}

#[test]
fn the_future_is_renumbered_with_all_that_refers_to_it() {
    let later = "UPDATE notes SET id = 9000000000000 WHERE id = 21;
                 UPDATE cards SET nid = 9000000000000 WHERE id = 22;
                 UPDATE cards SET id = 9000000000001 WHERE id = 22;
                 INSERT INTO revlog VALUES (9000000000002, 9000000000001, 3, 0, 1, 1, 0, 1, 4)";
    let damaged = mended(later, FutureId, 3, true);
    let joined = "SELECT count(*) FROM notes JOIN cards ON nid = notes.id
                  JOIN revlog ON cid = cards.id WHERE guid = 'two'";
    assert_eq!(damaged.text(joined), "1");
}

#[test]
fn what_would_disturb_syncs_is_found() {
    mended("INSERT INTO graves VALUES (1, 9, 3)", UnknownDeletion, 1, true);
    mended("DELETE FROM deck_config WHERE id = 1", MissingDefault, 1, false);
}

#[test]
fn wrong_indexes_are_rebuilt() {
    let change = "PRAGMA writable_schema = ON;
                  UPDATE sqlite_schema SET sql = 'CREATE INDEX ix_cards_nid ON cards (did)'
                  WHERE name = 'ix_cards_nid'";
    let damaged = Damaged::by("");
    let conn = Connection::open(&damaged.path).unwrap();
    conn.execute_batch(change).unwrap();
    drop(conn);
    let checkup = damaged.check();
    assert_eq!(checkup.findings, [Finding { problem: Indexes, count: 1 }]);
    assert!(checkup.mended);
    assert_eq!(damaged.check().findings, []);
}

#[test]
fn what_cannot_be_mended_is_reported_and_nothing_is_claimed() {
    let damaged = Damaged::by("UPDATE cards SET type = 9 WHERE id = 12");
    let checkup = damaged.check();
    assert!(!checkup.mended);
    assert!(matches!(&*checkup.findings, [Finding { problem: Unreadable(_), .. }]));

    let damaged = Damaged::by("");
    let mut bytes = std::fs::read(&damaged.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    std::fs::write(&damaged.path, bytes).unwrap();
    let checkup = damaged.check();
    assert!(!checkup.mended);
    assert_eq!(checkup.findings, [Finding { problem: Malformed, count: 1 }]);
}

#[test]
fn every_finding_is_one_sentence() {
    for problem in [Malformed, Indexes, Unreadable("cards".to_owned()), HighDue, MissingDefault] {
        let text = Finding { problem, count: 3 }.to_string();
        assert!(text.ends_with('.') && !text.contains('\n'), "{text}");
    }
}
