//! An endpoint that serves nobody, for commands that need a collection for themselves.

use std::path::Path;
use std::sync::Arc;

use deckport_endpoint::{
    AccountCare, Endpoint, EndpointOptions, FolderError, OpenError, SystemClock,
};

use crate::failure::Failure;
use crate::registry::{self, one_account};

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

/// An account, and the endpoint, which must live as long as the care for it.
pub(crate) struct Cared {
    pub(crate) name: String,
    pub(crate) care: AccountCare,
    _endpoint: Endpoint,
}

/// The account that is named, or the only one.
pub(crate) fn care(account: Option<&str>, data_dir: &Path) -> Result<Cared, Failure> {
    // A mistyped folder does not get a new one.
    let name = one_account(&registry::open(data_dir)?, account)?.name;
    let endpoint = open(data_dir)?;
    let care = endpoint.handle().care(&name).map_err(Failure::failed)?;
    Ok(Cared { name, care, _endpoint: endpoint })
}
