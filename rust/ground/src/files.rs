//! Small file operations that several crates need.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::durable::{sync_file, sync_folder};

/// End of the name of a file that is not complete.
pub const PART: &str = ".part";

/// Makes a folder and its parents where they are missing. A new folder's name is on disk when this
/// returns: without it, everything synced inside would be lost.
///
/// # Errors
/// When it cannot be made, or something else has its name.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    sync_folder(folder_of(path)).inspect_err(|_| {
        // Otherwise the next attempt would find it and not sync it.
        let _ = fs::remove_dir(path);
    })
}

/// The folder that a path's last name is in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The path with `suffix` after the file name, as SQLite names its files beside a database.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes a file that may not be there.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies all that is left to read, using only reads and writes; returns the number of bytes.
///
/// Between two files the standard library's functions call `copy_file_range`, for which
/// Android 8 may end a program (docs/android.md).
///
/// # Errors
/// As for [`io::copy`].
#[allow(clippy::disallowed_methods, reason = "what it reads from is not a file here")]
pub fn copy(from: &mut (impl Read + ?Sized), to: &mut (impl Write + ?Sized)) -> io::Result<u64> {
    io::copy(&mut Reading(from), to)
}

/// Hides from the standard library what kind of source is read.
struct Reading<'a, R: ?Sized>(&'a mut R);

impl<R: Read + ?Sized> Read for Reading<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

/// Copies the content of a file into another one, which is made or replaced; returns its size.
///
/// # Errors
/// As for [`fs::copy`].
pub fn copy_file(from: &Path, to: &Path) -> io::Result<u64> {
    copy(&mut File::open(from)?, &mut File::create(to)?)
}

/// Lets `write` make a file beside `to`, syncs it and moves it there when it is complete. What
/// was there before stays whole until then. The new name is safe when the folder is synced, too.
///
/// # Errors
/// What `write` says, or the system; nothing new is there then.
pub fn write_whole(to: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let part = beside(to, PART);
    let written = File::create(&part)
        .and_then(|mut file| write(&mut file).and_then(|()| sync_file(&file)))
        .and_then(|()| fs::rename(&part, to));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_copied_from_where_it_was_read_to() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        fs::write(&from, &content).unwrap();
        fs::write(&to, vec![1; 200_000]).unwrap();
        assert_eq!(copy_file(&from, &to).unwrap(), 100_000);
        assert_eq!(fs::read(&to).unwrap(), content);
        let mut open = File::open(&from).unwrap();
        open.read_exact(&mut [0; 256]).unwrap();
        assert_eq!(copy(&mut open, &mut File::create(&to).unwrap()).unwrap(), 99_744);
        assert_eq!(fs::read(&to).unwrap(), content[256..]);
        assert!(copy_file(&folder.path().join("missing"), &to).is_err());
    }

    #[test]
    fn a_folder_is_made_with_those_above_it_or_is_there_already() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        for _ in 0..2 {
            make_folder(&path).unwrap();
            assert!(path.is_dir());
        }
        fs::write(path.join("file"), "x").unwrap();
        assert!(make_folder(&path.join("file")).is_err());
    }

    #[test]
    fn a_bare_name_is_in_the_folder_where_we_are() {
        assert_eq!(folder_of(Path::new("a")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/b")), Path::new("a"));
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_whole(&path, |file| file.write_all(b"one")).unwrap();
        let failed = write_whole(&path, |file| {
            file.write_all(b"tw")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
