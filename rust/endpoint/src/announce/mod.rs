//! The endpoint's name in the networks it serves: answered for and announced by multicast DNS
//! (`deckport-mdns`), followed when the networks change, taken back at the end.
//!
//! Nothing here keeps the endpoint from serving: what does not work is told in the state.

mod changes;
mod links;
mod options;
mod sockets;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deckport_accounts::{Registry, RegistryError};
use deckport_household::{AnnounceState, Announcement, Event, WhyNotAnnounced};
use deckport_mdns::{Claim, HostName, Link, MAX_PACKET, Outgoing, Service};
use tokio::sync::{Notify, watch};
use tokio::time::sleep_until;

use self::changes::Changes;
pub use self::options::AnnounceOptions;
use self::sockets::Sockets;
use crate::options::EndpointOptions;

/// Under which name the registry keeps the host's name.
const SETTING: &str = "host_name";

/// Networks change in several steps; they are looked at once, so long after the first.
const SETTLE: Duration = Duration::from_millis(300);
/// After so long it is looked again whether another program has let go of the port.
const TRY_AGAIN: Duration = Duration::from_secs(60);
/// After a failed receive, so that a failure that stays costs little.
const RECEIVE_PAUSE: Duration = Duration::from_secs(1);

/// The name of an endpoint, and what has become of it.
#[derive(Debug)]
pub(crate) struct Announcer {
    name: HostName,
    state: watch::Sender<Announcement>,
    /// The embedder says that its networks are others now.
    networks_changed: Notify,
}

impl Announcer {
    /// Finds the name that the options say, or is kept with the data, or makes one.
    pub(crate) fn new(
        registry: &Registry,
        options: &AnnounceOptions,
    ) -> Result<Announcer, RegistryError> {
        let name = match &options.host_name {
            Some(name) => {
                keep_host_name(registry, name)?;
                name.clone()
            }
            None => host_name(registry)?,
        };
        let state = watch::Sender::new(Announcement {
            name: name.full(),
            port: None,
            state: AnnounceState::Not(WhyNotAnnounced::NotServing),
        });
        Ok(Announcer { name, state, networks_changed: Notify::new() })
    }

    /// How it is now, and each time that it changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Announcement> {
        self.state.subscribe()
    }

    /// The networks are to be looked at again.
    pub(crate) fn networks_changed(&self) {
        self.networks_changed.notify_one();
    }

    /// Answers for the name until `stop` completes; says that https is spoken, too, where it is.
    pub(crate) async fn run(
        self: Arc<Announcer>,
        options: EndpointOptions,
        over_tls: bool,
        bound: Vec<SocketAddr>,
        stop: impl Future<Output = ()>,
    ) {
        let name = &self.name;
        let _end = NotServing(&self);
        let port = links::port(&bound);
        let (Some(port), true) = (port, options.announce.enabled) else {
            let why = if options.announce.enabled {
                WhyNotAnnounced::LoopbackOnly
            } else {
                WhyNotAnnounced::Off
            };
            self.tell(&options, name, None, AnnounceState::Not(why));
            return stop.await;
        };
        let texts = texts(&options, over_tls);
        let claim = Claim::new(name.clone(), Service { port, texts }, below);
        let at_work = AtWork {
            bound,
            port,
            claim,
            links: Vec::new(),
            sockets: Err(WhyNotAnnounced::NoNetwork),
        };
        at_work.run(&self, &options, stop).await;
    }

    fn tell(
        &self,
        options: &EndpointOptions,
        name: &HostName,
        port: Option<u16>,
        state: AnnounceState,
    ) {
        let now = Announcement { name: name.full(), port, state };
        let is_news = self.state.send_if_modified(|told| {
            let is_news = *told != now;
            told.clone_from(&now);
            is_news
        });
        if is_news {
            options.events.event(&Event::Announcement(now));
        }
    }
}

