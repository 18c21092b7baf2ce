//! `deckport device …`: which devices are logged in.

use std::path::Path;
use std::time::Duration;

use deckport_endpoint::{Account, Clock, Device, SystemClock};
use deckport_ground::calendar::utc_seconds;
use serde::Serialize;

use crate::args::{DeviceCommand, ListArgs};
use crate::failure::Failure;
use crate::output::{self, line, printable};
use crate::registry::{self, one_account};
use crate::{ago, local};

/// Carries out one device command.
pub(crate) fn run(command: &DeviceCommand, data_dir: &Path) -> Result<(), Failure> {
    match command {
        DeviceCommand::List { account, list: args } => list(account.as_deref(), *args, data_dir),
        DeviceCommand::Rename { id, name } => {
            registry::open(data_dir)?.rename_device(*id, name).map_err(Failure::failed)?;
            line(&format!("device {id} is called {} now", printable(name.trim(), 100)));
            Ok(())
        }
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
    #[serde(skip)]
    created_ms: i64,
    #[serde(skip)]
    last_seen_ms: Option<i64>,
    /// Stands for all devices with the reference server's token of this account.
    shared: bool,
    /// The same client has logged in again since it was last seen: most likely it is the same device,
    /// and this login is left over.
    left_over: bool,
}

impl Row {
    fn of(device: Device, all: &[Device], accounts: &[Account]) -> Self {
        let left_over = all.iter().any(|other| replaces(other, &device));
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
            created_ms: device.created_ms,
            last_seen_ms: device.last_seen_ms,
            shared: device.shared,
            left_over,
        }
    }

    fn cells(&self, now_ms: i64) -> Vec<String> {
        let name = match (self.shared, self.left_over) {
            (true, _) => format!("{} (shared token)", self.name),
            (false, true) => format!("{} (logged in anew since)", self.name),
            (false, false) => self.name.clone(),
        };
        vec![
            self.id.to_string(),
            self.account.clone(),
            name,
            local::day(self.created_ms),
            self.last_seen_ms.map_or_else(|| "never".to_owned(), |then| ago::text(then, now_ms)),
            self.address.clone().unwrap_or_default(),
            self.host.clone().unwrap_or_default(),
        ]
    }
}

/// Whether `other` is most likely the same device, logged in after `device` was last used.
fn replaces(other: &Device, device: &Device) -> bool {
    let last_seen_ms = device.last_seen_ms.unwrap_or(device.created_ms);
    other.id != device.id
        && other.account_id == device.account_id
        && other.created_ms > last_seen_ms
        && !device.client_version.is_empty()
        && other.platform == device.platform
        && other.address == device.address
        && !other.shared
        && !device.shared
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
    if account.is_some() {
        one_account(&registry, account)?;
    }
    let accounts = registry.accounts().map_err(Failure::failed)?;
    let devices = registry.devices(account).map_err(Failure::failed)?;
    let row = |device: &Device| Row::of(device.clone(), &devices, &accounts);
    let rows: Vec<Row> = devices.iter().map(row).collect();
    if args.json {
        return output::json(&rows);
    }
    let now_ms = SystemClock::new().now_ms();
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells(now_ms)).collect();
    let header = ["ID", "ACCOUNT", "DEVICE", "LOGGED IN", "LAST SEEN", "ADDRESS", "SYNCS WITH"];
    line(&output::table(&header, &cells));
    Ok(())
}
