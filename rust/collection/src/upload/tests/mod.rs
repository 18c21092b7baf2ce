//! Every reason to refuse a file, every repair, and files that are noise.

mod contents;
mod noise;
mod structure;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::path::PathBuf;
use std::sync::OnceLock;
use tempfile::TempDir;

use super::*;
use crate::{Collection, collation};

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

    /// The valid collection, damaged by some SQL.
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
        accept_uninterrupted(&self.path, NOW)
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
    assert_eq!(summary, Summary { notes: 1, cards: 1, reviews: 1, last_review_ms: Some(13) });
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
fn what_is_not_a_database_is_refused() {
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
    for version in [0, 10] {
        let error = refusal(&format!("UPDATE col SET ver = {version}"));
        assert!(matches!(error, UploadError::TooOld(found) if found == version), "{error:?}");
    }
    // These can be upgraded, but not if their tables are those of schema 18 already.
    for version in [11, 14, 15, 16, 17] {
        let error = refusal(&format!("UPDATE col SET ver = {version}"));
        assert!(!matches!(error, UploadError::Endpoint(_)), "{error:?}");
    }
}

#[test]
fn a_full_disk_is_not_the_files_fault() {
    let full =
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None);
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
