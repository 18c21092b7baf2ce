//! Keeping a collection: cheaply where its file is about to be replaced, as a copy otherwise.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use deckport_ground::durable::{sync_file_at, sync_folder};
use deckport_ground::files::{PART, beside, make_folder};
use deckport_ground::temp_file::TempFile;

use super::displace;
use super::facts::{BackupInfo, BackupReason, Counts, Facts};
use super::name;

/// What to remember about a backup.
#[derive(Debug, Clone)]
pub(crate) struct Occasion<'a> {
    /// Why it is made.
    pub(crate) reason: BackupReason,
    /// Name of the device that caused it, if one did.
    pub(crate) device: Option<&'a str>,
    /// What the collection holds, if it can be read.
    pub(crate) counts: Option<Counts>,
    /// Unix milliseconds.
    pub(crate) now_ms: i64,
}

/// Gets the collection at `path` ready to be replaced: what it is now stays in `folder`, under a name
/// that is not a backup's yet. It is always in one of the two places, whatever ends the process; see
/// [`displace`]. A write-ahead log that SQLite left beside it, which means that it could not be
/// opened or closed, goes along. On disk when this returns.
///
/// Until [`Kept::complete`] it is not a backup, because it may be the very file that is still in
/// use. Dropped before that, it goes back to where it was.
pub(crate) fn keep(path: &Path, folder: &Path, occasion: &Occasion<'_>) -> io::Result<Kept> {
    let name = new_name(folder, occasion)?;
    let target = folder.join(format!("{name}{}", name::PLAIN));
    let info = note(folder, name, fs::metadata(path)?.len(), occasion);
    let kept = Kept { path: path.to_owned(), target, info, is_complete: false };
    displace::displace(&kept.path, &kept.target)?;
    Ok(kept)
}

/// A collection that is kept because another one takes its place.
#[derive(Debug)]
pub(crate) struct Kept {
    path: PathBuf,
    target: PathBuf,
    info: BackupInfo,
    is_complete: bool,
}

impl Kept {
    /// The other one has taken its place, on disk.
    pub(crate) fn complete(mut self) -> BackupInfo {
        self.is_complete = true;
        // Should this fail, the next opening of the collection does it.
        let _ = displace::complete(&self.target);
        self.info.clone()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.is_complete {
            // What cannot be settled now is settled at the next opening.
            let _ = displace::settle_one(&self.path, &self.target);
        }
    }
}

/// Removes unfinished files that an interrupted process left in a folder of backups. Only for a
/// folder that nothing is using. Problems are ignored: such files cost space and nothing else.
pub(crate) fn remove_unfinished(folder: &Path) {
    for (path, file) in own_files(folder) {
        if file.ends_with(PART) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Finishes what [`keep`] began for the collection at `path`, and what ended neither well nor badly
/// because the process or the disk failed. Only while nobody has the collection open.
///
/// # Errors
/// When the collection is not in its place and cannot be put back there. Other problems are
/// ignored: it is tried again at the next opening.
pub(crate) fn settle(path: &Path, folder: &Path) -> io::Result<()> {
    let mut targets: Vec<PathBuf> = own_files(folder)
        .into_iter()
        .filter(|(_, file)| file.ends_with(displace::PENDING))
        .map(|(path, _)| path.with_extension(""))
        .collect();
    // The one kept last may be the one that is missing.
    targets.sort();
    for target in targets.into_iter().rev() {
        let settled = displace::settle_one(path, &target);
        if !path.exists() {
            settled?;
        }
    }
    Ok(())
}

/// The files in a folder of backups whose names this module gave.
fn own_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = entries
        .flatten()
        .filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?)));
    let is_ours = |file: &str| file.split('.').next().is_some_and(|n| name::parse(n).is_some());
    named.filter(|(_, file)| is_ours(file)).collect()
}

/// Moves a complete copy of a collection into `folder`. On disk when this returns.
pub(crate) fn keep_copy(
    copy: TempFile,
    folder: &Path,
    occasion: &Occasion<'_>,
) -> io::Result<BackupInfo> {
    sync_file_at(copy.path())?;
    let bytes = fs::metadata(copy.path())?.len();
    let name = new_name(folder, occasion)?;
    copy.rename(&folder.join(format!("{name}{}", name::PLAIN)))?;
    let info = note(folder, name, bytes, occasion);
    sync_folder(folder)?;
    Ok(info)
}

