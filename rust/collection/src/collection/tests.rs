//! Opening, creating, closing and copying.

use rusqlite::Connection;
use std::io::ErrorKind;
use std::path::PathBuf;
use tempfile::TempDir;

use super::*;
use crate::collation;
use crate::summary::Summary;

const NOW: i64 = 1_795_180_000_123;

struct Folder {
    path: PathBuf,
    folder: TempDir,
}

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        Folder { path: folder.path().join("collection.anki2"), folder }
    }

    /// With a collection damaged by some SQL.
    fn with(sql: &str) -> Folder {
        let folder = Folder::new();
        let collection = Collection::create(&folder.path, NOW).unwrap();
        collection.conn().execute_batch(sql).unwrap();
        collection.close().unwrap();
        folder
    }

    fn open_error(&self) -> Error {
        Collection::open(&self.path).expect_err("the file should not open")
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// A connection as another program would have one.
fn stranger(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    collation::register(&conn).unwrap();
    conn
}

fn note(conn: &Connection, id: i64) {
    conn.execute(
        "INSERT INTO notes VALUES (?1, 'guid', 1, 0, 0, '', ?2, '', 0, 0, '')",
        (id, "x".repeat(100)),
    )
    .unwrap();
}

fn note_count(path: &Path) -> i64 {
    stranger(path).query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_new_collection_is_complete_and_untouched() {
    let folder = Folder::new();
    let collection = Collection::create(&folder.path, NOW).unwrap();
    assert_eq!(
        collection.state().unwrap(),
        CollectionState {
            creation_secs: 1_795_147_200,
            modified_ms: 0,
            schema_modified_ms: NOW,
            usn: 0,
            has_cards: false,
        }
    );
    assert_eq!(collection.summary().unwrap(), Summary::default());
    let conn = collection.conn();
    let text = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    assert_eq!(
        text("SELECT id || ver || dty || ls || conf || models || decks || dconf || tags FROM col"),
        "11800"
    );
    assert_eq!(text("SELECT CAST(val AS TEXT) FROM config WHERE KEY = 'creationOffset'"), "null");
    assert_eq!(
        text("SELECT CAST(val AS TEXT) FROM config WHERE KEY = 'curModel'"),
        NOW.to_string()
    );
}

#[test]
fn the_blobs_of_a_new_collection_are_those_of_clients() {
    let folder = Folder::with("");
    let conn = stranger(&folder.path);
    let hex = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(hex("SELECT hex(common) FROM decks"), "08011001");
    assert_eq!(hex("SELECT hex(kind) FROM decks"), "0A020801");
    assert_eq!(
        hex("SELECT hex(config) FROM deck_config"),
        "0A080000803F000020411204000020412 21C0000803F0000803F0000803F0000803F0000803F0000803F\
         0000803F481450C8015D00002040 65 6666A63F 6D 9A99993F 7D 0000803F 8001949D02 880101 900101\
         980104 A80101 B00108 C0013C AD026666663F C5026666663F E00201"
            .replace(' ', "")
    );
}

#[test]
fn stock_notetypes_have_ids_in_a_row_and_random_part_ids() {
    let folder = Folder::with("");
    let conn = stranger(&folder.path);
    let mut statement = conn.prepare("SELECT id, name FROM notetypes ORDER BY id").unwrap();
    let found: Vec<(i64, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let names = [
        "Basic",
        "Basic (and reversed card)",
        "Basic (optional reversed card)",
        "Basic (type in the answer)",
        "Cloze",
    ];
    let expected: Vec<_> = (NOW..).zip(names.map(str::to_owned)).collect();
    assert_eq!(found, expected);
    drop(statement);
    let mut ids = Vec::new();
    for (id, _) in found {
        let notetype = crate::objects::notetypes::get(&conn, id).unwrap().unwrap();
        ids.extend(notetype.fields.iter().map(|field| field.id.unwrap()));
        ids.extend(notetype.templates.iter().map(|template| template.id.unwrap()));
    }
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!((ids.len(), all), (18, 18));
    assert!(!ids.contains(&0));
}

#[test]
fn an_existing_file_is_never_created_over() {
    let folder = Folder::new();
    std::fs::write(&folder.path, b"").unwrap();
    let error = Collection::create(&folder.path, NOW).unwrap_err();
    assert!(matches!(error, Error::Io(error) if error.kind() == ErrorKind::AlreadyExists));
}

#[test]
fn an_interrupted_creation_does_not_stand_in_the_way() {
    let folder = Folder::new();
    std::fs::write(folder.beside("collection.anki2.new"), b"half").unwrap();
    Collection::open_or_create(&folder.path, NOW).unwrap().close().unwrap();
    Collection::open_or_create(&folder.path, NOW + 1).unwrap().close().unwrap();
    assert_eq!(folder.files(), ["collection.anki2"]);
}

#[test]
fn a_missing_file_is_told_apart() {
    let error = Folder::new().open_error();
    assert!(matches!(error, Error::Io(error) if error.kind() == ErrorKind::NotFound));
}

#[test]
fn a_file_that_is_not_a_collection_is_told_apart() {
    let folder = Folder::new();
    for bytes in [vec![b'x'; 5000], Vec::new()] {
        std::fs::write(&folder.path, &bytes).unwrap();
        assert!(matches!(folder.open_error(), Error::NotACollection));
        assert_eq!(std::fs::read(&folder.path).unwrap(), bytes);
    }
    std::fs::remove_file(&folder.path).unwrap();
    stranger(&folder.path).execute_batch("CREATE TABLE other (id)").unwrap();
    assert!(matches!(folder.open_error(), Error::NotACollection));
}

#[test]
fn a_damaged_file_is_told_apart() {
    let folder = Folder::with("");
    let mut bytes = std::fs::read(&folder.path).unwrap();
    // The root of the schema table.
    bytes[100..4096].fill(0xee);
    std::fs::write(&folder.path, bytes).unwrap();
    assert!(matches!(folder.open_error(), Error::Damaged(_)));
    let folder = Folder::with("DELETE FROM col");
    assert!(matches!(folder.open_error(), Error::Damaged(_)));
    let folder = Folder::with("UPDATE col SET ver = 'new'");
    assert!(matches!(folder.open_error(), Error::Damaged(_)));
}

#[test]
fn other_formats_are_told_apart_and_left_alone() {
    let open = |version: i64| {
        let folder = Folder::with(&format!("UPDATE col SET ver = {version}"));
        let before = std::fs::read(&folder.path).unwrap();
        let error = folder.open_error();
        assert_eq!(std::fs::read(&folder.path).unwrap(), before);
        error
    };
    for version in [12, 13, 19] {
        assert!(matches!(open(version), Error::TooNew(found) if found == version));
    }
    for version in [11, 14, 15, 16, 17] {
        assert!(matches!(open(version), Error::NeedsUpgrade(found) if found == version));
    }
    assert!(matches!(open(10), Error::TooOld(10)));
}

#[test]
fn a_collection_that_another_program_holds_is_told_apart() {
    let folder = Folder::with("");
    let other = stranger(&folder.path);
    // As clients and the reference server do it.
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; UPDATE col SET mod = 1").unwrap();
    assert!(matches!(folder.open_error(), Error::Locked));
}

#[test]
fn a_full_disk_is_told_apart() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    let pages: i64 =
        collection.conn().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    // SQLite says the same when it may not have another page as when the disk has none.
    collection
        .conn()
        .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        .unwrap();
    let error = collection
        .conn()
        .execute("INSERT INTO tags VALUES (hex(zeroblob(9000)), 0, 1, NULL)", [])
        .unwrap_err();
    assert!(matches!(Error::from(error), Error::NoSpace));
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_told_apart() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with("");
    std::fs::set_permissions(&folder.path, std::fs::Permissions::from_mode(0o444)).unwrap();
    if std::fs::OpenOptions::new().write(true).open(&folder.path).is_ok() {
        return; // The superuser may write everything.
    }
    assert!(matches!(folder.open_error(), Error::ReadOnly));
}

#[test]
fn after_closing_the_main_file_is_complete_by_itself() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    note(collection.conn(), 1);
    assert!(folder.files().contains(&"collection.anki2-wal".to_owned()));
    collection.close().unwrap();
    assert_eq!(folder.files(), ["collection.anki2"]);
    assert_eq!(note_count(&folder.path), 1);
}

#[test]
fn a_checkpoint_empties_the_journal() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    note(collection.conn(), 1);
    collection.checkpoint().unwrap();
    assert_eq!(folder.beside("collection.anki2-wal").metadata().unwrap().len(), 0);
}

