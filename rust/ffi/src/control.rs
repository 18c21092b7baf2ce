//! The life of an endpoint inside an app: opened, started, stopped any number of times, shut down.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deckport_endpoint::{
    self as engine, Endpoint, EndpointHandle, Interfaces, Interrupt, ListenOn, Scope, addresses,
    listen,
};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::address::Address;
use crate::errors::{Common, StartError};
use crate::events::EndpointEvent;
use crate::hub::Hub;
use crate::listener::EndpointState;
use crate::networks::{NetworkInterface, Networks};

/// What the endpoint's object and its tasks share. Tasks never hold what owns the threads.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) hub: Arc<Hub>,
    /// Ends long work on accounts.
    pub(crate) ending: Interrupt,
    listen_on: ListenOn,
    networks: Arc<Networks>,
    /// One start or stop at a time.
    running: tokio::sync::Mutex<Option<Running>>,
    open: Mutex<Open>,
}

/// What exists until the endpoint is shut down. The hub is told what follows from it while it is locked: of
/// two callers that change it, the later one has the last word.
#[derive(Debug)]
struct Open {
    /// `None` after that.
    endpoint: Option<Arc<Endpoint>>,
    /// The sockets, while it listens.
    bound: Vec<SocketAddr>,
    /// As last reported.
    addresses: Vec<Address>,
}

