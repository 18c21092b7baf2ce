//! What can go wrong, one type for each concern. Variants are named by what the caller can do.
//! Messages are whole sentences in English, without user data.

use deckport_endpoint as engine;

/// What a panic becomes. Nothing is known about it but that it is our fault.
const PANICKED: &str = "something failed unexpectedly; please report this";

/// An error with variants for the unexpected and for an endpoint that was shut down.
pub(crate) trait Common: Send + 'static {
    /// For the unexpected.
    fn failed(reason: String) -> Self;
    /// The endpoint was shut down.
    fn closed() -> Self;

    /// For a panic.
    fn panicked() -> Self
    where
        Self: Sized,
    {
        Self::failed(PANICKED.to_owned())
    }
}

macro_rules! common {
    ($($error:ident),*) => {$(
        impl Common for $error {
            fn failed(reason: String) -> Self {
                $error::Failed { reason }
            }

            fn closed() -> Self {
                $error::Closed
            }
        }
    )*};
}

common!(OpenError, StartError, AccountError, OverviewError, BackupError, CareError);

/// Why an endpoint could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum OpenError {
    /// Another endpoint, in this program or another one, uses the folder: shut that one down.
    #[error("another endpoint is using the data folder; stop it or choose another folder")]
    FolderInUse,
    /// The folder cannot be made, written or locked.
    #[error("the data folder cannot be used: {reason}")]
    FolderUnusable {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A newer version of the library wrote the data: update the app.
    #[error("the data was written by a newer version; update the app")]
    TooNew,
    /// The accounts cannot be read: put a copy of `deckport.db` in its place.
    #[error("the accounts cannot be read: {reason}")]
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// The options make no sense.
    #[error("the options cannot be used: {reason}")]
    BadOptions {
        /// Which one, and why.
        reason: String,
    },
    /// The endpoint was shut down.
    #[error("the endpoint was shut down")]
    Closed,
    /// Anything else.
    #[error("the endpoint could not be opened: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<engine::OpenError> for OpenError {
    fn from(error: engine::OpenError) -> OpenError {
        use engine::{FolderError, RegistryError};
        match error {
            engine::OpenError::Folder(FolderError::InUse { .. }) => OpenError::FolderInUse,
            engine::OpenError::Folder(other) => {
                OpenError::FolderUnusable { reason: other.to_string() }
            }
            engine::OpenError::Registry(RegistryError::NewerSchema { .. }) => OpenError::TooNew,
            engine::OpenError::Registry(error @ RegistryError::Corrupt(_)) => {
                OpenError::Damaged { reason: error.to_string() }
            }
            engine::OpenError::Tls(error) => OpenError::BadOptions { reason: error.to_string() },
            other => OpenError::Failed { reason: other.to_string() },
        }
    }
}

/// Why an endpoint did not start or stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum StartError {
    /// Another program has the port: choose another one, or 0 for any.
    #[error("port {port} is in use by another program; choose another port")]
    PortInUse {
        /// The port.
        port: i32,
    },
    /// The system keeps the port for itself: choose one above 1023.
    #[error("the system does not allow port {port}; choose one above 1023")]
    PortNotAllowed {
        /// The port.
        port: i32,
    },
    /// The device has no such address: perhaps its network has changed.
    #[error("this device has no address {address}")]
    NoSuchAddress {
        /// The address of the options.
        address: String,
    },
    /// The endpoint was shut down.
    #[error("the endpoint was shut down")]
    Closed,
    /// Anything else.
    #[error("the endpoint could not start: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<engine::ListenError> for StartError {
    fn from(error: engine::ListenError) -> StartError {
        match error {
            engine::ListenError::InUse(at) => StartError::PortInUse { port: at.port().into() },
            engine::ListenError::NotAllowed(at) => {
                StartError::PortNotAllowed { port: at.port().into() }
            }
            engine::ListenError::NoSuchAddress(at) => {
                StartError::NoSuchAddress { address: at.ip().to_string() }
            }
            other => StartError::Failed { reason: other.to_string() },
        }
    }
}

/// Why something about accounts, devices or pairing was not done. Nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum AccountError {
    /// The name is taken, possibly in another case.
    #[error("there is already an account of this name; choose another name")]
    AlreadyExists,
    /// No account has that name.
    #[error("there is no account of this name")]
    NoSuchAccount,
    /// No device has that number.
    #[error("there is no device of this number")]
    NoSuchDevice,
    /// A name must have 1 to 128 characters and no control characters.
    #[error("a name has 1 to 128 characters and no control characters; choose another name")]
    BadName,
    /// A password must have 1 to 1024 bytes.
    #[error("a password has 1 to 1024 bytes; choose another password")]
    BadPassword,
    /// A pairing window must be open for at least a second and at most a day.
    #[error("a pairing window is open for one second to one day")]
    BadDuration,
    /// The account was set in the environment of the `deckport` command.
    #[error("this account was set in the environment of a server; it cannot be changed here")]
    ManagedElsewhere,
    /// The disk is full.
    #[error("the disk is full; free some space")]
    NoSpace,
    /// Another program is changing the accounts: try again.
    #[error("the accounts are busy; try again in a moment")]
    Busy,
    /// The endpoint was shut down.
    #[error("the endpoint was shut down")]
    Closed,
    /// Anything else.
    #[error("the accounts cannot be used: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<engine::RegistryError> for AccountError {
    fn from(error: engine::RegistryError) -> AccountError {
        use engine::RegistryError;
        match error {
            RegistryError::AccountExists => AccountError::AlreadyExists,
            RegistryError::NoSuchAccount => AccountError::NoSuchAccount,
            RegistryError::NoSuchDevice => AccountError::NoSuchDevice,
            RegistryError::BadName => AccountError::BadName,
            RegistryError::BadPassword => AccountError::BadPassword,
            RegistryError::Configured => AccountError::ManagedElsewhere,
            RegistryError::Full(_) => AccountError::NoSpace,
            RegistryError::Busy(_) => AccountError::Busy,
            other => AccountError::Failed { reason: other.to_string() },
        }
    }
}

