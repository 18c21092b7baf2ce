//! Reading a request's body piece by piece, with limits on time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use deckport_household::SyncHold;
use deckport_wire::ErrorKind;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::pace::Pace;
use super::refusal::Refusal;

/// A body that has not come after this time keeps its sync alive. Nearly all are here at once,
/// and then the worker need not hear of it.
const SOON: Duration = Duration::from_millis(50);

/// The body of a request.
#[derive(Debug)]
pub(super) struct RequestBody {
    /// `None` once it has been taken over.
    incoming: Option<Incoming>,
    pace: Pace,
    /// How long the whole body may still be waited for; `None` once it is known who sends it.
    stranger: Option<Duration>,
    begun: Instant,
    hold: Option<SyncHold>,
    received: Arc<AtomicU64>,
    broken: bool,
}

impl RequestBody {
    /// A body that must be complete within `patience`, until [`RequestBody::trust`] is called.
    pub(super) fn new(incoming: Incoming, patience: Duration, least_rate: u64) -> RequestBody {
        RequestBody {
            incoming: Some(incoming),
            pace: Pace::new(patience, least_rate),
            stranger: Some(patience),
            begun: Instant::now(),
            hold: None,
            received: Arc::default(),
            broken: false,
        }
    }

    /// Moves the body to somebody who goes on reading it, whatever becomes of the request. This one
    /// is at its end then, and still tells how much was received.
    pub(super) fn take(&mut self) -> RequestBody {
        RequestBody {
            incoming: self.incoming.take(),
            pace: self.pace.clone(),
            stranger: self.stranger,
            begun: self.begun,
            hold: self.hold.take(),
            received: Arc::clone(&self.received),
            broken: self.broken,
        }
    }

    /// The body may take its time as long as it makes progress: the client is known, or what it
    /// may cost is limited otherwise.
    pub(super) fn trust(&mut self) {
        self.stranger = None;
    }

    /// The body belongs to a sync, which does not end while it arrives.
    pub(super) fn keeps_alive(&mut self, hold: SyncHold) {
        self.hold = Some(hold);
    }

    /// Lets go of the sync, or hands it on to the answer.
    pub(super) fn take_hold(&mut self) -> Option<SyncHold> {
        self.hold.take()
    }

    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    /// When the connection broke or the client fell silent; the body is over then.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let asked = Instant::now();
            let patience = self.pace.left();
            let patience = self.stranger.map_or(patience, |left| left.min(patience));
            let frame = self.frame(asked + patience).await;
            // Only waiting counts: while we are busy with what came, the client can do nothing.
            let waited = asked.elapsed();
            self.pace.waited(waited);
            self.stranger = self.stranger.map(|left| left.saturating_sub(waited));
            let reason = match frame {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.received.fetch_add(data.len() as u64, Ordering::Relaxed);
                        self.pace.moved(data.len() as u64);
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

    async fn frame(
        &mut self,
        until: Instant,
    ) -> Result<Option<Result<Frame<Bytes>, hyper::Error>>, Elapsed> {
        let Some(incoming) = &mut self.incoming else { return Ok(None) };
        if let Some(hold) = self.hold.as_mut().filter(|hold| !hold.is_begun()) {
            let soon = self.begun + SOON;
            if soon < until
                && let Ok(frame) = timeout_at(soon, incoming.frame()).await
            {
                return Ok(frame);
            }
            hold.begin();
        }
        timeout_at(until, incoming.frame()).await
    }

    /// Reads and forgets the rest: a client that is still sending when the connection closes sees
    /// a broken pipe instead of the answer (`transport` 8).
    pub(super) async fn drain(&mut self) {
        while !self.broken && matches!(self.next().await, Ok(Some(_))) {}
    }

    /// Whatever still comes is not worth waiting for: the connection ends with the answer.
    pub(super) fn abandon(&mut self) {
        self.broken = true;
    }

    /// Bytes received so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}
