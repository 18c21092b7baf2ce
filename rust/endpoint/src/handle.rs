//! What an embedder can do with an endpoint's accounts, also while it serves.
//!
//! Everything that touches a collection goes through its account's worker and waits for a running
//! sync like another device would. The futures need no particular runtime.

use std::path::Path;
use std::sync::Arc;

use deckport_ground::interrupt::Interrupt;

use crate::backup::{BackupError, BackupFolder, BackupInfo, Counts};
use crate::care::AccountCare;
use crate::errands::Errand;
use crate::options::EndpointOptions;
use crate::pairing::Pairings;
use crate::registry::{Account, Registry};
use crate::worker::Workers;
use deckport_ground::progress::go_on;

/// A way to an [`Endpoint`](crate::Endpoint). Cheap to clone; may outlive the endpoint, but then
/// everything that needs a collection fails with [`BackupError::Stopping`].
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

    /// An account's backups, newest first.
    ///
    /// # Errors
    /// [`BackupError::NoSuchAccount`], or a failure of the disk.
    pub async fn backups(&self, account: &str) -> Result<Vec<BackupInfo>, BackupError> {
        let folder = self.folder(&self.account(account)?);
        self.aside(move |_| folder.list()).await?
    }

    /// Keeps a copy of an account's collection as it is now.
    ///
    /// # Errors
    /// [`BackupError::NothingToKeep`], [`BackupError::Busy`] when a sync does not end in time,
    /// [`BackupError::NoSuchAccount`], or a failure of the disk.
    pub async fn create_backup(&self, account: &str) -> Result<BackupInfo, BackupError> {
        self.until_dropped(account, |care| care.create_backup(&mut go_on)).await
    }

    /// Puts a backup in the place of an account's collection, which is kept first. The backup is
    /// checked like an upload, and stays. Every device will ask for a one-way sync at its next
    /// sync; there, "download" gives it the restored state.
    ///
    /// # Errors
    /// [`BackupError::NoSuchAccount`], [`BackupError::NoSuchBackup`], [`BackupError::Unusable`],
    /// [`BackupError::Busy`] when a sync does not end in time, or a failure of the disk.
    pub async fn restore_backup(&self, account: &str, name: &str) -> Result<Replaced, BackupError> {
        let name = name.to_owned();
        let restore = move |care: &AccountCare| care.restore_backup(&name, &mut go_on);
        self.until_dropped(account, restore).await
    }

    /// Writes a backup as an ordinary collection file to `to`, which must not exist.
    ///
    /// # Errors
    /// [`BackupError::NoSuchAccount`], [`BackupError::NoSuchBackup`], [`BackupError::Exists`], or
    /// a failure of the disk.
    pub async fn export_backup(
        &self,
        account: &str,
        name: &str,
        to: &Path,
    ) -> Result<BackupInfo, BackupError> {
        let (name, to) = (name.to_owned(), to.to_owned());
        let export = move |care: &AccountCare| care.export_backup(&name, &to, &mut go_on);
        self.until_dropped(account, export).await
    }

    /// Removes the backups that the endpoint's [`BackupPolicy`](crate::BackupPolicy) does not
    /// keep, and tells which.
    ///
    /// # Errors
    /// [`BackupError::NoSuchAccount`], or a failure of the disk.
    pub async fn prune_backups(&self, account: &str) -> Result<Vec<BackupInfo>, BackupError> {
        let folder = self.folder(&self.account(account)?);
        let (policy, now_ms) =
            (self.inner.options.backups.clone(), self.inner.options.clock.now_ms());
        self.aside(move |_| folder.prune(&policy, now_ms)).await?
    }

    fn account(&self, name: &str) -> Result<Account, BackupError> {
        self.inner.registry.account(name)?.ok_or(BackupError::NoSuchAccount)
    }

    fn folder(&self, account: &Account) -> BackupFolder {
        BackupFolder::of(&self.inner.options.data_dir, account)
    }

    /// Does blocking work on a thread of its own.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Errand) -> T + Send + 'static,
    ) -> Result<T, BackupError> {
        let unexpected = |_| BackupError::Failed("something failed unexpectedly".to_owned());
        self.inner.workers.errands().run("care", work)?.await.map_err(unexpected)
    }

    /// The same for an account, ended when the caller does not want it any more.
    async fn until_dropped<T: Send + 'static>(
        &self,
        account: &str,
        work: impl FnOnce(&AccountCare) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let interrupt = Interrupt::default();
        let care = AccountCare::of(&self.inner, self.account(account)?)?;
        let care = care.ended_by(interrupt.clone());
        let _end = SetOnDrop(interrupt);
        self.aside(move |_| work(&care)).await?
    }
}

/// Sets an interrupt when it is dropped, which after the work has no effect.
struct SetOnDrop(Interrupt);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}
