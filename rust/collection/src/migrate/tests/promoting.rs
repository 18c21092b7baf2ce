//! Keys that an older client had to put aside, in a file that it uploads.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::old_file::{NOW, filtered_deck, number};
use crate::connection::configure_plain;
use crate::create;
use crate::migrate::promote_stuck_keys;
use crate::objects::{decks, notetypes, presets};

/// The key of the field `other`.
const OTHER: [u8; 2] = [0xfa, 0x0f];

/// A blob with the field `other`.
fn with_other(blob: &[u8], other: &Value) -> Vec<u8> {
    let text = other.to_string();
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 128, "one byte of length");
    [blob, &OTHER, &[length], text.as_bytes()].concat()
}

/// A new collection with a filtered deck.
fn collection() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    configure_plain(&conn).unwrap();
    create::fill(&conn, NOW).unwrap();
    let deck = serde_json::from_value(filtered_deck(2, "Filtered")).unwrap();
    decks::store(&conn, &deck, 0, 0).unwrap();
    conn
}

/// Changes a blob of every row of a table.
fn change(conn: &Connection, table: &str, column: &str, new: impl Fn(&[u8]) -> Vec<u8>) {
    let blobs: Vec<Vec<u8>> = {
        let mut statement = conn.prepare(&format!("SELECT {column} FROM {table}")).unwrap();
        let blobs = statement.query_map([], |row| row.get(0)).unwrap();
        blobs.collect::<rusqlite::Result<_>>().unwrap()
    };
    let update = format!("UPDATE {table} SET {column} = ?2 WHERE {column} = ?1");
    for blob in blobs {
        conn.execute(&update, (&blob, new(&blob))).unwrap();
    }
}

/// A collection in which a client has put `other` aside, and what clients see that do not look
/// there.
fn promoted(table: &str, column: &str, other: &Value) -> Connection {
    let conn = collection();
    change(&conn, table, column, |blob| with_other(blob, other));
    promote_stuck_keys(&conn).unwrap();
    change(&conn, table, column, |blob| match blob.windows(2).position(|two| two == OTHER) {
        Some(end) => blob[..end].to_vec(),
        None => blob.to_vec(),
    });
    conn
}

fn sent(object: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(object).unwrap()).unwrap()
}

#[test]
fn parameters_of_a_preset_are_found_again() {
    let other = json!({"fsrsParams6": [0.5, 1.5], "weightSearch": "deck:x", "x": 1});
    let conn = promoted("deck_config", "config", &other);
    let preset = sent(&presets::changed_since(&conn, 0).unwrap()[0]);
    assert_eq!(preset["fsrsParams6"], json!([0.5, 1.5]));
    assert_eq!(preset["weightSearch"], "deck:x");
    assert_eq!(preset["new"]["perDay"], 20);
}

#[test]
fn options_of_decks_are_found_again() {
    let other = json!({"desiredRetention": 87, "newLimit": 5, "previewAgainSecs": 61, "md": true});
    let conn = promoted("decks", "common", &other);
    let found = decks::changed_since(&conn, 0).unwrap();
    let (normal, filtered) = (sent(&found[0]), sent(&found[1]));
    assert_eq!((&normal["desiredRetention"], &normal["newLimit"]), (&json!(87), &json!(5)));
    assert_eq!(normal["md"], true);
    assert_eq!(filtered["previewAgainSecs"], 61);
}

#[test]
fn identities_of_notetypes_fields_and_templates_are_found_again() {
    let conn = promoted("notetypes", "config", &json!({"originalId": 5}));
    assert_eq!(notetypes::get(&conn, NOW).unwrap().unwrap().original_id, Some(5));
    let other = json!({"tag": 3, "preventDeletion": true, "excludeFromSearch": true});
    let conn = promoted("fields", "config", &other);
    let field = &notetypes::get(&conn, NOW).unwrap().unwrap().fields[1];
    assert_eq!(
        (field.tag, field.prevent_deletion, field.exclude_from_search),
        (Some(3), true, true)
    );
    let conn = promoted("templates", "config", &json!({"bfont": "Arial"}));
    assert_eq!(
        notetypes::get(&conn, NOW).unwrap().unwrap().templates[0].browser_font_name,
        "Arial"
    );
}

#[test]
fn what_is_in_its_place_already_is_not_overwritten() {
    let conn = promoted("deck_config", "config", &json!({"desiredRetention": 0.7, "maxTaken": 5}));
    let preset = &presets::changed_since(&conn, 0).unwrap()[0];
    assert_eq!((preset.desired_retention, preset.cap_answer_time_secs), (0.9, 60));
}

#[test]
fn blobs_without_stuck_keys_keep_their_bytes_and_no_object_counts_as_modified() {
    let conn = collection();
    let before = |conn: &Connection| -> Vec<Vec<u8>> {
        let sql = "SELECT config FROM deck_config UNION ALL SELECT common FROM decks
                   UNION ALL SELECT config FROM fields UNION ALL SELECT config FROM notetypes";
        let mut statement = conn.prepare(sql).unwrap();
        let blobs = statement.query_map([], |row| row.get(0)).unwrap();
        blobs.collect::<rusqlite::Result<_>>().unwrap()
    };
    // Unknown keys, a value out of range, and protobuf fields of a newer client.
    change(&conn, "deck_config", "config", |blob| {
        let blob = [blob, &[0x48, 0xff, 0xff, 0x03]].concat();
        [with_other(&blob, &json!({"x": 1, "new": {"y": 2}})), vec![0xa0, 0x1f, 0x01]].concat()
    });
    change(&conn, "decks", "common", |blob| with_other(blob, &json!({"x": 1})));
    let expected = before(&conn);
    promote_stuck_keys(&conn).unwrap();
    assert_eq!(before(&conn), expected);
    change(&conn, "decks", "common", |blob| with_other(blob, &json!({"newLimit": 5})));
    promote_stuck_keys(&conn).unwrap();
    assert_eq!(number(&conn, "SELECT max(usn) + max(mtime_secs) FROM decks WHERE id = 1"), 0);
}

#[test]
fn protobuf_fields_of_newer_clients_survive_the_promotion() {
    let conn = collection();
    let newer = [0xa0, 0x1f, 0x01];
    change(&conn, "deck_config", "config", |blob| {
        [with_other(blob, &json!({"weightSearch": "x", "new": {"y": 2}})), newer.to_vec()].concat()
    });
    promote_stuck_keys(&conn).unwrap();
    let blob: Vec<u8> =
        conn.query_row("SELECT config FROM deck_config", [], |row| row.get(0)).unwrap();
    assert!(blob.ends_with(&newer));
    let preset = sent(&presets::changed_since(&conn, 0).unwrap()[0]);
    assert_eq!((&preset["weightSearch"], &preset["new"]["y"]), (&json!("x"), &json!(2)));
}
