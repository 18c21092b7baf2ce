//! Keeping a collection, and putting a kept one in its place.

use deckport_collection::accept_upload;
use deckport_ground::progress::{Stage, Watcher, tell};
use deckport_ground::temp_file::TempFile;

use super::AccountCare;
use super::Replaced;
use crate::backup::{BackupError, BackupInfo, BackupReason};
use crate::worker::{Caller, NewCollection};

pub(super) fn create(
    care: &AccountCare,
    watcher: &mut Watcher<'_>,
) -> Result<BackupInfo, BackupError> {
    tell(watcher, Stage::Collection, 0, None)?;
    let caller = Caller::local(&care.account);
    let kept = care.worker.keep_blocking(caller, BackupReason::Manual, care.interrupt.clone());
    if kept.is_err() {
        care.last_chance()?;
    }
    let kept = kept?.ok_or(BackupError::NothingToKeep)?;
    // It is made, so it can no longer be cancelled.
    let _ = tell(watcher, Stage::Collection, kept.stored_bytes, Some(kept.stored_bytes));
    Ok(kept)
}

pub(super) fn restore(
    care: &AccountCare,
    name: &str,
    watcher: &mut Watcher<'_>,
) -> Result<Replaced, BackupError> {
    let folder = care.place().backups();
    // A misspelt name should be reported before a sync has to wait.
    folder.find(name)?;
    tell(watcher, Stage::Collection, 0, None)?;
    let lease = care.worker.take_blocking(Caller::local(&care.account))?;
    let file = TempFile::for_upload(care.place().folder())?;
    folder.export_watched(name, file.path(), watcher)?;
    tell(watcher, Stage::Checking, 0, None)?;
    let summary = accept_upload(file.path(), care.now_ms(), &care.interrupt)?;
    let bytes = std::fs::metadata(file.path())?.len();
    care.last_chance()?;
    let (counts, reason) = (summary.into(), BackupReason::Restore);
    let new = NewCollection { file, bytes, counts, reason, one_way: true, permit: None };
    Ok(Replaced { kept: lease.replace_blocking(new)?, counts })
}
