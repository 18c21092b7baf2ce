//! `backup`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ListArgs;

const RESTORE_EXAMPLE: &str = "Example:
  deckport backup list
  deckport backup restore 2026-11-20-123127-upload

The present collection is kept first. Afterwards choose Download on
all devices when they ask which side to keep.";

const EXPORT_EXAMPLE: &str = "Example:
  deckport backup export 2026-11-20-123127-upload old.anki2";

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Show the backups, newest first
    #[command(after_help = "Example:\n  deckport backup list --account anna")]
    List {
        /// Only those of this account
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Keep a copy of the collection as it is now
    #[command(after_help = "Example:\n  deckport backup create")]
    Create {
        /// Whose collection; needed when there are several accounts
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
    },
    /// Replace the collection with a backup
    #[command(after_help = RESTORE_EXAMPLE)]
    Restore {
        /// Its name in `deckport backup list`
        name: String,
        /// Whose backup; needed when there are several accounts
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
    },
    /// Write a backup to a file, as an ordinary Anki collection
    #[command(after_help = EXPORT_EXAMPLE)]
    Export {
        /// Its name in `deckport backup list`
        name: String,
        /// The file to write; it must not exist
        file: PathBuf,
        /// Whose backup; needed when there are several accounts
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
    },
    /// Remove backups that are no longer needed; one always stays
    #[command(after_help = "Example:\n  deckport backup prune --newest 3 --days 0")]
    Prune(PruneArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Whose backups; needed when there are several accounts
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,

    /// How many of the newest stay [default: 10]
    #[arg(long, value_name = "COUNT")]
    pub(crate) newest: Option<usize>,

    /// For how many days the first one of each day stays [default: 14]
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<u32>,

    /// Most megabytes that they may take [default: a quarter of the free space]
    #[arg(long, value_name = "MB")]
    pub(crate) max_mb: Option<u64>,
}
