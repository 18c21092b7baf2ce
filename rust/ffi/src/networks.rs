//! The device's network interfaces: what the app told last, or what the system tells.

use std::sync::{Arc, Mutex, PoisonError};

use deckport_endpoint::{InterfaceAddress, Interfaces, interfaces_of_machine};

/// Told by the app, where it did; else the system is asked each time.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    told: Mutex<Option<Vec<InterfaceAddress>>>,
}

impl Networks {
    /// Nothing was told yet.
    pub(crate) fn new() -> Arc<Networks> {
        Arc::default()
    }

    /// What the app says now; `None`: the system is to be asked.
    pub(crate) fn tell(&self, interfaces: Option<Vec<InterfaceAddress>>) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = interfaces;
    }
}

impl Interfaces for Networks {
    fn list(&self) -> Vec<InterfaceAddress> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        told.unwrap_or_else(interfaces_of_machine)
    }
}
