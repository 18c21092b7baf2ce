//! The command line as data. What the values mean together is decided in `settings`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use deckport_endpoint::{Network, NotANetwork};

/// Hosts Anki collections: your devices sync with this machine instead of AnkiWeb.
#[derive(Debug, Parser)]
#[command(name = "deckport", version, after_help = TOP_EXAMPLE)]
pub(crate) struct Cli {
    /// Data folder [default: `deckport` in your folder for application data, or SYNC_BASE]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const TOP_EXAMPLE: &str = "Example:
  deckport serve
  Then type the address it shows into Anki: Preferences > Syncing > Self-hosted sync server.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the sync endpoint until Ctrl-C
    Serve(ServeArgs),
    /// Who may sync; changes are effective at once, also while the endpoint runs
    #[command(subcommand)]
    Account(AccountCommand),
    /// What has logged in; changes are effective at once, also while the endpoint runs
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Images and audio: what is damaged, what no note uses
    #[command(subcommand)]
    Media(MediaCommand),
    /// Copies of collections that were replaced, and getting one back
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Replace an account's collection with that of a file; a backup is kept
    Import(ImportArgs),
    /// Write an account's collection to a file that Anki can import
    Export(ExportArgs),
    /// Look for what is wrong with an account's collection and media
    Check(CheckArgs),
}

const IMPORT_EXAMPLE: &str = "Examples:
  deckport import collection.colpkg
  deckport import backup.anki2 --account anna

The endpoint must be stopped. Afterwards each device asks for a direction at its next sync:
choose Download. Media files that the package does not have stay.";

#[derive(Debug, Args)]
#[command(after_help = IMPORT_EXAMPLE)]
pub(crate) struct ImportArgs {
    /// A collection package (.colpkg) or collection file (.anki2)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The account [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}

const CHECK_EXAMPLE: &str = "Examples:
  deckport check
  deckport check --repair
  deckport check --compare collection.anki2

The endpoint must be stopped. Exit codes: 0 nothing found, 1 something found, 2 not checked.
--repair keeps a backup first. --compare prints one line for each difference.";

#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLE)]
pub(crate) struct CheckArgs {
    /// The account [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,

    /// Mend what Anki's own Check Database would mend
    #[arg(long)]
    pub(crate) repair: bool,

    /// Compare with a collection (.anki2) or package (.colpkg) of a device instead
    #[arg(long, value_name = "FILE", conflicts_with = "repair")]
    pub(crate) compare: Option<PathBuf>,
}

const EXPORT_EXAMPLE: &str = "Examples:
  deckport export anki.colpkg
  deckport export old.colpkg --legacy --no-media
  deckport export collection.anki2 --account anna

The endpoint must be stopped. In Anki: File > Import.";

#[derive(Debug, Args)]
#[command(after_help = EXPORT_EXAMPLE)]
pub(crate) struct ExportArgs {
    /// The file to be written; its name ends with .colpkg, or .anki2 for the collection alone
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The account [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,

    /// Without images and sounds
    #[arg(long)]
    pub(crate) no_media: bool,

    /// For Anki before 2.1.50; every Anki can import it
    #[arg(long)]
    pub(crate) legacy: bool,

    /// Replace the file if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

const SERVE_EXAMPLE: &str = "Examples:
  deckport serve
  deckport serve --port 8080 --data /srv/anki
  deckport serve --listen 192.168.1.20:27701 --listen 127.0.0.1:27701

The environment of Anki's own sync server is understood, too: SYNC_USER1=name:password,
SYNC_USER2…, PASSWORDS_HASHED, SYNC_BASE, SYNC_HOST, SYNC_PORT, MAX_SYNC_PAYLOAD_MEGS.
Flags win over it.";

#[derive(Debug, Default, Args)]
#[command(after_help = SERVE_EXAMPLE)]
pub(crate) struct ServeArgs {
    /// Listen on this address alone; may be given several times [default: all addresses]
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "port")]
    pub(crate) listen: Vec<SocketAddr>,

    /// Also answer this network, e.g. 203.0.113.0/24; `any` answers everybody; may be given
    /// several times [default: local networks alone]
    #[arg(long, value_name = "NETWORK")]
    pub(crate) allow: Vec<Allow>,

    /// Most megabytes that an account's collection and media may have [default: no limit]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..1_000_000_000))]
    pub(crate) quota: Option<u64>,

    /// So many of an account's newest backups stay, in addition to one a day for two weeks
    /// [default: 10]
    #[arg(long, value_name = "COUNT")]
    pub(crate) keep_backups: Option<usize>,

    /// Port to listen on; 0 picks a free one [default: 27701, or SYNC_PORT]
    #[arg(long)]
    pub(crate) port: Option<u16>,

    /// Name of the account that the first start creates [default: anki]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,

    /// Log failures and warnings alone
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Form of the log on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORM")]
    pub(crate) log: LogFormat,
}

/// A network of `--allow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allow {
    Everyone,
    Network(Network),
}

