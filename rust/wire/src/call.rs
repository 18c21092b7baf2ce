//! What is asked, and by whom: the same for every generation of clients.

use std::io::{self, Cursor, Read};

use serde::Deserialize;
use serde::de::{DeserializeOwned, Error};

use crate::PROTOCOL_NEWEST;
use crate::error::WireError;
use crate::header::SyncHeader;
use crate::media::{
    DownloadFilesRequest, MediaBeginRequest, MediaChangesRequest, MediaSanityRequest,
};
use crate::messages::{
    ApplyChangesRequest, ApplyChunkRequest, ApplyGravesRequest, HostKeyRequest, MetaRequest,
    SanityCheckRequest, StartRequest,
};
use crate::method::{MediaMethod, Method, SyncMethod};

/// What a form without a version counts as: the newest protocol that has forms (`transport` 1).
const FORM_PROTOCOL: u8 = 10;
/// Between token and session in the keys that `begin` of media gives out; no token has it.
const SESSION_MARK: char = '-';

/// Who asks (`transport` 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Version of the protocol, or the newest one that it may be.
    pub protocol: u8,
    /// The device's token; empty for a login.
    pub token: String,
    /// The same for all requests of one sync run; empty where the client has none.
    pub session_key: String,
    /// Version of the client, in one of the forms that [`crate::ClientVersion`] reads; may be empty.
    pub client_version: String,
}

/// A request: who asks, and for what. `F` is a file that it carries.
pub struct Call<F, L = F> {
    /// Who asks.
    pub sender: Sender,
    /// For what.
    pub request: Request<F, L>,
}

/// What is asked. `F` is a file that it carries, `L` a large chunk that has not been read.
pub enum Request<F, L = F> {
    /// `hostKey`
    HostKey(HostKeyRequest),
    /// A step of a normal sync.
    Step(Step<L>),
    /// `upload`: a collection.
    Upload(F),
    /// `download`
    Download,
    /// A request for media.
    Media(MediaRequest),
    /// `uploadChanges`: a zip of media.
    UploadChanges(F),
}

/// A request of a normal sync, from `meta` to `finish` or `abort` (`collection-sync` 3).
#[derive(Debug)]
pub enum Step<L> {
    /// `meta`
    Meta(MetaRequest),
    /// `start`
    Start(StartRequest),
    /// What is exchanged then.
    Exchange(Exchange<L>),
    /// `finish`
    Finish,
    /// `abort`
    Abort,
}

/// A request between `start` and `finish`.
#[derive(Debug)]
pub enum Exchange<L> {
    /// `applyGraves`
    ApplyGraves(ApplyGravesRequest),
    /// `applyChanges`
    ApplyChanges(ApplyChangesRequest),
    /// `chunk`
    Chunk,
    /// `applyChunk`
    ApplyChunk(ApplyChunkRequest),
    /// `applyChunk` as JSON for [`crate::read_large_chunk`].
    ApplyLargeChunk(L),
    /// `sanityCheck2`
    SanityCheck2(SanityCheckRequest),
}

/// A request for media that carries no files (`media-sync` 4).
#[derive(Debug)]
pub enum MediaRequest {
    /// `begin`
    Begin(MediaBeginRequest),
    /// `mediaChanges`
    MediaChanges(MediaChangesRequest),
    /// `downloadFiles`
    DownloadFiles(DownloadFilesRequest),
    /// `mediaSanity`
    MediaSanity(MediaSanityRequest),
}

/// Methods without arguments send `{}` or `{"_pad":null}` (`transport` 3.1). Other keys do no
/// harm; anything but an object is an error.
#[derive(Deserialize)]
struct NoArguments {}

/// What clients of protocol 11 send for them.
const NO_ARGUMENTS: &[u8] = br#"{"_pad":null}"#;

impl Sender {
    /// Who a form comes from. In one for media, a session may follow the token.
    pub(crate) fn of_form(
        method: Method,
        token: &str,
        session_key: &str,
        client_version: String,
    ) -> Sender {
        let (token, session_key) = match method {
            Method::Media(_) => token.split_once(SESSION_MARK).unwrap_or((token, "")),
            Method::Sync(_) => (token, session_key),
        };
        let (token, session_key) = (token.to_owned(), session_key.to_owned());
        Sender { protocol: FORM_PROTOCOL, token, session_key, client_version }
    }

