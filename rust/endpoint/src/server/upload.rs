//! `upload`: a collection that replaces the account's (`collection-sync` 10.1).
//!
//! The body goes through a temporary file beside the collection. Whatever is wrong with it, the
//! client gets a 200 with a text that it shows to the person (`transport` 6.2): that is the only way
//! to tell why. It gets that at once, while it is still sending, and what it still sends is read and
//! forgotten: one that finds the connection closed shows no text.
//!
//! All of it happens on one thread, from the first byte to the collection in its place, and goes on
//! when all bytes are there and the client has left: its patience may be shorter than the check takes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use deckport_wire::ErrorKind;
use hyper::HeaderMap;
use hyper::header::CONTENT_LENGTH;
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::answer::Answer;
use super::body::RequestBody;
use super::framing;
use super::handler::Walk;
use super::inflate::InflateError;
use super::unpack::Unpacker;
use crate::backup::{BackupReason, Counts};
use crate::errands::Errand;
use crate::faults;
use crate::files::spare_bytes;
use crate::permit::Permit;
use crate::refusal::Refusal;
use crate::registry::Identity;
use crate::temp_file::TempFile;
use crate::texts::Trouble;
use crate::worker::{Caller, NewCollection, UploadLease, Worker};

/// Pieces under way to the disk; more would only use memory.
const PIECES: usize = 2;
/// The smallest collection: with less room there is no use in sending any.
const SMALLEST_BYTES: u64 = 64 * 1024;

/// How an upload ended: in its place, with a text for the person, or with a status.
pub(super) type Outcome = Result<Result<(), Trouble>, Refusal>;

/// Answers an upload.
pub(super) async fn upload(
    walk: &mut Walk<'_>,
    worker: &Worker,
    caller: Caller,
    identity: &Identity,
    token: &str,
) -> Result<Answer, Refusal> {
    let lease = worker.take_for_upload(caller).await?;
    let upload = Upload::new(walk.shared, lease, identity, token);
    let (pieces, inbox) = pieces();
    if let Err(trouble) = upload.room_for(&walk.head.headers) {
        drop(inbox);
        tokio::spawn(hand_over(walk.body.take(), pieces));
        return refused(walk, &trouble);
    }
    let (reply, outcome) = oneshot::channel();
    worker.errands().start("upload", move |errand| {
        let outcome = upload.receive(errand, inbox);
        upload.tell(reply, outcome);
    })?;
    let handed_over = tokio::spawn(hand_over(walk.body.take(), pieces));
    match outcome.await.map_err(|_| Refusal::internal("the upload could not be checked"))? {
        Ok(Ok(())) => framing::answer(b"OK"),
        Ok(Err(trouble)) => refused(walk, &trouble),
        Err(refusal) if refusal == upload_broke_off() => {
            // It knows why.
            Err(handed_over.await.ok().and_then(Result::err).unwrap_or(refusal))
        }
        Err(refusal) => Err(refusal),
    }
}

fn refused(walk: &Walk<'_>, trouble: &Trouble) -> Result<Answer, Refusal> {
    let text = walk.shared.options.texts.trouble(trouble);
    Ok(framing::answer(text.as_bytes())?.recorded_as(recorded(trouble)))
}

/// What the record says of an upload that is answered with a 200 that is no `OK`.
pub(super) fn recorded(trouble: &Trouble) -> String {
    format!("upload refused: {trouble}")
}

/// A body on its way to a thread. It is whole only when that was said: it may break off.
pub(super) struct Pieces {
    sender: mpsc::Sender<Bytes>,
    is_whole: Arc<AtomicBool>,
}

/// Where it arrives.
pub(super) struct Inbox {
    receiver: mpsc::Receiver<Bytes>,
    is_whole: Arc<AtomicBool>,
}

/// Both ends of the way.
pub(super) fn pieces() -> (Pieces, Inbox) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let is_whole = Arc::new(AtomicBool::new(false));
    (Pieces { sender, is_whole: Arc::clone(&is_whole) }, Inbox { receiver, is_whole })
}

/// Gives the body to a thread, piece by piece, and reads it to its end also when that has seen
/// enough. To be spawned where the thread goes on without the client: when that leaves right after
/// its last byte, the request is given up before it has seen this byte.
pub(super) async fn hand_over(mut body: RequestBody, pieces: Pieces) -> Result<(), Refusal> {
    let Pieces { sender, is_whole } = pieces;
    while let Some(piece) = body.next().await? {
        if sender.send(piece).await.is_err() {
            body.drain().await;
            return Ok(());
        }
    }
    // Before the channel ends with `sender`.
    is_whole.store(true, Ordering::Release);
    Ok(())
}