/// An endpoint that serves.
#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Control {
    /// For an endpoint that was just opened.
    pub(crate) fn new(
        hub: Arc<Hub>,
        listen_on: ListenOn,
        networks: Arc<Networks>,
        endpoint: Endpoint,
    ) -> Control {
        let open =
            Open { endpoint: Some(Arc::new(endpoint)), bound: Vec::new(), addresses: Vec::new() };
        let (running, open) = (tokio::sync::Mutex::default(), Mutex::new(open));
        Control { hub, ending: Interrupt::default(), listen_on, networks, running, open }
    }

    /// The way to accounts and collections.
    pub(crate) fn handle<E: Common>(&self) -> Result<EndpointHandle, E> {
        self.lock().endpoint.as_ref().map(|endpoint| endpoint.handle()).ok_or_else(E::closed)
    }

    /// Starts serving; does nothing when it already serves.
    pub(crate) async fn start(self: Arc<Control>) -> Result<Vec<Address>, StartError> {
        let mut running = self.running.lock().await;
        if running.as_ref().is_some_and(|running| !running.task.is_finished()) {
            return Ok(self.lock().addresses.clone());
        }
        let endpoint = self.lock().endpoint.clone().ok_or_else(StartError::closed)?;
        let attempt = Attempt::begin(&self.hub);
        let listen_on = self.listen_on.clone();
        let listeners = spawn_blocking(move || listen(&listen_on))
            .await
            .map_err(|_| StartError::panicked())
            .and_then(|listened| Ok(listened?))
            .and_then(|listeners| Ok((bound_addresses(&listeners)?, listeners)));
        let (bound, listeners) = match listeners {
            Ok(found) => found,
            Err(error) => return Err(attempt.failed(error)),
        };
        attempt.succeeded();
        let found = self.now_listening(bound);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(Arc::clone(&self), endpoint, listeners, stopped));
        *running = Some(Running { stop, task });
        Ok(found)
    }

    /// Stops serving and waits until everything is closed; does nothing when it does not serve.
    pub(crate) async fn stop(self: Arc<Control>) -> Result<(), StartError> {
        let mut running = self.running.lock().await;
        self.stop_running(&mut running).await
    }

    async fn stop_running(&self, running: &mut Option<Running>) -> Result<(), StartError> {
        let Some(Running { stop, task }) = running.take() else { return Ok(()) };
        self.hub.replace_state(
            |state| matches!(state, EndpointState::Listening { .. }),
            EndpointState::Stopping,
        );
        // It is already gone when serving has failed.
        let _ = stop.send(());
        task.await.map_err(|_| StartError::panicked())
    }

    /// Stops and releases the folder.
    pub(crate) async fn shut_down(self: Arc<Control>) -> Result<(), StartError> {
        self.ending.set();
        // Held to the end: a start that waits for it finds that everything is over.
        let mut running = self.running.lock().await;
        let stopped = self.stop_running(&mut running).await;
        let endpoint = self.lock().endpoint.take();
        // Waits for the accounts' threads. Another call that still holds it closes it instead.
        let closed = spawn_blocking(move || drop(endpoint)).await;
        self.hub.set_state(EndpointState::Stopped);
        self.hub.close();
        stopped.and(closed.map_err(|_| StartError::panicked()))
    }

    /// Ends everything without waiting, for an object that nobody holds any more.
    pub(crate) fn let_go(self: &Arc<Control>) {
        self.ending.set();
        if let Ok(mut running) = self.running.try_lock() {
            drop(running.take());
        }
        let Some(endpoint) = self.lock().endpoint.take() else { return };
        // Closing waits for the accounts' threads; dropping the object must not.
        let close = move || drop(endpoint);
        let _ = std::thread::Builder::new().name("deckport-end".to_owned()).spawn(close);
    }

    /// The addresses under which it is reached now; none while it does not listen.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        let mut open = self.lock();
        let found = open.find_addresses(&self.networks);
        if found != open.addresses {
            open.addresses.clone_from(&found);
            self.tell_addresses(found.clone());
        }
        found
    }

    /// The app's networks have changed; `None`: the system must be asked.
    pub(crate) fn networks_changed(&self, interfaces: Option<Vec<NetworkInterface>>) {
        self.networks.tell(interfaces);
        // After the end nothing is announced.
        if let Some(endpoint) = &self.lock().endpoint {
            endpoint.handle().networks_changed();
        }
        self.addresses();
    }

    fn now_listening(&self, bound: Vec<SocketAddr>) -> Vec<Address> {
        let mut open = self.lock();
        open.bound = bound;
        let addresses = open.find_addresses(&self.networks);
        open.addresses.clone_from(&addresses);
        self.hub.set_state(EndpointState::Listening { addresses: addresses.clone() });
        addresses
    }

    fn tell_addresses(&self, addresses: Vec<Address>) {
        let now = EndpointState::Listening { addresses: addresses.clone() };
        if self.hub.replace_state(|state| matches!(state, EndpointState::Listening { .. }), now) {
            self.hub.tell(EndpointEvent::AddressesChanged { addresses });
        }
    }

    fn no_longer_listening(&self, state: EndpointState) {
        let mut open = self.lock();
        open.bound.clear();
        open.addresses.clear();
        self.hub.set_state(state);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn find_addresses(&self, networks: &Networks) -> Vec<Address> {
        if self.bound.is_empty() {
            return Vec::new();
        }
        let found = addresses(&self.bound, &networks.now(), &Scope::Local);
        let is_secure =
            self.endpoint.as_ref().is_some_and(|endpoint| endpoint.handle().requires_tls());
        let typed = |found: engine::Address| if is_secure { found.over_tls() } else { found };
        found.into_iter().map(|found| typed(found).into()).collect()
    }
}

async fn serve(
    control: Arc<Control>,
    endpoint: Arc<Endpoint>,
    listeners: Vec<TcpListener>,
    stopped: oneshot::Receiver<()>,
) {
    let shutdown = async {
        // An error means that its owner is gone.
        let _ = stopped.await;
    };
    // In a task of its own, so that a panic is noticed.
    let served = tokio::spawn(async move { endpoint.serve(listeners, shutdown).await }).await;
    let state = match served {
        Ok(Ok(())) => EndpointState::Stopped,
        Ok(Err(error)) => EndpointState::Failed { reason: error.to_string() },
        Err(_) => EndpointState::Failed { reason: StartError::panicked().to_string() },
    };
    control.no_longer_listening(state);
}

