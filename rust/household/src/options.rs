//! What whoever opens a household decides about it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deckport_ground::clock::Clock;

use crate::backup::BackupPolicy;
use crate::events::EventSink;
use crate::texts::Texts;

/// Everything that a household needs. Whoever serves it has the defaults.
#[derive(Debug, Clone)]
pub struct HouseholdOptions {
    /// The folder that holds the accounts' folders.
    pub data_dir: PathBuf,
    /// Most bytes that an account's collection, media, trash of media and backups may have together;
    /// `None`: any number.
    pub max_account_bytes: Option<u64>,
    /// Free space on the data folder's disk, in bytes, below which
    /// [`Event::StorageLow`](crate::Event::StorageLow) is told.
    pub min_free_bytes: u64,
    /// How long a device's `start` waits for the lease of another one.
    pub lease_wait: Duration,
    /// After how long without a request a normal sync is rolled back.
    pub lease_idle: Duration,
    /// After how long without a request an account's databases are closed.
    pub database_idle: Duration,
    /// How many backups each account keeps.
    pub backups: BackupPolicy,
    /// What people read on their devices.
    pub texts: Arc<dyn Texts>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where events go.
    pub events: Arc<dyn EventSink>,
}

#[cfg(test)]
impl HouseholdOptions {
    /// Those of an endpoint by default: the system's clock, no events.
    pub(crate) fn new(data_dir: impl Into<PathBuf>) -> HouseholdOptions {
        HouseholdOptions {
            data_dir: data_dir.into(),
            max_account_bytes: None,
            min_free_bytes: 64 * 1024 * 1024,
            lease_wait: Duration::from_secs(10),
            lease_idle: Duration::from_secs(60),
            database_idle: Duration::from_secs(60),
            backups: BackupPolicy::default(),
            texts: Arc::new(crate::texts::EnglishTexts),
            clock: Arc::new(deckport_ground::clock::SystemClock::new()),
            events: Arc::new(crate::events::NullEvents),
        }
    }
}
