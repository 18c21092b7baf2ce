//! A listener's own thread and the queue in front of it. The thread sleeps until there is
//! something.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::watch;

use crate::android;
use crate::events::EndpointEvent;
use crate::listener::{EndpointListener, EndpointState};

/// Calls that wait for a listener.
const CAPACITY: usize = 256;

/// What a listener is told.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    State(EndpointState),
    Event(EndpointEvent),
}

/// The way to one listener. The queue ends when it is closed; what waits then is not delivered.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// For what the thread holds as long as it runs.
    running: watch::Receiver<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    calls: VecDeque<Call>,
    lost: i64,
    closed: bool,
    finishing: bool,
}

impl Queue {
    /// Starts a listener's thread.
    pub(crate) fn start(listener: Arc<dyn EndpointListener>) -> io::Result<Arc<Queue>> {
        let (runs, running) = watch::channel(());
        let queue = Arc::new(Queue::new(running));
        let own = Arc::clone(&queue);
        thread::Builder::new().name("deckport-events".to_owned()).spawn(move || {
            android::attach_thread();
            while let Some(call) = own.next() {
                deliver(&*listener, call);
            }
            // While the thread is attached, since the app's object is released here.
            drop(listener);
            drop(runs);
            android::detach_thread();
        })?;
        Ok(queue)
    }

    fn new(running: watch::Receiver<()>) -> Queue {
        Queue { waiting: Mutex::default(), changed: Condvar::new(), running }
    }

    /// Waits until the listener has been called for the last time and released.
    pub(crate) async fn ended(&self) {
        let mut running = self.running.clone();
        // Nothing is ever sent: an error is the end of the sender.
        while running.changed().await.is_ok() {}
    }

    /// Puts a call at the end. Never waits for the listener.
    pub(crate) fn push(&self, call: Call) {
        let mut waiting = self.lock();
        if waiting.closed || waiting.finishing {
            return;
        }
        if waiting.calls.len() >= CAPACITY {
            waiting.drop_one();
        }
        waiting.calls.push_back(call);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Ends the thread after everything that waits now.
    pub(crate) fn finish(&self) {
        self.lock().finishing = true;
        self.changed.notify_one();
    }

    /// Ends the thread after its current call.
    pub(crate) fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.calls.clear();
        drop(waiting);
        self.changed.notify_one();
    }

    /// The next call, waiting for it; `None` at the end.
    fn next(&self) -> Option<Call> {
        let mut waiting = self.lock();
        loop {
            if waiting.closed {
                return None;
            }
            if waiting.lost > 0 {
                let count = std::mem::take(&mut waiting.lost);
                return Some(Call::Event(EndpointEvent::EventsLost { count }));
            }
            if let Some(call) = waiting.calls.pop_front() {
                return Some(call);
            }
            if waiting.finishing {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Drops the oldest event; where there are only states, the oldest of these.
    fn drop_one(&mut self) {
        let event = self.calls.iter().position(|call| matches!(call, Call::Event(_)));
        self.calls.remove(event.unwrap_or_default());
        self.lost += i64::from(event.is_some());
    }
}

/// Calls the listener, whatever it does.
fn deliver(listener: &dyn EndpointListener, call: Call) {
    let told = catch_unwind(AssertUnwindSafe(|| match call {
        Call::State(state) => listener.on_state(state),
        Call::Event(event) => listener.on_event(event),
    }));
    match told {
        Ok(Ok(())) => {}
        Ok(Err(error)) => ::log::warn!("{error}"),
        Err(_) => ::log::warn!("a listener could not be called"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new(watch::channel(()).1)
    }

    fn event(count: i64) -> Call {
        Call::Event(EndpointEvent::EventsLost { count })
    }

    #[test]
    fn a_full_queue_loses_the_oldest_events_tells_so_and_keeps_the_last_state() {
        let queue = queue();
        queue.push(Call::State(EndpointState::Starting));
        for number in 0..1_000 {
            queue.push(event(number));
        }
        queue.push(Call::State(EndpointState::Stopping));
        let mut told = Vec::new();
        for _ in 0..=CAPACITY {
            told.push(queue.next().unwrap());
        }
        let lost = 1_000 + 2 - i64::try_from(CAPACITY).unwrap();
        assert!(
            matches!(told[0], Call::Event(EndpointEvent::EventsLost { count }) if count == lost)
        );
        assert!(matches!(told[1], Call::State(EndpointState::Starting)));
        assert!(matches!(told[CAPACITY], Call::State(EndpointState::Stopping)));
    }

    #[test]
    fn states_alone_do_not_grow_either() {
        let queue = queue();
        for _ in 0..1_000 {
            queue.push(Call::State(EndpointState::Starting));
        }
        queue.push(Call::State(EndpointState::Stopped));
        assert_eq!(queue.lock().calls.len(), CAPACITY);
        assert!(matches!(queue.lock().calls.back(), Some(Call::State(EndpointState::Stopped))));
    }
}
