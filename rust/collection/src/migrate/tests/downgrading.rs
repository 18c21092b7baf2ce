//! From schema 18 to 11, and back.

use deckport_wire::Notetype;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use unicode_normalization::UnicodeNormalization;

use super::old_file::*;
use crate::migrate::export_schema11;
use crate::objects::round_trip_tests::{any_deck, any_notetype, any_preset};
use crate::objects::{config, decks, notetypes, presets, tags};
use crate::upload::accept_uninterrupted;
use crate::{Collection, collation};

/// A new collection in a folder of its own, with a note, deletions and a tag.
fn collection() -> (TempDir, Collection) {
    let folder = tempfile::tempdir().unwrap();
    let collection = Collection::create(&folder.path().join("collection.anki2"), NOW).unwrap();
    let sql = format!(
        "UPDATE col SET mod = 5, scm = 6, usn = {USN}, ls = 8;
         INSERT INTO notes VALUES
             (11, 'guid', {NOW}, 100, 3, ' one ', '007' || char(31) || 'bond', '007', 9, 0, '');
         INSERT INTO cards VALUES
             (12, 11, 1, 0, 100, 3, 2, 2, 9, 9, 2500, 1, 0, 0, 0, 0, 3, '{{\"pos\":1,\"zz\":2}}');
         INSERT INTO revlog VALUES (13, 12, 3, 3, 9, 1, 2500, 1000, 1);
         INSERT INTO graves VALUES (14, 0, 3), (14, 1, 4), (9, 2, 5);"
    );
    collection.conn().execute_batch(&sql).unwrap();
    tags::add(collection.conn(), "one::Two", 3).unwrap();
    (folder, collection)
}

fn exported(folder: &TempDir, collection: &Collection) -> std::path::PathBuf {
    let path = folder.path().join("export");
    let bytes = export_schema11(collection, &path).unwrap();
    assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());
    path
}

/// As an old client opens it: without the collation.
fn open_old(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    check_integrity(&conn);
    conn
}

