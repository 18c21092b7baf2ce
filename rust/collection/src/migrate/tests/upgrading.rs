//! From schema 11 to 18.

use deckport_wire::objects::DeckKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::old_file::*;
use crate::objects::{config, decks, notetypes, presets};
use crate::upload::UploadError;

/// What is sent for an object.
fn sent(object: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(object).unwrap()).unwrap()
}

#[test]
fn a_file_of_2_1_24_becomes_a_collection_without_losing_anything() {
    let mut file = OldFile::with_sql("INSERT INTO graves VALUES (3, 14, 0)");
    file.conf["add-on"] = json!({"x": [1.5, null]});
    let accepted = file.accepted().unwrap();
    let counts = accepted.summary;
    assert_eq!((counts.notes, counts.cards, counts.reviews), (1, 1, 1));
    assert_eq!(std::fs::read_dir(accepted.path.parent().unwrap()).unwrap().count(), 1);
    let collection = accepted.collection();
    let conn = collection.conn();
    let row = "SELECT crt || ' ' || mod || ' ' || scm || ' ' || ver || ' ' || dty || ' ' || usn
                   || ' ' || ls || conf || models || decks || dconf || tags FROM col";
    assert_eq!(texts(conn, row), ["1500000000 5 6 18 0 7 8"]);
    for table in ["notes", "cards", "revlog", "graves", "tags", "notetypes"] {
        assert_eq!(numbers(conn, &format!("SELECT usn FROM {table}")), [3], "{table}");
    }
    let notetype = sent(&notetypes::get(conn, BASIC).unwrap().unwrap());
    assert_eq!((&notetype["vers"], &notetype["tags"]), (&json!([]), &json!([])));
    assert_eq!(notetype["flds"][1]["name"], "Back");
    assert_eq!(notetype["flds"][1]["media"], json!([]));
    assert_eq!(notetype["tmpls"][0]["afmt"], "{{Back}}");
    assert_eq!(notetype["req"], json!([[0, "all", [0]]]));
    let preset = sent(&presets::changed_since(conn, 0).unwrap()[0]);
    assert_eq!(preset["new"]["separate"], true);
    assert_eq!(preset["rev"]["fuzz"], 0.05);
    assert_eq!(preset["rev"]["minSpace"], 1);
    let deck = sent(&decks::changed_since(conn, 0).unwrap()[0]);
    assert_eq!((&deck["newToday"], &deck["mod"]), (&json!([3, 4]), &json!(1_500_000_001)));
    assert_eq!(sent(&config::all(conn).unwrap()), file.conf);
}

#[test]
fn what_is_marked_as_changed_on_the_client_is_known_to_the_endpoint() {
    let mut file = OldFile::with_sql(
        "UPDATE notes SET usn = -1; UPDATE cards SET usn = -1; UPDATE revlog SET usn = -1;
         INSERT INTO graves VALUES (-1, 14, 0)",
    );
    file.models[BASIC.to_string()]["usn"] = json!(-1);
    file.decks["1"]["usn"] = json!(-1);
    file.dconf["1"]["usn"] = json!(-1);
    file.tags = json!({"one": -1});
    for table in ["notetypes", "decks", "deck_config", "tags", "graves", "config"] {
        let sql = format!("SELECT min(usn) FROM {table}");
        assert_eq!(number(&file.upgraded(), &sql), 0, "{table}");
    }
    let accepted = file.accepted().unwrap();
    for table in ["notes", "cards", "revlog"] {
        let sql = format!("SELECT min(usn) FROM {table}");
        assert_eq!(number(accepted.collection().conn(), &sql), 0, "{table}");
    }
}

