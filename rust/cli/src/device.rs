//! `deckport device …`: which devices are logged in.

use std::path::Path;
use std::time::Duration;

use deckport_endpoint::{Account, Device, RegistryError};
use deckport_ground::calendar::utc_seconds;
use serde::Serialize;

use crate::args::{DeviceCommand, ListArgs};
use crate::failure::Failure;
use crate::output::{self, line, printable};
use crate::registry;

/// Carries out one device command.
pub(crate) fn run(command: &DeviceCommand, data_dir: &Path) -> Result<(), Failure> {
    match command {
        DeviceCommand::List { account, list: args } => list(account.as_deref(), *args, data_dir),
        DeviceCommand::Revoke { id } => {
            registry::open(data_dir)?.revoke_device(*id).map_err(Failure::failed)?;
            line(&format!("revoked device {id}; it must log in again"));
            Ok(())
        }
        DeviceCommand::Prune { unused } => prune(*unused, data_dir),
    }
}

/// One device as the list shows it.
#[derive(Debug, Serialize)]
struct Row {
    id: i64,
    account: String,
    name: String,
    client_version: String,
    platform: String,
    address: Option<String>,
    /// The name or address, with the port, that is in its settings.
    host: Option<String>,
    logged_in: String,
    last_seen: Option<String>,
    /// Stands for all devices with the reference server's token of this account.
    shared: bool,
}

impl Row {
    fn of(device: Device, accounts: &[Account]) -> Self {
        let account = accounts.iter().find(|account| account.id == device.account_id);
        Self {
            id: device.id,
            account: account.map(|account| account.name.clone()).unwrap_or_default(),
            name: device.name,
            client_version: device.client_version,
            platform: device.platform,
            address: device.address.map(|address| address.to_string()),
            host: device.host,
            logged_in: utc_seconds(device.created_ms),
            last_seen: device.last_seen_ms.map(utc_seconds),
            shared: device.shared,
        }
    }

    fn cells(&self) -> Vec<String> {
        let name =
            if self.shared { format!("{} (shared token)", self.name) } else { self.name.clone() };
        vec![
            self.id.to_string(),
            self.account.clone(),
            name,
            self.logged_in.clone(),
            self.last_seen.clone().unwrap_or_else(|| "never".to_owned()),
            self.address.clone().unwrap_or_default(),
            self.host.clone().unwrap_or_default(),
        ]
    }
}

fn prune(unused_days: u32, data_dir: &Path) -> Result<(), Failure> {
    let registry = registry::open(data_dir)?;
    let unused = Duration::from_secs(u64::from(unused_days) * 86_400);
    let ended = registry.prune_devices(unused).map_err(Failure::failed)?;
    for device in &ended {
        let last_seen = device.last_seen_ms.map_or_else(|| "never".to_owned(), utc_seconds);
        let name = printable(&device.name, 100);
        line(&format!("logged out device {} ({name}), last seen: {last_seen}", device.id));
    }
    line(&format!("{} logged out", ended.len()));
    Ok(())
}

fn list(account: Option<&str>, args: ListArgs, data_dir: &Path) -> Result<(), Failure> {
    let registry = registry::open(data_dir)?;
    if let Some(name) = account
        && registry.account(name).map_err(Failure::failed)?.is_none()
    {
        return Err(Failure::failed(RegistryError::NoSuchAccount));
    }
    let accounts = registry.accounts().map_err(Failure::failed)?;
    let devices = registry.devices(account).map_err(Failure::failed)?;
    let rows: Vec<Row> = devices.into_iter().map(|device| Row::of(device, &accounts)).collect();
    if args.json {
        return output::json(&rows);
    }
    let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    let header = ["ID", "ACCOUNT", "DEVICE", "LOGGED IN", "LAST SEEN", "ADDRESS", "SYNCS WITH"];
    line(&output::table(&header, &cells));
    Ok(())
}
