//! `media`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

use super::ListArgs;

const CHECK_EXAMPLE: &str = "Examples:
  deckport media check
  deckport media check --account anna --repair

Reads every file.";

const UNUSED_EXAMPLE: &str = "Examples:
  deckport media unused
  deckport media unused --delete

Deleted files move to media.trash in the account's folder; devices
delete them, too.";

#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum MediaCommand {
    /// Find files that are missing, damaged or belong to nothing
    #[command(after_help = CHECK_EXAMPLE)]
    Check {
        /// Whose media [default: those of the only account]
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Let devices send lost files again, and move foreign ones to the trash
        #[arg(long)]
        repair: bool,
    },
    /// Show the files that no note uses
    #[command(after_help = UNUSED_EXAMPLE)]
    Unused {
        /// Whose media [default: those of the only account]
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Move them to the trash, and let devices delete them
        #[arg(long)]
        delete: bool,
        #[command(flatten)]
        list: ListArgs,
    },
}
