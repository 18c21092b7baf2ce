//! The file operations that a store needs, as one small interface.
//!
//! [`RealDisk`] is the only one in the product. Tests put others in its place that fail at the
//! n-th call or cannot tell upper from lower case.

use deckport_ground::durable;
use std::fs::{self, File, OpenOptions, ReadDir};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// A regular file; links and folders are not.
    pub(crate) is_file: bool,
    /// Bytes.
    pub(crate) size: u64,
    /// Time of the last change of the content, nanoseconds since 1970; may be negative.
    pub(crate) modified_ns: i64,
}

impl Stat {
    /// From metadata read without following links.
    pub(crate) fn of(metadata: &fs::Metadata) -> Stat {
        let ns = |time: std::time::Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let modified_ns = match metadata.modified().map(|time| time.duration_since(UNIX_EPOCH)) {
            Ok(Ok(after)) => ns(after),
            Ok(Err(before)) => -ns(before.duration()),
            Err(_) => 0,
        };
        Stat { is_file: metadata.is_file(), size: metadata.len(), modified_ns }
    }
}

/// File operations. Each does what the function of the standard library does.
pub(crate) trait Disk: Send + Sync {
    /// Creates a file that must not exist.
    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    /// Appends to a new file.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    /// Waits until a file's content is on the disk.
    fn sync(&self, file: &File) -> io::Result<()> {
        durable::sync_file(file)
    }

    /// Waits until a folder's entries are on the disk.
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        durable::sync_folder(path)
    }

    /// Waits until files of a folder, and its entries, are on the disk. Files may be missing.
    fn sync_files(&self, folder: &Path, files: &[PathBuf]) -> io::Result<()> {
        durable::sync_files(folder, files)
    }

    /// Renames, replacing what has the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// Looks at an entry without following links; `None` when there is none.
    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        match fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some(Stat::of(&metadata))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    /// Makes a folder if it is missing.
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            result => result,
        }
    }

    /// The entries of a folder.
    fn entries(&self, path: &Path) -> io::Result<ReadDir> {
        fs::read_dir(path)
    }
}

/// The operating system's.
pub(crate) struct RealDisk;

impl Disk for RealDisk {}

/// Removes a file that may be gone already.
pub(crate) fn remove_if_there(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
