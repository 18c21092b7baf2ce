//! What an embedder can do with an endpoint's accounts, also while it serves.
//!
//! Everything that touches a collection goes through its account's worker and waits for a running
//! sync like another device would. The futures need no particular runtime.

use std::sync::Arc;

use deckport_accounts::{Pairings, Registry};

use crate::backup::{BackupInfo, Counts};
use crate::options::EndpointOptions;
use crate::tls::{CaCertificate, Tls, TlsMode};
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
    /// `None`: plain http alone.
    pub(crate) tls: Option<Arc<Tls>>,
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

    /// Whether https is answered.
    #[must_use]
    pub fn speaks_tls(&self) -> bool {
        self.inner.tls.is_some()
    }

    /// Whether other machines must come by https.
    #[must_use]
    pub fn requires_tls(&self) -> bool {
        self.inner.options.tls.mode == TlsMode::Only
    }

    /// What devices have to trust for https, also at `/certificate.pem`. `None` where https is not
    /// spoken, or with a certificate of the owner's.
    #[must_use]
    pub fn certificate(&self) -> Option<CaCertificate> {
        self.inner.tls.as_ref().and_then(|tls| tls.certificate())
    }
}
