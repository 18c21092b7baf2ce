//! The connections to `deckport.db` and its schema.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Error, OpenFlags, Params, Transaction, TransactionBehavior};

use super::tokens::TokenHash;
use super::{PasswordCost, RegistryError, shared};

const FILE_NAME: &str = "deckport.db";
/// Each takes the database from the format of its index to the next; the format is `user_version`.
const MIGRATIONS: [&str; 5] = [
    include_str!("schema/001.sql"),
    include_str!("schema/002.sql"),
    include_str!("schema/003.sql"),
    include_str!("schema/004.sql"),
    include_str!("schema/005.sql"),
];
const NEWEST_FORMAT: i64 = MIGRATIONS.len() as i64;
/// How long a change waits for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two attempts where SQLite does not wait by itself.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Readers kept for reuse; more are opened when more are needed at once.
const IDLE_READERS: usize = 4;

/// The registry's database. Readers never wait for a writer (write-ahead log).
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// Writes what may be lost in a power failure.
    note_writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens the database in `data_dir`, making or upgrading it.
    pub(super) fn open(data_dir: &Path) -> Result<Database, RegistryError> {
        let path = data_dir.join(FILE_NAME);
        create_private(&path)?;
        let writer = open_writer(&path)?;
        let note_writer = connect(&path)?;
        // No flush to disk at a commit; the database stays sound.
        note_writer.pragma_update(None, "synchronous", "NORMAL")?;
        // A note is not worth waiting for.
        note_writer.busy_timeout(Duration::ZERO)?;

        Ok(Database {
            path,
            writer: Mutex::new(writer),
            note_writer: Mutex::new(note_writer),
            readers: Mutex::default(),
        })
    }

    /// Runs `change` in one transaction, which is on disk when this returns `Ok` and has left no
    /// trace when it returns `Err`.
    pub(super) fn write<T, E: From<rusqlite::Error>>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = lock(&self.writer);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = change(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Runs one statement without waiting for anything: not for the disk, and not for another
    /// writer, in which case nothing is written and `Busy` comes back.
    pub(super) fn note(&self, sql: &str, parameters: impl Params) -> Result<(), RegistryError> {
        lock(&self.note_writer).prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    }

    /// Runs `query` on the last committed state.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RegistryError> {
        let idle = lock(&self.readers).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => self.open_reader()?,
        };
        let result = query(&reader);
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
        Ok(result?)
    }

    fn open_reader(&self) -> Result<Connection, RegistryError> {
        let reader = connect(&self.path)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(reader)
    }

    /// Moves everything from the write-ahead log into the database file, as far as readers and
    /// other processes allow.
    pub(super) fn checkpoint(&self) -> Result<(), RegistryError> {
        let writer = lock(&self.writer);
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

/// A panic while the lock was held leaves a connection whose transaction was rolled back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes an empty file that only its owner can read; SQLite gives the log beside it the same
/// permissions. The data folder itself may be open to others (the reference server's is).
fn create_private(path: &Path) -> Result<(), RegistryError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Connection, RegistryError> {
    // Without the default flag for URIs, so that a `%` or `?` in the path means itself.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Off by default in SQLite; devices go with their account.
    connection.pragma_update(None, "foreign_keys", true)?;
    // Otherwise cached statements are planned again for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Android has no folder for temporary files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Hashes that were given up are overwritten, not left in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

/// The connection that makes changes, to a database that is up to date.
fn open_writer(path: &Path) -> Result<Connection, RegistryError> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        let mut writer = connect(path)?;
        match prepare_schema(&mut writer) {
            // SQLite does not wait by itself while another process begins or ends using the log.
            Err(RegistryError::Busy(_)) if Instant::now() < deadline => {
                drop(writer);
                thread::sleep(BUSY_PAUSE);
            }
            prepared => {
                prepared?;
                // A token or a new password that was handed out must survive a power failure.
                writer.pragma_update(None, "synchronous", "FULL")?;
                return Ok(writer);
            }
        }
    }
}

