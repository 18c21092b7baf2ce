//! From schemas 14 to 17, which only exist in local files.

use rusqlite::Connection;
use serde_json::json;

use super::old_file::*;
use crate::migrate::{UpgradeError, upgrade};
use crate::objects::{config, decks, notetypes, presets};

/// Everything that a device would get of the small objects.
fn contents(conn: &Connection) -> String {
    let json = |text: Result<String, serde_json::Error>| text.unwrap();
    [
        json(serde_json::to_string(&notetypes::changed_since(conn, 0).unwrap())),
        json(serde_json::to_string(&decks::changed_since(conn, 0).unwrap())),
        json(serde_json::to_string(&presets::changed_since(conn, 0).unwrap())),
        json(serde_json::to_string(&config::all(conn).unwrap())),
        texts(conn, "SELECT tag || usn || collapsed FROM tags").join(","),
        texts(conn, "SELECT oid || type || usn FROM graves").join(","),
    ]
    .join("\n")
}

fn file() -> OldFile {
    let mut file = OldFile::with_sql("INSERT INTO graves VALUES (3, 14, 0), (4, 14, 0)");
    file.dconf["2"] = preset_with_ease(2, "Two", 2310);
    file.decks["3"] = filtered_deck(3, "Filtered");
    file
}

/// The file as a client of that schema would leave it.
fn of_version(version: i64) -> Connection {
    let conn = file().upgraded();
    let column = |name: &str| -> String {
        file().open().query_row(&format!("SELECT {name} FROM col"), [], |row| row.get(0)).unwrap()
    };
    conn.execute_batch(
        "DROP TABLE graves;
         CREATE TABLE graves (usn integer not null, oid integer not null, type integer not null);
         INSERT INTO graves VALUES (3, 14, 0), (4, 14, 0);",
    )
    .unwrap();
    if version <= 16 {
        conn.execute_batch(
            "CREATE TABLE t (tag text not null primary key collate unicase, usn integer not null)
                 without rowid;
             INSERT INTO t SELECT tag, usn FROM tags; DROP TABLE tags; ALTER TABLE t RENAME TO tags;",
        )
        .unwrap();
    }
    if version == 15 {
        change_presets(&conn, |_, config| {
            crate::blobs::preset::with_initial_ease(config, |ease| ease * 100.0).unwrap().unwrap()
        });
    }
    if version == 14 {
        change_presets(&conn, |id, _| file().dconf[id.to_string()].to_string().into_bytes());
        conn.execute("UPDATE col SET models = ?1, decks = ?2", (column("models"), column("decks")))
            .unwrap();
        conn.execute_batch(
            "DROP TABLE notetypes; DROP TABLE fields; DROP TABLE templates; DROP TABLE decks;
             DROP INDEX idx_notes_mid; DROP INDEX idx_cards_odid;",
        )
        .unwrap();
    }
    conn.execute("UPDATE col SET ver = ?1", [version]).unwrap();
    conn
}

fn change_presets(conn: &Connection, change: impl Fn(i64, &[u8]) -> Vec<u8>) {
    for id in numbers(conn, "SELECT id FROM deck_config") {
        let sql = "SELECT config FROM deck_config WHERE id = ?1";
        let config: Vec<u8> = conn.query_row(sql, [id], |row| row.get(0)).unwrap();
        let sql = "UPDATE deck_config SET config = ?2 WHERE id = ?1";
        conn.execute(sql, (id, change(id, &config))).unwrap();
    }
}

#[test]
fn every_version_becomes_the_same_collection() {
    let expected = contents(&file().upgraded());
    for version in 14..=17 {
        let conn = of_version(version);
        upgrade(&conn, version, NOW).unwrap();
        check_integrity(&conn);
        assert_eq!(number(&conn, "SELECT ver FROM col"), 18);
        assert_eq!(contents(&conn), expected, "{version}");
    }
}

#[test]
fn schema_15_repairs_the_ease_and_16_leaves_it() {
    for (version, expected) in [(15, 2500), (16, 25)] {
        let conn = of_version(version);
        let scale = if version == 15 { 100.0 } else { 1.0 };
        change_presets(&conn, |_, config| {
            crate::blobs::preset::with_initial_ease(config, |_| 0.025 * scale).unwrap().unwrap()
        });
        conn.execute_batch("UPDATE cards SET factor = 25").unwrap();
        upgrade(&conn, version, NOW).unwrap();
        assert_eq!(number(&conn, "SELECT factor FROM cards"), expected, "{version}");
    }
}

#[test]
fn schema_17_has_two_values_elsewhere() {
    let conn = of_version(17);
    // 29: least new cards a day, 32: order of reviews.
    let extra = [0xe8, 0x01, 0x04, 0x80, 0x02, 0x07];
    change_presets(&conn, |_, config| [config, &extra].concat());
    upgrade(&conn, 17, NOW).unwrap();
    for preset in presets::changed_since(&conn, 0).unwrap() {
        assert_eq!((preset.new_per_day_minimum, preset.review_order), (4, 7));
        assert_eq!((preset.bury_interday_learning, preset.new_sort_order), (false, 0));
    }
}

#[test]
fn a_preset_of_schema_14_that_is_not_json_is_named() {
    for config in [&b"\xff"[..], b"", b"[]", b"{}"] {
        let conn = of_version(14);
        conn.execute("UPDATE deck_config SET config = ?1 WHERE id = 2", [config]).unwrap();
        let error = upgrade(&conn, 14, NOW).unwrap_err();
        assert!(matches!(error, UpgradeError::Object { what: "preset", id: 2, .. }), "{error:?}");
        assert_eq!(number(&conn, "SELECT ver FROM col"), 14);
    }
}

#[test]
fn a_preset_of_schemas_15_to_17_that_is_not_a_blob_is_named() {
    for version in [15, 17] {
        let conn = of_version(version);
        conn.execute_batch("UPDATE deck_config SET config = x'ff' WHERE id = 2").unwrap();
        let error = upgrade(&conn, version, NOW).unwrap_err();
        assert!(matches!(error, UpgradeError::Object { what: "preset", id: 2, .. }), "{error:?}");
    }
}

#[test]
fn a_file_that_claims_to_be_older_than_it_is_is_refused() {
    for version in [11, 14, 15, 16, 17] {
        let conn = file().upgraded();
        let error = upgrade(&conn, version, NOW).unwrap_err();
        assert!(
            matches!(&error, UpgradeError::Structure(what) if what.contains("later format")),
            "{version}: {error:?}"
        );
    }
    let conn = of_version(17);
    assert!(matches!(upgrade(&conn, 16, NOW), Err(UpgradeError::Structure(_))));
}

#[test]
fn tables_of_the_claimed_version_must_exist() {
    for (version, table) in [(14, "deck_config"), (14, "tags"), (15, "decks"), (17, "deck_config")]
    {
        let conn = of_version(version);
        conn.execute_batch(&format!("DROP TABLE {table}")).unwrap();
        let error = upgrade(&conn, version, NOW).unwrap_err();
        assert_eq!(error.to_string(), format!("the table {table} is missing"));
    }
}

#[test]
fn equal_tags_in_schema_11_do_not_meet_the_key_of_the_table() {
    let tags = json!({"A": 1, "a": 1});
    assert_eq!(number(&OldFile { tags, ..file() }.upgraded(), "SELECT count(*) FROM tags"), 1);
}