/// Takes the pieces of a body on its thread. Answers whether all came: it may break off, or the
/// endpoint end.
pub(super) fn take_all<E>(
    errand: &Errand,
    inbox: Inbox,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<bool, E> {
    let Inbox { mut receiver, is_whole } = inbox;
    while let Some(piece) = errand.wait(receiver.recv()) {
        match piece {
            Some(data) => take(&data)?,
            None => return Ok(is_whole.load(Ordering::Acquire)),
        }
    }
    Ok(false)
}

/// What a body that broke off makes of reading it. Nobody waits for it any more.
pub(super) fn broken_off() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

/// An upload on its way to its place, and the account's lease that it holds.
pub(super) struct Upload {
    shared: Arc<Shared>,
    lease: UploadLease,
    folder: PathBuf,
    permit: Permit,
}

impl Upload {
    pub(super) fn new(
        shared: &Arc<Shared>,
        lease: UploadLease,
        identity: &Identity,
        token: &str,
    ) -> Upload {
        let folder = shared.options.data_dir.join(&identity.account.folder);
        let permit = Permit::of(&shared.registry, token, identity);
        Upload { shared: Arc::clone(shared), lease, folder, permit }
    }

    /// The account's folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Most bytes of the collection.
    pub(super) fn limit(&self) -> u64 {
        self.shared.options.limits.max_upload_bytes
    }

    /// What can be said before the first byte. Most clients do not tell how much they will send.
    fn room_for(&self, headers: &HeaderMap) -> Result<(), Trouble> {
        let told =
            headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let least = SMALLEST_BYTES.max(told.unwrap_or_default());
        match spare_bytes(&self.folder) {
            Some(spare) if spare < least => Err(Trouble::DiskFull),
            _ => Ok(()),
        }
    }

    /// Receives the body and sees to the rest.
    fn receive(&self, errand: &Errand, inbox: Inbox) -> Outcome {
        self.finish(errand, || {
            let temp = TempFile::for_upload(&self.folder)?;
            let mut file = temp.create()?.written_along();
            let mut unpacker = Unpacker::new(self.limit(), &self.shared.memory, &self.folder)?;
            let why = |error| of_inflate(error, self.limit());
            let take = |piece: &[u8]| unpacker.push(piece, |data| file.write_all(data));
            if !take_all(errand, inbox, take).map_err(why)? {
                return Ok(None);
            }
            unpacker.finish(|data| file.write_all(data)).map_err(why)?;
            Ok(Some(temp))
        })
    }

    /// All bytes are there: from now on it goes on to its end.
    pub(super) fn has_arrived(&self) {
        self.lease.arrived();
    }

    /// Checks what `arrives`, unless it breaks off, and puts it in place.
    pub(super) fn finish(
        &self,
        errand: &Errand,
        arrives: impl FnOnce() -> Result<Option<TempFile>, Trouble>,
    ) -> Outcome {
        let interrupt = errand.interrupt();
        let file = match arrives() {
            Ok(Some(file)) => Ok(file),
            Ok(None) => return Err(upload_broke_off()),
            Err(trouble) => Err(trouble),
        };
        let checked = file.and_then(|file| {
            self.has_arrived();
            faults::point("upload.received");
            faults::slow_point("upload.checking", interrupt);
            let _turn = self.shared.memory.checks.take_blocking(1);
            let now_ms = self.shared.options.clock.now_ms();
            let counts = deckport_collection::accept_interruptibly(file.path(), now_ms, interrupt);
            Ok((file, Counts::from(counts.map_err(Trouble::UploadRefused)?)))
        });
        match checked {
            Ok((file, counts)) => {
                faults::point("upload.checked");
                self.put_in_place(file, counts)
            }
            Err(_) if interrupt.is_set() => Err(Refusal::shutting_down()),
            Err(trouble) => Ok(Err(trouble)),
        }
    }

    /// Replaces the account's collection. What goes wrong on the disk is told to the person, too.
    fn put_in_place(&self, file: TempFile, counts: Counts) -> Outcome {
        let bytes = match std::fs::metadata(file.path()) {
            Ok(found) => found.len(),
            Err(error) => return Ok(Err(error.into())),
        };
        let (reason, permit) = (BackupReason::Upload, Some(self.permit.clone()));
        let new = NewCollection { file, bytes, counts, reason, one_way: false, permit };
        match self.lease.replace_blocking(new) {
            Err(refusal) if refusal.kind == ErrorKind::Internal => {
                Ok(Err(Trouble::UploadNotReplaced(refusal.reason)))
            }
            Err(refusal) if refusal.kind == ErrorKind::TooLarge => {
                let quota = self.shared.options.limits.max_account_bytes.unwrap_or_default();
                Ok(Err(Trouble::UploadOverQuota(quota)))
            }
            replaced => replaced.map(|_kept| Ok(())),
        }
    }

    /// Tells whoever waits for the outcome. A device that has left reads what was wrong when it
    /// comes back; that it went well it sees.
    pub(super) fn tell(&self, reply: oneshot::Sender<Outcome>, outcome: Outcome) {
        if let Err(Ok(Err(trouble))) = reply.send(outcome) {
            self.lease.tell_later(trouble);
        }
    }
}

fn upload_broke_off() -> Refusal {
    Refusal::new(ErrorKind::Unavailable, "the upload broke off")
}

pub(super) fn of_inflate(error: InflateError, limit: u64) -> Trouble {
    match error {
        InflateError::TooLarge => Trouble::UploadTooLarge(limit),
        InflateError::Malformed => Trouble::UploadArrivedDamaged,
        InflateError::Sink(error) => error.into(),
    }
}
