//! Clients of protocols 8 to 10: multipart forms with gzip inside, plain answers (`transport` 4).
//!
//! Their token stands anywhere in the form, often behind the data. So a form is received before
//! it is known who sent it; what it may cost until then is limited in [`super::strangers`]. As
//! soon as the token has come, its sender is a client like any other.

use std::path::Path;
use std::sync::Arc;

use deckport_wire::{ErrorKind, MediaMethod, SyncHeader, SyncMethod};
use hyper::HeaderMap;
use hyper::header::{CONTENT_LENGTH, USER_AGENT};

use super::answer::Answer;
use super::form::{Fields, FormError, FormReader};
use super::framing;
use super::handler::{self, Walk};
use super::inflate::InflateError;
use super::media;
use super::outgoing::Packing;
use super::spool::{MEMORY_BYTES, Packed, Spool};
use super::strangers::Stranger;
use super::unpack::{self, Allowed, Coding};
use super::{download, login, upload};
use crate::hex::hex;
use crate::memory::Memory;
use crate::own_thread::on_own_thread;
use crate::refusal::Refusal;
use crate::registry::Identity;
use crate::temp_file::TempFile;
use crate::texts::{MediaTrouble, Trouble};
use crate::worker::{FileForm, Json, MediaAsker, MediaZip, StepRequest};

/// Largest JSON form, as sent. Real ones are far smaller: they are compressed.
const MAX_FORM_BYTES: u64 = 16 << 20;
/// Largest uploaded collection, as sent; these clients themselves stop at 100 MiB.
const MAX_UPLOAD_BYTES: u64 = 256 << 20;
/// Between token and session in the keys that `begin` of media gives out; no token has it.
const SESSION_MARK: char = '-';

/// Answers a collection request of an old client.
pub(super) async fn sync(walk: &mut Walk<'_>, method: SyncMethod) -> Result<Answer, Refusal> {
    match method {
        SyncMethod::HostKey => log_in(walk).await,
        SyncMethod::Upload => upload(walk).await,
        SyncMethod::Download => download(walk).await,
        _ => step(walk, method).await,
    }
}

async fn log_in(walk: &mut Walk<'_>) -> Result<Answer, Refusal> {
    let form = receive(walk, login::MAX_LOGIN_BYTES, Asks::Login).await??;
    let header = header(walk, "", "");
    let allowed = Allowed { bytes: login::MAX_LOGIN_BYTES, in_parts: false };
    let json = form.json(walk, allowed).await?;
    Ok(Answer::plain(login::log_in(walk, json.bytes(), &header.client_version).await?))
}

async fn step(walk: &mut Walk<'_>, method: SyncMethod) -> Result<Answer, Refusal> {
    let asks = Asks::Sync { begins: handler::begins_a_run(method) };
    let form = receive(walk, MAX_FORM_BYTES, asks).await??;
    let (identity, header) = form.sender(walk, asks).await?;
    let worker = walk.shared.workers.of(&identity.account)?;
    let caller = handler::caller(&identity, &header, walk.peer);
    let body = form.json(walk, handler::allowed(method, &walk.shared.options.limits)).await?;
    let session_key = header.session_key;
    let hold = worker.hold(&caller, &session_key);
    let answer = worker.step(StepRequest { caller, session_key, method, body }).await?;
    Ok(Answer::plain(answer).keeps_alive(Some(hold)))
}

/// A download, for which these clients send little or nothing.
async fn download(walk: &mut Walk<'_>) -> Result<Answer, Refusal> {
    let asks = Asks::Sync { begins: true };
    let form = receive(walk, MEMORY_BYTES as u64, asks).await??;
    let (identity, header) = form.sender(walk, asks).await?;
    let worker = walk.shared.workers.of(&identity.account)?;
    let caller = handler::caller(&identity, &header, walk.peer);
    download::download(&worker, caller, FileForm::Schema11, Packing::Plain).await
}

