//! Why a collection could not be opened, read or changed.

use rusqlite::ErrorCode;

/// Result of a collection operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a collection operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not an Anki collection at all: not SQLite, or without Anki's tables.
    #[error("the file is not an Anki collection")]
    NotACollection,
    /// The file is a database, but a damaged one. The reason names no user data.
    #[error("the collection file is damaged ({0}); restore it from a backup")]
    Damaged(String),
    /// The collection was written by a newer Anki (`storage` 2).
    #[error("the collection has format {0}, which is too new; update Deckport")]
    TooNew(i64),
    /// The collection has a format older than any supported client writes (`storage` 2).
    #[error("the collection has format {0}, which is too old; open it once in a current Anki")]
    TooOld(i64),
    /// The collection has an older format (11, 14-17) and must be upgraded first.
    #[error("the collection has format {0} and needs an upgrade; open it once in a current Anki")]
    NeedsUpgrade(i64),
    /// Another program has the collection open.
    #[error("another program has the collection open; close it and try again")]
    Locked,
    /// The disk is full.
    #[error("there is no free space left for the collection; free some and try again")]
    NoSpace,
    /// The file or its folder cannot be written.
    #[error("the collection's folder cannot be written; check its permissions")]
    ReadOnly,
    /// SQLite reported any other problem.
    #[error("the collection's database reported: {0}")]
    Sqlite(rusqlite::Error),
    /// A stored JSON value cannot be read.
    #[error("a stored value is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A stored blob cannot be read.
    #[error("a stored object cannot be decoded: {0}")]
    Blob(#[from] prost::DecodeError),
    /// A file operation failed.
    #[error("a file operation failed: {0}")]
    Io(std::io::Error),
    /// What a client sent cannot be merged; the client should check its database or make a
    /// one-way sync.
    #[error("{0}")]
    Conflict(String),
    /// A notetype has other fields or card templates here and on the client, or is missing: a one-way
    /// sync decides.
    #[error("{0}")]
    Notetype(&'static str),
    /// The work was ended from outside.
    #[error("it was interrupted")]
    Interrupted,
    /// The system gave no random number.
    #[error("the system has no random numbers")]
    Random,
}

impl Error {
    /// Whether the cause is what the collection or a client's message holds, so that it recurs
    /// until a check of the database or a one-way sync mends that.
    #[must_use]
    pub fn is_about_contents(&self) -> bool {
        matches!(
            self,
            Error::Conflict(_)
                | Error::Notetype(_)
                | Error::Json(_)
                | Error::Blob(_)
                | Error::Damaged(_)
                | Error::NotACollection
        )
    }

    /// A [`Error::Conflict`] with its reason.
    pub(crate) fn conflict(reason: impl Into<String>) -> Error {
        Error::Conflict(reason.into())
    }
}

/// Sorts SQLite's errors by what a person can do about them.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::NotACollection,
            Some(ErrorCode::DatabaseCorrupt) => Error::Damaged("malformed database".to_owned()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked,
            Some(ErrorCode::DiskFull) => Error::NoSpace,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::ReadOnly,
            _ => Error::Sqlite(error),
        }
    }
}

/// Finds the two kinds a person can do something about.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::NoSpace,
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Error::ReadOnly
            }
            _ => Error::Io(error),
        }
    }
}
