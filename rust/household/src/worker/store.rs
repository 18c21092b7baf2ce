//! The collection file of one account: opened on demand, closed when idle, replaced as a whole.

use std::fs::File;
use std::io::{self, Read};

use deckport_collection::objects::config;
use deckport_collection::{Collection, CollectionState, Error, TakenIn};
use deckport_ground::files::copy_file;
use deckport_ground::interrupt::Interrupt;
use deckport_ground::space::spare_bytes;
use deckport_ground::temp_file::TempFile;

use crate::backup::{BackupInfo, BackupPolicy, BackupReason, Counts, Occasion};
use crate::place::Place;
use deckport_ground::faults;

/// What `meta` needs to know about the last committed state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) state: CollectionState,
    /// The oldest protocol whose clients understand this collection (`collection-sync` 3.2).
    pub(super) oldest_protocol: u8,
}

/// The form in which a collection is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// As it is stored: schema 18.
    Stored,
    /// Schema 11, in which clients keep what they do not know (`storage` 2.1).
    Schema11,
}

impl FileForm {
    /// What a client of protocol 11 gets.
    pub fn for_client(client_version: &str) -> FileForm {
        if deckport_wire::ClientVersion::parse(client_version).loses_fields_of_schema18() {
            FileForm::Schema11
        } else {
            FileForm::Stored
        }
    }
}

/// A complete copy of the collection, to be sent.
#[derive(Debug)]
pub struct Snapshot {
    /// The copy, open for reading.
    file: File,
    /// Its length in bytes.
    pub bytes: u64,
    /// What another program had changed in the collection before it was opened for this.
    pub(crate) taken_in: TakenIn,
    /// Removes the file when the sending is over.
    temp: TempFile,
}

impl Snapshot {
    /// The file itself, still a temporary one.
    pub(crate) fn into_temp(self) -> TempFile {
        self.temp
    }
}

impl Read for Snapshot {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

/// What was in a new collection's place.
#[derive(Debug)]
pub(super) struct Displaced {
    /// The copy of it, if it held anything.
    pub(super) backup: Option<BackupInfo>,
    /// Its state, if it could be read.
    pub(super) state: Option<CollectionState>,
}

/// The collection of one place, and what is known of it while it is open.
#[derive(Debug)]
pub(super) struct Store {
    place: Place,
    policy: BackupPolicy,
    collection: Option<Collection>,
    /// That of the open collection, until something is committed: clients ask often.
    facts: Option<Facts>,
    /// What another program had changed in the open collection.
    taken_in: TakenIn,
    /// Nobody has been told of that yet.
    untold: bool,
}

impl Store {
    /// Opens nothing yet.
    pub(super) fn new(place: Place, policy: BackupPolicy) -> Store {
        let taken_in = TakenIn::default();
        Store { place, policy, collection: None, facts: None, taken_in, untold: false }
    }

    /// Where the collection lives.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The collection; a new account gets an empty one. What another program changed in it since it
    /// was closed is the endpoint's own change from here on.
    pub(super) fn open(&mut self, now_ms: i64) -> Result<&Collection, Error> {
        if self.collection.is_none() {
            let opened = match self.place.open_collection(now_ms) {
                // The reference server leaves this behind after a download by an old client.
                Err(Error::NeedsUpgrade(_)) => {
                    self.upgrade(now_ms)?;
                    self.place.open_collection(now_ms)?
                }
                other => other?,
            };
            self.taken_in = opened.take_in()?;
            self.untold = !self.taken_in.is_empty();
            faults::point("worker.opened");
            self.collection = Some(opened);
        }
        self.collection.as_ref().ok_or(Error::Locked)
    }

    /// What another program had changed in the collection, once after each opening where it had.
    pub(super) fn news(&mut self) -> Option<&TakenIn> {
        std::mem::take(&mut self.untold).then_some(&self.taken_in)
    }

    /// Whether there is a collection.
    pub(super) fn exists(&self) -> bool {
        self.collection.is_some() || self.place.has_collection()
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
        let temp = TempFile::for_download(self.place.folder())?;
        let collection = self.open(now_ms)?;
        let bytes = match form {
            FileForm::Stored => collection.snapshot(temp.path())?,
            FileForm::Schema11 => deckport_collection::export_schema11(collection, temp.path())?,
        };
        faults::point("download.copied");
        let (file, taken_in) = (File::open(temp.path())?, self.taken_in.clone());
        Ok(Snapshot { file, bytes, taken_in, temp })
    }

    /// Writes the log back into the file and closes it. From then on others may change it, so nothing
    /// that was known of it stays.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        (self.facts, self.untold) = (None, false);
        faults::point("worker.before_close");
        self.collection.take().map_or(Ok(()), Collection::close)
    }

