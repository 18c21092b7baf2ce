//! Checking and repairing an account's collection and media, and comparing it with a file.

use std::path::Path;

use deckport_collection::{
    Collection, Difference, Finding, TakenIn, accept_upload, check_copy, compare, digest,
};
use deckport_ground::files::copy_file;
use deckport_ground::progress::{Stage, Watcher, tell};
use deckport_ground::temp_file::TempFile;

use super::error::CareError;
use super::media::{self, MediaFindings};
use super::{AccountCare, import, replace};
use crate::backup::{BackupInfo, BackupReason};
use crate::work_error::WorkError;
use crate::worker::{Caller, FileForm, UploadLease};

/// What a check found, and what its repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Digest of what the collection holds, 16 hexadecimal digits: two collections with the same
    /// digest hold the same. `None` when it cannot be read.
    pub digest: Option<String>,
    /// What another program had changed in the collection. Not damage: every device gets it with
    /// its next sync.
    pub taken_in: TakenIn,
    /// What is wrong with the collection. `Display` of each is one sentence.
    pub findings: Vec<Finding>,
    /// Some of it can be mended, or was.
    pub mendable: bool,
    /// What was wrong with the collection was mended.
    pub repaired: bool,
    /// Devices will ask for a one-way sync.
    pub one_way: bool,
    /// The backup that was kept before that.
    pub backup: Option<BackupInfo>,
    /// What was found among the media; `None` when the account has none.
    pub media: Option<MediaFindings>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.media.as_ref().is_none_or(MediaFindings::is_clean)
    }
}

pub(super) fn check(
    care: &AccountCare,
    repair: bool,
    watcher: &mut Watcher<'_>,
) -> Result<CheckReport, CareError> {
    tell(watcher, Stage::Collection, 0, None)?;
    // What is mended must still be what was checked.
    let lease = if repair { Some(care.take()?) } else { None };
    let (copy, taken_in) = copy_of(care, lease.as_ref())?;
    tell(watcher, Stage::Checking, 0, None)?;
    let digest = digest(copy.path()).ok();
    let checkup = check_copy(copy.path(), care.now_ms(), &care.interrupt)?;
    let mut report = CheckReport {
        digest,
        taken_in,
        findings: checkup.findings,
        mendable: checkup.mended,
        one_way: checkup.one_way,
        ..CheckReport::default()
    };
    if let Some(lease) = lease
        && checkup.mended
    {
        report.backup = put_mended_in_place(care, lease, copy, checkup.one_way)?;
        report.repaired = true;
    }
    report.media = media::check(care, repair, watcher)?;
    Ok(report)
}

/// A copy of the collection to work on, and what another program had changed in it. One that cannot be
/// opened is copied as it is.
fn copy_of(
    care: &AccountCare,
    lease: Option<&UploadLease>,
) -> Result<(TempFile, TakenIn), CareError> {
    if !care.place().has_collection() {
        return Err(CareError::NoCollection);
    }
    let caller = Caller::local(&care.account);
    let copied = match lease {
        Some(lease) => lease.copy_blocking(),
        None => care.worker.snapshot_blocking(caller, FileForm::Stored),
    };
    match copied {
        Ok(snapshot) => {
            let taken_in = snapshot.taken_in.clone();
            Ok((snapshot.into_temp(), taken_in))
        }
        Err(WorkError::Collection(error)) if error.is_about_contents() => {
            let copy = TempFile::for_upload(care.place().folder())?;
            copy_file(care.place().collection(), copy.path())?;
            Ok((copy, TakenIn::default()))
        }
        Err(error) => Err(error.into()),
    }
}

/// A mended collection replaces the damaged one. If devices can merge, all they see is a newer
/// collection with some changes.
fn put_mended_in_place(
    care: &AccountCare,
    lease: UploadLease,
    copy: TempFile,
    one_way: bool,
) -> Result<Option<BackupInfo>, CareError> {
    let now_ms = care.now_ms();
    if !one_way {
        let collection = Collection::open(copy.path())?;
        collection.mark_modified(now_ms)?;
        collection.close()?;
    }
    // On disk, and no better than what a device may upload.
    let summary = accept_upload(copy.path(), now_ms, &care.interrupt)?;
    care.last_chance()?;
    replace(lease, copy, summary.into(), BackupReason::Repair, one_way)
}

pub(super) fn compare_with(
    care: &AccountCare,
    file: &Path,
    watcher: &mut Watcher<'_>,
    found: &mut dyn FnMut(Difference),
) -> Result<(), CareError> {
    let mut source = import::open(file)?;
    let (theirs, _) = import::accepted_copy(care, &mut source, watcher)?;
    let ours = care.snapshot(FileForm::Stored)?.into_temp();
    Ok(compare(ours.path(), theirs.path(), found)?)
}