fn bound_addresses(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, StartError> {
    let addresses: std::io::Result<_> = listeners.iter().map(TcpListener::local_addr).collect();
    addresses.map_err(|error| StartError::failed(format!("a socket has no address: {error}")))
}

/// A start under way. When it is given up the endpoint counts as stopped.
struct Attempt<'a> {
    hub: &'a Hub,
    ended: bool,
}

impl Attempt<'_> {
    fn begin(hub: &Hub) -> Attempt<'_> {
        hub.set_state(EndpointState::Starting);
        Attempt { hub, ended: false }
    }

    fn failed(mut self, error: StartError) -> StartError {
        self.ended = true;
        self.hub.set_state(EndpointState::Failed { reason: error.to_string() });
        error
    }

    fn succeeded(mut self) {
        self.ended = true;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.hub.set_state(EndpointState::Stopped);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use crate::{Endpoint, EndpointOptions, EndpointState, NetworkInterface};

    /// How often a race is run: enough that one that is lost now and then is seen.
    const ROUNDS: usize = 300;
    /// And one that starts and stops each time.
    const STARTS: usize = 100;

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn opened(folder: &std::path::Path) -> Arc<Endpoint> {
        let mut options = EndpointOptions::new(folder.to_str().unwrap());
        options.port = 0;
        wait(Endpoint::open(options)).unwrap()
    }

    /// What an app would report on a network in which the device's address has this last byte.
    fn network(last: usize) -> Option<Vec<NetworkInterface>> {
        let addresses = vec![format!("192.168.1.{}", last % 200 + 1)];
        Some(vec![NetworkInterface { name: "wlan0".to_owned(), addresses, kind: None }])
    }

    /// Two changes at once, while for a while nobody can be told of one: what there is to tell then
    /// waits.
    fn networks_change_twice_at_once(endpoint: &Endpoint, round: usize) {
        // Before nobody is told: what changes the addresses may wait for that with the door closed.
        let before = endpoint.control.lock().addresses.clone();
        thread::scope(|scope| {
            let held = endpoint.control.hub.hold();
            scope.spawn(|| endpoint.networks_changed(network(2 * round)));
            scope.spawn(|| endpoint.networks_changed(network(2 * round + 1)));
            // Until one of them has something to tell, or waits to tell it.
            let told = |open: &super::Open| open.bound.is_empty() || open.addresses != before;
            while endpoint.control.open.try_lock().is_ok_and(|open| !told(&open)) {
                thread::yield_now();
            }
            drop(held);
        });
    }

    #[test]
    fn the_addresses_of_the_state_are_those_of_the_networks_last_reported() {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = opened(folder.path());
        wait(endpoint.start()).unwrap();
        for round in 0..ROUNDS {
            networks_change_twice_at_once(&endpoint, round);
            // In this order: asking for the addresses also reports them when they are new.
            let state = endpoint.state();
            assert_eq!(state, EndpointState::Listening { addresses: endpoint.addresses() });
        }
        wait(endpoint.shutdown()).unwrap();
    }

    #[test]
    fn a_start_or_stop_has_the_last_word_over_networks_that_change_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = opened(folder.path());
        for round in 0..STARTS {
            thread::scope(|scope| {
                scope.spawn(|| wait(endpoint.start()).unwrap());
                scope.spawn(|| networks_change_twice_at_once(&endpoint, 2 * round));
            });
            let state = endpoint.state();
            assert_eq!(state, EndpointState::Listening { addresses: endpoint.addresses() });
            thread::scope(|scope| {
                scope.spawn(|| wait(endpoint.stop()).unwrap());
                // Other networks than before, so that there is something to tell.
                scope.spawn(|| networks_change_twice_at_once(&endpoint, 2 * round + 1));
            });
            assert_eq!(endpoint.state(), EndpointState::Stopped);
        }
        wait(endpoint.shutdown()).unwrap();
    }
}
