//! Keeping a collection: cheaply where its file is about to be replaced, as a copy otherwise.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::facts::{BackupInfo, BackupReason, Counts, Facts};
use super::name;
use crate::files::{beside, sync_folder, write_whole};
use crate::temp_file::TempFile;

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
/// at no moment is it in neither place. Whoever calls this must give the old place a new file
/// before anything is written. A write-ahead log that SQLite left beside it, which means that it
/// could not be opened, goes along. On disk when this returns.
pub(crate) fn keep(path: &Path, folder: &Path, occasion: &Occasion<'_>) -> io::Result<BackupInfo> {
    let name = new_name(folder, occasion)?;
    let target = folder.join(format!("{name}{}", name::PLAIN));
    let log = beside(path, "-wal");
    if log.exists() {
        link_or_copy(&log, &beside(&target, "-wal"))?;
    }
    link_or_copy(path, &target)?;
    complete(folder, name, occasion)
}

/// Moves a complete copy of a collection into `folder`. On disk when this returns.
pub(crate) fn keep_copy(
    copy: TempFile,
    folder: &Path,
    occasion: &Occasion<'_>,
) -> io::Result<BackupInfo> {
    OpenOptions::new().write(true).open(copy.path())?.sync_all()?;
    let name = new_name(folder, occasion)?;
    copy.rename(&folder.join(format!("{name}{}", name::PLAIN)))?;
    complete(folder, name, occasion)
}

fn new_name(folder: &Path, occasion: &Occasion<'_>) -> io::Result<String> {
    fs::create_dir_all(folder)?;
    let mut attempt = 1;
    loop {
        let name = name::of_new(occasion.reason, occasion.now_ms, attempt);
        let is_taken = |end| folder.join(format!("{name}{end}")).exists();
        if !is_taken(name::PLAIN) && !is_taken(name::COMPRESSED) {
            return Ok(name);
        }
        attempt += 1;
    }
}

fn complete(folder: &Path, name: String, occasion: &Occasion<'_>) -> io::Result<BackupInfo> {
    let file = format!("{name}{}", name::PLAIN);
    let bytes = fs::metadata(folder.join(&file))?.len();
    let facts = Facts {
        made_ms: Some(occasion.now_ms),
        reason: Some(occasion.reason),
        device: occasion.device.map(str::to_owned),
        counts: occasion.counts,
        bytes: Some(bytes),
    };
    // The backup is good without them, and a full disk is no reason to refuse what made it.
    let _ = facts.write(folder, &name);
    sync_folder(folder)?;
    Ok(BackupInfo {
        name,
        file,
        made_ms: occasion.now_ms,
        reason: occasion.reason,
        device: facts.device,
        counts: occasion.counts,
        collection_bytes: Some(bytes),
        stored_bytes: bytes,
        compressed: false,
    })
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
            let backup = keep(&path, &backups, &occasion(0)).unwrap();
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
        let file = keep(&path, &backups, &occasion(0)).unwrap().file;
        assert_eq!(fs::read_to_string(backups.join(format!("{file}-wal"))).unwrap(), "log");
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
