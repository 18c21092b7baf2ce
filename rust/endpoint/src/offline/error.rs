//! Why work on an account's files could not be done.

use std::io;
use std::path::PathBuf;

use deckport_collection::UploadError;

use super::watch::Cancelled;
use crate::folder::FolderError;
use crate::registry::RegistryError;

/// Why importing, exporting or checking failed. The account's collection is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfflineError {
    /// An endpoint serves the folder.
    #[error(
        "an endpoint is running on the data folder {}: stop it first and start it again afterwards",
        .0.display()
    )]
    Running(PathBuf),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(FolderError),
    /// The accounts cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// There is no account of that name, or none at all.
    #[error("there is no such account; `deckport account list` shows all")]
    NoAccount,
    /// No name was given and it is not clear who is meant.
    #[error("there are several accounts: say which one with --account")]
    SeveralAccounts,
    /// The account has no collection yet.
    #[error("the account has no collection yet: sync a device first, or import one")]
    NoCollection,
    /// The package cannot be read or written.
    #[error(transparent)]
    Package(deckport_package::Error),
    /// What is in the file is no collection that can be served. The text is for people.
    #[error("the collection in the file cannot be used: {0}")]
    Refused(String),
    /// A database in use, or one that was not closed, has a part of its contents beside it.
    #[error(
        "the collection file is open in Anki or was not closed properly: open and close it there first"
    )]
    NotClosed,
    /// The account's collection cannot be read.
    #[error(transparent)]
    Collection(deckport_collection::Error),
    /// The account's media cannot be used.
    #[error(transparent)]
    Media(#[from] deckport_media::Error),
    /// There is a file where the export should go.
    #[error("{} exists already: choose another name, or overwrite it with --force", .0.display())]
    Exists(PathBuf),
    /// The export's name does not say what it should be.
    #[error("the name of the file must end with .colpkg or .anki2")]
    UnknownForm,
    /// A file cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The account's folder cannot be read or written.
    #[error("the account's folder cannot be used: {0}")]
    Io(io::Error),
    /// The watcher ended it.
    #[error("cancelled")]
    Cancelled,
}

impl From<FolderError> for OfflineError {
    fn from(error: FolderError) -> OfflineError {
        match error {
            FolderError::InUse { path } => OfflineError::Running(path),
            other => OfflineError::Folder(other),
        }
    }
}

impl From<io::Error> for OfflineError {
    fn from(error: io::Error) -> OfflineError {
        if error.get_ref().is_some_and(|inner| inner.is::<Cancelled>()) {
            OfflineError::Cancelled
        } else {
            OfflineError::Io(error)
        }
    }
}

impl From<deckport_package::Error> for OfflineError {
    fn from(error: deckport_package::Error) -> OfflineError {
        match error {
            deckport_package::Error::Io(error) => error.into(),
            other => OfflineError::Package(other),
        }
    }
}

impl From<deckport_collection::Error> for OfflineError {
    fn from(error: deckport_collection::Error) -> OfflineError {
        match error {
            deckport_collection::Error::Io(error) => error.into(),
            other => OfflineError::Collection(other),
        }
    }
}

/// The sentences of [`UploadError`] are for who uploads with Anki; here a file was named.
impl From<UploadError> for OfflineError {
    fn from(error: UploadError) -> OfflineError {
        match error {
            UploadError::Endpoint(error) => error.into(),
            UploadError::Empty | UploadError::NotACollection => {
                OfflineError::Package(deckport_package::Error::NotAPackage)
            }
            UploadError::TooNew(version) => OfflineError::Refused(format!(
                "it was made by a newer Anki (its format is {version}); update Deckport"
            )),
            other => OfflineError::Refused(format!(
                "{}; in Anki choose Tools > Check Database and export it again",
                other.detail()
            )),
        }
    }
}
