//! Every reason to refuse a file, every repair, and files that are noise.

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::path::PathBuf;
use std::sync::OnceLock;
use tempfile::TempDir;

use super::*;
use crate::{Collection, Error, collation};

const NOW: i64 = 1_795_180_000_123;

/// A valid collection in one file, with a note, a card, a review, a tag and two decks.
fn valid_bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("valid.anki2");
        let collection = Collection::create(&path, NOW).unwrap();
        let sql = format!(
            "UPDATE col SET mod = 5, scm = 6, usn = 7, ls = 8;
             INSERT INTO notes VALUES
                 (11, 'guid', {NOW}, 100, 3, ' one ', 'front' || char(31) || 'back', 'front',
                  0, 0, '');
             INSERT INTO cards VALUES (12, 11, 1, 0, 100, 3, 2, 2, 9, 9, 2500, 1, 0, 0, 0, 0, 0, '');
             INSERT INTO revlog VALUES (13, 12, 3, 3, 9, 1, 2500, 1000, 1);
             INSERT INTO tags VALUES ('one', 3, 1, NULL);
             INSERT INTO graves VALUES (14, 0, 3);
             INSERT INTO decks SELECT 2, 'Other', 0, 3, common, kind FROM decks WHERE id = 1;"
        );
        collection.conn().execute_batch(&sql).unwrap();
        collection.close().unwrap();
        std::fs::read(path).unwrap()
    })
}

/// An uploaded file in a folder of its own.
struct Upload {
    path: PathBuf,
    _folder: TempDir,
}

impl Upload {
    fn of(bytes: &[u8]) -> Upload {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upload");
        std::fs::write(&path, bytes).unwrap();
        Upload { path, _folder: folder }
    }

    /// The valid collection, spoilt by some SQL.
    fn with(sql: &str) -> Upload {
        let upload = Upload::of(valid_bytes());
        let conn = upload.open();
        conn.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
        conn.execute_batch(sql).unwrap();
        conn.close().unwrap();
        upload
    }

