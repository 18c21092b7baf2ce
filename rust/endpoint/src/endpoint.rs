//! The endpoint as a whole: a data folder, its accounts, and serving them.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::backup;
use crate::folder::{DataFolder, FolderError};
use crate::handle::{EndpointHandle, Inner};
use crate::options::EndpointOptions;
use crate::registry::{Registry, RegistryError};
use crate::server::Server;
use crate::temp_file;
use crate::worker::Workers;

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
}

/// Why serving ended otherwise than by its shutdown signal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A listener cannot be used.
    #[error("a listening socket cannot be used: {0}")]
    Listener(#[source] io::Error),
}

/// An endpoint that owns its data folder. Dropping it closes all collections and gives the folder
/// free; what its handles are just doing is finished first.
#[derive(Debug)]
pub struct Endpoint {
    handle: EndpointHandle,
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
            registry.set_configured_accounts(&options.configured_accounts)
        })
    }

    /// The same for work without serving: which accounts are configured from outside is left as
    /// the last [`Endpoint::open`] found it.
    ///
    /// # Errors
    /// As for [`Endpoint::open`].
    pub fn open_unserved(options: EndpointOptions) -> Result<Endpoint, OpenError> {
        Endpoint::open_with(options, |_, _| Ok(()))
    }

    fn open_with(
        options: EndpointOptions,
        set_accounts: impl FnOnce(&Registry, &EndpointOptions) -> Result<(), RegistryError>,
    ) -> Result<Endpoint, OpenError> {
        let folder = DataFolder::open(&options.data_dir)?;
        let registry = Registry::open(folder.path(), Arc::clone(&options.clock))?;
        set_accounts(&registry, &options)?;
        // Uploads of old clients wait here until it is known whose they are.
        temp_file::remove_leftovers(folder.path());
        for account in registry.accounts()? {
            let account_folder = folder.path().join(&account.folder);
            temp_file::remove_leftovers(&account_folder);
            backup::remove_unfinished(&account_folder);
            backup::settle(&account_folder);
        }
        let workers = Arc::new(Workers::new(&options));
        let inner = Inner { options, registry: Arc::new(registry), workers };
        Ok(Endpoint { handle: EndpointHandle { inner: Arc::new(inner) }, _folder: folder })
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
    /// progress are rolled back and all databases are checkpointed and closed.
    ///
    /// Must run inside a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// [`ServeError::Listener`] when a listener cannot be used.
    pub async fn serve(
        self,
        listeners: Vec<TcpListener>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let Inner { options, registry, workers } = &*self.handle.inner;
        let server = Server::new(options.clone(), Arc::clone(registry), Arc::clone(workers));
        server.run(listeners, shutdown).await.map_err(ServeError::Listener)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.handle.inner.workers.close();
    }
}
