//! The store: opening and closing, and the short answers.

use deckport_wire::Usn;
use deckport_wire::media::{MediaChangesResponse, MediaSanityResponse};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::disk::{Disk, RealDisk, remove_if_there};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::look::LookReport;
use crate::pending::{self, Operation};
use crate::records::{self, FileRow};
use crate::{database, usn};

/// Records in one answer to `mediaChanges`, as with the reference server: clients commit their
/// progress page by page.
const PAGE_RECORDS: u32 = 1000;
/// How many file operations may wait to be settled, with how many bytes of small contents: more
/// would make the database large and a start after a power loss slow.
const MOST_UNSETTLED: usize = 2000;
const MOST_UNSETTLED_BYTES: u64 = 4 * 1024 * 1024;
/// When this many pages of the database are unused, closing shrinks it, unless too many are in
/// use: that is done in memory.
const MOST_UNUSED_PAGES: i64 = 256;
const MOST_USED_PAGES: i64 = 1024;

/// Names whose content turned out to be wrong while it was being sent.
pub(crate) type Suspects = Arc<Mutex<BTreeSet<String>>>;

/// One account's media: the folder `media`, the database `media.db` beside it, and `media.trash`.
///
/// Used by one thread at a time, and by one process: the database stays locked until the store is
/// closed or dropped. Times are Unix milliseconds and only stored for information.
pub struct MediaStore {
    pub(crate) conn: Connection,
    pub(crate) folder: Folder,
    /// The disk treats some different names as one.
    pub(crate) folding: bool,
    /// Operations that the file system refused so far, by their spot.
    unplaced: BTreeMap<String, Operation>,
    /// Operations noted and not yet settled, see [`MediaStore::settle`].
    unsettled: usize,
    /// Bytes of content noted with them.
    unsettled_bytes: u64,
    pub(crate) suspects: Suspects,
    found: LookReport,
    next_incoming: u64,
}

/// What every answer needs to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// The media usn.
    pub usn: Usn,
    /// Files that clients are told of.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
}

/// Counts for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The media usn.
    pub usn: Usn,
    /// Files that clients are told of.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Files that no client but the sender can keep (`media-sync` 16).
    pub hidden: u64,
    /// Files whose content is missing or wrong; they come back with the next upload.
    pub lost: u64,
    /// Files whose content has not been read since they were taken over or changed; see
    /// [`MediaStore::verify_some`].
    pub unverified: u64,
}

impl fmt::Debug for MediaStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStore").field("folder", &self.folder.media()).finish_non_exhaustive()
    }
}

impl MediaStore {
    /// Opens the media below an account's folder, or makes them. What the reference server left
    /// there is taken over as it is (`media-sync` 9.4). Operations that a power loss interrupted
    /// are finished. Then every file is looked at once (size and time): see
    /// [`MediaStore::found_at_open`].
    ///
    /// # Errors
    /// See [`Error`]; notably [`Error::InUse`], [`Error::TooNew`], [`Error::FolderGone`].
    pub fn open(account_folder: &Path, now_ms: i64) -> Result<MediaStore> {
        MediaStore::open_on(Arc::new(RealDisk), account_folder, now_ms)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        account_folder: &Path,
        now_ms: i64,
    ) -> Result<MediaStore> {
        let folder = Folder::new(account_folder, disk);
        let conn = database::open(&folder.database())?;
        make_folders(&folder, account_folder, &conn)?;
        let folding = folder.folds_names()?;
        let mut store = MediaStore {
            conn,
            folder,
            folding,
            unplaced: BTreeMap::new(),
            unsettled: 0,
            unsettled_bytes: 0,
            suspects: Suspects::default(),
            found: LookReport::default(),
            next_incoming: 0,
        };
        store.finish_interrupted()?;
        store.take_over(now_ms)?;
        store.found = store.look(now_ms)?;
        Ok(store)
    }

    /// Whether there is a store below an account's folder.
    #[must_use]
    pub fn exists(account_folder: &Path) -> bool {
        Folder::new(account_folder, Arc::new(RealDisk)).database().exists()
    }