#[test]
fn a_checkpoint_during_another_programs_reading_says_so() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    note(collection.conn(), 1);
    let reader = stranger(&folder.path);
    reader.execute_batch("BEGIN; SELECT count(*) FROM notes").unwrap();
    note(collection.conn(), 2);
    assert!(matches!(collection.checkpoint(), Err(Error::Locked)));
}

#[test]
fn the_journal_does_not_stay_large() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    let conn = collection.conn();
    let transaction = conn.unchecked_transaction().unwrap();
    for id in 0..100_000 {
        note(conn, id);
    }
    transaction.commit().unwrap();
    // The first write after a checkpoint starts the journal afresh.
    note(conn, 200_000);
    let size = folder.beside("collection.anki2-wal").metadata().unwrap().len();
    assert!(size <= 5_000_000, "{size}");
}

#[test]
fn a_collection_in_use_by_a_crashed_endpoint_is_taken_over() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    note(collection.conn(), 1);
    // What is on disk when the power fails: the change is in the journal only.
    let copy = folder.beside("copy.anki2");
    for suffix in ["", "-wal"] {
        let name = format!("collection.anki2{suffix}");
        deckport_ground::files::copy_file(
            &folder.beside(&name),
            &folder.beside(&format!("copy.anki2{suffix}")),
        )
        .unwrap();
    }
    let reopened = Collection::open(&copy).unwrap();
    assert_eq!(reopened.summary().unwrap().notes, 1);
}

