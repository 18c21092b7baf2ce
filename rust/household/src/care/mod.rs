//! Work on a whole account at a person's request: importing, exporting, checking, looking after
//! media. Works while the endpoint serves, and without serving.
//!
//! Everything goes through the account's worker, as the requests of devices do: a running sync is
//! waited for, and what replaces the collection is kept first. It prints nothing; a [`Watcher`]
//! hears how far a task is and can end it, and an [`Interrupt`] ends it from another thread.
//! Work that ends like this leaves everything as it was.

mod backups;
mod check;
mod error;
mod export;
mod import;
mod media;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub use check::CheckReport;
use deckport_collection::Difference;
use deckport_ground::interrupt::Interrupt;
use deckport_ground::progress::{Cancelled, Progress, Watcher};
pub use error::CareError;
pub use export::{ExportOptions, ExportReport};
pub use import::ImportReport;
pub use media::MediaFindings;

use deckport_ground::clock::Clock;
use deckport_ground::temp_file::TempFile;
use deckport_media::{Trash, UnusedFile};

use crate::backup::{BackupError, BackupInfo, BackupPolicy, BackupReason, Counts};
use crate::household::Household;
use crate::place::Place;
use crate::work_error::WorkError;
use crate::worker::{Caller, FileForm, NewCollection, Snapshot, UploadLease, Worker};

/// The account that is cared for. Its methods block: call them on a thread that may.
#[derive(Debug, Clone)]
pub struct AccountCare {
    account: String,
    worker: Worker,
    clock: Arc<dyn Clock>,
    policy: BackupPolicy,
    interrupt: Interrupt,
}

/// A collection has been put in the place of an account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The backup of the one before; `None` when it held nothing.
    pub kept: Option<BackupInfo>,
    /// What the new one holds.
    pub counts: Counts,
}

impl Household {
    /// Care for an account.
    ///
    /// # Errors
    /// [`CareError::NoSuchAccount`], [`CareError::Stopping`].
    pub fn care(&self, account: &str) -> Result<AccountCare, CareError> {
        let (account, worker) = self.worker_of(account)?.ok_or(CareError::NoSuchAccount)?;
        let (clock, policy) = (Arc::clone(&self.options.clock), self.options.backups.clone());
        let interrupt = Interrupt::default();
        Ok(AccountCare { account: account.name, worker, clock, policy, interrupt })
    }
}

impl AccountCare {
    /// The same, whose work ends soon after this is set.
    #[must_use]
    pub fn ended_by(self, interrupt: Interrupt) -> AccountCare {
        AccountCare { interrupt, ..self }
    }

    /// Replaces the account's collection with that of a package (`.colpkg`) or collection file
    /// (`.anki2`), keeps a backup, and adds the package's media. Every device then
    /// asks for a one-way sync. Files that the package does not have stay; where both have one of
    /// the same name, the package's wins and ours goes to the media trash.
    ///
    /// The collection is replaced last. Whatever fails before, or when it is cancelled, leaves it
    /// as it was; media files added before that stay.
    ///
    /// # Errors
    /// See [`CareError`].
    pub fn import(
        &self,
        file: &Path,
        watcher: &mut Watcher<'_>,
    ) -> Result<ImportReport, CareError> {
        self.doing(|care| import::import(care, file, &mut care.heard_by(watcher)))
    }

    /// Writes the account's collection to a new file: a package with its media (`.colpkg`), or only
    /// the collection (`.anki2`). The file appears when it is complete and on disk.
    ///
    /// # Errors
    /// See [`CareError`]; notably [`CareError::Exists`].
    pub fn export(
        &self,
        target: &Path,
        options: ExportOptions,
        watcher: &mut Watcher<'_>,
    ) -> Result<ExportReport, CareError> {
        self.doing(|care| export::export(care, target, options, &mut care.heard_by(watcher)))
    }

    /// Looks for what is wrong with the collection and its media, in Anki's own terms. With
    /// `repair`, a backup is kept and what can be mended safely is mended; no device can sync
    /// meanwhile.
    ///
    /// # Errors
    /// See [`CareError`]: what could not be checked at all.
    pub fn check(&self, repair: bool, watcher: &mut Watcher<'_>) -> Result<CheckReport, CareError> {
        self.doing(|care| check::check(care, repair, &mut care.heard_by(watcher)))
    }

    /// Compares the account's collection with that of a collection file or package, object by
    /// object (`deckport_collection::compare`).
    ///
    /// # Errors
    /// See [`CareError`].
    pub fn compare(
        &self,
        file: &Path,
        watcher: &mut Watcher<'_>,
        found: &mut dyn FnMut(Difference),
    ) -> Result<(), CareError> {
        self.doing(|care| check::compare_with(care, file, &mut care.heard_by(watcher), found))
    }

    /// Reads every media file and compares it with its record; `None` when there are no media.
    /// With `repair`, lost files wait to be sent again by a device that has them, and foreign
    /// files move to the trash.
    ///
    /// # Errors
    /// [`CareError::Media`].
    pub fn check_media(
        &self,
        repair: bool,
        watcher: &mut Watcher<'_>,
    ) -> Result<Option<MediaFindings>, CareError> {
        self.doing(|care| media::check(care, repair, &mut care.heard_by(watcher)))
    }

    /// Media files that no note, template or style refers to, by name.
    ///
    /// # Errors
    /// [`CareError`]; without a collection nothing is called unused.
    pub fn unused_media(&self) -> Result<Vec<UnusedFile>, CareError> {
        self.doing(media::unused)
    }

