//! What an embedder asks about one account while the endpoint runs: what it holds, and a pairing
//! window for a new device.

use std::time::Duration;

use deckport_accounts::{PairingWindow, RegistryError};
use deckport_collection::Overview;

use crate::handle::EndpointHandle;
use crate::work_error::WorkError;
use crate::worker::Worker;

/// What an account holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountOverview {
    /// Its collection; zeros where there is none yet.
    pub collection: Overview,
    /// Media files.
    pub media_files: u64,
    /// Bytes of these.
    pub media_bytes: u64,
}

/// Why something about an account could not be found out or done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OverviewError {
    /// No account has that name.
    #[error("there is no account of that name")]
    NoSuchAccount,
    /// The endpoint has stopped or is about to.
    #[error("the endpoint is stopping")]
    Stopping,
    /// The accounts could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Anything else that went wrong while doing it.
    #[error("{0}")]
    Failed(String),
}

impl From<WorkError> for OverviewError {
    fn from(error: WorkError) -> OverviewError {
        match error {
            WorkError::Stopping => OverviewError::Stopping,
            WorkError::Registry(error) => OverviewError::Registry(error),
            other => OverviewError::Failed(other.to_string()),
        }
    }
}

impl EndpointHandle {
    /// What an account holds. Waits for no sync, and makes none wait for longer than counting
    /// takes.
    ///
    /// # Errors
    /// [`OverviewError`].
    pub async fn overview(&self, account: &str) -> Result<AccountOverview, OverviewError> {
        let worker = self.worker(account)?;
        let collection = worker.overview().await?.unwrap_or_default();
        let media = worker.media().totals();
        Ok(AccountOverview { collection, media_files: media.files, media_bytes: media.bytes })
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

    fn worker(&self, account: &str) -> Result<Worker, OverviewError> {
        let account = self.registry().account(account)?.ok_or(OverviewError::NoSuchAccount)?;
        Ok(self.inner.workers.of(&account)?)
    }
}
