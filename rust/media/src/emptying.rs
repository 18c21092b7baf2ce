//! What becomes of the files in the trash: a person puts them back, or deletes them for good.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use deckport_ground::files;

use crate::disk::{RealDisk, remove_if_there};
use crate::error::Result;
use crate::folder::Folder;
use crate::name::escaped;
use crate::records::{self, State};
use crate::store::MediaStore;

/// What is in the trash of media.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trash {
    /// Files.
    pub files: u64,
    /// Bytes of these.
    pub bytes: u64,
}

impl Trash {
    /// What is in the trash below an account's folder, even while the media are open.
    ///
    /// # Errors
    /// When the trash cannot be read.
    pub fn below(account_folder: &Path) -> Result<Trash> {
        Trash::of(&Folder::new(account_folder, Arc::new(RealDisk)))
    }

    fn of(folder: &Folder) -> Result<Trash> {
        let mut trash = Trash::default();
        for (_, bytes) in in_trash(folder)? {
            trash.files += 1;
            trash.bytes = trash.bytes.saturating_add(bytes);
        }
        Ok(trash)
    }
}

impl MediaStore {
    /// What is in the trash.
    ///
    /// # Errors
    /// When the trash cannot be read.
    pub fn trash(&self) -> Result<Trash> {
        Trash::of(&self.folder)
    }

    /// Deletes what is in the trash for good, and returns what that was.
    ///
    /// # Errors
    /// When the database or the disk refuses; what was deleted before that is gone.
    pub fn empty_trash(&mut self) -> Result<Trash> {
        // Operations to be redone after a crash may still move files there.
        self.settle()?;
        let mut gone = Trash::default();
        for (name, bytes) in in_trash(&self.folder)? {
            remove_if_there(&*self.folder.disk, &self.folder.trash().join(name))?;
            gone.files += 1;
            gone.bytes = gone.bytes.saturating_add(bytes);
        }
        Ok(gone)
    }

    /// Puts files back from the trash, for all devices: of each name the one moved there
    /// last. Names that are listed or not in the trash are skipped. Returns how many were put back.
    ///
    /// # Errors
    /// When the database or the disk refuses; files put back before that stay.
    pub fn take_from_trash(&mut self, names: &[String], now_ms: i64) -> Result<u64> {
        self.settle()?;
        let folder = self.folder.clone();
        let mut found = Vec::new();
        for name in names {
            let listed = records::file(&self.conn, name)?;
            if listed.is_none_or(|file| file.state != State::Listed)
                && let Some(place) = self.last_in_trash(name)?
            {
                found.push((name, folder.trash().join(place)));
            }
        }
        let mut addition = self.addition(now_ms);
        for (name, place) in &found {
            addition.add(name, |target| {
                files::copy(&mut folder.disk.open(place)?, target)?;
                Ok::<_, crate::Error>(())
            })?;
        }
        let added = addition.finish()?;
        // A file that cannot be listed is better left where it is.
        if added.unfit == 0 {
            for (_, place) in &found {
                remove_if_there(&*folder.disk, place)?;
            }
        }
        Ok(added.new + added.replaced + added.same)
    }

    /// The entry of the trash that a file became last: see [`crate::trash::free_name`].
    fn last_in_trash(&self, name: &str) -> Result<Option<OsString>> {
        let own = [name.to_owned(), escaped(name)];
        let mut last: Option<(u64, OsString)> = None;
        for (entry, _) in in_trash(&self.folder)? {
            let Some(text) = entry.to_str() else { continue };
            let when = if own.iter().any(|own| own == text) {
                Some(0)
            } else {
                text.split_once('-')
                    .filter(|(_, rest)| own.iter().any(|own| own == rest))
                    .and_then(|(when, _)| when.parse::<u64>().ok())
            };
            if let Some(when) = when
                && last.as_ref().is_none_or(|(latest, _)| when > *latest)
            {
                last = Some((when, entry));
            }
        }
        Ok(last.map(|(_, entry)| entry))
    }
}

/// The files of the trash, with their bytes.
fn in_trash(folder: &Folder) -> Result<Vec<(OsString, u64)>> {
    let disk = &*folder.disk;
    let entries = match disk.entries(folder.trash()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(stat) = disk.stat(&entry.path())?.filter(|stat| stat.is_file) {
            files.push((entry.file_name(), stat.size));
        }
    }
    Ok(files)
}
