//! What an embedder can do with an endpoint's accounts, also while it serves.
//!
//! Everything that touches a collection goes through its account's worker and waits for a running
//! sync like another device would. The futures need no particular runtime.

use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::{PairingWindow, Pairings, Registry, RegistryError};
use deckport_household::{
    AccountCare, AccountOverview, Announcement, CareError, Household, OverviewError, RecentRefusal,
};
use tokio::sync::watch;

use crate::announce::Announcer;
use crate::health;
use crate::options::EndpointOptions;
use crate::refusals::Refusals;
use crate::tls::{CaCertificate, Tls, TlsMode};

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
    pub(crate) household: Household,
    pub(crate) pairings: Pairings,
    /// `None`: plain http only.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) announcer: Arc<Announcer>,
    pub(crate) refusals: Refusals,
}

impl EndpointHandle {
    /// The accounts and their devices.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        self.inner.household.registry()
    }

    /// Care for an account.
    ///
    /// # Errors
    /// [`CareError::NoSuchAccount`], [`CareError::Stopping`].
    pub fn care(&self, account: &str) -> Result<AccountCare, CareError> {
        self.inner.household.care(account)
    }

    /// What an account holds. Waits for no sync, and makes none wait for longer than counting
    /// takes.
    ///
    /// # Errors
    /// [`OverviewError`].
    pub async fn overview(&self, account: &str) -> Result<AccountOverview, OverviewError> {
        self.inner.household.overview(account).await
    }

    /// Whether the endpoint can do its work: the accounts can be read, the data folder can be
    /// written, and there is free space. Blocks shortly.
    ///
    /// # Errors
    /// One sentence that says what is wrong.
    pub fn check_health(&self) -> Result<(), String> {
        health::check_now(&self.inner.options, self.registry())
    }

    /// Opens a pairing window for an account, which is made when there is none of that name: for
    /// this time a device can log in with the window's password, too, and is called `device_name`
    /// from then on. An earlier window of the account closes. Blocks shortly, for the length of a
    /// password hash where the account is made.
    ///
    /// # Errors
    /// [`RegistryError::BadName`], for the device's name too; [`RegistryError::Random`]; or a
    /// failure of the disk.
    pub fn open_pairing(
        &self,
        account: &str,
        device_name: Option<&str>,
        stays_open: Duration,
    ) -> Result<PairingWindow, RegistryError> {
        self.inner.pairings.open_window(self.registry(), account, device_name, stays_open)
    }

    /// Closes an account's pairing window, if there is one. Who logged in stays logged in.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn close_pairing(&self, account: &str) -> Result<(), RegistryError> {
        self.inner.pairings.close_window(self.registry(), account)
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
