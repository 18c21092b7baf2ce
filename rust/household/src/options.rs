//! What the caller decides about a household when opening it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deckport_ground::clock::{Clock, SystemClock};

use crate::backup::BackupPolicy;
use crate::events::{EventSink, NullEvents};
use crate::texts::{EnglishTexts, Texts};

/// Everything that a household needs. [`HouseholdOptions::new`] gives the defaults.
#[derive(Debug, Clone)]
pub struct HouseholdOptions {
    /// The folder that holds the accounts' folders.
    pub data_dir: PathBuf,
    /// Most bytes that an account's collection, media, media trash and backups may take together.
    /// Default: none.
    pub max_account_bytes: Option<u64>,
    /// Free space on the data folder's disk, in bytes, below which
    /// [`Event::StorageLow`](crate::Event::StorageLow) is sent. Default: 64 MiB.
    pub min_free_bytes: u64,
    /// How long a device's `start` waits for another device's lease. Default: 10 s.
    pub lease_wait: Duration,
    /// After how long without a request a normal sync is rolled back. Default: 60 s.
    pub lease_idle: Duration,
    /// After how long without a request an account's databases are closed. Default: 60 s.
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

impl HouseholdOptions {
    /// The defaults for a data folder: the system's clock, no events.
    pub fn new(data_dir: impl Into<PathBuf>) -> HouseholdOptions {
        HouseholdOptions {
            data_dir: data_dir.into(),
            max_account_bytes: None,
            min_free_bytes: 64 * 1024 * 1024,
            lease_wait: Duration::from_secs(10),
            lease_idle: Duration::from_secs(60),
            database_idle: Duration::from_secs(60),
            backups: BackupPolicy::default(),
            texts: Arc::new(EnglishTexts),
            clock: Arc::new(SystemClock::new()),
            events: Arc::new(NullEvents),
        }
    }
}
