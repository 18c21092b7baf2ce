//! The registry of a data folder as the account and device commands open it.

use std::path::Path;
use std::sync::Arc;

use deckport_endpoint::{Account, Registry, RegistryError, SystemClock, create_data_folder};

use crate::failure::Failure;
use crate::output::printable;

/// The account database inside the data folder.
const DATABASE: &str = "deckport.db";

/// Opens the registry of a folder that has one. A mistyped folder does not get a new one.
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

/// The account that a command is about: the one that is named, or the only one.
pub(crate) fn one_account(registry: &Registry, name: Option<&str>) -> Result<Account, Failure> {
    if let Some(name) = name {
        let found = registry.account(name).map_err(Failure::failed)?;
        return found.ok_or_else(|| Failure::failed(RegistryError::NoSuchAccount));
    }
    let mut accounts = registry.accounts().map_err(Failure::failed)?;
    match (accounts.pop(), accounts.is_empty()) {
        (Some(account), true) => Ok(account),
        (None, _) => Err(Failure::Failed("there is no account yet; add one first".to_owned())),
        (Some(last), false) => {
            let names: Vec<String> =
                accounts.into_iter().chain([last]).map(|account| account.name).collect();
            Err(Failure::Usage(format!(
                "there are several accounts ({}): name one with --account",
                printable(&names.join(", "), 200)
            )))
        }
    }
}

fn open_in(data_dir: &Path) -> Result<Registry, Failure> {
    Registry::open(data_dir, Arc::new(SystemClock::new())).map_err(Failure::failed)
}
