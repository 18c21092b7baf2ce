//! Plain http from other machines, where the owner wants https alone: refused in words, where clients
//! show words.

use deckport_household::RefusalKind;
use deckport_wire::framing::RequestReader;
use deckport_wire::{MetaResponse, Method, Route, SyncMethod, WireError};
use hyper::StatusCode;
use hyper::http::request::Parts;

use super::answer::Answer;
use super::connection::From;
use super::handler::{Walk, request_head};
use super::outgoing::Reply;
use super::refusal::Refusal;
use super::{Shared, certificate};
use crate::tls::TlsMode;

const OUTCOME: &str = "https is required";

/// Whether a request must come by https and did not. Connections of this machine itself are read by
/// nobody; what a device has to trust is handed out to all.
pub(super) fn refuses(shared: &Shared, from: From<'_>, head: &Parts) -> bool {
    shared.options.tls.mode == TlsMode::Only
        && !from.is_secure
        && !from.peer.ip().to_canonical().is_loopback()
        && !certificate::is_path(head.uri.path())
}

/// The refusal. Clients show a text in the answer to `meta` alone, with which every sync begins;
/// otherwise the status and its name (`transport` 6.2).
pub(super) fn refuse(walk: &Walk<'_>, route: Route) -> Result<Answer, Refusal> {
    let words = walk.shared.options.texts.https_only();
    let Some(Method::Sync(SyncMethod::Meta)) = route.method() else {
        return Ok(Answer::text(StatusCode::UPGRADE_REQUIRED, format!("{words}\n"))
            .recorded_as(OUTCOME.to_owned())
            .refused_as(RefusalKind::HttpsOnly));
    };
    let method = Method::Sync(SyncMethod::Meta);
    let framing = RequestReader::new(method, &request_head(walk.head))?.framing();
    let now_ms = walk.shared.options.clock.now_ms();
    let meta = MetaResponse {
        modified: 0,
        schema_modified: 0,
        usn: 0,
        now: now_ms.div_euclid(1000),
        message: words,
        should_continue: false,
        host_number: 0,
        empty: false,
        media_usn: 0,
    };
    let meta = serde_json::to_vec(&meta).map_err(WireError::from)?;
    let reply = Reply::whole(meta).refused_as(RefusalKind::HttpsOnly, OUTCOME.to_owned());
    reply.framed(framing, walk.shared.workers().errands())
}
