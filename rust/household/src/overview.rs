//! What an account holds, asked while devices sync.

use deckport_accounts::RegistryError;
use deckport_collection::Overview;

use crate::household::Household;
use crate::work_error::WorkError;

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

impl Household {
    /// What an account holds. Does not wait for a sync, and makes none wait longer than counting
    /// takes.
    ///
    /// # Errors
    /// [`OverviewError`].
    pub async fn overview(&self, account: &str) -> Result<AccountOverview, OverviewError> {
        let (_, worker) = self.worker_of(account)?.ok_or(OverviewError::NoSuchAccount)?;
        let collection = worker.overview().await?.unwrap_or_default();
        let media = worker.media().totals();
        Ok(AccountOverview { collection, media_files: media.files, media_bytes: media.bytes })
    }
}
