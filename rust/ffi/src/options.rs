//! What an app decides about an endpoint.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use deckport_endpoint::{
    AnnounceOptions, EventSink, HostName, Interfaces, ListenOn, Network, OwnCertificate, TlsOptions,
};

use crate::convert::unsigned;
use crate::errors::OpenError;
use crate::texts::AppTexts;
use crate::tls::TlsMode;
use crate::translate::Translator;

/// The port on which Deckport listens unless told otherwise.
const DEFAULT_PORT: i32 = 27701;

/// What an app decides about an endpoint. Everything but the folder has a default.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EndpointOptions {
    /// The folder that holds everything; made when it is missing. On Android a folder below
    /// `Context.filesDir`.
    pub data_dir: String,
    /// Port to listen on; 0 picks a free one at each start.
    #[uniffi(default = 27701)]
    pub port: i32,
    /// Listen only for programs on this device, not for other devices.
    #[uniffi(default = false)]
    pub loopback_only: bool,
    /// Listen on exactly these IP addresses. Empty: on all, both IPv4 and IPv6.
    #[uniffi(default = [])]
    pub listen_addresses: Vec<String>,
    /// How long a stop waits for running requests, in milliseconds.
    #[uniffi(default = 8000)]
    pub stop_timeout_ms: i64,
    /// After how long without a request an account's databases are closed, in milliseconds.
    #[uniffi(default = 60000)]
    pub idle_timeout_ms: i64,
    /// Largest collection that is accepted, in bytes. `None`: 4 GiB, more than clients can send.
    #[uniffi(default = None)]
    pub max_collection_bytes: Option<i64>,
    /// Most bytes that an account may hold: collection, media, media trash and backups. Old backups
    /// give way before anything is refused. `None`: as many as there is room for.
    #[uniffi(default = None)]
    pub max_account_bytes: Option<i64>,
    /// Most bytes that requests of all devices together may take in memory once they are unpacked;
    /// at least about 3.5 MiB. `None`: 16 MiB.
    #[uniffi(default = None)]
    pub max_memory_bytes: Option<i64>,
    /// Connections served at once; further ones wait.
    #[uniffi(default = 256)]
    pub max_connections: i32,
    /// How many of each account's newest backups stay.
    #[uniffi(default = 10)]
    pub backups_newest: i32,
    /// For how many days one backup of each day stays.
    #[uniffi(default = 14)]
    pub backups_days: i32,
    /// Most bytes that one account's backups may take. `None`: a quarter of the free space.
    #[uniffi(default = None)]
    pub backups_max_bytes: Option<i64>,
    /// Free space in bytes below which `EndpointEvent.StorageLow` is sent.
    #[uniffi(default = 67108864)]
    pub low_space_bytes: i64,
    /// The name of the hosting app, as people read it on their other devices.
    #[uniffi(default = "Deckport")]
    pub app_name: String,
    /// Minutes east of UTC for times that people read on their other devices.
    #[uniffi(default = 0)]
    pub utc_offset_minutes: i32,
    /// After how many days without use a device is logged out; 0: never.
    #[uniffi(default = 365)]
    pub end_unused_days: i32,
    /// Networks of reverse proxies that are believed when they say whom a request comes from, such
    /// as `10.0.0.0/8`, or single addresses. Empty: none, not even this device.
    #[uniffi(default = [])]
    pub trusted_proxies: Vec<String>,
    /// Whose endpoint this is, as the page for browsers says: the name of the device, best as its
    /// owner calls it. Whoever may open the page reads it. `None`: the page names nobody.
    #[uniffi(default = None)]
    pub display_name: Option<String>,
    /// Names under which the page for browsers is shown, besides addresses. Syncing works under
    /// any name.
    #[uniffi(default = [])]
    pub page_hosts: Vec<String>,
    /// Whether https is answered beside http, on the same port. `None`: both, as with `TlsMode.ON`.
    #[uniffi(default = None)]
    pub tls: Option<TlsMode>,
    /// A certificate chain in PEM form to be used for https, that of the endpoint first, with its key
    /// in `tls_key`. `None`: the endpoint makes its own, see `Endpoint.certificate`.
    #[uniffi(default = None)]
    pub tls_chain: Option<Vec<u8>>,
    /// The private key for `tls_chain` in PEM form, not encrypted.
    #[uniffi(default = None)]
    pub tls_key: Option<Vec<u8>>,
    /// Whether other devices find the endpoint by its name, see `Endpoint.announcement`.
    #[uniffi(default = true)]
    pub announce: bool,
    /// The endpoint's name in the network, with or without `.local`; kept with the data. `None`: the
    /// one that is kept; the first time a random one, such as `deckport-7f3k`.
    #[uniffi(default = None)]
    pub host_name: Option<String>,
}

impl EndpointOptions {
    /// The defaults for a folder.
    #[must_use]
    pub fn new(data_dir: impl Into<String>) -> EndpointOptions {
        EndpointOptions {
            data_dir: data_dir.into(),
            port: DEFAULT_PORT,
            loopback_only: false,
            listen_addresses: Vec::new(),
            stop_timeout_ms: 8_000,
            idle_timeout_ms: 60_000,
            max_collection_bytes: None,
            max_account_bytes: None,
            max_memory_bytes: None,
            max_connections: 256,
            backups_newest: 10,
            backups_days: 14,
            backups_max_bytes: None,
            low_space_bytes: 64 << 20,
            app_name: "Deckport".to_owned(),
            utc_offset_minutes: 0,
            end_unused_days: 365,
            trusted_proxies: Vec::new(),
            display_name: None,
            page_hosts: Vec::new(),
            tls: None,
            tls_chain: None,
            tls_key: None,
            announce: true,
            host_name: None,
        }
    }

