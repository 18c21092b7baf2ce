//! What a device should be told once: that its upload replaced something, and a copy was kept.
//!
//! It is told in an answer to `meta`, the only place where clients show a text of ours
//! (`transport` 6.2). A background check of the sync button asks `meta` too and shows nothing, and
//! looks just like a sync. But a client makes such checks at most every five minutes
//! (`collection-sync` 11). So a text counts as read when it was told within that time of the
//! device's last contact, or when the run that was told goes on; otherwise it is told again, a
//! few times.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use deckport_ground::files::write_whole;
use serde::{Deserialize, Serialize};

use crate::backup::Counts;
use crate::lease::DeviceKey;
use crate::texts::{KeptCopy, WhyKept};

/// In the folder of backups: without them there is nothing to tell.
const FILE: &str = ".notices.json";
/// Most that is remembered for one account; the oldest goes.
const CAPACITY: usize = 64;
/// A client's background checks are at least this far apart.
const CHECKS_APART_MS: i64 = 300_000;
/// How often a text is told when it is never certain that it was read.
const MOST_TELLINGS: u32 = 3;
/// This many cards or reviews are soon made again; losing fewer needs no notice.
const WORTH_A_WORD: u64 = 20;

/// The texts that wait for an account's devices.
#[derive(Debug)]
pub(super) struct Notices {
    path: PathBuf,
    /// `None`: not read yet.
    waiting: Option<Vec<Notice>>,
    /// The run that was told one, without certainty that it was read.
    told_run: Option<(DeviceKey, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Notice {
    device_id: i64,
    tellings: u32,
    /// The device's last contact: its upload, then each telling. Unix milliseconds.
    contact_ms: i64,
    copy: KeptCopy,
}

impl Notices {
    /// Those of the account that has its backups in `folder`.
    pub(super) fn new(folder: &Path) -> Notices {
        Notices { path: folder.join(FILE), waiting: None, told_run: None }
    }

    /// Lets the device be told about a copy. Problems with the file are ignored: the copy is what
    /// counts.
    pub(super) fn add(&mut self, device: &DeviceKey, copy: KeptCopy, now_ms: i64) {
        let waiting = self.waiting();
        if waiting.len() >= CAPACITY {
            waiting.remove(0);
        }
        let device_id = device.device_id;
        waiting.push(Notice { device_id, tellings: 0, contact_ms: now_ms, copy });
        self.store();
    }

    /// What this run of the device should be told.
    pub(super) fn tell(
        &mut self,
        device: &DeviceKey,
        session_key: &str,
        now_ms: i64,
    ) -> Option<KeptCopy> {
        let waiting = self.waiting();
        let place = waiting.iter().position(|notice| notice.device_id == device.device_id)?;
        let notice = waiting.get_mut(place)?;
        let copy = notice.copy.clone();
        let since = now_ms.saturating_sub(notice.contact_ms);
        notice.tellings += 1;
        notice.contact_ms = now_ms;
        if (0..CHECKS_APART_MS).contains(&since) || notice.tellings >= MOST_TELLINGS {
            waiting.remove(place);
            self.told_run = None;
        } else {
            self.told_run = Some((device.clone(), session_key.to_owned()));
        }
        self.store();
        Some(copy)
    }

    /// A run goes on after `meta`: it is a sync, and what it was told is shown.
    pub(super) fn run_goes_on(&mut self, device: &DeviceKey, session_key: &str) {
        let was_told =
            self.told_run.as_ref().is_some_and(|(to, run)| to == device && run == session_key);
        if !was_told {
            return;
        }
        self.told_run = None;
        let waiting = self.waiting();
        if let Some(place) = waiting.iter().position(|told| told.device_id == device.device_id) {
            waiting.remove(place);
            self.store();
        }
    }

    fn waiting(&mut self) -> &mut Vec<Notice> {
        self.waiting.get_or_insert_with(|| {
            let json = fs::read(&self.path).unwrap_or_default();
            let mut waiting: Vec<Notice> = serde_json::from_slice(&json).unwrap_or_default();
            waiting.truncate(CAPACITY);
            waiting
        })
    }

    fn store(&self) {
        let waiting = self.waiting.as_deref().unwrap_or_default();
        let _ = if waiting.is_empty() {
            fs::remove_file(&self.path)
        } else {
            serde_json::to_vec(waiting)
                .map_err(Into::into)
                .and_then(|json| write_whole(&self.path, |file| file.write_all(&json)))
        };
    }
}

/// Why a device should hear of the copy of what its upload replaced, if it should. `has_seen`:
/// the device had been told of the replaced state.
pub(super) fn why_tell(before: Option<Counts>, after: Counts, has_seen: bool) -> Option<WhyKept> {
    let is_far_fewer =
        |before: u64, after: u64| after < before / 2 && before - after >= WORTH_A_WORD;
    if let Some(before) = before
        && (is_far_fewer(before.cards, after.cards) || is_far_fewer(before.reviews, after.reviews))
    {
        return Some(WhyKept::MuchSmaller { before, after });
    }
    (!has_seen).then_some(WhyKept::NotSeen)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_177_887_205;
    const MINUTE: i64 = 60_000;

    fn device(device_id: i64) -> DeviceKey {
        DeviceKey { device_id, origin: None }
    }

    fn copy(backup: &str) -> KeptCopy {
        KeptCopy { backup: backup.to_owned(), made_ms: NOW, why: WhyKept::NotSeen }
    }

    fn notices() -> (tempfile::TempDir, Notices) {
        let folder = tempfile::tempdir().unwrap();
        let mut notices = Notices::new(folder.path());
        notices.add(&device(1), copy("a"), NOW);
        (folder, notices)
    }

    #[test]
    fn a_device_is_told_once_and_no_other_one_is() {
        let (folder, mut notices) = notices();
        assert_eq!(notices.tell(&device(2), "s", NOW + MINUTE), None);
        assert_eq!(notices.tell(&device(1), "s", NOW + MINUTE), Some(copy("a")));
        assert_eq!(notices.tell(&device(1), "t", NOW + MINUTE), None);
        assert_eq!(Notices::new(folder.path()).tell(&device(1), "t", NOW + MINUTE), None);
        assert!(!folder.path().join(FILE).exists());
    }

    #[test]
    fn what_waits_survives_a_restart() {
        let (folder, _) = notices();
        let mut after = Notices::new(folder.path());
        assert_eq!(after.tell(&device(1), "s", NOW + MINUTE), Some(copy("a")));
    }

    #[test]
    fn what_a_background_check_may_have_swallowed_is_told_again_until_a_sync() {
        let (_folder, mut notices) = notices();
        assert!(notices.tell(&device(1), "check", NOW + 10 * MINUTE).is_some());
        assert!(notices.tell(&device(1), "sync", NOW + 20 * MINUTE).is_some());
        assert_eq!(notices.tell(&device(2), "sync", NOW + 20 * MINUTE), None);
        notices.run_goes_on(&device(1), "other");
        notices.run_goes_on(&device(2), "sync");
        notices.run_goes_on(&device(1), "sync");
        assert_eq!(notices.tell(&device(1), "later", NOW + 30 * MINUTE), None);
    }

    #[test]
    fn it_is_never_told_without_end() {
        let (_folder, mut notices) = notices();
        let hours = 1..100;
        let told =
            hours.filter(|hour| notices.tell(&device(1), "s", NOW + hour * 60 * MINUTE).is_some());
        assert_eq!(told.count(), MOST_TELLINGS as usize);
    }

    #[test]
    fn several_are_told_one_after_the_other_and_few_are_kept() {
        let (_folder, mut notices) = notices();
        for number in 0..200 {
            notices.add(&device(1), copy(&number.to_string()), NOW);
        }
        assert_eq!(notices.tell(&device(1), "s", NOW), Some(copy("136")));
        assert_eq!(notices.tell(&device(1), "t", NOW), Some(copy("137")));
    }

    #[test]
    fn a_broken_file_is_not_a_notice() {
        let (folder, _) = notices();
        for broken in ["", "{}", "[1]", "[{\"device_id\":1}]"] {
            fs::write(folder.path().join(FILE), broken).unwrap();
            assert_eq!(Notices::new(folder.path()).tell(&device(1), "s", NOW), None);
        }
    }

    #[test]
    fn a_word_is_said_when_much_is_gone_and_when_unseen_changes_are() {
        let counts = |cards, reviews| Counts { cards, reviews, ..Counts::default() };
        let is_smaller = |before, after| {
            matches!(why_tell(Some(before), after, true), Some(WhyKept::MuchSmaller { .. }))
        };
        assert!(is_smaller(counts(1000, 5000), counts(499, 5000)));
        assert!(is_smaller(counts(1000, 5000), counts(1000, 2499)));
        assert!(is_smaller(counts(20, 0), counts(0, 0)));
        assert!(!is_smaller(counts(1000, 5000), counts(500, 2500)));
        assert!(!is_smaller(counts(19, 19), counts(0, 0)));
        assert!(!is_smaller(counts(10, 10), counts(1000, 10)));
        assert_eq!(why_tell(None, counts(0, 0), true), None);
        assert_eq!(why_tell(None, counts(0, 0), false), Some(WhyKept::NotSeen));
    }
}
