//! What an account holds, asked while devices sync.

use deckport_accounts::RegistryError;
use deckport_collection::Overview;

use crate::household::Household;
use crate::work_error::WorkError;

/// What an account holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountOverview {
    /// Its collection; zeros where there is none yet.
    pub collection: Overview,
    /// Media files.
    pub media_files: u64,
    /// Bytes of these.
    pub media_bytes: u64,
    /// Bytes of the collection, the media, their trash and the backups together.
    pub held_bytes: u64,
    /// How many of these there may be; `None`: any number.
    pub max_bytes: Option<u64>,
    /// Backups.
    pub backups: u64,
    /// The name of the device whose sync is under way.
    pub syncing: Option<String>,
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
        let (collection, syncing) = worker.overview().await?;
        let media = worker.media().totals();
        let (place, backups) = (worker.place(), worker.place().backups().list());
        let backups = backups.map_err(|error| OverviewError::Failed(error.to_string()))?;
        let in_backups: u64 = backups.iter().map(|backup| backup.stored_bytes).sum();
        Ok(AccountOverview {
            collection: collection.unwrap_or_default(),
            media_files: media.files,
            media_bytes: media.bytes,
            held_bytes: place.collection_bytes() + place.trash_bytes() + media.bytes + in_backups,
            max_bytes: self.options.max_account_bytes,
            backups: backups.len() as u64,
            syncing,
        })
    }
}
