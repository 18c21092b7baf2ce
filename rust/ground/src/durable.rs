//! When something is on the disk: one policy for all crates.
//!
//! * **A file's content** is safe when its fsync has succeeded, and only then. No failure is
//!   overlooked: what cannot be synced is not confirmed.
//! * **A name** (of a new, renamed or removed file) is safe when its folder has been synced. Windows
//!   has no such call, and neither do some file systems, such as SMB and 9p: they say `EINVAL` or that
//!   it is not supported. That is accepted, because no second attempt and no other call would do more;
//!   SQLite does the same. Any other failure counts.
//! * **Many files** are synced by one call for the whole file system, which costs one commit of its
//!   journal instead of one for each file. Before Linux 5.8 that call does not report a failed
//!   write, so each file is synced there as well: by then it is clean, and syncing it is cheap.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::files::folder_of;

/// Waits until a file's content is on the disk.
///
/// # Errors
/// Whatever the system says; the content may be lost then.
pub fn sync_file(file: &File) -> io::Result<()> {
    file.sync_all()
}

/// [`sync_file`] for a closed file. Not for one that SQLite has open: closing any descriptor of a
/// file drops all of the process's locks on it.
///
/// # Errors
/// As for [`sync_file`], and when the file cannot be opened.
pub fn sync_file_at(path: &Path) -> io::Result<()> {
    // Windows only syncs files that are open for writing.
    let file = OpenOptions::new().read(true).write(cfg!(windows)).open(path)?;
    sync_file(&file)
}

/// Waits until a folder's names are on the disk, where the system and the file system can do that.
///
/// # Errors
/// When the folder cannot be opened, or its names could not be written.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        Err(error) if is_unable(&error) => Ok(()),
        synced => synced,
    }
}

/// [`sync_folder`] for the folder that a path's last name is in.
///
/// # Errors
/// As for [`sync_folder`].
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    sync_folder(folder_of(path))
}

/// Waits until these files of a folder, and the folder's names, are on the disk. Files may be missing.
///
/// # Errors
/// As for [`sync_file`] and [`sync_folder`].
pub fn sync_files(folder: &Path, files: &[PathBuf]) -> io::Result<()> {
    if files.len() > 1 && sync_file_system_of(folder) {
        return Ok(());
    }
    for file in files {
        match sync_file_at(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            synced => synced?,
        }
    }
    sync_folder(folder)
}

/// Whether a file system says that it cannot sync folders.
fn is_unable(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}

/// Syncs everything on a folder's file system. Returns whether that is known to have succeeded; if
/// not, at least what follows is quick.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn sync_file_system_of(folder: &Path) -> bool {
    let system = rustix::system::uname();
    let tells = system.release().to_str().is_ok_and(tells_failed_writes);
    // Android 8 ends some programs that make this call; phones with a new Linux have a newer one.
    if cfg!(target_os = "android") && !tells {
        return false;
    }
    tells & File::open(folder).is_ok_and(|folder| rustix::fs::syncfs(folder).is_ok())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sync_file_system_of(_folder: &Path) -> bool {
    false
}

/// Whether `syncfs` on this Linux reports a failed write: from 5.8 on. An unreadable version counts
/// as older.
#[cfg(any(target_os = "linux", target_os = "android", test))]
fn tells_failed_writes(release: &str) -> bool {
    let mut numbers = release.split(['.', '-', '+']).map(|part| part.parse::<u32>().ok());
    let version = (numbers.next().flatten(), numbers.next().flatten());
    version >= (Some(5), Some(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/proc` is such a file system.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_that_cannot_sync_folders_is_good_enough() {
        let refused = File::open("/proc/self").unwrap().sync_all().unwrap_err();
        assert!(is_unable(&refused), "{refused}");
        sync_folder(Path::new("/proc/self")).unwrap();
        sync_folder_of(Path::new("/proc/self/status")).unwrap();
    }

    #[test]
    fn any_other_failure_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert!(sync_folder(&folder.path().join("missing")).is_err());
        assert!(sync_file_at(&folder.path().join("missing")).is_err());
        for kind in [ErrorKind::StorageFull, ErrorKind::Other, ErrorKind::PermissionDenied] {
            assert!(!is_unable(&kind.into()));
        }
    }

    #[test]
    fn many_files_are_synced_and_some_may_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b", "c"].map(|name| folder.path().join(name));
        std::fs::write(&paths[0], "x").unwrap();
        std::fs::write(&paths[2], "x").unwrap();
        sync_files(folder.path(), &paths).unwrap();
        sync_files(folder.path(), &paths[..1]).unwrap();
    }

    #[test]
    fn only_a_new_linux_is_trusted_to_tell_of_failed_writes() {
        for (release, trusted) in [
            ("5.8.0", true),
            ("5.10.157-android13-4-00001-g5c7ff5dc7aac-ab10381520", true),
            ("6.1.0-13-amd64", true),
            ("10.0", true),
            ("5.7.19", false),
            ("5.4.210-qgki-g1234567", false),
            ("4.19.113-perf+", false),
            ("4.4.0-19041-Microsoft", false),
            ("5", false),
            ("", false),
            ("unknown", false),
        ] {
            assert_eq!(tells_failed_writes(release), trusted, "{release}");
        }
    }
}
