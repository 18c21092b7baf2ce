//! Files of schema 11 with damage: whatever is accepted must be a collection; nothing may panic.

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::sync::OnceLock;

use super::old_file::{BASIC, NOW, OldFile, check_integrity, filtered_deck};
use crate::Collection;
use crate::upload::accept_uninterrupted;

fn file() -> OldFile {
    let mut file = OldFile::new();
    file.decks["2"] = filtered_deck(2, "Filtered");
    file
}

/// A sound file.
fn bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old");
        let conn = Connection::open(&path).unwrap();
        file().fill(&conn);
        conn.close().unwrap();
        std::fs::read(path).unwrap()
    })
}

/// The object that is damaged, and where.
fn any_place() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        Just(("models", format!("/{BASIC}"))),
        Just(("models", format!("/{BASIC}/flds/0"))),
        Just(("models", format!("/{BASIC}/tmpls/0"))),
        Just(("decks", "/1".to_owned())),
        Just(("decks", "/2".to_owned())),
        Just(("dconf", "/1".to_owned())),
        Just(("dconf", "/1/new".to_owned())),
        Just(("dconf", "/1/rev".to_owned())),
        Just(("dconf", "/1/lapse".to_owned())),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([1, 2])),
        Just(json!(1e300)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-2..70_000i64).prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn damaged_bytes_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)
    ) {
        let mut bytes = bytes().to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upload");
        std::fs::write(&path, bytes).unwrap();
        if accept_uninterrupted(&path, NOW).is_ok() {
            check_integrity(Collection::open(&path).unwrap().conn());
        }
    }

    #[test]
    fn objects_with_other_values_never_panic(
        (column, place) in any_place(),
        key in any::<prop::sample::Index>(),
        value in any_value(),
    ) {
        let mut file = file();
        let map = match column {
            "models" => &mut file.models,
            "decks" => &mut file.decks,
            _ => &mut file.dconf,
        };
        let object = map.pointer_mut(&place).unwrap().as_object_mut().unwrap();
        let key = object.keys().nth(key.index(object.len())).unwrap().clone();
        object.insert(key, value);
        if let Ok(accepted) = file.accepted() {
            accepted.collection();
        }
    }
}