    /// Whether `begin` of media gives the session to this client, which otherwise has none
    /// (`media-sync` 4.1).
    pub fn gets_media_session(&self) -> bool {
        self.protocol < PROTOCOL_NEWEST
    }

    /// What the client is to send as its token with all requests for media after `begin`.
    pub fn media_key(&self) -> String {
        if self.gets_media_session() && !self.session_key.is_empty() {
            format!("{}{SESSION_MARK}{}", self.token, self.session_key)
        } else {
            self.token.clone()
        }
    }
}

impl From<SyncHeader> for Sender {
    fn from(header: SyncHeader) -> Sender {
        let SyncHeader { version, token, client_version, session_key } = header;
        Sender { protocol: version, token, session_key, client_version }
    }
}

impl<F, L> Request<F, L> {
    /// Reads the JSON of a request that carries no file. All of it is understood, or nothing.
    ///
    /// # Errors
    /// When it is not what the method takes.
    pub fn read(method: Method, json: &[u8]) -> Result<Request<F, L>, WireError> {
        Ok(match method {
            Method::Sync(SyncMethod::HostKey) => Request::HostKey(parse(json)?),
            // Its value means nothing.
            Method::Sync(SyncMethod::Download) => Request::Download,
            Method::Sync(method) => Request::Step(Step::read(method, json)?),
            Method::Media(method) => Request::Media(MediaRequest::read(method, json)?),
        })
    }

    /// What it asks for.
    pub fn method(&self) -> Method {
        match self {
            Request::HostKey(_) => Method::Sync(SyncMethod::HostKey),
            Request::Step(step) => Method::Sync(step.method()),
            Request::Upload(_) => Method::Sync(SyncMethod::Upload),
            Request::Download => Method::Sync(SyncMethod::Download),
            Request::Media(request) => Method::Media(request.method()),
            Request::UploadChanges(_) => Method::Media(MediaMethod::UploadChanges),
        }
    }
}

impl<L> Step<L> {
    fn read(method: SyncMethod, json: &[u8]) -> Result<Step<L>, WireError> {
        Ok(match method {
            SyncMethod::Meta => Step::Meta(parse(json)?),
            SyncMethod::Start => Step::Start(parse(json)?),
            SyncMethod::Finish => parse(json).map(|NoArguments {}| Step::Finish)?,
            SyncMethod::Abort => parse(json).map(|NoArguments {}| Step::Abort)?,
            method => Step::Exchange(Exchange::read(method, json)?),
        })
    }

    fn method(&self) -> SyncMethod {
        match self {
            Step::Meta(_) => SyncMethod::Meta,
            Step::Start(_) => SyncMethod::Start,
            Step::Exchange(exchange) => exchange.method(),
            Step::Finish => SyncMethod::Finish,
            Step::Abort => SyncMethod::Abort,
        }
    }
}

impl<L> Exchange<L> {
    fn read(method: SyncMethod, json: &[u8]) -> Result<Exchange<L>, WireError> {
        Ok(match method {
            SyncMethod::ApplyGraves => Exchange::ApplyGraves(parse(json)?),
            SyncMethod::ApplyChanges => Exchange::ApplyChanges(parse(json)?),
            SyncMethod::Chunk => parse(json).map(|NoArguments {}| Exchange::Chunk)?,
            SyncMethod::ApplyChunk => Exchange::ApplyChunk(parse(json)?),
            SyncMethod::SanityCheck2 => Exchange::SanityCheck2(parse(json)?),
            _ => return Err(no_json()),
        })
    }

    fn method(&self) -> SyncMethod {
        match self {
            Exchange::ApplyGraves(_) => SyncMethod::ApplyGraves,
            Exchange::ApplyChanges(_) => SyncMethod::ApplyChanges,
            Exchange::Chunk => SyncMethod::Chunk,
            Exchange::ApplyChunk(_) | Exchange::ApplyLargeChunk(_) => SyncMethod::ApplyChunk,
            Exchange::SanityCheck2(_) => SyncMethod::SanityCheck2,
        }
    }
}

impl MediaRequest {
    fn read(method: MediaMethod, json: &[u8]) -> Result<MediaRequest, WireError> {
        Ok(match method {
            MediaMethod::Begin => MediaRequest::Begin(parse(json)?),
            MediaMethod::MediaChanges => MediaRequest::MediaChanges(parse(json)?),
            MediaMethod::DownloadFiles => MediaRequest::DownloadFiles(parse(json)?),
            MediaMethod::MediaSanity => MediaRequest::MediaSanity(parse(json)?),
            MediaMethod::UploadChanges => return Err(no_json()),
        })
    }

