//! Why something could not be done with the media.

use deckport_wire::ErrorKind;
use deckport_wire::media::zip::ZipError;
use rusqlite::ErrorCode;
use std::io;

/// Result of a media operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a media operation failed. Whatever it is, nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `media.db` is something else.
    #[error("media.db is not a media database; move it away or restore it from a backup")]
    NotAMediaDatabase,
    /// `media.db` is damaged. The reason names no user data.
    #[error("media.db is damaged ({0}); restore it from a backup or move it away")]
    Damaged(String),
    /// `media.db` was written by a newer program.
    #[error("media.db has format {0}, which is too new; update Deckport")]
    TooNew(i64),
    /// Another program has `media.db` open.
    #[error("another program has the media open; stop it and try again")]
    InUse,
    /// There are records but no `media` folder: a disk that is not there, or a folder moved away.
    /// Taking all files for lost would make devices send everything again to the wrong place.
    #[error(
        "the folder media is missing; bring it back, or create an empty one to start over with the \
         files that devices still have"
    )]
    FolderGone,
    /// The disk is full.
    #[error("there is no free space left for media; free some and try again")]
    NoSpace,
    /// The folder or the database cannot be written.
    #[error("the media folder cannot be written; check its permissions")]
    ReadOnly,
    /// A batch whose zip or list is broken. Nothing that a released client sends.
    #[error("the uploaded batch cannot be read: {0}")]
    BadUpload(&'static str),
    /// A batch beyond the limits of `media-sync` 6.
    #[error("the uploaded batch is larger than allowed: {0}")]
    TooLarge(&'static str),
    /// None of the requested files can be sent: deleted or lost in the meantime.
    #[error("none of the files is there any more; sync again")]
    NothingToSend,
    /// The 31 bits of the usn are used up.
    #[error("the media has seen too many changes; move media.db away to start over")]
    UsnExhausted,
    /// SQLite reported any other problem.
    #[error("the media database reported: {0}")]
    Sqlite(rusqlite::Error),
    /// A file operation failed.
    #[error("a file operation failed: {0}")]
    Io(io::Error),
}

impl Error {
    /// What the client should do about it. For [`Error::NoSpace`] and others that a person can
    /// act on, a text in `err` tells more than any status (`media-sync` 13.1), except in
    /// `downloadFiles`.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::BadUpload(_) => ErrorKind::BadRequest,
            Error::TooLarge(_) => ErrorKind::TooLarge,
            Error::NothingToSend => ErrorKind::Busy,
            Error::NoSpace | Error::InUse | Error::FolderGone => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        }
    }
}

/// Sorts SQLite's errors by what a person can do about them.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::Error as Found;
        if let Found::FromSqlConversionFailure(..)
        | Found::IntegralValueOutOfRange(..)
        | Found::InvalidColumnType(..) = error
        {
            return Error::Damaged("a value of the wrong kind".to_owned());
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::NotAMediaDatabase,
            Some(ErrorCode::DatabaseCorrupt) => Error::Damaged("malformed database".to_owned()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::InUse,
            Some(ErrorCode::DiskFull) => Error::NoSpace,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::ReadOnly,
            _ => Error::Sqlite(error),
        }
    }
}

/// Finds the kinds a person can do something about.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly,
            _ => Error::Io(error),
        }
    }
}

impl From<ZipError> for Error {
    fn from(error: ZipError) -> Error {
        match error {
            ZipError::Broken(reason) | ZipError::Unsupported(reason) => Error::BadUpload(reason),
            ZipError::TooLarge => Error::TooLarge("too many entries"),
            ZipError::Io(error) => error.into(),
        }
    }
}
