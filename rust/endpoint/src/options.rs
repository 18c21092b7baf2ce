//! What an embedder decides about an endpoint. Plain data; nothing is read from the environment.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::ConfiguredAccount;
use deckport_ground::clock::{Clock, SystemClock};
use deckport_household::{
    BackupPolicy, EnglishTexts, EventSink, HouseholdOptions, NullEvents, Texts,
};

use crate::announce::AnnounceOptions;
use crate::interfaces::{Interfaces, SystemInterfaces};
use crate::scope::{Network, Scope};
use crate::tls::TlsOptions;

/// Everything an endpoint needs to run. [`EndpointOptions::new`] gives the defaults.
#[derive(Debug, Clone)]
pub struct EndpointOptions {
    /// The folder that holds everything; created when missing.
    pub data_dir: PathBuf,
    /// Accounts that come from the reference server's environment variables. Empty: none.
    pub configured_accounts: Vec<ConfiguredAccount>,
    /// From which networks connections are taken. Default: local ones.
    pub scope: Scope,
    /// Reverse proxies that say for whom they speak. Default: none.
    pub proxies: TrustedProxies,
    /// Names under which pages are shown, besides addresses and `localhost`: those of this machine,
    /// and of a reverse proxy. Syncing works under any name. Default: none.
    pub page_hosts: Vec<String>,
    /// Whether https is spoken beside http, and with which certificate. Default: yes, with one of
    /// the endpoint's own.
    pub tls: TlsOptions,
    /// The name under which the endpoint is found.
    pub announce: AnnounceOptions,
    /// Whose endpoint this is, in words for people: the name of the machine, or of its owner's phone.
    /// Whoever may open the page reads it. Default: none.
    pub display_name: Option<String>,
    /// After how long without use a device's token ends; `None`: never. Default: 365 days.
    pub token_lifetime: Option<Duration>,
    /// Where the machine's networks are learnt from. Connections over mobile data are never taken,
    /// and only this machine itself is answered while they are not known. Default: the system.
    pub interfaces: Arc<dyn Interfaces>,
    /// Size limits.
    pub limits: Limits,
    /// Waiting times.
    pub timings: Timings,
    /// How many backups each account keeps.
    pub backups: BackupPolicy,
    /// What people read on their devices.
    pub texts: Arc<dyn Texts>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where events go.
    pub events: Arc<dyn EventSink>,
}

impl EndpointOptions {
    /// The defaults for a data folder: no configured accounts, the system's clock, no events.
    pub fn new(data_dir: impl Into<PathBuf>) -> EndpointOptions {
        EndpointOptions {
            data_dir: data_dir.into(),
            configured_accounts: Vec::new(),
            scope: Scope::default(),
            proxies: TrustedProxies::default(),
            page_hosts: Vec::new(),
            tls: TlsOptions::default(),
            announce: AnnounceOptions::default(),
            display_name: None,
            token_lifetime: Some(Duration::from_secs(365 * 86_400)),
            interfaces: Arc::new(SystemInterfaces::default()),
            limits: Limits::default(),
            timings: Timings::default(),
            backups: BackupPolicy::default(),
            texts: Arc::new(EnglishTexts),
            clock: Arc::new(SystemClock::new()),
            events: Arc::new(NullEvents),
        }
    }

    /// What of it concerns the accounts' collections and media.
    pub(crate) fn household(&self) -> HouseholdOptions {
        HouseholdOptions {
            data_dir: self.data_dir.clone(),
            max_account_bytes: self.limits.max_account_bytes,
            min_free_bytes: self.limits.min_free_bytes,
            lease_wait: self.timings.lease_wait,
            lease_idle: self.timings.lease_idle,
            database_idle: self.timings.database_idle,
            backups: self.backups.clone(),
            texts: Arc::clone(&self.texts),
            clock: Arc::clone(&self.clock),
            events: Arc::clone(&self.events),
        }
    }
}

/// The reverse proxies that are believed when they say from whom a request comes. What they say
/// counts for limits, the throttle of logins, records and the list of devices; [`Scope`] is about
/// connections, and those of a trusted proxy are always taken.
///
/// A proxy says it in `X-Forwarded-For` or `Forwarded`, or by the PROXY protocol (versions 1 and
/// 2). It must write them anew: whoever is behind one that passes on what its clients send can
/// pretend to be anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Where they are. This machine is trusted only if it is in one of these.
    pub networks: Vec<Network>,
    /// The one header that they write, for example `X-Real-IP`; `None`: `X-Forwarded-For` or
    /// `Forwarded`, and where both are there they must agree.
    pub header: Option<String>,
}

