//! Taking in a batch (`media-sync` 4.4, 5.1, 8.2, 8.3).
//!
//! First everything is received: the content of each entry is written into the incoming folder
//! and hashed on the way; large files are synced. Then the effect is noted in one transaction,
//! together with the content of small files, so that a batch of them waits for the disk once. Only
//! after the commit do files appear in the media folder ([`crate::pending`]). Until then a failure
//! of any kind leaves everything as it was.

mod effect;
mod receive;

use deckport_wire::Usn;
use std::io::{Read, Seek};

use crate::disk::remove_if_there;
use crate::error::Result;
use crate::store::MediaStore;
use crate::usn;
pub(crate) use effect::Effects;
use receive::Batch;
pub(crate) use receive::{Received, sync};

/// Entries received before they are synced together: bounds the number of open files.
pub(crate) const GROUP_ENTRIES: usize = 64;

/// The answer to `uploadChanges`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadResult {
    /// Entries of the batch's list, including those that changed nothing.
    pub processed: u32,
    /// The usn after the batch. Every entry has used one: otherwise a client cannot tell whether
    /// somebody else changed something in between (`media-sync` 8.3).
    pub current_usn: Usn,
}

impl MediaStore {
    /// Applies an uploaded batch, all or nothing. When it returns, the batch survives a power
    /// loss.
    ///
    /// `zip` is the uncompressed zip of the request, usually a temporary file.
    ///
    /// # Errors
    /// [`crate::Error::BadUpload`] and [`crate::Error::TooLarge`] for batches that no released
    /// client sends; [`crate::Error::NoSpace`] and others when the disk refuses.
    pub fn apply_upload<R: Read + Seek>(&mut self, zip: R, now_ms: i64) -> Result<UploadResult> {
        let mut batch = Batch::open(zip)?;
        self.settle_if_many()?;
        let mut received = Vec::new();
        match self.apply(&mut batch, &mut received, now_ms) {
            Ok((result, effects)) => {
                self.place(effects.operations, &effects.unused, effects.content_bytes);
                Ok(result)
            }
            Err(error) => {
                for name in received {
                    if let Some(path) = self.folder.incoming_file(&name) {
                        // What cannot be removed now is swept at the next start.
                        let _ = remove_if_there(&*self.folder.disk, &path);
                    }
                }
                Err(error)
            }
        }
    }

    /// Everything up to the commit. Names of incoming files are added to `received` as soon as
    /// they exist.
    fn apply<R: Read + Seek>(
        &mut self,
        batch: &mut Batch<R>,
        received: &mut Vec<String>,
        now_ms: i64,
    ) -> Result<(UploadResult, Effects)> {
        let mut effects = Effects::starting_at(self.usn()?);
        let entries = std::mem::take(&mut batch.entries);
        let processed = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let mut groups = Vec::new();
        for group in entries.chunks(GROUP_ENTRIES) {
            groups.push(self.receive(batch, group, received, now_ms)?);
        }
        let tx = self.transaction()?;
        for (entry, content) in entries.iter().zip(groups.into_iter().flatten()) {
            match content {
                Some(content) => {
                    self.apply_content(&tx, &mut effects, &entry.name, content, now_ms)?
                }
                None => self.apply_deletion(&tx, &mut effects, &entry.name, now_ms)?,
            }
        }
        if effects.usn != usn::current(&tx)? {
            usn::set(&tx, effects.usn, now_ms / 1000)?;
        }
        tx.commit()?;
        let result = UploadResult { processed, current_usn: effects.usn };
        Ok((result, effects))
    }

    /// Receives the content of some entries; `None` for deletions.
    fn receive<R: Read + Seek>(
        &mut self,
        batch: &mut Batch<R>,
        entries: &[deckport_wire::media::UploadEntry],
        received: &mut Vec<String>,
        now_ms: i64,
    ) -> Result<Vec<Option<Received>>> {
        let mut contents = Vec::with_capacity(entries.len());
        for entry in entries {
            let content = match &entry.content {
                None => None,
                Some(zip_entry) => {
                    let (name, path) = self.incoming_name(now_ms);
                    received.push(name.clone());
                    Some(batch.receive(&*self.folder.disk, zip_entry, name, &path)?)
                }
            };
            contents.push(content);
        }
        receive::sync(&self.folder, &mut contents)?;
        Ok(contents)
    }
}
