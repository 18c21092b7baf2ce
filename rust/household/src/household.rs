//! All accounts of a data folder, and the ways to each.

use std::sync::Arc;

use deckport_accounts::{Account, Registry, RegistryError};

use crate::events::EventSink;
use crate::options::HouseholdOptions;
use crate::place::Place;
use crate::storage_watch::StorageWatch;
use crate::work_error::WorkError;
use crate::worker::{Worker, Workers};

/// The accounts of one data folder, whose collections and media have one owner each: nobody else may
/// open them meanwhile. Ends, and closes everything, when it is dropped.
#[derive(Debug)]
pub struct Household {
    pub(crate) options: HouseholdOptions,
    pub(crate) registry: Arc<Registry>,
    workers: Workers,
}

impl Household {
    /// Removes and settles what an interrupted process left in the accounts' folders. The caller
    /// keeps others away from the data folder (see [`DataFolder`](crate::DataFolder)).
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn open(
        mut options: HouseholdOptions,
        registry: Arc<Registry>,
    ) -> Result<Household, RegistryError> {
        for account in registry.accounts()? {
            Place::of(&options.data_dir, &account).clean_up();
        }
        options.events =
            StorageWatch::before(options.events, &options.data_dir, options.min_free_bytes);
        Ok(Household { workers: Workers::new(&options), options, registry })
    }

    /// The accounts and their devices.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Where events go, both the household's and those of its server.
    #[must_use]
    pub fn events(&self) -> &Arc<dyn EventSink> {
        &self.options.events
    }

    /// The workers of all accounts in use.
    #[must_use]
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// The worker of an account; `None` when there is no account of that name.
    pub(crate) fn worker_of(&self, name: &str) -> Result<Option<(Account, Worker)>, WorkError> {
        let Some(account) = self.registry.account(name)? else { return Ok(None) };
        let worker = self.workers.of(&account)?;
        Ok(Some((account, worker)))
    }
}

impl Drop for Household {
    fn drop(&mut self) {
        self.workers.end();
    }
}
