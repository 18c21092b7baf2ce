//! Why an uploaded file was not accepted.

use rusqlite::ErrorCode;

use crate::error::Error;
use crate::migrate::UpgradeError;

/// Why an uploaded file was refused. Clients show the `Display` text to the person who uploaded,
/// so these are whole sentences without technical terms; [`UploadError::detail`] has those.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Nothing was sent.
    #[error("The uploaded file is empty. Nothing was changed on the endpoint.")]
    Empty,
    /// Not a SQLite file, or one without Anki's tables.
    #[error("The uploaded file is not an Anki collection. Nothing was changed on the endpoint.")]
    NotACollection,
    /// A newer `ver` than this endpoint knows.
    #[error(
        "The uploaded collection was made by an Anki that is newer than this endpoint (its \
         format is {0}). Please update Deckport. Nothing was changed on the endpoint."
    )]
    TooNew(i64),
    /// A `ver` that this endpoint does not accept.
    #[error(
        "The uploaded collection has an old format ({0}) that this endpoint does not accept. \
         Please update Anki on this device. Nothing was changed on the endpoint."
    )]
    TooOld(i64),
    /// Tables are missing or differ from what the version promises, or there are things in the
    /// schema that no Anki makes. The text names them.
    #[error(
        "The uploaded file is not built like an Anki collection ({0}). An add-on may have \
         changed it. Nothing was changed on the endpoint."
    )]
    Structure(String),
    /// SQLite finds the file malformed. The text is SQLite's.
    #[error(
        "The uploaded collection is damaged. In Anki choose Tools > Check Database, then sync \
         again. Nothing was changed on the endpoint."
    )]
    Damaged(String),
    /// A row or object that clients could not load. The text names its table and id.
    #[error(
        "The uploaded collection has contents that no Anki could load ({0}). In Anki choose \
         Tools > Check Database, then sync again. Nothing was changed on the endpoint."
    )]
    Content(String),
    /// A file of an older format that cannot be upgraded.
    #[error(
        "The uploaded collection has an older format ({version}) and could not be upgraded \
         ({reason}). In Anki choose Tools > Check Database, then sync again. Nothing was changed \
         on the endpoint."
    )]
    Upgrade {
        /// Its format.
        version: i64,
        /// What stands in the way.
        reason: UpgradeError,
    },
    /// Not the file's fault: the endpoint could not do its part.
    #[error("The endpoint could not take the upload: {0}. Nothing was changed on the endpoint.")]
    Endpoint(Error),
}

/// Result of a step of the validation.
pub(crate) type Checked<T> = std::result::Result<T, UploadError>;

impl UploadError {
    /// What exactly was wrong, for the log. No contents of notes.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            UploadError::Empty => "empty".to_owned(),
            UploadError::NotACollection => "not a collection".to_owned(),
            UploadError::TooNew(version) | UploadError::TooOld(version) => {
                format!("format {version}")
            }
            UploadError::Structure(what)
            | UploadError::Damaged(what)
            | UploadError::Content(what) => what.clone(),
            UploadError::Upgrade { version, reason } => format!("format {version}: {reason}"),
            UploadError::Endpoint(error) => error.to_string(),
        }
    }

    /// What the upgrade says about a file, as a refusal of an upload.
    pub(super) fn of_upgrade(version: i64, reason: UpgradeError) -> UploadError {
        match reason {
            UpgradeError::Structure(what) => UploadError::Structure(what),
            UpgradeError::Database(error) => error.into(),
            reason => UploadError::Upgrade { version, reason },
        }
    }
}

/// While an untrusted file is read, any problem is the file's, except those of disk and memory.
impl From<rusqlite::Error> for UploadError {
    fn from(error: rusqlite::Error) -> UploadError {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => UploadError::NotACollection,
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed,
            ) => UploadError::Endpoint(error.into()),
            _ => UploadError::Damaged(error.to_string()),
        }
    }
}

impl From<std::io::Error> for UploadError {
    fn from(error: std::io::Error) -> UploadError {
        UploadError::Endpoint(error.into())
    }
}

/// What the collection's own functions say about a file, as a refusal of an upload.
impl From<Error> for UploadError {
    fn from(error: Error) -> UploadError {
        match error {
            Error::NotACollection => UploadError::NotACollection,
            Error::Damaged(what) => UploadError::Damaged(what),
            Error::TooNew(version) => UploadError::TooNew(version),
            Error::TooOld(version) | Error::NeedsUpgrade(version) => UploadError::TooOld(version),
            Error::Sqlite(error) => error.into(),
            Error::Json(error) => UploadError::Content(error.to_string()),
            Error::Blob(error) => UploadError::Content(error.to_string()),
            Error::Conflict(reason) => UploadError::Content(reason),
            Error::Notetype(reason) => UploadError::Content(reason.to_owned()),
            Error::Locked
            | Error::NoSpace
            | Error::ReadOnly
            | Error::Io(_)
            | Error::Interrupted
            | Error::Random => UploadError::Endpoint(error),
        }
    }
}