    /// The totals of a store that nobody has open, without the cost of opening it: what changed
    /// on the disk since it was closed is not noticed. All 0 where there is none yet; nothing is
    /// made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn totals_when_closed(account_folder: &Path) -> Result<Totals> {
        database::stored_totals(&Folder::new(account_folder, Arc::new(RealDisk)).database())
    }

    /// Usn, files and bytes, at the cost of one row.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn totals(&self) -> Result<Totals> {
        records::totals(&self.conn)
    }

    /// What the look at all files found when the store was opened.
    #[must_use]
    pub fn found_at_open(&self) -> &LookReport {
        &self.found
    }

    /// The current media usn: `usn` of `begin`, `media_usn` of `meta`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn usn(&self) -> Result<Usn> {
        usn::current(&self.conn)
    }

    /// A page of changes after `last_usn`, ascending, with deletions; empty when there are none
    /// (`media-sync` 4.2). The next page starts after the usn of the last record.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn changes_since(&self, last_usn: Usn) -> Result<MediaChangesResponse> {
        records::changes_after(&self.conn, last_usn, PAGE_RECORDS)
    }

    /// Whether a client with `local` files has all of ours (`media-sync` 4.5).
    ///
    /// `foreign` is how many usns others have used since the client looked, see
    /// [`crate::SanityViews`]; 0 compares exactly. Each may have moved the count by one. Hidden
    /// files are with some clients only.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sanity(&self, local: u32, foreign: u32) -> Result<MediaSanityResponse> {
        let summary = self.summary()?;
        let (local, foreign) = (u64::from(local), u64::from(foreign));
        let least = summary.files.saturating_sub(foreign);
        let most = summary.files + summary.hidden + foreign;
        let fits = (least..=most).contains(&local);
        Ok(if fits { MediaSanityResponse::Ok } else { MediaSanityResponse::Failed })
    }

    /// Counts for a person.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn summary(&self) -> Result<Summary> {
        let Totals { usn, files, bytes } = self.totals()?;
        let count = |which: &str| -> Result<u64> {
            let sql = format!("SELECT count(*) FROM deckport_files WHERE {which}");
            Ok(self.conn.prepare_cached(&sql)?.query_row([], |row| records::unsigned(row, 0))?)
        };
        Ok(Summary {
            usn,
            files,
            bytes,
            hidden: count("state <> 0 AND state = 1")?,
            lost: count("state <> 0 AND state = 2")?,
            unverified: count("modified IS NULL AND state = 0")?,
        })
    }

    /// Closes the store: everything is settled and the database is one complete file, which the
    /// reference server can open.
    ///
    /// # Errors
    /// When something cannot be settled; nothing is lost then, the next start does it.
    pub fn close(mut self) -> Result<()> {
        self.settle()?;
        // Only our own folder, and only when it is empty.
        let _ = std::fs::remove_dir(self.folder.incoming());
        let pages = |pragma: &str| -> Result<i64> {
            Ok(self.conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?)
        };
        let unused = pages("freelist_count")?;
        if unused > MOST_UNUSED_PAGES && pages("page_count")? - unused < MOST_USED_PAGES {
            self.conn.execute_batch("VACUUM")?;
        }
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.conn.close().map_err(|(_, error)| error.into())
    }

    /// Begins a change of the database; dropping it undoes everything.
    pub(crate) fn transaction(&self) -> Result<Transaction<'_>> {
        Ok(Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?)
    }

    /// Where the content of a file is. `None` when there is no such place.
    pub(crate) fn content_path(&self, file: &FileRow) -> Option<PathBuf> {
        let stored = file.stored.as_deref()?;
        let refused = self.unplaced.get(&*pending::spot(stored, self.folding));
        match refused.and_then(|operation| operation.incoming.as_deref()) {
            Some(incoming) => self.folder.incoming_file(incoming),
            None => self.folder.stored(stored),
        }
    }

    /// Whether a file's content waits in the incoming folder because the file system refused to
    /// put it in its place.
    pub(crate) fn is_unplaced(&self, file: &FileRow) -> bool {
        let stored = file.stored.as_deref().and_then(|stored| self.folder.stored(stored));
        self.content_path(file) != stored
    }

    /// A path for a new incoming file, with its name. `now_ms` keeps names of different starts
    /// apart.
    pub(crate) fn incoming_name(&mut self, now_ms: i64) -> (String, PathBuf) {
        self.next_incoming += 1;
        let name = format!("{now_ms}-{}", self.next_incoming);
        let path = self.folder.incoming().join(&name);
        (name, path)
    }

    /// Does the operations of a committed change, noted with `content_bytes` of content. What the
    /// file system refuses is kept and served from where it is.
    pub(crate) fn place(
        &mut self,
        operations: BTreeMap<String, Operation>,
        superseded: &[String],
        content_bytes: u64,
    ) {
        self.unsettled_bytes += content_bytes;
        for (spot, operation) in operations {
            self.unsettled += 1;
            match pending::execute(&self.folder, &operation) {
                Ok(()) => self.unplaced.remove(&spot),
                Err(_) => self.unplaced.insert(spot, operation),
            };
        }
        for incoming in superseded {
            if let Some(path) = self.folder.incoming_file(incoming) {
                // If it stays it is swept at the next start.
                let _ = remove_if_there(&*self.folder.disk, &path);
            }
        }
    }

    /// Settles when much is waiting.
    pub(crate) fn settle_if_many(&mut self) -> Result<()> {
        if self.unsettled > MOST_UNSETTLED || self.unsettled_bytes > MOST_UNSETTLED_BYTES {
            self.settle()?;
        }
        Ok(())
    }

    /// Makes sure that files in their places are on the disk for good, and forgets how they got
    /// there. Happens by itself from time to time and in [`MediaStore::close`]; best done when
    /// there is nothing else to do, so that a later request need not wait for it.
    ///
    /// # Errors
    /// When the disk refuses; everything stays to be settled.
    pub fn settle(&mut self) -> Result<()> {
        if self.unsettled == 0 {
            return Ok(());
        }
        let refused = std::mem::take(&mut self.unplaced);
        for (spot, operation) in refused {
            if pending::execute_again(&self.conn, &self.folder, &operation).is_err() {
                self.unplaced.insert(spot, operation);
            }
        }
        let mut done = pending::all(&self.conn)?;
        let all_done = self.unplaced.is_empty();
        done.retain(|operation| !self.unplaced.contains_key(&operation.spot));
        let files: Vec<PathBuf> = done
            .iter()
            .filter(|operation| operation.incoming.is_some())
            .filter_map(|operation| self.folder.stored(&operation.stored))
            .collect();
        self.folder.disk.sync_files(self.folder.media(), &files)?;
        let tx = self.transaction()?;
        if all_done {
            pending::forget_all(&tx)?;
        } else {
            for operation in &done {
                pending::forget(&tx, &operation.spot)?;
            }
        }
        tx.commit()?;
        (self.unsettled, self.unsettled_bytes) = (self.unplaced.len(), 0);
        Ok(())
    }

    /// After a power loss: does what was decided, removes what was not.
    fn finish_interrupted(&mut self) -> Result<()> {
        for operation in pending::all(&self.conn)? {
            self.unsettled += 1;
            if pending::execute_again(&self.conn, &self.folder, &operation).is_err() {
                self.unplaced.insert(operation.spot.clone(), operation);
            }
        }
        self.settle()?;
        let needed: BTreeSet<&str> =
            self.unplaced.values().filter_map(|operation| operation.incoming.as_deref()).collect();
        for entry in self.folder.disk.entries(self.folder.incoming())? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(|name| needed.contains(name)) {
                remove_if_there(&*self.folder.disk, &entry.path())?;
            }
        }
        Ok(())
    }
}

/// Makes the folders that are missing.
fn make_folders(folder: &Folder, account_folder: &Path, conn: &Connection) -> Result<()> {
    if !folder.media().is_dir() {
        let files: i64 =
            conn.query_row("SELECT count(*) FROM media WHERE size > 0", [], |row| row.get(0))?;
        if files > 0 {
            return Err(Error::FolderGone);
        }
        folder.disk.create_dir(folder.media())?;
        folder.disk.sync_dir(account_folder)?;
    }
    if !folder.incoming().is_dir() {
        folder.disk.create_dir(folder.incoming())?;
        folder.disk.sync_dir(folder.media())?;
    }
    Ok(())
}
