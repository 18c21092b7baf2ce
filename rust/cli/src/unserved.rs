//! An endpoint that serves nobody, for commands that need a collection for themselves.

use std::path::Path;
use std::sync::Arc;

use deckport_endpoint::{Endpoint, EndpointOptions, FolderError, OpenError, SystemClock};

use crate::failure::Failure;

/// Takes the data folder for this process only.
pub(crate) fn open(data_dir: &Path) -> Result<Endpoint, Failure> {
    let mut options = EndpointOptions::new(data_dir);
    options.clock = Arc::new(SystemClock::new());
    Endpoint::open_unserved(options).map_err(|error| match error {
        OpenError::Folder(FolderError::InUse { path }) => Failure::Failed(format!(
            "the endpoint is running on {} and owns the collections: stop it, run this again, and \
             start it again",
            path.display()
        )),
        other => Failure::failed(other),
    })
}
