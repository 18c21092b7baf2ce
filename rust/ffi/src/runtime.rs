//! The threads of one endpoint, and how work gets there.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::thread;

use deckport_endpoint::Interrupt;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::android;
use crate::errors::{Common, OpenError};

/// They only move bytes and wake callers; accounts have threads of their own.
const THREADS: usize = 2;
/// For short blocking work. Few, because each one's allocator keeps memory of its own.
const BLOCKING_THREADS: usize = 8;

/// Owns the threads. Ending or dropping it never waits: it may happen on one of them.
#[derive(Debug)]
pub(crate) struct Threads(Mutex<Option<Runtime>>);

impl Threads {
    /// Starts them.
    pub(crate) fn start() -> Result<Threads, OpenError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("deckport-io")
            .on_thread_start(android::attach_thread)
            .on_thread_stop(android::detach_thread)
            .enable_all()
            .build()
            .map_err(|error| OpenError::failed(format!("no threads could be started: {error}")))?;
        Ok(Threads(Mutex::new(Some(runtime))))
    }

    /// For giving work to them; `None` after the end.
    pub(crate) fn handle(&self) -> Option<Handle> {
        self.lock().as_ref().map(|runtime| runtime.handle().clone())
    }

    /// Ends them, and with them what they have not finished. The calling task completes if it waits
    /// for nothing more.
    pub(crate) fn end(&self) {
        let runtime = self.lock().take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Runtime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.end();
    }
}

/// Does async work on the endpoint's threads; it ends when the caller no longer wants it.
/// A panic becomes an error.
pub(crate) async fn run<T, E, F>(threads: Option<Handle>, work: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Common,
{
    let Some(threads) = threads else { return Err(E::closed()) };
    Abortable(threads.spawn(work)).await.unwrap_or_else(|failed| Err(of_lost(&failed)))
}

/// The same for work that must complete once it has begun, even if the caller goes away.
pub(crate) async fn finish<T, E, F>(threads: Option<Handle>, work: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Common,
{
    let Some(threads) = threads else { return Err(E::closed()) };
    threads.spawn(work).await.unwrap_or_else(|failed| Err(of_lost(&failed)))
}

/// Does short blocking work beside the endpoint's threads, to its end.
pub(crate) async fn blocking<T, E>(
    threads: Option<Handle>,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Common,
{
    let Some(threads) = threads else { return Err(E::closed()) };
    threads.spawn_blocking(work).await.unwrap_or_else(|failed| Err(of_lost(&failed)))
}

/// Does long blocking work on a thread of its own. Its interrupt ends it when nobody waits for it
/// any more, or when `all` is set.
pub(crate) async fn aside<T, E>(
    all: &Interrupt,
    work: impl FnOnce(Interrupt) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Common,
{
    let given_up = SetOnDrop(all.below());
    let interrupt = given_up.0.clone();
    let (done, result) = oneshot::channel();
    let run = move || {
        android::attach_thread();
        // A panic drops the sender.
        let worked = catch_unwind(AssertUnwindSafe(|| work(interrupt)));
        if let Ok(worked) = worked {
            let _ = done.send(worked);
        }
        android::detach_thread();
    };
    thread::Builder::new()
        .name("deckport-care".to_owned())
        .spawn(run)
        .map_err(|error| E::failed(format!("there is no thread: {error}")))?;
    result.await.unwrap_or_else(|_| Err(E::panicked()))
}

/// Tells a thread that nobody waits for it any more.
struct SetOnDrop(Interrupt);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}

fn of_lost<E: Common>(failed: &tokio::task::JoinError) -> E {
    if failed.is_panic() { E::panicked() } else { E::closed() }
}

/// A task that is aborted when nobody waits for it any more.
struct Abortable<T>(JoinHandle<T>);

impl<T> Future for Abortable<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(context)))
    }
}

impl<T> Drop for Abortable<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::errors::BackupError;

    fn wait<T>(future: impl Future<Output = T>) -> T {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn a_panic_is_a_typed_error() {
        let threads = Threads::start().unwrap();
        let panics = async { panic!("a bug") };
        let failed: Result<(), BackupError> = wait(run(threads.handle(), panics));
        let text = failed.unwrap_err().to_string();
        assert!(text.ends_with("something failed unexpectedly; please report this"), "{text}");
        let failed: Result<(), BackupError> = wait(blocking(threads.handle(), || panic!("a bug")));
        assert!(matches!(failed, Err(BackupError::Failed { .. })));
    }

    #[test]
    fn a_task_that_ends_its_threads_is_answered_and_later_ones_are_closed() {
        let threads = Arc::new(Threads::start().unwrap());
        let own = Arc::clone(&threads);
        let last = async move {
            own.end();
            Ok::<_, BackupError>(7)
        };
        assert_eq!(wait(finish(threads.handle(), last)), Ok(7));
        let late = wait(blocking(threads.handle(), || Ok::<_, BackupError>(())));
        assert_eq!(late, Err(BackupError::Closed));
    }

    #[test]
    fn work_that_nobody_waits_for_is_ended() {
        let threads = Threads::start().unwrap();
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let endless = async move {
            let _held = held;
            std::future::pending::<Result<(), BackupError>>().await
        };
        wait(async {
            let task = tokio::time::timeout(
                std::time::Duration::from_millis(20),
                run(threads.handle(), endless),
            );
            assert!(task.await.is_err());
            while Arc::strong_count(&alive) > 1 {
                tokio::task::yield_now().await;
            }
        });
    }
}
