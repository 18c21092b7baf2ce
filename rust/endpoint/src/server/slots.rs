//! How many connections are served at once. Those beyond the limit wait to be accepted.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The connections that may be served at once.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    count: u32,
}

impl Slots {
    pub(super) fn new(count: u32) -> Slots {
        Slots { free: Arc::new(Semaphore::new(count as usize)), count }
    }

    /// A slot, as soon as there is one. The semaphore is never closed.
    pub(super) async fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Waits until no connection is served.
    pub(super) async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }
}
