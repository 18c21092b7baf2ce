//! Work beside the accounts' own threads, which nothing of an endpoint outlives: transfers, the check
//! of an upload, care for an account.
//!
//! A transfer mostly waits for the network, and on the runtime's few threads for blocking work it
//! would make the requests of others wait too; so each has a thread of its own. Connections are
//! limited, and so are these threads. When the endpoint ends, it tells all of them and waits for
//! them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use deckport_ground::interrupt::Interrupt;
use tokio::sync::{oneshot, watch};

use crate::work_error::WorkError;

/// How long the end waits for an answer from the app.
const APP_MAY_TAKE: Duration = Duration::from_secs(2);
/// How often it checks whether those that are left wait for the app.
const A_WHILE: Duration = Duration::from_millis(100);

/// All errands of an endpoint. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Errands(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    one_ended: Condvar,
}

#[derive(Debug)]
struct State {
    is_closed: bool,
    running: usize,
    /// How many of these wait for an answer from the app.
    outside: usize,
    /// Set, with a notice, when those that are running must end.
    interrupt: Interrupt,
    end: watch::Sender<bool>,
}

impl Default for State {
    fn default() -> State {
        let (end, _) = watch::channel(false);
        State { is_closed: false, running: 0, outside: 0, interrupt: Interrupt::default(), end }
    }
}

/// One errand; the endpoint's end waits until it is dropped.
#[derive(Debug)]
pub struct Errand {
    errands: Errands,
    interrupt: Interrupt,
    end: watch::Receiver<bool>,
}

impl Errands {
    /// Begins an errand on an existing thread.
    pub fn begin(&self) -> Result<Errand, WorkError> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(WorkError::Stopping);
        }
        state.running += 1;
        let (interrupt, end) = (state.interrupt.clone(), state.end.subscribe());
        Ok(Errand { errands: self.clone(), interrupt, end })
    }

    /// Begins one on a thread of its own.
    pub fn start(
        &self,
        name: &str,
        work: impl FnOnce(&Errand) + Send + 'static,
    ) -> Result<(), WorkError> {
        let errand = self.begin()?;
        let run = move || work(&errand);
        let started = thread::Builder::new().name(name.to_owned()).spawn(run);
        started.map(drop).map_err(|error: io::Error| {
            WorkError::Failed(format!("no thread could be started: {error}"))
        })
    }

    /// The same for work that somebody waits for. The answer fails if the work panics.
    pub fn run<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Errand) -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, WorkError> {
        let (done, result) = oneshot::channel();
        self.start(name, move |errand| {
            // Nobody listens any more if the request was given up.
            let _ = done.send(work(errand));
        })?;
        Ok(result)
    }

    /// From now on none begins, and those that are running are told to end soon.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.interrupt.set();
        state.end.send_replace(true);
    }

    /// Asks the app something, from an errand. The end does not wait long for an app that does not answer:
    /// the caller must check afterwards whether to go on.
    pub(crate) fn ask_outside<T>(&self, question: impl FnOnce() -> T) -> T {
        self.lock().outside += 1;
        self.0.one_ended.notify_all();
        let _outside = Outside(self);
        question()
    }

    /// After [`Errands::close`]: waits until none runs, but only a moment for those that wait for the
    /// app. Must not be called from an errand.
    pub fn wait(&self) {
        let mut state = self.lock();
        let mut moment = APP_MAY_TAKE;
        while state.running > 0 && (state.running > state.outside || !moment.is_zero()) {
            let begun = Instant::now();
            let waited = self.0.one_ended.wait_timeout(state, moment.max(A_WHILE));
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if state.running == state.outside {
                moment = moment.saturating_sub(begun.elapsed());
            }
        }
    }

    /// After [`Errands::wait`]: they may begin again.
    pub fn open(&self) {
        let mut state = self.lock();
        *state = State { running: state.running, outside: state.outside, ..State::default() };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An errand that waits for the app.
struct Outside<'a>(&'a Errands);

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        self.0.lock().outside -= 1;
    }
}

impl Errand {
    /// Set when the endpoint ends.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Waits for something on this thread; `None` when the endpoint ends first.
    pub fn wait<T>(&self, something: impl Future<Output = T>) -> Option<T> {
        let mut end = self.end.clone();
        block_on(async {
            tokio::select! {
                biased;
                _ = end.wait_for(|is_due| *is_due) => None,
                value = something => Some(value),
            }
        })
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.errands.lock().running -= 1;
        self.errands.0.one_ended.notify_all();
    }
}

/// Waits for a future that needs no runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn the_end_does_not_wait_for_an_app_that_does_not_answer() {
        let errands = Errands::default();
        let (answer, asked) = (Arc::new(std::sync::Barrier::new(2)), errands.clone());
        let answered = Arc::clone(&answer);
        let (told, has_asked) = std::sync::mpsc::channel();
        let work = move |errand: &Errand| {
            asked.ask_outside(|| {
                told.send(()).unwrap();
                answered.wait();
            });
            assert!(errand.interrupt().is_set());
        };
        errands.start("test", work).unwrap();
        has_asked.recv().unwrap();
        errands.close();
        errands.wait();
        answer.wait();
    }

    #[test]
    fn the_end_waits_for_all_and_wakes_those_who_wait() {
        let errands = Errands::default();
        let (_kept_open, mut inbox) = mpsc::channel::<u8>(1);
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let waiting = move |errand: &Errand| {
            assert_eq!(errand.wait(inbox.recv()), None);
            assert!(errand.interrupt().is_set());
            told.store(true, Ordering::SeqCst);
        };
        errands.start("test", waiting).unwrap();
        errands.close();
        errands.wait();
        assert!(ended.load(Ordering::SeqCst));
        assert!(matches!(errands.begin(), Err(WorkError::Stopping)));
        errands.open();
        let errand = errands.begin().unwrap();
        assert!(!errand.interrupt().is_set());
        assert_eq!(errand.wait(async { 7 }), Some(7));
    }

    #[test]
    fn what_comes_is_there_before_the_end_and_a_panic_ends_one_errand() {
        let errands = Errands::default();
        let (pieces, mut inbox) = mpsc::channel::<u8>(1);
        let sum = errands
            .run("test", move |errand| {
                let mut sum = 0;
                while let Some(Some(piece)) = errand.wait(inbox.recv()) {
                    sum += piece;
                }
                sum
            })
            .unwrap();
        for piece in 1..4 {
            pieces.blocking_send(piece).unwrap();
        }
        drop(pieces);
        assert_eq!(sum.blocking_recv().unwrap(), 6);
        let failed = errands.run("test", |_| -> u8 { panic!("a bug") }).unwrap();
        assert!(failed.blocking_recv().is_err());
        errands.close();
        errands.wait();
    }
}