    /// Closes at once; SQLite rolls an open transaction back.
    pub(super) fn drop_connection(&mut self) {
        self.facts = None;
        self.collection = None;
    }

    /// Replaces the current collection, which is kept if it holds anything, with a checked one.
    /// On disk when this returns. Whenever this is interrupted, one of the two is in place, complete,
    /// from the next opening on.
    ///
    /// With `one_way` all devices will ask for a one-way sync.
    pub(super) fn replace(
        &mut self,
        new: TempFile,
        reason: BackupReason,
        one_way: bool,
        device: Option<&str>,
        now_ms: i64,
    ) -> Result<Displaced, Error> {
        let keep = !self.is_untouched(now_ms);
        let (state, counts) = self.look(now_ms);
        if one_way {
            deckport_collection::force_one_way(new.path(), state.as_ref(), now_ms)?;
        }
        if self.close().is_err() {
            self.drop_connection();
        }
        let occasion = Occasion { reason, device, counts, now_ms };
        let backup = self.put_in_place(new, keep, &occasion)?;
        Ok(Displaced { backup, state })
    }

    /// The collection's state and what it holds, as far as it can be read.
    fn look(&mut self, now_ms: i64) -> (Option<CollectionState>, Option<Counts>) {
        let Some(collection) = self.open(now_ms).ok() else { return (None, None) };
        (collection.state().ok(), collection.summary().ok().map(Counts::from))
    }

    /// Bytes of the copy that a replacement would keep; 0 where there is nothing to lose.
    pub(super) fn bytes_to_keep(&mut self, now_ms: i64) -> u64 {
        if self.is_untouched(now_ms) { 0 } else { self.place.collection_bytes() }
    }

    fn put_in_place(
        &self,
        new: TempFile,
        keep: bool,
        occasion: &Occasion<'_>,
    ) -> io::Result<Option<BackupInfo>> {
        let backup = self.place.replace_collection(new, keep, occasion)?;
        if backup.is_some() {
            self.prune(occasion.now_ms);
        }
        Ok(backup)
    }

    /// Keeps a copy of the last committed state, if the collection holds anything. On disk when
    /// this returns.
    pub(super) fn keep(
        &mut self,
        reason: BackupReason,
        device: Option<&str>,
        now_ms: i64,
        interrupt: &Interrupt,
    ) -> Result<Option<BackupInfo>, Error> {
        if self.is_untouched(now_ms) {
            return Ok(None);
        }
        let counts = self.open(now_ms)?.summary()?.into();
        self.check_room()?;
        let copy = self.snapshot(FileForm::Stored, now_ms)?.into_temp();
        if interrupt.is_set() {
            return Err(Error::Interrupted);
        }
        let occasion = Occasion { reason, device, counts: Some(counts), now_ms };
        let kept = self.place.keep_copy(copy, &occasion)?;
        self.prune(now_ms);
        Ok(Some(kept))
    }

    /// One backup too many does no harm, so problems are ignored.
    fn prune(&self, now_ms: i64) {
        let _ = self.place.backups().prune(&self.policy, now_ms);
    }

    /// Whether there is nothing to lose. What cannot be read is worth keeping.
    fn is_untouched(&mut self, now_ms: i64) -> bool {
        // One that is missing may wait among the backups to be put back.
        if !self.place.has_collection()
            && self.place.settle().is_ok()
            && !self.place.has_collection()
        {
            return true;
        }
        let state = self.open(now_ms).and_then(Collection::state);
        state.is_ok_and(|state| state.modified_ms == 0 && !state.has_cards)
    }

    /// Upgrades an older format, on a copy like an upload.
    fn upgrade(&self, now_ms: i64) -> Result<(), Error> {
        self.check_room()?;
        let temp = TempFile::for_upload(self.place.folder())?;
        copy_file(self.place.collection(), temp.path())?;
        let summary = deckport_collection::accept_upgrade(temp.path(), now_ms)
            .map_err(|error| Error::Damaged(error.to_string()))?;
        let (reason, counts) = (BackupReason::Upgrade, Some(summary.into()));
        let occasion = Occasion { reason, device: None, counts, now_ms };
        self.put_in_place(temp, true, &occasion)?;
        Ok(())
    }

    /// Fails if a copy would not fit besides what transfers leave free on the disk.
    fn check_room(&self) -> Result<(), Error> {
        match spare_bytes(self.place.folder()) {
            Some(spare) if spare < self.place.collection_bytes() => Err(Error::NoSpace),
            _ => Ok(()),
        }
    }
}
