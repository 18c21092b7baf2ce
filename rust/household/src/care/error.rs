//! Why work on an account could not be done.

use std::io;
use std::path::{Path, PathBuf};

use deckport_accounts::RegistryError;
use deckport_collection::UploadError;
use deckport_ground::progress::Cancelled;
use deckport_ground::space::is_full;

use crate::work_error::WorkError;

/// Why importing, exporting or checking failed. The account's collection is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CareError {
    /// No account has that name.
    #[error("there is no account of that name")]
    NoSuchAccount,
    /// The accounts cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A device is syncing, and took longer than this can wait.
    #[error("a device is syncing; try again in a moment")]
    Busy,
    /// The account has no collection yet.
    #[error("the account has no collection yet: sync a device first, or import one")]
    NoCollection,
    /// The package cannot be read or written.
    #[error(transparent)]
    Package(deckport_package::Error),
    /// What is in the file is not a collection that can be served. The text is for people.
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
    Media(deckport_media::Error),
    /// There is a file where the export should go.
    #[error("{} already exists: choose another name, or overwrite it with --force", .0.display())]
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
    /// The disk is full.
    #[error("there is no free space left; free some and try again")]
    NoSpace,
    /// The account's folder cannot be read or written.
    #[error("the account's folder cannot be used: {0}")]
    Io(io::Error),
    /// The endpoint has stopped or is about to.
    #[error("the endpoint is stopping")]
    Stopping,
    /// Anything else that went wrong while doing it.
    #[error("{0}")]
    Failed(String),
    /// The watcher or the interrupt ended it.
    #[error("cancelled")]
    Cancelled,
}

impl CareError {
    /// A file cannot be read or written; a full disk is reported as such.
    pub(super) fn of_file(path: &Path, source: io::Error) -> CareError {
        if is_full(&source) {
            return CareError::NoSpace;
        }
        CareError::File { path: path.to_owned(), source }
    }
}

impl From<WorkError> for CareError {
    fn from(error: WorkError) -> CareError {
        match error {
            WorkError::Busy(_) => CareError::Busy,
            WorkError::Stopping => CareError::Stopping,
            WorkError::Registry(error) => error.into(),
            WorkError::Collection(error) => error.into(),
            WorkError::Media(error) => error.into(),
            other => CareError::Failed(other.to_string()),
        }
    }
}

impl From<Cancelled> for CareError {
    fn from(_: Cancelled) -> CareError {
        CareError::Cancelled
    }
}

impl From<io::Error> for CareError {
    fn from(error: io::Error) -> CareError {
        if Cancelled::is_cause_of(&error) {
            return CareError::Cancelled;
        }
        if is_full(&error) { CareError::NoSpace } else { CareError::Io(error) }
    }
}

impl From<deckport_package::Error> for CareError {
    fn from(error: deckport_package::Error) -> CareError {
        match error {
            deckport_package::Error::Io(error) => error.into(),
            other => CareError::Package(other),
        }
    }
}

impl From<deckport_collection::Error> for CareError {
    fn from(error: deckport_collection::Error) -> CareError {
        match error {
            deckport_collection::Error::Io(error) => error.into(),
            deckport_collection::Error::Interrupted => CareError::Cancelled,
            deckport_collection::Error::NoSpace => CareError::NoSpace,
            other => CareError::Collection(other),
        }
    }
}

impl From<deckport_media::Error> for CareError {
    fn from(error: deckport_media::Error) -> CareError {
        match error {
            deckport_media::Error::NoSpace => CareError::NoSpace,
            other => CareError::Media(other),
        }
    }
}

/// The sentences of [`UploadError`] are for people who upload with Anki; here a file was named.
impl From<UploadError> for CareError {
    fn from(error: UploadError) -> CareError {
        match error {
            UploadError::Endpoint(error) => error.into(),
            UploadError::Empty | UploadError::NotACollection => {
                CareError::Package(deckport_package::Error::NotAPackage)
            }
            UploadError::TooNew(version) => CareError::Refused(format!(
                "it was made by a newer Anki (its format is {version}); update Deckport"
            )),
            other => CareError::Refused(format!(
                "{}; in Anki choose Tools > Check Database and export it again",
                other.detail()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_reported_as_such_wherever_it_shows() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let told: [CareError; 6] = [
            full().into(),
            io::Error::from(io::ErrorKind::QuotaExceeded).into(),
            deckport_package::Error::Io(full()).into(),
            deckport_collection::Error::NoSpace.into(),
            deckport_media::Error::NoSpace.into(),
            CareError::of_file(Path::new("out.colpkg"), full()),
        ];
        for error in told {
            assert!(matches!(error, CareError::NoSpace), "{error:?}");
        }
    }
}