    fn open(&self) -> Connection {
        let conn = Connection::open(&self.path).unwrap();
        collation::register(&conn).unwrap();
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false).unwrap();
        conn
    }

    fn accept(&self) -> Result<Summary, UploadError> {
        accept_upload(&self.path, NOW)
    }

    fn number(&self, sql: &str) -> i64 {
        self.open().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

fn refusal(sql: &str) -> UploadError {
    let upload = Upload::with(sql);
    upload.accept().expect_err("the file should be refused")
}

fn accepted(sql: &str) -> Upload {
    let upload = Upload::with(sql);
    upload.accept().unwrap();
    upload
}

#[track_caller]
fn refused_for_structure(sql: &str, reason: &str) {
    let error = refusal(sql);
    assert!(matches!(&error, UploadError::Structure(what) if what.contains(reason)), "{error:?}");
}

#[track_caller]
fn refused_for_content(sql: &str, reason: &str) {
    let error = refusal(sql);
    assert!(matches!(&error, UploadError::Content(what) if what.contains(reason)), "{error:?}");
}

#[test]
fn a_valid_file_is_taken_as_it_is() {
    let upload = Upload::of(valid_bytes());
    let summary = upload.accept().unwrap();
    assert_eq!(
        summary,
        Summary { notes: 1, cards: 1, reviews: 1, last_review_ms: Some(13) }
    );
    let conn = upload.open();
    let row: (i64, i64, i64, i64) = conn
        .query_row("SELECT mod, scm, usn, ls FROM col", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(row, (5, 6, 7, 8));
    for table in ["notes", "cards", "revlog", "graves", "tags"] {
        let usn: i64 =
            conn.query_row(&format!("SELECT usn FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(usn, 3, "{table}");
    }
    assert_eq!(std::fs::read_dir(upload.path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn an_accepted_file_opens_as_a_collection() {
    let upload = Upload::of(valid_bytes());
    upload.accept().unwrap();
    let collection = Collection::open(&upload.path).unwrap();
    assert!(collection.state().unwrap().has_cards);
}

#[test]
fn an_empty_file_is_refused() {
    let error = Upload::of(b"").accept().unwrap_err();
    assert!(matches!(error, UploadError::Empty), "{error:?}");
}

#[test]
fn what_is_no_database_is_refused() {
    for bytes in [&b"SQLite"[..], b"SQLite format 3\0", &[b'x'; 5000]] {
        let error = Upload::of(bytes).accept().unwrap_err();
        assert!(matches!(error, UploadError::NotACollection), "{error:?}");
    }
}

#[test]
fn another_database_is_refused() {
    let upload = Upload::of(b"");
    std::fs::remove_file(&upload.path).unwrap();
    upload.open().execute_batch("CREATE TABLE other (id integer primary key)").unwrap();
    let error = upload.accept().unwrap_err();
    assert!(matches!(error, UploadError::NotACollection), "{error:?}");
}

#[test]
fn a_cut_off_file_is_refused() {
    let bytes = valid_bytes();
    for length in [512, 4096, bytes.len() / 2, bytes.len() - 1] {
        let error = Upload::of(&bytes[..length]).accept().unwrap_err();
        assert!(
            matches!(error, UploadError::Damaged(_) | UploadError::NotACollection),
            "{length}: {error:?}"
        );
    }
}

#[test]
fn a_file_that_claims_to_be_huge_is_refused() {
    let mut bytes = valid_bytes().to_vec();
    bytes[28..32].copy_from_slice(&[0xff, 0xff, 0xff, 0xfe]);
    let error = Upload::of(&bytes).accept().unwrap_err();
    assert!(matches!(error, UploadError::Damaged(_)), "{error:?}");
}

#[test]
fn an_old_journal_beside_the_file_is_not_replayed() {
    let upload = Upload::of(valid_bytes());
    for suffix in ["-wal", "-shm", "-journal"] {
        let beside = upload.path.with_file_name(format!("upload{suffix}"));
        std::fs::write(beside, b"left over").unwrap();
    }
    upload.accept().unwrap();
    assert_eq!(std::fs::read_dir(upload.path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn other_versions_are_refused() {
    for version in [12, 13, 19, 100] {
        let error = refusal(&format!("UPDATE col SET ver = {version}"));
        assert!(matches!(error, UploadError::TooNew(found) if found == version), "{error:?}");
    }
    for version in [0, 10, 11, 14, 15, 16, 17] {
        let error = refusal(&format!("UPDATE col SET ver = {version}"));
        assert!(matches!(error, UploadError::TooOld(found) if found == version), "{error:?}");
    }
}

#[test]
fn triggers_views_and_virtual_tables_are_refused() {
    refused_for_structure(
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes; END",
        "trigger",
    );
    refused_for_structure("CREATE VIEW v AS SELECT 1", "view");
    // Its tables of its own are found as well, in whatever order.
    refused_for_structure("CREATE VIRTUAL TABLE v USING fts5(x)", " table");
}

#[test]
fn a_view_in_place_of_a_table_is_refused() {
    refused_for_structure("ALTER TABLE col RENAME TO c; CREATE VIEW col AS SELECT * FROM c", "view");
}

#[test]
fn texts_in_another_encoding_are_refused() {
    let upload = Upload::of(b"");
    std::fs::remove_file(&upload.path).unwrap();
    upload.open().execute_batch("PRAGMA encoding = 'UTF-16le'; CREATE TABLE col (ver)").unwrap();
    let error = upload.accept().unwrap_err();
    assert!(matches!(error, UploadError::Structure(_)), "{error:?}");
}

#[test]
fn a_missing_table_is_refused() {
    for table in ["notes", "cards", "revlog", "graves", "config", "decks", "deck_config"] {
        refused_for_structure(&format!("DROP TABLE {table}"), "missing");
    }
}

#[test]
fn a_table_that_differs_is_refused() {
    for sql in [
        "ALTER TABLE cards ADD COLUMN extra text",
        "ALTER TABLE notes RENAME COLUMN guid TO uuid",
        "DROP TABLE graves; CREATE TABLE graves (usn integer not null, oid integer not null,
             type integer not null)",
        "DROP TABLE tags; CREATE TABLE tags (tag text NOT NULL PRIMARY KEY, usn integer NOT NULL,
             collapsed boolean NOT NULL, config blob NULL) WITHOUT ROWID",
        "DROP TABLE revlog; CREATE TABLE revlog (id integer PRIMARY KEY, cid integer, usn integer,
             ease integer, ivl integer, lastIvl integer, factor integer, time integer,
             type integer CHECK (type < 4))",
        "DROP TABLE revlog; CREATE TABLE revlog (id integer PRIMARY KEY, cid integer UNIQUE,
             usn integer, ease integer, ivl integer, lastIvl integer, factor integer,
             time integer, type integer)",
        "DROP TABLE revlog; CREATE TABLE revlog (id integer PRIMARY KEY ON CONFLICT IGNORE,
             cid integer, usn integer, ease integer, ivl integer, lastIvl integer,
             factor integer, time integer, type integer)",
        "DROP TABLE revlog; CREATE TABLE revlog (id integer PRIMARY KEY, cid integer, usn integer,
             ease integer, ivl integer, lastIvl integer, factor integer, time integer,
             type integer AS (1))",
        "DROP TABLE revlog; CREATE TABLE revlog (id int PRIMARY KEY, cid integer, usn integer,
             ease integer, ivl integer, lastIvl integer, factor integer, time integer,
             type integer)",
        "DROP TABLE revlog; CREATE TABLE revlog (id integer PRIMARY KEY, cid integer, usn integer,
             ease integer, ivl integer, lastIvl integer, factor integer, time integer,
             type integer) STRICT",
    ] {
        refused_for_structure(sql, "differs");
    }
}

#[test]
fn tables_made_by_other_texts_are_taken() {
    accepted(
        "DROP TABLE revlog; CREATE TABLE \"REVLOG\" ( /* 0 check */ ID Integer Primary Key,
             CID integer not null, -- conflict
             usn integer not null, ease integer not null, ivl integer not null,
             lastivl integer not null, factor integer not null, time integer not null,
             type integer not null);
         CREATE INDEX ix_revlog_usn on revlog ( usn );",
    );
}

#[test]
fn tables_of_others_stay() {
    let upload = accepted("CREATE TABLE addon (a, b); INSERT INTO addon VALUES (1, 2)");
    assert_eq!(upload.number("SELECT count(*) FROM addon"), 1);
}

#[test]
fn missing_and_foreign_indexes_are_put_right() {
    let upload = accepted(
        "DROP INDEX ix_cards_nid; DROP INDEX idx_decks_name; DROP INDEX idx_cards_odid;
         CREATE INDEX idx_cards_odid ON cards (odid) WHERE odid > 5;
         CREATE UNIQUE INDEX mine ON notes (guid);
         CREATE INDEX computed ON notes (length(flds));",
    );
    let mut made = indexes_of(&upload.open());
    let model = Connection::open_in_memory().unwrap();
    collation::register(&model).unwrap();
    crate::schema::create(&model).unwrap();
    made.sort();
    let mut expected = indexes_of(&model);
    expected.sort();
    assert_eq!(made, expected);
}

fn indexes_of(conn: &Connection) -> Vec<String> {
    let mut statement =
        conn.prepare("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").unwrap();
    let found = statement.query_map([], |row| row.get(0)).unwrap();
    found.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn equal_names_are_refused() {
    refused_for_content(
        "DROP INDEX idx_decks_name;
         INSERT INTO decks SELECT 3, 'OTHER', 0, 0, common, kind FROM decks WHERE id = 1",
        "equal names",
    );
}

#[test]
fn an_index_that_does_not_agree_with_its_table_is_refused() {
    // Made with another order of names; a quick check does not see it.
    let upload = Upload::of(valid_bytes());
    let conn = Connection::open(&upload.path).unwrap();
    conn.create_collation("unicase", |a, b| b.cmp(a)).unwrap();
    conn.execute_batch("PRAGMA journal_mode = DELETE; REINDEX").unwrap();
    conn.close().unwrap();
    let error = upload.accept().unwrap_err();
    assert!(matches!(error, UploadError::Damaged(_)), "{error:?}");
}

#[test]
fn the_collection_row_must_be_there_once_with_numbers() {
    assert!(matches!(refusal("DELETE FROM col"), UploadError::Damaged(_)));
    refused_for_structure(
        "INSERT INTO col SELECT 2, crt, mod, scm, ver, dty, usn, ls, conf, models, decks, dconf, tags
         FROM col",
        "2 rows",
    );
    refused_for_content("UPDATE col SET crt = 'early'", "col");
    refused_for_content("UPDATE col SET usn = -1", "col");
}

#[test]
fn rows_that_clients_cannot_load_are_refused() {
    for (sql, reason) in [
        ("UPDATE cards SET nid = 'x'", "cards.nid"),
        ("UPDATE cards SET did = 1.5", "cards.did"),
        ("UPDATE cards SET ord = 65536", "cards.ord"),
        ("UPDATE cards SET ord = -1", "cards.ord"),
        ("UPDATE cards SET type = 4", "cards.type"),
        ("UPDATE cards SET queue = -4", "cards.queue"),
        ("UPDATE cards SET queue = 5", "cards.queue"),
        ("UPDATE cards SET ivl = -1", "ivl"),
        ("UPDATE cards SET factor = 70000", "cards.factor"),
        ("UPDATE cards SET reps = -1", "cards.reps"),
        ("UPDATE cards SET lapses = x'00'", "cards.lapses"),
        ("UPDATE cards SET left = 4294967296", "cards.left"),
        ("UPDATE cards SET flags = 256", "cards.flags"),
        ("UPDATE revlog SET cid = 'x'", "revlog.cid"),
        ("UPDATE revlog SET ease = 256", "revlog.ease"),
        ("UPDATE revlog SET ivl = 2147483648", "ivl"),
        ("UPDATE revlog SET lastIvl = -2147483649", "lastIvl"),
        ("UPDATE revlog SET factor = -1", "revlog.factor"),
        ("UPDATE notes SET mod = 'x'", "note 11"),
        ("UPDATE notes SET usn = 2147483648", "note 11"),
        ("UPDATE notes SET guid = x'00'", "note 11"),
        ("UPDATE notes SET tags = x'00'", "note 11"),
        ("UPDATE notes SET flds = CAST(x'ff1f' AS TEXT)", "not valid Unicode"),
        ("UPDATE notes SET mid = 99", "notetype is missing"),
        ("UPDATE notes SET flds = 'one'", "number of fields"),
        ("UPDATE notes SET flds = flds || char(31)", "number of fields"),
        ("UPDATE tags SET tag = CAST(x'ff' AS TEXT)", "a tag"),
        ("UPDATE tags SET usn = 'x'", "a tag"),
        ("UPDATE config SET usn = 'x'", "the config"),
    ] {
        refused_for_content(sql, reason);
    }
}

#[test]
fn rows_that_clients_read_leniently_are_taken() {
    accepted(
        "UPDATE cards SET mod = 1.5, due = 2.5, odue = 'x', ivl = 3.7, data = x'00';
         UPDATE revlog SET ivl = 1.5, lastIvl = -2.5, time = 'x', type = -1;
         UPDATE notes SET sfld = x'01', csum = 'x', flags = 'x', data = 5",
    );
}

#[test]
fn a_missing_value_is_refused() {
    // Only a schema without NOT NULL lets a NULL in.
    let sql = "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'did    integer NOT NULL', 'did    integer')
         WHERE name = 'cards';";
    let upload = Upload::with(sql);
    upload.open().execute_batch("UPDATE cards SET did = NULL").unwrap();
    let error = upload.accept().unwrap_err();
    assert!(matches!(&error, UploadError::Content(what) if what == "cards.did of a row"), "{error:?}");
}

#[test]
fn objects_that_cannot_be_decoded_are_refused() {
    for (sql, reason) in [
        ("UPDATE decks SET kind = x'' WHERE id = 2", "deck 2"),
        ("UPDATE decks SET kind = x'ff' WHERE id = 2", "deck 2"),
        ("UPDATE decks SET common = x'0a' WHERE id = 2", "deck 2"),
        ("UPDATE decks SET common = 'text' WHERE id = 2", "deck 2"),
        ("UPDATE decks SET mtime_secs = 'x' WHERE id = 2", "deck 2"),
        ("UPDATE deck_config SET config = x'ff'", "preset 1"),
        ("UPDATE notetypes SET config = x'ff'", "notetype 1795180000123"),
        ("UPDATE fields SET config = x'ff'", "notetype 1795180000123"),
        ("UPDATE templates SET config = x'ff'", "notetype 1795180000123"),
        ("DELETE FROM notetypes; DELETE FROM notes", "no notetype"),
        ("UPDATE fields SET ord = 9 WHERE ord = 1", "fields of notetype"),
        ("DELETE FROM templates", "templates of notetype"),
        ("DELETE FROM fields", "fields of notetype"),
    ] {
        refused_for_content(sql, reason);
    }
}

#[test]
fn missing_defaults_are_made_and_reach_the_uploader() {
    let upload = accepted("DELETE FROM decks WHERE id = 1; DELETE FROM deck_config");
    // The uploader asks for everything from `col.usn` on.
    assert_eq!(upload.number("SELECT usn FROM decks WHERE id = 1"), 7);
    assert_eq!(upload.number("SELECT usn FROM deck_config WHERE id = 1"), 7);
    assert_eq!(upload.number("SELECT mod FROM col"), 5);
}

#[test]
fn a_default_deck_gets_a_name_of_its_own() {
    let upload = accepted("UPDATE decks SET id = 3 WHERE id = 1");
    assert_eq!(upload.number("SELECT name = 'Default+' FROM decks WHERE id = 1"), 1);
}

#[test]
fn deletions_of_unknown_kind_are_dropped() {
    let upload = accepted("INSERT INTO graves VALUES (1, 3, 0), (2, -1, 0), (3, 2, 0), (4, 'x', 0)");
    assert_eq!(upload.number("SELECT count(*) FROM graves"), 2);
}

#[test]
fn config_that_is_not_json_is_dropped() {
    let upload = accepted(
        "UPDATE config SET val = 'nonsense' WHERE KEY = 'nextPos';
         INSERT INTO config VALUES ('empty', 0, 0, x''), ('bytes', 0, 0, x'ff'),
             ('fine', 0, 0, CAST('{\"a\":[1.5]}' AS BLOB))",
    );
    let count = "SELECT count(*) FROM config WHERE KEY IN ('nextPos', 'empty', 'bytes', 'fine')";
    assert_eq!(upload.number(count), 1);
}

#[test]
fn nothing_stays_marked_as_changed_on_a_client() {
    let tables =
        ["notes", "cards", "revlog", "graves", "notetypes", "decks", "deck_config", "tags", "config"];
    let spoil: String =
        tables.iter().map(|table| format!("UPDATE {table} SET usn = -1;")).collect();
    let upload = accepted(&spoil);
    for table in tables {
        let (lowest, highest) =
            (format!("SELECT min(usn) FROM {table}"), format!("SELECT max(usn) FROM {table}"));
        assert_eq!((upload.number(&lowest), upload.number(&highest)), (0, 0), "{table}");
    }
    assert_eq!(upload.number("SELECT mod FROM notes"), 100);
    assert_eq!(upload.number("SELECT mod FROM col"), 5);
}

#[test]
fn more_marked_rows_than_one_batch_are_all_put_right() {
    let upload = accepted(
        "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 25099)
         INSERT INTO revlog SELECT i, 12, -1, 3, 9, 1, 2500, 1000, 1 FROM n",
    );
    assert_eq!(upload.number("SELECT count(*) FROM revlog WHERE usn = 0"), 25_000);
}

#[test]
fn a_full_disk_is_not_the_files_fault() {
    let full = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None);
    assert!(matches!(UploadError::from(full), UploadError::Endpoint(Error::NoSpace)));
}

#[test]
fn refusals_are_whole_sentences() {
    let text = Upload::of(b"junk").accept().unwrap_err().to_string();
    assert_eq!(
        text,
        "The uploaded file is not an Anki collection. Nothing was changed on the endpoint."
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is accepted must be a collection; nothing may panic.
    #[test]
    fn random_damage_never_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)
    ) {
        let mut bytes = valid_bytes().to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let upload = Upload::of(&bytes);
        if upload.accept().is_ok() {
            prop_assert!(Collection::open(&upload.path).is_ok());
        }
    }

    /// The first pages hold the header and the schema, where damage does most.
    #[test]
    fn a_damaged_schema_never_panics(
        damage in prop::collection::vec((0usize..8192, any::<u8>()), 1..8)
    ) {
        let mut bytes = valid_bytes().to_vec();
        for (place, byte) in damage {
            bytes[place] = byte;
        }
        let upload = Upload::of(&bytes);
        if upload.accept().is_ok() {
            prop_assert!(Collection::open(&upload.path).is_ok());
        }
    }
}
