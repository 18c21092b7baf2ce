//! What an embedder can do with an endpoint's accounts, also while it serves.
//!
//! Everything that touches a collection goes through its account's worker and waits for a running
//! sync like another device would. The futures need no particular runtime.

use std::path::Path;
use std::sync::Arc;

use deckport_collection::accept_upload;

use crate::backup::{BackupError, BackupFolder, BackupInfo, BackupReason, Counts};
use crate::options::EndpointOptions;
use crate::own_thread::on_own_thread;
use crate::pairing::Pairings;
use crate::registry::{Account, Registry};
use crate::temp_file::TempFile;
use crate::worker::{Caller, NewCollection, Workers};

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
        aside(move || folder.list()).await?
    }

    /// Keeps a copy of an account's collection as it is now.
    ///
    /// # Errors
    /// [`BackupError::NothingToKeep`], [`BackupError::Busy`] when a sync does not end in time,
    /// [`BackupError::NoSuchAccount`], or a failure of the disk.
    pub async fn create_backup(&self, account: &str) -> Result<BackupInfo, BackupError> {
        let account = self.account(account)?;
        let worker = self.inner.workers.of(&account)?;
        let kept = worker.keep(Caller::local(&account.name), BackupReason::Manual).await?;
        kept.ok_or(BackupError::NothingToKeep)
    }

    /// Puts a backup in the place of an account's collection, which is kept first. The backup is
    /// checked like an upload, and stays. Every device will ask for a one-way sync at its next
    /// sync; there, "download" gives it the restored state.
    ///
    /// # Errors
    /// [`BackupError::NoSuchAccount`], [`BackupError::NoSuchBackup`], [`BackupError::Unusable`],
    /// [`BackupError::Busy`] when a sync does not end in time, or a failure of the disk.
    pub async fn restore_backup(&self, account: &str, name: &str) -> Result<Replaced, BackupError> {
        let account = self.account(account)?;
        let (folder, name) = (self.folder(&account), name.to_owned());
        // Better to hear of a misspelt name before a sync has to wait.
        folder.find(&name)?;
        self.replace_collection(&account, BackupReason::Restore, move |to| {
            folder.export(&name, to).map(drop)
        })
        .await
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
        let folder = self.folder(&self.account(account)?);
        let (name, to) = (name.to_owned(), to.to_owned());
        aside(move || folder.export(&name, &to)).await?
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
        aside(move || folder.prune(&policy, now_ms)).await?
    }

    /// Puts the collection file that `write` makes at the path it is given in the place of an
    /// account's collection, which is kept first under `reason`. It is checked like an upload;
    /// devices will ask for a one-way sync.
    ///
    /// # Errors
    /// Those of `write`; those of an unusable file, of a sync that does not end in time and of
    /// the disk as [`BackupError`]. The account's collection is as before then.
    pub(crate) async fn replace_collection<E>(
        &self,
        account: &Account,
        reason: BackupReason,
        write: impl FnOnce(&Path) -> Result<(), E> + Send + 'static,
    ) -> Result<Replaced, E>
    where
        E: From<BackupError> + Send + 'static,
    {
        let worker = self.inner.workers.of(account).map_err(BackupError::from)?;
        let lease = worker
            .take_for_upload(Caller::local(&account.name))
            .await
            .map_err(BackupError::from)?;
        let folder = self.inner.options.data_dir.join(&account.folder);
        let now_ms = self.inner.options.clock.now_ms();
        let new = aside(move || prepare(&folder, reason, now_ms, write)).await??;
        let counts = new.counts;
        let kept = lease.replace(new).await.map_err(BackupError::from)?;
        Ok(Replaced { kept, counts })
    }

    fn account(&self, name: &str) -> Result<Account, BackupError> {
        self.inner.registry.account(name)?.ok_or(BackupError::NoSuchAccount)
    }

    fn folder(&self, account: &Account) -> BackupFolder {
        BackupFolder::of(&self.inner.options.data_dir, account)
    }
}

/// Makes and checks a new collection beside an account's.
fn prepare<E: From<BackupError>>(
    folder: &Path,
    reason: BackupReason,
    now_ms: i64,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<NewCollection, E> {
    let file = TempFile::for_upload(folder).map_err(BackupError::from)?;
    write(file.path())?;
    let checked = accept_upload(file.path(), now_ms).map_err(BackupError::from)?;
    let bytes = std::fs::metadata(file.path()).map_err(BackupError::from)?.len();
    Ok(NewCollection { file, bytes, counts: checked.into(), reason, one_way: true })
}

/// Does blocking work on a thread of its own.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BackupError> {
    let unexpected = |_| BackupError::Failed("something failed unexpectedly".to_owned());
    on_own_thread(work)?.await.map_err(unexpected)
}
