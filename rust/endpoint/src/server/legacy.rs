//! Clients of protocols 8 to 10: multipart forms with gzip inside, plain answers (`transport` 4).
//!
//! Their token stands anywhere in the form, often behind the data. So a form is received before
//! it is known who sent it; what it may cost until then is limited here.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;

use deckport_wire::multipart::{Event, Multipart, MultipartError};
use deckport_wire::{ErrorKind, MediaMethod, SyncHeader, SyncMethod};
use flate2::bufread::GzDecoder;
use hyper::HeaderMap;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use tokio::sync::oneshot;

use super::answer::Answer;
use super::handler::Walk;
use super::media;
use super::outgoing::Packing;
use super::upload::{self, Upload};
use super::{Shared, download, login};
use crate::errands::Errand;
use crate::hex::hex;
use crate::refusal::Refusal;
use crate::temp_file::{TempFile, TempWriter};
use crate::texts::{MediaTrouble, Trouble};
use crate::worker::{FileForm, MediaAsker, MediaZip, StepRequest};

/// Largest JSON form, as sent. Real ones are far smaller: they are compressed.
const MAX_FORM_BYTES: u64 = 16 << 20;
/// Forms up to this size are received at any time, larger ones only a few at once.
const SMALL_FORM_BYTES: u64 = 64 << 10;
/// Largest uploaded collection, as sent; these clients themselves stop at 100 MiB.
const MAX_UPLOAD_BYTES: u64 = 256 << 20;
/// Between token and session in the keys that `begin` of media gives out; no token has it.
const SESSION_MARK: char = '-';
/// Longest text field.
const MAX_FIELD_BYTES: usize = 4096;
/// Unpacked bytes between two looks whether to go on.
const UNPACKED_AT_ONCE: u64 = 1 << 20;

/// Answers a collection request of an old client.
pub(super) async fn sync(walk: &mut Walk<'_>, method: SyncMethod) -> Result<Answer, Refusal> {
    if method == SyncMethod::Upload {
        return upload(walk).await;
    }
    let form = receive(walk).await?;
    let header = form.header(walk);
    if method == SyncMethod::HostKey {
        let json = form.json(walk.shared)?;
        return Ok(Answer::plain(login::log_in(walk, &json, &header.client_version).await?));
    }
    let identity = walk.authenticate(&header, super::handler::begins_a_run(method))?;
    let worker = walk.shared.workers.of(&identity.account)?;
    let caller = super::handler::caller(&identity, &header, walk.peer);
    if method == SyncMethod::Download {
        return download::download(&worker, caller, FileForm::Schema11, Packing::Plain).await;
    }
    let body = form.json(walk.shared)?;
    let session_key = header.session_key;
    Ok(Answer::plain(worker.step(StepRequest { caller, session_key, method, body }).await?))
}

