//! The trash: `media.trash` beside the media folder. Files go there when a person removes unused
//! ones, and when a file that no record knows is in the way. Only a person takes them out
//! ([`crate::emptying`]).

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use deckport_ground::files;

use crate::disk::{Disk, remove_if_there};
use crate::error::Result;
use crate::folder::Folder;
use crate::pending::{self, Operation};
use crate::records::{self, State};
use crate::references::References;
use crate::store::MediaStore;
use crate::usn;

/// Rows read in one go.
const PAGE_ROWS: u32 = 500;

/// A file that no note refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedFile {
    /// File name.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
}

impl MediaStore {
    /// Listed files that are not among the references of any note. Names that begin with `_` are
    /// for templates and count as used.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unused(&self, used: &References) -> Result<Vec<UnusedFile>> {
        let mut unused = Vec::new();
        let mut after = 0;
        loop {
            let rows = records::listed_after(&self.conn, after, PAGE_ROWS)?;
            let Some((last, _)) = rows.last() else {
                return Ok(unused);
            };
            after = *last;
            let files = rows.into_iter().map(|(_, file)| file);
            unused.extend(
                files
                    .filter(|file| !used.contains(&file.name))
                    .map(|file| UnusedFile { name: file.name, bytes: file.size }),
            );
        }
    }

    /// Deletes files as a device would, so that all devices delete them too, and moves their
    /// content into the trash. Names that are not listed are skipped. Returns how many were moved.
    ///
    /// # Errors
    /// When the database or the disk refuses; then nothing was deleted.
    pub fn move_to_trash(&mut self, names: &[String], now_ms: i64) -> Result<usize> {
        self.settle_if_many()?;
        let mut operations = BTreeMap::new();
        let mut superseded = Vec::new();
        let tx = self.transaction()?;
        let mut last = usn::current(&tx)?;
        let mut moved = 0;
        for name in names {
            let Some(file) = records::file(&tx, name)?.filter(|file| file.state == State::Listed)
            else {
                continue;
            };
            last = usn::after(last)?;
            moved += 1;
            records::list_deleted(&tx, name, last, now_ms / 1000)?;
            records::forget_file(&tx, name)?;
            let Some(stored) = file.stored else { continue };
            let spot = pending::spot(&stored, self.folding).into_owned();
            let trash = Some(free_name(&self.folder, &stored, now_ms)?);
            let operation = Operation { spot, stored, incoming: None, trash };
            superseded.extend(pending::put(&tx, &operation, None)?);
            operations.insert(operation.spot.clone(), operation);
        }
        usn::set(&tx, last, now_ms / 1000)?;
        tx.commit()?;
        self.place(operations, &superseded, 0);
        Ok(moved)
    }
}

/// A name that is free in the trash: the file's own, with the time if there is one already.
pub(crate) fn free_name(folder: &Folder, stored: &str, now_ms: i64) -> Result<String> {
    let taken = |name: &str| folder.disk.stat(&folder.trash().join(name));
    if taken(stored)?.is_none() {
        return Ok(stored.to_owned());
    }
    let mut tries = now_ms;
    loop {
        let name = format!("{tries}-{stored}");
        if taken(&name)?.is_none() {
            return Ok(name);
        }
        tries += 1;
    }
}

/// Moves a file into the trash under a free name.
pub(crate) fn move_file(folder: &Folder, place: &Path, name: &str, now_ms: i64) -> Result<()> {
    let name = free_name(folder, name, now_ms)?;
    Ok(move_as(folder, place, &name)?)
}

/// Moves a file into the trash, by copying when the trash is on another disk.
pub(crate) fn move_as(folder: &Folder, place: &Path, name: &str) -> io::Result<()> {
    let disk = &*folder.disk;
    folder.make_trash()?;
    let target = folder.trash().join(name);
    match disk.rename(place, &target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy(disk, place, &target)?;
            disk.remove(place)
        }
        result => result,
    }
}

fn copy(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    remove_if_there(disk, to)?;
    let mut source = disk.open(from)?;
    let mut target = disk.create(to)?;
    files::copy(&mut source, &mut target)?;
    disk.sync(&target)
}
