//! The media methods (`media-sync` 4), for all generations of clients.
//!
//! What goes wrong is told in the `err` of a 200: every client shows that text, and makes
//! something misleading of any other status (`media-sync` 13.1). Only the answer of
//! `downloadFiles` is no JSON.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use deckport_wire::media::{
    DownloadFilesRequest, MediaAnswer, MediaBeginRequest, MediaBeginResponse, MediaChangesRequest,
    MediaSanityRequest, UploadChangesResponse,
};
use deckport_wire::{MediaMethod, WireError};
use hyper::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::answer::Answer;
use super::handler::{self, Walk};
use super::inflate::InflateError;
use super::outgoing::{self, Packing};
use super::unpack::{Allowed, Coding, Unpacker};
use super::upload::hand_over;
use super::{framing, legacy, packing, spool};
use crate::memory::Memory;
use crate::own_thread::on_own_thread;
use crate::refusal::Refusal;
use crate::temp_file::TempFile;
use crate::texts::{MediaTrouble, Texts, Trouble};
use crate::worker::{Media, MediaAsker, MediaZip, Worker};

/// Largest JSON request: a list of names, or less.
pub(super) const MAX_JSON_BYTES: u64 = 1 << 20;
/// Answers up to this size are sent in one go.
const SMALL_ANSWER_BYTES: u64 = 256 << 10;
/// Pieces under way to the disk.
const PIECES: usize = 2;

/// A media request, whichever way it came.
pub(super) struct Call {
    pub(super) worker: Worker,
    pub(super) asker: MediaAsker,
    pub(super) packing: Packing,
    /// What `begin` gives the client to send from now on.
    pub(super) key: String,
    /// For people.
    pub(super) texts: Arc<dyn Texts>,
}

/// Answers a media request.
pub(super) async fn answer(walk: &mut Walk<'_>, method: MediaMethod) -> Result<Answer, Refusal> {
    if walk.head.method == Method::GET {
        return legacy::media_begin(walk).await;
    }
    if framing::is_legacy(&walk.head.headers) {
        return legacy::media(walk, method).await;
    }
    let header = framing::header(&walk.head.headers)?;
    let identity = walk.authenticate(&header, method == MediaMethod::Begin).await?;
    let worker = walk.shared.workers.of(&identity.account)?;
    let caller = handler::caller(&identity, &header, walk.peer);
    let asker = MediaAsker::of(caller, header.session_key);
    let texts = Arc::clone(&walk.shared.options.texts);
    let call = Call { worker, asker, packing: Packing::Zstd, key: header.token, texts };
    if method == MediaMethod::UploadChanges {
        let folder = walk.shared.options.data_dir.join(&identity.account.folder);
        return match receive(walk, folder).await? {
            Ok(zip) => call.upload(zip).await,
            Err(trouble) => refused(&*call.texts, trouble, Packing::Zstd),
        };
    }
    let allowed = Allowed { bytes: MAX_JSON_BYTES, in_parts: false };
    let json = framing::read_json(walk.shared, walk.body, allowed).await?;
    call.json(method, json.bytes()).await
}

impl Call {
    /// Answers a request whose body is JSON.
    pub(super) async fn json(self, method: MediaMethod, json: &[u8]) -> Result<Answer, Refusal> {
        match method {
            MediaMethod::Begin => {
                let request: MediaBeginRequest = parse(json)?;
                self.begin(&request.client_version).await
            }
            MediaMethod::MediaChanges => {
                let request: MediaChangesRequest = parse(json)?;
                self.told(self.media().changes(self.asker.clone(), request.last_usn).await)
            }
            MediaMethod::DownloadFiles => {
                let request: DownloadFilesRequest = parse(json)?;
                self.download(request.names).await
            }
            MediaMethod::MediaSanity => {
                let request: MediaSanityRequest = parse(json)?;
                self.told(self.media().sanity(self.asker.clone(), request.local).await)
            }
            MediaMethod::UploadChanges => {
                Err(Refusal::bad_request("this method takes a zip and no JSON"))
            }
        }
    }

    /// `begin` in any form.
    pub(super) async fn begin(self, client_version: &str) -> Result<Answer, Refusal> {
        if client_version.is_empty() {
            return Err(Refusal::bad_request("the client does not tell its version"));
        }
        let usn = self.media().begin(self.asker.clone()).await;
        self.told(usn.map(|usn| MediaBeginResponse { usn, session_key: self.key.clone() }))
    }

    /// `uploadChanges`.
    pub(super) async fn upload(self, zip: MediaZip) -> Result<Answer, Refusal> {
        let stored = self.media().upload(self.asker.clone(), zip).await;
        self.told(stored.map(|done| UploadChangesResponse(done.processed, done.current_usn)))
    }

