//! Why a package cannot be read or written.

use deckport_wire::media::zip::ZipError;
use std::io;

/// Result of an operation on packages.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a package cannot be read or written. The texts name no contents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It has decks to be merged into a collection, which only Anki itself can do.
    #[error(
        "this is a deck package (.apkg), not a whole collection: import it in Anki itself, then sync"
    )]
    DeckPackage,
    /// Neither a zip nor a database.
    #[error("this is neither a collection package (.colpkg) nor a collection (.anki2)")]
    NotAPackage,
    /// A later version than any known one.
    #[error("the package was made by a newer Anki (its version is {0}); update Deckport")]
    TooNew(i32),
    /// The zip is broken, or its parts contradict one another.
    #[error("the package is broken: {0}")]
    Broken(&'static str),
    /// More than the limits allow.
    #[error("the package is larger than allowed: {0}")]
    TooLarge(&'static str),
    /// A media file has a name that leads out of a folder or that no client writes.
    #[error("the package has a media file with an impossible name")]
    BadName,
    /// Reading or writing failed.
    #[error("a file operation failed: {0}")]
    Io(io::Error),
}

impl From<ZipError> for Error {
    fn from(error: ZipError) -> Error {
        match error {
            ZipError::Broken(reason) | ZipError::Unsupported(reason) => Error::Broken(reason),
            ZipError::TooLarge => Error::TooLarge("too many entries"),
            ZipError::Io(error) => Error::Io(error),
        }
    }
}

/// Recovers our own errors that travelled through a reader. zstd reports damage as `Other`.
pub(crate) fn while_reading(error: io::Error) -> Error {
    let kind = error.kind();
    match error.downcast::<ZipError>() {
        Ok(error) => error.into(),
        Err(error) => match kind {
            io::ErrorKind::Other
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof
                if error.raw_os_error().is_none() =>
            {
                Error::Broken("an entry cannot be unpacked")
            }
            _ => Error::Io(error),
        },
    }
}

/// A source or target that fails.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}
