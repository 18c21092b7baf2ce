//! Tables, indexes and what else is in a schema.

use super::*;

#[test]
fn triggers_views_and_virtual_tables_are_refused() {
    refused_for_structure(
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes; END",
        "trigger",
    );
    refused_for_structure("CREATE VIEW v AS SELECT 1", "view");
    // Made elsewhere: our SQLite has no modules for such tables.
    refused_for_structure(
        "PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema
            VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING fts5(x)');",
        " table",
    );
}

#[test]
fn a_view_in_place_of_a_table_is_refused() {
    refused_for_structure(
        "ALTER TABLE col RENAME TO c; CREATE VIEW col AS SELECT * FROM c",
        "view",
    );
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
    let mut statement = conn
        .prepare("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        .unwrap();
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