fn new_name(folder: &Path, occasion: &Occasion<'_>) -> io::Result<String> {
    make_folder(folder)?;
    let mut attempt = 1;
    loop {
        let name = name::of_new(occasion.reason, occasion.now_ms, attempt);
        let plain = folder.join(format!("{name}{}", name::PLAIN));
        let taken = [&plain, &beside(&plain, displace::PENDING), &beside(&plain, ".zst")];
        if !taken.into_iter().any(|path| path.exists()) {
            return Ok(name);
        }
        attempt += 1;
    }
}

/// Writes down what is known about a backup.
fn note(folder: &Path, name: String, bytes: u64, occasion: &Occasion<'_>) -> BackupInfo {
    let facts = Facts {
        made_ms: Some(occasion.now_ms),
        reason: Some(occasion.reason),
        device: occasion.device.map(str::to_owned),
        counts: occasion.counts,
        bytes: Some(bytes),
    };
    // The backup is good without them, and a full disk is no reason to refuse what made it.
    let _ = facts.write(folder, &name);
    BackupInfo {
        file: format!("{name}{}", name::PLAIN),
        name,
        made_ms: occasion.now_ms,
        reason: occasion.reason,
        device: facts.device,
        counts: occasion.counts,
        collection_bytes: Some(bytes),
        stored_bytes: bytes,
        compressed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::BackupFolder;
    use super::super::folder::FOLDER;
    use super::*;

    fn occasion(now_ms: i64) -> Occasion<'static> {
        Occasion { reason: BackupReason::Upload, device: Some("d"), counts: None, now_ms }
    }

    #[test]
    fn two_backups_in_one_second_are_both_kept_and_listed_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collection.anki2");
        let backups = folder.path().join("backups");
        let mut kept = Vec::new();
        for content in ["one", "three"] {
            fs::write(&path, content).unwrap();
            let backup = keep(&path, &backups, &occasion(0)).unwrap().complete();
            assert_eq!(backup.stored_bytes, content.len() as u64);
            assert_eq!(fs::read_to_string(backups.join(&backup.file)).unwrap(), content);
            kept.insert(0, backup);
            // As an upload does: the name gets a new file.
            fs::remove_file(&path).unwrap();
        }
        assert_eq!(BackupFolder::at(backups).list().unwrap(), kept);
    }

    #[test]
    fn a_log_that_sqlite_left_is_kept_with_its_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collection.anki2");
        fs::write(&path, "damaged").unwrap();
        fs::write(folder.path().join("collection.anki2-wal"), "log").unwrap();
        let backups = folder.path().join("backups");
        let file = keep(&path, &backups, &occasion(0)).unwrap().complete().file;
        assert_eq!(fs::read_to_string(backups.join(format!("{file}-wal"))).unwrap(), "log");
    }

    /// A collection that is kept, as left by a process that is killed then.
    fn killed_after_keeping() -> (tempfile::TempDir, BackupFolder) {
        let account = tempfile::tempdir().unwrap();
        let path = account.path().join("collection.anki2");
        fs::write(&path, "old").unwrap();
        let backups = account.path().join(FOLDER);
        let mut kept = keep(&path, &backups, &occasion(0)).unwrap();
        // Nobody finishes it, and nobody takes it back.
        kept.is_complete = true;
        drop(kept);
        (account, BackupFolder::at(backups))
    }

    #[test]
    fn what_is_still_in_use_is_not_a_backup() {
        let (account, folder) = killed_after_keeping();
        assert_eq!(folder.list().unwrap(), []);
        settle(&account.path().join("collection.anki2"), folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(account.path().join("collection.anki2")).unwrap(), "old");
    }

    #[test]
    fn what_was_replaced_before_the_process_was_killed_is_a_backup_at_the_next_opening() {
        let (account, folder) = killed_after_keeping();
        fs::write(account.path().join("new"), "new").unwrap();
        fs::rename(account.path().join("new"), account.path().join("collection.anki2")).unwrap();
        settle(&account.path().join("collection.anki2"), folder.path()).unwrap();
        let made = folder.list().unwrap().remove(0);
        assert_eq!((made.reason, made.device.as_deref()), (BackupReason::Upload, Some("d")));
        assert_eq!(fs::read_to_string(folder.path().join(made.file)).unwrap(), "old");
    }

    #[test]
    fn what_was_kept_for_a_replacement_that_failed_goes_again() {
        let account = tempfile::tempdir().unwrap();
        let path = account.path().join("collection.anki2");
        fs::write(&path, "old").unwrap();
        fs::write(account.path().join("collection.anki2-wal"), "log").unwrap();
        let backups = account.path().join(FOLDER);
        drop(keep(&path, &backups, &occasion(0)).unwrap());
        assert_eq!(fs::read_dir(&backups).unwrap().count(), 0);
    }
}