/// An upload: the form goes to a file until it is known whose it is.
async fn upload(walk: &mut Walk<'_>) -> Result<Answer, Refusal> {
    let asks = Asks::Sync { begins: true };
    let form = match receive(walk, MAX_UPLOAD_BYTES, asks).await? {
        Ok(form) => form,
        Err(FormError::TooLarge) => {
            return Ok(explain(walk, &Trouble::UploadTooLarge(MAX_UPLOAD_BYTES)));
        }
        Err(FormError::Sink(error)) => return Ok(explain(walk, &error.into())),
        Err(error @ FormError::Malformed(_)) => return Err(error.into()),
    };
    let (identity, header) = form.sender(walk, asks).await?;
    let worker = walk.shared.workers.of(&identity.account)?;
    let caller = handler::caller(&identity, &header, walk.peer);
    let lease = worker.take_for_upload(caller).await?;
    let options = &walk.shared.options;
    let folder = options.data_dir.join(&identity.account.folder);
    let (limit, now_ms) = (options.limits.max_upload_bytes, options.clock.now_ms());
    let memory = Arc::clone(&walk.shared.memory);
    let accepted = blocking(move || {
        // Into the account's folder, from where a rename puts it in place.
        let unpacked = unpack_file(form, limit, &memory, &folder)
            .map_err(|error| upload::of_inflate(error, limit))?;
        let unpacked = unpacked.moved_into(&folder)?;
        let _turn = memory.checks.take_blocking(1);
        upload::accept(unpacked, now_ms)
    });
    let done = match accepted.await? {
        Ok(accepted) => upload::put_in_place(walk, lease, accepted).await?,
        Err(trouble) => Err(trouble),
    };
    Ok(match done {
        Ok(()) => Answer::plain(b"OK".to_vec()),
        Err(trouble) => explain(walk, &trouble),
    })
}

/// A 200 that is no `OK`: clients show its text.
fn explain(walk: &Walk<'_>, trouble: &Trouble) -> Answer {
    let text = walk.shared.options.texts.trouble(trouble);
    Answer::plain(text.into_bytes()).recorded_as(upload::recorded(trouble))
}

/// Answers a media request of an old client (`media-sync` 3.3).
pub(super) async fn media(walk: &mut Walk<'_>, method: MediaMethod) -> Result<Answer, Refusal> {
    let asks = Asks::Media { begins: method == MediaMethod::Begin };
    if method == MediaMethod::UploadChanges {
        return media_upload(walk, asks).await;
    }
    let form = receive(walk, media::MAX_JSON_BYTES, asks).await??;
    let call = media_call(walk, &form, asks).await?;
    if method == MediaMethod::Begin && !form.fields.version.is_empty() {
        return call.begin(&form.fields.version).await;
    }
    let allowed = Allowed { bytes: media::MAX_JSON_BYTES, in_parts: false };
    let json = form.json(walk, allowed).await?;
    call.json(method, json.bytes()).await
}

/// `begin` of desktops from 2.1.24 to 2.1.56, which has no body (`media-sync` 4.1).
pub(super) async fn media_begin(walk: &mut Walk<'_>) -> Result<Answer, Refusal> {
    let query = walk.head.uri.query().unwrap_or_default().as_bytes();
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(query);
        fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let token = field("k").unwrap_or_default();
    let fields = Fields { token, version: field("v").unwrap_or_default(), ..Fields::default() };
    let form = Form { fields, data: Packed::Memory(Vec::new()), known: None };
    let call = media_call(walk, &form, Asks::Media { begins: true }).await?;
    call.begin(&form.fields.version).await
}

