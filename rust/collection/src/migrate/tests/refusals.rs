//! Every reason not to upgrade a file.

use serde_json::{Value, json};

use super::old_file::*;
use crate::upload::UploadError;

/// A file with one damaged object.
fn spoilt(column: &str, path: &str, value: Option<Value>) -> OldFile {
    let mut file = OldFile::new();
    let map = match column {
        "models" => &mut file.models,
        "decks" => &mut file.decks,
        _ => &mut file.dconf,
    };
    let object = map.as_object_mut().unwrap().values_mut().next().unwrap();
    let (parent, key) = path.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(key.to_owned(), value),
        None => parent.remove(key),
    };
    file
}

#[test]
fn a_column_that_is_not_a_json_object_is_named() {
    for text in ["", " ", "[]", "null", "{", "{\"1\"}", "nonsense", "{} {}", "\u{1}"] {
        let refused = |file: OldFile| file.refused().to_string();
        let text = json!(text);
        let base = OldFile::new;
        assert_eq!(
            [
                refused(OldFile { conf: text.clone(), ..base() }),
                refused(OldFile { models: text.clone(), ..base() }),
                refused(OldFile { decks: text.clone(), ..base() }),
                refused(OldFile { dconf: text.clone(), ..base() }),
                refused(OldFile { tags: text.clone(), ..base() }),
            ],
            ["conf", "models", "decks", "dconf", "tags"]
                .map(|column| format!("the column {column} is not a JSON object")),
            "{text}"
        );
    }
}

#[test]
fn a_column_of_bytes_that_are_not_text_is_refused() {
    let error = OldFile::with_sql("UPDATE col SET decks = x'ff'").refused();
    assert_eq!(error.to_string(), "the column decks is not a JSON object");
}

#[test]
fn keys_must_be_ids() {
    let base = OldFile::new;
    for key in ["", "x", " 1", "1.5", "0x1"] {
        let map = |object: Value| json!({ key: object });
        let files = [
            ("models", OldFile { models: map(notetype(5, "x")), ..base() }),
            ("decks", OldFile { decks: map(deck(5, "x")), ..base() }),
            ("dconf", OldFile { dconf: map(preset(5, "x")), ..base() }),
        ];
        for (column, file) in files {
            let text = file.refused().to_string();
            assert_eq!(text, format!("a key in the column {column} is not a number"), "{key:?}");
        }
    }
}

#[test]
fn the_usn_of_a_tag_must_be_one() {
    for usn in
        [json!(null), json!("1"), json!(1.0), json!(true), json!(99_999_999_999i64), json!([])]
    {
        let error = OldFile { tags: json!({"a": usn}), ..OldFile::new() }.refused();
        assert_eq!(error.to_string(), "a tag has no usn", "{usn}");
    }
}

#[test]
fn an_object_without_what_every_client_needs_is_named() {
    let name_of = |what, id: i64, rest: &str| format!("{what} {id}: {rest}");
    for (column, path, value, what, rest) in [
        ("models", "/name", None, "notetype", "`name` of a notetype"),
        ("models", "/type", Some(json!(2)), "notetype", "`type` of a notetype"),
        ("models", "/mod", Some(json!("5")), "notetype", "`mod` of a notetype"),
        ("models", "/flds", Some(json!([5])), "notetype", "`flds` of a notetype"),
        ("models", "/flds/0/sticky", Some(json!(2)), "notetype", "`sticky` of a notetype's field"),
        ("models", "/tmpls/0/qfmt", None, "notetype", "`qfmt` of a notetype's template"),
        ("models", "/flds", Some(json!([])), "notetype", "a notetype has no fields"),
        ("models", "/tmpls", Some(json!([])), "notetype", "a notetype has no fields or no card"),
        ("decks", "/name", Some(json!(7)), "deck", "`name` of a deck"),
        ("decks", "/conf", None, "deck", "`conf` of a deck"),
        ("decks", "/dyn", Some(json!("1")), "deck", "`dyn` of a deck"),
        ("decks", "/lrnToday", None, "deck", "`lrnToday` of a deck"),
        ("decks", "/id", Some(json!(0)), "deck", "an object has the id 0"),
        ("dconf", "/autoplay", Some(json!(1)), "preset", "`autoplay` of a preset"),
        ("dconf", "/timer", None, "preset", "`timer` of a preset"),
        ("dconf", "/fsrsWeights", Some(json!(null)), "preset", "`fsrsWeights` of a preset"),
    ] {
        let text = spoilt(column, path, value).refused().to_string();
        let id = match (what, path) {
            ("notetype", _) => BASIC,
            (_, "/id") => 0,
            _ => 1,
        };
        assert!(text.starts_with(&name_of(what, id, rest)), "{text}");
    }
}