/// The name that is kept with the data. One is made where there is none, or one that nobody can
/// use.
pub fn host_name(registry: &Registry) -> Result<HostName, RegistryError> {
    let mut lot = [0; 4];
    getrandom::fill(&mut lot)?;
    let new = HostName::random(lot);
    match registry.setting_or(SETTING, new.label())?.parse() {
        Ok(kept) => Ok(kept),
        Err(_) => keep_host_name(registry, &new).map(|()| new),
    }
}

/// Keeps a name with the data. An endpoint that serves takes it when it serves anew.
pub fn keep_host_name(registry: &Registry, name: &HostName) -> Result<(), RegistryError> {
    if registry.setting(SETTING)?.as_deref() == Some(name.label()) {
        return Ok(());
    }
    registry.set_setting(SETTING, name.label())
}

/// What the service says of itself (RFC 6763, 6).
fn texts(options: &EndpointOptions, over_tls: bool) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    vec![
        "txtvers=1".to_owned(),
        "path=/".to_owned(),
        format!("tls={}", u8::from(over_tls)),
        format!("version={version}"),
        format!("name={}", options.display_name.as_deref().unwrap_or("Deckport")),
    ]
}

/// A random number below `most`. Where there is no chance, it is the middle.
fn below(most: u64) -> u64 {
    let mut lot = [0; 8];
    match getrandom::fill(&mut lot) {
        Ok(()) => u64::from_ne_bytes(lot) % most.max(1),
        Err(_) => most / 2,
    }
}

/// Sets the state when serving ends, however it does.
struct NotServing<'a>(&'a Announcer);

impl Drop for NotServing<'_> {
    fn drop(&mut self) {
        self.0.state.send_replace(Announcement {
            name: self.0.name.full(),
            port: None,
            state: AnnounceState::Not(WhyNotAnnounced::NotServing),
        });
    }
}

/// Something to do.
enum Wake {
    Stop,
    Changed,
    Received(usize, SocketAddr),
    ReceiveFailed,
    Due,
}

/// What is needed while the endpoint serves.
struct AtWork {
    bound: Vec<SocketAddr>,
    port: u16,
    claim: Claim,
    links: Vec<Link>,
    sockets: Result<Sockets, WhyNotAnnounced>,
}

impl AtWork {
    async fn run(
        mut self,
        announcer: &Announcer,
        options: &EndpointOptions,
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = pin!(stop);
        let mut changes = Changes::watch();
        let mut packet = vec![0; MAX_PACKET];
        let mut look_at = self.look(options, Instant::now());
        loop {
            announcer.tell(options, &self.claim.name(), Some(self.port), self.state());
            let wake = tokio::select! {
                () = &mut stop => Wake::Stop,
                () = changes.next() => Wake::Changed,
                () = announcer.networks_changed.notified() => Wake::Changed,
                received = receive(&self.sockets, &mut packet) => match received {
                    Ok((length, from)) => Wake::Received(length, from),
                    Err(_) => Wake::ReceiveFailed,
                },
                () = until(self.claim.due().into_iter().chain(look_at).min()) => Wake::Due,
            };
            let now = Instant::now();
            let out = match wake {
                Wake::Stop => break,
                Wake::Changed => {
                    let soon = now + SETTLE;
                    look_at = Some(look_at.map_or(soon, |at| at.min(soon)));
                    Vec::new()
                }
                Wake::Received(length, from) => {
                    self.claim.received(packet.get(..length).unwrap_or_default(), from, now)
                }
                Wake::ReceiveFailed => {
                    tokio::time::sleep(RECEIVE_PAUSE).await;
                    Vec::new()
                }
                Wake::Due => {
                    if look_at.is_some_and(|at| at <= now) {
                        look_at = self.look(options, now);
                    }
                    self.claim.tick(now)
                }
            };
            self.send(out).await;
        }
        let goodbye = self.claim.goodbye();
        self.send(goodbye).await;
    }

