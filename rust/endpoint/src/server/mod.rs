//! HTTP: listening, connections, and the walk of a request down to an account's worker.
//!
//! What a client sends is read in pieces with limits on size and time; what it must do next is
//! decided by the status alone (`transport` 6.2). No protocol or storage logic lives here.

mod answer;
mod body;
mod connection;
mod download;
mod framing;
mod handler;
mod inflate;
mod legacy;
mod login;
mod media;
mod outgoing;
mod page;
mod record;
mod stall;
mod upload;

use std::future::Future;
use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::events::Event;
use crate::handle::Inner;
use crate::health::Health;
use crate::options::EndpointOptions;
use crate::pairing::Pairings;
use crate::registry::Registry;
use crate::throttle::LoginGate;
use crate::worker::Workers;

/// After a failed accept, e.g. for want of file descriptors: enough for some to come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Large forms of old clients that are received at once.
const LARGE_FORMS: usize = 2;

/// What every request needs.
#[derive(Debug)]
struct Shared {
    options: EndpointOptions,
    registry: Arc<Registry>,
    workers: Arc<Workers>,
    pairings: Arc<Pairings>,
    logins: Arc<LoginGate>,
    /// Passwords are checked one after the other; who waits must not block a thread.
    password_check: Mutex<()>,
    health: Health,
    /// Places for large forms of old clients, whose sender is known only at their end.
    large_forms: Semaphore,
}

/// How far a shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Running requests may finish, new ones are not accepted.
    Stopping,
    /// Everything ends now.
    Ended,
}

/// Serves one set of listeners.
#[derive(Debug)]
pub(crate) struct Server {
    shared: Arc<Shared>,
}

impl Server {
    pub(crate) fn new(inner: &Inner) -> Server {
        let Inner { options, registry, workers, pairings } = inner;
        let logins = Arc::new(LoginGate::new(Arc::clone(&options.clock)));
        let health = Health::default();
        Server {
            shared: Arc::new(Shared {
                options: options.clone(),
                registry: Arc::clone(registry),
                workers: Arc::clone(workers),
                pairings: Arc::clone(pairings),
                logins,
                password_check: Mutex::default(),
                health,
                large_forms: Semaphore::new(LARGE_FORMS),
            }),
        }
    }

    /// Serves until `shutdown` completes and everything is closed.
    pub(crate) async fn run(
        self,
        listeners: Vec<StdListener>,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let listeners: Vec<TcpListener> =
            listeners.into_iter().map(into_async).collect::<io::Result<_>>()?;
        let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
        let (phase, phases) = watch::channel(Phase::Serving);
        let most = u32::try_from(self.shared.options.limits.max_connections).unwrap_or(u32::MAX);
        let slots = Slots::new(most.clamp(1, 1 << 20));
        for listener in listeners {
            let shared = Arc::clone(&self.shared);
            tokio::spawn(accept(listener, shared, slots.clone(), phases.clone()));
        }
        self.shared.options.events.event(&Event::Listening { addresses });

        shutdown.await;
        phase.send_replace(Phase::Stopping);
        self.shared.workers.stop_waiting();
        if timeout(self.shared.options.timings.drain, slots.all_free()).await.is_err() {
            phase.send_replace(Phase::Ended);
            slots.all_free().await;
        }
        self.close_databases().await;
        self.shared.options.events.event(&Event::Stopped);
        Ok(())
    }

    async fn close_databases(&self) {
        let shared = Arc::clone(&self.shared);
        // It fails only if closing panics, and then nothing is left to close.
        let _ = spawn_blocking(move || {
            shared.workers.rest();
            // What is not written back now is read from the log at the next start.
            let _ = shared.registry.checkpoint();
        })
        .await;
    }
}

/// The connections that may be served at once.
#[derive(Debug, Clone)]
struct Slots {
    free: Arc<Semaphore>,
    count: u32,
}

impl Slots {
    fn new(count: u32) -> Slots {
        Slots { free: Arc::new(Semaphore::new(count as usize)), count }
    }

    /// A slot, as soon as there is one. The semaphore is never closed.
    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Waits until no connection is served.
    async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }
}

/// Accepts connections until the shutdown begins. Errors of `accept` concern one connection or a
/// passing lack of something, so they never end it.
async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    slots: Slots,
    mut phases: watch::Receiver<Phase>,
) {
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = phases.changed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                failing = false;
                let slot = tokio::select! {
                    slot = slots.take() => slot,
                    _ = phases.changed() => return,
                };
                let (shared, phases) = (Arc::clone(&shared), phases.clone());
                tokio::spawn(async move {
                    connection::serve(stream, peer, shared, phases).await;
                    drop(slot);
                });
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    let message = format!("connections cannot be accepted for now: {error}");
                    shared.options.events.event(&Event::Problem { account: None, message });
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn into_async(listener: StdListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}
