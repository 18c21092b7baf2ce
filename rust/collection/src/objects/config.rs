//! The config table: arbitrary JSON by key, opaque to us but for a few keys (`storage-blobs` 7).

use deckport_wire::ConfigMap;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Result;

/// The complete config, every value as the text it is stored in. A value that is not JSON is left
/// out: no client could read a config with it.
///
/// # Errors
/// When the database fails.
pub fn all(conn: &Connection) -> Result<ConfigMap> {
    let mut statement = conn.prepare_cached("SELECT KEY, CAST(val AS BLOB) FROM config")?;
    let mut rows = statement.query([])?;
    let mut config = ConfigMap::new();
    while let Some(row) = rows.next()? {
        let key = row.get(0)?;
        let text: Vec<u8> = row.get(1)?;
        if let Some(value) = String::from_utf8(text).ok().and_then(readable) {
            config.insert(key, value);
        }
    }
    Ok(config)
}

/// One value; `None` when the key is missing or its value has another type.
///
/// # Errors
/// When the database fails.
pub fn get<T: DeserializeOwned>(conn: &Connection, key: &str) -> Result<Option<T>> {
    let text: Option<Vec<u8>> = conn
        .prepare_cached("SELECT CAST(val AS BLOB) FROM config WHERE KEY = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// Sets one value. `now_secs` are Unix seconds.
///
/// # Errors
/// When the value cannot be written as JSON or the database fails.
pub fn set<T: Serialize>(
    conn: &Connection,
    key: &str,
    value: &T,
    usn: i32,
    now_secs: i64,
) -> Result<()> {
    put(conn, key, &serde_json::to_string(value)?, usn, now_secs)
}

/// Sets one value to a text that is JSON. `now_secs` are Unix seconds.
///
/// # Errors
/// When the database fails.
pub fn put(conn: &Connection, key: &str, json: &str, usn: i32, now_secs: i64) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO config (KEY, usn, mtime_secs, val) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute((key, usn, now_secs, json.as_bytes()))?;
    Ok(())
}

/// Removes a key, if it is there.
///
/// # Errors
/// When the database fails.
pub fn remove(conn: &Connection, key: &str) -> Result<()> {
    conn.prepare_cached("DELETE FROM config WHERE KEY = ?1")?.execute([key])?;
    Ok(())
}

/// Keeps the text as it is, if clients can read it. Looking like JSON is not enough: so does a lone
/// surrogate or a number beyond f64.
fn readable(text: String) -> Option<Box<RawValue>> {
    serde_json::from_str::<Value>(&text).ok()?;
    RawValue::from_string(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::testing::database;

    fn map(json: &str) -> ConfigMap {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn values_travel_as_the_text_they_came_in() {
        let conn = database();
        let json =
            r#"{"a":1.50,"big":12345678901234567890123,"nested":{"z":1,"a":[null]},"x":"é"}"#;
        for (key, value) in map(json) {
            put(&conn, &key, value.get(), 5, 100).unwrap();
        }
        assert_eq!(serde_json::to_string(&all(&conn).unwrap()).unwrap(), json);
        let row: (i32, i64, Vec<u8>) = conn
            .query_row("SELECT usn, mtime_secs, val FROM config WHERE KEY = 'a'", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(row, (5, 100, b"1.50".to_vec()));
    }

    #[test]
    fn a_removed_key_is_gone() {
        let conn = database();
        set(&conn, "old", &1, 0, 0).unwrap();
        remove(&conn, "old").unwrap();
        remove(&conn, "old").unwrap();
        assert_eq!(get::<i64>(&conn, "old").unwrap(), None);
    }

    #[test]
    fn a_value_of_another_type_counts_as_missing() {
        let conn = database();
        set(&conn, "rollover", &"four", 0, 0).unwrap();
        assert_eq!(get::<i64>(&conn, "rollover").unwrap(), None);
        set(&conn, "rollover", &4, 0, 0).unwrap();
        assert_eq!(get::<i64>(&conn, "rollover").unwrap(), Some(4));
    }

    #[test]
    fn what_no_client_could_read_is_not_sent() {
        let conn = database();
        set(&conn, "good", &[1], 0, 0).unwrap();
        for (key, value) in [("bad", "nonsense"), ("lone", r#""\ud800""#), ("huge", "1e999")] {
            conn.execute("INSERT INTO config VALUES (?1, 0, 0, ?2)", (key, value)).unwrap();
        }
        conn.execute("INSERT INTO config VALUES ('bytes', 0, 0, x'ff')", []).unwrap();
        assert_eq!(all(&conn).unwrap().keys().collect::<Vec<_>>(), ["good"]);
    }
}
