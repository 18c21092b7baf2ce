//! `account` and `device`.

use clap::Subcommand;

use super::ListArgs;
use super::values::device_number;

const ADD_EXAMPLE: &str = "Examples:
  deckport account add anna
  pass show anki/anna | deckport account add anna

The password is asked for, or read as one line from standard input.";

const PASSWORD_EXAMPLE: &str = "Example:
  deckport account password anna

The password is asked for, or read as one line from standard input. All devices of the
account must log in again.";

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Add an account
    #[command(after_help = ADD_EXAMPLE)]
    Add {
        /// What to type as "email" or "AnkiWeb ID" in Anki
        name: String,
    },
    /// Remove an account and log out its devices; its collection stays in the data folder
    #[command(after_help = "Example:\n  deckport account remove anna")]
    Remove {
        /// Its name
        name: String,
    },
    /// Rename an account; its devices stay logged in
    #[command(after_help = "Example:\n  deckport account rename anna ann")]
    Rename {
        /// Its current name
        name: String,
        /// Its new name
        new_name: String,
    },
    /// Set an account's password and log out its devices
    #[command(after_help = PASSWORD_EXAMPLE)]
    Password {
        /// Its name
        name: String,
    },
    /// Show all accounts
    #[command(after_help = "Example:\n  deckport account list --json")]
    List(ListArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Show all devices that are logged in
    #[command(after_help = "Example:\n  deckport device list --account anna")]
    List {
        /// Only those of this account
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Give a device a name of your own, which it keeps
    #[command(
        after_help = "Example:\n  deckport device list\n  deckport device rename 3 \"Anna's laptop\""
    )]
    Rename {
        /// Its number in `deckport device list`
        #[arg(value_parser = device_number)]
        id: i64,
        /// Its new name
        name: String,
    },
    /// Log out one device
    #[command(after_help = "Example:\n  deckport device list\n  deckport device revoke 3")]
    Revoke {
        /// Its number in `deckport device list`
        #[arg(value_parser = device_number)]
        id: i64,
    },
    /// Log out devices that have not been used for a long time
    #[command(after_help = "Example:\n  deckport device prune --unused 90")]
    Prune {
        /// For at least this many days
        #[arg(long, value_name = "DAYS")]
        unused: u32,
    },
}
