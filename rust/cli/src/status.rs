//! `deckport status`: whether the endpoint runs, where it is reached, and how the accounts are.

use std::net::SocketAddr;

use deckport_endpoint::{
    AccountOverview, Address, Clock, Interfaces, Scope, SystemClock, SystemInterfaces, addresses,
};
use deckport_ground::calendar::utc_seconds;
use serde::Serialize;

use crate::ago::{self, counted};
use crate::args::ListArgs;
use crate::failure::Failure;
use crate::output::{self, printable};
use crate::size;
use crate::typed::Typed;
use crate::work::Workplace;

/// What `serve` knows of itself.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub(crate) typed: Typed,
    pub(crate) bound: Vec<SocketAddr>,
    pub(crate) scope: Scope,
    /// Whether other machines must come by https.
    pub(crate) over_tls: bool,
    /// In Unix milliseconds.
    pub(crate) since_ms: i64,
}

impl Serving {
    /// What a person can type into Anki, as the networks are now.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        let all = addresses(&self.bound, &SystemInterfaces::default().now(), &self.scope);
        if self.over_tls { all.into_iter().map(Address::over_tls).collect() } else { all }
    }
}

#[derive(Debug, Serialize)]
struct Status {
    version: &'static str,
    running: Option<Running>,
    accounts: Vec<AccountStatus>,
    /// What keeps the endpoint from its work.
    trouble: Option<String>,
}

#[derive(Debug, Serialize)]
struct Running {
    process: u32,
    since: String,
    addresses: Vec<String>,
}

#[derive(Debug, Serialize)]
struct AccountStatus {
    name: String,
    notes: u64,
    cards: u64,
    reviews: u64,
    media_files: u64,
    bytes: u64,
    quota_bytes: Option<u64>,
    backups: u64,
    devices: usize,
    /// When a device was last here.
    last_seen: Option<String>,
    /// The device whose sync is under way.
    syncing: Option<String>,
}

/// Carries out the command.
pub(crate) fn run(place: &Workplace, args: ListArgs) -> Result<(), Failure> {
    let now_ms = SystemClock::new().now_ms();
    let running = place.serving.map(|serving| Running {
        process: std::process::id(),
        since: utc_seconds(serving.since_ms),
        addresses: serving.addresses().into_iter().map(|address| address.url).collect(),
    });
    let mut accounts = Vec::new();
    let mut texts = Vec::new();
    for account in place.handle.registry().accounts().map_err(Failure::failed)? {
        let devices = place.handle.registry().devices(Some(&account.name));
        let devices = devices.map_err(Failure::failed)?;
        let last_seen_ms = devices.iter().filter_map(|device| device.last_seen_ms).max();
        let holds = overview(place, &account.name)?;
        texts.push(text(&account.name, &holds, devices.len(), last_seen_ms, now_ms));
        accounts.push(status(account.name, holds, devices.len(), last_seen_ms));
    }
    let trouble = place.handle.check_health().err();
    if args.json {
        let version = env!("CARGO_PKG_VERSION");
        place.line(&output::as_json(&Status { version, running, accounts, trouble })?);
        return Ok(());
    }
    match (&running, place.serving) {
        (Some(running), Some(serving)) => {
            let begun = ago::text(serving.since_ms, now_ms);
            place.line(&format!("Deckport runs as process {}, started {begun}:", running.process));
            running.addresses.iter().for_each(|address| place.line(&format!("  {address}")));
        }
        _ => {
            let serve = place.typed.command(&["serve"]);
            place.line(&format!("Deckport does not run here now: `{serve}` starts it."));
        }
    }
    texts.iter().for_each(|text| place.line(text));
    match trouble {
        Some(trouble) => Err(Failure::Failed(trouble)),
        None => Ok(()),
    }
}

fn overview(place: &Workplace, account: &str) -> Result<AccountOverview, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(Failure::failed)?;
    runtime.block_on(place.handle.overview(account)).map_err(Failure::failed)
}

fn status(
    name: String,
    holds: AccountOverview,
    devices: usize,
    last_seen_ms: Option<i64>,
) -> AccountStatus {
    AccountStatus {
        name,
        notes: holds.collection.summary.notes,
        cards: holds.collection.summary.cards,
        reviews: holds.collection.summary.reviews,
        media_files: holds.media_files,
        bytes: holds.held_bytes,
        quota_bytes: holds.max_bytes,
        backups: holds.backups,
        devices,
        last_seen: last_seen_ms.map(utc_seconds),
        syncing: holds.syncing,
    }
}

/// An account in a few lines of at most 80 columns, if its name is no longer than usual.
fn text(
    name: &str,
    holds: &AccountOverview,
    devices: usize,
    last_seen_ms: Option<i64>,
    now_ms: i64,
) -> String {
    let summary = holds.collection.summary;
    let limit = holds.max_bytes.map_or(String::new(), |max| format!(" of {}", size::text(max)));
    let mut lines = vec![
        format!("{}:", printable(name, 100)),
        format!(
            "  {}, {}, {}, {}",
            counted(summary.notes, "note"),
            counted(summary.cards, "card"),
            counted(summary.reviews, "review"),
            counted(holds.media_files, "media file"),
        ),
        format!(
            "  {}{limit} on the disk, with {}",
            size::text(holds.held_bytes),
            counted(holds.backups, "backup")
        ),
        match last_seen_ms {
            None => format!("  {}, never seen", counted(devices as u64, "device")),
            Some(then) => format!(
                "  {}, last seen {}",
                counted(devices as u64, "device"),
                ago::text(then, now_ms)
            ),
        },
    ];
    if let Some(device) = &holds.syncing {
        lines.push(format!("  {} is syncing now", printable(device, 100)));
    }
    lines.join("\n")
}
