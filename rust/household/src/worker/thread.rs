//! The thread of an owner: one message after the other, and deadlines in between.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use deckport_ground::clock::Clock;

use crate::work_error::WorkError;

/// Something that one thread owns.
pub(super) trait Owner: Send + 'static {
    /// What it is asked.
    type Message: Send + 'static;

    /// Works on one message to its end.
    fn handle(&mut self, message: Self::Message);

    /// Does what is due.
    fn tick(&mut self);

    /// When [`Owner::tick`] has something to do; `None` while nothing is active.
    fn next_deadline(&self) -> Option<Duration>;

    /// After a panic: puts itself in order, whatever state it was left in.
    fn recover(&mut self);

    /// Closes everything. Nothing is asked afterwards.
    fn close(&mut self);

    /// Whether a message asks to close everything.
    fn is_last(message: &Self::Message) -> bool;
}

/// Whether an owner has closed everything. A caller that gets no answer learns here why.
#[derive(Debug, Clone, Default)]
pub(super) struct Ended(Arc<AtomicBool>);

impl Ended {
    /// Why a question got no answer: nobody was left to answer it, or answering it failed.
    pub(super) fn why_silent(&self) -> WorkError {
        match self.0.load(Ordering::SeqCst) {
            true => WorkError::Stopping,
            false => WorkError::unexpected(),
        }
    }
}

/// Starts an owner's thread.
pub(super) fn spawn<O: Owner>(
    owner: O,
    inbox: Receiver<O::Message>,
    ended: Ended,
    name: &str,
    clock: &Arc<dyn Clock>,
) -> io::Result<JoinHandle<()>> {
    let clock = Arc::clone(clock);
    let work = move || {
        run(owner, &inbox, &*clock);
        // Before questions that came too late are dropped with the inbox.
        ended.0.store(true, Ordering::SeqCst);
    };
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Sleeps until the next message or deadline; without a deadline nothing ticks.
fn run<O: Owner>(mut owner: O, inbox: &Receiver<O::Message>, clock: &dyn Clock) {
    loop {
        let received = match owner.next_deadline() {
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => inbox.recv_timeout(at.saturating_sub(clock.monotonic())),
        };
        let is_last = match &received {
            Ok(message) => O::is_last(message),
            Err(error) => *error == RecvTimeoutError::Disconnected,
        };
        let work = || match received {
            Ok(message) => owner.handle(message),
            Err(RecvTimeoutError::Timeout) => owner.tick(),
            Err(RecvTimeoutError::Disconnected) => owner.close(),
        };
        // The owner is put in order by `recover`, whatever state it was left in.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            owner.recover();
        }
        if is_last {
            return;
        }
    }
}