/// An upload: the form goes to a file until it is known whose it is.
async fn upload(walk: &mut Walk<'_>) -> Result<Answer, Refusal> {
    let (reply, outcome) = oneshot::channel();
    let (told, identity) = oneshot::channel();
    let (shared, peer, agent) = (Arc::clone(walk.shared), walk.peer, agent(walk));
    // On the thread that receives it: it goes on whoever is still there.
    let finish = move |errand: &Errand, form: Result<Form<TempFile>, Unspooled>| {
        let form = match form {
            Ok(form) => form,
            Err(unspooled) => return drop(reply.send(Ok(Err(unspooled.into())))),
        };
        let header = header_of(agent, &form.token, &form.session_key);
        let begun = super::handler::identify(&shared, peer, &header, true).and_then(|identity| {
            let worker = shared.workers.of(&identity.account)?;
            let lease = worker.take_blocking(super::handler::caller(&identity, &header, peer))?;
            let upload = Upload::new(&shared, lease, &identity, &header.token);
            upload.has_arrived();
            // Nobody wants to know who it was when the request was given up.
            let _ = told.send(identity);
            Ok(upload)
        });
        let upload = match begun {
            Ok(upload) => upload,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        let outcome = upload.finish(errand, || {
            // Into the account's folder, from where a rename puts it in place.
            let folder = upload.folder();
            Ok(Some(unpack(form, folder, upload.limit(), errand)?.moved_into(folder)?))
        });
        upload.tell(reply, outcome);
    };
    spool(walk, MAX_UPLOAD_BYTES, finish).await?;
    let outcome = outcome.await;
    if let Ok(identity) = identity.await {
        walk.record.identify(&identity);
    }
    Ok(match outcome.map_err(|_| Refusal::internal("the upload could not be checked"))?? {
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
    if method == MediaMethod::UploadChanges && !fits_into_memory(&walk.head.headers) {
        return large_media(walk).await;
    }
    let form = receive(walk).await?;
    let call = media_call(walk, &form.token, method)?;
    match method {
        MediaMethod::UploadChanges => {
            let limit = walk.shared.options.limits.max_media_batch_bytes;
            call.upload(MediaZip::in_memory(form.unpacked(limit)?)).await
        }
        MediaMethod::Begin if !form.version.is_empty() => call.begin(&form.version).await,
        _ => call.json(method, &form.json(walk.shared)?).await,
    }
}

/// `begin` of desktops from 2.1.24 to 2.1.56, which has no body (`media-sync` 4.1).
pub(super) async fn media_begin(walk: &mut Walk<'_>) -> Result<Answer, Refusal> {
    let query = walk.head.uri.query().unwrap_or_default().as_bytes();
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(query);
        fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let (token, version) = (field("k").unwrap_or_default(), field("v").unwrap_or_default());
    media_call(walk, &token, MediaMethod::Begin)?.begin(&version).await
}

/// A batch with a large file: the form goes to a file until it is known whose it is.
async fn large_media(walk: &mut Walk<'_>) -> Result<Answer, Refusal> {
    let limit = walk.shared.options.limits.max_media_batch_bytes;
    let form = match spool(walk, limit, |_, form| form).await? {
        Ok(form) => form,
        Err(unspooled) => {
            let texts = &*walk.shared.options.texts;
            return media::refused(texts, unspooled.into(), Packing::Plain);
        }
    };
    let call = media_call(walk, &form.token, MediaMethod::UploadChanges)?;
    let folder = walk.shared.options.data_dir.clone();
    let unpacked = call
        .worker
        .errands()
        .run("media", move |errand| unpack(form, &folder, limit, errand).map(MediaZip::in_file))?;
    let zip = unpacked.await.map_err(|_| Refusal::internal("the files could not be unpacked"))?;
    match zip.and_then(|zip| Ok(zip?)) {
        Ok(zip) => call.upload(zip).await,
        Err(unspooled) => media::refused(&*call.texts, unspooled.into(), Packing::Plain),
    }
}

/// Finds out who asks. `begin` gives these clients a key with a session in it, which they send
/// back (`media-sync` 4.1).
fn media_call(walk: &mut Walk<'_>, key: &str, method: MediaMethod) -> Result<media::Call, Refusal> {
    let (token, session) = key.split_once(SESSION_MARK).unwrap_or((key, ""));
    let header = header(walk, token, session);
    let identity = walk.authenticate(&header, method == MediaMethod::Begin)?;
    let worker = walk.shared.workers.of(&identity.account)?;
    let caller = super::handler::caller(&identity, &header, walk.peer);
    let mut asker = MediaAsker::of(caller, header.session_key);
    if method == MediaMethod::Begin {
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
    header_of(agent(walk), token, session_key)
}

fn header_of(client_version: String, token: &str, session_key: &str) -> SyncHeader {
    let (token, session_key) = (token.to_owned(), session_key.to_owned());
    SyncHeader { version: 10, token, client_version, session_key }
}

fn agent(walk: &Walk<'_>) -> String {
    let agent = walk.head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.map_or_else(String::new, |agent| agent.replace(' ', ","))
}

/// What stands in a form.
struct Form<D> {
    token: String,
    session_key: String,
    version: String,
    compressed: bool,
    data: D,
}

impl<D> Form<D> {
    fn with_data<E>(self, data: impl FnOnce(D) -> E) -> Form<E> {
        let Form { token, session_key, version, compressed, .. } = self;
        Form { token, session_key, version, compressed, data: data(self.data) }
    }

    fn header(&self, walk: &Walk<'_>) -> SyncHeader {
        header(walk, &self.token, &self.session_key)
    }
}

impl Form<Vec<u8>> {
    /// The JSON in it. A form without data means an empty object.
    fn json(self, shared: &Shared) -> Result<Vec<u8>, Refusal> {
        let mut json = self.unpacked(shared.options.limits.max_json_bytes)?;
        if json.is_empty() {
            json.extend_from_slice(b"{}");
        }
        Ok(json)
    }

    /// Its data, decompressed if need be.
    fn unpacked(self, limit: u64) -> Result<Vec<u8>, Refusal> {
        let data = if self.compressed {
            let mut unpacked = Vec::new();
            GzDecoder::new(self.data.as_slice())
                .take(limit.saturating_add(1))
                .read_to_end(&mut unpacked)
                .map_err(|_| Refusal::bad_request("the form's data is not valid gzip"))?;
            unpacked
        } else {
            self.data
        };
        if data.len() as u64 > limit {
            return Err(Refusal::new(ErrorKind::TooLarge, "the body is larger than allowed"));
        }
        Ok(data)
    }
}

/// Reads a form whose data fits into memory.
async fn receive(walk: &mut Walk<'_>) -> Result<Form<Vec<u8>>, Refusal> {
    let mut reader = FormReader::new(&walk.head.headers, Vec::new(), MAX_FORM_BYTES)?;
    let _turn = if is_small(&walk.head.headers) { None } else { Some(turn(walk).await?) };
    while let Some(piece) = walk.body.next().await? {
        reader.push(&piece).map_err(refuse)?;
    }
    reader.finish().map_err(refuse)
}

/// Reads a form whose data goes to a file in the data folder, and does `then` on the same thread.
async fn spool<T: Send + 'static>(
    walk: &mut Walk<'_>,
    limit: u64,
    then: impl FnOnce(&Errand, Result<Form<TempFile>, Unspooled>) -> T + Send + 'static,
) -> Result<T, Refusal> {
    let turn = turn(walk).await?;
    // The data may be large and the token behind it: only standing still is forbidden.
    walk.body.trust();
    let (pieces, inbox) = upload::pieces();
    let folder = walk.shared.options.data_dir.clone();
    let headers = walk.head.headers.clone();
    let write = move |errand: &Errand| {
        let temp = TempFile::for_upload(&folder)?;
        let file = temp.create()?;
        if let Some(length) = content_length(&headers) {
            file.will_hold(length)?;
        }
        let mut reader = FormReader::new(&headers, file, limit)?;
        if !upload::take_all(errand, inbox, |piece| reader.push(piece))? {
            return Err(upload::broken_off().into());
        }
        Ok(reader.finish()?.with_data(|_| temp))
    };
    let spooled = walk.shared.workers.errands().run("form", move |errand| {
        let form = match write(errand) {
            Ok(form) => Ok(form),
            Err(FormError::TooLarge) => Err(Unspooled::TooLarge(limit)),
            Err(FormError::Sink(error)) => Err(error.into()),
            Err(error @ FormError::Malformed(_)) => return Err(refuse(error)),
        };
        Ok(then(errand, form))
    })?;
    let handed_over = tokio::spawn(upload::hand_over(walk.body.take(), pieces));
    // Old clients send all before they read an answer.
    handed_over.await.unwrap_or(Ok(()))?;
    drop(turn);
    spooled.await.map_err(|_| Refusal::internal("the upload could not be received"))?
}

/// The data of a form as it is without compression.
fn unpack(
    form: Form<TempFile>,
    folder: &Path,
    limit: u64,
    errand: &Errand,
) -> Result<TempFile, Unspooled> {
    if !form.compressed {
        return Ok(form.data);
    }
    let temp = TempFile::for_upload(folder)?;
    let mut target = temp.create()?;
    let spooled = BufReader::new(File::open(form.data.path())?);
    let mut unpacked = GzDecoder::new(spooled).take(limit.saturating_add(1));
    while !errand.interrupt().is_set() {
        let mut piece = unpacked.by_ref().take(UNPACKED_AT_ONCE);
        if io::copy(&mut piece, &mut target).map_err(unspooled_gzip)? == 0 {
            let is_whole = unpacked.limit() > 0;
            return if is_whole { Ok(temp) } else { Err(Unspooled::TooLarge(limit)) };
        }
    }
    Err(upload::broken_off().into())
}

/// Why the data of a form is not in a file.
#[derive(Debug)]
enum Unspooled {
    TooLarge(u64),
    /// What the client sent is no gzip.
    Damaged,
    Io(io::Error),
}

impl From<io::Error> for Unspooled {
    fn from(error: io::Error) -> Unspooled {
        Unspooled::Io(error)
    }
}

impl From<Unspooled> for Trouble {
    fn from(unspooled: Unspooled) -> Trouble {
        match unspooled {
            Unspooled::TooLarge(limit) => Trouble::UploadTooLarge(limit),
            Unspooled::Damaged => Trouble::UploadArrivedDamaged,
            Unspooled::Io(error) => error.into(),
        }
    }
}

impl From<Unspooled> for MediaTrouble {
    fn from(unspooled: Unspooled) -> MediaTrouble {
        match unspooled {
            Unspooled::TooLarge(limit) => MediaTrouble::BatchTooLarge(limit),
            Unspooled::Damaged => MediaTrouble::ArrivedDamaged,
            Unspooled::Io(error) => error.into(),
        }
    }
}

/// A full disk is ours, anything wrong with the data is the client's.
fn unspooled_gzip(error: io::Error) -> Unspooled {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            Unspooled::Damaged
        }
        _ => error.into(),
    }
}

fn is_small(headers: &HeaderMap) -> bool {
    content_length(headers).is_some_and(|length| length <= SMALL_FORM_BYTES)
}

fn fits_into_memory(headers: &HeaderMap) -> bool {
    content_length(headers).is_some_and(|length| length <= media::MEMORY_BYTES as u64)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Waits for one of the few places for large forms.
async fn turn<'a>(walk: &Walk<'a>) -> Result<tokio::sync::SemaphorePermit<'a>, Refusal> {
    walk.shared.large_forms.acquire().await.map_err(|_| Refusal::shutting_down())
}

