//! What an account may hold in total: its collection, its media, what is in the trash of media, and
//! its backups.
//!
//! Old backups are the first to give way. The newest one always stays: it is the only way
//! back from the last replacement. Other files of the folder are small and do not count.

use crate::backup::BackupPolicy;
use crate::options::HouseholdOptions;
use crate::place::Place;

/// The quota of one account.
#[derive(Debug, Clone)]
pub(crate) struct Quota {
    max_bytes: Option<u64>,
    policy: BackupPolicy,
    place: Place,
}

impl Quota {
    /// The quota of the account in `place`.
    pub(crate) fn new(place: &Place, options: &HouseholdOptions) -> Quota {
        let (max_bytes, policy) = (options.max_account_bytes, options.backups.clone());
        Quota { max_bytes, policy, place: place.clone() }
    }

    /// Makes room for `more` bytes besides `media_bytes` of media, by removing as many old backups
    /// as necessary. Nothing is removed when that would not be enough.
    ///
    /// # Errors
    /// The bytes that the account may hold.
    pub(crate) fn make_room(&self, media_bytes: u64, more: u64, now_ms: i64) -> Result<(), u64> {
        let Some(max_bytes) = self.max_bytes else { return Ok(()) };
        let held = self.place.collection_bytes() + self.place.trash_bytes() + media_bytes;
        let left = max_bytes.checked_sub(held.saturating_add(more)).ok_or(max_bytes)?;
        let backups = self.backups();
        if backups.all() <= left {
            return Ok(());
        }
        if backups.lasting > left {
            return Err(max_bytes);
        }
        // Files that people put there themselves are never removed.
        let own = left.saturating_sub(backups.foreign);
        let pruned = self.place.backups().prune_to(&self.policy, Some(own), now_ms);
        pruned.map(drop).map_err(|_| max_bytes)
    }

    /// Removes old backups until the account fits, or only the newest one is left.
    pub(crate) fn trim(&self, media_bytes: u64, now_ms: i64) {
        let Some(max_bytes) = self.max_bytes else { return };
        let held = self.place.collection_bytes() + self.place.trash_bytes() + media_bytes;
        let backups = self.backups();
        let left = max_bytes.saturating_sub(held);
        if backups.all() > left {
            let own = left.saturating_sub(backups.foreign);
            // What cannot be removed now is tried again with the next trim.
            let _ = self.place.backups().prune_to(&self.policy, Some(own), now_ms);
        }
    }

    /// Whether a collection of `bytes` bytes fits in the place of the present one, of which a copy
    /// of `kept` bytes stays as the newest backup; all others can go.
    ///
    /// # Errors
    /// The bytes that the account may hold.
    pub(crate) fn allows(&self, bytes: u64, kept: u64, media_bytes: u64) -> Result<(), u64> {
        let Some(max_bytes) = self.max_bytes else { return Ok(()) };
        let backups = self.backups();
        // With nothing to keep, the newest backup is still the one that stays.
        let lasting = if kept > 0 { kept + backups.foreign } else { backups.lasting };
        let held = bytes.saturating_add(lasting) + self.place.trash_bytes() + media_bytes;
        if held > max_bytes { Err(max_bytes) } else { Ok(()) }
    }

    fn backups(&self) -> Backups {
        let folder = self.place.backups();
        let own = folder.own().unwrap_or_default();
        let all: u64 = folder.list().unwrap_or_default().iter().map(|b| b.stored_bytes).sum();
        let removable: u64 = own.iter().map(|backup| backup.stored_bytes).sum();
        let foreign = all.saturating_sub(removable);
        let newest = own.first().map_or(0, |newest| newest.stored_bytes);
        Backups { own: removable, foreign, lasting: newest + foreign }
    }
}

/// Bytes of backups.
struct Backups {
    /// Those that the endpoint made.
    own: u64,
    /// Files that people put there.
    foreign: u64,
    /// Those that are never removed.
    lasting: u64,
}

impl Backups {
    fn all(&self) -> u64 {
        self.own + self.foreign
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const NOW: i64 = 1_795_177_887_205;
    const NEWEST: &str = "2026-11-20-123127-upload.anki2";
    const OLDER: &str = "2026-11-20-103127-upload.anki2";
    const OLDEST: &str = "2026-11-19-103127-upload.anki2";

    /// An account with 100 bytes of collection, 10 in the trash, three backups of 20 bytes each,
    /// and one file that a person put there.
    fn account(max_bytes: Option<u64>) -> (TempDir, Quota) {
        let folder = tempfile::tempdir().unwrap();
        for sub in ["backups", "media.trash"] {
            fs::create_dir(folder.path().join(sub)).unwrap();
        }
        fs::write(folder.path().join("collection.anki2"), [0; 100]).unwrap();
        fs::write(folder.path().join("media.trash/old.png"), [0; 10]).unwrap();
        for name in [NEWEST, OLDER, OLDEST, "mine.anki2"] {
            fs::write(folder.path().join("backups").join(name), [0; 20]).unwrap();
        }
        let mut options = HouseholdOptions::new(folder.path());
        options.max_account_bytes = max_bytes;
        let quota = Quota::new(&Place::at(folder.path()), &options);
        (folder, quota)
    }

    fn backups(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path().join("backups")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn old_backups_give_way_one_by_one_and_only_as_far_as_need_be() {
        // 100 + 10 + 80 + 5 of media.
        let (folder, quota) = account(Some(200));
        assert_eq!(quota.make_room(5, 5, NOW), Ok(()));
        assert_eq!(backups(&folder).len(), 4);
        assert_eq!(quota.make_room(5, 6, NOW), Ok(()));
        assert_eq!(backups(&folder), [OLDER, NEWEST, "mine.anki2"]);
        assert_eq!(quota.make_room(5, 45, NOW), Ok(()));
        assert_eq!(backups(&folder), [NEWEST, "mine.anki2"]);
    }

    #[test]
    fn what_does_not_fit_at_all_costs_no_backup() {
        let (folder, quota) = account(Some(200));
        // 100 + 10 + 40 that stay.
        assert_eq!(quota.make_room(5, 46, NOW), Err(200));
        assert_eq!(quota.make_room(u64::from(u32::MAX), 0, NOW), Err(200));
        assert_eq!(backups(&folder).len(), 4);
        let (folder, unlimited) = account(None);
        assert_eq!(unlimited.make_room(1 << 40, 1 << 40, NOW), Ok(()));
        unlimited.trim(1 << 40, NOW);
        assert_eq!(backups(&folder).len(), 4);
    }

    #[test]
    fn a_collection_fits_beside_the_copy_of_the_one_that_it_replaces() {
        let (folder, quota) = account(Some(200));
        // 10 in the trash, 20 of a person, the copy, and the new one.
        assert_eq!(quota.allows(65, 100, 5), Ok(()));
        assert_eq!(quota.allows(66, 100, 5), Err(200));
        // Nothing to be kept: the newest backup stays instead.
        assert_eq!(quota.allows(145, 0, 5), Ok(()));
        assert_eq!(quota.allows(146, 0, 5), Err(200));
        assert_eq!(backups(&folder).len(), 4);
    }

    #[test]
    fn an_account_that_grew_keeps_its_newest_backup() {
        let (folder, quota) = account(Some(175));
        quota.trim(5, NOW);
        assert_eq!(backups(&folder), [OLDER, NEWEST, "mine.anki2"]);
        quota.trim(500, NOW);
        assert_eq!(backups(&folder), [NEWEST, "mine.anki2"]);
    }
}
