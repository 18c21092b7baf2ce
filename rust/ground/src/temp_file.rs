//! Files that exist only while something is under way, in an account's folder.
//!
//! They lie beside the collection so that a rename can put one in its place. The guard removes
//! its file; after a crash [`remove_leftovers`] does.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::files::make_folder;
use crate::hex::hex;
use crate::space::spare_bytes;

/// Beginnings of the names; nothing else is ever removed from an account's folder.
const PURPOSES: [&str; 2] = ["upload-", "download-"];
const SUFFIX: &str = ".tmp";
/// After this many bytes, a file that is being written checks again whether the disk has space.
const LOOK_EVERY_BYTES: u64 = 4 << 20;
/// After this many bytes, a file that stays is synced while it is written.
const SYNC_EVERY_BYTES: u64 = 16 << 20;

/// A path for one transfer. Whatever file is there is removed when this is dropped.
#[derive(Debug)]
pub struct TempFile {
    path: PathBuf,
}

impl TempFile {
    /// A new path for an upload.
    pub fn for_upload(folder: &Path) -> io::Result<TempFile> {
        TempFile::new(folder, PURPOSES[0])
    }

    /// A new path for a download.
    pub fn for_download(folder: &Path) -> io::Result<TempFile> {
        TempFile::new(folder, PURPOSES[1])
    }

    fn new(folder: &Path, purpose: &str) -> io::Result<TempFile> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        make_folder(folder)?;
        Ok(TempFile { path: folder.join(format!("{purpose}{}{SUFFIX}", hex(&random))) })
    }

    /// Creates the file; it must not exist.
    pub fn create(&self) -> io::Result<TempWriter> {
        let file = OpenOptions::new().write(true).create_new(true).open(&self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(TempWriter { file, folder, allowed: 0, unsynced: None })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the file into another folder, where it stays temporary.
    pub fn moved_into(self, folder: &Path) -> io::Result<TempFile> {
        let there = TempFile::for_upload(folder)?;
        fs::rename(&self.path, &there.path)?;
        Ok(there)
    }

    /// Moves the file to its final place, over what may be there.
    pub fn rename(self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)
        // The guard finds nothing to remove then.
    }
}

/// Writes a temporary file, and stops before the disk is quite full.
#[derive(Debug)]
pub struct TempWriter {
    file: File,
    folder: PathBuf,
    /// Bytes that may be written before free space is checked again.
    allowed: u64,
    /// Bytes not yet synced, if the disk is to be kept busy.
    unsynced: Option<u64>,
}

impl TempWriter {
    /// Fails if a file of `bytes` will not fit on the disk.
    pub fn will_hold(&self, bytes: u64) -> io::Result<()> {
        match spare_bytes(&self.folder) {
            Some(spare) if spare < bytes => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    /// Syncs a file that stays as it is written, so that little is left to wait for at the end.
    pub fn written_along(self) -> TempWriter {
        TempWriter { unsynced: Some(0), ..self }
    }
}

impl Write for TempWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.allowed < data.len() as u64 {
            self.will_hold(data.len() as u64)?;
            self.allowed = LOOK_EVERY_BYTES.max(data.len() as u64);
        }
        let written = self.file.write(data)?;
        self.allowed -= written as u64;
        if let Some(unsynced) = &mut self.unsynced {
            *unsynced += written as u64;
            if *unsynced >= SYNC_EVERY_BYTES {
                self.file.sync_data()?;
                *unsynced = 0;
            }
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // SQLite may have put its own files beside it. Failing is harmless: the next start
        // removes what is left.
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            let _ = fs::remove_file(name);
        }
    }
}

/// Removes the temporary files of interrupted transfers. Only for a folder in which nothing
/// runs. Problems are ignored: such files cost space and nothing else.
pub fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(is_ours) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_ours(name: &str) -> bool {
    let Some(rest) = PURPOSES.iter().find_map(|purpose| name.strip_prefix(purpose)) else {
        return false;
    };
    let Some((digits, end)) = rest.split_once(SUFFIX) else { return false };
    let is_random = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_random && ["", "-wal", "-shm", "-journal"].contains(&end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_guard_takes_its_files_along() {
        let folder = tempfile::tempdir().unwrap();
        let temp = TempFile::for_upload(folder.path()).unwrap();
        temp.create().unwrap();
        fs::write(format!("{}-wal", temp.path().display()), "x").unwrap();
        drop(temp);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_renamed_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let temp = TempFile::for_upload(folder.path()).unwrap();
        temp.create().unwrap();
        temp.rename(&folder.path().join("kept")).unwrap();
        assert!(folder.path().join("kept").exists());
    }

    #[test]
    fn leftovers_go_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let upload = "upload-0123456789abcdef.tmp";
        let download = "download-0123456789abcdef.tmp-wal";
        let kept = ["collection.anki2", "upload-mine.tmp", "notes.tmp", "download-1.txt"];
        for name in [upload, download].iter().chain(&kept) {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        remove_leftovers(folder.path());
        for name in kept {
            assert!(folder.path().join(name).exists(), "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), kept.len());
    }
}