/// Why a form cannot be used.
#[derive(Debug, thiserror::Error)]
enum FormError {
    #[error(transparent)]
    Malformed(#[from] MultipartError),
    #[error("the form is larger than allowed")]
    TooLarge,
    #[error("the form could not be stored: {0}")]
    Sink(io::Error),
}

fn refuse(error: FormError) -> Refusal {
    let kind = match error {
        FormError::Malformed(_) => ErrorKind::BadRequest,
        FormError::TooLarge => ErrorKind::TooLarge,
        FormError::Sink(_) => ErrorKind::Internal,
    };
    Refusal::new(kind, error.to_string())
}

impl From<io::Error> for FormError {
    fn from(error: io::Error) -> FormError {
        FormError::Sink(error)
    }
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Refusal {
        refuse(error)
    }
}

/// The parts that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Token,
    SessionKey,
    Version,
    Compressed,
    Data,
    Ignored,
}

/// Where the data of a form goes.
trait DataSink: Write {
    /// Forgets what was written: the data came again.
    fn restart(&mut self) -> io::Result<()>;
}

impl DataSink for Vec<u8> {
    fn restart(&mut self) -> io::Result<()> {
        self.clear();
        Ok(())
    }
}

impl DataSink for TempWriter {
    fn restart(&mut self) -> io::Result<()> {
        self.restart()
    }
}