    async fn download(self, names: Vec<String>) -> Result<Answer, Refusal> {
        let mut zip = self.media().download(self.asker.clone(), names).await?;
        let size = zip.zip_bytes();
        if size > SMALL_ANSWER_BYTES {
            return outgoing::stream(zip, size, self.packing);
        }
        // The client waits for the whole zip anyway, and a thread would cost more than it saves.
        let capacity = usize::try_from(size).unwrap_or_default();
        let unreadable = |error| Refusal::internal(format!("a media file cannot be read: {error}"));
        match self.packing {
            Packing::Zstd => {
                let frame = packing::packed(&mut zip, capacity).map_err(unreadable)?;
                Ok(Answer::framed(frame, size))
            }
            Packing::Plain => {
                let mut bytes = Vec::with_capacity(capacity);
                zip.read_to_end(&mut bytes).map_err(unreadable)?;
                Ok(Answer::plain(bytes))
            }
        }
    }

    fn told<T: Serialize>(&self, result: Result<T, Refusal>) -> Result<Answer, Refusal> {
        match result {
            Ok(data) => packed(write(&MediaAnswer::ok(data))?, self.packing),
            Err(Refusal { reason, media, .. }) => {
                let trouble = media.unwrap_or(MediaTrouble::Other(reason));
                refused(&*self.texts, trouble, self.packing)
            }
        }
    }

    fn media(&self) -> &Media {
        self.worker.media()
    }
}

/// A text that the client shows to the person.
pub(super) fn refused(
    texts: &dyn Texts,
    trouble: MediaTrouble,
    packing: Packing,
) -> Result<Answer, Refusal> {
    let reason = trouble.to_string();
    let text = texts.trouble(&Trouble::Media(trouble));
    let answer = packed(write(&MediaAnswer::<()>::refused(text))?, packing)?;
    Ok(answer.recorded_as(reason))
}

fn packed(body: Vec<u8>, packing: Packing) -> Result<Answer, Refusal> {
    match packing {
        Packing::Zstd => framing::answer(&body),
        Packing::Plain => Ok(Answer::plain(body)),
    }
}

/// Receives the body of an upload, decompressed.
async fn receive(
    walk: &mut Walk<'_>,
    folder: PathBuf,
) -> Result<Result<MediaZip, MediaTrouble>, Refusal> {
    let limit = walk.shared.options.limits.max_media_batch_bytes;
    let mut head = Vec::new();
    while head.len() <= spool::MEMORY_BYTES {
        match walk.body.next().await? {
            Some(piece) => head.extend_from_slice(&piece),
            None => match framing::unpack_small(&head, Coding::Zstd, limit) {
                Some(zip) => return Ok(Ok(MediaZip::in_memory(zip))),
                None => break,
            },
        }
    }
    let memory = Arc::clone(&walk.shared.memory);
    let (pieces, inbox) = mpsc::channel(PIECES);
    let spooled = on_own_thread(move || store(&head, inbox, limit, &memory, &folder))
        .map_err(|error| Refusal::internal(format!("no thread could be started: {error}")))?;
    hand_over(walk.body, pieces).await?;
    let zip = spooled.await.map_err(|_| Refusal::internal("the files could not be received"))?;
    Ok(judge(zip, limit))
}

/// Receives a batch into a temporary file.
fn store(
    head: &[u8],
    mut inbox: mpsc::Receiver<Bytes>,
    limit: u64,
    memory: &Arc<Memory>,
    folder: &Path,
) -> Result<MediaZip, InflateError> {
    let temp = TempFile::for_upload(folder).map_err(InflateError::Sink)?;
    let mut file = temp.create().map_err(InflateError::Sink)?;
    let mut unpacker = Unpacker::new(limit, memory, folder).map_err(InflateError::Sink)?;
    unpacker.push(head, |data| file.write_all(data))?;
    while let Some(piece) = inbox.blocking_recv() {
        unpacker.push(&piece, |data| file.write_all(data))?;
    }
    unpacker.finish(|data| file.write_all(data))?;
    MediaZip::in_file(temp).map_err(InflateError::Sink)
}

/// What becomes of a batch.
pub(super) fn judge(
    received: Result<MediaZip, InflateError>,
    limit: u64,
) -> Result<MediaZip, MediaTrouble> {
    received.map_err(|error| match error {
        InflateError::TooLarge => MediaTrouble::BatchTooLarge(limit),
        InflateError::Malformed => MediaTrouble::ArrivedDamaged,
        InflateError::Sink(error) => error.into(),
    })
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Refusal> {
    Ok(serde_json::from_slice(json).map_err(WireError::Json)?)
}

fn write(answer: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    Ok(serde_json::to_vec(answer).map_err(WireError::Json)?)
}
