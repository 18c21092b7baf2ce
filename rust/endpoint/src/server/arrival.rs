//! Receiving a request: its head and body become one typed call, and it is found out who asks.
//!
//! Most clients tell that in the head, and nothing of the body is read before it is known. In forms
//! the token stands anywhere, often behind the data: such a request is received before it is known
//! who sent it, and what it may cost until then is limited in [`super::strangers`]. As soon as the
//! token has come, its sender is a client like any other.

use std::sync::Arc;

use bytes::Bytes;
use deckport_ground::temp_file::TempFile;
use deckport_household::{SyncHold, WorkError};
use deckport_wire::framing::{Coding, Envelope, InflateError, Inflater, RequestReader};
use deckport_wire::{Call, ErrorKind, MediaMethod, Method, Request, SyncMethod, WireError};
use hyper::HeaderMap;
use hyper::header::CONTENT_LENGTH;

use super::content::Content;
use super::handler::Walk;
use super::login::{self, Client};
use super::refusal::Refusal;
use super::spool::{MEMORY_BYTES, Packed, Spool};
use super::strangers::Stranger;
use super::unpack::{self, Allowed, Json, Unpacked};
use crate::memory::Held;
use crate::options::Limits;

/// Largest body of a request that carries nothing.
const MAX_EMPTY_BYTES: u64 = 16 * 1024;
/// Enough for the longest name and password.
const MAX_LOGIN_BYTES: u64 = 16 * 1024;
/// Largest body of a request that tells a few numbers.
const MAX_PLAIN_BYTES: u64 = 64 * 1024;
/// Largest list of deletions: some two hundred thousand. Clients from 2.1.28 on send 250 at once.
const MAX_GRAVES_BYTES: u64 = 4 << 20;
/// Largest JSON request for media: a list of names, or less.
const MAX_MEDIA_BYTES: u64 = 1 << 20;
/// Largest data of a step, as it comes, that may come before its token. Real ones are far smaller:
/// they are compressed.
const MAX_STRANGE_BYTES: u64 = 16 << 20;
/// The same for a collection; clients that send such forms themselves stop at 100 MiB.
const MAX_STRANGE_UPLOAD_BYTES: u64 = 256 << 20;

/// A request that is here; the file that it carries may still be arriving.
pub(super) struct Arrived {
    pub(super) call: Call<Content, TempFile>,
    /// Who asks; nobody is known who logs in.
    pub(super) client: Option<Client>,
    /// Of a step: the sync that it belongs to.
    pub(super) hold: Option<SyncHold>,
    /// Length of its JSON, and the memory for what was read of it.
    pub(super) bytes: usize,
    pub(super) held: Option<Held>,
}

/// Why a request did not arrive.
pub(super) enum NotArrived {
    Refused(Refusal),
    /// Its data cannot be used, of which so many bytes were allowed.
    Data(InflateError, u64),
}

impl<E: Into<Refusal>> From<E> for NotArrived {
    fn from(error: E) -> NotArrived {
        NotArrived::Refused(error.into())
    }
}

/// Receives a request.
pub(super) async fn receive(
    walk: &mut Walk<'_>,
    reader: RequestReader,
) -> Result<Arrived, NotArrived> {
    let method = reader.method();
    let allowed = allowed(method, reader.sender().is_some(), &walk.shared.options.limits);
    let mut arrival =
        Arrival { walk, reader, method, allowed, client: None, stranger: None, is_held: false };
    arrival.look().await?;
    match (arrival.reader.coding(), arrival.reader.sender()) {
        (Some(coding), Some(sender)) if method.carries_file() => {
            let content = Content::Arriving(Vec::new(), coding);
            let call = Call { sender, request: carried(method, content) };
            Ok(Arrived { call, client: arrival.client, hold: None, bytes: 0, held: None })
        }
        _ => arrival.whole().await,
    }
}

/// A request on its way in.
struct Arrival<'a, 'b> {
    walk: &'a mut Walk<'b>,
    reader: RequestReader,
    method: Method,
    allowed: Allowed,
    client: Option<Client>,
    /// While it is not known who sends it.
    stranger: Option<Stranger>,
    is_held: bool,
}

impl Arrival<'_, '_> {
    /// Receives all of it.
    async fn whole(mut self) -> Result<Arrived, NotArrived> {
        let packed = self.data().await?;
        // From here on it costs no more than what a client sends.
        self.stranger = None;
        let Arrival { walk, reader, method, allowed, client, .. } = self;
        let Envelope { sender, coding, json } = reader.finish()?;
        let client = match client.filter(|client| client.token == sender.token) {
            None if method == Method::Sync(SyncMethod::HostKey) => None,
            None => {
                drop(walk.body.take_hold());
                Some(login::identify(walk, &sender, method).await?)
            }
            known => known,
        };
        let Unpacked { request, bytes, held } = match json {
            _ if method.carries_file() => {
                let request = carried(method, Content::Whole(packed, coding));
                Unpacked { request, bytes: 0, held: None }
            }
            Some(json) => Json::of(json).read(method)?,
            None => read_json(walk, packed, coding, method, allowed).await?,
        };
        let hold = client.as_ref().filter(|_| method.is_step()).map(|client| {
            let new = || client.worker.hold(&client.caller, &sender.session_key);
            walk.body.take_hold().unwrap_or_else(new)
        });
        Ok(Arrived { call: Call { sender, request }, client, hold, bytes, held })
    }