/// Sorts the parts of a form; of a part that occurs twice the last one counts.
struct FormReader<D> {
    parser: Multipart,
    parts: Parts<D>,
}

struct Parts<D> {
    current: Part,
    token: Vec<u8>,
    session_key: Vec<u8>,
    version: Vec<u8>,
    compressed: Vec<u8>,
    data: D,
    room: u64,
}

impl<D: DataSink> FormReader<D> {
    fn new(headers: &HeaderMap, data: D, limit: u64) -> Result<FormReader<D>, FormError> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let parser = Multipart::new(content_type.unwrap_or_default())?;
        let parts = Parts {
            current: Part::Ignored,
            token: Vec::new(),
            session_key: Vec::new(),
            version: Vec::new(),
            compressed: Vec::new(),
            data,
            room: limit,
        };
        Ok(FormReader { parser, parts })
    }

    fn push(&mut self, piece: &[u8]) -> Result<(), FormError> {
        let parts = &mut self.parts;
        self.parser.push(piece, |event| parts.take(event))
    }

    fn finish(self) -> Result<Form<D>, FormError> {
        self.parser.finish()?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let Parts { token, session_key, version, compressed, data, .. } = self.parts;
        // A missing flag means "not compressed", anything but "0" the opposite.
        let compressed = !compressed.is_empty() && compressed != b"0";
        let (token, session_key, version) = (text(token), text(session_key), text(version));
        Ok(Form { token, session_key, version, compressed, data })
    }
}

