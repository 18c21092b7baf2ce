//! TLS beside plain http, on the same port: what the endpoint shows to whoever begins a handshake.
//!
//! Without a certificate from its owner the endpoint has an [`authority`] of its own, which people
//! install on their devices once, and signs itself a [`leaf`] for the addresses and names that it has
//! at the moment. Leaves live in memory alone: devices know the authority, and making one costs less
//! than reading it. Everything is looked at when a handshake begins, so nothing runs in between.

mod authority;
mod error;
mod leaf;
mod names;
mod options;
mod own;
mod provider;
mod validity;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deckport_household::{Announcement, Event};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use self::authority::Authority;
use self::leaf::Leaf;
use self::own::Own;
use self::provider::provider;
use crate::options::EndpointOptions;

pub use authority::{CaCertificate, certificate};
pub use error::TlsError;
pub use options::{OwnCertificate, TlsMode, TlsOptions};

/// Sessions that clients may take up again without a new exchange of keys.
const SESSIONS: usize = 64;

/// The endpoint's name as it is at each moment.
type Announced = watch::Receiver<Announcement>;

/// TLS of one endpoint.
#[derive(Debug)]
pub(crate) struct Tls {
    options: EndpointOptions,
    /// The name by which the endpoint is found.
    announced: Announced,
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
    source: Source,
}

/// Where certificates come from.
#[derive(Debug)]
enum Source {
    Authority(Box<Authority>, Mutex<Leaf>),
    Own(Mutex<Own>),
}

/// What is shown to the next client.
#[derive(Debug)]
struct Shown(Mutex<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&lock(&self.0)))
    }
}

impl Tls {
    /// TLS as the options want it; `None`: only plain http is spoken. When the endpoint's own
    /// authority cannot be used, http goes on unless it is refused anyway, and an event tells why.
    ///
    /// # Errors
    /// What is wrong with the owner's certificate, or with the authority where TLS is a must.
    pub(crate) fn open(
        options: &EndpointOptions,
        announced: Announced,
    ) -> Result<Option<Tls>, TlsError> {
        let TlsOptions { mode, certificate } = &options.tls;
        let opened = match (mode, certificate) {
            (TlsMode::Off, _) => return Ok(None),
            (_, Some(own)) => return Tls::with_own(options, announced, own).map(Some),
            (_, None) => Tls::with_authority(options, announced),
        };
        match opened {
            Err(error) if *mode == TlsMode::On => {
                let message = format!("there is no https, only http: {error}");
                options.events.event(&Event::Problem { account: None, message });
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }

    fn with_own(
        options: &EndpointOptions,
        announced: Announced,
        own: &OwnCertificate,
    ) -> Result<Tls, TlsError> {
        let own = Own::open(own, &*options.clock)?;
        let key = own.key();
        Tls::new(options, announced, key, Source::Own(Mutex::new(own)))
    }

    fn with_authority(options: &EndpointOptions, announced: Announced) -> Result<Tls, TlsError> {
        let authority = Authority::load_or_make(&options.data_dir, &*options.clock)?;
        if let Some(message) = authority.ended(&*options.clock) {
            options.events.event(&Event::Problem { account: None, message });
        }
        let names = names::current(options, &announced.borrow().name, None);
        let leaf = Leaf::make(&authority, names, options.clock.now_ms())?;
        let source = Source::Authority(Box::new(authority), Mutex::new(leaf.clone()));
        Tls::new(options, announced, leaf.key(), source)
    }

    fn new(
        options: &EndpointOptions,
        announced: Announced,
        key: Arc<CertifiedKey>,
        source: Source,
    ) -> Result<Tls, TlsError> {
        let shown = Arc::new(Shown(Mutex::new(key)));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| TlsError::Making(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as _);
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        Ok(Tls { options: options.clone(), announced, config: Arc::new(config), shown, source })
    }

    /// Takes up handshakes at `ours`, one of this machine's addresses, with a certificate that is
    /// right at this moment.
    pub(crate) fn acceptor(&self, ours: IpAddr) -> TlsAcceptor {
        if let Err(error) = self.refresh(ours.to_canonical()) {
            let message = format!("https goes on with the certificate it had: {error}");
            self.options.events.event(&Event::Problem { account: None, message });
        }
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    fn refresh(&self, ours: IpAddr) -> Result<(), TlsError> {
        let key = match &self.source {
            Source::Authority(authority, leaf) => {
                let mut leaf = lock(leaf);
                let own = self.announced.borrow().name.clone();
                let names = names::current(&self.options, &own, Some(ours));
                let now_ms = self.options.clock.now_ms();
                if leaf.is_good(&names, now_ms) {
                    return Ok(());
                }
                *leaf = Leaf::make(authority, names, now_ms)?;
                leaf.key()
            }
            Source::Own(own) => match lock(own).renewed(&*self.options.clock)? {
                Some(key) => key,
                None => return Ok(()),
            },
        };
        *lock(&self.shown.0) = key;
        Ok(())
    }

    /// What devices have to trust; `None` where the owner brought a certificate.
    pub(crate) fn certificate(&self) -> Option<CaCertificate> {
        match &self.source {
            Source::Authority(authority, _) => Some(authority.certificate()),
            Source::Own(_) => None,
        }
    }
}

/// The time in seconds. A clock that shows a day before this version was made is wrong, and nothing
/// that is made by it would be good for anybody.
fn now_s(now_ms: i64) -> i64 {
    /// 2026-11-30.
    const MADE: i64 = 1_795_996_800;
    (now_ms / 1000).max(MADE)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
