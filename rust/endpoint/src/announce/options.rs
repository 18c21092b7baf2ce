//! How the endpoint is to be found.

use deckport_mdns::HostName;

/// How the endpoint is to be found by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnounceOptions {
    /// Whether it answers for its name at all. Default: yes.
    pub enabled: bool,
    /// Its host name, kept with the data from then on. `None`: the one that is kept; the first
    /// time a random one.
    pub host_name: Option<HostName>,
}

impl Default for AnnounceOptions {
    fn default() -> AnnounceOptions {
        AnnounceOptions { enabled: true, host_name: None }
    }
}
