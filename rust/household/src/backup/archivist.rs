//! Tidying up backups in idle time: removing superfluous ones and compressing old ones.
//!
//! One thread for the whole endpoint, which exists only while there is something to do. It never
//! touches a collection, so no sync ever waits for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use deckport_ground::clock::Clock;

use super::{BackupFolder, BackupPolicy, compress};
use crate::options::HouseholdOptions;

/// Tidies the backups of accounts that have become idle.
#[derive(Debug)]
pub(crate) struct Archivist {
    policy: BackupPolicy,
    clock: Arc<dyn Clock>,
    stopping: AtomicBool,
    work: Mutex<Work>,
}

#[derive(Debug, Default)]
struct Work {
    waiting: VecDeque<BackupFolder>,
    is_running: bool,
    thread: Option<JoinHandle<()>>,
}

impl Archivist {
    /// Does nothing until asked to.
    pub(crate) fn new(options: &HouseholdOptions) -> Arc<Archivist> {
        Arc::new(Archivist {
            policy: options.backups.clone(),
            clock: Arc::clone(&options.clock),
            stopping: AtomicBool::new(false),
            work: Mutex::default(),
        })
    }

    /// Tidies an account's backups soon, after those asked for before.
    pub(crate) fn tidy_soon(self: &Arc<Archivist>, backups: BackupFolder) {
        let mut work = self.lock();
        if self.stopping.load(Ordering::Relaxed) {
            return;
        }
        if !work.waiting.contains(&backups) {
            work.waiting.push_back(backups);
        }
        if !work.is_running {
            let own = Arc::clone(self);
            let thread = thread::Builder::new().name("backups".to_owned()).spawn(move || own.run());
            work.is_running = thread.is_ok();
            // Without a thread it is done at the next opportunity.
            work.thread = thread.ok();
        }
    }

    /// Gives up what is not done and waits for the thread to end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let thread = self.lock().thread.take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// After [`Archivist::stop`]: works again when asked to.
    pub(crate) fn resume(&self) {
        self.stopping.store(false, Ordering::Relaxed);
    }

    fn run(&self) {
        loop {
            let next = {
                let mut work = self.lock();
                let next = work.waiting.pop_front();
                let goes_on = next.is_some() && !self.stopping.load(Ordering::Relaxed);
                work.is_running = goes_on;
                next.filter(|_| goes_on)
            };
            let Some(folder) = next else { return };
            self.tidy(&folder);
        }
    }

    /// Problems are not reported: everything stays as it was, and is tried again.
    fn tidy(&self, folder: &BackupFolder) {
        let now_ms = self.clock.now_ms();
        let _ = folder.prune(&self.policy, now_ms);
        let age = i64::try_from(self.policy.compress_after.as_millis()).unwrap_or(i64::MAX);
        for backup in folder.own().unwrap_or_default().iter().skip(1) {
            let is_old = now_ms.saturating_sub(backup.made_ms) >= age;
            // One with a log beside it could not be read when it was kept: better not touch it.
            let is_whole = backup.collection_bytes == Some(backup.stored_bytes);
            if is_old && is_whole && !backup.compressed {
                let _ = compress::compress(folder.path(), &backup.name, &self.stopping);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything asked for is done.
    #[cfg(test)]
    pub(crate) fn wait(&self) {
        let thread = self.lock().thread.take();
        if let Some(thread) = thread {
            thread.join().unwrap();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use deckport_ground::clock::ManualClock;

    const NOW: i64 = 1_795_177_887_205;

    fn archivist() -> Arc<Archivist> {
        let mut options = HouseholdOptions::new("unused");
        options.clock = Arc::new(ManualClock::new(NOW));
        Archivist::new(&options)
    }

    fn account_with(files: &[&str]) -> tempfile::TempDir {
        let account = tempfile::tempdir().unwrap();
        let backups = account.path().join("backups");
        fs::create_dir(&backups).unwrap();
        for file in files {
            fs::write(backups.join(file), "x").unwrap();
        }
        account
    }

    fn files(account: &Path) -> Vec<String> {
        let entries = fs::read_dir(account.join("backups")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn old_backups_are_compressed_and_the_newest_recent_and_foreign_ones_are_not() {
        let account = account_with(&[
            "2026-11-20-123127-upload.anki2",
            "2026-11-20-103127-upload.anki2",
            "2026-11-19-123126-upload.anki2",
            "2026-11-18-123127-upload.anki2",
            "2026-11-18-123127-upload.anki2-wal",
            "mine.anki2",
        ]);
        let archivist = archivist();
        archivist.tidy_soon(BackupFolder::in_account(account.path()));
        archivist.wait();
        let expected = [
            "2026-11-18-123127-upload.anki2",
            "2026-11-18-123127-upload.anki2-wal",
            "2026-11-19-123126-upload.anki2.zst",
            "2026-11-20-103127-upload.anki2",
            "2026-11-20-123127-upload.anki2",
            "mine.anki2",
        ];
        assert_eq!(files(account.path()), expected);
    }

    #[test]
    fn the_only_backup_stays_as_it_is() {
        let account = account_with(&["2025-11-20-123127-upload.anki2"]);
        let archivist = archivist();
        archivist.tidy_soon(BackupFolder::in_account(account.path()));
        archivist.wait();
        assert_eq!(files(account.path()), ["2025-11-20-123127-upload.anki2"]);
    }

    #[test]
    fn it_works_again_after_it_was_done_and_never_after_it_was_stopped() {
        let old = "2026-11-01-123127-upload.anki2";
        let newest = "2026-11-20-123127-upload.anki2";
        let accounts: Vec<_> = (0..3).map(|_| account_with(&[old, newest])).collect();
        let archivist = archivist();
        for account in &accounts[..2] {
            archivist.tidy_soon(BackupFolder::in_account(account.path()));
            archivist.wait();
            assert_eq!(files(account.path())[0], format!("{old}.zst"));
        }
        archivist.stop();
        archivist.tidy_soon(BackupFolder::in_account(accounts[2].path()));
        archivist.wait();
        assert_eq!(files(accounts[2].path()), [old, newest]);
    }
}
