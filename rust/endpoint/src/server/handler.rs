//! The walk of one request: who comes in, what is asked, by whom; then its method, and the answer.
//!
//! Nothing here, and nothing that is called from here, knows which generation of clients asked:
//! [`RequestReader`] decides it, and what it says of the framing goes to the answer as it is.

use std::any::Any;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use deckport_ground::calendar::utc_milliseconds;
use deckport_household::{RefusalKind, StepRequest};
use deckport_wire::framing::{InflateError, RequestHead, RequestReader};
use deckport_wire::{
    Call, ErrorKind, Framing, MediaMethod, Method, Request as Asked, Route, SYNC_HEADER, Step,
    SyncMethod,
};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, ORIGIN, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method as HttpMethod, Request, Response, StatusCode};

use super::answer::{Answer, AnswerBody};
use super::arrival::{self, Arrived, NotArrived};
use super::body::RequestBody;
use super::connection::From;
use super::hosts::Hosts;
use super::login::Client;
use super::outgoing::Reply;
use super::record::Record;
use super::refusal::Refusal;
use super::slots::Slot;
use super::{Shared, certificate, download, https_only, login, media, people, upload};

/// 2026: this program is younger, so a clock before it was not set.
const FIRST_PLAUSIBLE_MS: i64 = 1_767_225_600_000;
/// Longest part of a foreign path in the log.
const MAX_LOGGED_PATH: usize = 100;

