//! HTTP: listening, connections, and the walk of a request down to an account's worker.
//!
//! What a client sends is read in pieces with limits on size and time; what it must do next is
//! decided by the status alone (`transport` 6.2). No protocol or storage logic lives here.

mod answer;
mod body;
mod connection;
mod download;
mod framing;
mod guests;
mod handler;
mod inflate;
mod legacy;
mod login;
mod media;
mod outgoing;
mod packing;
mod page;
mod record;
mod slots;
mod stall;
mod upload;

use std::future::Future;
use std::io;
use std::net::{IpAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use self::guests::{Guests, Unwelcome};
use self::slots::Slots;
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
    guests: Arc<Guests>,
    /// Places for large forms of old clients, whose sender is known only at their end.
    large_forms: Semaphore,
}

impl Shared {
    fn tell_refused(&self, peer: IpAddr, unwelcome: Unwelcome) {
        if self.guests.should_tell(peer, self.options.clock.monotonic()) {
            let reason = unwelcome.to_string();
            self.options.events.event(&Event::ConnectionRefused { peer, reason });
        }
    }
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
        let guests = Arc::new(Guests::new(options));
        Server {
            shared: Arc::new(Shared {
                options: options.clone(),
                registry: Arc::clone(registry),
                workers: Arc::clone(workers),
                pairings: Arc::clone(pairings),
                logins,
                password_check: Mutex::default(),
                health,
                guests,
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
            // What is not written back now is read from the log at the next start.
            shared.workers.rest(|| drop(shared.registry.checkpoint()));
        })
        .await;
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
                // Without one of ours the connection is gone already.
                let Ok(ours) = stream.local_addr() else { continue };
                let guest = match shared.guests.welcome(peer.ip(), ours.ip()) {
                    Ok(guest) => guest,
                    Err(unwelcome) => {
                        shared.tell_refused(peer.ip(), unwelcome);
                        continue;
                    }
                };
                let slot = tokio::select! {
                    slot = slots.take() => slot,
                    _ = phases.changed() => return,
                };
                let (shared, phases) = (Arc::clone(&shared), phases.clone());
                tokio::spawn(async move {
                    connection::serve(stream, peer, shared, phases).await;
                    drop((guest, slot));
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
