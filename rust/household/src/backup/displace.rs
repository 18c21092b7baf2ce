//! Getting a collection's file out of the way of the one that replaces it, without ever losing it.
//!
//! Where hard links are possible, it gets a second name among the backups, and the new file's name
//! then simply replaces the first one. Android does not let apps make links, and some file systems
//! have none; there it moves to the backups *before* the new file moves to its place. In between there
//! is no collection, and [`settle_one`] puts the old one back at the next opening. Neither way needs
//! room for a copy. Only backups on another disk do, and then only if it has the room.
//!
//! The name among the backups ends in [`PENDING`] until the new file is in its place, on disk. So
//! the files always show what was going on: a pending one that equals the collection means that
//! nothing was replaced; one that differs, that it was; and one without a
//! collection, that it is the collection.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;

use deckport_ground::durable::sync_folder;
use deckport_ground::files::{self, beside, folder_of, remove_if_present, write_whole};
use deckport_ground::space::spare_bytes;

use super::name;
use deckport_ground::faults;

/// End of the name of a file that becomes a backup when another one has taken its place.
pub(super) const PENDING: &str = ".kept";
/// SQLite's log beside a collection that could not be opened or closed.
const LOG: &str = "-wal";
/// How much of two files is compared at a time.
const PIECE: usize = 64 * 1024;

/// Puts what is at `path` among the backups, pending for the name `target`, in the cheapest way
/// there is. On disk when this returns. After an error [`settle_one`] has to be called.
pub(super) fn displace(path: &Path, target: &Path) -> io::Result<()> {
    let pending = beside(target, PENDING);
    if fs::hard_link(path, &pending).is_ok() {
        link_or_copy(&beside(path, LOG), &beside(target, LOG))?;
        faults::point("backup.linked");
        return sync_folder(folder_of(target));
    }
    match fs::rename(path, &pending) {
        Ok(()) => move_along(path, target),
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            copy(&beside(path, LOG), &beside(target, LOG))?;
            copy(path, &pending)?;
            sync_folder(folder_of(target))
        }
        Err(error) => Err(error),
    }
}

/// The collection has been moved, and is safe before anything else happens; then its log, without
/// which it might lack what it has confirmed.
fn move_along(path: &Path, target: &Path) -> io::Result<()> {
    faults::point("backup.moved");
    sync_both(target, path)?;
    faults::point("backup.move_synced");
    if is_there(&beside(path, LOG))? {
        fs::rename(beside(path, LOG), beside(target, LOG))?;
        sync_both(target, path)?;
    }
    Ok(())
}

/// Another collection has taken the place of the one that is pending for `target`, on disk.
pub(super) fn complete(target: &Path) -> io::Result<()> {
    fs::rename(beside(target, PENDING), target)?;
    sync_folder(folder_of(target))
}

/// Finds out what became of the collection at `path` and its replacement, and finishes that: what is
/// pending for `target` becomes a backup, is removed, or goes back.
pub(super) fn settle_one(path: &Path, target: &Path) -> io::Result<()> {
    let pending = beside(target, PENDING);
    if !is_there(&pending)? {
        return if is_there(path)? { discard(path, target) } else { Ok(()) };
    }
    if !is_there(path)? {
        put_log_back(path, target)?;
        fs::rename(&pending, path)?;
        faults::point("backup.put_back");
        sync_both(path, target)?;
        return discard(path, target);
    }
    if is_same(&pending, path)? { discard(path, target) } else { complete(target) }
}

/// The collection is in its place. Removes what was kept of it needlessly.
fn discard(path: &Path, target: &Path) -> io::Result<()> {
    put_log_back(path, target)?;
    for suffix in [LOG, PENDING] {
        remove_if_present(&beside(target, suffix))?;
    }
    remove_if_present(&target.with_extension(name::FACTS.trim_start_matches('.')))
}

/// A log belongs to its collection. If that has lost it, it is still here.
fn put_log_back(path: &Path, target: &Path) -> io::Result<()> {
    let (own, kept) = (beside(path, LOG), beside(target, LOG));
    if is_there(&own)? || !is_there(&kept)? {
        return Ok(());
    }
    fs::rename(kept, own)?;
    sync_both(path, target)
}

/// Syncs the folder that something was moved to, and then the one that it came from.
fn sync_both(to: &Path, from: &Path) -> io::Result<()> {
    sync_folder(folder_of(to))?;
    sync_folder(folder_of(from))
}

