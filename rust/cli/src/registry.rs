//! The registry of a data folder as the account and device commands open it.

use std::path::Path;
use std::sync::Arc;

use deckport_endpoint::{Registry, SystemClock, create_data_folder};

use crate::failure::Failure;

/// The account database inside the data folder.
const DATABASE: &str = "deckport.db";

/// Opens the registry of a folder that has one. A mistyped folder is not filled with a new one.
pub(crate) fn open(data_dir: &Path) -> Result<Registry, Failure> {
    if !data_dir.join(DATABASE).is_file() {
        return Err(Failure::Failed(format!(
            "there are no accounts in {}: name the endpoint's folder with --data, or start with \
             `deckport serve`",
            data_dir.display()
        )));
    }
    open_in(data_dir)
}

/// Opens the registry of a folder; both are made when missing.
pub(crate) fn open_or_create(data_dir: &Path) -> Result<Registry, Failure> {
    create_data_folder(data_dir).map_err(Failure::failed)?;
    open_in(data_dir)
}

fn open_in(data_dir: &Path) -> Result<Registry, Failure> {
    Registry::open(data_dir, Arc::new(SystemClock::new())).map_err(Failure::failed)
}