#[test]
fn config_values_keep_their_text_and_of_equal_keys_the_last_counts() {
    let text = r#"{"a":1.50, "big":123456789012345678901234, "x":{"y": [1, 2]}, "a":3}"#;
    let conn = OldFile { conf: json!(text), ..OldFile::new() }.upgraded();
    let rows = texts(&conn, "SELECT KEY || '=' || CAST(val AS text) FROM config ORDER BY KEY");
    assert_eq!(rows, ["a=3", "big=123456789012345678901234", r#"x={"y": [1, 2]}"#]);
    assert_eq!(number(&conn, "SELECT max(usn) + max(mtime_secs) FROM config"), 0);
}

#[test]
fn tags_stay_as_they_are_written_and_of_equal_ones_the_newest_counts() {
    let tags = json!({" a b ": 2, "": 1, "Noun": 4, "noun": 9, "NOUN": 5, "e\u{301}": 0});
    let conn = OldFile { tags, ..OldFile::new() }.upgraded();
    let rows = texts(&conn, "SELECT tag || '=' || usn || collapsed FROM tags WHERE config IS NULL");
    assert_eq!(rows, ["=11", " a b =21", "e\u{301}=01", "noun=91"]);
}

#[test]
fn a_notetype_with_a_name_in_use_gets_underscores_and_reaches_the_uploader() {
    let names = [(10, "Basic"), (11, "BASIC"), (12, "basic"), (13, "e\u{301}")];
    let models: BTreeMap<String, Value> =
        names.iter().map(|(id, name)| (id.to_string(), notetype(*id, name))).collect();
    let conn = OldFile { models: json!(models), ..OldFile::new() }.upgraded();
    let rows = texts(
        &conn,
        "SELECT id || name || ' ' || mtime_secs || ' ' || usn FROM notetypes ORDER BY id",
    );
    let expected = [
        "10Basic 1500000000 3",
        "11BASIC_ 1795180000 7",
        "12basic__ 1795180000 7",
        // NFC alone is not a change that others need to hear of.
        "13\u{e9} 1500000000 3",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn equal_names_inside_a_notetype_get_plus_signs_in_order() {
    let mut file = OldFile::new();
    let id = BASIC.to_string();
    let fields = ["a", "A", "a+", "e\u{301}"];
    file.models[&id]["flds"] = fields.iter().map(|name| field(name, 9)).collect();
    file.models[&id]["tmpls"] = ["x", "X", "x"].iter().map(|name| template(name, 9)).collect();
    let conn = file.upgraded();
    let select = |table| texts(&conn, &format!("SELECT ord || name FROM {table} ORDER BY ord"));
    assert_eq!(select("fields"), ["0a", "1A+", "2a++", "3\u{e9}"]);
    assert_eq!(select("templates"), ["0x", "1X+", "2x++"]);
    assert_eq!(number(&conn, "SELECT usn FROM notetypes"), i64::from(USN));
}

#[test]
fn the_notetype_zero_gets_an_id_and_keeps_its_notes() {
    let mut file = OldFile::with_sql("UPDATE notes SET mid = 0");
    file.models["0"] = notetype(0, "Zero");
    file.models[NOW.to_string()] = notetype(NOW, "Now");
    let accepted = file.accepted().unwrap();
    let collection = accepted.collection();
    let sql = "SELECT name FROM notetypes WHERE id = (SELECT mid FROM notes)";
    assert_eq!(texts(collection.conn(), sql), ["Zero"]);
    assert_eq!(number(collection.conn(), "SELECT mid FROM notes"), NOW + 1);
}

#[test]
fn notes_find_a_notetype_whose_id_disagrees_by_its_key() {
    let mut file = OldFile::new();
    file.models[BASIC.to_string()]["id"] = json!(99);
    let accepted = file.accepted().unwrap();
    let collection = accepted.collection();
    assert_eq!(numbers(collection.conn(), "SELECT id FROM notetypes"), [BASIC]);
    assert_eq!(numbers(collection.conn(), "SELECT DISTINCT ntid FROM fields"), [BASIC]);
}

#[test]
fn deck_names_are_cleaned_and_those_in_use_get_underscores() {
    let names =
        [(1, "Default"), (2, "A::B"), (3, "a:: b"), (4, "DEFAULT"), (5, "x::::y"), (6, "C::D")];
    let decks: BTreeMap<String, Value> =
        names.iter().map(|(id, name)| (id.to_string(), deck(*id, name))).collect();
    let conn = OldFile { decks: json!(decks), ..OldFile::new() }.upgraded();
    let rows = texts(
        &conn,
        "SELECT id || replace(name, char(31), '/') || ' ' || mtime_secs || ' ' || usn
         FROM decks ORDER BY id",
    );
    let expected = [
        "1Default 1500000001 5",
        "2A/B 1500000001 5",
        "3a/b_ 1795180000 7",
        "4DEFAULT_ 1795180000 7",
        "5x/blank/y 1795180000 7",
        "6C/D 1500000001 5",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn the_id_inside_a_deck_counts_unless_it_is_in_use() {
    let mut file = OldFile::new();
    file.decks["7"] = deck(8, "x");
    file.decks["9"] = deck(8, "y");
    let conn = file.upgraded();
    assert_eq!(texts(&conn, "SELECT id || name FROM decks ORDER BY id"), ["1Default", "8x", "9y"]);
}

#[test]
fn filtered_decks_keep_their_searches() {
    let mut file = OldFile::new();
    file.decks["2"] = filtered_deck(2, "Due");
    let deck = &decks::changed_since(&file.upgraded(), 0).unwrap()[1];
    let DeckKind::Filtered(filtered) = &deck.kind else { panic!("a normal deck") };
    assert_eq!(filtered.search_terms[0].search, "is:due");
    assert_eq!(filtered.preview_delay, 10);
}

#[test]
fn the_key_of_a_preset_counts_whatever_it_says_itself() {
    let mut file = OldFile::new();
    file.dconf["5"] = preset(1, "Five");
    file.dconf["0"] = preset(9, "Zero");
    let conn = file.upgraded();
    let rows = texts(&conn, "SELECT id || name FROM deck_config ORDER BY id");
    assert_eq!(rows, ["0Zero", "1Default", "5Five"]);
}

#[test]
fn presets_that_start_at_the_least_ease_are_repaired_with_their_cards() {
    let mut file = OldFile::new();
    file.dconf = json!({"1": preset_with_ease(1, "Buggy", 25), "2": preset_with_ease(2, "Low", 1300),
        "3": preset_with_ease(3, "Kept", 1301), "4": preset(4, "Good")});
    for (id, preset) in [(2, 2), (3, 3), (4, 4), (5, 99)] {
        file.decks[id.to_string()] = deck(id, &format!("Deck {id}"));
        file.decks[id.to_string()]["conf"] = json!(preset);
    }
    file.decks["6"] = filtered_deck(6, "Filtered");
    // Deck, home deck, factor before and after.
    let cards = [
        (1, 0, 25, 2500),
        (1, 0, 2000, 2500),
        (1, 0, 2001, 2001),
        (1, 0, 0, 0),
        (2, 0, 1300, 2500),
        (3, 0, 1300, 1300),
        (4, 0, 1300, 1300),
        (5, 0, 25, 25),
        (6, 1, 25, 2500),
        (6, 4, 25, 25),
    ];
    for ((deck, home, before, _), id) in cards.iter().zip(100..) {
        file.sql += &format!(
            "INSERT INTO cards VALUES
                 ({id}, 11, {deck}, 0, 100, 3, 2, 2, 9, 9, {before}, 1, 0, 0, 0, {home}, 0, '');"
        );
    }
    let conn = file.upgraded();
    let factors = numbers(&conn, "SELECT factor FROM cards WHERE id >= 100 ORDER BY id");
    assert_eq!(factors, cards.map(|(.., after)| after));
    // Only changed cards travel again, and not as changed later than before.
    let usns = numbers(&conn, "SELECT usn FROM cards WHERE id >= 100 ORDER BY id");
    let changed =
        cards.map(|(_, _, before, after)| if before == after { 3 } else { i64::from(USN) });
    assert_eq!(usns, changed);
    assert_eq!(numbers(&conn, "SELECT DISTINCT mod FROM cards"), [100]);
    let presets = presets::changed_since(&conn, 0).unwrap();
    let eases: Vec<_> = presets.iter().map(|preset| preset.new.initial_factor).collect();
    // 1301 stays in the file, but is below what clients accept.
    assert_eq!(eases, [2500, 2500, 2500, 2500]);
    let stored: Vec<u8> = conn
        .query_row("SELECT config FROM deck_config WHERE id = 3", [], |row| row.get(0))
        .unwrap();
    assert!(stored.windows(5).any(|bytes| bytes == ease_field(1301)));
}

/// The field of the starting ease in a blob.
fn ease_field(per_mille: u16) -> Vec<u8> {
    let ease = f32::from(per_mille) / 1000.0 * 100.0 / 100.0;
    [&[0x5d][..], &ease.to_le_bytes()].concat()
}

#[test]
fn more_cards_than_one_batch_are_repaired() {
    let mut file = OldFile::with_sql(
        "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 25099)
         INSERT INTO cards SELECT i, 11, 1, 0, 100, 3, 2, 2, 9, 9, 25, 1, 0, 0, 0, 0, 0, '' FROM n",
    );
    file.dconf["1"] = preset_with_ease(1, "Buggy", 25);
    let conn = file.upgraded();
    assert_eq!(number(&conn, "SELECT count(*) FROM cards WHERE factor = 2500"), 25_001);
    assert_eq!(number(&conn, "SELECT count(*) FROM temp.sqlite_schema"), 0);
}

#[test]
fn the_starting_ease_has_the_bits_that_clients_compute() {
    // These differ from the plain quotient in the last bit.
    for ease in [1311, 1313, 1328] {
        assert_ne!(f32::from(ease) / 1000.0 * 100.0 / 100.0, f32::from(ease) / 1000.0);
        let mut file = OldFile::new();
        file.dconf["1"] = preset_with_ease(1, "Default", ease);
        let stored: Vec<u8> = file
            .upgraded()
            .query_row("SELECT config FROM deck_config", [], |row| row.get(0))
            .unwrap();
        assert!(stored.windows(5).any(|bytes| bytes == ease_field(ease)), "{ease}");
    }
}

#[test]
fn of_equal_deletions_the_first_stays() {
    let conn = OldFile::with_sql(
        "INSERT INTO graves VALUES (5, 1, 0), (-1, 1, 0), (3, 1, 1), (2, 2, 2), (9, 2, 2)",
    )
    .upgraded();
    let rows =
        texts(&conn, "SELECT oid || ' ' || type || ' ' || usn FROM graves ORDER BY oid, type");
    assert_eq!(rows, ["1 0 5", "1 1 3", "2 2 2"]);
}

#[test]
fn an_index_of_a_later_format_is_rebuilt() {
    let accepted = OldFile::with_sql(
        "CREATE INDEX idx_notes_mid ON notes (guid); CREATE INDEX idx_decks_name ON notes (mid);
         DROP INDEX ix_cards_sched;",
    )
    .accepted()
    .unwrap();
    let collection = accepted.collection();
    let model = crate::schema::model().unwrap();
    let sql =
        "SELECT lower(name || ' ' || tbl_name) FROM sqlite_schema WHERE type = 'index' ORDER BY 1";
    assert_eq!(texts(collection.conn(), sql), texts(&model, sql));
}

#[test]
fn empty_columns_upgrade_but_a_collection_needs_a_notetype() {
    let empty = || OldFile {
        conf: json!({}),
        models: json!({}),
        decks: json!({}),
        dconf: json!({}),
        tags: json!({}),
        sql: "DELETE FROM notes; DELETE FROM cards; DELETE FROM revlog".to_owned(),
    };
    let conn = empty().upgraded();
    assert_eq!(number(&conn, "SELECT ver FROM col"), 18);
    assert!(
        matches!(empty().accepted(), Err(UploadError::Content(what)) if what.contains("notetype"))
    );
    let with_notetype = OldFile { models: OldFile::new().models, ..empty() };
    let accepted = with_notetype.accepted().unwrap();
    // The default deck and preset reach the uploader.
    assert_eq!(numbers(accepted.collection().conn(), "SELECT id FROM decks WHERE usn = 7"), [1]);
}