    /// Deletes media files on all devices at their next sync; here they move to the account's
    /// `media.trash`. Returns how many were moved.
    ///
    /// # Errors
    /// [`CareError::Media`]; then nothing was deleted.
    pub fn delete_media(&self, files: &[UnusedFile]) -> Result<usize, CareError> {
        self.doing(|care| media::delete(care, files))
    }

    /// What is in the account's `media.trash`.
    ///
    /// # Errors
    /// [`CareError::Media`].
    pub fn media_trash(&self) -> Result<Trash, CareError> {
        media::trash(self)
    }

    /// Deletes what is in the account's `media.trash` for good, and returns what that was.
    ///
    /// # Errors
    /// [`CareError::Media`].
    pub fn empty_media_trash(&self) -> Result<Trash, CareError> {
        media::empty_trash(self)
    }

    /// Puts media files back from the account's `media.trash`; devices get them again at their
    /// next sync. Names that are not there, or that are in use again, are skipped. Returns how many
    /// were put back.
    ///
    /// # Errors
    /// [`CareError::Media`]; files put back before that stay.
    pub fn restore_media(&self, names: Vec<String>) -> Result<u64, CareError> {
        media::restore(self, names)
    }

    /// The account's backups, newest first.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn backups(&self) -> Result<Vec<BackupInfo>, BackupError> {
        self.doing(|care| care.place().backups().list())
    }

    /// Removes the backups that the endpoint's [`BackupPolicy`] does not keep, and returns their
    /// names.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn prune_backups(&self) -> Result<Vec<BackupInfo>, BackupError> {
        self.doing(|care| care.place().backups().prune(&care.policy, care.now_ms()))
    }

    /// Keeps a copy of the account's collection as it is now.
    ///
    /// # Errors
    /// See [`BackupError`]; notably [`BackupError::NothingToKeep`].
    pub fn create_backup(&self, watcher: &mut Watcher<'_>) -> Result<BackupInfo, BackupError> {
        self.doing(|care| backups::create(care, &mut care.heard_by(watcher)))
    }

    /// Puts a backup in the place of the account's collection, which is kept first. It is checked
    /// like an upload, and stays. Every device will ask for a one-way sync at its next sync; there,
    /// "download" gives it the restored state.
    ///
    /// # Errors
    /// See [`BackupError`]; notably [`BackupError::NoSuchBackup`], [`BackupError::Unusable`].
    pub fn restore_backup(
        &self,
        name: &str,
        watcher: &mut Watcher<'_>,
    ) -> Result<Replaced, BackupError> {
        self.doing(|care| backups::restore(care, name, &mut care.heard_by(watcher)))
    }

    /// Writes a backup as an ordinary collection file to `to`, which must not exist.
    ///
    /// # Errors
    /// See [`BackupError`]; notably [`BackupError::NoSuchBackup`], [`BackupError::Exists`].
    pub fn export_backup(
        &self,
        name: &str,
        to: &Path,
        watcher: &mut Watcher<'_>,
    ) -> Result<BackupInfo, BackupError> {
        self.doing(|care| {
            care.place().backups().export_watched(name, to, &mut care.heard_by(watcher))
        })
    }

    /// Does something that the endpoint's end waits for, but not for long.
    fn doing<T, E: From<WorkError>>(
        &self,
        work: impl FnOnce(&AccountCare) -> Result<T, E>,
    ) -> Result<T, E> {
        let errand = self.worker.errands().begin()?;
        let interrupt = self.interrupt.or(errand.interrupt());
        let done = work(&AccountCare { interrupt, ..self.clone() });
        // However the interruption shows.
        if done.is_err() && errand.interrupt().is_set() {
            return Err(WorkError::Stopping.into());
        }
        done
    }

    /// The watcher, which also ends the work when the interrupt is set.
    fn heard_by<'a>(
        &'a self,
        watcher: &'a mut Watcher<'_>,
    ) -> impl FnMut(Progress) -> ControlFlow<()> + 'a {
        |progress| {
            if self.interrupt.is_set() {
                return ControlFlow::Break(());
            }
            let told = self.worker.errands().ask_outside(|| watcher(progress));
            if self.interrupt.is_set() { ControlFlow::Break(()) } else { told }
        }
    }

    /// Call this before a step that must not be interrupted.
    fn last_chance(&self) -> Result<(), Cancelled> {
        if self.interrupt.is_set() { Err(Cancelled) } else { Ok(()) }
    }

    fn place(&self) -> &Place {
        self.worker.place()
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// A copy of the last committed state.
    fn snapshot(&self, form: FileForm) -> Result<Snapshot, CareError> {
        if !self.place().has_collection() {
            return Err(CareError::NoCollection);
        }
        Ok(self.worker.snapshot_blocking(Caller::local(&self.account), form)?)
    }

    /// Keeps devices from changing the collection until it is dropped.
    fn take(&self) -> Result<UploadLease, CareError> {
        Ok(self.worker.take_blocking(Caller::local(&self.account))?)
    }
}

/// Replaces the account's collection with a checked one, and keeps a backup.
fn replace(
    lease: UploadLease,
    file: TempFile,
    counts: Counts,
    reason: BackupReason,
    one_way: bool,
) -> Result<Option<BackupInfo>, CareError> {
    let bytes = std::fs::metadata(file.path())?.len();
    Ok(lease.replace_blocking(NewCollection {
        file,
        bytes,
        counts,
        reason,
        one_way,
        permit: None,
    })?)
}
