//! Rows and objects: refused, taken, or put right.

use super::*;

#[test]
fn the_collection_row_must_be_there_once_with_numbers() {
    assert!(matches!(refusal("DELETE FROM col"), UploadError::Damaged(_)));
    refused_for_structure(
        "INSERT INTO col SELECT 2, crt, mod, scm, ver, dty, usn, ls, conf, models, decks, dconf, tags
         FROM col",
        "2 rows",
    );
    refused_for_content("UPDATE col SET crt = 'early'", "col");
    refused_for_content("UPDATE col SET usn = -1", "col");
}

#[test]
fn rows_that_clients_cannot_load_are_refused() {
    for (sql, reason) in [
        ("UPDATE cards SET nid = 'x'", "cards.nid"),
        ("UPDATE cards SET did = 1.5", "cards.did"),
        ("UPDATE cards SET ord = 65536", "cards.ord"),
        ("UPDATE cards SET ord = -1", "cards.ord"),
        ("UPDATE cards SET type = 4", "cards.type"),
        ("UPDATE cards SET queue = -4", "cards.queue"),
        ("UPDATE cards SET queue = 5", "cards.queue"),
        ("UPDATE cards SET ivl = -1", "ivl"),
        ("UPDATE cards SET factor = 70000", "cards.factor"),
        ("UPDATE cards SET reps = -1", "cards.reps"),
        ("UPDATE cards SET lapses = x'00'", "cards.lapses"),
        ("UPDATE cards SET left = 4294967296", "cards.left"),
        ("UPDATE cards SET flags = 256", "cards.flags"),
        ("UPDATE revlog SET cid = 'x'", "revlog.cid"),
        ("UPDATE revlog SET ease = 256", "revlog.ease"),
        ("UPDATE revlog SET ivl = 2147483648", "ivl"),
        ("UPDATE revlog SET lastIvl = -2147483649", "lastIvl"),
        ("UPDATE revlog SET factor = -1", "revlog.factor"),
        ("UPDATE notes SET mod = 'x'", "note 11"),
        ("UPDATE notes SET usn = 2147483648", "note 11"),
        ("UPDATE notes SET guid = x'00'", "note 11"),
        ("UPDATE notes SET tags = x'00'", "note 11"),
        ("UPDATE notes SET flds = CAST(x'ff1f' AS TEXT)", "not valid Unicode"),
        ("UPDATE notes SET mid = 99", "notetype is missing"),
        ("UPDATE notes SET flds = 'one'", "number of fields"),
        ("UPDATE notes SET flds = flds || char(31)", "number of fields"),
        ("UPDATE tags SET tag = CAST(x'ff' AS TEXT)", "a tag"),
        ("UPDATE tags SET usn = 'x'", "a tag"),
        ("UPDATE config SET usn = 'x'", "the config"),
    ] {
        refused_for_content(sql, reason);
    }
}

#[test]
fn rows_that_clients_read_leniently_are_taken() {
    accepted(
        "UPDATE cards SET mod = 1.5, due = 2.5, odue = 'x', ivl = 3.7, data = x'00';
         UPDATE revlog SET ivl = 1.5, lastIvl = -2.5, time = 'x', type = -1;
         UPDATE notes SET sfld = x'01', csum = 'x', flags = 'x', data = 5",
    );
}

#[test]
fn a_missing_value_is_refused() {
    // Only a schema without NOT NULL lets a NULL in.
    let sql = "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'did    integer NOT NULL', 'did    integer')
         WHERE name = 'cards';";
    let upload = Upload::with(sql);
    upload.open().execute_batch("UPDATE cards SET did = NULL").unwrap();
    let error = upload.accept().unwrap_err();
    assert!(
        matches!(&error, UploadError::Content(what) if what == "cards.did of a row"),
        "{error:?}"
    );
}

