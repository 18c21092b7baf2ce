//! The endpoint as a whole: a data folder, its accounts, and serving them.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deckport_accounts::{Pairings, Registry, RegistryError};
use deckport_ground::temp_file;
use deckport_household::{DataFolder, FolderError, Household};

use crate::announce::Announcer;
use crate::handle::{EndpointHandle, Inner};
use crate::options::EndpointOptions;
use crate::refusals::Refusals;
use crate::server::Server;
use crate::tls::{Tls, TlsError, TlsOptions};

/// Why an endpoint could not be opened. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data folder cannot be used, or another endpoint uses it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The accounts cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The certificate of the owner cannot be used, or https is a must and impossible.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Why serving ended otherwise than by its shutdown signal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A listener cannot be used.
    #[error("a listening socket cannot be used: {0}")]
    Listener(#[source] io::Error),
    /// It serves already.
    #[error("this endpoint serves already; stop it first")]
    AlreadyServing,
    /// It does not know which tokens of configured accounts are good, and clients forget a login
    /// that is refused.
    #[error("this endpoint was opened for work without serving; open it again to serve")]
    Unserved,
}

/// An endpoint that owns its data folder. Dropping it closes all collections and gives the folder
/// free; what its handles are just doing is finished first.
#[derive(Debug)]
pub struct Endpoint {
    handle: EndpointHandle,
    is_serving: AtomicBool,
    may_serve: bool,
    /// Keeps other endpoints out.
    _folder: DataFolder,
}

impl Endpoint {
    /// Opens the data folder (made when missing), locks it, reads the accounts and removes what
    /// an interrupted transfer left behind.
    ///
    /// # Errors
    /// See [`OpenError`]; a second endpoint on the same folder is [`FolderError::InUse`].
    pub fn open(options: EndpointOptions) -> Result<Endpoint, OpenError> {
        Endpoint::open_with(options, |registry, options| {
            registry.set_configured_accounts(&options.configured_accounts)?;
            registry.set_token_lifetime(options.token_lifetime);
            registry.end_unused_devices()
        })
    }

    /// The same for work without serving: which accounts are configured from outside is left as
    /// the last [`Endpoint::open`] found it, and no device ends.
    ///
    /// # Errors
    /// As for [`Endpoint::open`].
    pub fn open_unserved(options: EndpointOptions) -> Result<Endpoint, OpenError> {
        let options = EndpointOptions { tls: TlsOptions::off(), ..options };
        let mut endpoint = Endpoint::open_with(options, |_, _| Ok(()))?;
        endpoint.may_serve = false;
        Ok(endpoint)
    }

    fn open_with(
        mut options: EndpointOptions,
        set_accounts: impl FnOnce(&Registry, &EndpointOptions) -> Result<(), RegistryError>,
    ) -> Result<Endpoint, OpenError> {
        let folder = DataFolder::open(&options.data_dir)?;
        let registry = Registry::open(folder.path(), Arc::clone(&options.clock))?;
        set_accounts(&registry, &options)?;
        // Uploads of old clients wait here until it is known whose they are.
        temp_file::remove_leftovers(folder.path());
        let announcer = Arc::new(Announcer::new(&registry, &options.announce)?);
        let household = Household::open(options.household(), Arc::new(registry))?;
        options.events = Arc::clone(household.events());
        let tls = Tls::open(&options, announcer.watch())?.map(Arc::new);
        let (pairings, refusals) = (Pairings::default(), Refusals::default());
        let inner = Inner { options, household, pairings, tls, announcer, refusals };
        let handle = EndpointHandle { inner: Arc::new(inner) };
        let is_serving = AtomicBool::new(false);
        Ok(Endpoint { handle, is_serving, may_serve: true, _folder: folder })
    }

    /// The accounts and their devices. May be used while serving; changes count at once.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        self.handle.registry()
    }

    /// A way to this endpoint that also works while it serves.
    #[must_use]
    pub fn handle(&self) -> EndpointHandle {
        self.handle.clone()
    }

    /// Answers requests on bound listeners until `shutdown` completes. Then nothing new is
    /// accepted, running requests get [`drain`](crate::Timings::drain) to finish, syncs in
    /// progress are rolled back and all databases are checkpointed and closed. Afterwards it can
    /// serve again. Dropping the future ends everything at once; what was not committed is gone.
    ///
    /// Must run inside a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// [`ServeError::Listener`] when a listener cannot be used, [`ServeError::AlreadyServing`], or
    /// [`ServeError::Unserved`] after [`Endpoint::open_unserved`].
    pub async fn serve(
        &self,
        listeners: Vec<TcpListener>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        if !self.may_serve {
            return Err(ServeError::Unserved);
        }
        let _serving = Serving::begin(&self.is_serving)?;
        let server = Server::new(&self.handle.inner);
        server.run(listeners, shutdown).await.map_err(ServeError::Listener)
    }
}

/// Set while an endpoint serves.
struct Serving<'a>(&'a AtomicBool);

impl Serving<'_> {
    fn begin(is_serving: &AtomicBool) -> Result<Serving<'_>, ServeError> {
        if is_serving.swap(true, Ordering::AcqRel) {
            return Err(ServeError::AlreadyServing);
        }
        Ok(Serving(is_serving))
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.handle.inner.household.workers().end();
    }
}
