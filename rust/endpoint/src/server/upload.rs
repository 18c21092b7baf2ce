//! `upload`: a collection that replaces the account's (`collection-sync` 10.1).
//!
//! The body goes through a temporary file beside the collection. Whatever is wrong with it, the
//! client sends it to the end and then gets a 200 with a text that it shows to the person
//! (`transport` 6.2): that is the only way to tell why.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use deckport_wire::ErrorKind;
use tokio::sync::mpsc;

use super::answer::Answer;
use super::body::RequestBody;
use super::framing;
use super::handler::Walk;
use super::inflate::InflateError;
use super::unpack::Unpacker;
use crate::backup::{BackupReason, Counts};
use crate::faults;
use crate::memory::Memory;
use crate::own_thread::on_own_thread;
use crate::refusal::Refusal;
use crate::registry::Account;
use crate::temp_file::TempFile;
use crate::texts::Trouble;
use crate::worker::{Caller, NewCollection, UploadLease, Worker};

/// Pieces under way to the disk; more would only use memory.
const PIECES: usize = 2;

/// An uploaded collection that may replace the account's.
pub(super) struct Accepted {
    pub(super) temp: TempFile,
    pub(super) bytes: u64,
    pub(super) counts: Counts,
}

/// Answers an upload.
pub(super) async fn upload(
    walk: &mut Walk<'_>,
    worker: &Worker,
    caller: Caller,
    account: &Account,
) -> Result<Answer, Refusal> {
    let lease = worker.take_for_upload(caller).await?;
    let done = match receive(walk, account).await? {
        Ok(accepted) => put_in_place(walk, lease, accepted).await?,
        Err(trouble) => Err(trouble),
    };
    match done {
        Ok(()) => framing::answer(b"OK"),
        Err(trouble) => {
            let text = walk.shared.options.texts.trouble(&trouble);
            Ok(framing::answer(text.as_bytes())?.recorded_as(recorded(&trouble)))
        }
    }
}

/// Replaces the account's collection. What goes wrong on the disk is told to the person, too.
pub(super) async fn put_in_place(
    walk: &Walk<'_>,
    lease: UploadLease,
    accepted: Accepted,
) -> Result<Result<(), Trouble>, Refusal> {
    let Accepted { temp: file, bytes, counts } = accepted;
    let new = NewCollection { file, bytes, counts, reason: BackupReason::Upload, one_way: false };
    match lease.replace(new).await {
        Err(refusal) if refusal.kind == ErrorKind::Internal => {
            Ok(Err(Trouble::UploadNotReplaced(refusal.reason)))
        }
        Err(refusal) if refusal.kind == ErrorKind::TooLarge => {
            let quota = walk.shared.options.limits.max_account_bytes.unwrap_or_default();
            Ok(Err(Trouble::UploadOverQuota(quota)))
        }
        replaced => replaced.map(|_kept| Ok(())),
    }
}

/// What the record says of an upload that is answered with a 200 that is no `OK`.
pub(super) fn recorded(trouble: &Trouble) -> String {
    format!("upload refused: {trouble}")
}

/// Reads the body to its end, whatever it holds.
async fn receive(
    walk: &mut Walk<'_>,
    account: &Account,
) -> Result<Result<Accepted, Trouble>, Refusal> {
    let options = &walk.shared.options;
    let (folder, limit) = (options.data_dir.join(&account.folder), options.limits.max_upload_bytes);
    let now_ms = options.clock.now_ms();
    let memory = Arc::clone(&walk.shared.memory);
    let (pieces, inbox) = mpsc::channel(PIECES);
    // When this request is given up, the thread sees the end of the pieces, and its file goes.
    let stored = on_own_thread(move || store(inbox, folder, &memory, limit, now_ms))
        .map_err(|error| Refusal::internal(format!("no thread could be started: {error}")))?;
    hand_over(walk.body, pieces).await?;
    stored.await.map_err(|_| Refusal::internal("the upload could not be checked"))
}

/// Gives the body to a thread, piece by piece, and reads it to its end also when that has seen
/// enough.
pub(super) async fn hand_over(
    body: &mut RequestBody,
    pieces: mpsc::Sender<Bytes>,
) -> Result<(), Refusal> {
    while let Some(piece) = body.next().await? {
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    drop(pieces);
    body.drain().await;
    Ok(())
}

/// Writes the collection to a temporary file and checks it.
fn store(
    mut inbox: mpsc::Receiver<Bytes>,
    folder: PathBuf,
    memory: &Arc<Memory>,
    limit: u64,
    now_ms: i64,
) -> Result<Accepted, Trouble> {
    let temp = TempFile::for_upload(&folder)?;
    let mut file = temp.create()?;
    let mut unpacker = Unpacker::new(limit, memory, &folder)?;
    let too_large = |error| of_inflate(error, limit);
    while let Some(piece) = inbox.blocking_recv() {
        unpacker.push(&piece, |data| file.write_all(data)).map_err(too_large)?;
    }
    unpacker.finish(|data| file.write_all(data)).map_err(too_large)?;
    drop(file);
    faults::point("upload.received");
    let _turn = memory.checks.take_blocking(1);
    accept(temp, now_ms)
}

/// Checks a received collection and brings it up to date.
pub(super) fn accept(temp: TempFile, now_ms: i64) -> Result<Accepted, Trouble> {
    let counts = deckport_collection::accept_upload(temp.path(), now_ms)
        .map_err(Trouble::UploadRefused)?
        .into();
    faults::point("upload.checked");
    let bytes = std::fs::metadata(temp.path())?.len();
    Ok(Accepted { temp, bytes, counts })
}

pub(super) fn of_inflate(error: InflateError, limit: u64) -> Trouble {
    match error {
        InflateError::TooLarge => Trouble::UploadTooLarge(limit),
        InflateError::Malformed => Trouble::UploadArrivedDamaged,
        InflateError::Sink(error) => error.into(),
    }
}
