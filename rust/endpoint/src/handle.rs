//! What an embedder can do with an endpoint's accounts, also while it serves.
//!
//! Everything that touches a collection goes through its account's worker and waits for a running
//! sync like another device would. The futures need no particular runtime.

use std::sync::Arc;

use deckport_accounts::{Pairings, Registry};

use crate::backup::{BackupInfo, Counts};
use crate::options::EndpointOptions;
use crate::refusals::{RecentRefusal, Refusals};
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
    pub(crate) refusals: Arc<Refusals>,
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

    /// The last hundred refusals, the newest first: why a device does not get through, and what to do
    /// about it. Kept in memory alone, since the endpoint was opened. Connections that are closed
    /// without an answer are noted at most once a minute for each address.
    ///
    /// The account of [`RefusalKind::UnknownAccount`](crate::RefusalKind::UnknownAccount) is what
    /// somebody typed as name: show it to the owner, and write it to no log.
    #[must_use]
    pub fn recent_refusals(&self) -> Vec<RecentRefusal> {
        self.inner.refusals.recent()
    }
}
