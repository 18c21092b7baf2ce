//! Looking after an account's media: what is wrong, what is unused.

use deckport_collection::{Collection, visit_media_texts};
use deckport_ground::progress::{Stage, Watcher, tell};
use deckport_media::{Checking, References, Trash, UnusedFile};

use super::AccountCare;
use super::error::CareError;
use crate::worker::FileForm;

/// Bytes of files read in one go; devices that exchange media wait that long.
const PIECE_BYTES: u64 = 32 << 20;

/// What was found among the media. Devices send lost files again by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaFindings {
    /// Files that are right.
    pub right: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Names of files that turned out to be missing or damaged. After a repair they wait for a
    /// device to send them.
    pub lost: Vec<String>,
    /// Names of lost files that wait for a device to send them again.
    pub waiting: Vec<String>,
    /// Names of entries of the folder that nobody knows.
    pub foreign: Vec<String>,
}

impl MediaFindings {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.waiting.is_empty() && self.foreign.is_empty()
    }
}

pub(super) fn check(
    care: &AccountCare,
    repair: bool,
    watcher: &mut Watcher<'_>,
) -> Result<Option<MediaFindings>, CareError> {
    if !care.place().has_media() {
        return Ok(None);
    }
    let media = care.worker.media();
    let total = media.work_blocking(|store, _| Ok::<_, CareError>(store.totals()?.files))?;
    let (mut checking, mut is_more) = (Checking::default(), true);
    while is_more {
        tell(watcher, Stage::Media, checking.files().min(total), Some(total))?;
        let interrupt = care.interrupt.clone();
        (checking, is_more) = media.work_blocking(move |store, _| {
            let goes_on = || !interrupt.is_set();
            let is_more = store.check_some(&mut checking, repair, PIECE_BYTES, goes_on)?;
            Ok::<_, CareError>((checking, is_more))
        })?;
    }
    tell(watcher, Stage::Media, total, Some(total))?;
    media.work_blocking(move |store, now_ms| {
        let waiting = store.waiting()?;
        let report = store.finish_check(checking, repair, now_ms)?;
        let (right, bytes, lost, foreign) =
            (report.right, report.bytes, report.lost, report.foreign);
        Ok(Some(MediaFindings { right, bytes, lost, waiting, foreign }))
    })
}

pub(super) fn unused(care: &AccountCare) -> Result<Vec<UnusedFile>, CareError> {
    if !care.place().has_media() {
        return Ok(Vec::new());
    }
    // A copy: a long look at all notes keeps no device waiting, and the collection has one owner.
    let copy = care.snapshot(FileForm::Stored)?.into_temp();
    let collection = Collection::open(copy.path())?;
    let mut used = References::new();
    visit_media_texts(&collection, |text| {
        if !care.interrupt.is_set() {
            used.add(text);
        }
    })?;
    care.last_chance()?;
    drop(collection);
    let mut unused = care
        .worker
        .media()
        .work_blocking(move |store, _| Ok::<_, CareError>(store.unused(&used)?))?;
    unused.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(unused)
}

pub(super) fn delete(care: &AccountCare, files: &[UnusedFile]) -> Result<usize, CareError> {
    if !care.place().has_media() {
        return Ok(0);
    }
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    care.worker.media().work_blocking(move |store, now_ms| Ok(store.move_to_trash(&names, now_ms)?))
}

pub(super) fn trash(care: &AccountCare) -> Result<Trash, CareError> {
    if !care.place().has_media() {
        return Ok(Trash::default());
    }
    care.worker.media().work_blocking(|store, _| Ok(store.trash()?))
}

pub(super) fn empty_trash(care: &AccountCare) -> Result<Trash, CareError> {
    if !care.place().has_media() {
        return Ok(Trash::default());
    }
    care.worker.media().work_blocking(|store, _| Ok(store.empty_trash()?))
}

pub(super) fn restore(care: &AccountCare, names: Vec<String>) -> Result<u64, CareError> {
    if !care.place().has_media() {
        return Ok(0);
    }
    care.worker
        .media()
        .work_blocking(move |store, now_ms| Ok(store.take_from_trash(&names, now_ms)?))
}
