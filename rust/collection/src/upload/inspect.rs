//! Looking at every row and page of an uploaded file that nobody changes any more.
//!
//! Clients check a download as thoroughly as SQLite can (`integrity_check`), so an upload must pass
//! the same. That compares each row with each index, at random places of the file, and is most of the
//! work. With several processors it is done table by table, on a connection for each processor; and
//! because a table by itself may be right while two of them share a page, the structure of the whole
//! file is checked as well (`quick_check`), which is quick.

use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use deckport_ground::durable::sync_file_at;
use deckport_ground::interrupt::Interrupt;

use super::error::{Checked, UploadError};
use super::rows;
use crate::connection::open_inspecting;
use crate::interrupt::watch;
use crate::schema;
use crate::summary::Summary;

/// More connections gain little, and each has a cache of its own.
const MOST_CONNECTIONS: usize = 4;

/// One piece of work. They begin in the order of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Task {
    /// The full check of the whole file.
    Integrity,
    /// The structure of the whole file, without comparing indexes with their tables.
    Structure,
    /// The full check of one table and its indexes.
    Table(String),
    /// Whether all rows of a large table can be loaded.
    Notes,
    Cards,
    Reviews,
    Graves,
}

/// Checks the file at `path`, using that many processors, and makes sure that it is on the disk.
pub(super) fn inspect(path: &Path, processors: usize, interrupt: &Interrupt) -> Checked<Summary> {
    let connections = processors.clamp(1, MOST_CONNECTIONS);
    let open = || {
        let mut conn = open_inspecting(path, connections)?;
        watch(&mut conn, interrupt)?;
        Ok::<_, UploadError>(conn)
    };
    let first = open()?;
    let inspection = Inspection::of(tasks(&first, connections)?);
    let synced = thread::scope(|scope| {
        let named = || thread::Builder::new().name("check".to_owned());
        // The file was written without syncing. Nobody needs the locks that this releases.
        let syncing = named().spawn_scoped(scope, || sync_file_at(path));
        for _ in 1..connections {
            // A connection that cannot be opened leaves its work to the others.
            let _ = named().spawn_scoped(scope, || open().map(|conn| inspection.work(&conn)));
        }
        inspection.work(&first);
        let syncing = syncing.map(thread::ScopedJoinHandle::join);
        syncing.ok().and_then(Result::ok).unwrap_or_else(|| sync_file_at(path))
    });
    let summary = inspection.result()?;
    synced?;
    Ok(summary)
}

/// What there is to do, the longest first.
fn tasks(conn: &Connection, connections: usize) -> Checked<Vec<Task>> {
    let mut tasks = Vec::new();
    if connections == 1 {
        tasks.push(Task::Integrity);
    } else {
        let large = ["revlog", "cards", "notes"];
        let mut tables: Vec<String> =
            schema::tables(conn)?.into_iter().map(|table| table.name).collect();
        tables.sort_by_key(|table| {
            large.iter().position(|name| table.eq_ignore_ascii_case(name)).unwrap_or(large.len())
        });
        tasks.push(Task::Structure);
        tasks.extend(tables.into_iter().map(Task::Table));
    }
    tasks.extend([Task::Notes, Task::Cards, Task::Reviews, Task::Graves]);
    Ok(tasks)
}

/// What is done by several connections at once.
struct Inspection {
    tasks: Vec<Task>,
    next: AtomicUsize,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    summary: Summary,
    /// Of the first task in the list that failed. All before it are completed, so it is always the
    /// same one.
    failure: Option<(usize, UploadError)>,
}

impl Inspection {
    fn of(tasks: Vec<Task>) -> Inspection {
        Inspection { tasks, next: AtomicUsize::new(0), found: Mutex::default() }
    }