/// Why an account's overview is not available.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum OverviewError {
    /// No account has that name.
    #[error("there is no account of this name")]
    NoSuchAccount,
    /// The endpoint is stopping: try again in a moment.
    #[error("the endpoint is stopping; try again in a moment")]
    Stopping,
    /// The endpoint was shut down.
    #[error("the endpoint was shut down")]
    Closed,
    /// Anything else, for example a damaged collection.
    #[error("the collection cannot be read: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<engine::OverviewError> for OverviewError {
    fn from(error: engine::OverviewError) -> OverviewError {
        match error {
            engine::OverviewError::NoSuchAccount => OverviewError::NoSuchAccount,
            engine::OverviewError::Stopping => OverviewError::Stopping,
            other => OverviewError::Failed { reason: other.to_string() },
        }
    }
}

/// Why something was not done with an account's backups. Nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum BackupError {
    /// No account has that name.
    #[error("there is no account of this name")]
    NoSuchAccount,
    /// The account has no backup of that name.
    #[error("there is no backup of that name; look at the list of backups")]
    NoSuchBackup,
    /// The account has no collection or an untouched one: there is nothing to keep.
    #[error("there is nothing to keep: the account has no collection yet, or an untouched one")]
    NothingToKeep,
    /// The backup is not a usable collection.
    #[error("the backup cannot be used as a collection: {reason}")]
    Unusable {
        /// What is wrong with it.
        reason: String,
    },
    /// A device is syncing: try again.
    #[error("a device is syncing; try again in a moment")]
    Busy,
    /// The endpoint is stopping: try again in a moment.
    #[error("the endpoint is stopping; try again in a moment")]
    Stopping,
    /// There is already a file where one was to be written.
    #[error("a file of that name already exists; choose another name")]
    FileExists,
    /// The disk is full.
    #[error("the disk is full; free some space and try again")]
    NoSpace,
    /// The progress listener or the caller ended it.
    #[error("it was cancelled")]
    Cancelled,
    /// The endpoint was shut down.
    #[error("the endpoint was shut down")]
    Closed,
    /// Anything else.
    #[error("the backups cannot be used: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<engine::BackupError> for BackupError {
    fn from(error: engine::BackupError) -> BackupError {
        match error {
            engine::BackupError::NoSuchBackup => BackupError::NoSuchBackup,
            engine::BackupError::NothingToKeep => BackupError::NothingToKeep,
            engine::BackupError::Unusable(reason) => BackupError::Unusable { reason },
            engine::BackupError::Busy => BackupError::Busy,
            engine::BackupError::Stopping => BackupError::Stopping,
            engine::BackupError::Exists { .. } => BackupError::FileExists,
            engine::BackupError::NoSpace => BackupError::NoSpace,
            engine::BackupError::Cancelled => BackupError::Cancelled,
            other => BackupError::Failed { reason: other.to_string() },
        }
    }
}

/// Why an import, an export or a check was not done. The collection is as it was then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum CareError {
    /// No account has that name.
    #[error("there is no account of this name")]
    NoSuchAccount,
    /// The account has no collection yet.
    #[error("the account has no collection yet; sync a device first or import one")]
    NoCollection,
    /// A device is syncing: try again.
    #[error("a device is syncing; try again in a moment")]
    Busy,
    /// What is in the file cannot be used.
    #[error("the file cannot be used: {reason}")]
    Unusable {
        /// What is wrong with it.
        reason: String,
    },
    /// The collection file is open in Anki, or was not closed: a part of its contents is in a file
    /// beside it.
    #[error("the collection file is open in Anki or was not closed; open and close it there first")]
    NotClosed,
    /// There is already a file where one was to be written.
    #[error("a file of that name already exists; choose another name or allow overwriting it")]
    FileExists,
    /// The name of the export does not say what it should be.
    #[error("the name of the file must end with .colpkg or .anki2")]
    UnknownForm,
    /// The endpoint is stopping: try again in a moment.
    #[error("the endpoint is stopping; try again in a moment")]
    Stopping,
    /// The disk is full.
    #[error("the disk is full; free some space and try again")]
    NoSpace,
    /// The file cannot be read or written.
    #[error("the file cannot be read or written: {reason}")]
    FileUnusable {
        /// What the system says.
        reason: String,
    },
    /// The progress listener or the caller ended it.
    #[error("it was cancelled")]
    Cancelled,
    /// The endpoint was shut down.
    #[error("the endpoint was shut down")]
    Closed,
    /// Anything else.
    #[error("it could not be done: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

/// Why a text cannot become a QR code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum QrError {
    /// The text is longer than a code can hold.
    #[error("the text is too long for a QR code")]
    TooLong,
}

/// What a listener of the app throws. The library logs it and goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum ListenerError {
    /// The listener failed.
    #[error("a listener failed: {reason}")]
    Failed {
        /// What it says; it may hold a stack trace.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> ListenerError {
        ListenerError::Failed { reason: error.reason }
    }
}