fn is_there(path: &Path) -> io::Result<bool> {
    path.try_exists()
}

/// What is missing needs no copy.
fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() { Ok(()) } else { copy(from, to) }
}

/// A copy, if the disk has room for it besides what transfers leave free.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = match File::open(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let bytes = from.metadata()?.len();
    if spare_bytes(folder_of(to)).is_some_and(|spare| spare < bytes) {
        return Err(ErrorKind::StorageFull.into());
    }
    write_whole(to, |file| files::copy(&mut from, file).map(drop))
}

/// Whether two files have the same content, or are the same file.
fn is_same(a: &Path, b: &Path) -> io::Result<bool> {
    let (a, b) = (File::open(a)?, File::open(b)?);
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;

    /// An account with a collection, and the name for its backup.
    struct Place {
        account: TempDir,
        path: PathBuf,
        target: PathBuf,
    }

    impl Place {
        fn new() -> Place {
            let account = tempfile::tempdir().unwrap();
            let (path, backups) =
                (account.path().join("collection.anki2"), account.path().join("backups"));
            fs::create_dir(&backups).unwrap();
            fs::write(&path, "old").unwrap();
            fs::write(beside(&path, LOG), "log").unwrap();
            let target = backups.join("2026-11-20-123127-upload.anki2");
            fs::write(target.with_extension("json"), "{}").unwrap();
            Place { account, path, target }
        }

        /// As where links are refused.
        fn moved() -> Place {
            let place = Place::new();
            fs::rename(&place.path, beside(&place.target, PENDING)).unwrap();
            move_along(&place.path, &place.target).unwrap();
            place
        }

        fn files(&self) -> Vec<String> {
            let mut files = Vec::new();
            for folder in [self.account.path(), folder_of(&self.target)] {
                for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                    if entry.file_type().unwrap().is_file() {
                        let content = fs::read_to_string(entry.path()).unwrap();
                        let name = entry.file_name().into_string().unwrap();
                        files.push(format!("{name}: {content}"));
                    }
                }
            }
            files.sort();
            files
        }

        fn assert_untouched(&self) {
            assert_eq!(self.files(), ["collection.anki2-wal: log", "collection.anki2: old"]);
        }
    }

    #[test]
    fn what_was_moved_away_for_nothing_is_put_back_with_its_log() {
        let place = Place::moved();
        assert!(!place.path.exists());
        settle_one(&place.path, &place.target).unwrap();
        place.assert_untouched();
    }

    #[test]
    fn wherever_a_move_or_its_undoing_is_interrupted_it_is_undone() {
        for step in 0..3 {
            let place = Place::new();
            fs::rename(&place.path, beside(&place.target, PENDING)).unwrap();
            if step > 0 {
                move_along(&place.path, &place.target).unwrap();
            }
            if step > 1 {
                put_log_back(&place.path, &place.target).unwrap();
            }
            settle_one(&place.path, &place.target).unwrap();
            place.assert_untouched();
        }
    }

    #[test]
    fn a_collection_that_lost_its_log_before_it_was_replaced_gets_it_back() {
        let place = Place::new();
        displace(&place.path, &place.target).unwrap();
        fs::remove_file(beside(&place.path, LOG)).unwrap();
        settle_one(&place.path, &place.target).unwrap();
        place.assert_untouched();
    }

    #[test]
    fn what_was_replaced_becomes_a_backup_with_its_log() {
        for place in [Place::moved(), {
            let place = Place::new();
            displace(&place.path, &place.target).unwrap();
            fs::remove_file(beside(&place.path, LOG)).unwrap();
            fs::remove_file(&place.path).unwrap();
            place
        }] {
            fs::write(&place.path, "new").unwrap();
            settle_one(&place.path, &place.target).unwrap();
            let name = "2026-11-20-123127-upload";
            let expected = [
                format!("{name}.anki2-wal: log"),
                format!("{name}.anki2: old"),
                format!("{name}.json: {{}}"),
                "collection.anki2: new".to_owned(),
            ];
            assert_eq!(place.files(), expected);
        }
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
    fn a_copy_is_made_where_there_is_no_other_way() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&from, "x").unwrap();
        copy(&from, &to).unwrap();
        fs::write(&from, "changed").unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "x");
        copy(&folder.path().join("missing"), &to).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