#[test]
fn objects_that_cannot_be_decoded_are_refused() {
    for (sql, reason) in [
        ("UPDATE decks SET kind = x'' WHERE id = 2", "deck 2"),
        ("UPDATE decks SET kind = x'ff' WHERE id = 2", "deck 2"),
        ("UPDATE decks SET common = x'0a' WHERE id = 2", "deck 2"),
        ("UPDATE decks SET common = 'text' WHERE id = 2", "deck 2"),
        ("UPDATE decks SET mtime_secs = 'x' WHERE id = 2", "deck 2"),
        ("UPDATE deck_config SET config = x'ff'", "preset 1"),
        ("UPDATE notetypes SET config = x'ff'", "notetype 1795180000123"),
        ("UPDATE fields SET config = x'ff'", "notetype 1795180000123"),
        ("UPDATE templates SET config = x'ff'", "notetype 1795180000123"),
        ("DELETE FROM notetypes; DELETE FROM notes", "no notetype"),
        ("UPDATE fields SET ord = 9 WHERE ord = 1", "fields of notetype"),
        ("DELETE FROM templates", "templates of notetype"),
        ("DELETE FROM fields", "fields of notetype"),
    ] {
        refused_for_content(sql, reason);
    }
}

#[test]
fn missing_defaults_are_made_and_reach_the_uploader() {
    let upload = accepted("DELETE FROM decks WHERE id = 1; DELETE FROM deck_config");
    // The uploader asks for everything from `col.usn` on.
    assert_eq!(upload.number("SELECT usn FROM decks WHERE id = 1"), 7);
    assert_eq!(upload.number("SELECT usn FROM deck_config WHERE id = 1"), 7);
    assert_eq!(upload.number("SELECT mod FROM col"), 5);
}

#[test]
fn a_default_deck_gets_a_name_of_its_own() {
    let upload = accepted("UPDATE decks SET id = 3 WHERE id = 1");
    assert_eq!(upload.number("SELECT name = 'Default+' FROM decks WHERE id = 1"), 1);
}

#[test]
fn deletions_of_unknown_kind_are_dropped() {
    let upload =
        accepted("INSERT INTO graves VALUES (1, 3, 0), (2, -1, 0), (3, 2, 0), (4, 'x', 0)");
    assert_eq!(upload.number("SELECT count(*) FROM graves"), 2);
}

#[test]
fn config_that_is_not_json_is_dropped() {
    let upload = accepted(
        "UPDATE config SET val = 'nonsense' WHERE KEY = 'nextPos';
         INSERT INTO config VALUES ('empty', 0, 0, x''), ('bytes', 0, 0, x'ff'),
             ('fine', 0, 0, CAST('{\"a\":[1.5]}' AS BLOB))",
    );
    let count = "SELECT count(*) FROM config WHERE KEY IN ('nextPos', 'empty', 'bytes', 'fine')";
    assert_eq!(upload.number(count), 1);
}

#[test]
fn nothing_stays_marked_as_changed_on_a_client() {
    let tables = [
        "notes",
        "cards",
        "revlog",
        "graves",
        "notetypes",
        "decks",
        "deck_config",
        "tags",
        "config",
    ];
    let spoil: String =
        tables.iter().map(|table| format!("UPDATE {table} SET usn = -1;")).collect();
    let upload = accepted(&spoil);
    for table in tables {
        let (lowest, highest) =
            (format!("SELECT min(usn) FROM {table}"), format!("SELECT max(usn) FROM {table}"));
        assert_eq!((upload.number(&lowest), upload.number(&highest)), (0, 0), "{table}");
    }
    assert_eq!(upload.number("SELECT mod FROM notes"), 100);
    assert_eq!(upload.number("SELECT mod FROM col"), 5);
}

#[test]
fn more_marked_rows_than_one_batch_are_all_put_right() {
    let upload = accepted(
        "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 25099)
         INSERT INTO revlog SELECT i, 12, -1, 3, 9, 1, 2500, 1000, 1 FROM n",
    );
    assert_eq!(upload.number("SELECT count(*) FROM revlog WHERE usn = 0"), 25_000);
}
