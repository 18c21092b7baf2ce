//! Why a file of an older format cannot be upgraded.

use rusqlite::ErrorCode;

use crate::error::Error;

/// Why a collection of an older format could not be upgraded. The texts name places, never
/// contents.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// Tables or columns of the format are missing, or tables of a later one are there already.
    #[error("{0}")]
    Structure(String),
    /// A column of the table `col` holds no JSON object.
    #[error("the column {0} is not a JSON object")]
    NotJson(&'static str),
    /// A column of the table `col` is larger than any client's.
    #[error("the column {0} is too large")]
    TooLarge(&'static str),
    /// A key that should be an id is not one.
    #[error("a key in the column {0} is not a number")]
    Key(&'static str),
    /// A tag's value is not its usn.
    #[error("a tag has no usn")]
    Tag,
    /// A notetype, deck or preset cannot be read.
    #[error("{what} {id}: {reason}")]
    Object {
        /// `notetype`, `deck` or `preset`.
        what: &'static str,
        /// Its id, as far as it is known.
        id: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// The database failed; not the contents' fault, as far as can be told.
    #[error("{0}")]
    Database(Error),
}

/// Result of a step of the upgrade.
pub(super) type Upgraded<T> = std::result::Result<T, UpgradeError>;

impl UpgradeError {
    /// Blames an error on one object, if that is where it belongs.
    pub(super) fn of_object(what: &'static str, id: i64, error: Error) -> UpgradeError {
        let reason = match error {
            Error::Conflict(reason) => reason,
            Error::Json(error) => error.to_string(),
            Error::Blob(error) => error.to_string(),
            other => return UpgradeError::Database(other),
        };
        UpgradeError::Object { what, id, reason }
    }

    /// A column's value can be beyond the connection's limit.
    pub(super) fn of_column(column: &'static str, error: rusqlite::Error) -> UpgradeError {
        match error.sqlite_error_code() {
            Some(ErrorCode::TooBig) => UpgradeError::TooLarge(column),
            _ => error.into(),
        }
    }
}

impl From<Error> for UpgradeError {
    fn from(error: Error) -> UpgradeError {
        UpgradeError::Database(error)
    }
}

impl From<rusqlite::Error> for UpgradeError {
    fn from(error: rusqlite::Error) -> UpgradeError {
        UpgradeError::Database(error.into())
    }
}
