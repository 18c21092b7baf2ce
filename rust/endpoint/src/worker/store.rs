//! The collection file of one account: opened on demand, closed when idle, replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use deckport_collection::objects::config;
use deckport_collection::{Collection, CollectionState, Error};

use crate::backup::{self, Backup};
use crate::temp_file::TempFile;

/// What `meta` needs to know about the last committed state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) state: CollectionState,
    /// The oldest protocol whose clients understand this collection (`collection-sync` 3.2).
    pub(super) oldest_protocol: u8,
}

/// The form in which a collection is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileForm {
    /// As it is stored: schema 18.
    Stored,
    /// Schema 11, in which clients keep what they do not know (`storage` 2.1).
    Schema11,
}

impl FileForm {
    /// What a client of protocol 11 gets.
    pub(crate) fn for_client(client_version: &str) -> FileForm {
        if deckport_wire::ClientVersion::parse(client_version).loses_fields_of_schema18() {
            FileForm::Schema11
        } else {
            FileForm::Stored
        }
    }
}

/// A complete copy of the collection, to be sent.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The copy, open for reading.
    file: File,
    /// Its length in bytes.
    pub(crate) bytes: u64,
    /// Removes the file when the sending is over.
    _temp: TempFile,
}

impl Read for Snapshot {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

/// The files of one account.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    collection: Option<Collection>,
    /// Of the open collection, until something is committed: clients ask often.
    facts: Option<Facts>,
}

impl Store {
    /// Opens nothing yet.
    pub(super) fn new(folder: PathBuf) -> Store {
        Store { folder, collection: None, facts: None }
    }

    /// The collection; a new account gets an empty one.
    pub(super) fn open(&mut self, now_ms: i64) -> Result<&Collection, Error> {
        if self.collection.is_none() {
            fs::create_dir_all(&self.folder)?;
            let opened = match Collection::open_or_create(&self.path(), now_ms) {
                // The reference server leaves this behind after a download by an old client.
                Err(Error::NeedsUpgrade(_)) => {
                    self.upgrade(now_ms)?;
                    Collection::open(&self.path())?
                }
                other => other?,
            };
            self.collection = Some(opened);
        }
        self.collection.as_ref().ok_or(Error::Locked)
    }

    /// The collection if it is open already.
    pub(super) fn opened(&self) -> Option<&Collection> {
        self.collection.as_ref()
    }

    /// The last committed state. Must not be called inside a transaction.
    pub(super) fn facts(&mut self, now_ms: i64) -> Result<Facts, Error> {
        if let Some(facts) = self.facts {
            return Ok(facts);
        }
        let facts = self.read_facts(now_ms)?;
        self.facts = Some(facts);
        Ok(facts)
    }

    /// Something was committed.
    pub(super) fn forget_facts(&mut self) {
        self.facts = None;
    }

    fn read_facts(&mut self, now_ms: i64) -> Result<Facts, Error> {
        let collection = self.open(now_ms)?;
        let state = collection.state()?;
        let conn = collection.conn();
        let scheduler: Option<i64> = config::get(conn, "schedVer")?;
        let offset: Option<i64> = config::get(conn, "creationOffset")?;
        let oldest_protocol = match (scheduler, offset) {
            (_, Some(_)) => 10,
            (Some(2), None) => 9,
            _ => 8,
        };
        Ok(Facts { state, oldest_protocol })
    }

    /// A copy of the last committed state in a temporary file.
    pub(super) fn snapshot(&mut self, form: FileForm, now_ms: i64) -> Result<Snapshot, Error> {
        let temp = TempFile::for_download(&self.folder)?;
        let collection = self.open(now_ms)?;
        let bytes = match form {
            FileForm::Stored => collection.snapshot(temp.path())?,
            FileForm::Schema11 => deckport_collection::export_schema11(collection, temp.path())?,
        };
        Ok(Snapshot { file: File::open(temp.path())?, bytes, _temp: temp })
    }

    /// Writes the log back into the file and closes it.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        self.facts = None;
        self.collection.take().map_or(Ok(()), Collection::close)
    }

    /// Closes at once; SQLite rolls an open transaction back.
    pub(super) fn drop_connection(&mut self) {
        self.facts = None;
        self.collection = None;
    }

    /// Puts a checked collection in the place of the current one, of which a copy is kept if it
    /// holds anything. On disk when this returns. Whenever this is interrupted, one of the two is
    /// in place, complete.
    pub(super) fn replace(
        &mut self,
        new: TempFile,
        reason: &str,
        now_ms: i64,
    ) -> io::Result<Option<Backup>> {
        let untouched = self.is_untouched(now_ms);
        if self.close().is_err() {
            self.drop_connection();
        }
        self.put_in_place(new, reason, !untouched, now_ms)
    }

    fn put_in_place(
        &self,
        new: TempFile,
        reason: &str,
        keep: bool,
        now_ms: i64,
    ) -> io::Result<Option<Backup>> {
        let (path, backups) = (self.path(), self.folder.join("backups"));
        let backup = if keep && path.exists() {
            Some(backup::keep(&path, &backups, reason, now_ms)?)
        } else {
            None
        };
        // Of the old file: SQLite would apply them to the new one. Only a collection that could
        // not be opened still has them, and the backup has the log.
        for suffix in ["-wal", "-shm", "-journal"] {
            remove_if_present(&backup::beside(&path, suffix))?;
        }
        backup::sync_folder(&self.folder)?;
        new.rename(&path)?;
        backup::sync_folder(&self.folder)?;
        if backup.is_some() {
            // A backup too many does no harm; the replacement is done.
            let _ = backup::prune(&backups);
        }
        Ok(backup)
    }

    /// Whether there is nothing to lose. What cannot be read is worth keeping.
    fn is_untouched(&mut self, now_ms: i64) -> bool {
        if !self.path().exists() {
            return true;
        }
        let state = self.open(now_ms).and_then(Collection::state);
        state.is_ok_and(|state| state.modified_ms == 0 && !state.has_cards)
    }

    /// Brings an older format up to date, on a copy like an upload.
    fn upgrade(&self, now_ms: i64) -> Result<(), Error> {
        let temp = TempFile::for_upload(&self.folder)?;
        fs::copy(self.path(), temp.path())?;
        deckport_collection::accept_upload(temp.path(), now_ms)
            .map_err(|error| Error::Damaged(error.to_string()))?;
        self.put_in_place(temp, "upgrade", true, now_ms)?;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.folder.join("collection.anki2")
    }
}

fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