#[test]
fn a_snapshot_has_what_is_committed_and_changes_nothing() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    note(collection.conn(), 1);
    let before = dump(collection.conn());
    let to = folder.beside("snapshot");
    let size = collection.snapshot(&to).unwrap();
    assert_eq!(size, to.metadata().unwrap().len());
    assert_eq!(dump(&stranger(&to)), before);
    assert_eq!(dump(collection.conn()), before);
    let bytes = std::fs::read(&to).unwrap();
    assert_eq!(bytes[18..20], [2, 2], "clients expect the WAL flags");
}

#[test]
fn a_snapshot_leaves_out_an_open_transaction() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    note(collection.conn(), 1);
    let transaction = collection.conn().unchecked_transaction().unwrap();
    note(collection.conn(), 2);
    let to = folder.beside("snapshot");
    collection.snapshot(&to).unwrap();
    assert_eq!(note_count(&to), 1);
    transaction.commit().unwrap();
    assert_eq!(note_count(&folder.path), 2);
}

#[test]
fn a_snapshot_is_possible_while_another_program_writes() {
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    note(collection.conn(), 1);
    let other = stranger(&folder.path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    note(&other, 2);
    let to = folder.beside("snapshot");
    std::fs::write(&to, b"something old").unwrap();
    collection.snapshot(&to).unwrap();
    assert_eq!(note_count(&to), 1);
}

/// Without the lock another program would think it is the only one and remove the journal.
#[cfg(target_os = "linux")]
#[test]
fn a_snapshot_keeps_the_collections_lock() {
    use std::os::unix::fs::MetadataExt;
    let folder = Folder::with("");
    let collection = Collection::open(&folder.path).unwrap();
    let inode = format!(":{} ", folder.path.metadata().unwrap().ino());
    let locked = || {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|line| line.contains("POSIX") && line.contains(&inode))
    };
    assert!(locked());
    collection.snapshot(&folder.beside("snapshot")).unwrap();
    assert!(locked());
    collection.close().unwrap();
    assert!(!locked());
}

/// All rows of all tables as text.
fn dump(conn: &Connection) -> Vec<String> {
    let mut rows = Vec::new();
    for table in [
        "col",
        "notes",
        "cards",
        "revlog",
        "graves",
        "deck_config",
        "config",
        "tags",
        "notetypes",
        "fields",
        "templates",
        "decks",
    ] {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|column| row.get_ref(column).unwrap()).collect();
            rows.push(format!("{table} {values:?}"));
        }
    }
    rows
}