/// Answers one request; errors become answers here.
pub(super) async fn handle(
    shared: Arc<Shared>,
    from: From<'_>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let (head, incoming) = request.into_parts();
    let From { peer: proxy, slot, .. } = from;
    let peer = shared.proxies.client(proxy, &head.headers);
    let route = Route::parse(head.uri.path());
    let (timings, limits) = (&shared.options.timings, &shared.options.limits);
    let mut body = RequestBody::new(incoming, timings.body_stall, limits.min_bytes_per_second);
    let mut record = Record::new(&shared, peer, logged_name(&head, route));
    let is_https = from.is_secure || shared.proxies.say_https(proxy, &head.headers);
    let is_proxied = shared.proxies.trusts(proxy.ip());
    let mut walk = Walk {
        shared: &shared,
        peer,
        is_proxied,
        is_https,
        slot,
        head: &head,
        body: &mut body,
        record: &mut record,
    };
    let answer = match walk.come_in(proxy) {
        Ok(()) if https_only::refuses(&shared, from, &head) => {
            https_only::refuse(&walk, route).unwrap_or_else(Answer::refused)
        }
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
    /// Whether a reverse proxy stands between, whose ports are not ours.
    pub(super) is_proxied: bool,
    /// Whether the client speaks TLS, as far as it can be known.
    pub(super) is_https: bool,
    pub(super) slot: &'a Slot,
    pub(super) head: &'a Parts,
    pub(super) body: &'a mut RequestBody,
    pub(super) record: &'a mut Record,
}

impl Walk<'_> {
    /// Counts a request that came through a trusted proxy as if its client had connected to us.
    fn come_in(&mut self, proxy: SocketAddr) -> Result<(), Refusal> {
        if self.peer != proxy {
            let guest = self.shared.guests.count(self.peer.ip());
            let guest = guest.map_err(|error| {
                Refusal::new(ErrorKind::Unavailable, error.to_string()).because(error.kind())
            })?;
            self.record.guest = Some(guest);
        }
        Ok(())
    }

    async fn answer(&mut self, route: Route) -> Result<Answer, Refusal> {
        if people::is_read(self.head)
            && let Some(file) = certificate::file(self.shared, self.head.uri.path())
        {
            return Ok(file);
        }
        if people::want_page(self.head, route) {
            return people::page(self);
        }
        if let Some(method) = route.method() {
            refuse_browsers(&self.head.headers)?;
            // Desktops from 2.1.24 to 2.1.56 begin like this (`media-sync` 4.1).
            let may_get = method == Method::Media(MediaMethod::Begin);
            return match self.head.method {
                HttpMethod::POST => self.method(method).await,
                HttpMethod::GET if may_get => self.method(method).await,
                _ => Ok(Answer::wrong_http_method("POST")),
            };
        }
        match route {
            Route::Health if people::is_read(self.head) => Ok(self.health().await),
            Route::Health => Ok(Answer::wrong_http_method("GET, HEAD")),
            Route::Other
                if people::is_read(self.head) && !people::may_read(self.shared, self.head) =>
            {
                Ok(Hosts::refusal())
            }
            _ => Err(Refusal::new(ErrorKind::NotFound, "there is nothing here")),
        }
    }

    async fn check_health(&self) -> Result<(), String> {
        let Shared { options, registry, health, .. } = &**self.shared;
        health.check(options, registry, self.shared.workers().errands()).await
    }

    async fn health(&self) -> Answer {
        match self.check_health().await {
            Ok(()) => Answer::text(StatusCode::OK, "ok\n"),
            Err(problem) => Answer::text(StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n"))
                .recorded_as(problem),
        }
    }

    /// Answers a method of the protocol.
    async fn method(&mut self, method: Method) -> Result<Answer, Refusal> {
        let reader = RequestReader::new(method, &request_head(self.head))?;
        let framing = reader.framing();
        let reply = match arrival::receive(self, reader).await {
            Ok(arrived) => self.call(arrived).await?,
            Err(NotArrived::Refused(refusal)) => return Err(refusal),
            Err(NotArrived::Data(error, limit)) => self.unusable(method, framing, error, limit)?,
        };
        reply.framed(framing, self.shared.workers().errands())
    }

    /// Does what is asked.
    async fn call(&mut self, arrived: Arrived) -> Result<Reply, Refusal> {
        let Arrived { call: Call { sender, request }, client, hold, bytes, held } = arrived;
        let known = || client.ok_or_else(login::unknown);
        match request {
            Asked::HostKey(request) => {
                // Who logs in may have to wait, and holds up nobody's request meanwhile.
                drop(held);
                login::log_in(self, request, &sender.client_version).await
            }
            Asked::Step(step) => {
                let Client { worker, caller, permit, .. } = known()?;
                if matches!(step, Step::Meta(_)) {
                    self.look_at_clock();
                }
                // The step that makes all others count.
                if matches!(step, Step::Finish) {
                    permit.check()?;
                }
                let session_key = sender.session_key;
                let held = held.map(|held| Box::new(held) as Box<dyn Any + Send>);
                let request = StepRequest { caller, session_key, step, bytes, held };
                Ok(Reply::whole(worker.step(request).await?).keeps_alive(hold))
            }
            Asked::Upload(file) => upload::upload(self, known()?, file).await,
            Asked::Download => download::download(known()?, &sender).await,
            Asked::Media(request) => media::answer(self, known()?, sender, request).await,
            Asked::UploadChanges(zip) => media::upload(self, known()?, sender, zip).await,
        }
    }

    /// Devices compare their clock with ours and then say no more: so this is where it is seen.
    fn look_at_clock(&mut self) {
        let now_ms = self.shared.options.clock.now_ms();
        if now_ms < FIRST_PLAUSIBLE_MS {
            let reason = format!("the clock says {}", utc_milliseconds(now_ms));
            self.record.refused = Some((RefusalKind::ClockOff, reason));
        }
    }

    /// Says what is wrong with data that cannot be used, in the way that people get to read.
    fn unusable(
        &self,
        method: Method,
        framing: Framing,
        error: InflateError,
        limit: u64,
    ) -> Result<Reply, Refusal> {
        let texts = &*self.shared.options.texts;
        match method {
            Method::Sync(SyncMethod::Upload) => {
                Ok(upload::refused(texts, &upload::trouble(error, limit)))
            }
            Method::Media(MediaMethod::UploadChanges) => {
                media::refused(texts, media::trouble(error, limit))
            }
            _ => Err(unreadable(&error, framing)),
        }
    }
}

/// What of a head decides how the body is read.
pub(super) fn request_head(head: &Parts) -> RequestHead<'_> {
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    RequestHead {
        is_get: head.method == HttpMethod::GET,
        query: head.uri.query().unwrap_or_default(),
        sync_header: head.headers.get(SYNC_HEADER).map(|value| value.as_bytes()),
        content_type: text(CONTENT_TYPE).unwrap_or_default(),
        user_agent: text(USER_AGENT).unwrap_or_default(),
    }
}

fn unreadable(error: &InflateError, framing: Framing) -> Refusal {
    let kind = match error {
        InflateError::TooLarge => framing.too_large(),
        InflateError::Malformed => ErrorKind::BadRequest,
        InflateError::Sink(error) if error.kind() == io::ErrorKind::StorageFull => {
            ErrorKind::Unavailable
        }
        InflateError::Sink(_) => ErrorKind::Internal,
    };
    let refusal = Refusal::new(kind, error.to_string());
    match (error, kind) {
        (InflateError::TooLarge, _) => refusal.because(RefusalKind::TooLarge),
        (InflateError::Sink(_), ErrorKind::Unavailable) => refusal.because(RefusalKind::NoSpace),
        _ => refusal,
    }
}

/// No Anki client is a browser, and no page, however it came to know this address, may try
/// passwords or use a token. Browsers name the page in every request that could.
fn refuse_browsers(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-mode") {
        return Err(Refusal::bad_request("web pages cannot sync").because(RefusalKind::WebPage));
    }
    Ok(())
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
