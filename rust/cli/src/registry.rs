//! The registry of a data folder as the account and device commands open it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use deckport_endpoint::{Account, Registry, SystemClock, create_data_folder};

use crate::failure::Failure;
use crate::output::printable;

/// The account database inside the data folder.
const DATABASE: &str = "deckport.db";

/// Opens the registry of a folder that has one. A mistyped folder does not get a new one.
pub(crate) fn open(data_dir: &Path) -> Result<Registry, Failure> {
    let folder = data_dir.display();
    match std::fs::metadata(data_dir.join(DATABASE)) {
        Ok(_) => open_in(data_dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::Failed(format!(
            "there are no accounts in {folder}: name the endpoint's folder with --data, or start \
             with `deckport serve`"
        ))),
        Err(error) => Err(Failure::Failed(format!(
            "the data folder {folder} cannot be read ({error}): run this as the user who runs the \
             endpoint"
        ))),
    }
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
        return match found {
            Some(account) => Ok(account),
            None => Err(no_account(name, &registry.accounts().map_err(Failure::failed)?)),
        };
    }
    let mut accounts = registry.accounts().map_err(Failure::failed)?;
    match accounts.len() {
        0 => Err(Failure::Failed("there is no account yet; add one first".to_owned())),
        1 => Ok(accounts.remove(0)),
        _ => Err(Failure::Usage(format!(
            "there are several accounts ({}): name one with --account",
            names(&accounts)
        ))),
    }
}

/// Nobody has this name; others may have names like it.
fn no_account(name: &str, accounts: &[Account]) -> Failure {
    let name = printable(name, 100);
    Failure::Failed(match accounts {
        [] => format!("there is no account \u{201c}{name}\u{201d}, and no other one"),
        _ => format!("there is no account \u{201c}{name}\u{201d}; there is {}", names(accounts)),
    })
}

fn names(accounts: &[Account]) -> String {
    let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
    printable(&names.join(", "), 200)
}

fn open_in(data_dir: &Path) -> Result<Registry, Failure> {
    Registry::open(data_dir, Arc::new(SystemClock::new())).map_err(Failure::failed)
}
