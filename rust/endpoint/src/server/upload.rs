//! `upload`: a collection that replaces the account's (`collection-sync` 10.1).
//!
//! The body goes through a temporary file beside the collection. Whatever is wrong with it, the
//! client gets a 200 with a text that it shows to the person (`transport` 6.2): that is the only way
//! to tell why. It gets that at once, while it is still sending, and what it still sends is read and
//! forgotten: one that finds the connection closed shows no text.
//!
//! All of it happens on one thread, from the first byte to the collection in its place, and goes on
//! when all bytes are there and the client has left: its patience may be shorter than the check takes.

use std::sync::Arc;

use deckport_accounts::Permit;
use deckport_ground::space::spare_bytes;
use deckport_ground::temp_file::TempFile;
use deckport_household::{
    BackupReason, Counts, Errand, NewCollection, Place, Texts, Trouble, UploadLease, WorkError,
};
use deckport_wire::ErrorKind;
use deckport_wire::framing::InflateError;
use hyper::HeaderMap;
use hyper::header::CONTENT_LENGTH;
use tokio::sync::oneshot;

use super::Shared;
use super::content::{Content, Source, hand_over};
use super::handler::Walk;
use super::login::Client;
use super::outgoing::Reply;
use super::refusal::Refusal;
use deckport_ground::faults;

/// The smallest collection: with less room there is no use in sending any.
const SMALLEST_BYTES: u64 = 64 * 1024;

/// How an upload ended: in its place, with a text for the person, or with a status.
type Outcome = Result<Result<(), Trouble>, Refusal>;

/// Answers an upload.
pub(super) async fn upload(
    walk: &mut Walk<'_>,
    client: Client,
    content: Content,
) -> Result<Reply, Refusal> {
    let texts = &*walk.shared.options.texts;
    let worker = client.worker;
    let lease = worker.take_for_upload(client.caller).await?;
    let (shared, place) = (Arc::clone(walk.shared), worker.place().clone());
    let upload = Upload { shared, lease, place, permit: client.permit };
    let (pieces, source) = content.open();
    if pieces.is_none() {
        upload.lease.arrived();
    } else if let Err(trouble) = upload.room_for(&walk.head.headers) {
        // It is read to its end for the sake of the text, and nobody waits for that.
        drop(source);
        pieces.map(|pieces| tokio::spawn(hand_over(walk.body.take(), pieces)));
        return Ok(refused(texts, &trouble));
    }
    let (reply, outcome) = oneshot::channel();
    worker.errands().start("upload", move |errand| {
        let outcome = upload.finish(errand, source);
        upload.tell(reply, outcome);
    })?;
    let handed_over = pieces.map(|pieces| tokio::spawn(hand_over(walk.body.take(), pieces)));
    match outcome.await.map_err(|_| Refusal::internal("the upload could not be checked"))? {
        Ok(Ok(())) => Ok(Reply::whole(b"OK".to_vec())),
        Ok(Err(trouble)) => Ok(refused(texts, &trouble)),
        Err(refusal) => match handed_over {
            // It knows why.
            Some(handed_over) if refusal == upload_broke_off() => {
                Err(handed_over.await.ok().and_then(Result::err).unwrap_or(refusal))
            }
            _ => Err(refusal),
        },
    }
}

/// A 200 that is no `OK`: clients show its text.
pub(super) fn refused(texts: &dyn Texts, trouble: &Trouble) -> Reply {
    let text = texts.trouble(trouble).into_bytes();
    Reply::whole(text).refused_as(trouble.into(), format!("upload refused: {trouble}"))
}

/// What is wrong with a file of which `limit` bytes were allowed.
pub(super) fn trouble(error: InflateError, limit: u64) -> Trouble {
    match error {
        InflateError::TooLarge => Trouble::UploadTooLarge(limit),
        InflateError::Malformed => Trouble::UploadArrivedDamaged,
        InflateError::Sink(error) => error.into(),
    }
}

/// An upload on its way to its place, and the account's lease that it holds.
struct Upload {
    shared: Arc<Shared>,
    lease: UploadLease,
    place: Place,
    permit: Permit,
}

impl Upload {
    /// What can be said before the first byte. Most clients do not tell how much they will send.
    fn room_for(&self, headers: &HeaderMap) -> Result<(), Trouble> {
        let told =
            headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let least = SMALLEST_BYTES.max(told.unwrap_or_default());
        match spare_bytes(self.place.folder()) {
            Some(spare) if spare < least => Err(Trouble::DiskFull),
            _ => Ok(()),
        }
    }

    /// Unpacks and checks what arrives, unless it breaks off, and puts it in place. When all bytes
    /// are there, it goes on to its end.
    fn finish(&self, errand: &Errand, source: Source) -> Outcome {
        let interrupt = errand.interrupt();
        let limit = self.shared.options.limits.max_upload_bytes;
        let (memory, folder) = (&self.shared.memory, self.place.folder());
        let file = match source.into_file(errand, limit, memory, folder, true) {
            Ok(Some(file)) => Ok(file),
            Ok(None) => return Err(upload_broke_off()),
            Err(error) => Err(trouble(error, limit)),
        };
        let checked = file.and_then(|file| {
            self.lease.arrived();
            faults::point("upload.received");
            faults::slow_point("upload.checking", interrupt);
            let _turn = self.shared.memory.checks.take_blocking(1);
            let now_ms = self.shared.options.clock.now_ms();
            let counts = deckport_collection::accept_upload(file.path(), now_ms, interrupt);
            Ok((file, Counts::from(counts.map_err(Trouble::UploadRefused)?)))
        });
        match checked {
            Ok((file, counts)) => {
                faults::point("upload.checked");
                self.put_in_place(file, counts)
            }
            Err(_) if interrupt.is_set() => Err(WorkError::Stopping.into()),
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
            Err(error @ (WorkError::Failed(_) | WorkError::Registry(_))) => {
                Ok(Err(Trouble::UploadNotReplaced(error.to_string())))
            }
            Err(WorkError::OverQuota) => {
                let quota = self.shared.options.limits.max_account_bytes.unwrap_or_default();
                Ok(Err(Trouble::UploadOverQuota(quota)))
            }
            replaced => Ok(replaced.map(|_kept| Ok(()))?),
        }
    }

    /// Tells whoever waits for the outcome. A device that has left reads what was wrong when it
    /// comes back; that it went well it sees.
    fn tell(&self, reply: oneshot::Sender<Outcome>, outcome: Outcome) {
        if let Err(Ok(Err(trouble))) = reply.send(outcome) {
            self.lease.tell_later(trouble);
        }
    }
}

fn upload_broke_off() -> Refusal {
    Refusal::new(ErrorKind::Unavailable, "the upload broke off")
}
