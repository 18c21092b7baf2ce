//! Why the registry refuses or fails. Messages carry no names, passwords or tokens.

use std::io;

use rusqlite::ErrorCode;

/// Why an operation on accounts or devices was not done. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name is taken, possibly in another case.
    #[error("there is already an account of this name; choose another name")]
    AccountExists,
    /// No account of that name.
    #[error("there is no account of this name; list the accounts to see the names")]
    NoSuchAccount,
    /// No device of that number.
    #[error("there is no device of this number; list the devices to see the numbers")]
    NoSuchDevice,
    /// The name is empty, too long or has control characters.
    #[error(
        "an account name has 1 to 128 characters and no control characters; choose another name"
    )]
    BadName,
    /// The password is empty or too long.
    #[error("a password has 1 to 1024 bytes; choose another password")]
    BadPassword,
    /// The account comes from the environment and cannot be changed here.
    #[error(
        "this account is set in the environment (SYNC_USER…); change it there and restart the endpoint"
    )]
    Configured,
    /// Two accounts in the environment have what the registry sees as the same name.
    #[error(
        "two accounts in the environment (SYNC_USER…) have the same name except for case or spaces; rename one of them"
    )]
    ConfiguredTwice,
    /// A hash in the environment cannot be used.
    #[error(
        "a password hash in the environment (SYNC_USER…) is not a PHC string of PBKDF2 or Argon2; make a new one or set the password itself"
    )]
    ConfiguredHash,
    /// The database was written by a newer version of this program.
    #[error(
        "the account database has format {found}, but this version knows only up to {known}; use the newer version that wrote it"
    )]
    NewerSchema {
        /// The database's format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// The database file is damaged or not a database.
    #[error("the account database deckport.db is damaged; put a copy from a backup in its place")]
    Corrupt(#[source] rusqlite::Error),
    /// Another process kept the database for too long.
    #[error("the account database is busy; try again in a moment")]
    Busy(#[source] rusqlite::Error),
    /// The disk is full.
    #[error("the disk of the data folder is full; free some space")]
    Full(#[source] rusqlite::Error),
    /// The database could not be opened or used for another reason.
    #[error(
        "the account database cannot be used ({0}); check the data folder's disk and permissions"
    )]
    Sqlite(#[source] rusqlite::Error),
    /// A file beside the database could not be used.
    #[error("the data folder cannot be used ({0}); check its disk and permissions")]
    Io(#[from] io::Error),
    /// The operating system gives no random numbers.
    #[error(
        "the operating system gives no random numbers ({0}); try again after a restart of the device"
    )]
    Random(#[from] getrandom::Error),
    /// A password could not be hashed or compared: no memory, or a damaged stored hash.
    #[error(
        "the password could not be checked ({0}); free some memory and try again, or set it again"
    )]
    Hash(#[source] argon2::password_hash::Error),
}

impl From<rusqlite::Error> for RegistryError {
    fn from(error: rusqlite::Error) -> RegistryError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                RegistryError::Corrupt(error)
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RegistryError::Busy(error),
            Some(ErrorCode::DiskFull) => RegistryError::Full(error),
            _ => RegistryError::Sqlite(error),
        }
    }
}

/// Why a login was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown name or wrong password; which one is not revealed. The only case for status 403
    /// (`transport` 5.2).
    #[error("the name or the password is wrong")]
    WrongNameOrPassword,
    /// The login could not be checked; the client should try again later.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl From<rusqlite::Error> for LoginError {
    fn from(error: rusqlite::Error) -> LoginError {
        LoginError::Registry(error.into())
    }
}