    /// Looks which networks there are, and answers in them from now on. Gives the moment to look
    /// again; `None`: when they change.
    fn look(&mut self, options: &EndpointOptions, now: Instant) -> Option<Instant> {
        let networks = options.interfaces.now();
        let links = links::of(&self.bound, self.port, &networks, &options.scope);
        if links == self.links && self.sockets.is_ok() {
            return None;
        }
        self.sockets = Sockets::open(&links);
        let joined = match &self.sockets {
            Ok(sockets) => links.iter().filter(|link| sockets.reach(link)).cloned().collect(),
            Err(_) => Vec::new(),
        };
        self.links = links;
        self.claim.set_links(joined, now);
        let port_taken = matches!(self.sockets, Err(WhyNotAnnounced::PortTaken));
        port_taken.then(|| now + TRY_AGAIN)
    }

    fn state(&self) -> AnnounceState {
        match &self.sockets {
            Err(why) => AnnounceState::Not(why.clone()),
            Ok(_) if self.claim.is_ours() => AnnounceState::Announced,
            Ok(_) => AnnounceState::Trying,
        }
    }

    async fn send(&self, out: Vec<Outgoing>) {
        let Ok(sockets) = &self.sockets else { return };
        for Outgoing { link, to, packet } in out {
            // Places are those of the claim's links: the ones that could be joined.
            if let Some(link) = self.links.iter().filter(|link| sockets.reach(link)).nth(link) {
                sockets.send(link, to, &packet).await;
            }
        }
    }
}

async fn receive(
    sockets: &Result<Sockets, WhyNotAnnounced>,
    packet: &mut [u8],
) -> std::io::Result<(usize, SocketAddr)> {
    match sockets {
        Ok(sockets) => sockets.receive(packet).await,
        Err(_) => std::future::pending().await,
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use deckport_ground::clock::SystemClock;

    use super::*;

    fn registry(folder: &std::path::Path) -> Registry {
        Registry::open(folder, Arc::new(SystemClock::new())).unwrap()
    }

    #[test]
    fn a_name_stays_with_its_data_until_another_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let of = |host_name: Option<&str>| {
            let host_name = host_name.map(|name| name.parse().unwrap());
            let options = AnnounceOptions { host_name, ..AnnounceOptions::default() };
            Announcer::new(&registry(folder.path()), &options).unwrap().name
        };
        let first = of(None);
        assert!(first.label().starts_with("deckport-"), "{first}");
        assert_eq!(of(None), first);
        assert_eq!(of(Some("Anna.local")).full(), "anna.local");
        assert_eq!(of(None).full(), "anna.local");
        registry(folder.path()).set_setting(SETTING, "no name").unwrap();
        let again = of(None);
        assert_ne!(again, first);
        assert_eq!(of(None), again);
    }

    async fn served(enabled: bool, bound: &str) -> (AnnounceState, AnnounceState) {
        let folder = tempfile::tempdir().unwrap();
        let mut options = EndpointOptions::new(folder.path());
        options.announce.enabled = enabled;
        let announcer = Announcer::new(&registry(folder.path()), &options.announce).unwrap();
        let (announcer, mut states) = (Arc::new(announcer), None);
        let mut watch = announcer.watch();
        let stop = async {
            let told =
                watch.wait_for(|it| it.state != AnnounceState::Not(WhyNotAnnounced::NotServing));
            states = told.await.ok().map(|it| it.state.clone());
        };
        let bound = vec![bound.parse().unwrap()];
        Arc::clone(&announcer).run(options, false, bound, stop).await;
        let after = announcer.watch().borrow().state.clone();
        (states.unwrap(), after)
    }

    #[tokio::test]
    async fn what_is_not_announced_says_why() {
        let ended = AnnounceState::Not(WhyNotAnnounced::NotServing);
        let loopback = AnnounceState::Not(WhyNotAnnounced::LoopbackOnly);
        assert_eq!(served(true, "127.0.0.1:1").await, (loopback, ended.clone()));
        let off = AnnounceState::Not(WhyNotAnnounced::Off);
        assert_eq!(served(false, "0.0.0.0:1").await, (off, ended.clone()));
        // An address that this machine does not have is in none of its networks.
        let nowhere = AnnounceState::Not(WhyNotAnnounced::NoNetwork);
        assert_eq!(served(true, "192.0.2.77:1").await, (nowhere, ended));
    }
}
