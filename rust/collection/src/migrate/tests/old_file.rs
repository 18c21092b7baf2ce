//! Files of schema 11, made by hand in the style of 2.1.24 (`storage-json` 7).

use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::connection::configure_plain;
use crate::migrate::UpgradeError;
use crate::migrate::upgrade;
use crate::upload::{UploadError, accept_uninterrupted};
use crate::{Collection, Summary};

pub(super) const NOW: i64 = 1_795_180_000_123;
/// The collection's usn: what the upgrade gives to what it changes.
pub(super) const USN: i32 = 7;
pub(super) const BASIC: i64 = 1_500_000_000_000;

/// The five JSON columns, and SQL to run afterwards.
pub(super) struct OldFile {
    pub(super) conf: Value,
    pub(super) models: Value,
    pub(super) decks: Value,
    pub(super) dconf: Value,
    pub(super) tags: Value,
    pub(super) sql: String,
}

impl OldFile {
    /// A note, a card and a review in deck 1 with preset 1.
    pub(super) fn new() -> OldFile {
        OldFile {
            conf: json!({"activeDecks": [1], "curDeck": 1, "nextPos": 2, "schedVer": 2}),
            models: json!({BASIC.to_string(): notetype(BASIC, "Basic")}),
            decks: json!({"1": deck(1, "Default")}),
            dconf: json!({"1": preset(1, "Default")}),
            tags: json!({"one": 3}),
            sql: String::new(),
        }
    }

    /// Runs SQL on the finished file.
    pub(super) fn with_sql(sql: &str) -> OldFile {
        OldFile { sql: sql.to_owned(), ..OldFile::new() }
    }

    /// Fills an empty database.
    pub(super) fn fill(&self, conn: &Connection) {
        conn.execute_batch(include_str!("schema11.sql")).unwrap();
        let columns = [&self.conf, &self.models, &self.decks, &self.dconf, &self.tags].map(text);
        conn.execute(
            "INSERT INTO col VALUES (1, 1500000000, 5, 6, 11, 0, ?1, 8, ?2, ?3, ?4, ?5, ?6)",
            (USN, &columns[0], &columns[1], &columns[2], &columns[3], &columns[4]),
        )
        .unwrap();
        conn.execute_batch(&format!(
            "INSERT INTO notes VALUES
                 (11, 'guid', {BASIC}, 100, 3, ' one ', 'front' || char(31) || 'back', 'front', 0, 0, '');
             INSERT INTO cards VALUES (12, 11, 1, 0, 100, 3, 2, 2, 9, 9, 2500, 1, 0, 0, 0, 0, 0, '');
             INSERT INTO revlog VALUES (13, 12, 3, 3, 9, 1, 2500, 1000, 1);
             {}",
            self.sql
        ))
        .unwrap();
    }

    /// The database in memory.
    pub(super) fn open(&self) -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        configure_plain(&conn).unwrap();
        self.fill(&conn);
        conn
    }

    /// The database in memory after the upgrade.
    #[track_caller]
    pub(super) fn upgraded(&self) -> Connection {
        let conn = self.open();
        upgrade(&conn, 11, NOW).unwrap();
        check_integrity(&conn);
        conn
    }

    /// Why it cannot be upgraded. It must then be unchanged.
    #[track_caller]
    pub(super) fn refused(&self) -> UpgradeError {
        let conn = self.open();
        let error = upgrade(&conn, 11, NOW).unwrap_err();
        assert_eq!(number(&conn, "SELECT ver FROM col"), 11);
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('tags', 'config')";
        assert_eq!(number(&conn, tables), 0);
        error
    }

    /// Gives it to the endpoint.
    pub(super) fn accepted(&self) -> Result<Accepted, UploadError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upload");
        let conn = Connection::open(&path).unwrap();
        self.fill(&conn);
        conn.close().unwrap();
        let summary = accept_uninterrupted(&path, NOW)?;
        Ok(Accepted { path, summary, _folder: folder })
    }
}

/// A file that the endpoint took.
pub(super) struct Accepted {
    pub(super) path: PathBuf,
    pub(super) summary: Summary,
    _folder: TempDir,
}

