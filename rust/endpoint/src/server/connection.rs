//! One connection: HTTP/1.1 with keep-alive, over TLS or not, limits on time and header size.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;

use super::slots::Slot;
use super::stall::keep_queue_short;
use super::transport::{self, Begun};
use super::{Phase, Shared, handler};

/// Largest request head. Real ones have some 300 bytes, proxies add a few kilobytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Largest piece read from or prepared for the network at once. More is not faster, and what lies
/// here counts as delivered.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct From<'a> {
    /// The other end of the connection, or whom a proxy's preamble names.
    pub(super) peer: SocketAddr,
    /// Whether the connection is one of TLS.
    pub(super) is_secure: bool,
    pub(super) slot: &'a Slot,
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    slot: &Slot,
    mut phases: watch::Receiver<Phase>,
) {
    // Without it each small answer may wait 40 ms for an acknowledgement. Failing costs just that.
    let _ = stream.set_nodelay(true);
    keep_queue_short(&stream);
    let timings = &shared.options.timings;
    let first_head_within = timings.header_timeout;
    let mut first_head = pin!(sleep(first_head_within));
    let begun = tokio::select! {
        begun = transport::begin(stream, peer, &shared) => begun,
        // Nothing has been asked yet, so nobody misses an answer.
        () = slot.sent_away() => return,
        () = &mut first_head => return,
        _ = phases.changed() => return,
    };
    let Some(Begun { stream, is_secure }) = begun else { return };
    let spoke = AtomicBool::new(false);
    let service = service_fn(|request| {
        spoke.store(true, Ordering::Relaxed);
        let from = From { peer, is_secure, slot };
        handler::handle(Arc::clone(&shared), from, request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(first_head_within.max(timings.keep_alive))
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut is_new = true;
    loop {
        tokio::select! {
            // Whatever went wrong is in the request's record, or there was no request.
            _ = &mut connection => return,
            () = slot.sent_away() => return,
            () = &mut first_head, if is_new => {
                is_new = false;
                if !spoke.load(Ordering::Relaxed) {
                    return;
                }
            }
            changed = phases.changed() => match *phases.borrow_and_update() {
                // Whoever served has been dropped.
                _ if changed.is_err() => return,
                Phase::Serving => {}
                Phase::Stopping => connection.as_mut().graceful_shutdown(),
                Phase::Ended => return,
            },
        }
    }
}