    /// Receives the data, as it comes.
    async fn data(&mut self) -> Result<Packed, NotArrived> {
        if !self.reader.has_body() {
            return Ok(Packed::Memory(Vec::new()));
        }
        self.reader.limit(self.allowed.packed);
        if self.reader.sender().is_none() {
            if !is_small(&self.walk.head.headers) {
                // It may be large and the token behind it: only standing still is forbidden.
                self.walk.body.trust();
            }
            let address = self.walk.shared.origins.of(self.walk.peer.ip()).own;
            self.stranger = Some(self.walk.shared.strangers.welcome(address));
        }
        let shared = self.walk.shared;
        let mut spool = Spool::new(&shared.options.data_dir, shared.workers().errands());
        let limit = self.allowed.packed;
        let unkept = |error| NotArrived::Data(InflateError::Sink(error), limit);
        while let Some(piece) = self.next().await? {
            let data = self.reader.push(&piece).map_err(|error| match error {
                WireError::TooLarge => NotArrived::Data(InflateError::TooLarge, limit),
                error => error.into(),
            })?;
            if self.stranger.as_ref().is_some_and(|stranger| !stranger.grows(data.bytes.len())) {
                return Err(self.crowded_out().into());
            }
            if data.is_new {
                spool.restart();
            }
            spool.write(data.bytes.into()).await.map_err(unkept)?;
            self.look().await?;
        }
        spool.finish().await.map_err(unkept)
    }

    /// Finds out who sends it as soon as that can be known, and which sync it belongs to, which
    /// does not end while its data still arrives.
    async fn look(&mut self) -> Result<(), Refusal> {
        if self.client.is_none()
            && self.method != Method::Sync(SyncMethod::HostKey)
            && let Some(sender) = self.reader.sender()
        {
            self.client = Some(login::identify(self.walk, &sender, self.method).await?);
            self.stranger = None;
        }
        if let (Some(client), false) = (&self.client, self.is_held || !self.method.is_step())
            && let Some(run) = self.reader.session_key()
        {
            self.is_held = true;
            self.walk.body.keeps_alive(client.worker.hold(&client.caller, &run));
        }
        Ok(())
    }

    /// The next piece, unless the request is given up for the sake of others.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let Some(stranger) = &self.stranger else { return self.walk.body.next().await };
        tokio::select! {
            piece = self.walk.body.next() => piece,
            () = stranger.given_up() => Err(self.crowded_out()),
        }
    }

    fn crowded_out(&mut self) -> Refusal {
        self.walk.body.abandon();
        Refusal::new(ErrorKind::Unavailable, "too much arrives from senders that are not known yet")
    }
}

/// Unpacks the JSON of a request and reads it.
async fn read_json(
    walk: &Walk<'_>,
    packed: Packed,
    coding: Coding,
    method: Method,
    allowed: Allowed,
) -> Result<Unpacked<Content>, NotArrived> {
    if let Some(json) = unpack::small_json(&packed, coding, allowed) {
        return Ok(json.read(method)?);
    }
    let (memory, folder) = (Arc::clone(&walk.shared.memory), walk.shared.options.data_dir.clone());
    let unpacked = walk.shared.workers().errands().run("unpacking", move |_| {
        let json = unpack::json(&packed, coding, allowed, &memory, &folder);
        Ok(json.map_err(|error| NotArrived::Data(error, allowed.bytes))?.read(method)?)
    })?;
    unpacked.await.map_err(|_| WorkError::unexpected())?
}

fn carried(method: Method, content: Content) -> Request<Content, TempFile> {
    match method {
        Method::Sync(_) => Request::Upload(content),
        Method::Media(_) => Request::UploadChanges(content),
    }
}

/// What a request may be. Lists of objects have no natural end, all others do. What `is_known` to
/// come from a client may be packed in any way, what comes from a stranger is kept small.
fn allowed(method: Method, is_known: bool, limits: &Limits) -> Allowed {
    let most = limits.max_json_bytes;
    let (bytes, strange) = match method {
        Method::Sync(SyncMethod::HostKey) => (MAX_LOGIN_BYTES, MAX_LOGIN_BYTES),
        Method::Sync(SyncMethod::Upload) => (limits.max_upload_bytes, MAX_STRANGE_UPLOAD_BYTES),
        Method::Sync(SyncMethod::Download) => (MAX_EMPTY_BYTES, MEMORY_BYTES as u64),
        Method::Sync(SyncMethod::ApplyChunk | SyncMethod::ApplyChanges) => {
            (most, MAX_STRANGE_BYTES)
        }
        Method::Sync(SyncMethod::ApplyGraves | SyncMethod::Start) => {
            (most.min(MAX_GRAVES_BYTES), MAX_STRANGE_BYTES)
        }
        Method::Sync(_) => (most.min(MAX_PLAIN_BYTES), MAX_STRANGE_BYTES),
        Method::Media(MediaMethod::UploadChanges) => {
            (limits.max_media_batch_bytes, limits.max_media_batch_bytes)
        }
        Method::Media(_) => (MAX_MEDIA_BYTES, MAX_MEDIA_BYTES),
    };
    let packed = if is_known { Inflater::most_packed(bytes) } else { strange };
    Allowed { packed, bytes, in_parts: method == Method::Sync(SyncMethod::ApplyChunk) }
}

/// Small forms must come within the time that every stranger has.
fn is_small(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.is_some_and(|length: usize| length <= MEMORY_BYTES)
}