impl Accepted {
    pub(super) fn collection(&self) -> Collection {
        let collection = Collection::open(&self.path).unwrap();
        check_integrity(collection.conn());
        collection
    }
}

/// A string is used as it is, so that a column can hold anything.
fn text(column: &Value) -> String {
    column.as_str().map_or_else(|| column.to_string(), str::to_owned)
}

/// A notetype as 2.1.24 makes it: its id is a string, and there are keys nobody needs.
pub(super) fn notetype(id: i64, name: &str) -> Value {
    json!({"id": id.to_string(), "name": name, "type": 0, "mod": 1_500_000_000, "usn": 3,
        "sortf": 0, "did": 1, "tmpls": [template("Card 1", 0)],
        "flds": [field("Front", 0), field("Back", 1)], "css": ".card {}", "latexPre": "pre",
        "latexPost": "post", "tags": [], "vers": [], "req": [[0, "all", [0]]]})
}

pub(super) fn field(name: &str, ord: u16) -> Value {
    json!({"name": name, "ord": ord, "sticky": false, "rtl": false, "font": "Arial", "size": 20,
        "media": []})
}

pub(super) fn template(name: &str, ord: u16) -> Value {
    json!({"name": name, "ord": ord, "qfmt": "{{Front}}", "afmt": "{{Back}}", "did": null,
        "bqfmt": "", "bafmt": ""})
}

pub(super) fn deck(id: i64, name: &str) -> Value {
    json!({"id": id, "mod": 1_500_000_001, "name": name, "usn": 5, "lrnToday": [3, 1],
        "revToday": [3, 2], "newToday": [3, 4], "timeToday": [3, 5000], "collapsed": false,
        "desc": "", "dyn": 0, "conf": 1, "extendNew": 10, "extendRev": 50})
}

pub(super) fn filtered_deck(id: i64, name: &str) -> Value {
    json!({"id": id, "mod": 1_500_000_001, "name": name, "usn": 5, "lrnToday": [0, 0],
        "revToday": [0, 0], "newToday": [0, 0], "timeToday": [0, 0], "collapsed": false,
        "desc": "", "dyn": 1, "resched": true, "terms": [["is:due", 100, 6]], "separate": true,
        "delays": null, "previewDelay": 10, "return": true})
}

pub(super) fn preset(id: i64, name: &str) -> Value {
    preset_with_ease(id, name, 2500)
}

pub(super) fn preset_with_ease(id: i64, name: &str, ease: u16) -> Value {
    json!({"id": id, "mod": 50, "name": name, "usn": 0, "maxTaken": 60, "autoplay": true,
        "timer": 0, "replayq": true,
        "new": {"bury": true, "delays": [1, 10], "initialFactor": ease, "ints": [1, 4, 7],
            "order": 1, "perDay": 20, "separate": true},
        "rev": {"bury": true, "ease4": 1.3, "fuzz": 0.05, "ivlFct": 1, "maxIvl": 36500,
            "minSpace": 1, "perDay": 100},
        "lapse": {"delays": [10], "leechAction": 0, "leechFails": 8, "minInt": 1, "mult": 0}})
}

pub(super) fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

pub(super) fn numbers(conn: &Connection, sql: &str) -> Vec<i64> {
    let mut statement = conn.prepare(sql).unwrap();
    let numbers = statement.query_map([], |row| row.get(0)).unwrap();
    numbers.collect::<rusqlite::Result<_>>().unwrap()
}

pub(super) fn texts(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let texts = statement.query_map([], |row| row.get(0)).unwrap();
    texts.collect::<rusqlite::Result<_>>().unwrap()
}

/// The full check that clients make of a file they download.
#[track_caller]
pub(super) fn check_integrity(conn: &Connection) {
    assert_eq!(texts(conn, "PRAGMA integrity_check"), ["ok"]);
}

/// The bytes of a file that show its journal (`storage` 1).
pub(super) fn journal_bytes(path: &Path) -> [u8; 2] {
    let bytes = std::fs::read(path).unwrap();
    [bytes[18], bytes[19]]
}