/// A batch of files.
async fn media_upload(walk: &mut Walk<'_>, asks: Asks) -> Result<Answer, Refusal> {
    let limit = walk.shared.options.limits.max_media_batch_bytes;
    let texts = Arc::clone(&walk.shared.options.texts);
    let refused = |trouble| media::refused(&*texts, trouble, Packing::Plain);
    let form = match receive(walk, limit, asks).await? {
        Ok(form) => form,
        Err(FormError::TooLarge) => return refused(MediaTrouble::BatchTooLarge(limit)),
        Err(FormError::Sink(error)) => return refused(error.into()),
        Err(error @ FormError::Malformed(_)) => return Err(error.into()),
    };
    let call = media_call(walk, &form, asks).await?;
    let (folder, memory) = (walk.shared.options.data_dir.clone(), Arc::clone(&walk.shared.memory));
    let unpacked = blocking(move || {
        let file = unpack_file(form, limit, &memory, &folder)?;
        MediaZip::in_file(file).map_err(InflateError::Sink)
    });
    match media::judge(unpacked.await?, limit) {
        Ok(zip) => call.upload(zip).await,
        Err(trouble) => refused(trouble),
    }
}

/// Finds out who asks. `begin` gives these clients a key with a session in it, which they send
/// back (`media-sync` 4.1).
async fn media_call(walk: &mut Walk<'_>, form: &Form, asks: Asks) -> Result<media::Call, Refusal> {
    let (identity, header) = form.sender(walk, asks).await?;
    let worker = walk.shared.workers.of(&identity.account)?;
    let token = header.token.clone();
    let caller = handler::caller(&identity, &header, walk.peer);
    let mut asker = MediaAsker::of(caller, header.session_key);
    if matches!(asks, Asks::Media { begins: true }) {
        asker.session = new_session()?;
    }
    let key = format!("{token}{SESSION_MARK}{}", asker.session);
    let texts = Arc::clone(&walk.shared.options.texts);
    Ok(media::Call { worker, asker, packing: Packing::Plain, key, texts })
}

fn new_session() -> Result<String, Refusal> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| Refusal::internal(format!("there are no random numbers: {error}")))?;
    Ok(hex(&random))
}

/// The same facts as the header of protocol 11. The version stands only in some requests, so what
/// tells devices apart is the user agent, which is in all of them or in none.
fn header(walk: &Walk<'_>, token: &str, session_key: &str) -> SyncHeader {
    let agent = walk.head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    SyncHeader {
        version: 10,
        token: token.to_owned(),
        client_version: agent.map_or_else(String::new, |agent| agent.replace(' ', ",")),
        session_key: session_key.to_owned(),
    }
}

/// What a form asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Its sender becomes known by it.
    Login,
    /// Something of the collection.
    Sync { begins: bool },
    /// Something of the media: the token may have a session behind it.
    Media { begins: bool },
}

impl Asks {
    fn header(self, walk: &Walk<'_>, token: &str, session_key: &str) -> SyncHeader {
        match (self, token.split_once(SESSION_MARK)) {
            (Asks::Media { .. }, Some((token, session))) => header(walk, token, session),
            (Asks::Media { .. }, None) => header(walk, token, ""),
            _ => header(walk, token, session_key),
        }
    }

    fn begins(self) -> bool {
        matches!(self, Asks::Sync { begins: true } | Asks::Media { begins: true })
    }
}

/// A complete form.
struct Form {
    fields: Fields,
    /// Still packed.
    data: Packed,
    /// Who sent it, if that was clear before its end, and by which token.
    known: Option<(String, Identity)>,
}

impl Form {
    /// Who sent it.
    async fn sender(
        &self,
        walk: &mut Walk<'_>,
        asks: Asks,
    ) -> Result<(Identity, SyncHeader), Refusal> {
        let header = asks.header(walk, &self.fields.token, &self.fields.session_key);
        let identity = match &self.known {
            Some((token, identity)) if *token == self.fields.token => identity.clone(),
            _ => walk.authenticate(&header, asks.begins()).await?,
        };
        Ok((identity, header))
    }

    /// The JSON in it. A form without data means an empty object.
    async fn json(self, walk: &Walk<'_>, allowed: Allowed) -> Result<Json, Refusal> {
        if matches!(&self.data, Packed::Memory(data) if data.is_empty()) {
            return Ok(Json::in_memory(b"{}".to_vec(), None));
        }
        let coding = self.fields.coding();
        framing::unpack_json(walk.shared, self.data, coding, allowed).await
    }
}

