//! `deckport backup …`: copies of collections, and getting one back.
//!
//! Looking, writing a copy elsewhere and removing old ones needs the files alone. What needs the
//! collection itself is done by the process that owns it.

use std::path::Path;

use deckport_endpoint::{
    Account, BackupFolder, BackupInfo, BackupPolicy, Clock, Registry, SystemClock,
};
use deckport_ground::calendar::utc_seconds;
use serde::Serialize;

use crate::args::{BackupCommand, PruneArgs};
use crate::failure::Failure;
use crate::output::{self, line};
use crate::registry::{self, one_account};
use crate::work::{self, Work, Workplace};
use crate::{local, size};

/// Carries out one backup command.
pub(crate) fn run(command: &BackupCommand, data_dir: &Path) -> Result<(), Failure> {
    let registry = registry::open(data_dir)?;
    match command {
        BackupCommand::List { account, list: args } => {
            list(&registry, account.as_deref(), args.json, data_dir)
        }
        BackupCommand::Create { account } => {
            work::run(Work::CreateBackup { account: account.clone() }, data_dir)
        }
        BackupCommand::Restore { name, account } => {
            let (account, name) = (account.clone(), name.clone());
            work::run(Work::RestoreBackup { account, name }, data_dir)
        }
        BackupCommand::Export { name, file, account } => {
            export(&one_account(&registry, account.as_deref())?, name, file, data_dir)
        }
        BackupCommand::Prune(args) => {
            prune(&one_account(&registry, args.account.as_deref())?, args, data_dir)
        }
    }
}

/// One backup as the list shows it.
#[derive(Debug, Serialize)]
struct Row {
    account: String,
    name: String,
    file: String,
    made: String,
    #[serde(skip)]
    made_ms: i64,
    reason: &'static str,
    device: Option<String>,
    notes: Option<u64>,
    cards: Option<u64>,
    reviews: Option<u64>,
    /// When the newest review was made.
    last_study: Option<String>,
    /// Size of the collection.
    bytes: Option<u64>,
    stored_bytes: u64,
    compressed: bool,
}

impl Row {
    fn of(backup: BackupInfo, account: &Account) -> Self {
        let counts = backup.counts;
        Self {
            account: account.name.clone(),
            name: backup.name,
            file: backup.file,
            made: utc_seconds(backup.made_ms),
            made_ms: backup.made_ms,
            reason: backup.reason.word(),
            device: backup.device,
            notes: counts.map(|counts| counts.notes),
            cards: counts.map(|counts| counts.cards),
            reviews: counts.map(|counts| counts.reviews),
            last_study: counts.and_then(|counts| counts.last_review_ms).map(utc_seconds),
            bytes: backup.collection_bytes,
            stored_bytes: backup.stored_bytes,
            compressed: backup.compressed,
        }
    }

    /// What fits a terminal; the name tells the reason, too. Without the account where there is only
    /// one.
    fn cells(self, with_account: bool) -> Vec<String> {
        let number = |number: Option<u64>| number.map_or("?".to_owned(), |n| n.to_string());
        let mut cells = vec![
            self.name,
            local::minute(self.made_ms),
            self.device.unwrap_or_default(),
            number(self.cards),
            number(self.reviews),
            size::text(self.stored_bytes),
        ];
        if with_account {
            cells.insert(0, self.account);
        }
        cells
    }
}

const HEADER: [&str; 6] = ["NAME", "MADE", "DEVICE", "CARDS", "REVIEWS", "ON DISK"];

fn list(
    registry: &Registry,
    account: Option<&str>,
    as_json: bool,
    data_dir: &Path,
) -> Result<(), Failure> {
    let accounts = match account {
        Some(_) => vec![one_account(registry, account)?],
        None => registry.accounts().map_err(Failure::failed)?,
    };
    let mut rows = Vec::new();
    for account in &accounts {
        let backups = BackupFolder::of(data_dir, account).list().map_err(Failure::failed)?;
        rows.extend(backups.into_iter().map(|backup| Row::of(backup, account)));
    }
    if as_json {
        return output::json(&rows);
    }
    if rows.is_empty() {
        line("no backups yet: one is kept before a collection is replaced");
        return Ok(());
    }
    let with_account = accounts.len() > 1;
    let cells: Vec<Vec<String>> = rows.into_iter().map(|row| row.cells(with_account)).collect();
    let account = with_account.then_some("ACCOUNT");
    let header: Vec<&str> = account.into_iter().chain(HEADER).collect();
    line(&output::table(&header, &cells));
    Ok(())
}

pub(crate) fn create(place: &Workplace, account: Option<&str>) -> Result<(), Failure> {
    let cared = place.care(account)?;
    let made = cared.care.create_backup(&mut place.stages()).map_err(Failure::failed)?;
    place.line(&format!("kept {} ({})", made.name, size::text(made.stored_bytes)));
    Ok(())
}

pub(crate) fn restore(place: &Workplace, account: Option<&str>, name: &str) -> Result<(), Failure> {
    let cared = place.care(account)?;
    let replaced = cared.care.restore_backup(name, &mut place.stages()).map_err(Failure::failed)?;
    let counts = replaced.counts;
    place.line(&format!(
        "restored {name}: {} notes, {} cards, {} reviews",
        counts.notes, counts.cards, counts.reviews
    ));
    if let Some(kept) = replaced.kept {
        place.line(&format!("what was there before is kept as {}", kept.name));
    }
    place.line(
        "At its next sync each device asks which side to keep. Choose Download on all of them; \
         Upload would replace the restored collection.",
    );
    Ok(())
}

fn export(account: &Account, name: &str, file: &Path, data_dir: &Path) -> Result<(), Failure> {
    let folder = BackupFolder::of(data_dir, account);
    let backup = folder.export(name, file).map_err(Failure::failed)?;
    line(&format!("wrote {} to {}", backup.name, file.display()));
    Ok(())
}

fn prune(account: &Account, args: &PruneArgs, data_dir: &Path) -> Result<(), Failure> {
    let mut policy = BackupPolicy::default();
    policy.newest = args.newest.unwrap_or(policy.newest);
    policy.days = args.days.unwrap_or(policy.days);
    policy.max_bytes = args.max_mb.map(|megabytes| megabytes.saturating_mul(1_000_000));
    let folder = BackupFolder::of(data_dir, account);
    let removed = folder.prune(&policy, SystemClock::new().now_ms()).map_err(Failure::failed)?;
    for backup in &removed {
        line(&format!("removed {} ({})", backup.name, size::text(backup.stored_bytes)));
    }
    let left = folder.list().map_err(Failure::failed)?;
    let bytes = left.iter().map(|backup| backup.stored_bytes).sum();
    line(&format!("{} removed, {} left ({})", removed.len(), left.len(), size::text(bytes)));
    Ok(())
}