impl<D: DataSink> Parts<D> {
    fn take(&mut self, event: Event) -> Result<(), FormError> {
        match event {
            Event::Part(name) => {
                self.current = match name {
                    "k" | "sk" => Part::Token,
                    "s" => Part::SessionKey,
                    "v" => Part::Version,
                    "c" => Part::Compressed,
                    "data" => Part::Data,
                    _ => Part::Ignored,
                };
                if self.current == Part::Data {
                    self.data.restart().map_err(FormError::Sink)?;
                } else if let Some(field) = self.field() {
                    field.clear();
                }
            }
            Event::Data(bytes) if self.current == Part::Data => {
                let room = self.room.checked_sub(bytes.len() as u64);
                self.room = room.ok_or(FormError::TooLarge)?;
                self.data.write_all(bytes).map_err(FormError::Sink)?;
            }
            Event::Data(bytes) => {
                if let Some(field) = self.field() {
                    if field.len() + bytes.len() > MAX_FIELD_BYTES {
                        return Err(FormError::TooLarge);
                    }
                    field.extend_from_slice(bytes);
                }
            }
            Event::End => {}
        }
        Ok(())
    }

    fn field(&mut self) -> Option<&mut Vec<u8>> {
        match self.current {
            Part::Token => Some(&mut self.token),
            Part::SessionKey => Some(&mut self.session_key),
            Part::Version => Some(&mut self.version),
            Part::Compressed => Some(&mut self.compressed),
            Part::Data | Part::Ignored => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn read(parts: &[(&str, &str)], limit: u64) -> Result<Form<Vec<u8>>, FormError> {
        let mut headers = HeaderMap::new();
        let content_type = HeaderValue::from_static("multipart/form-data; boundary=B");
        headers.insert(CONTENT_TYPE, content_type);
        let mut reader = FormReader::new(&headers, Vec::new(), limit)?;
        for (name, content) in parts {
            let part = format!(
                "--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n"
            );
            reader.push(part.as_bytes())?;
        }
        reader.push(b"--B--\r\n")?;
        reader.finish()
    }

    #[test]
    fn parts_come_in_any_order_and_the_last_of_a_name_counts() {
        let parts =
            [("data", "?"), ("data", "{}"), ("x", "?"), ("c", "0"), ("k", "old"), ("sk", "key")];
        let form = read(&parts, 10);
        let form = form.unwrap();
        assert_eq!(form.token, "key");
        assert_eq!(form.data, b"{}");
        assert!(!form.compressed);
        assert_eq!(form.session_key, "");
    }

    #[test]
    fn only_a_zero_or_no_flag_means_not_compressed() {
        assert!(read(&[("c", "1")], 10).unwrap().compressed);
        assert!(read(&[("c", "yes")], 10).unwrap().compressed);
        assert!(!read(&[("c", "0")], 10).unwrap().compressed);
        assert!(!read(&[], 10).unwrap().compressed);
    }

    #[test]
    fn sizes_are_limited_while_receiving() {
        assert!(matches!(read(&[("data", "12345")], 4), Err(FormError::TooLarge)));
        let long = "x".repeat(MAX_FIELD_BYTES + 1);
        assert!(matches!(read(&[("k", &long)], 4), Err(FormError::TooLarge)));
    }
}
