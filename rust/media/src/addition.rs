//! Adding files that no device sent: those of an imported package.
//!
//! They go the same way as an upload ([`crate::upload`]): received in the incoming folder, noted
//! in one transaction for each group, then put in place. What they replace goes into the trash.

use std::fs::File;
use std::io::{self, Write};

use crate::disk::{Disk, remove_if_there};
use crate::error::Error;
use crate::name::vanishes;
use crate::records::{self, Listing};
use crate::store::MediaStore;
use crate::upload::{Effects, GROUP_ENTRIES, Received, sync};
use crate::usn;
use crate::verify::{BLOCK_BYTES, Summing};

/// What [`Addition::finish`] returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// Files that were not there.
    pub new: u64,
    /// Files that were there with other content, which is now in the trash.
    pub replaced: u64,
    /// Files that were there with the same content.
    pub same: u64,
    /// Empty files and those whose names no client can keep; they were left out.
    pub unfit: u64,
}

/// Files being added. Each group of them is on the disk for good before the next begins. What was
/// not noted yet when this is dropped is removed again.
pub struct Addition<'a> {
    store: &'a mut MediaStore,
    now_ms: i64,
    names: Vec<String>,
    received: Vec<Option<Received>>,
    /// Bytes of small contents in memory.
    held: usize,
    added: Added,
}

impl MediaStore {
    /// Begins to add files.
    pub fn addition(&mut self, now_ms: i64) -> Addition<'_> {
        Addition {
            store: self,
            now_ms,
            names: Vec::new(),
            received: Vec::new(),
            held: 0,
            added: Added::default(),
        }
    }
}

impl Addition<'_> {
    /// Adds the file `name` with what `fill` writes. An error of `fill` leaves this file out, and
    /// the addition can go on.
    ///
    /// # Errors
    /// What `fill` says; [`Error::NoSpace`] and others when the disk refuses.
    pub fn add<E: From<Error>>(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        self.store.settle_if_many()?;
        let (incoming, path) = self.store.incoming_name(self.now_ms);
        let disk = &*self.store.folder.disk;
        let file = disk.create(&path).map_err(Error::from)?;
        let mut content = NewContent { disk, file, summing: Summing::default(), first: Vec::new() };
        if let Err(error) = fill(&mut content) {
            drop(content);
            // What cannot be removed now is swept at the next start.
            let _ = remove_if_there(disk, &path);
            return Err(error);
        }
        let received = content.finish(incoming, self.held);
        self.held += received.small.as_ref().map_or(0, Vec::len);
        self.names.push(name.to_owned());
        self.received.push(Some(received));
        if self.names.len() >= GROUP_ENTRIES {
            self.commit()?;
        }
        Ok(())
    }

    /// Notes what is still in memory and returns what happened to all files.
    ///
    /// # Errors
    /// When the database or the disk refuses; groups before the last stay.
    pub fn finish(mut self) -> Result<Added, Error> {
        self.commit()?;
        Ok(self.added)
    }

    fn commit(&mut self) -> Result<(), Error> {
        if self.names.is_empty() {
            return Ok(());
        }
        sync(&self.store.folder, &mut self.received)?;
        let mut effects = Effects::starting_at(self.store.usn()?);
        effects.keep_replaced = true;
        let tx = self.store.transaction()?;
        let mut added = self.added;
        for (name, content) in self.names.iter().zip(&mut self.received) {
            let Some(content) = content.take() else { continue };
            let listed = records::listing(&tx, name)?;
            let (sha1, size) = (content.sums.sha1, content.sums.size);
            if size == 0 || vanishes(name) {
                added.unfit += 1;
                effects.unused.push(content.incoming);
            } else if listed == (Listing::Live { sha1, size }) && self.store.is_right(&tx, name)? {
                added.same += 1;
                effects.unused.push(content.incoming);
            } else {
                *(match listed {
                    Listing::Live { .. } => &mut added.replaced,
                    _ => &mut added.new,
                }) += 1;
                self.store.apply_content(&tx, &mut effects, name, content, self.now_ms)?;
            }
        }
        if effects.usn != usn::current(&tx)? {
            usn::set(&tx, effects.usn, self.now_ms / 1000)?;
        }
        tx.commit()?;
        self.added = added;
        self.names.clear();
        self.received.clear();
        self.held = 0;
        self.store.place(effects.operations, &effects.unused, effects.content_bytes);
        Ok(())
    }
}

impl Drop for Addition<'_> {
    fn drop(&mut self) {
        for content in self.received.drain(..).flatten() {
            if let Some(path) = self.store.folder.incoming_file(&content.incoming) {
                // What cannot be removed now is swept at the next start.
                let _ = remove_if_there(&*self.store.folder.disk, &path);
            }
        }
    }
}

/// An incoming file while it is written.
struct NewContent<'a> {
    disk: &'a dyn Disk,
    file: File,
    summing: Summing,
    /// The content as long as it is small.
    first: Vec<u8>,
}

impl NewContent<'_> {
    fn finish(self, incoming: String, held: usize) -> Received {
        let sums = self.summing.finish();
        Received::new(incoming, sums, &self.first, held, self.file)
    }
}

impl Write for NewContent<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write(&mut self.file, bytes)?;
        self.summing.add(bytes);
        let room = BLOCK_BYTES.saturating_sub(self.first.len());
        self.first.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
