//! The tokens of the reference server, which are made from names and passwords (`transport` 5.1).
//!
//! Anyone who has one can try passwords against it, so the database keeps it like a password. At
//! its start the endpoint checks once what the environment says against that, and notes in memory
//! which tokens are good. So neither a client nor a stranger ever makes it hash anything.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use deckport_ground::hex::hex;
use sha2::{Digest, Sha256};

use super::tokens::TokenHash;
use super::{PasswordCost, RegistryError, passwords};

/// The shared tokens that are good, with the numbers of their devices: one for each account of the
/// environment.
pub(super) struct SharedTokens {
    /// Random, so that nobody can prepare tokens for what is compared with them.
    key: [u8; 32],
    devices: Mutex<HashMap<[u8; 32], i64>>,
}

impl SharedTokens {
    pub(super) fn new() -> Result<SharedTokens, RegistryError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(SharedTokens { key, devices: Mutex::default() })
    }

    /// From now on exactly these are good.
    pub(super) fn replace(&self, good: impl IntoIterator<Item = (TokenHash, i64)>) {
        let noted = good.into_iter().map(|(token, device)| (self.note(&token), device)).collect();
        *self.lock() = noted;
    }

    /// The number of the device that stands for all with this token.
    pub(super) fn device(&self, token: &TokenHash) -> Option<i64> {
        self.lock().get(&self.note(token)).copied()
    }

    fn note(&self, token: &TokenHash) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(token).finalize().into()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], i64>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for SharedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedTokens").finish_non_exhaustive()
    }
}

/// What the database keeps of a shared token: a PHC string, as costly as that of a password.
pub(super) fn slow_hash(token: &TokenHash, cost: PasswordCost) -> Result<String, RegistryError> {
    passwords::hash(&hex(token), cost)
}

/// Whether a shared token is the one that the database keeps.
pub(super) fn fits(token: &TokenHash, phc: &str) -> Result<bool, RegistryError> {
    passwords::verify(&hex(token), phc)
}
