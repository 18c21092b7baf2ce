//! Reading a request's body piece by piece, with limits on time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use deckport_wire::ErrorKind;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use crate::refusal::Refusal;

/// A body must bring so many bytes in the time in which it may stand still.
const LEAST_PROGRESS: u64 = 4 * 1024;

/// The body of a request.
#[derive(Debug)]
pub(super) struct RequestBody {
    /// `None` once it has been taken over.
    incoming: Option<Incoming>,
    /// Longest wait for some progress.
    stall: Duration,
    /// Time waited and bytes received since the last progress. Only waiting counts: while we are
    /// busy with what came, the client can do nothing.
    waited: Duration,
    progress: u64,
    /// When the whole body must have come; none for clients that are logged in.
    deadline: Option<Instant>,
    received: Arc<AtomicU64>,
    broken: bool,
}

impl RequestBody {
    /// A body that must be complete within `stall`, until [`RequestBody::trust`] is called.
    pub(super) fn new(incoming: Incoming, stall: Duration) -> RequestBody {
        let deadline = Some(Instant::now() + stall);
        RequestBody {
            incoming: Some(incoming),
            stall,
            waited: Duration::ZERO,
            progress: 0,
            deadline,
            received: Arc::default(),
            broken: false,
        }
    }

    /// Moves the body to somebody who goes on reading it, whatever becomes of the request. This one
    /// is at its end then, and still tells how much was received.
    pub(super) fn take(&mut self) -> RequestBody {
        let (incoming, received) = (self.incoming.take(), Arc::clone(&self.received));
        RequestBody { incoming, received, ..*self }
    }

    /// The client is known: it may take its time as long as it makes progress.
    pub(super) fn trust(&mut self) {
        self.deadline = None;
    }

    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    /// When the connection broke or the client fell silent; the body is over then.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let Some(incoming) = &mut self.incoming else { return Ok(None) };
            let asked = Instant::now();
            let patience = asked + self.stall.saturating_sub(self.waited);
            let until = self.deadline.map_or(patience, |deadline| deadline.min(patience));
            let frame = timeout_at(until, incoming.frame()).await;
            self.waited += asked.elapsed();
            let reason = match frame {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.note(data.len() as u64);
                        return Ok(Some(data));
                    }
                    // Trailers carry nothing.
                    Err(_) => continue,
                },
                Ok(Some(Err(_))) => "the connection broke in mid-request",
                Err(_) => "the client stopped sending in mid-request",
            };
            self.broken = true;
            return Err(Refusal::new(ErrorKind::Unavailable, reason));
        }
    }

    fn note(&mut self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        self.progress += bytes;
        if self.progress >= LEAST_PROGRESS {
            (self.waited, self.progress) = (Duration::ZERO, 0);
        }
    }

    /// Reads and forgets the rest: a client that is still sending when the connection closes sees
    /// a broken pipe instead of the answer (`transport` 8).
    pub(super) async fn drain(&mut self) {
        while !self.broken && matches!(self.next().await, Ok(Some(_))) {}
    }

    /// Bytes received so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}