/// Receives a form with at most `limit` bytes of data, as sent.
async fn receive(
    walk: &mut Walk<'_>,
    limit: u64,
    asks: Asks,
) -> Result<Result<Form, FormError>, Refusal> {
    let mut reader = match FormReader::new(&walk.head.headers, limit) {
        Ok(reader) => reader,
        Err(error) => return Ok(Err(error)),
    };
    if !is_small(&walk.head.headers) {
        // It may be large and the token behind it: only standing still is forbidden.
        walk.body.trust();
    }
    let mut spool = Spool::new(&walk.shared.options.data_dir);
    let sender = walk.shared.origins.of(walk.peer.ip()).own;
    let mut stranger = Some(walk.shared.strangers.welcome(sender));
    let (mut known, mut is_held) = (None, false);
    while let Some(piece) = next(walk, stranger.as_ref()).await? {
        if let Err(error) = reader.push(&piece) {
            return Ok(Err(error));
        }
        let data = reader.take_data();
        if stranger.as_ref().is_some_and(|stranger| !stranger.grows(data.bytes.len())) {
            return Err(crowded_out(walk));
        }
        if data.is_new {
            spool.restart();
        }
        if let Err(error) = spool.write(data.bytes.into()).await {
            return Ok(Err(error.into()));
        }
        if stranger.is_some()
            && asks != Asks::Login
            && let Some(token) = reader.token()
        {
            let header = asks.header(walk, &token, "");
            known = Some((token, walk.authenticate(&header, asks.begins()).await?));
            stranger = None;
        }
        if let (Some((_, identity)), Some(run)) = (&known, reader.session_key())
            && !std::mem::replace(&mut is_held, true)
        {
            keep_alive(walk, identity, &header(walk, "", &run))?;
        }
    }
    let fields = match reader.finish() {
        Ok(fields) => fields,
        Err(error) => return Ok(Err(error)),
    };
    let data = spool.finish().await.map_err(FormError::Sink);
    Ok(data.map(|data| Form { fields, data, known }))
}

/// The next piece, unless the form is given up for the sake of others.
async fn next(
    walk: &mut Walk<'_>,
    stranger: Option<&Stranger>,
) -> Result<Option<bytes::Bytes>, Refusal> {
    let Some(stranger) = stranger else { return walk.body.next().await };
    tokio::select! {
        piece = walk.body.next() => piece,
        () = stranger.given_up() => Err(crowded_out(walk)),
    }
}

fn crowded_out(walk: &mut Walk<'_>) -> Refusal {
    walk.body.abandon();
    Refusal::new(ErrorKind::Unavailable, "too much arrives from senders that are not known yet")
}

/// It is clear which sync the form belongs to, while its data still arrives.
fn keep_alive(
    walk: &mut Walk<'_>,
    identity: &Identity,
    header: &SyncHeader,
) -> Result<(), Refusal> {
    let worker = walk.shared.workers.of(&identity.account)?;
    let caller = handler::caller(identity, header, walk.peer);
    walk.body.keeps_alive(worker.hold(&caller, &header.session_key));
    Ok(())
}

/// The data of a form in a file. Blocks.
fn unpack_file(
    form: Form,
    limit: u64,
    memory: &Memory,
    folder: &Path,
) -> Result<TempFile, InflateError> {
    match (form.fields.coding(), form.data) {
        (Coding::Plain, Packed::File(file)) => {
            let bytes = std::fs::metadata(file.path()).map_err(InflateError::Sink)?.len();
            if bytes > limit { Err(InflateError::TooLarge) } else { Ok(file) }
        }
        (coding, data) => unpack::file(&data, coding, limit, memory, folder),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let no_thread = |error| Refusal::internal(format!("no thread could be started: {error}"));
    let done = on_own_thread(work).map_err(no_thread)?.await;
    done.map_err(|_| Refusal::internal("the upload could not be checked"))
}

/// Small forms must come within the time that every stranger has.
fn is_small(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.is_some_and(|length: usize| length <= MEMORY_BYTES)
}
