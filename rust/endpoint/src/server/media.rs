//! The media methods (`media-sync` 4), for all generations of clients.
//!
//! What goes wrong is told in the `err` of a 200: every client shows that text, and makes
//! something misleading of any other status (`media-sync` 13.1). Only the answer of
//! `downloadFiles` is no JSON.

use std::io;
use std::sync::Arc;

use deckport_ground::hex::hex;
use deckport_household::{
    Media, MediaAsker, MediaTrouble, MediaZip, RefusalKind, Texts, Trouble, WorkError,
};
use deckport_wire::framing::InflateError;
use deckport_wire::media::{MediaAnswer, MediaBeginResponse, UploadChangesResponse};
use deckport_wire::{MediaRequest, Sender, WireError};
use serde::Serialize;

use super::content::{Content, hand_over};
use super::handler::Walk;
use super::login::Client;
use super::outgoing::Reply;
use super::refusal::Refusal;

/// Answers up to this size are sent in one go.
const SMALL_ANSWER_BYTES: u64 = 256 << 10;

/// Answers a request that carries no files.
pub(super) async fn answer(
    walk: &Walk<'_>,
    client: Client,
    mut sender: Sender,
    request: MediaRequest,
) -> Result<Reply, Refusal> {
    let texts = &*walk.shared.options.texts;
    let media = client.worker.media();
    if matches!(request, MediaRequest::Begin(_)) && sender.gets_media_session() {
        sender.session_key = new_session()?;
    }
    let key = sender.media_key();
    let asker = MediaAsker::of(client.caller, sender.session_key);
    match request {
        MediaRequest::Begin(begin) if begin.client_version.is_empty() => {
            Err(Refusal::bad_request("the client does not tell its version"))
        }
        MediaRequest::Begin(_) => {
            let usn = media.begin(asker).await;
            told(texts, usn.map(|usn| MediaBeginResponse { usn, session_key: key }))
        }
        MediaRequest::MediaChanges(request) => {
            told(texts, media.changes(asker, request.last_usn).await)
        }
        MediaRequest::DownloadFiles(request) => download(media, asker, request.names).await,
        MediaRequest::MediaSanity(request) => told(texts, media.sanity(asker, request.local).await),
    }
}

/// `uploadChanges`: a batch of files.
pub(super) async fn upload(
    walk: &mut Walk<'_>,
    client: Client,
    sender: Sender,
    content: Content,
) -> Result<Reply, Refusal> {
    let texts = &*walk.shared.options.texts;
    let asker = MediaAsker::of(client.caller.clone(), sender.session_key);
    let zip = match receive(walk, &client, content).await? {
        Ok(zip) => zip,
        Err(trouble) => return refused(texts, trouble),
    };
    client.permit.check()?;
    let stored = client.worker.media().upload(asker, zip).await;
    told(texts, stored.map(|done| UploadChangesResponse(done.processed, done.current_usn)))
}

/// Receives a batch, unpacked: in memory when it is as small as nearly all are, else in a file.
async fn receive(
    walk: &mut Walk<'_>,
    client: &Client,
    mut content: Content,
) -> Result<Result<MediaZip, MediaTrouble>, Refusal> {
    let limit = walk.shared.options.limits.max_media_batch_bytes;
    if let Some(zip) = content.small(walk.body, limit).await? {
        return Ok(Ok(MediaZip::in_memory(zip)));
    }
    let (memory, place) = (Arc::clone(&walk.shared.memory), client.worker.place().clone());
    let (pieces, source) = content.open();
    let unpacked = client.worker.errands().run("media", move |errand| {
        let file = source.into_file(errand, limit, &memory, place.folder(), false)?;
        // Nobody waits any more for one that broke off.
        let broken_off = || io::Error::from(io::ErrorKind::BrokenPipe);
        Ok(MediaZip::in_file(file.ok_or_else(broken_off)?)?)
    })?;
    if let Some(pieces) = pieces {
        hand_over(walk.body.take(), pieces).await?;
    }
    let zip = unpacked.await.map_err(|_| Refusal::internal("the files could not be received"))?;
    Ok(zip.map_err(|error| trouble(error, limit)))
}

async fn download(media: &Media, asker: MediaAsker, names: Vec<String>) -> Result<Reply, Refusal> {
    let zip = media.download(asker, names).await?;
    let size = zip.zip_bytes();
    // The client waits for the whole zip anyway, and a thread would cost more than it saves.
    Ok(Reply::file(zip, size, size <= SMALL_ANSWER_BYTES))
}

fn new_session() -> Result<String, Refusal> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| Refusal::internal(format!("there are no random numbers: {error}")))?;
    Ok(hex(&random))
}

fn told<T: Serialize>(texts: &dyn Texts, result: Result<T, WorkError>) -> Result<Reply, Refusal> {
    match result {
        Ok(data) => Ok(Reply::whole(write(&MediaAnswer::ok(data))?)),
        Err(error) => refused(texts, error.into()),
    }
}

/// A text that the client shows to the person.
pub(super) fn refused(texts: &dyn Texts, trouble: MediaTrouble) -> Result<Reply, Refusal> {
    let (reason, kind) = (trouble.to_string(), RefusalKind::from(&trouble));
    let text = texts.trouble(&Trouble::Media(trouble));
    Ok(Reply::whole(write(&MediaAnswer::<()>::refused(text))?).refused_as(kind, reason))
}

/// What is wrong with a batch of which `limit` bytes were allowed.
pub(super) fn trouble(error: InflateError, limit: u64) -> MediaTrouble {
    match error {
        InflateError::TooLarge => MediaTrouble::BatchTooLarge(limit),
        InflateError::Malformed => MediaTrouble::ArrivedDamaged,
        InflateError::Sink(error) => error.into(),
    }
}

fn write(answer: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    Ok(serde_json::to_vec(answer).map_err(WireError::Json)?)
}
