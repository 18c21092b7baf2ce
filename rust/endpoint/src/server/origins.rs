//! Whom an address is counted for, by what the machine's networks are at the moment.

use std::net::IpAddr;
use std::sync::Arc;

use deckport_accounts::Origin;

use crate::interfaces::Interfaces;

/// Finds the origins of addresses.
#[derive(Debug, Clone)]
pub(super) struct Origins {
    interfaces: Arc<dyn Interfaces>,
}

impl Origins {
    pub(super) fn new(interfaces: Arc<dyn Interfaces>) -> Origins {
        Origins { interfaces }
    }

    /// Whom `address` is counted for.
    pub(super) fn of(&self, address: IpAddr) -> Origin {
        Origin::of(address, |peer| self.interfaces.recent(None).is_on_link(peer))
    }
}
