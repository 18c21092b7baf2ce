//! Whether a device that began something may still finish it.
//!
//! A body may take minutes to arrive and longer to be checked; meanwhile a person may have revoked the
//! device, changed the password or removed the account. So this is checked again before anything is
//! replaced.

use std::fmt;
use std::sync::Arc;

use crate::registry::{Identity, Registry, RegistryError};

/// Why something may not be done any more.
#[derive(Debug, thiserror::Error)]
pub enum PermitError {
    /// The device was logged out meanwhile.
    #[error("the device was revoked meanwhile")]
    Revoked,
    /// It cannot be found out.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// What a request was let in with.
#[derive(Clone)]
pub struct Permit {
    registry: Arc<Registry>,
    token: String,
    account_id: i64,
    device_id: i64,
}

impl Permit {
    /// For a device that was found by its token.
    #[must_use]
    pub fn of(registry: &Arc<Registry>, token: &str, identity: &Identity) -> Permit {
        let (account_id, device_id) = (identity.account.id, identity.device.id);
        Permit { registry: Arc::clone(registry), token: token.to_owned(), account_id, device_id }
    }

    /// Checks again.
    ///
    /// # Errors
    /// [`PermitError`].
    pub fn check(&self) -> Result<(), PermitError> {
        let is_same = |found: &Identity| {
            found.account.id == self.account_id && found.device.id == self.device_id
        };
        match self.registry.authenticate(&self.token)? {
            Some(found) if is_same(&found) => Ok(()),
            _ => Err(PermitError::Revoked),
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("device_id", &self.device_id).finish_non_exhaustive()
    }
}
