//! How many connections are served at once. Those beyond the limit wait to be accepted.
//!
//! When all places are taken, the connection goes that has been there longest without telling who
//! it is. So strangers who hold places stand in each other's way alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The connections that may be served at once.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    count: u32,
    strangers: Arc<Mutex<Strangers>>,
}

/// Connections that have not told who they are, the oldest first.
#[derive(Debug, Default)]
struct Strangers {
    next: u64,
    by_age: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Slot {
    id: u64,
    go: Arc<Notify>,
    strangers: Arc<Mutex<Strangers>>,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub(super) fn new(count: u32) -> Slots {
        let (free, strangers) = (Arc::new(Semaphore::new(count as usize)), Arc::default());
        Slots { free, count, strangers }
    }

    /// A slot, as soon as there is one. The semaphore is never closed.
    pub(super) async fn take(&self) -> Option<Slot> {
        if self.free.available_permits() == 0 {
            self.send_a_stranger_away();
        }
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let go = Arc::new(Notify::new());
        let mut strangers = lock(&self.strangers);
        let id = strangers.next;
        strangers.next += 1;
        strangers.by_age.insert(id, Arc::clone(&go));
        drop(strangers);
        Some(Slot { id, go, strangers: Arc::clone(&self.strangers), _permit: permit })
    }

    fn send_a_stranger_away(&self) {
        if let Some((_, go)) = lock(&self.strangers).by_age.pop_first() {
            go.notify_one();
        }
    }

    /// Waits until no connection is served.
    pub(super) async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }
}

impl Slot {
    /// The connection has told who it is, and may stay.
    pub(super) fn is_known(&self) {
        lock(&self.strangers).by_age.remove(&self.id);
    }

    /// Waits until the connection has to make room for another one.
    pub(super) async fn sent_away(&self) {
        self.go.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.strangers).by_age.remove(&self.id);
    }
}

fn lock(strangers: &Mutex<Strangers>) -> MutexGuard<'_, Strangers> {
    strangers.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_stranger_makes_room_and_nobody_who_is_known() {
        let slots = Slots::new(3);
        let known = slots.take().await.unwrap();
        known.is_known();
        let (oldest, younger) = (slots.take().await.unwrap(), slots.take().await.unwrap());
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take().await.unwrap() }
        });
        oldest.sent_away().await;
        assert!(!waiting.is_finished(), "its place is not free yet");
        drop(oldest);
        let newcomer = waiting.await.unwrap();
        let left: Vec<u64> = lock(&slots.strangers).by_age.keys().copied().collect();
        assert_eq!(left, [younger.id, newcomer.id]);
        drop((known, younger, newcomer));
        slots.all_free().await;
        assert!(lock(&slots.strangers).by_age.is_empty());
    }
}
