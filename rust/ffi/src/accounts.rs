//! Accounts and their devices.

use std::sync::Arc;
use std::time::Duration;

use deckport_endpoint::{self as engine, Registry, RegistryError};

use crate::endpoint::Endpoint;
use crate::errors::AccountError;
use crate::runtime;

/// An account: one collection, and the devices that sync with it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Account {
    /// Never used again for another account.
    pub id: i64,
    /// What people type; matched without regard to case.
    pub name: String,
    /// Its folder: one name below the data folder.
    pub folder: String,
}

impl From<engine::Account> for Account {
    fn from(account: engine::Account) -> Account {
        let engine::Account { id, name, folder, .. } = account;
        Account { id, name, folder }
    }
}

/// One login of an Anki app.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Device {
    /// Never used again for another device.
    pub id: i64,
    /// Name of the account.
    pub account: String,
    /// The name that a person gave it, or what its app calls itself: `Anki 26.09.3 on linux`.
    pub name: String,
    /// Version of the app: `26.09.3`; empty when it is not known.
    pub client_version: String,
    /// `linux`, `android`, …; empty when it is not known.
    pub platform: String,
    /// IP address from which it was last seen.
    pub address: Option<String>,
    /// When it logged in, Unix milliseconds.
    pub logged_in_ms: i64,
    /// When it last began a sync, Unix milliseconds; exact to about a minute.
    pub last_sync_ms: Option<i64>,
    /// The name or address of the endpoint, with the port, that is in its settings, as it last synced:
    /// `deckport-7f3k.local:27701`, `192.168.1.20:27701`.
    #[uniffi(default = None)]
    pub syncs_with: Option<String>,
}

impl Device {
    fn of(device: engine::Device, accounts: &[engine::Account]) -> Device {
        let account = accounts.iter().find(|account| account.id == device.account_id);
        Device {
            id: device.id,
            account: account.map(|account| account.name.clone()).unwrap_or_default(),
            name: device.name,
            client_version: device.client_version,
            platform: device.platform,
            address: device.address.map(|address| address.to_string()),
            logged_in_ms: device.created_ms,
            last_sync_ms: device.last_seen_ms,
            syncs_with: device.host,
        }
    }
}

#[uniffi::export]
impl Endpoint {
    /// All accounts, by name.
    ///
    /// # Errors
    /// `AccountError`.
    pub async fn accounts(&self) -> Result<Vec<Account>, AccountError> {
        let accounts = self.with_registry(Registry::accounts).await?;
        Ok(accounts.into_iter().map(Account::from).collect())
    }

    /// Adds an account. One that had this name before gets its collection back.
    ///
    /// # Errors
    /// `AccountError.AlreadyExists`, `BadName`, `BadPassword`, and others.
    pub async fn add_account(
        &self,
        name: String,
        password: String,
    ) -> Result<Account, AccountError> {
        let added = self.with_registry(move |registry| registry.add_account(&name, &password));
        Ok(added.await?.into())
    }

    /// Renames an account. Its devices stay logged in.
    ///
    /// # Errors
    /// `AccountError.NoSuchAccount`, `AlreadyExists`, `BadName`, and others.
    pub async fn rename_account(
        &self,
        name: String,
        new_name: String,
    ) -> Result<Account, AccountError> {
        let renamed = self.with_registry(move |registry| registry.rename_account(&name, &new_name));
        Ok(renamed.await?.into())
    }

    /// Sets an account's password. All its devices must log in again.
    ///
    /// # Errors
    /// `AccountError.NoSuchAccount`, `BadPassword`, and others.
    pub async fn set_password(&self, name: String, password: String) -> Result<(), AccountError> {
        self.with_registry(move |registry| registry.set_password(&name, &password)).await
    }

    /// Removes an account and logs out its devices. Its folder with the collection stays.
    ///
    /// # Errors
    /// `AccountError.NoSuchAccount`, and others.
    pub async fn remove_account(&self, name: String) -> Result<(), AccountError> {
        self.with_registry(move |registry| registry.remove_account(&name)).await
    }

    /// The devices of an account, or of all, by account and age.
    ///
    /// # Errors
    /// `AccountError.NoSuchAccount`, and others.
    #[uniffi::method(default(account = None))]
    pub async fn devices(&self, account: Option<String>) -> Result<Vec<Device>, AccountError> {
        let read = move |registry: &Registry| {
            Ok((registry.devices(account.as_deref())?, registry.accounts()?))
        };
        let (devices, accounts) = self.with_registry(read).await?;
        Ok(devices.into_iter().map(|device| Device::of(device, &accounts)).collect())
    }

    /// Gives a device a name, which it keeps whatever its app calls itself.
    ///
    /// # Errors
    /// `AccountError.NoSuchDevice`, `BadName`, and others.
    pub async fn rename_device(&self, id: i64, name: String) -> Result<(), AccountError> {
        self.with_registry(move |registry| registry.rename_device(id, &name)).await
    }

    /// Logs a device out. Its next sync asks for the password.
    ///
    /// # Errors
    /// `AccountError.NoSuchDevice`, and others.
    pub async fn revoke_device(&self, id: i64) -> Result<(), AccountError> {
        self.with_registry(move |registry| registry.revoke_device(id)).await
    }

    /// Logs out the devices that have not been used for that many days, and returns them.
    ///
    /// # Errors
    /// `AccountError.Failed` for a negative number, and others.
    pub async fn prune_devices(&self, unused_days: i32) -> Result<Vec<Device>, AccountError> {
        let days = u64::try_from(unused_days).map_err(|_| AccountError::Failed {
            reason: "the number of days must not be negative".to_owned(),
        })?;
        let prune = move |registry: &Registry| {
            let ended = registry.prune_devices(Duration::from_secs(days * 86_400))?;
            Ok((ended, registry.accounts()?))
        };
        let (ended, accounts) = self.with_registry(prune).await?;
        Ok(ended.into_iter().map(|device| Device::of(device, &accounts)).collect())
    }
}

impl Endpoint {
    /// Does something with the registry beside the endpoint's threads.
    pub(crate) async fn with_registry<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Registry) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let registry = Arc::clone(self.control.handle::<AccountError>()?.registry());
        runtime::blocking(self.threads(), move || Ok(work(&registry)?)).await
    }
}
