//! What an embedder can do with an endpoint's accounts, also while it serves.
//!
//! Everything that touches a collection goes through its account's worker and waits for a running
//! sync like another device would. The futures need no particular runtime.

use std::sync::Arc;

use deckport_accounts::{Pairings, Registry};
use tokio::sync::watch;

use crate::announce::{Announcement, Announcer};
use crate::backup::{BackupInfo, Counts};
use crate::options::EndpointOptions;
use crate::worker::Workers;

/// A way to an [`Endpoint`](crate::Endpoint). Cheap to clone; may outlive the endpoint, but then
/// everything that needs a collection fails with [`CareError::Stopping`](crate::CareError).
#[derive(Debug, Clone)]
pub struct EndpointHandle {
    pub(crate) inner: Arc<Inner>,
}

/// What an endpoint and its handles share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: EndpointOptions,
    pub(crate) registry: Arc<Registry>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) pairings: Arc<Pairings>,
    pub(crate) announcer: Arc<Announcer>,
}

/// A collection has been put in the place of an account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The backup of the one before; `None` when it held nothing.
    pub kept: Option<BackupInfo>,
    /// What the new one holds.
    pub counts: Counts,
}

impl EndpointHandle {
    /// The accounts and their devices.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }

    /// The endpoint's name in its networks, and whether it is announced there.
    #[must_use]
    pub fn announcement(&self) -> Announcement {
        self.inner.announcer.watch().borrow().clone()
    }

    /// The same, each time that it changes.
    #[must_use]
    pub fn watch_announcement(&self) -> watch::Receiver<Announcement> {
        self.inner.announcer.watch()
    }

    /// Tells that [`Interfaces`](crate::Interfaces) has other networks now, so that the name is
    /// announced in them. Where the system tells it by itself (Linux), or lets itself be asked (every
    /// ten seconds), this only makes it faster.
    pub fn networks_changed(&self) {
        self.inner.announcer.networks_changed();
    }
}
