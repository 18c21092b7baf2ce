//! Keeping a collection: cheaply where its file is about to be replaced, as a copy otherwise.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::facts::{BackupInfo, BackupReason, Counts, Facts};
use super::folder::FOLDER;
use super::name;
use crate::faults;
use crate::files::{PART, beside, make_folder, remove_if_present, sync_folder, write_whole};
use crate::temp_file::TempFile;

/// End of the name of a file that becomes a backup when another one has taken its place.
const PENDING: &str = ".kept";
/// How much of two files is compared at a time.
const PIECE: usize = 64 * 1024;

/// What is to be remembered about a backup.
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

/// Puts the collection at `path` into `folder` under a new name and leaves it where it is, too:
/// at no moment is it in neither place. A write-ahead log that SQLite left beside it, which means
/// that it could not be opened, goes along. On disk when this returns.
///
/// Until [`Kept::complete`] it is no backup, because it may be the very file that is still in use.
/// What is dropped before is removed.
pub(crate) fn keep(path: &Path, folder: &Path, occasion: &Occasion<'_>) -> io::Result<Kept> {
    let name = new_name(folder, occasion)?;
    let target = folder.join(format!("{name}{}", name::PLAIN));
    let info = note(folder, name, fs::metadata(path)?.len(), occasion);
    let kept = Kept { folder: folder.to_owned(), target, info, is_complete: false };
    let log = beside(path, "-wal");
    if log.exists() {
        link_or_copy(&log, &beside(&kept.target, "-wal"))?;
    }
    link_or_copy(path, &beside(&kept.target, PENDING))?;
    faults::point("backup.linked");
    sync_folder(folder)?;
    Ok(kept)
}

/// A collection that is kept because another one takes its place.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    target: PathBuf,
    info: BackupInfo,
    is_complete: bool,
}

impl Kept {
    /// The other one has taken its place, on disk.
    pub(crate) fn complete(mut self) -> BackupInfo {
        self.is_complete = true;
        // Should this fail, the next opening of the collection does it.
        let _ = fs::rename(beside(&self.target, PENDING), &self.target)
            .and_then(|()| sync_folder(&self.folder));
        self.info.clone()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.is_complete {
            discard(&self.folder, &self.info.name);
        }
    }
}

/// Removes what was kept for nothing. What cannot be removed now is at the next opening.
fn discard(folder: &Path, name: &str) {
    let target = folder.join(format!("{name}{}", name::PLAIN));
    for suffix in ["-wal", PENDING] {
        let _ = remove_if_present(&beside(&target, suffix));
    }
    let _ = remove_if_present(&folder.join(format!("{name}{}", name::FACTS)));
}

/// Removes unfinished files that an interrupted process left in an account's backups. Only for a
/// folder in which nothing runs. Problems are ignored: such files cost space and nothing else.
pub(crate) fn remove_unfinished(account_folder: &Path) {
    for (path, file) in own_files(&account_folder.join(FOLDER)) {
        if file.ends_with(PART) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Finishes what was begun by [`keep`] and ended neither well nor badly, because the process or
/// the disk failed. Only while nobody has the collection open. Problems are ignored: it is tried
/// again at the next opening.
pub(crate) fn settle(account_folder: &Path) {
    let folder = account_folder.join(FOLDER);
    for (path, file) in own_files(&folder) {
        let kept = file.strip_suffix(PENDING).and_then(|file| file.strip_suffix(name::PLAIN));
        let Some(name) = kept else { continue };
        // The replacement that it was kept for has happened or not.
        match is_same(&path, &account_folder.join("collection.anki2")) {
            Ok(true) => discard(&folder, name),
            Ok(false) => {
                let _ = fs::rename(&path, folder.join(format!("{name}{}", name::PLAIN)));
            }
            Err(_) => {}
        }
    }
}

/// The files in a folder of backups whose names were given here.
fn own_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = entries
        .flatten()
        .filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?)));
    let is_ours = |file: &str| file.split('.').next().is_some_and(|n| name::parse(n).is_some());
    named.filter(|(_, file)| is_ours(file)).collect()
}

/// Whether two files have the same content, or are even one.
fn is_same(a: &Path, b: &Path) -> io::Result<bool> {
    let b = match File::open(b) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    let a = File::open(a)?;
    if a.metadata()?.len() != b.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (BufReader::with_capacity(PIECE, a), BufReader::with_capacity(PIECE, b));
    loop {
        let (left, right) = (a.fill_buf()?, b.fill_buf()?);
        let length = left.len().min(right.len());
        if length == 0 || left.get(..length) != right.get(..length) {
            return Ok(left.is_empty() && right.is_empty());
        }
        a.consume(length);
        b.consume(length);
    }
}

/// Moves a complete copy of a collection into `folder`. On disk when this returns.
pub(crate) fn keep_copy(
    copy: TempFile,
    folder: &Path,
    occasion: &Occasion<'_>,
) -> io::Result<BackupInfo> {
    let file = OpenOptions::new().write(true).open(copy.path())?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    drop(file);
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
        let taken = [&plain, &beside(&plain, PENDING), &beside(&plain, ".zst")];
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

/// A hard link costs nothing. Android forbids them to apps and some file systems have none.
fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() { Ok(()) } else { copy(from, to) }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    write_whole(to, |file| io::copy(&mut from, file).map(drop))
}

#[cfg(test)]
mod tests {
    use super::super::BackupFolder;
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

    /// A collection that is kept, as a process leaves it that is killed then.
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
    fn what_is_still_in_use_is_no_backup() {
        let (account, folder) = killed_after_keeping();
        assert_eq!(folder.list().unwrap(), []);
        settle(account.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(account.path().join("collection.anki2")).unwrap(), "old");
    }

    #[test]
    fn what_was_replaced_before_the_process_was_killed_is_a_backup_at_the_next_opening() {
        let (account, folder) = killed_after_keeping();
        fs::write(account.path().join("new"), "new").unwrap();
        fs::rename(account.path().join("new"), account.path().join("collection.anki2")).unwrap();
        settle(account.path());
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

    #[test]
    fn files_are_the_same_only_to_their_last_byte() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        let content = vec![7_u8; PIECE * 2 + 5];
        fs::write(&a, &content).unwrap();
        for (other, same) in [
            (content.clone(), true),
            (content[1..].to_vec(), false),
            ([&content[1..], &[8]].concat(), false),
            (Vec::new(), false),
        ] {
            fs::write(&b, other).unwrap();
            assert_eq!(is_same(&a, &b).unwrap(), same);
        }
    }

    #[test]
    fn a_copy_is_made_where_links_are_impossible() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&from, "x").unwrap();
        copy(&from, &to).unwrap();
        fs::write(&from, "changed").unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "x");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
