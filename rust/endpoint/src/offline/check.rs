//! Checking and repairing an account's collection and media, and comparing it with a file.

use std::fs;
use std::path::Path;

use deckport_collection::{
    Collection, Difference, Error, Finding, accept_upload, check_copy, compare, force_one_way,
};
use deckport_media::MediaStore;

use super::error::OfflineError;
use super::import;
use super::replace::{Present, replace};
use super::watch::Watcher;
use super::{collection_in, export};
use crate::temp_file::TempFile;

/// What a check found, and with repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// What is wrong with the collection. `Display` of each is one sentence.
    pub findings: Vec<Finding>,
    /// Something of it can be mended, or was.
    pub mendable: bool,
    /// What was wrong with the collection was mended.
    pub repaired: bool,
    /// Devices will ask for a one-way sync.
    pub one_way: bool,
    /// File name of the backup that was kept before.
    pub backup: Option<String>,
    /// What was found among the media; `None` when the account has none.
    pub media: Option<MediaFindings>,
}

/// What was found among the media. Devices send lost files again by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaFindings {
    /// Files that are right.
    pub right: u64,
    /// Names of files that are missing or damaged.
    pub lost: Vec<String>,
    /// Lost files that wait for a device to send them again.
    pub waiting: u64,
    /// Names of entries of the folder that nobody knows.
    pub foreign: Vec<String>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
            && self.media.as_ref().is_none_or(|media| {
                media.lost.is_empty() && media.waiting == 0 && media.foreign.is_empty()
            })
    }
}

pub(super) fn check(folder: &Path, repair: bool, now_ms: i64) -> Result<CheckReport, OfflineError> {
    let copy = copy_of(folder, now_ms)?;
    let checkup = check_copy(copy.path(), now_ms)?;
    let mut report = CheckReport {
        findings: checkup.findings,
        mendable: checkup.mended,
        one_way: checkup.one_way,
        ..CheckReport::default()
    };
    if repair && checkup.mended {
        report.backup = put_mended_in_place(folder, copy, checkup.one_way, now_ms)?;
        report.repaired = true;
    }
    report.media = check_media(folder, repair, now_ms)?;
    Ok(report)
}

/// A copy of the collection to work on. One that cannot be opened is copied as it is.
fn copy_of(folder: &Path, now_ms: i64) -> Result<TempFile, OfflineError> {
    let copy = TempFile::for_upload(folder)?;
    match export::snapshot(folder, copy.path(), false, now_ms) {
        Err(OfflineError::Collection(Error::Damaged(_))) => {
            fs::copy(collection_in(folder), copy.path())?;
        }
        other => drop(other?),
    }
    Ok(copy)
}

/// A mended collection replaces the damaged one like an import. If devices can merge, all they see
/// is a newer collection with some changes.
fn put_mended_in_place(
    folder: &Path,
    copy: TempFile,
    one_way: bool,
    now_ms: i64,
) -> Result<Option<String>, OfflineError> {
    let present = Present::of(folder);
    if one_way {
        force_one_way(copy.path(), present.state.as_ref(), now_ms)?;
    } else {
        let collection = Collection::open(copy.path())?;
        collection.mark_modified(now_ms)?;
        collection.close()?;
        // On disk, and no better than what a device may upload.
        accept_upload(copy.path(), now_ms)?;
    }
    replace(folder, &present, copy, "repair", now_ms)
}

fn check_media(
    folder: &Path,
    repair: bool,
    now_ms: i64,
) -> Result<Option<MediaFindings>, OfflineError> {
    if !folder.join("media.db").exists() {
        return Ok(None);
    }
    let mut store = MediaStore::open(folder, now_ms)?;
    let mut lost = store.found_at_open().lost.clone();
    let waited = lost.len() as u64;
    let report = store.check(repair, now_ms)?;
    store.close()?;
    lost.extend(report.lost);
    Ok(Some(MediaFindings {
        right: report.right,
        lost,
        // Those that were found just now are told by name.
        waiting: report.waiting.saturating_sub(waited),
        foreign: report.foreign,
    }))
}

pub(super) fn compare_with(
    folder: &Path,
    file: &Path,
    now_ms: i64,
    watcher: &mut Watcher<'_>,
    found: &mut dyn FnMut(Difference),
) -> Result<(), OfflineError> {
    let mut source = import::open(file)?;
    let (theirs, _) = import::accepted_copy(folder, &mut source, now_ms, watcher)?;
    let ours = TempFile::for_download(folder)?;
    export::snapshot(folder, ours.path(), false, now_ms)?;
    Ok(compare(ours.path(), theirs.path(), found)?)
}
