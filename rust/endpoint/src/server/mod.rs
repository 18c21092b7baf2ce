//! HTTP: listening, connections, and the walk of a request down to an account's worker.
//!
//! What a client sends is read in pieces with limits on size and time; what it must do next is
//! decided by the status alone (`transport` 6.2). No protocol or storage logic lives here.

mod answer;
mod arrival;
mod body;
mod certificate;
mod connection;
mod content;
mod download;
mod guests;
mod handler;
mod hosts;
mod https_only;
mod login;
mod media;
mod origins;
mod outgoing;
mod pace;
mod people;
mod proxies;
mod record;
pub(crate) mod refusal;
mod slots;
mod spool;
mod stall;
mod strangers;
mod transport;
mod unpack;
mod upload;
mod weigh;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::{Gate, Registry};
use deckport_household::{Event, RecentRefusal, RefusalKind, Workers};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use self::guests::{Guest, Guests};
use self::hosts::Hosts;
use self::origins::Origins;
use self::proxies::Proxies;
use self::slots::Slots;
use self::strangers::Strangers;
use crate::announce::Announcer;
use crate::handle::Inner;
use crate::health::Health;
use crate::memory::Memory;
use crate::options::EndpointOptions;
use crate::tls::Tls;

/// After a failed accept, e.g. for want of file descriptors: enough for some to come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long the end waits until everybody was told that the name ends.
const GOODBYE: Duration = Duration::from_millis(500);

/// What every request needs.
#[derive(Debug)]
struct Shared {
    options: EndpointOptions,
    inner: Arc<Inner>,
    registry: Arc<Registry>,
    gate: Arc<Gate>,
    origins: Origins,
    /// Passwords are checked one after the other; who waits must not block a thread.
    password_check: Mutex<()>,
    /// Where logins of strangers wait for their turn to wait.
    strange_logins: Mutex<()>,
    proxies: Proxies,
    hosts: Hosts,
    health: Health,
    guests: Arc<Guests>,
    /// Forms of old clients, whose sender is known only at their end.
    strangers: Arc<Strangers>,
    memory: Arc<Memory>,
    /// `None`: plain http alone.
    tls: Option<Arc<Tls>>,
}

impl Shared {
    fn workers(&self) -> &Workers {
        self.inner.household.workers()
    }

    fn tell_refused(&self, peer: IpAddr, kind: RefusalKind, reason: &impl ToString) {
        if self.guests.should_tell(peer, self.options.clock.monotonic()) {
            let reason = reason.to_string();
            self.note(RecentRefusal {
                at_ms: self.options.clock.now_ms(),
                address: peer,
                kind,
                account: None,
                device: None,
                request: String::new(),
                reason: reason.clone(),
            });
            self.options.events.event(&Event::ConnectionRefused { peer, reason });
        }
    }

    /// Keeps a refusal, and tells of it.
    fn note(&self, refusal: RecentRefusal) {
        let kept = self.inner.refusals.note(refusal);
        self.options.events.event(&Event::Refused(kept.for_events()));
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
    announcer: Arc<Announcer>,
}

impl Server {
    pub(crate) fn new(inner: &Arc<Inner>) -> Server {
        let Inner { options, household, tls, announcer, .. } = &**inner;
        let gate = Arc::new(Gate::new(Arc::clone(&options.clock)));
        let health = Health::default();
        let guests = Arc::new(Guests::new(options));
        Server {
            announcer: Arc::clone(announcer),
            shared: Arc::new(Shared {
                options: options.clone(),
                inner: Arc::clone(inner),
                registry: Arc::clone(household.registry()),
                gate,
                origins: Origins::new(Arc::clone(&options.interfaces)),
                password_check: Mutex::default(),
                strange_logins: Mutex::default(),
                proxies: Proxies::new(options.proxies.clone()),
                hosts: Hosts::new(&options.page_hosts, announcer.watch()),
                health,
                guests,
                strangers: Arc::new(Strangers::new(options.limits.max_unknown_bytes)),
                memory: Arc::new(Memory::new(options.limits.max_memory_bytes)),
                tls: tls.clone(),
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
        let addresses =
            listeners.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
        let (phase, phases) = watch::channel(Phase::Serving);
        let most = u32::try_from(self.shared.options.limits.max_connections).unwrap_or(u32::MAX);
        let slots = Slots::new(most.clamp(1, 1 << 20));
        for listener in listeners {
            let shared = Arc::clone(&self.shared);
            tokio::spawn(accept(listener, shared, slots.clone(), phases.clone()));
        }
        self.shared.options.events.event(&Event::Listening { addresses: addresses.clone() });
        let mut phases = phases;
        let stopping = async move {
            // An error means that serving was given up.
            let _ = phases.changed().await;
        };
        let announcing = tokio::spawn(Arc::clone(&self.announcer).run(
            self.shared.options.clone(),
            self.shared.tls.is_some(),
            addresses,
            stopping,
        ));

        shutdown.await;
        phase.send_replace(Phase::Stopping);
        self.shared.workers().stop_waiting();
        if timeout(self.shared.options.timings.drain, slots.all_free()).await.is_err() {
            phase.send_replace(Phase::Ended);
            slots.all_free().await;
        }
        self.close_databases().await;
        let _ = timeout(GOODBYE, announcing).await;
        self.shared.options.events.event(&Event::Stopped);
        Ok(())
    }

    async fn close_databases(&self) {
        let shared = Arc::clone(&self.shared);
        // It fails only if closing panics, and then nothing is left to close.
        let _ = spawn_blocking(move || {
            // What is not written back now is read from the log at the next start.
            shared.workers().rest(|| drop(shared.registry.checkpoint()));
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
            Ok((mut stream, peer)) => {
                failing = false;
                // Without one of ours the connection is gone already.
                let Ok(ours) = stream.local_addr() else { continue };
                let guest = match shared.guests.welcome(peer.ip(), ours.ip()) {
                    Ok(guest) => guest,
                    Err(unwelcome) => {
                        shared.tell_refused(peer.ip(), unwelcome.kind(), &unwelcome);
                        continue;
                    }
                };
                let slot = tokio::select! {
                    slot = slots.take() => slot,
                    _ = phases.changed() => return,
                };
                let Some(slot) = slot else { return };
                let (shared, phases) = (Arc::clone(&shared), phases.clone());
                tokio::spawn(async move {
                    let arrived = arrive(&mut stream, peer, &shared, phases.clone());
                    if let Some((client, place)) = arrived.await {
                        connection::serve(stream, client, shared, &slot, phases).await;
                        drop(place);
                    }
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

/// Finds out from whom a connection comes, who gets a place of their own when it comes through a
/// trusted proxy. `None`: it is not served.
async fn arrive(
    stream: &mut TcpStream,
    peer: SocketAddr,
    shared: &Arc<Shared>,
    mut phases: watch::Receiver<Phase>,
) -> Option<(SocketAddr, Option<Guest>)> {
    let within = shared.options.timings.header_timeout;
    let client = tokio::select! {
        client = shared.proxies.arrive(stream, peer, within) => client?,
        _ = phases.changed() => return None,
    };
    if client == peer {
        return Some((peer, None));
    }
    match shared.guests.count(client.ip()) {
        Ok(place) => Some((client, Some(place))),
        Err(unwelcome) => {
            shared.tell_refused(client.ip(), unwelcome.kind(), &unwelcome);
            None
        }
    }
}

fn into_async(listener: StdListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}