fn column(conn: &Connection, name: &str) -> Value {
    let text: String =
        conn.query_row(&format!("SELECT {name} FROM col"), [], |row| row.get(0)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_file_is_built_as_old_clients_expect() {
    let (folder, collection) = collection();
    let path = exported(&folder, &collection);
    assert_eq!(journal_bytes(&path), [1, 1]);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("export"))
        .collect();
    assert_eq!(names, ["export"]);
    let conn = open_old(&path);
    let model = Connection::open_in_memory().unwrap();
    model.execute_batch(include_str!("schema11.sql")).unwrap();
    let sql = "SELECT type || ' ' || name FROM sqlite_schema
               WHERE name NOT LIKE 'sqlite_%' ORDER BY 1";
    assert_eq!(texts(&conn, sql), texts(&model, sql));
    for table in ["col", "notes", "cards", "revlog", "graves"] {
        let sql = format!("SELECT lower(name) FROM pragma_table_info('{table}') ORDER BY cid");
        assert_eq!(texts(&conn, &sql), texts(&model, &sql), "{table}");
    }
}

#[test]
fn rows_are_the_same_and_objects_are_maps_by_id() {
    let (folder, collection) = collection();
    config::set(collection.conn(), "key", &json!({"x": 1.5}), 3, 9).unwrap();
    let conn = open_old(&exported(&folder, &collection));
    let row =
        "SELECT crt || ' ' || mod || ' ' || scm || ' ' || ver || ' ' || usn || ' ' || ls FROM col";
    let state = collection.state().unwrap();
    assert_eq!(texts(&conn, row), [format!("{} 5 6 11 {USN} 8", state.creation_secs)]);
    for table in ["notes", "cards", "revlog"] {
        let select = match table {
            "notes" => {
                "SELECT id||guid||mid||mod||usn||tags||flds||quote(sfld)||csum||flags||data FROM notes"
            }
            "cards" => {
                "SELECT id||nid||did||ord||mod||usn||type||queue||due||ivl||factor||reps||lapses||left||odue||odid||flags||data FROM cards"
            }
            _ => "SELECT id||cid||usn||ease||ivl||lastIvl||factor||time||type FROM revlog",
        };
        assert_eq!(texts(&conn, select), texts(collection.conn(), select), "{table}");
    }
    let graves = "SELECT usn || ' ' || oid || ' ' || type FROM graves ORDER BY oid, type";
    assert_eq!(texts(&conn, graves), ["5 9 2", "3 14 0", "4 14 1"]);
    let models = column(&conn, "models");
    assert_eq!(models.as_object().unwrap().len(), 5);
    assert_eq!(models[NOW.to_string()]["id"], json!(NOW));
    assert_eq!(models[NOW.to_string()]["flds"][1]["name"], "Back");
    assert_eq!(column(&conn, "decks")["1"]["name"], "Default");
    assert_eq!(column(&conn, "dconf")["1"]["new"]["initialFactor"], 2500);
    assert_eq!(column(&conn, "tags"), json!({"one::Two": 3}));
    assert_eq!(column(&conn, "conf")["key"], json!({"x": 1.5}));
}

#[test]
fn the_stored_collection_stays_as_it_is() {
    let (folder, collection) = collection();
    collection.checkpoint().unwrap();
    let before = std::fs::read(collection.path()).unwrap();
    // Not yet committed, so not part of the file, and not disturbed by it.
    collection.conn().execute_batch("BEGIN; DELETE FROM notes").unwrap();
    let conn = open_old(&exported(&folder, &collection));
    assert_eq!(number(&conn, "SELECT count(*) FROM notes"), 1);
    collection.conn().execute_batch("ROLLBACK").unwrap();
    assert_eq!(std::fs::read(collection.path()).unwrap(), before);
    assert_eq!(number(collection.conn(), "SELECT ver FROM col"), 18);
}

#[test]
fn what_no_client_could_read_is_left_out() {
    let (folder, collection) = collection();
    let sql = "INSERT INTO config VALUES ('bad', 0, 0, 'nonsense');
               UPDATE deck_config SET config = CAST(config || x'48ffff03' AS BLOB)";
    collection.conn().execute_batch(sql).unwrap();
    let conn = open_old(&exported(&folder, &collection));
    assert_eq!(column(&conn, "conf").get("bad"), None);
    // 65535 new cards a day are beyond the range.
    assert_eq!(column(&conn, "dconf")["1"]["new"]["perDay"], 20);
}

#[test]
fn an_undecodable_object_is_an_error() {
    let (folder, collection) = collection();
    collection.conn().execute_batch("UPDATE decks SET kind = x'ff'").unwrap();
    assert!(export_schema11(&collection, &folder.path().join("export")).is_err());
}

/// What schema 11 keeps of a collection.
fn contents(conn: &Connection) -> Vec<String> {
    let text = |json: serde_json::Result<String>| vec![json.unwrap()];
    [
        text(serde_json::to_string(&notetypes::changed_since(conn, 0).unwrap())),
        text(serde_json::to_string(&decks::changed_since(conn, 0).unwrap())),
        text(serde_json::to_string(&presets::changed_since(conn, 0).unwrap())),
        text(serde_json::to_string(&config::all(conn).unwrap())),
        texts(conn, "SELECT tag || usn FROM tags ORDER BY CAST(tag AS BLOB)"),
        texts(conn, "SELECT oid || ' ' || type || ' ' || usn FROM graves"),
        texts(conn, "SELECT id || guid || mid || usn || tags || flds || quote(sfld) FROM notes"),
        texts(conn, "SELECT id || nid || did || usn || factor || flags || data FROM cards"),
        texts(conn, "SELECT id || cid || usn || ivl || factor || type FROM revlog"),
        texts(conn, "SELECT crt || ' ' || mod || ' ' || scm || ' ' || usn || ' ' || ls FROM col"),
    ]
    .concat()
}

fn store(conn: &Connection, objects: (&[Value], &[Value], &[Value])) {
    fn read<T: serde::de::DeserializeOwned>(object: &Value) -> T {
        serde_json::from_str(&object.to_string()).unwrap()
    }
    for notetype in objects.0 {
        let mut notetype: Notetype = read(notetype);
        // Clients compose names when they store them, and again in an upgrade.
        notetype.name = notetype.name.nfc().collect();
        notetypes::store(conn, &notetype, 7, 0).unwrap();
    }
    for deck in objects.1 {
        decks::store(conn, &read(deck), 7, 0).unwrap();
    }
    for preset in objects.2 {
        presets::store(conn, &read(preset), 7).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nothing_but_what_schema_11_cannot_hold_is_lost_on_the_way_there_and_back(
        notetypes in vec(any_notetype(), 0..3),
        decks in vec(any_deck(), 0..3),
        presets in vec(any_preset(), 0..3),
        tags in btree_map("[a-zé:]{1,6}", 0..9i32, 0..4),
        config in btree_map("\\PC{0,6}", any::<f64>().prop_filter("JSON", |x| x.is_finite()), 0..4),
    ) {
        let (folder, collection) = collection();
        let conn = collection.conn();
        store(conn, (&notetypes, &decks, &presets));
        for (tag, usn) in &tags {
            tags::add(conn, tag, *usn).unwrap();
        }
        for (key, value) in &config {
            config::set(conn, key, value, 3, 4).unwrap();
        }
        let path = exported(&folder, &collection);
        let expected = contents(conn);
        accept_uninterrupted(&path, NOW + 1).unwrap();
        let back = Connection::open(&path).unwrap();
        collation::register(&back).unwrap();
        check_integrity(&back);
        prop_assert_eq!(contents(&back), expected);
    }
}
