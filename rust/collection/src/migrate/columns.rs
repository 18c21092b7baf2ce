//! The JSON columns of the table `col` before schema 15.
//!
//! Such a column can be megabytes long. It is read where SQLite has it and taken apart entry by
//! entry; only one entry at a time becomes values in memory.

use rusqlite::Connection;
use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

use super::error::{UpgradeError, Upgraded};

/// Most notetypes, decks or presets in a file.
const MOST_OBJECTS: usize = 1_000_000;

/// Most JSON values in one object: a value that takes two characters of text can take hundreds
/// of bytes in memory. The largest notetypes have some thousands.
const MOST_VALUES: usize = 100_000;

/// Hands the text of a column to `read`.
pub(super) fn with_column<T>(
    conn: &Connection,
    column: &'static str,
    read: impl FnOnce(&str) -> Upgraded<T>,
) -> Upgraded<T> {
    let mut statement = conn.prepare(&format!("SELECT {column} FROM col"))?;
    let mut rows = statement.query([])?;
    let row = rows.next().map_err(|error| UpgradeError::of_column(column, error))?;
    let text = match row {
        Some(row) => row.get_ref(0)?.as_bytes().ok(),
        None => None,
    };
    let text = text.and_then(|bytes| std::str::from_utf8(bytes).ok());
    read(text.ok_or(UpgradeError::NotJson(column))?)
}

/// Calls `take` with every key and value of a JSON object, in the order of the text.
pub(super) fn each_entry<'a>(
    column: &'static str,
    json: &'a str,
    take: impl FnMut(String, &'a RawValue) -> Upgraded<()>,
) -> Upgraded<()> {
    let mut stopped = None;
    let visitor = EntryVisitor { take, stopped: &mut stopped };
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = reader.deserialize_map(visitor).and_then(|()| reader.end());
    match (stopped, read) {
        (Some(error), _) => Err(error),
        (None, Err(_)) => Err(UpgradeError::NotJson(column)),
        (None, Ok(())) => Ok(()),
    }
}

struct EntryVisitor<'s, F> {
    take: F,
    /// Why `take` stopped. The JSON reader's errors cannot carry it.
    stopped: &'s mut Option<UpgradeError>,
}

impl<'de, F> Visitor<'de> for EntryVisitor<'_, F>
where
    F: FnMut(String, &'de RawValue) -> Upgraded<()>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry()? {
            if let Err(error) = (self.take)(key, value) {
                *self.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// The entries of a column whose keys are ids, in ascending order. Of equal keys the last one
/// counts (`storage-json`).
///
/// Clients walk them in random order. A fixed one keeps the names of the oldest objects when two
/// have the same (`storage-migrate` 1).
pub(super) fn by_id<'a>(column: &'static str, json: &'a str) -> Upgraded<Vec<(i64, &'a RawValue)>> {
    let mut entries = Vec::new();
    each_entry(column, json, |key, value| {
        let id: i64 = key.parse().map_err(|_| UpgradeError::Key(column))?;
        if entries.len() == MOST_OBJECTS {
            return Err(UpgradeError::TooLarge(column));
        }
        entries.push((id, value));
        Ok(())
    })?;
    // Stable, so that equal ids stay in the order of the text.
    entries.sort_by_key(|(id, _)| *id);
    entries.reverse();
    entries.dedup_by_key(|(id, _)| *id);
    entries.reverse();
    Ok(entries)
}

/// Reads one object. Its errors name keys, never values.
pub(super) fn object<T: serde::de::DeserializeOwned>(
    what: &'static str,
    id: i64,
    json: &str,
) -> Upgraded<T> {
    let fault = |reason: &str| UpgradeError::Object { what, id, reason: reason.to_owned() };
    // Otherwise the reader's error would quote what is there instead.
    if !json.starts_with('{') {
        return Err(fault("it is not a JSON object"));
    }
    if values(json) > MOST_VALUES {
        return Err(fault("it has too many values"));
    }
    serde_json::from_str(json).map_err(|error| fault(&error.to_string()))
}

/// Roughly how many values a JSON text has.
fn values(json: &str) -> usize {
    let (mut count, mut in_text, mut escaped) = (1, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'{' | b'[' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(json: &str) -> Upgraded<Vec<i64>> {
        Ok(by_id("decks", json)?.into_iter().map(|(id, _)| id).collect())
    }

    #[test]
    fn entries_come_by_ascending_id_and_of_equal_ones_the_last() {
        assert_eq!(keys(r#" {"20":{}, "3":{}, "-1":{}} "#).unwrap(), [-1, 3, 20]);
        let json = r#"{"5":1,"4":2,"5":3}"#;
        let entries = by_id("decks", json).unwrap();
        let texts: Vec<_> = entries.into_iter().map(|(id, raw)| (id, raw.get())).collect();
        assert_eq!(texts, [(4, "2"), (5, "3")]);
    }

    #[test]
    fn what_is_not_an_object_of_ids_is_refused() {
        for json in ["", " ", "[]", "null", "5", "{", r#"{"1":{}"#, r#"{"1":{}} x"#, r#"{"1":}"#] {
            assert!(matches!(keys(json), Err(UpgradeError::NotJson("decks"))), "{json:?}");
        }
        for json in [r#"{"":{}}"#, r#"{"a":{}}"#, r#"{" 1":{}}"#, r#"{"1.0":{}}"#] {
            assert!(matches!(keys(json), Err(UpgradeError::Key("decks"))), "{json:?}");
        }
    }

    #[test]
    fn a_reader_that_stops_is_heard() {
        let result = each_entry("tags", r#"{"a":1,"b":2}"#, |_, _| Err(UpgradeError::Tag));
        assert!(matches!(result, Err(UpgradeError::Tag)));
    }

    #[test]
    fn values_inside_texts_do_not_count() {
        assert_eq!(values(r#"{"a":"[,{\",[\\","b":[1,2]}"#), 5);
    }

    #[test]
    fn an_object_that_would_fill_the_memory_is_refused() {
        let json = format!("{{\"a\":[{}0]}}", "0,".repeat(MOST_VALUES));
        let read = object::<serde_json::Value>("deck", 7, &json);
        assert_eq!(read.unwrap_err().to_string(), "deck 7: it has too many values");
    }

    #[test]
    fn errors_do_not_quote_contents() {
        let error = object::<deckport_wire::Deck>("deck", 7, r#""secret""#).unwrap_err();
        assert_eq!(error.to_string(), "deck 7: it is not a JSON object");
        let error = object::<deckport_wire::Deck>("deck", 7, r#"{"name":"secret"}"#).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
