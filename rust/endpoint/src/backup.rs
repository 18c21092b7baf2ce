//! Keeping the collection that is about to be replaced.
//!
//! A backup is a complete collection file in the account's `backups` folder, named by the UTC
//! time and the reason: `2026-11-20-123127-upload.anki2`. The newest [`KEPT`] stay.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::faults;

/// How many backups stay.
const KEPT: usize = 10;
const SUFFIX: &str = ".anki2";

/// A kept copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backup {
    /// File name in the backup folder.
    pub(crate) file: String,
    /// Size in bytes.
    pub(crate) bytes: u64,
}

/// Puts the collection at `path` into `folder` under a new name and leaves it where it is, too:
/// at no moment is it in neither place. A write-ahead log that SQLite left beside it, which
/// means that it could not be opened, goes along. On disk when this returns.
pub(crate) fn keep(path: &Path, folder: &Path, reason: &str, now_ms: i64) -> io::Result<Backup> {
    fs::create_dir_all(folder)?;
    let stamp = utc_stamp(now_ms);
    let mut file = format!("{stamp}-{reason}{SUFFIX}");
    let mut attempt = 1;
    while folder.join(&file).exists() {
        attempt += 1;
        file = format!("{stamp}-{reason}-{attempt}{SUFFIX}");
    }
    let target = folder.join(&file);
    let log = beside(path, "-wal");
    if log.exists() {
        link_or_copy(&log, &beside(&target, "-wal"))?;
    }
    link_or_copy(path, &target)?;
    faults::point("backup.linked");
    sync_folder(folder)?;
    Ok(Backup { bytes: fs::metadata(&target)?.len(), file })
}

/// Removes all but the newest backups. Files that were not named here are never touched.
pub(crate) fn prune(folder: &Path) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        if let Ok(name) = entry?.file_name().into_string()
            && is_backup(&name)
        {
            names.push(name);
        }
    }
    // The names begin with the time.
    names.sort_unstable_by(|a, b| b.cmp(a));
    for name in names.iter().skip(KEPT) {
        let path = folder.join(name);
        let log = beside(&path, "-wal");
        if log.exists() {
            fs::remove_file(log)?;
        }
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Makes renames and new names in a folder survive a power cut, where the system needs that.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The path of one of SQLite's files beside a database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A hard link costs nothing. Android forbids them to apps and some file systems have none.
fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() { Ok(()) } else { copy(from, to) }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let part = beside(to, ".part");
    let copied = fs::copy(from, &part)
        .and_then(|_| File::open(&part)?.sync_all())
        .and_then(|()| fs::rename(&part, to));
    if copied.is_err() {
        let _ = fs::remove_file(&part);
    }
    copied
}

/// Whether a name has the form `2026-11-20-123127-….anki2`.
fn is_backup(name: &str) -> bool {
    const PATTERN: &[u8] = b"0000-00-00-000000-";
    let begins = name.len() > PATTERN.len()
        && name.bytes().zip(PATTERN).all(|(byte, pattern)| match pattern {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        });
    begins && name.ends_with(SUFFIX)
}

/// `2026-11-20-123127`.
fn utc_stamp(now_ms: i64) -> String {
    let secs = now_ms.div_euclid(1000);
    let (year, month, day) = date_of(secs.div_euclid(86_400));
    let in_day = secs.rem_euclid(86_400);
    let (hour, minute, second) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
    format!("{year:04}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}")
}

/// The Gregorian date of a day counted from 1970-01-01. Years are counted from March here, so
/// that the leap day is a year's last.
fn date_of(days: i64) -> (i64, i64, i64) {
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let since_0000_03_01 = days + 719_468;
    let era = since_0000_03_01.div_euclid(DAYS_IN_400_YEARS);
    let day_of_era = since_0000_03_01.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_time_and_reason() {
        assert_eq!(utc_stamp(0), "1970-01-01-000000");
        assert_eq!(utc_stamp(951_782_400_000), "2000-02-29-000000");
        assert_eq!(utc_stamp(1_795_177_887_205), "2026-11-20-123127");
        assert_eq!(utc_stamp(4_107_542_399_999), "2100-02-28-235959");
        assert_eq!(utc_stamp(4_107_542_400_000), "2100-03-01-000000");
    }

    #[test]
    fn two_backups_in_one_second_are_both_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collection.anki2");
        let backups = folder.path().join("backups");
        for content in ["one", "two"] {
            fs::write(&path, content).unwrap();
            let backup = keep(&path, &backups, "upload", 0).unwrap();
            assert_eq!(backup.bytes, 3);
            assert_eq!(fs::read_to_string(backups.join(&backup.file)).unwrap(), content);
            // As an upload does: the name gets a new file.
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_log_that_sqlite_left_is_kept_with_its_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collection.anki2");
        fs::write(&path, "damaged").unwrap();
        fs::write(folder.path().join("collection.anki2-wal"), "log").unwrap();
        let backups = folder.path().join("backups");
        let file = keep(&path, &backups, "upload", 0).unwrap().file;
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

    #[test]
    fn only_the_newest_stay_and_foreign_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collection.anki2");
        let backups = folder.path().join("backups");
        fs::write(&path, "x").unwrap();
        let kept: Vec<String> = (0..15)
            .map(|day| keep(&path, &backups, "upload", day * 86_400_000).unwrap().file)
            .collect();
        fs::write(backups.join("mine.anki2"), "x").unwrap();
        fs::write(backups.join("1960-notes.txt"), "x").unwrap();
        prune(&backups).unwrap();
        for (day, file) in kept.iter().enumerate() {
            assert_eq!(backups.join(file).exists(), day >= 5, "{file}");
        }
        assert!(backups.join("mine.anki2").exists());
        assert!(backups.join("1960-notes.txt").exists());
    }
}
