//! The folder of an account's backups: what is in it, getting one out, removing old ones.
//!
//! Everything here also works while an endpoint of another process uses the folder: what is
//! gone when it is looked at is skipped.

use std::collections::BTreeMap;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use deckport_accounts::Account;
use deckport_collection::{Collection, summary_of_file};
use deckport_ground::durable::{sync_file, sync_folder};
use deckport_ground::files::{beside, copy_file, folder_of, remove_if_present};
use deckport_ground::progress::{Watched, Watcher, go_on};
use deckport_ground::space::free_bytes;

use super::error::BackupError;
use super::facts::{BackupInfo, BackupReason, Counts, Facts};
use super::retention::Candidate;
use super::{BackupPolicy, compress, name};
use crate::place::Place;

/// The folder's name inside an account's.
pub(super) const FOLDER: &str = "backups";

/// The backups of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFolder {
    path: PathBuf,
}

impl BackupFolder {
    /// The backups of an account in a data folder.
    #[must_use]
    pub fn of(data_dir: &Path, account: &Account) -> BackupFolder {
        Place::of(data_dir, account).backups()
    }

    /// The backups in an account's folder.
    pub(crate) fn in_account(folder: &Path) -> BackupFolder {
        BackupFolder::at(folder.join(FOLDER))
    }

    pub(super) fn at(path: PathBuf) -> BackupFolder {
        BackupFolder { path }
    }

