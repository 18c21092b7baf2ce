//! The data folder: made, checked and locked for one endpoint.
//!
//! The modules that put something inside describe it; this one only guards the
//! door. Commands that change accounts while an endpoint runs do not take the lock.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use deckport_ground::durable::sync_folder;
use deckport_ground::files::folder_of;

/// Locked by the running endpoint. The file stays; only the lock counts, and the operating system
/// releases it when the process ends, however that happens.
const LOCK_FILE: &str = "deckport.lock";
/// Written and removed to see whether the folder can be written.
const PROBE_FILE: &str = "deckport.probe";

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder is missing and cannot be made.
    #[error("the data folder {} cannot be created ({source}); choose another one or change the permissions of the folder above it", path.display())]
    Create {
        /// The data folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The path is a file or something else that is not a folder.
    #[error("{} is not a folder; choose another data folder or move that file away", path.display())]
    NotAFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// Files cannot be written in it.
    #[error("the data folder {} cannot be written ({source}); free some space, change its permissions or choose another one", path.display())]
    NotWritable {
        /// The data folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another endpoint holds the lock.
    #[error("another endpoint is using the data folder {}; stop it or choose another folder", path.display())]
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// The file system cannot lock files, so that a second endpoint could not be noticed.
    #[error("the data folder {} cannot be locked ({source}); choose one on a local disk", path.display())]
    CannotLock {
        /// The data folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A data folder that this process owns until the value is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder when it is missing, checks that it can be written and locks it.
    ///
    /// # Errors
    /// See [`FolderError`]; its message says what to do.
    pub fn open(path: &Path) -> Result<DataFolder, FolderError> {
        create_data_folder(path)?;
        check_writable(path)?;
        Ok(DataFolder { path: path.to_owned(), _lock: lock(path)? })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the data folder and those above it, readable only by its owner where the system has such
/// permissions. What exists is left as it is.
///
/// # Errors
/// [`FolderError::Create`], [`FolderError::NotAFolder`].
pub fn create_data_folder(path: &Path) -> Result<(), FolderError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(FolderError::NotAFolder { path: path.to_owned() }),
        Err(_) => {}
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    builder.create(path).map_err(|source| FolderError::Create { path: path.to_owned(), source })?;
    for made in missing {
        // The folders above may be closed to us; then it is up to the system.
        let _ = sync_folder(folder_of(made));
    }
    Ok(())
}

/// Writes and removes a small file. Also for health checks while the endpoint runs.
///
/// # Errors
/// [`FolderError::NotWritable`].
pub fn check_writable(path: &Path) -> Result<(), FolderError> {
    let probe = path.join(PROBE_FILE);
    let written = File::create(&probe).and_then(|mut file| {
        // Some file systems notice a full disk only when the data is really written.
        file.write_all(b"deckport").and_then(|()| file.sync_all())
    });
    let removed = match fs::remove_file(&probe) {
        // Another check that runs at the same time was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    written
        .and(removed)
        .map_err(|source| FolderError::NotWritable { path: path.to_owned(), source })
}

fn lock(path: &Path) -> Result<File, FolderError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join(LOCK_FILE))
        .map_err(|source| FolderError::NotWritable { path: path.to_owned(), source })?;
    match try_lock(&file) {
        Ok(true) => Ok(file),
        Ok(false) => Err(FolderError::InUse { path: path.to_owned() }),
        Err(source) => Err(FolderError::CannotLock { path: path.to_owned(), source }),
    }
}

/// Locks a file for this process until the file is closed; `false` when another one has it locked.
///
/// The system call itself: the standard library's function always fails on Android before Rust 1.98.
#[cfg(unix)]
fn try_lock(file: &File) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Locks a file for this process until the file is closed; `false` when another one has it locked.
#[cfg(not(unix))]
#[allow(clippy::disallowed_methods, reason = "the reason against it is Android")]
fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(fs::TryLockError::WouldBlock) => Ok(false),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_made_and_left_clean() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let folder = DataFolder::open(&path).unwrap();
        assert_eq!(folder.path(), path);
        let names: Vec<_> =
            fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [LOCK_FILE]);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_folder_is_closed_to_other_users() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        create_data_folder(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_second_instance_on_the_same_folder_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataFolder::open(dir.path()).unwrap();
        let refused = DataFolder::open(dir.path()).unwrap_err();
        assert!(matches!(refused, FolderError::InUse { .. }));
        assert!(refused.to_string().contains("stop it or choose another folder"));
        drop(first);
        DataFolder::open(dir.path()).unwrap();
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "x").unwrap();
        assert!(matches!(DataFolder::open(&path), Err(FolderError::NotAFolder { .. })));
        let below = path.join("data");
        assert!(matches!(DataFolder::open(&below), Err(FolderError::Create { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        // A folder in the probe's place fails for every user, root included.
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(PROBE_FILE)).unwrap();
        let error = DataFolder::open(dir.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotWritable { .. }), "{error}");
    }
}
