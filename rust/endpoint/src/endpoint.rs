//! The endpoint as a whole: a data folder, its accounts, and serving them.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::folder::{DataFolder, FolderError};
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

/// An endpoint that owns its data folder. Dropping it gives the folder free.
#[derive(Debug)]
pub struct Endpoint {
    options: EndpointOptions,
    registry: Arc<Registry>,
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
        let folder = DataFolder::open(&options.data_dir)?;
        let registry = Registry::open(folder.path(), Arc::clone(&options.clock))?;
        registry.set_configured_accounts(&options.configured_accounts)?;
        // Uploads of old clients wait here until it is known whose they are.
        temp_file::remove_leftovers(folder.path());
        for account in registry.accounts()? {
            temp_file::remove_leftovers(&folder.path().join(&account.folder));
        }
        Ok(Endpoint { options, registry: Arc::new(registry), _folder: folder })
    }

    /// The accounts and their devices. May be used while serving; changes count at once.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
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
        let workers = Workers::new(&self.options);
        let server = Server::new(self.options.clone(), Arc::clone(&self.registry), workers);
        server.run(listeners, shutdown).await.map_err(ServeError::Listener)
    }
}