impl FromStr for Allow {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Allow, NotANetwork> {
        if text == "any" { Ok(Allow::Everyone) } else { text.parse().map(Allow::Network) }
    }
}

/// How a log line is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One readable line per event
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

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
        /// What is typed as "email" or "AnkiWeb ID" in Anki
        name: String,
    },
    /// Remove an account and log out its devices; its collection stays in the data folder
    #[command(after_help = "Example:\n  deckport account remove anna")]
    Remove {
        /// Its name
        name: String,
    },
    /// Give an account another name; its devices stay logged in
    #[command(after_help = "Example:\n  deckport account rename anna ann")]
    Rename {
        /// Its present name
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
        /// Those of this account alone
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Log out one device
    #[command(after_help = "Example:\n  deckport device list\n  deckport device revoke 3")]
    Revoke {
        /// Its number in `deckport device list`
        id: i64,
    },
}

const MEDIA_CHECK_EXAMPLE: &str = "Examples:
  deckport media check
  deckport media check --account anna --repair

The endpoint must be stopped. Reads every file.";

const UNUSED_EXAMPLE: &str = "Examples:
  deckport media unused
  deckport media unused --delete

The endpoint must be stopped. Deleted files move to media.trash in the account's folder; devices
delete them, too.";

#[derive(Debug, Subcommand)]
pub(crate) enum MediaCommand {
    /// Find files that are missing, damaged or belong to nothing
    #[command(after_help = MEDIA_CHECK_EXAMPLE)]
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

const RESTORE_EXAMPLE: &str = "Example:
  deckport backup list
  deckport backup restore 2026-11-20-123127-upload

The endpoint must be stopped. The present collection is kept first. Afterwards choose Download on
all devices when they ask which side to keep.";

const BACKUP_EXPORT_EXAMPLE: &str = "Example:
  deckport backup export 2026-11-20-123127-upload old.anki2";

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Show the backups, newest first
    #[command(after_help = "Example:\n  deckport backup list --account anna")]
    List {
        /// Those of this account alone
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Keep a copy of the collection as it is now; the endpoint must be stopped
    #[command(after_help = "Example:\n  deckport backup create")]
    Create {
        /// Whose collection; needed when there are several accounts
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
    },
    /// Put a backup in the place of the collection; the endpoint must be stopped
    #[command(after_help = RESTORE_EXAMPLE)]
    Restore {
        /// Its name in `deckport backup list`
        name: String,
        /// Whose backup; needed when there are several accounts
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
    },
    /// Write a backup to a file, as an ordinary Anki collection
    #[command(after_help = BACKUP_EXPORT_EXAMPLE)]
    Export {
        /// Its name in `deckport backup list`
        name: String,
        /// The file to write; it must not exist
        file: PathBuf,
        /// Whose backup; needed when there are several accounts
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
    },
    /// Remove the backups that are not needed any more; one always stays
    #[command(after_help = "Example:\n  deckport backup prune --newest 3 --days 0")]
    Prune(PruneArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Whose backups; needed when there are several accounts
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,

    /// So many of the newest stay [default: 10]
    #[arg(long, value_name = "COUNT")]
    pub(crate) newest: Option<usize>,

    /// For so many days the first one of each day stays [default: 14]
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<u32>,

    /// Most megabytes that they may take [default: a quarter of the free space]
    #[arg(long, value_name = "MB")]
    pub(crate) max_mb: Option<u64>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ListArgs {
    /// Print one JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_needs_no_options() {
        let Command::Serve(args) = parse("deckport serve").unwrap().command else {
            panic!("not serve");
        };
        assert!(args.listen.is_empty() && args.port.is_none() && !args.quiet);
        assert_eq!(args.log, LogFormat::Text);
    }

    #[test]
    fn listen_is_repeatable() {
        let line = "deckport serve --listen 127.0.0.1:1 --listen [::1]:2 -q --log json";
        let Command::Serve(args) = parse(line).unwrap().command else {
            panic!("not serve");
        };
        assert_eq!(args.listen.len(), 2);
        assert_eq!((args.quiet, args.log), (true, LogFormat::Json));
    }

    #[test]
    fn the_data_folder_may_stand_before_or_after_the_command() {
        for line in ["deckport --data d account list", "deckport account list --data d"] {
            assert_eq!(parse(line).unwrap().data, Some(PathBuf::from("d")), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_a_usage_error() {
        for line in [
            "deckport",
            "deckport serve --listen 127.0.0.1",
            "deckport serve --port 70000",
            "deckport serve --allow everybody",
            "deckport serve --quota 0",
            "deckport serve --listen 127.0.0.1:1 --port 2",
            "deckport account add anna secret",
            "deckport device revoke x",
            "deckport backup restore",
            "deckport backup export name",
            "deckport backup prune --newest few",
            "deckport serve --nonsense",
        ] {
            assert_eq!(parse(line).map_err(|e| e.exit_code()).err(), Some(2), "{line}");
        }
    }
}
