//! How many connections are served at once, in all and from one address.
//!
//! Connections beyond the limit wait to be accepted. One address may hold half of them: otherwise a
//! single program that opens connections and says nothing would shut everybody else out.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::throttle::AddressKey;

/// The connections that may be served at once.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    count: u32,
    by_address: Arc<Mutex<HashMap<AddressKey, u32>>>,
}

/// A served connection; gives its place back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    _share: Share,
}

/// One connection of an address.
#[derive(Debug)]
pub(super) struct Share {
    slots: Slots,
    address: AddressKey,
}

impl Slots {
    pub(super) fn new(count: u32) -> Slots {
        Slots { free: Arc::new(Semaphore::new(count as usize)), count, by_address: Arc::default() }
    }

    /// Counts a connection of this peer. `None` when its address has as many as one may have; then
    /// the connection is to be closed.
    pub(super) fn share_of(&self, peer: SocketAddr) -> Option<Share> {
        let address = AddressKey::from(peer.ip());
        let mut by_address = self.by_address();
        let held = by_address.entry(address).or_default();
        if *held >= self.count.div_ceil(2) {
            return None;
        }
        *held += 1;
        drop(by_address);
        Some(Share { slots: self.clone(), address })
    }

    /// A slot for it, as soon as there is one. The semaphore is never closed.
    pub(super) async fn take(&self, share: Share) -> Option<Slot> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        Some(Slot { _permit: permit, _share: share })
    }

    /// Waits until no connection is served.
    pub(super) async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    fn by_address(&self) -> MutexGuard<'_, HashMap<AddressKey, u32>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut by_address = self.slots.by_address();
        if let Some(held) = by_address.get_mut(&self.address) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 168, 1, last], 40_000))
    }

    #[tokio::test]
    async fn one_address_gets_half_of_all_and_leaves_the_rest_to_others() {
        let slots = Slots::new(4);
        let mut held = Vec::new();
        for _ in 0..2 {
            let share = slots.share_of(peer(1)).unwrap();
            held.push(slots.take(share).await.unwrap());
        }
        assert!(slots.share_of(peer(1)).is_none());
        let other = slots.share_of(peer(2)).unwrap();
        held.push(slots.take(other).await.unwrap());
        held.remove(0);
        assert!(slots.share_of(peer(1)).is_some());
    }

    #[tokio::test]
    async fn nothing_is_remembered_of_addresses_that_are_gone() {
        let slots = Slots::new(1);
        let share = slots.share_of(peer(1)).unwrap();
        let slot = slots.take(share).await.unwrap();
        assert_eq!(slots.by_address().len(), 1);
        drop(slot);
        assert!(slots.by_address().is_empty());
        slots.all_free().await;
    }
}
