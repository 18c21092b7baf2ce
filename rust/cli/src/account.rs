//! `deckport account …`: who may sync.

use std::path::Path;

use deckport_endpoint::{Account, Clock, Device, RegistryError, SystemClock};
use deckport_ground::calendar::utc_seconds;
use serde::Serialize;

use crate::args::{AccountCommand, ListArgs};
use crate::failure::Failure;
use crate::output::{self, line};
use crate::registry::{self, one_account};
use crate::{ago, password};

/// Carries out one account command.
pub(crate) fn run(command: &AccountCommand, data_dir: &Path) -> Result<(), Failure> {
    match command {
        AccountCommand::Add { name } => add(name, data_dir),
        AccountCommand::Remove { name } => {
            let registry = registry::open(data_dir)?;
            one_account(&registry, Some(name))?;
            registry.remove_account(name).map_err(Failure::failed)?;
            line(&format!(
                "removed {name}; its collection stays in the data folder, and adding the account \
                 again finds it"
            ));
            Ok(())
        }
        AccountCommand::Rename { name, new_name } => {
            let registry = registry::open(data_dir)?;
            one_account(&registry, Some(name))?;
            let account = registry.rename_account(name, new_name).map_err(Failure::failed)?;
            line(&format!("{name} is now {}; its devices stay logged in", account.name));
            Ok(())
        }
        AccountCommand::Password { name } => set_password(name, data_dir),
        AccountCommand::List(args) => list(*args, data_dir),
    }
}

fn add(name: &str, data_dir: &Path) -> Result<(), Failure> {
    let registry = registry::open_or_create(data_dir)?;
    // Better to hear that before typing a password twice.
    if registry.account(name).map_err(Failure::failed)?.is_some() {
        return Err(Failure::failed(RegistryError::AccountExists));
    }
    let password = password::ask_new(name)?;
    let account = registry.add_account(name, &password).map_err(Failure::failed)?;
    line(&format!("added {}", account.name));
    Ok(())
}

fn set_password(name: &str, data_dir: &Path) -> Result<(), Failure> {
    let registry = registry::open(data_dir)?;
    one_account(&registry, Some(name))?;
    let password = password::ask_new(name)?;
    registry.set_password(name, &password).map_err(Failure::failed)?;
    line(&format!("the password of {name} is set; its devices must log in again"));
    Ok(())
}

/// One account as the list shows it.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// Below the data folder.
    folder: String,
    /// Set by `SYNC_USERn`.
    configured: bool,
    /// Was set by `SYNC_USERn` and no longer is: nobody can log in.
    dormant: bool,
    devices: usize,
    /// When one of its devices was last seen.
    last_seen: Option<String>,
    #[serde(skip)]
    last_seen_ms: Option<i64>,
}

impl Row {
    fn of(account: Account, devices: &[Device]) -> Self {
        let devices = || devices.iter().filter(|device| device.account_id == account.id);
        let last_seen_ms = devices().filter_map(|device| device.last_seen_ms).max();
        Self {
            devices: devices().count(),
            last_seen: last_seen_ms.map(utc_seconds),
            last_seen_ms,
            name: account.name,
            folder: account.folder,
            configured: account.configured,
            dormant: account.dormant,
        }
    }

    fn cells(&self, now_ms: i64) -> Vec<String> {
        let from = match (self.dormant, self.configured) {
            (true, _) => "environment (no longer set)",
            (false, true) => "environment",
            (false, false) => "deckport",
        };
        vec![
            self.name.clone(),
            self.devices.to_string(),
            self.last_seen_ms.map_or_else(|| "never".to_owned(), |then| ago::text(then, now_ms)),
            from.to_owned(),
            self.folder.clone(),
        ]
    }
}

fn list(args: ListArgs, data_dir: &Path) -> Result<(), Failure> {
    let registry = registry::open(data_dir)?;
    let devices = registry.devices(None).map_err(Failure::failed)?;
    let accounts = registry.accounts().map_err(Failure::failed)?;
    let rows: Vec<Row> = accounts.into_iter().map(|account| Row::of(account, &devices)).collect();
    if args.json {
        return output::json(&rows);
    }
    let now_ms = SystemClock::new().now_ms();
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells(now_ms)).collect();
    line(&output::table(&["NAME", "DEVICES", "LAST SEEN", "SET BY", "FOLDER"], &cells));
    Ok(())
}