/// Makes or upgrades the tables in one transaction, with the format written in it.
fn prepare_schema(connection: &mut Connection) -> Result<(), RegistryError> {
    // Before anything is changed: a newer version's file is left alone.
    let found = known_format(connection)?;
    // Lets readers go on while someone writes; remembered in the file.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    if found == NEWEST_FORMAT {
        return Ok(());
    }
    offer_slow_hash(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let found = known_format(&transaction)?;
    for (format, migration) in (0..).zip(MIGRATIONS) {
        if format >= found {
            transaction.execute_batch(migration)?;
        }
    }
    transaction.pragma_update(None, "user_version", NEWEST_FORMAT)?;
    transaction.commit()?;
    // What the old format held must not stay in the log either. Another process that is reading
    // keeps it there until the next checkpoint.
    if found > 0 {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Lets a migration turn the SHA-256 of a shared token into what is now kept of it.
fn offer_slow_hash(connection: &Connection) -> Result<(), RegistryError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("slow_hash", 1, flags, |context| {
        let hash: TokenHash = context.get(0)?;
        shared::slow_hash(&hash, PasswordCost::PRODUCTION)
            .map_err(|error| Error::UserFunctionError(Box::new(error)))
    })?;
    Ok(())
}

/// The database's format; an error when it is not one of ours.
fn known_format(connection: &Connection) -> Result<i64, RegistryError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if (0..=NEWEST_FORMAT).contains(&found) {
        Ok(found)
    } else {
        Err(RegistryError::NewerSchema { found, known: NEWEST_FORMAT })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    fn insert(connection: &Connection, name: &str) -> rusqlite::Result<usize> {
        connection.execute(
            "INSERT INTO former_accounts (folder, name_key, removed_ms) VALUES (?1, ?1, 0)",
            [name],
        )
    }

    fn count(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM former_accounts", [], |row| row.get(0))
    }

    #[test]
    fn a_reader_sees_the_last_committed_state_while_someone_writes() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(dir.path()).unwrap();
        let before = database.write(|writing| {
            insert(writing, "a")?;
            database.read(count)
        });
        assert_eq!(before.unwrap(), 0);
        assert_eq!(database.read(count).unwrap(), 1);
    }

    #[test]
    fn a_change_that_fails_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(dir.path()).unwrap();
        let failed: Result<(), RegistryError> = database.write(|writing| {
            insert(writing, "a")?;
            Err(RegistryError::NoSuchAccount)
        });
        assert!(failed.is_err());
        assert_eq!(database.read(count).unwrap(), 0);
    }

    #[test]
    fn readers_cannot_write_and_few_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(dir.path()).unwrap();
        assert!(database.read(|reader| insert(reader, "a")).is_err());
        read_nested(&database, 10);
        assert_eq!(lock(&database.readers).len(), IDLE_READERS);
    }

    /// Uses `depth` readers at once.
    fn read_nested(database: &Database, depth: u32) {
        if depth > 0 {
            let read = |_: &Connection| {
                read_nested(database, depth - 1);
                Ok(())
            };
            database.read(read).unwrap();
        }
    }

    #[test]
    fn a_note_does_not_wait_for_a_writer() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(dir.path()).unwrap();
        let note = || database.note("UPDATE devices SET address = 'x'", []);
        let noted = database.write(|_| Ok::<_, RegistryError>(note())).unwrap();
        assert!(matches!(noted, Err(RegistryError::Busy(_))));
        note().unwrap();
    }

    #[test]
    fn many_that_make_the_same_database_at_once_all_succeed() {
        for _ in 0..10 {
            let dir = tempfile::tempdir().unwrap();
            thread::scope(|scope| {
                let open = || Database::open(dir.path()).map(drop);
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                for thread in threads {
                    thread.join().unwrap().unwrap();
                }
            });
        }
    }

    /// A database of the second format, with a device and a shared token.
    fn of_format_2(path: &Path, shared_token: &TokenHash) {
        let old = Connection::open(path).unwrap();
        old.pragma_update(None, "journal_mode", "WAL").unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(MIGRATIONS[1]).unwrap();
        old.pragma_update(None, "user_version", 2).unwrap();
        old.execute_batch(
            "INSERT INTO accounts VALUES (1, 'u', 'u', 'u', 'x', 1, 0);
             INSERT INTO devices (id, account_id, token_hash, name, client_version, platform, created_ms, shared,
                 revoked) VALUES (8, 1, x'08', 'gone', '', '', 0, 0, 0), (5, 1, x'05', 'phone', '', '', 0, 0, 0);
             DELETE FROM devices WHERE id = 8;",
        )
        .unwrap();
        old.execute(
            "INSERT INTO devices (id, account_id, token_hash, name, client_version, platform, created_ms, shared,
                 revoked) VALUES (6, 1, ?, 'shared', '', '', 0, 1, 0)",
            [shared_token],
        )
        .unwrap();
    }

    #[test]
    fn an_upgrade_keeps_devices_and_leaves_no_fast_hash_of_a_shared_token() {
        let dir = tempfile::tempdir().unwrap();
        let token = [0xa5; 32];
        of_format_2(&dir.path().join(FILE_NAME), &token);
        let database = Database::open(dir.path()).unwrap();
        let stored = "SELECT shared_token FROM devices WHERE id = 6 AND token_hash IS NULL";
        let phc: String = database.read(|c| c.query_row(stored, [], |row| row.get(0))).unwrap();
        assert!(shared::fits(&token, &phc).unwrap());
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let kept = "SELECT token_hash FROM devices WHERE id = 5 AND shared_token IS NULL";
        let kept: Vec<u8> = database.read(|c| c.query_row(kept, [], |row| row.get(0))).unwrap();
        assert_eq!(kept, [5]);
        let next: i64 = database
            .read(|c| {
                c.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'devices'", [], |row| {
                    row.get(0)
                })
            })
            .unwrap();
        assert_eq!(next, 8, "numbers are not used again");
        for entry in fs::read_dir(dir.path()).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(32).any(|part| part == token));
        }
    }

    #[test]
    fn a_newer_format_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "user_version", NEWEST_FORMAT + 1).unwrap();
        drop(other);
        let before = fs::read(&path).unwrap();
        let refused = Database::open(dir.path()).unwrap_err();
        assert!(matches!(refused, RegistryError::NewerSchema { .. }), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_damaged_file_is_reported_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let damaged = [b'x'; 8192];
        fs::write(&path, damaged).unwrap();
        let refused = Database::open(dir.path()).unwrap_err();
        assert!(matches!(refused, RegistryError::Corrupt(_)), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }

    #[test]
    fn a_checkpoint_leaves_one_complete_file() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(dir.path()).unwrap();
        database.write(|writing| insert(writing, "a")).unwrap();
        database.checkpoint().unwrap();
        let copy = dir.path().join("copy.db");
        deckport_ground::files::copy_file(&dir.path().join(FILE_NAME), &copy).unwrap();
        assert_eq!(count(&Connection::open(&copy).unwrap()).unwrap(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn the_database_and_its_log_are_closed_to_other_users() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(dir.path()).unwrap();
        database.write(|writing| insert(writing, "a")).unwrap();
        for name in ["deckport.db", "deckport.db-wal"] {
            let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
