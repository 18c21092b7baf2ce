//! Accounts and their devices, kept in `deckport.db` in the data folder.
//!
//! Several processes may have the registry open at once: the running endpoint and the commands
//! that change accounts and devices. Nothing is cached, so each change counts from the next
//! request on. Writing goes through one connection; reading never waits for a writer.
//!
//! What the registry does not do: slow down attackers (see [`crate::throttle`]), or touch the
//! files inside an account's folder.

mod accounts;
mod configured;
mod database;
mod devices;
mod error;
mod folder_names;
mod former;
mod identity;
mod login;
mod names;
mod passwords;
mod settings;
mod shared;
mod tokens;
mod types;
mod unused;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use database::Database;
pub use error::{LoginError, RegistryError};
pub use former::FormerDevice;
pub(crate) use names::person_name;
use passwords::PasswordCost;
use shared::SharedTokens;
pub(crate) use tokens::new_token;
pub use types::{Account, ConfiguredAccount, Device, Identity, Login, Secret};

use deckport_ground::clock::Clock;

/// The accounts and devices of one data folder. All calls block for a short time (a login for
/// the length of one password hash); none needs outside locking.
#[derive(Debug)]
pub struct Registry {
    database: Database,
    data_dir: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    cost: PasswordCost,
    shared: SharedTokens,
    /// How long a device may be unused, in milliseconds.
    lifetime_ms: AtomicI64,
}

impl Registry {
    /// Opens the registry of a data folder, which must exist; makes or upgrades its database.
    /// The folder's lock is not needed.
    ///
    /// # Errors
    /// [`RegistryError::NewerSchema`], [`RegistryError::Corrupt`], or a failure of the disk.
    pub fn open(data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Registry, RegistryError> {
        Registry::open_with_cost(data_dir, clock, PasswordCost::PRODUCTION)
    }

    /// The same with another cost of new password hashes, for tests.
    fn open_with_cost(
        data_dir: &Path,
        clock: Arc<dyn Clock>,
        cost: PasswordCost,
    ) -> Result<Registry, RegistryError> {
        let database = Database::open(data_dir)?;
        let (data_dir, shared) = (data_dir.to_owned(), SharedTokens::new()?);
        let lifetime_ms = AtomicI64::new(unused::FOR_EVER_MS);
        Ok(Registry { database, data_dir, clock, cost, shared, lifetime_ms })
    }

    /// Whether the database answers; for health checks.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn check(&self) -> Result<(), RegistryError> {
        self.database.read(|connection| {
            connection.query_row("SELECT count(*) FROM accounts", [], |_| Ok(()))
        })
    }

    /// Moves everything into the one file `deckport.db`, as far as other processes allow; for
    /// the end of a run. Nothing is lost without it.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn checkpoint(&self) -> Result<(), RegistryError> {
        self.database.checkpoint()
    }
}

#[cfg(test)]
mod testing {
    use tempfile::TempDir;

    use super::*;
    use deckport_ground::clock::ManualClock;

    pub(super) const NOW_MS: i64 = 1_700_000_000_000;

    /// A registry in a folder of its own, with fast password hashes.
    pub(super) struct TestRegistry {
        pub(super) registry: Registry,
        pub(super) clock: Arc<ManualClock>,
        pub(super) dir: TempDir,
    }

    impl TestRegistry {
        pub(super) fn new() -> TestRegistry {
            let dir = tempfile::tempdir().unwrap();
            let clock = Arc::new(ManualClock::new(NOW_MS));
            let registry =
                Registry::open_with_cost(dir.path(), clock.clone(), PasswordCost::TEST).unwrap();
            TestRegistry { registry, clock, dir }
        }

        /// Another registry on the same folder, as another process has it.
        pub(super) fn another(&self) -> Registry {
            Registry::open_with_cost(self.dir.path(), self.clock.clone(), PasswordCost::TEST)
                .unwrap()
        }

        /// Logs in; returns the token.
        pub(super) fn token(&self, name: &str, password: &str) -> String {
            self.login(name, password).unwrap().token
        }

        pub(super) fn login(&self, name: &str, password: &str) -> Result<Login, LoginError> {
            let peer = "192.0.2.7".parse().unwrap();
            self.registry.login(name, password, "26.09.3,29bb700b,linux", peer)
        }

        /// The account name that belongs to a token.
        pub(super) fn who(&self, token: &str) -> Option<String> {
            self.registry.authenticate(token).unwrap().map(|identity| identity.account.name)
        }
    }
}
