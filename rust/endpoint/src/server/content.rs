//! A file that a request carries: a collection or a zip of media, on its way to a thread that
//! unpacks it.
//!
//! Where it was known who asks before the body came, the file may still be arriving, and is
//! unpacked meanwhile; where the token stands in the body, all of it is there.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use deckport_ground::temp_file::TempFile;
use deckport_household::Errand;
use deckport_wire::framing::{Coding, InflateError};
use tokio::sync::mpsc;

use super::body::RequestBody;
use super::refusal::Refusal;
use super::spool::{MEMORY_BYTES, Packed};
use super::unpack::{self, Unpacker};
use crate::memory::Memory;

/// Pieces under way to the disk; more would only use memory.
const PIECES: usize = 2;

/// A file, still packed.
pub(super) enum Content {
    /// It is what the body holds from here on, behind what has been read of it.
    Arriving(Vec<u8>, Coding),
    /// All of it is there.
    Whole(Packed, Coding),
}

/// The same for the thread.
pub(super) enum Source {
    Arriving(Inbox, Coding),
    Whole(Packed, Coding),
}

/// A body on its way to a thread. It is whole only when that was said: it may break off.
pub(super) struct Pieces {
    head: Vec<u8>,
    sender: mpsc::Sender<Bytes>,
    is_whole: Arc<AtomicBool>,
}

/// Where it arrives.
pub(super) struct Inbox {
    receiver: mpsc::Receiver<Bytes>,
    is_whole: Arc<AtomicBool>,
}

impl Content {
    /// Unpacks a file that is so small that all of it fits into memory. `None` when it is larger or
    /// not right; what has been read of it is kept.
    ///
    /// # Errors
    /// Those of the body.
    pub(super) async fn small(
        &mut self,
        body: &mut RequestBody,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        if let Content::Arriving(head, coding) = self {
            while head.len() <= MEMORY_BYTES {
                let Some(piece) = body.next().await? else {
                    *self = Content::Whole(Packed::Memory(std::mem::take(head)), *coding);
                    break;
                };
                head.extend_from_slice(&piece);
            }
        }
        Ok(match self {
            Content::Whole(Packed::Memory(packed), coding) => coding.unpack_small(packed, limit),
            Content::Whole(Packed::File(_), _) | Content::Arriving(..) => None,
        })
    }

    /// Both ends of the way to a thread; the first one for what is still arriving.
    pub(super) fn open(self) -> (Option<Pieces>, Source) {
        match self {
            Content::Whole(packed, coding) => (None, Source::Whole(packed, coding)),
            Content::Arriving(head, coding) => {
                let (sender, receiver) = mpsc::channel(PIECES);
                let is_whole = Arc::new(AtomicBool::new(false));
                let inbox = Inbox { receiver, is_whole: Arc::clone(&is_whole) };
                (Some(Pieces { head, sender, is_whole }), Source::Arriving(inbox, coding))
            }
        }
    }
}

/// Gives the body to a thread, piece by piece, and reads it to its end also when that has seen
/// enough. To be spawned where the thread goes on without the client: when that leaves right after
/// its last byte, the request is given up before it has seen this byte.
pub(super) async fn hand_over(mut body: RequestBody, pieces: Pieces) -> Result<(), Refusal> {
    let Pieces { head, sender, is_whole } = pieces;
    let mut next = (!head.is_empty()).then(|| Bytes::from(head));
    loop {
        if let Some(piece) = next
            && sender.send(piece).await.is_err()
        {
            body.drain().await;
            return Ok(());
        }
        next = body.next().await?;
        if next.is_none() {
            // Before the channel ends with `sender`.
            is_whole.store(true, Ordering::Release);
            return Ok(());
        }
    }
}

impl Source {
    /// Unpacks at most `limit` bytes into a file in `folder`. `None` when the body broke off, or
    /// the endpoint ends. The disk writes along a file that `stays`. Blocks.
    pub(super) fn into_file(
        self,
        errand: &Errand,
        limit: u64,
        memory: &Arc<Memory>,
        folder: &Path,
        stays: bool,
    ) -> Result<Option<TempFile>, InflateError> {
        let (inbox, coding) = match self {
            Source::Whole(Packed::File(file), Coding::Plain) => {
                let is_larger = std::fs::metadata(file.path())?.len() > limit;
                // From there a rename puts it in place.
                return if is_larger {
                    Err(InflateError::TooLarge)
                } else {
                    Ok(Some(file.moved_into(folder)?))
                };
            }
            Source::Whole(packed, coding) => {
                return unpack::file(&packed, coding, limit, memory, folder).map(Some);
            }
            Source::Arriving(inbox, coding) => (inbox, coding),
        };
        let temp = TempFile::for_upload(folder)?;
        let mut file = temp.create()?;
        if stays {
            file = file.written_along();
        }
        let mut unpacker = Unpacker::new(coding, limit, memory, folder)?;
        let take = |piece: &[u8]| unpacker.push(piece, |data| file.write_all(data));
        if !inbox.take_all(errand, take)? {
            return Ok(None);
        }
        unpacker.finish(|data| file.write_all(data))?;
        Ok(Some(temp))
    }
}

impl Inbox {
    /// Takes the pieces of a body. Answers whether all came: it may break off, or the endpoint end.
    fn take_all(
        mut self,
        errand: &Errand,
        mut take: impl FnMut(&[u8]) -> Result<(), InflateError>,
    ) -> Result<bool, InflateError> {
        while let Some(piece) = errand.wait(self.receiver.recv()) {
            match piece {
                Some(data) => take(&data)?,
                None => return Ok(self.is_whole.load(Ordering::Acquire)),
            }
        }
        Ok(false)
    }
}
