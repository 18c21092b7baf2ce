//! The object that apps hold.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::address::Address;
use crate::control::Control;
use crate::errors::{OpenError, StartError};
use crate::hub::{Hub, Sink, Subscription};
use crate::listener::{EndpointListener, EndpointState};
use crate::networks::{NetworkInterface, Networks};
use crate::options::EndpointOptions;
use crate::runtime::{self, Threads};
use crate::translate::Translator;

/// An Anki sync endpoint: it hosts collections, and unchanged Anki apps sync with it.
///
/// `open` it on a folder, add an account, and `start` it: from then on devices can sync. `stop` ends
/// serving, and it can be started again; accounts, backups and the rest work in between, too.
/// `shutdown` ends it for good and releases the folder; calls afterwards fail with an error named
/// `Closed`. Releasing the object ends everything at once; running syncs are rolled back.
///
/// All methods may be called from any thread and at the same time. The async ones do their work on
/// threads of the endpoint, so they may be called from the thread of a user interface.
#[derive(Debug, uniffi::Object)]
pub struct Endpoint {
    pub(crate) control: Arc<Control>,
    threads: Arc<Threads>,
}

#[uniffi::export]
impl Endpoint {
    /// Opens a folder, which is made when it is missing. Nothing is served yet.
    ///
    /// # Errors
    /// `OpenError`, notably `FolderInUse` for a second endpoint on the same folder.
    #[uniffi::constructor]
    pub async fn open(options: EndpointOptions) -> Result<Arc<Endpoint>, OpenError> {
        Endpoint::open_with(options, None).await
    }

    /// As `open`, with what people read in Anki on their other devices in their own language.
    ///
    /// # Errors
    /// As for `open`.
    #[uniffi::constructor]
    pub async fn open_translated(
        options: EndpointOptions,
        translator: Arc<dyn Translator>,
    ) -> Result<Arc<Endpoint>, OpenError> {
        Endpoint::open_with(options, Some(translator)).await
    }

    /// Starts serving and returns the addresses under which devices reach it, the best one first.
    /// Does nothing when it already serves.
    ///
    /// # Errors
    /// `StartError`, notably `PortInUse`; the state is `Failed` then, and it may be started again.
    pub async fn start(&self) -> Result<Vec<Address>, StartError> {
        runtime::run(self.threads(), Arc::clone(&self.control).start()).await
    }

    /// Stops serving. Running requests may finish within `stop_timeout_ms`; syncs that are not
    /// complete by then are rolled back, and the databases are closed. Does nothing when it does
    /// not serve. It completes even if the caller is cancelled.
    ///
    /// # Errors
    /// `StartError.Failed` when it could not stop properly; it does not serve then
    /// either.
    pub async fn stop(&self) -> Result<(), StartError> {
        runtime::finish(self.threads(), Arc::clone(&self.control).stop()).await.or_else(unless_over)
    }

    /// Stops, closes everything, releases the folder and ends the endpoint's threads. Listeners
    /// hear of the last state and nothing after it. May be called again.
    ///
    /// # Errors
    /// As for `stop`.
    pub async fn shutdown(&self) -> Result<(), StartError> {
        let (control, threads) = (Arc::clone(&self.control), Arc::clone(&self.threads));
        let end = async move {
            let ended = control.shut_down().await;
            threads.end();
            ended
        };
        runtime::finish(self.threads(), end).await.or_else(unless_over)
    }

    /// What it is doing.
    pub fn state(&self) -> EndpointState {
        self.control.hub.state()
    }

    /// Adds a listener, which is called with the current state first. Keep what is returned: the
    /// calls end when it is cancelled or released.
    ///
    /// # Errors
    /// `StartError.Failed` when the system gives no thread.
    pub fn subscribe(
        &self,
        listener: Arc<dyn EndpointListener>,
    ) -> Result<Arc<Subscription>, StartError> {
        self.control.hub.subscribe(listener).map(Arc::new)
    }

    /// The addresses under which devices reach it now, the best one first; none while it does not
    /// listen. On Android only loopback is known, and only this device is answered, until
    /// `networks_changed` was called.
    pub fn addresses(&self) -> Vec<Address> {
        self.control.addresses()
    }

    /// Tells the endpoint that the device's networks have changed. It looks at them again and
    /// reports `AddressesChanged` when there is something new.
    ///
    /// `interfaces` are all that are up, as `java.net.NetworkInterface` lists them, with their
    /// kinds where the app knows: needed on Android, where a library cannot ask. `None`: the system
    /// is asked, now and each time that `addresses` is called.
    #[uniffi::method(default(interfaces = None))]
    pub fn networks_changed(&self, interfaces: Option<Vec<NetworkInterface>>) {
        self.control.networks_changed(interfaces);
    }
}

impl Endpoint {
    async fn open_with(
        options: EndpointOptions,
        translator: Option<Arc<dyn Translator>>,
    ) -> Result<Arc<Endpoint>, OpenError> {
        let threads = Arc::new(Threads::start()?);
        let (hub, networks) = (Hub::new(), Networks::new());
        let listen_on = options.listen_on()?;
        let sink = Arc::new(Sink(Arc::clone(&hub)));
        let engine = options.for_engine(sink, Arc::clone(&networks) as _, translator)?;
        let open = move || deckport_endpoint::Endpoint::open(engine).map_err(OpenError::from);
        let endpoint = runtime::blocking(threads.handle(), open).await?;
        let control = Arc::new(Control::new(hub, listen_on, networks, endpoint));
        Ok(Arc::new(Endpoint { control, threads }))
    }

    pub(crate) fn threads(&self) -> Option<Handle> {
        self.threads.handle()
    }
}

/// Ending what was shut down, perhaps just now by somebody else, is not an error.
fn unless_over(error: StartError) -> Result<(), StartError> {
    if error == StartError::Closed { Ok(()) } else { Err(error) }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.control.hub.close();
        self.control.let_go();
    }
}