    /// Where to listen.
    pub(crate) fn listen_on(&self) -> Result<ListenOn, OpenError> {
        let wrong = |reason: &str| OpenError::BadOptions { reason: reason.to_owned() };
        let port = u16::try_from(self.port).map_err(|_| wrong("the port must be 0 to 65535"))?;
        if self.loopback_only {
            return Ok(ListenOn::Addresses(vec![SocketAddr::from(([127, 0, 0, 1], port))]));
        }
        if self.listen_addresses.is_empty() {
            return Ok(ListenOn::Everywhere(port));
        }
        let parse = |text: &String| {
            let ip: Result<IpAddr, _> = text.parse();
            ip.map(|ip| SocketAddr::new(ip, port))
                .map_err(|_| wrong("listen_addresses holds something that is not an IP address"))
        };
        Ok(ListenOn::Addresses(self.listen_addresses.iter().map(parse).collect::<Result<_, _>>()?))
    }

    fn trusted_proxies(&self) -> Result<Vec<Network>, OpenError> {
        let parse = |text: &String| {
            text.parse().map_err(|_| OpenError::BadOptions {
                reason: "trusted_proxies holds something that is not a network".to_owned(),
            })
        };
        self.trusted_proxies.iter().map(parse).collect()
    }

    fn tls_options(&self) -> Result<TlsOptions, OpenError> {
        let certificate = match (&self.tls_chain, &self.tls_key) {
            (Some(chain), Some(key)) => {
                Some(OwnCertificate::Pem { chain: chain.clone(), key: key.clone() })
            }
            (None, None) => None,
            _ => {
                let reason = "tls_chain and tls_key belong together".to_owned();
                return Err(OpenError::BadOptions { reason });
            }
        };
        Ok(TlsOptions { mode: self.tls.unwrap_or(TlsMode::On).into(), certificate })
    }

    fn announce(&self) -> Result<AnnounceOptions, OpenError> {
        let parse = |text: &String| {
            let name: Result<HostName, _> = text.parse();
            name.map_err(|error| OpenError::BadOptions { reason: format!("host_name: {error}") })
        };
        Ok(AnnounceOptions {
            enabled: self.announce,
            host_name: self.host_name.as_ref().map(parse).transpose()?,
        })
    }

    /// The same for the engine.
    pub(crate) fn for_engine(
        &self,
        events: Arc<dyn EventSink>,
        interfaces: Arc<dyn Interfaces>,
        translator: Option<Arc<dyn Translator>>,
    ) -> Result<deckport_endpoint::EndpointOptions, OpenError> {
        if self.data_dir.is_empty() {
            return Err(OpenError::BadOptions { reason: "data_dir is empty".to_owned() });
        }
        let number = |value: i64, name: &str| {
            unsigned(value).ok_or_else(|| OpenError::BadOptions {
                reason: format!("{name} must not be negative"),
            })
        };
        let mut engine = deckport_endpoint::EndpointOptions::new(&self.data_dir);
        engine.events = events;
        engine.interfaces = interfaces;
        engine.texts = Arc::new(AppTexts::of(self, translator));
        if let Some(bytes) = self.max_collection_bytes {
            let most = engine.limits.max_upload_bytes;
            engine.limits.max_upload_bytes = number(bytes, "max_collection_bytes")?.min(most);
        }
        if let Some(bytes) = self.max_account_bytes {
            engine.limits.max_account_bytes = Some(number(bytes, "max_account_bytes")?);
        }
        if let Some(bytes) = self.max_memory_bytes {
            engine.limits.max_memory_bytes = number(bytes, "max_memory_bytes")?;
        }
        engine.limits.min_free_bytes = number(self.low_space_bytes, "low_space_bytes")?;
        let connections = number(self.max_connections.into(), "max_connections")?.max(1);
        engine.limits.max_connections = usize::try_from(connections).unwrap_or(1);
        engine.timings.drain =
            Duration::from_millis(number(self.stop_timeout_ms, "stop_timeout_ms")?);
        engine.timings.database_idle =
            Duration::from_millis(number(self.idle_timeout_ms, "idle_timeout_ms")?);
        engine.token_lifetime = match number(self.end_unused_days.into(), "end_unused_days")? {
            0 => None,
            days => Some(Duration::from_secs(days * 86_400)),
        };
        engine.proxies.networks = self.trusted_proxies()?;
        engine.display_name = self.display_name.clone();
        engine.page_hosts = self.page_hosts.clone();
        engine.tls = self.tls_options()?;
        engine.announce = self.announce()?;
        let newest = number(self.backups_newest.into(), "backups_newest")?;
        engine.backups.newest = usize::try_from(newest).unwrap_or_default();
        let days = number(self.backups_days.into(), "backups_days")?;
        engine.backups.days = u32::try_from(days).unwrap_or_default();
        if let Some(bytes) = self.backups_max_bytes {
            engine.backups.max_bytes = Some(number(bytes, "backups_max_bytes")?);
        }
        Ok(engine)
    }
}
