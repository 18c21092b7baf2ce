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
use super::hosts::Hosts;
use super::outgoing::Packing;
use super::record::Record;
use super::slots::Slot;
use super::unpack::Allowed;
use super::{Shared, download, framing, legacy, login, media, page, upload};
use crate::lease::DeviceKey;
use crate::options::Limits;
use crate::refusal::Refusal;
use crate::registry::Identity;
use crate::worker::{Caller, FileForm, StepRequest};

/// Largest body of a request that carries nothing.
const MAX_EMPTY_BYTES: u64 = 16 * 1024;
/// Largest body of a request that tells a few numbers.
const MAX_PLAIN_BYTES: u64 = 64 * 1024;
/// Largest list of deletions: some two hundred thousand. Clients from 2.1.28 on send 250 at once.
const MAX_GRAVES_BYTES: u64 = 4 << 20;
/// Longest part of a foreign path in the log.
const MAX_LOGGED_PATH: usize = 100;

/// Answers one request; errors become answers here.
pub(super) async fn handle(
    shared: Arc<Shared>,
    peer: SocketAddr,
    slot: &Slot,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let (head, incoming) = request.into_parts();
    let proxy = peer;
    let peer = shared.proxies.client(proxy, &head.headers);
    let route = Route::parse(head.uri.path());
    let (timings, limits) = (&shared.options.timings, &shared.options.limits);
    let mut body = RequestBody::new(incoming, timings.body_stall, limits.min_bytes_per_second);
    let mut record = Record::new(&shared, peer, logged_name(&head, route));
    let mut walk =
        Walk { shared: &shared, peer, slot, head: &head, body: &mut body, record: &mut record };
    let answer = match walk.come_in(proxy) {
        Ok(()) => walk.answer(route).await.unwrap_or_else(Answer::refused),
        Err(refusal) => Answer::refused(refusal),
    };
    body.drain().await;
    record.fields.bytes_in = body.received();
    Ok(answer.into_response(record))
}

/// A request on its way down.
pub(super) struct Walk<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) peer: SocketAddr,
    slot: &'a Slot,
    pub(super) head: &'a Parts,
    pub(super) body: &'a mut RequestBody,
    pub(super) record: &'a mut Record,
}

impl Walk<'_> {
    /// Counts a request that came through a trusted proxy as if its client had connected to us.
    fn come_in(&mut self, proxy: SocketAddr) -> Result<(), Refusal> {
        if self.peer != proxy {
            let guest = self.shared.guests.count(self.peer.ip());
            let guest =
                guest.map_err(|error| Refusal::new(ErrorKind::Unavailable, error.to_string()))?;
            self.record.guest = Some(guest);
        }
        Ok(())
    }

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

    async fn page(&mut self, route: Route) -> Result<Answer, Refusal> {
        if route == Route::Health {
            return Ok(
                match self.shared.health.check(&self.shared.options, &self.shared.registry).await {
                    Ok(()) => Answer::text(StatusCode::OK, "ok\n"),
                    Err(problem) => {
                        Answer::text(StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n"))
                            .recorded_as(problem)
                    }
                },
            );
        }
        if !self.shared.hosts.allow(self.head) {
            return Ok(Hosts::refusal());
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
            let allowed = Allowed { bytes: login::MAX_LOGIN_BYTES, in_parts: false };
            let json = framing::read_json(self.shared, self.body, allowed).await?;
            let answer = login::log_in(self, json.bytes(), &header.client_version).await?;
            return framing::answer(&answer);
        }
        let identity = self.authenticate(&header, begins_a_run(method)).await?;
        let worker = self.shared.workers.of(&identity.account)?;
        let caller = caller(&identity, &header, self.peer);
        match method {
            SyncMethod::Upload => upload::upload(self, &worker, caller, &identity.account).await,
            SyncMethod::Download => {
                let allowed = Allowed { bytes: MAX_EMPTY_BYTES, in_parts: false };
                framing::read_json(self.shared, self.body, allowed).await?;
                let form = FileForm::for_client(&header.client_version);
                download::download(&worker, caller, form, Packing::Zstd).await
            }
            _ => {
                let session_key = header.session_key;
                self.body.keeps_alive(worker.hold(&caller, &session_key));
                let allowed = allowed(method, &self.shared.options.limits);
                let body = framing::read_json(self.shared, self.body, allowed).await?;
                let hold = self.body.take_hold();
                let request = StepRequest { caller, session_key, method, body };
                Ok(framing::answer(&worker.step(request).await?)?.keeps_alive(hold))
            }
        }
    }

    /// Finds out who asks, before a byte of the body is read.
    pub(super) async fn authenticate(
        &mut self,
        header: &SyncHeader,
        note_seen: bool,
    ) -> Result<Identity, Refusal> {
        let identity = login::identify(self.shared, &header.token, self.peer.ip()).await?;
        if note_seen {
            let (address, now_ms) = (self.peer.ip(), self.shared.options.clock.now_ms());
            let registry = &self.shared.registry;
            // Only for people's information: no reason to refuse a sync.
            let _ = registry.note_seen(&identity.device, &header.client_version, address, now_ms);
        }
        self.body.trust();
        self.slot.is_known();
        self.record.identify(&identity);
        Ok(identity)
    }
}

/// No Anki client is a browser, and no page, however it came to know this address, may try
/// passwords or use a token. Browsers name the page in every request that could.
fn refuse_browsers(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-mode") {
        return Err(Refusal::bad_request("web pages cannot sync"));
    }
    Ok(())
}

/// What a request of a sync may be. Lists of objects have no natural end, all others do.
pub(super) fn allowed(method: SyncMethod, limits: &Limits) -> Allowed {
    let bytes = match method {
        SyncMethod::ApplyChunk | SyncMethod::ApplyChanges => limits.max_json_bytes,
        SyncMethod::ApplyGraves | SyncMethod::Start => limits.max_json_bytes.min(MAX_GRAVES_BYTES),
        _ => limits.max_json_bytes.min(MAX_PLAIN_BYTES),
    };
    Allowed { bytes, in_parts: method == SyncMethod::ApplyChunk }
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
