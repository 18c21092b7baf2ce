//! Why work on an account was not done. Only `server` turns it into statuses and words for clients,
//! and each public error is made from it in one place.

use deckport_accounts::{PermitError, RegistryError};
use deckport_collection::Error as CollectionError;
use deckport_wire::WireError;

use crate::texts::MediaTrouble;

/// Why something that a device, a person or the endpoint itself wanted was not done. `Display` is for
/// the log: no user data, no secrets.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// Somebody else holds what it needs, or what was begun is over. Passes by itself.
    #[error("{0}")]
    Busy(&'static str),
    /// The endpoint takes no more work.
    #[error("the endpoint is shutting down")]
    Stopping,
    /// The device that began it was logged out meanwhile.
    #[error("the device was revoked meanwhile")]
    Revoked,
    /// The client speaks an unknown protocol.
    #[error("the client speaks an unknown version of the protocol")]
    UnknownProtocol,
    /// A step of a sync does not say to which sync it belongs.
    #[error("the session key is empty")]
    NoSession,
    /// The account may not hold that much besides what it has.
    #[error("the account may not hold that much")]
    OverQuota,
    /// The account's media may not grow that much: it may hold this many bytes.
    #[error("{}", MediaTrouble::OverQuota(*.0))]
    MediaOverQuota(u64),
    /// The collection, or what a device sent for it, cannot be used.
    #[error("{}", without_contents(.0))]
    Collection(#[from] CollectionError),
    /// The media cannot be used.
    #[error(transparent)]
    Media(#[from] deckport_media::Error),
    /// The accounts cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// An answer could not be written.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl WorkError {
    /// Another device holds the account's lease.
    pub(crate) fn another_device() -> WorkError {
        WorkError::Busy("another device is syncing")
    }

    /// What should have answered failed on the way.
    pub fn unexpected() -> WorkError {
        WorkError::Failed("the request failed unexpectedly".to_owned())
    }

    /// Whether the disk may be the cause.
    pub(crate) fn may_be_the_disk(&self) -> bool {
        match self {
            WorkError::Collection(error) => !error.is_about_contents(),
            WorkError::Registry(_) | WorkError::Failed(_) | WorkError::Stopping => true,
            _ => false,
        }
    }
}

impl From<PermitError> for WorkError {
    fn from(error: PermitError) -> WorkError {
        match error {
            PermitError::Revoked => WorkError::Revoked,
            PermitError::Registry(error) => error.into(),
        }
    }
}

/// What people are told on a device, where it concerns media.
impl From<WorkError> for MediaTrouble {
    fn from(error: WorkError) -> MediaTrouble {
        match error {
            WorkError::Media(error) => MediaTrouble::from(&error),
            WorkError::MediaOverQuota(bytes) => MediaTrouble::OverQuota(bytes),
            other => MediaTrouble::Other(other.to_string()),
        }
    }
}

/// serde's own text may quote what a person wrote.
fn without_contents(error: &CollectionError) -> String {
    match error {
        CollectionError::Json(_) => "a stored value is not valid JSON".to_owned(),
        other => other.to_string(),
    }
}
