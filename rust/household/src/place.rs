//! An account's place: where its collection, its media and what belongs to them are, and what happens
//! to a collection as a whole file: opening, replacing, settling what a crash left undone.
//!
//! All work on an account asks its place and builds no path. So the rest is the same wherever
//! a collection lives.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use deckport_accounts::Account;
use deckport_collection::{Collection, Error};
use deckport_ground::durable::{sync_folder, sync_folder_of};
use deckport_ground::files::{beside, make_folder, remove_if_present};
use deckport_ground::temp_file::{self, TempFile};
use deckport_media::{MediaStore, Totals, Trash};

use crate::backup::{self, BackupFolder, BackupInfo, Occasion};
use deckport_ground::faults;

/// Where an account lives: in a folder of its own, laid out like one of the reference server.
#[derive(Debug, Clone)]
pub struct Place {
    folder: PathBuf,
    collection: PathBuf,
}

impl Place {
    /// The place of an account in a data folder. Nothing is made.
    pub fn of(data_dir: &Path, account: &Account) -> Place {
        Place::at(data_dir.join(&account.folder))
    }

    /// The place in an account's folder.
    pub(crate) fn at(folder: impl Into<PathBuf>) -> Place {
        let folder = folder.into();
        Place { collection: folder.join("collection.anki2"), folder }
    }

    /// Where the endpoint's own files for the account are, including temporary ones.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The collection's file.
    pub(crate) fn collection(&self) -> &Path {
        &self.collection
    }

    /// Whether there is a collection.
    pub(crate) fn has_collection(&self) -> bool {
        self.collection.exists()
    }

    /// Size of the collection's file; 0 where there is none.
    pub(crate) fn collection_bytes(&self) -> u64 {
        fs::metadata(&self.collection).map_or(0, |file| file.len())
    }

    /// The backups.
    pub(crate) fn backups(&self) -> BackupFolder {
        BackupFolder::in_account(&self.folder)
    }

    /// Whether there are media, or were.
    pub(crate) fn has_media(&self) -> bool {
        MediaStore::exists(&self.folder)
    }

    /// The totals of the media while nobody has them open.
    pub(crate) fn media_totals(&self) -> deckport_media::Result<Totals> {
        MediaStore::totals_when_closed(&self.folder)
    }

    /// Bytes of the trash of media, if it can be read.
    pub(crate) fn trash_bytes(&self) -> u64 {
        Trash::below(&self.folder).map_or(0, |trash| trash.bytes)
    }

    /// Opens the collection, or makes an empty one where there is none. Only while nobody has it
    /// open.
    pub(crate) fn open_collection(&self, now_ms: i64) -> Result<Collection, Error> {
        make_folder(&self.folder)?;
        self.settle()?;
        Collection::open_or_create(&self.collection, now_ms)
    }

    /// Opens the media, or makes an empty store where there is none.
    pub(crate) fn open_media(&self, now_ms: i64) -> deckport_media::Result<MediaStore> {
        make_folder(&self.folder)?;
        MediaStore::open(&self.folder, now_ms)
    }

    /// Puts a checked collection in the place of the current one, which nobody has open and which
    /// becomes a backup if it is to be kept. On disk when this returns. Whenever this is
    /// interrupted, one of the two is in place, complete, from the next opening on.
    pub(crate) fn replace_collection(
        &self,
        new: TempFile,
        keep: bool,
        occasion: &Occasion<'_>,
    ) -> io::Result<Option<BackupInfo>> {
        // From an earlier replacement whose end failed.
        self.settle()?;
        let kept = if keep && self.has_collection() {
            Some(backup::keep(&self.collection, self.backups().path(), occasion)?)
        } else {
            None
        };
        faults::point("upload.backup_kept");
        // The old file's: SQLite would apply them to the new one. Only a collection that could
        // not be opened still has them, and the backup has the log.
        for suffix in ["-wal", "-shm", "-journal"] {
            remove_if_present(&beside(&self.collection, suffix))?;
        }
        sync_folder_of(&self.collection)?;
        faults::point("upload.before_rename");
        new.rename(&self.collection)?;
        faults::point("upload.renamed");
        sync_folder_of(&self.collection)?;
        Ok(kept.map(backup::Kept::complete))
    }

    /// Makes a backup of a complete copy of the collection. On disk when this returns.
    pub(crate) fn keep_copy(
        &self,
        copy: TempFile,
        occasion: &Occasion<'_>,
    ) -> io::Result<BackupInfo> {
        let kept = backup::keep_copy(copy, self.backups().path(), occasion)?;
        // The folder of backups may be new.
        sync_folder(&self.folder)?;
        Ok(kept)
    }

    /// Finishes a replacement that a crash interrupted. Only while nobody has the collection open.
    ///
    /// # Errors
    /// When the collection is not in its place and cannot be put back there.
    pub(crate) fn settle(&self) -> io::Result<()> {
        backup::settle(&self.collection, self.backups().path())
    }

    /// Removes and settles what a process left behind that ended in the middle of something. Only
    /// while nothing runs here.
    pub(crate) fn clean_up(&self) {
        temp_file::remove_leftovers(&self.folder);
        backup::remove_unfinished(self.backups().path());
        // What cannot be settled now is tried again before the collection is opened.
        let _ = self.settle();
    }
}
