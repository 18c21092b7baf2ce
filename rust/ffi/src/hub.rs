//! An endpoint's state and everybody who listens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use deckport_endpoint::{Event, EventSink};

use crate::delivery::{Call, Queue};
use crate::errors::{Common, StartError};
use crate::events::EndpointEvent;
use crate::listener::{EndpointListener, EndpointState};

/// Hands states and events to listeners.
#[derive(Debug)]
pub(crate) struct Hub {
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    state: EndpointState,
    listeners: Vec<Arc<Queue>>,
    closed: bool,
}

impl Hub {
    /// For a stopped endpoint.
    pub(crate) fn new() -> Arc<Hub> {
        let (state, listeners) = (EndpointState::Stopped, Vec::new());
        Arc::new(Hub { inside: Mutex::new(Inside { state, listeners, closed: false }) })
    }

    /// What the endpoint is doing.
    pub(crate) fn state(&self) -> EndpointState {
        self.lock().state.clone()
    }

    /// Changes the state and tells everybody; the same state again is not news.
    pub(crate) fn set_state(&self, state: EndpointState) {
        let mut inside = self.lock();
        if inside.state != state {
            inside.state = state.clone();
            // Pushed under the lock, so that all listeners see the same order.
            inside.tell(&Call::State(state));
        }
    }

    /// Changes the state only if `is_meant` says so; returns whether it did.
    pub(crate) fn replace_state(
        &self,
        is_meant: impl FnOnce(&EndpointState) -> bool,
        state: EndpointState,
    ) -> bool {
        let mut inside = self.lock();
        let change = is_meant(&inside.state) && inside.state != state;
        if change {
            inside.state = state.clone();
            inside.tell(&Call::State(state));
        }
        change
    }

    /// Tells everybody of an event.
    pub(crate) fn tell(&self, event: EndpointEvent) {
        self.lock().tell(&Call::Event(event));
    }

    /// Adds a listener, which gets the current state first.
    pub(crate) fn subscribe(
        self: &Arc<Hub>,
        listener: Arc<dyn EndpointListener>,
    ) -> Result<Subscription, StartError> {
        let queue = Queue::start(listener)
            .map_err(|error| StartError::failed(format!("there is no thread: {error}")))?;
        let mut inside = self.lock();
        if inside.closed {
            queue.close();
            return Err(StartError::closed());
        }
        queue.push(Call::State(inside.state.clone()));
        inside.listeners.push(Arc::clone(&queue));
        Ok(Subscription { hub: Arc::downgrade(self), queue })
    }

    /// Releases all listeners.
    pub(crate) fn close(&self) {
        let mut inside = self.lock();
        inside.closed = true;
        for queue in inside.listeners.drain(..) {
            queue.finish();
        }
    }

    /// Nobody is told anything as long as this is held.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Drop + '_ {
        self.lock()
    }

    fn remove(&self, queue: &Arc<Queue>) {
        self.lock().listeners.retain(|other| !Arc::ptr_eq(other, queue));
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn tell(&self, call: &Call) {
        for queue in &self.listeners {
            queue.push(call.clone());
        }
    }
}

/// What the engine reports, on its way to the listeners.
#[derive(Debug)]
pub(crate) struct Sink(pub(crate) Arc<Hub>);

impl EventSink for Sink {
    fn event(&self, event: &Event) {
        if let Some(event) = EndpointEvent::of(event) {
            ::log::debug!("{event:?}");
            self.0.tell(event);
        }
    }
}

/// A listener's registration. Cancelling or dropping it ends the calls: keep it as long as you want
/// to be told. A call that is under way is not waited for.
#[derive(Debug, uniffi::Object)]
pub struct Subscription {
    hub: Weak<Hub>,
    queue: Arc<Queue>,
}

#[uniffi::export]
impl Subscription {
    /// Ends the calls and releases the listener. May be called from the listener itself, and
    /// again.
    pub fn cancel(&self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.remove(&self.queue);
        }
        self.queue.close();
    }

    /// Waits for the end of the calls: until everything has been told that there was to tell when the
    /// endpoint was shut down or released, or until this was cancelled. The listener is then released.
    pub async fn ended(&self) {
        self.queue.ended().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::runtime::Builder;

    use super::*;
    use crate::errors::ListenerError;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl EndpointListener for Counter {
        fn on_state(&self, _: EndpointState) -> Result<(), ListenerError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }

        fn on_event(&self, _: EndpointEvent) -> Result<(), ListenerError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    fn wait<T>(future: impl Future<Output = T>) -> T {
        Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn a_subscription_ends_with_the_hub_when_all_is_told_and_the_listener_is_released() {
        let hub = Hub::new();
        let counter = Arc::new(Counter::default());
        let subscription = hub.subscribe(Arc::clone(&counter) as _).unwrap();
        for count in 0..100 {
            hub.tell(EndpointEvent::EventsLost { count });
        }
        hub.close();
        wait(subscription.ended());
        // The state of the beginning, and the events.
        assert_eq!(counter.0.load(Ordering::SeqCst), 101);
        assert_eq!(Arc::strong_count(&counter), 1);
        wait(subscription.ended());
    }

    #[test]
    fn a_subscription_ends_when_it_is_cancelled() {
        let hub = Hub::new();
        let counter = Arc::new(Counter::default());
        let subscription = hub.subscribe(Arc::clone(&counter) as _).unwrap();
        subscription.cancel();
        wait(subscription.ended());
        assert_eq!(Arc::strong_count(&counter), 1);
    }
}