    /// Where they are; the folder may be missing.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All backups, newest first. Blocks for a short time.
    ///
    /// # Errors
    /// [`BackupError::Io`] when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<BackupInfo>, BackupError> {
        let files = self.files()?.into_iter();
        let mut backups: Vec<BackupInfo> =
            files.filter_map(|(name, compressed)| self.describe(name, compressed)).collect();
        backups.sort_by(|a, b| (b.made_ms, &b.name).cmp(&(a.made_ms, &a.name)));
        Ok(backups)
    }

    /// One backup, by its name or file name.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], or [`BackupError::Io`] when the folder cannot be read.
    pub fn find(&self, name: &str) -> Result<BackupInfo, BackupError> {
        let meant = name::meant(name);
        // From the list and nowhere else: the text may be anything, even a path.
        let found = self.files()?.into_iter().find(|(name, _)| name == meant);
        found
            .and_then(|(name, compressed)| self.describe(name, compressed))
            .ok_or(BackupError::NoSuchBackup)
    }

    /// Writes a backup as an ordinary collection file to `to`, which must not exist. Blocks.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Exists`], or a failure of the disk. Then
    /// there is no file at `to`.
    pub fn export(&self, name: &str, to: &Path) -> Result<BackupInfo, BackupError> {
        self.export_watched(name, to, &mut go_on)
    }

    /// [`BackupFolder::export`] with a watcher.
    pub(crate) fn export_watched(
        &self,
        name: &str,
        to: &Path,
        watcher: &mut Watcher<'_>,
    ) -> Result<BackupInfo, BackupError> {
        let backup = self.find(name)?;
        let file = match OpenOptions::new().write(true).create_new(true).open(to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists { path: to.to_owned() });
            }
            other => other?,
        };
        let mut watched =
            Watched { inner: &file, watcher, done: 0, total: backup.collection_bytes };
        let written = self.unpack(&backup, &mut watched).and_then(|()| Ok(sync_file(&file)?));
        drop(file);
        let complete = written
            .and_then(|()| self.add_log(&backup, to))
            .and_then(|()| Ok(sync_folder(folder_of(to))?));
        if complete.is_err() {
            let _ = fs::remove_file(to);
        }
        complete.map(|()| backup)
    }

    /// Writes the backup's collection, uncompressed.
    fn unpack(&self, backup: &BackupInfo, to: &mut impl Write) -> Result<(), BackupError> {
        match compress::unpack(&self.path.join(&backup.file), to) {
            // It has just been compressed.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !backup.compressed => {
                let compressed = format!("{}{}", backup.name, name::COMPRESSED);
                match compress::unpack(&self.path.join(compressed), to) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        Err(BackupError::NoSuchBackup)
                    }
                    other => Ok(other?),
                }
            }
            other => Ok(other?),
        }
    }

    /// A collection that could not be opened when it was kept may have a write-ahead log, whose
    /// changes are moved into the file at `to`.
    fn add_log(&self, backup: &BackupInfo, to: &Path) -> Result<(), BackupError> {
        let log = beside(&self.path.join(&backup.file), "-wal");
        if !fs::metadata(&log).is_ok_and(|found| found.len() > 0) {
            return Ok(());
        }
        let own_log = beside(to, "-wal");
        let added = copy_file(&log, &own_log).map_err(BackupError::from).and_then(|_| {
            let unusable =
                |error: deckport_collection::Error| BackupError::Unusable(error.to_string());
            Collection::open(to).and_then(Collection::close).map_err(unusable)
        });
        for suffix in ["-wal", "-shm"] {
            let _ = remove_if_present(&beside(to, suffix));
        }
        added
    }

    /// Removes the backups that `policy` does not keep, and returns their names. Files that were
    /// not named by an endpoint stay. `now_ms` is the current time in Unix milliseconds.
    ///
    /// # Errors
    /// [`BackupError::Io`]; some may have been removed then.
    pub fn prune(
        &self,
        policy: &BackupPolicy,
        now_ms: i64,
    ) -> Result<Vec<BackupInfo>, BackupError> {
        self.prune_to(policy, None, now_ms)
    }

    /// [`BackupFolder::prune`] to at most `most` bytes, except that the newest one always stays.
    pub(crate) fn prune_to(
        &self,
        policy: &BackupPolicy,
        most: Option<u64>,
        now_ms: i64,
    ) -> Result<Vec<BackupInfo>, BackupError> {
        let own = self.own()?;
        let weigh =
            |backup: &BackupInfo| Candidate { made_ms: backup.made_ms, bytes: backup.stored_bytes };
        let candidates: Vec<Candidate> = own.iter().map(weigh).collect();
        let used = candidates.iter().map(|backup| backup.bytes).sum();
        let budget = policy.budget(used, free_bytes(&self.path));
        let budget = budget.into_iter().chain(most).min();
        let superfluous = policy.superfluous(&candidates, budget, now_ms);
        let mut removed = Vec::new();
        for (place, backup) in own.into_iter().enumerate() {
            if superfluous.contains(&place) {
                self.remove(&backup.name)?;
                removed.push(backup);
            }
        }
        Ok(removed)
    }

    /// The backups that an endpoint named, newest first.
    pub(crate) fn own(&self) -> Result<Vec<BackupInfo>, BackupError> {
        let mut backups = self.list()?;
        backups.retain(|backup| name::parse(&backup.name).is_some());
        Ok(backups)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let plain = self.path.join(format!("{name}{}", name::PLAIN));
        // The log first: without it the file is still what it was before the log.
        remove_if_present(&beside(&plain, "-wal"))?;
        remove_if_present(&plain)?;
        remove_if_present(&self.path.join(format!("{name}{}", name::COMPRESSED)))?;
        remove_if_present(&self.path.join(format!("{name}{}", name::FACTS)))
    }

    /// Names, and whether there is only a compressed file.
    fn files(&self) -> Result<BTreeMap<String, bool>, BackupError> {
        let mut files = BTreeMap::new();
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            other => other?,
        };
        for entry in entries {
            let file_name = entry?.file_name();
            if let Some((name, compressed)) = file_name.to_str().and_then(name::of_file) {
                let only_compressed = files.entry(name.to_owned()).or_insert(true);
                *only_compressed &= compressed;
            }
        }
        Ok(files)
    }

    /// `None` when it is gone or not a file.
    fn describe(&self, name: String, compressed: bool) -> Option<BackupInfo> {
        let end = if compressed { name::COMPRESSED } else { name::PLAIN };
        let file = format!("{name}{end}");
        let path = self.path.join(&file);
        let found = fs::metadata(&path).ok().filter(Metadata::is_file)?;
        let log_bytes = fs::metadata(beside(&path, "-wal")).map_or(0, |log| log.len());
        let facts = Facts::read(&self.path, &name);
        let by_name = name::parse(&name);
        let made_ms = match by_name {
            // The facts may be more exact, but the name decides how long it stays.
            Some((second, _)) => {
                let exactly = |made: &i64| (0..1000).contains(&made.saturating_sub(second));
                facts.made_ms.filter(exactly).unwrap_or(second)
            }
            None => facts.made_ms.unwrap_or_else(|| modified_ms(&found)),
        };
        let counts = facts.counts.or_else(|| {
            let summary = (!compressed && log_bytes == 0).then(|| summary_of_file(&path).ok());
            summary.flatten().map(Counts::from)
        });
        Some(BackupInfo {
            made_ms,
            reason: facts
                .reason
                .or(by_name.map(|(_, reason)| reason))
                .unwrap_or(BackupReason::Other),
            device: facts.device,
            counts,
            collection_bytes: if compressed { facts.bytes } else { Some(found.len()) },
            stored_bytes: found.len().saturating_add(log_bytes),
            compressed,
            name,
            file,
        })
    }
}

/// When a file was last changed, Unix milliseconds; 0 where the system does not say.
fn modified_ms(found: &Metadata) -> i64 {
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    modified.and_then(|time| i64::try_from(time.as_millis()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
