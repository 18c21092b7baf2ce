//! Copies of collections, kept before anything is replaced.

use std::path::Path;
use std::sync::Arc;

use deckport_endpoint::{self as engine, AccountCare, BackupInfo};

use crate::care::watch;
use crate::convert::signed;
use crate::endpoint::Endpoint;
use crate::errors::{BackupError, Common};
use crate::listener::ProgressListener;

/// Why a backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum BackupReason {
    /// A device uploaded another collection.
    Upload,
    /// Another backup was put in place.
    Restore,
    /// A file was put in place.
    Import,
    /// The collection was repaired.
    Repair,
    /// The collection was upgraded to the present format.
    Upgrade,
    /// Somebody asked for it.
    Manual,
    /// Not known.
    Other,
}

impl From<engine::BackupReason> for BackupReason {
    fn from(reason: engine::BackupReason) -> BackupReason {
        match reason {
            engine::BackupReason::Upload => BackupReason::Upload,
            engine::BackupReason::Restore => BackupReason::Restore,
            engine::BackupReason::Import => BackupReason::Import,
            engine::BackupReason::Repair => BackupReason::Repair,
            engine::BackupReason::Upgrade => BackupReason::Upgrade,
            engine::BackupReason::Manual => BackupReason::Manual,
            _ => BackupReason::Other,
        }
    }
}

/// What a collection holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, uniffi::Record)]
pub struct Counts {
    /// Notes.
    pub notes: i64,
    /// Cards.
    pub cards: i64,
    /// Reviews in the history.
    pub reviews: i64,
    /// When the newest review was done, Unix milliseconds.
    pub last_review_ms: Option<i64>,
}

impl From<engine::Counts> for Counts {
    fn from(counts: engine::Counts) -> Counts {
        Counts {
            notes: signed(counts.notes),
            cards: signed(counts.cards),
            reviews: signed(counts.reviews),
            last_review_ms: counts.last_review_ms,
        }
    }
}

/// A backup of an account's collection.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Backup {
    /// Names it among the account's backups.
    pub name: String,
    /// When it was made, Unix milliseconds.
    pub made_ms: i64,
    /// Why it was made.
    pub reason: BackupReason,
    /// Name of the device that caused it, if one did.
    pub device: Option<String>,
    /// What it holds, if that is known.
    pub counts: Option<Counts>,
    /// Bytes of the collection, if that is known.
    pub collection_bytes: Option<i64>,
    /// Bytes that it takes on the disk; old ones are compressed.
    pub stored_bytes: i64,
}

impl From<BackupInfo> for Backup {
    fn from(info: BackupInfo) -> Backup {
        Backup {
            name: info.name,
            made_ms: info.made_ms,
            reason: info.reason.into(),
            device: info.device,
            counts: info.counts.map(Counts::from),
            collection_bytes: info.collection_bytes.map(signed),
            stored_bytes: signed(info.stored_bytes),
        }
    }
}

/// A collection replaced another one.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Restored {
    /// The backup of the one before; `None` when that held nothing.
    pub kept: Option<Backup>,
    /// What the new one holds.
    pub counts: Counts,
}

impl From<engine::Replaced> for Restored {
    fn from(replaced: engine::Replaced) -> Restored {
        Restored { kept: replaced.kept.map(Backup::from), counts: replaced.counts.into() }
    }
}

#[uniffi::export]
impl Endpoint {
    /// An account's backups, newest first.
    ///
    /// # Errors
    /// `BackupError`.
    pub async fn backups(&self, account: String) -> Result<Vec<Backup>, BackupError> {
        self.care(account, |care| Ok(of_all(care.backups()?))).await
    }

    /// Keeps a copy of an account's collection as it is now. Waits a short while for a running
    /// sync. When it is cancelled in time, no copy is kept.
    ///
    /// # Errors
    /// `BackupError`, notably `NothingToKeep`, `Busy`, `Cancelled`.
    #[uniffi::method(default(progress = None))]
    pub async fn create_backup(
        &self,
        account: String,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<Backup, BackupError> {
        self.care(account, move |care| Ok(care.create_backup(&mut watch(progress))?.into())).await
    }

    /// Puts a backup in the place of an account's collection, which is kept first. At its next
    /// sync every device asks which side to take: "Download" gives it the restored one. Cancelling
    /// leaves everything as it was, unless it comes too late.
    ///
    /// # Errors
    /// `BackupError`, notably `NoSuchBackup`, `Unusable`, `Busy`, `Cancelled`.
    #[uniffi::method(default(progress = None))]
    pub async fn restore_backup(
        &self,
        account: String,
        name: String,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<Restored, BackupError> {
        let restore =
            move |care: &AccountCare| Ok(care.restore_backup(&name, &mut watch(progress))?.into());
        self.care(account, restore).await
    }

    /// Writes a backup as an ordinary collection file to the path `to`, which must not exist. When
    /// it fails or is cancelled there is no file.
    ///
    /// # Errors
    /// `BackupError`, notably `NoSuchBackup`, `FileExists`, `Cancelled`.
    #[uniffi::method(default(progress = None))]
    pub async fn export_backup(
        &self,
        account: String,
        name: String,
        to: String,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<Backup, BackupError> {
        let export = move |care: &AccountCare| {
            Ok(care.export_backup(&name, Path::new(&to), &mut watch(progress))?.into())
        };
        self.care(account, export).await
    }

    /// Removes the backups that the options do not keep, and returns which. Happens by itself, too.
    ///
    /// # Errors
    /// `BackupError`.
    pub async fn prune_backups(&self, account: String) -> Result<Vec<Backup>, BackupError> {
        self.care(account, |care| Ok(of_all(care.prune_backups()?))).await
    }
}

fn of_all(infos: Vec<BackupInfo>) -> Vec<Backup> {
    infos.into_iter().map(Backup::from).collect()
}

/// What stands in the way of caring for an account at all.
impl From<engine::CareError> for BackupError {
    fn from(error: engine::CareError) -> BackupError {
        match error {
            engine::CareError::NoSuchAccount => BackupError::NoSuchAccount,
            engine::CareError::Stopping => BackupError::Stopping,
            engine::CareError::Cancelled => BackupError::Cancelled,
            other => BackupError::failed(other.to_string()),
        }
    }
}
