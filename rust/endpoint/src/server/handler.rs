//! The walk of one request: route, header, token, body, worker, answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use deckport_wire::{ErrorKind, MediaMethod, Route, SyncHeader, SyncMethod};
use hyper::body::Incoming;
use hyper::header::ORIGIN;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::answer::{Answer, AnswerBody};
use super::body::RequestBody;
use super::outgoing::Packing;
use super::record::Record;
use super::{Shared, download, framing, legacy, login, media, page, upload};
use crate::lease::DeviceKey;
use crate::permit::Permit;
use crate::refusal::Refusal;
use crate::registry::Identity;
use crate::worker::{Caller, FileForm, StepRequest};

/// Largest body of a request that carries nothing.
const MAX_EMPTY_BYTES: u64 = 16 * 1024;
/// Longest part of a foreign path in the log.
const MAX_LOGGED_PATH: usize = 100;

/// Answers one request; errors become answers here.
pub(super) async fn handle(
    shared: Arc<Shared>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let (head, incoming) = request.into_parts();
    let route = Route::parse(head.uri.path());
    let mut body = RequestBody::new(incoming, shared.options.timings.body_stall);
    let mut record = Record::new(&shared, peer, logged_name(&head, route));
    let mut walk =
        Walk { shared: &shared, peer, head: &head, body: &mut body, record: &mut record };
    let answer = walk.answer(route).await.unwrap_or_else(Answer::refused);
    body.drain().await;
    record.fields.bytes_in = body.received();
    Ok(answer.into_response(record))
}

/// A request on its way down.
pub(super) struct Walk<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) peer: SocketAddr,
    pub(super) head: &'a Parts,
    pub(super) body: &'a mut RequestBody,
    pub(super) record: &'a mut Record,
}

impl Walk<'_> {
    async fn answer(&mut self, route: Route) -> Result<Answer, Refusal> {
        if matches!(route, Route::Sync(_) | Route::Media(_)) {
            refuse_browsers(&self.head.headers)?;
        }
        match route {
            Route::Sync(method) if self.head.method == Method::POST => self.sync(method).await,
            Route::Media(method) if self.head.method == Method::POST => {
                media::answer(self, method).await
            }
            // Desktops from 2.1.24 to 2.1.56 begin like this (`media-sync` 4.1).
            Route::Media(method @ MediaMethod::Begin) if self.head.method == Method::GET => {
                media::answer(self, method).await
            }
            Route::Sync(_) | Route::Media(_) => Ok(Answer::wrong_http_method("POST")),
            Route::Health | Route::Other if self.is_page() => self.page(route).await,
            Route::Health => Ok(Answer::wrong_http_method("GET, HEAD")),
            Route::UnknownMethod | Route::Other => {
                Err(Refusal::new(ErrorKind::NotFound, "there is nothing here"))
            }
        }
    }

    /// Whether the request is for something that people or monitors read.
    fn is_page(&self) -> bool {
        matches!(self.head.method, Method::GET | Method::HEAD)
    }

    async fn check_health(&self) -> Result<(), String> {
        let Shared { options, registry, workers, health, .. } = &**self.shared;
        health.check(options, registry, workers.errands()).await
    }

    async fn page(&mut self, route: Route) -> Result<Answer, Refusal> {
        if route == Route::Health {
            return Ok(match self.check_health().await {
                Ok(()) => Answer::text(StatusCode::OK, "ok\n"),
                Err(problem) => {
                    Answer::text(StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n"))
                        .recorded_as(problem)
                }
            });
        }
        match self.head.uri.path() {
            "/" => Ok(Answer::text(StatusCode::OK, page::TEXT)),
            _ => Err(Refusal::new(ErrorKind::NotFound, "there is nothing here")),
        }
    }

    async fn sync(&mut self, method: SyncMethod) -> Result<Answer, Refusal> {
        if framing::is_legacy(&self.head.headers) {
            return legacy::sync(self, method).await;
        }
        let header = framing::header(&self.head.headers)?;
        if method == SyncMethod::HostKey {
            let json = framing::read_json(self.body, login::MAX_LOGIN_BYTES).await?;
            return framing::answer(&login::log_in(self, &json, &header.client_version).await?);
        }
        let identity = self.authenticate(&header, begins_a_run(method))?;
        let worker = self.shared.workers.of(&identity.account)?;
        let caller = caller(&identity, &header, self.peer);
        match method {
            SyncMethod::Upload => {
                upload::upload(self, &worker, caller, &identity, &header.token).await
            }
            SyncMethod::Download => {
                framing::read_json(self.body, MAX_EMPTY_BYTES).await?;
                let form = FileForm::for_client(&header.client_version);
                download::download(&worker, caller, form, Packing::Zstd).await
            }
            _ => {
                let limit = self.shared.options.limits.max_json_bytes;
                let body = framing::read_json(self.body, limit).await?;
                // The step that makes all others count.
                if method == SyncMethod::Finish {
                    Permit::of(&self.shared.registry, &header.token, &identity).check()?;
                }
                let session_key = header.session_key;
                let request = StepRequest { caller, session_key, method, body };
                framing::answer(&worker.step(request).await?)
            }
        }
    }

    /// Finds out who asks, before a byte of the body is read.
    pub(super) fn authenticate(
        &mut self,
        header: &SyncHeader,
        note_seen: bool,
    ) -> Result<Identity, Refusal> {
        let identity = identify(self.shared, self.peer, header, note_seen)?;
        self.body.trust();
        self.record.identify(&identity);
        Ok(identity)
    }
}

/// Finds out who asks.
pub(super) fn identify(
    shared: &Shared,
    peer: SocketAddr,
    header: &SyncHeader,
    note_seen: bool,
) -> Result<Identity, Refusal> {
    // Readers wait for nobody, and the lookup takes some microseconds: less than handing it to
    // another thread.
    let registry = &shared.registry;
    let identity = registry.authenticate(&header.token)?;
    if let Some(identity) = &identity
        && note_seen
    {
        let (address, now_ms) = (peer.ip(), shared.options.clock.now_ms());
        // Only for people's information: no reason to refuse a sync.
        let _ = registry.note_seen(&identity.device, &header.client_version, address, now_ms);
    }
    // The only answer that makes clients forget their login (`transport` 5.2).
    let unknown = || Refusal::new(ErrorKind::NotLoggedIn, "the token is unknown or was revoked");
    identity.ok_or_else(unknown)
}

/// No Anki client is a browser, and no page, however it came to know this address, may try
/// passwords or use a token. Browsers name the page in every request that could.
fn refuse_browsers(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-mode") {
        return Err(Refusal::bad_request("web pages cannot sync"));
    }
    Ok(())
}

/// Requests with which devices begin whatever they want.
pub(super) fn begins_a_run(method: SyncMethod) -> bool {
    matches!(method, SyncMethod::Meta | SyncMethod::Upload | SyncMethod::Download)
}

/// Who a request comes from.
pub(super) fn caller(identity: &Identity, header: &SyncHeader, peer: SocketAddr) -> Caller {
    let device = &identity.device;
    let origin = device.shared.then(|| (peer.ip(), header.client_version.clone()));
    Caller {
        key: DeviceKey { device_id: device.id, origin },
        account: identity.account.name.clone(),
        device: device.name.clone(),
    }
}

fn logged_name(head: &Parts, route: Route) -> String {
    match route {
        Route::Sync(method) => method.name().to_owned(),
        Route::Media(method) => format!("media {}", method.name()),
        _ => {
            let path: String = head.uri.path().chars().take(MAX_LOGGED_PATH).collect();
            format!("{} {path}", head.method)
        }
    }
}
