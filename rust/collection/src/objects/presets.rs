//! Presets, the option groups of decks.

use deckport_wire::Preset;
use rusqlite::{Connection, OptionalExtension, Row};

use super::check_id;
use crate::blobs::{self, Core};
use crate::error::Result;

/// Presets with a usn of at least `usn`, in the order of their ids. Values out of range are
/// replaced by their defaults (`storage-blobs` 5).
///
/// # Errors
/// When the database fails or a stored blob cannot be decoded.
pub fn changed_since(conn: &Connection, usn: i32) -> Result<Vec<Preset>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, mtime_secs, usn, config FROM deck_config WHERE usn >= ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([usn])?;
    let mut presets = Vec::new();
    while let Some(row) = rows.next()? {
        presets.push(read(row)?);
    }
    Ok(presets)
}

/// The preset with this id.
///
/// # Errors
/// When the database fails or the stored blob cannot be decoded.
pub fn get(conn: &Connection, id: i64) -> Result<Option<Preset>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, mtime_secs, usn, config FROM deck_config WHERE id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
}

/// Inserts or replaces a preset, with `usn` as its usn. Names need not be unique.
///
/// # Errors
/// [`crate::Error::Conflict`] when its id is 0, otherwise when the database fails.
pub fn store(conn: &Connection, preset: &Preset, usn: i32) -> Result<()> {
    check_id(preset.id)?;
    let replaced: Option<Vec<u8>> = conn
        .prepare_cached("SELECT config FROM deck_config WHERE id = ?1")?
        .query_row([preset.id], |row| row.get(0))
        .optional()?;
    let config = blobs::preset::encode(preset, replaced.as_deref())?;
    conn.prepare_cached(
        "INSERT INTO deck_config (id, name, mtime_secs, usn, config) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, mtime_secs = excluded.mtime_secs,
             usn = excluded.usn, config = excluded.config",
    )?
    .execute((preset.id, &preset.name, preset.modified, usn, config))?;
    Ok(())
}

fn read(row: &Row) -> Result<Preset> {
    let core = Core { id: row.get(0)?, name: row.get(1)?, modified: row.get(2)?, usn: row.get(3)? };
    let config: Vec<u8> = row.get(4)?;
    blobs::preset::decode(core, &config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::objects::testing::database;

    fn preset(id: i64, name: &str) -> Preset {
        let json = format!(
            r#"{{"id":{id},"mod":50,"name":"{name}","usn":-1,"maxTaken":60,"autoplay":true,
                "timer":0,"new":{{}},"rev":{{}},"lapse":{{}},"addon":[1]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_stored_preset_has_the_usn_of_the_sync_and_is_found_by_it() {
        let conn = database();
        store(&conn, &preset(1, "Same"), 4).unwrap();
        store(&conn, &preset(2, "same"), 4).unwrap();
        let found = changed_since(&conn, 4).unwrap();
        assert_eq!(found.iter().map(|p| (p.id, p.usn)).collect::<Vec<_>>(), [(1, 4), (2, 4)]);
        assert_eq!(found[1].name, "same");
        assert!(changed_since(&conn, 5).unwrap().is_empty());
        assert_eq!(get(&conn, 1).unwrap().unwrap().modified, 50);
        assert!(get(&conn, 3).unwrap().is_none());
    }

    #[test]
    fn the_id_zero_is_a_conflict() {
        let conn = database();
        assert!(matches!(store(&conn, &preset(0, "x"), 1), Err(Error::Conflict(_))));
    }

    #[test]
    fn protobuf_fields_of_newer_clients_survive_an_edit() {
        let conn = database();
        store(&conn, &preset(1, "x"), 1).unwrap();
        let read = || conn.query_row("SELECT config FROM deck_config", [], |row| row.get(0));
        let before: Vec<u8> = read().unwrap();
        conn.execute("UPDATE deck_config SET config = CAST(config || x'a00601' AS BLOB)", [])
            .unwrap();
        store(&conn, &preset(1, "x"), 2).unwrap();
        assert_eq!(read().unwrap(), [before, vec![0xa0, 0x06, 1]].concat());
    }
}
