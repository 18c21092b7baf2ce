//! Why something could not be done with an account's backups.

use std::io;
use std::path::PathBuf;

use deckport_accounts::RegistryError;
use deckport_collection::{Error as CollectionError, UploadError};
use deckport_ground::progress::Cancelled;

use crate::work_error::WorkError;

/// Why a backup was not made, restored, written or removed. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The account has no backup of that name.
    #[error("there is no backup of that name; look at the list of backups")]
    NoSuchBackup,
    /// The account has no collection or an untouched one: there is nothing to keep.
    #[error("there is nothing to keep: the account has no collection yet, or an untouched one")]
    NothingToKeep,
    /// The backup is not a usable collection.
    #[error("the backup cannot be used as a collection ({0}); nothing was changed")]
    Unusable(String),
    /// A device is syncing.
    #[error("a device is syncing; try again in a moment")]
    Busy,
    /// The endpoint has stopped or is about to.
    #[error("the endpoint is stopping")]
    Stopping,
    /// There is already a file where one was to be written.
    #[error("{} already exists; choose another name", path.display())]
    Exists {
        /// Where it was to be written.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk is full; free some space and try again")]
    NoSpace,
    /// A file could not be read or written.
    #[error("a file could not be read or written ({0}); check the disk and its permissions")]
    Io(#[source] io::Error),
    /// The accounts could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The caller ended it.
    #[error("cancelled")]
    Cancelled,
    /// Anything else that went wrong while doing it.
    #[error("{0}")]
    Failed(String),
}

impl From<Cancelled> for BackupError {
    fn from(_: Cancelled) -> BackupError {
        BackupError::Cancelled
    }
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> BackupError {
        if Cancelled::is_cause_of(&error) {
            return BackupError::Cancelled;
        }
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BackupError::NoSpace,
            _ => BackupError::Io(error),
        }
    }
}

impl From<UploadError> for BackupError {
    fn from(error: UploadError) -> BackupError {
        match error {
            UploadError::Endpoint(CollectionError::NoSpace) => BackupError::NoSpace,
            UploadError::Endpoint(CollectionError::Interrupted) => BackupError::Cancelled,
            UploadError::Endpoint(error) => BackupError::Failed(error.to_string()),
            other => BackupError::Unusable(other.detail()),
        }
    }
}

impl From<WorkError> for BackupError {
    fn from(error: WorkError) -> BackupError {
        match error {
            WorkError::Busy(_) => BackupError::Busy,
            WorkError::Stopping => BackupError::Stopping,
            WorkError::Registry(error) => BackupError::Registry(error),
            WorkError::Collection(CollectionError::NoSpace) => BackupError::NoSpace,
            WorkError::Collection(CollectionError::Interrupted) => BackupError::Cancelled,
            other => BackupError::Failed(other.to_string()),
        }
    }
}