    fn method(&self) -> MediaMethod {
        match self {
            MediaRequest::Begin(_) => MediaMethod::Begin,
            MediaRequest::MediaChanges(_) => MediaMethod::MediaChanges,
            MediaRequest::DownloadFiles(_) => MediaMethod::DownloadFiles,
            MediaRequest::MediaSanity(_) => MediaMethod::MediaSanity,
        }
    }
}

/// The data of a request, as a client writes it.
pub(crate) enum Payload<F, L> {
    Json(Cursor<Vec<u8>>),
    File(F),
    LargeChunk(L),
}

impl<F: Read, L: Read> Read for Payload<F, L> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Payload::Json(json) => json.read(buffer),
            Payload::File(file) => file.read(buffer),
            Payload::LargeChunk(json) => json.read(buffer),
        }
    }
}

impl<F, L> Request<F, L> {
    pub(crate) fn into_payload(self) -> serde_json::Result<Payload<F, L>> {
        let json = match self {
            Request::Upload(file) | Request::UploadChanges(file) => return Ok(Payload::File(file)),
            Request::Step(Step::Exchange(exchange)) => return exchange.into_payload(),
            Request::HostKey(request) => serde_json::to_vec(&request),
            Request::Step(Step::Meta(request)) => serde_json::to_vec(&request),
            Request::Step(Step::Start(request)) => serde_json::to_vec(&request),
            Request::Step(Step::Finish | Step::Abort) | Request::Download => {
                Ok(NO_ARGUMENTS.to_vec())
            }
            Request::Media(MediaRequest::Begin(request)) => serde_json::to_vec(&request),
            Request::Media(MediaRequest::MediaChanges(request)) => serde_json::to_vec(&request),
            Request::Media(MediaRequest::DownloadFiles(request)) => serde_json::to_vec(&request),
            Request::Media(MediaRequest::MediaSanity(request)) => serde_json::to_vec(&request),
        };
        Ok(Payload::Json(Cursor::new(json?)))
    }
}

impl<L> Exchange<L> {
    fn into_payload<F>(self) -> serde_json::Result<Payload<F, L>> {
        let json = match self {
            Exchange::ApplyLargeChunk(json) => return Ok(Payload::LargeChunk(json)),
            Exchange::ApplyGraves(request) => serde_json::to_vec(&request),
            Exchange::ApplyChanges(request) => serde_json::to_vec(&request),
            Exchange::Chunk => Ok(NO_ARGUMENTS.to_vec()),
            Exchange::ApplyChunk(request) => serde_json::to_vec(&request),
            Exchange::SanityCheck2(request) => serde_json::to_vec(&request),
        };
        Ok(Payload::Json(Cursor::new(json?)))
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, WireError> {
    Ok(serde_json::from_slice(json)?)
}

fn no_json() -> WireError {
    WireError::Json(serde_json::Error::custom("this method takes no JSON of this kind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: SyncMethod, json: &str) -> Result<Request<()>, WireError> {
        Request::read(Method::Sync(method), json.as_bytes())
    }

    #[test]
    fn a_request_without_arguments_is_any_object_and_nothing_else() {
        for method in [SyncMethod::Chunk, SyncMethod::Finish, SyncMethod::Abort] {
            for body in ["{}", r#"{"_pad":null}"#, r#"{"_pad":[1]}"#, r#" {"later":[1,2]} "#] {
                assert!(read(method, body).is_ok(), "{body}");
            }
            for body in ["", "null", "1", "{", "{} x"] {
                assert!(read(method, body).is_err(), "{body}");
            }
        }
    }

    #[test]
    fn a_request_is_read_completely_or_not_at_all() {
        let good = r#"{"chunk":{"cards":[1],"notes":[],"decks":[]}}"#;
        let bad = r#"{"chunk":{"cards":[1],"notes":[],"decks":["x"]}}"#;
        assert!(read(SyncMethod::ApplyGraves, good).is_ok());
        assert!(read(SyncMethod::ApplyGraves, bad).is_err());
        assert!(read(SyncMethod::Upload, "{}").is_err());
    }
}