#[test]
fn what_clients_read_leniently_is_taken() {
    for (column, path, value) in [
        ("models", "/did", Some(json!("x"))),
        ("models", "/css", Some(json!(null))),
        ("models", "/req", Some(json!("x"))),
        ("models", "/latexPre", None),
        ("models", "/flds/0/sticky", Some(json!("TRUE"))),
        ("models", "/flds/0/ord", None),
        ("models", "/tmpls/0/did", Some(json!("x"))),
        ("decks", "/id", Some(json!("1"))),
        ("decks", "/mod", None),
        ("decks", "/lrnToday", Some(json!([]))),
        ("decks", "/extendNew", Some(json!(null))),
        ("decks", "/conf", Some(json!("1"))),
        ("dconf", "/new", Some(json!(5))),
        ("dconf", "/timer", Some(json!(false))),
        ("dconf", "/maxTaken", Some(json!(-5))),
        ("dconf", "/replayq", None),
    ] {
        let accepted = spoilt(column, path, value).accepted();
        assert!(accepted.is_ok(), "{column}{path}: {:?}", accepted.err());
    }
}

#[test]
fn an_object_that_is_none_or_too_large_is_named_without_its_contents() {
    let mut file = OldFile::new();
    file.decks["2"] = json!("secret");
    assert_eq!(file.refused().to_string(), "deck 2: it is not a JSON object");
    file.decks["2"] = deck(2, "x");
    file.decks["2"]["bomb"] = json!(vec![0; 100_001]);
    assert_eq!(file.refused().to_string(), "deck 2: it has too many values");
}

#[test]
fn two_decks_that_cannot_be_told_apart_are_refused() {
    let mut file = OldFile::new();
    file.decks = json!({"7": deck(8, "a"), "8": deck(8, "b")});
    assert_eq!(file.refused().to_string(), "deck 8: two decks have the same id");
}

#[test]
fn tables_of_a_later_format_are_refused() {
    for table in ["deck_config", "config", "tags", "notetypes", "fields", "templates", "Decks"] {
        let error = OldFile::with_sql(&format!("CREATE TABLE {table} (a)")).accepted().err();
        assert!(
            matches!(&error, Some(UploadError::Structure(what)) if what.contains("later format")),
            "{error:?}"
        );
    }
}

#[test]
fn missing_tables_and_columns_are_refused() {
    for (sql, expected) in [
        ("DROP TABLE graves", "the table graves is missing"),
        ("DROP TABLE cards", "the table cards is missing"),
        ("ALTER TABLE graves RENAME COLUMN usn TO x", "the table graves differs"),
        ("ALTER TABLE col RENAME COLUMN dconf TO x", "the table col differs"),
        // Found afterwards, by the comparison with schema 18.
        ("DROP TABLE revlog", "the table revlog is missing"),
        ("ALTER TABLE notes ADD COLUMN x", "the table notes differs"),
    ] {
        let error = OldFile::with_sql(sql).accepted().err();
        assert!(
            matches!(&error, Some(UploadError::Structure(what)) if what == expected),
            "{error:?}"
        );
    }
}

#[test]
fn a_column_beyond_the_limit_is_refused() {
    let sql = "UPDATE col SET models = CAST(zeroblob(65 * 1024 * 1024) AS text)";
    let error = OldFile::with_sql(sql).accepted().err();
    assert!(error.is_some());
}

#[test]
fn the_person_reads_whole_sentences() {
    let error = OldFile { tags: json!({"a": null}), ..OldFile::new() }.accepted().err().unwrap();
    assert_eq!(
        error.to_string(),
        "The uploaded collection has an older format (11) and could not be upgraded (a tag has no \
         usn). In Anki choose Tools > Check Database, then sync again. Nothing was changed on the \
         endpoint."
    );
    assert_eq!(error.detail(), "format 11: a tag has no usn");
}