    /// Does what nobody has begun yet, until all is done or something fails.
    fn work(&self, conn: &Connection) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = self.tasks.get(number) else { return };
            // A failure of a later one ends nothing: this one was begun before it.
            let failed = |found: &mut Found| found.failure.as_ref().map(|(first, _)| *first);
            if self.with_found(failed).is_some_and(|first| first < number) {
                return;
            }
            if let Err(error) = self.look(conn, task) {
                self.with_found(|found| match &found.failure {
                    Some((first, _)) if *first < number => {}
                    _ => found.failure = Some((number, error)),
                });
            }
        }
    }

    fn look(&self, conn: &Connection, task: &Task) -> Checked<()> {
        match task {
            Task::Integrity => nothing_wrong(conn, "PRAGMA integrity_check(1)"),
            Task::Structure => nothing_wrong(conn, "PRAGMA quick_check(1)"),
            Task::Table(name) => {
                nothing_wrong(conn, &format!("PRAGMA integrity_check({})", schema::quoted(name)))
            }
            Task::Notes => {
                let notes = rows::check_notes(conn)?;
                self.with_found(|found| found.summary.notes = notes);
                Ok(())
            }
            Task::Cards => {
                let cards = rows::check_cards(conn)?;
                self.with_found(|found| found.summary.cards = cards);
                Ok(())
            }
            Task::Reviews => {
                let reviews = rows::check_reviews(conn)?;
                let sql = "SELECT max(id) FROM revlog";
                let last: Option<i64> = conn.query_row(sql, [], |row| row.get(0))?;
                self.with_found(|found| {
                    (found.summary.reviews, found.summary.last_review_ms) = (reviews, last);
                });
                Ok(())
            }
            Task::Graves => rows::check_graves(conn).map(drop),
        }
    }

    fn result(self) -> Checked<Summary> {
        let found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.failure.map_or(Ok(found.summary), |(_, error)| Err(error))
    }

    fn with_found<T>(&self, work: impl FnOnce(&mut Found) -> T) -> T {
        work(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs one of SQLite's checks. Only the full one compares indexes with their
/// tables, as clients do.
fn nothing_wrong(conn: &Connection, check: &str) -> Checked<()> {
    let finding: String = conn.query_row(check, [], |row| row.get(0))?;
    if finding == "ok" { Ok(()) } else { Err(UploadError::Damaged(finding)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Collection;

    const NOW: i64 = 1_795_180_000_123;

    /// A closed collection with some hundred reviews, changed by some SQL.
    fn file(sql: &str) -> tempfile::NamedTempFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.anki2");
        let collection = Collection::create(&path, NOW).unwrap();
        let rows = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 700)
             INSERT INTO revlog SELECT x, x, 0, 3, 1, 1, 2500, 1000, 0 FROM n";
        collection.conn().execute_batch(rows).unwrap();
        collection.close().unwrap();
        let conn = Connection::open(&path).unwrap();
        crate::collation::register(&conn).unwrap();
        conn.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA writable_schema = ON").unwrap();
        conn.execute_batch(sql).unwrap();
        conn.close().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        deckport_ground::files::copy_file(&path, file.path()).unwrap();
        file
    }

    fn inspected(file: &tempfile::NamedTempFile, processors: usize) -> Checked<Summary> {
        inspect(file.path(), processors, &Interrupt::default())
    }

    #[test]
    fn one_processor_and_several_find_the_same() {
        let good = file("");
        let summary = inspected(&good, 1).unwrap();
        assert_eq!((summary.reviews, summary.last_review_ms), (700, Some(700)));
        for processors in [2, 3, 64] {
            assert_eq!(inspected(&good, processors).unwrap(), summary);
        }
    }

    #[test]
    fn an_index_that_lacks_rows_is_found_on_any_number_of_processors() {
        // The index becomes that of an empty table.
        let spoilt = file(
            "CREATE TABLE other (cid integer); CREATE INDEX ix_other ON other (cid);
             UPDATE sqlite_schema SET rootpage =
                 (SELECT rootpage FROM sqlite_schema WHERE name = 'ix_other')
             WHERE name = 'ix_revlog_cid';
             DELETE FROM sqlite_schema WHERE name = 'ix_other';",
        );
        for processors in [1, 2, 4] {
            let error = inspected(&spoilt, processors).unwrap_err();
            assert!(matches!(error, UploadError::Damaged(_)), "{error:?}");
        }
    }

    #[test]
    fn tables_that_share_a_page_are_found_on_any_number_of_processors() {
        // Each of the two is right by itself.
        let spoilt = file(
            "CREATE TABLE one (a integer); INSERT INTO one VALUES (1);
             CREATE TABLE two (a integer);
             UPDATE sqlite_schema SET rootpage =
                 (SELECT rootpage FROM sqlite_schema WHERE name = 'one') WHERE name = 'two';",
        );
        for processors in [1, 2, 4] {
            let error = inspected(&spoilt, processors).unwrap_err();
            assert!(matches!(error, UploadError::Damaged(_)), "{error:?}");
        }
    }

    #[test]
    fn which_of_several_faults_is_reported_does_not_depend_on_luck() {
        let spoilt = file("UPDATE revlog SET ease = 'x'; INSERT INTO graves VALUES (1, 9, 0)");
        let told = inspected(&spoilt, 1).unwrap_err().to_string();
        for _ in 0..20 {
            assert_eq!(inspected(&spoilt, 4).unwrap_err().to_string(), told);
        }
    }
}
