//! The networks that the app tells of, for whoever needs to know them.

use std::sync::{Mutex, PoisonError};

use deckport_endpoint::{InterfaceAddress, Interfaces, interfaces_of_machine};

/// What the app said last; until then, and when it takes that back, the system is asked.
#[derive(Debug, Default)]
pub(crate) struct Networks(Mutex<Option<Vec<InterfaceAddress>>>);

impl Networks {
    /// They are others now; `None`: the system is to be asked.
    pub(crate) fn set(&self, told: Option<Vec<InterfaceAddress>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }
}

impl Interfaces for Networks {
    fn list(&self) -> Vec<InterfaceAddress> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        told.unwrap_or_else(interfaces_of_machine)
    }
}