impl TrustedProxies {
    /// Whether what comes from `address` may speak for others.
    #[must_use]
    pub fn trust(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }
}

/// How much the endpoint accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest uncompressed collection in bytes, uploaded or stored. Default: 4 GiB - 1, the
    /// largest size that `anki-original-size` can tell (`transport` 8).
    pub max_upload_bytes: u64,
    /// Largest decompressed JSON body in bytes. Default: 100 MiB.
    pub max_json_bytes: u64,
    /// Largest uncompressed batch of media files in bytes. Default: 128 MiB; the largest that
    /// clients send has 103 MiB (`media-sync` 6).
    pub max_media_batch_bytes: u64,
    /// Most bytes that an account's collection, media, trash of media and backups may have together.
    /// Old backups are removed first; the newest one stays. Uploads beyond it are refused with a
    /// text that clients show; normal syncs of cards and reviews always go on. Default: none.
    pub max_account_bytes: Option<u64>,
    /// Free space on the data folder's disk, in bytes, below which
    /// [`Event::StorageLow`](crate::Event::StorageLow) is told and the health check fails. Default:
    /// 64 MiB.
    pub min_free_bytes: u64,
    /// Connections served at once; further ones wait to be accepted. Default: 256.
    pub max_connections: usize,
    /// Connections of one address, or requests under way of one client of a trusted proxy; further
    /// ones are closed. Loopback has no such limit. Default: 64.
    pub max_connections_per_address: usize,
    /// Most bytes that requests may take in memory once they are unpacked, of all connections
    /// together. Work that needs more waits for its turn, and a request that could never be read
    /// within it is refused. At least some 3.5 MiB. Default: 16 MiB, with which the whole process
    /// stays below 64 MiB.
    pub max_memory_bytes: u64,
    /// Most bytes on the disk of forms whose sender is not known yet, together: clients before
    /// 2.1.57 tell who they are at the end of a form. Beyond it the largest form of whoever has
    /// most is given up. Default: 512 MiB.
    pub max_unknown_bytes: u64,
    /// What a transfer must make in the long run, in bytes per second; it may pause for
    /// [`Timings::body_stall`]. Default: 2 KiB, a seventh of the slowest links that people sync over.
    pub min_bytes_per_second: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_upload_bytes: u64::from(u32::MAX),
            max_json_bytes: 100 * 1024 * 1024,
            max_media_batch_bytes: 128 * 1024 * 1024,
            max_account_bytes: None,
            min_free_bytes: 64 * 1024 * 1024,
            max_connections: 256,
            max_connections_per_address: 64,
            max_memory_bytes: 16 * 1024 * 1024,
            max_unknown_bytes: 512 * 1024 * 1024,
            min_bytes_per_second: 2048,
        }
    }
}

/// How long the endpoint waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timings {
    /// How long a device's `start` waits for the lease of another one. Default: 10 s; must stay
    /// well under the 30 s after which clients give up (`transport` 9).
    pub lease_wait: Duration,
    /// After how long without a request a normal sync is rolled back. Default: 60 s.
    pub lease_idle: Duration,
    /// After how long without a request an account's databases are closed. Default: 60 s.
    pub database_idle: Duration,
    /// How long a connection may take to send a request's head. Default: 30 s.
    pub header_timeout: Duration,
    /// How long a transfer may stand still in either direction, and how long a client may take
    /// for the whole body before it is known. Default: 60 s.
    pub body_stall: Duration,
    /// How long a connection may rest between two requests. Default: 180 s. Longer than the 90 s
    /// after which the clients' HTTP library lets go of it, and longer by what is still under way
    /// on a slow link then: were it we who close first, we might do so just when a request is on
    /// its way, and clients do not repeat requests.
    pub keep_alive: Duration,
    /// How long a shutdown waits for running requests. Default: 8 s: `docker stop` kills after 10.
    pub drain: Duration,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings {
            lease_wait: Duration::from_secs(10),
            lease_idle: Duration::from_secs(60),
            database_idle: Duration::from_secs(60),
            header_timeout: Duration::from_secs(30),
            body_stall: Duration::from_secs(60),
            keep_alive: Duration::from_secs(180),
            drain: Duration::from_secs(8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deckport_accounts::Secret;

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        let mut options = EndpointOptions::new("data");
        options.configured_accounts = vec![
            ConfiguredAccount { name: "u".into(), secret: Secret::Plain("hunter2".into()) },
            ConfiguredAccount { name: "v".into(), secret: Secret::Hashed("$hunter2".into()) },
        ];
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
