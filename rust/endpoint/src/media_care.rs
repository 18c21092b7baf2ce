//! Looking after the media of an account while nobody syncs it: what is wrong, what is unused.

use std::path::{Path, PathBuf};

use deckport_collection::{Collection, visit_media_texts};
use deckport_media::{CheckReport, MediaStore, References, UnusedFile};

use crate::account_care::AccountError;

/// Why the media could not be looked after. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaCareError {
    /// The media cannot be used; notably when a running endpoint has them open.
    #[error(transparent)]
    Media(#[from] deckport_media::Error),
    /// There is no such account, or the endpoint is stopping.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The collection that tells which files are used cannot be read.
    #[error("the collection cannot be read: {0}")]
    Collection(#[from] deckport_collection::Error),
}

/// The media of one account, opened for care.
#[derive(Debug)]
pub struct MediaCare {
    account_folder: PathBuf,
    store: MediaStore,
    now_ms: i64,
}

impl MediaCare {
    /// Opens the media in an account's folder; `None` when there are none yet. Opening looks at
    /// every file once, and takes what is missing or damaged out of the listing.
    ///
    /// # Errors
    /// [`MediaCareError::Media`].
    pub fn open(account_folder: &Path, now_ms: i64) -> Result<Option<MediaCare>, MediaCareError> {
        if !account_folder.join("media.db").exists() {
            return Ok(None);
        }
        let store = MediaStore::open(account_folder, now_ms)?;
        Ok(Some(MediaCare { account_folder: account_folder.to_owned(), store, now_ms }))
    }

    /// Reads every file and compares it with its record. With `repair`, lost files wait to be
    /// sent again by a device that has them, and foreign files move to the trash.
    ///
    /// # Errors
    /// [`MediaCareError::Media`].
    pub fn check(&mut self, repair: bool) -> Result<CheckReport, MediaCareError> {
        Ok(self.store.check(repair, self.now_ms)?)
    }

    /// Files that no note, template or style refers to, by name.
    ///
    /// # Errors
    /// [`MediaCareError`]; without a collection nothing is called unused.
    pub fn unused(&self) -> Result<Vec<UnusedFile>, MediaCareError> {
        let collection = Collection::open(&self.account_folder.join("collection.anki2"))?;
        let mut used = References::new();
        visit_media_texts(&collection, |text| used.add(text))?;
        let mut unused = self.store.unused(&used)?;
        unused.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(unused)
    }

    /// Deletes files on all devices at their next sync; here they move to the account's
    /// `media.trash`. Answers how many were moved.
    ///
    /// # Errors
    /// [`MediaCareError::Media`]; then nothing was deleted.
    pub fn delete(&mut self, files: &[UnusedFile]) -> Result<usize, MediaCareError> {
        let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
        Ok(self.store.move_to_trash(&names, self.now_ms)?)
    }

    /// Closes the media, complete and on the disk.
    ///
    /// # Errors
    /// [`MediaCareError::Media`]; nothing is lost then.
    pub fn close(self) -> Result<(), MediaCareError> {
        Ok(self.store.close()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_177_000_000;

    /// An account with the files `used.mp3` and `unused.mp3`.
    fn account() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let collection =
            Collection::create(&folder.path().join("collection.anki2"), NOW_MS).unwrap();
        let note =
            "INSERT INTO notes VALUES (1, 'g', 1, 0, 0, '', '[sound:used.mp3]', 'x', 0, 0, '')";
        collection.conn().execute_batch(note).unwrap();
        collection.close().unwrap();
        // As the reference server leaves them.
        let media = folder.path().join("media");
        std::fs::create_dir(&media).unwrap();
        let database = rusqlite::Connection::open(folder.path().join("media.db")).unwrap();
        database
            .execute_batch(
                "CREATE TABLE media (fname text PRIMARY KEY NOT NULL, csum blob NOT NULL,
                    size int NOT NULL, usn int NOT NULL, mtime int NOT NULL);
                 CREATE INDEX ix_usn ON media (usn);
                 CREATE TABLE meta (last_usn int NOT NULL, total_bytes int NOT NULL,
                    total_nonempty_files int NOT NULL);
                 INSERT INTO meta VALUES (2, 4, 2);
                 PRAGMA user_version = 4;",
            )
            .unwrap();
        for (usn, name) in [(1, "used.mp3"), (2, "unused.mp3")] {
            std::fs::write(media.join(name), b"hi").unwrap();
            let hash = <sha1::Sha1 as sha1::Digest>::digest(b"hi").to_vec();
            let row = (name, hash, usn);
            database.execute("INSERT INTO media VALUES (?1, ?2, 2, ?3, 0)", row).unwrap();
        }
        folder
    }

    #[test]
    fn an_account_without_media_has_nothing_to_care_for_and_gets_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(MediaCare::open(folder.path(), NOW_MS).unwrap().is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn unused_files_are_named_and_move_to_the_trash() {
        let account = account();
        let mut care = MediaCare::open(account.path(), NOW_MS).unwrap().unwrap();
        let unused = care.unused().unwrap();
        assert_eq!(unused, [UnusedFile { name: "unused.mp3".to_owned(), bytes: 2 }]);
        assert_eq!(care.delete(&unused).unwrap(), 1);
        assert!(care.unused().unwrap().is_empty());
        care.close().unwrap();
        assert!(!account.path().join("media/unused.mp3").exists());
        assert_eq!(std::fs::read(account.path().join("media.trash/unused.mp3")).unwrap(), b"hi");
        assert!(account.path().join("media/used.mp3").exists());
    }

    #[test]
    fn without_a_collection_nothing_is_called_unused() {
        let account = account();
        std::fs::remove_file(account.path().join("collection.anki2")).unwrap();
        let care = MediaCare::open(account.path(), NOW_MS).unwrap().unwrap();
        assert!(matches!(care.unused(), Err(MediaCareError::Collection(_))));
    }
}
