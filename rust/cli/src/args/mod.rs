//! The command line as data. `settings` decides what the values mean together.

mod accounts;
mod backups;
mod media;
mod timing;
mod tls;
mod values;
mod whole;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use deckport_endpoint::{HostName, Network, NotANetwork};
use serde::{Deserialize, Serialize};

pub(crate) use self::accounts::{AccountCommand, DeviceCommand};
pub(crate) use self::backups::{BackupCommand, PruneArgs};
pub(crate) use self::media::MediaCommand;
pub(crate) use self::timing::Timing;
pub(crate) use self::tls::{CertificateArgs, Tls};
pub(crate) use self::whole::{CheckArgs, ExportArgs, ImportArgs};

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
    Serve(Box<ServeArgs>),
    /// Show whether the endpoint runs, its addresses, and how the accounts are
    Status(ListArgs),
    /// Find out why a device does not get through
    #[command(after_help = "Examples:\n  deckport doctor\n  deckport doctor --from 192.168.1.30")]
    Doctor(DoctorArgs),
    /// Who may sync; changes take effect at once, even while the endpoint runs
    #[command(subcommand)]
    Account(AccountCommand),
    /// What has logged in; changes take effect at once, even while the endpoint runs
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Under which name other devices find the endpoint; shows it, or sets another one
    #[command(after_help = "Examples:\n  deckport name\n  deckport name anna")]
    Name {
        /// The new name, effective from the next start on
        name: Option<HostName>,
    },
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
    /// The certificate that devices have to trust for https, and how to install it
    Certificate(CertificateArgs),
}

const SERVE_EXAMPLE: &str = "Examples:
  deckport serve
  deckport serve --port 8080 --data /srv/anki
  deckport serve --listen 192.168.1.20:27701 --listen 127.0.0.1:27701

The environment of Anki's own sync server is understood, too: SYNC_USER1=name:password,
SYNC_USER2…, PASSWORDS_HASHED, SYNC_BASE, SYNC_HOST, SYNC_PORT, MAX_SYNC_PAYLOAD_MEGS,
SYNC_IP_HEADER. SYNC_TLS, SYNC_TLS_CERT and SYNC_TLS_KEY stand for the options of these names.
DECKPORT_NAME and
DECKPORT_ANNOUNCE stand for --name and --no-announce. Flags win over all of them.";

#[derive(Debug, Args)]
#[command(after_help = SERVE_EXAMPLE)]
pub(crate) struct ServeArgs {
    /// Listen only on this address; may be given several times [default: all addresses]
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "port", value_parser = values::socket_address)]
    pub(crate) listen: Vec<SocketAddr>,

    /// Also answer this network, e.g. 203.0.113.0/24; `any` answers everybody; may be given
    /// several times [default: only local networks and those of this computer's interfaces]
    #[arg(long, value_name = "NETWORK")]
    pub(crate) allow: Vec<Allow>,

    /// Believe reverse proxies in this network when they say whom a request comes from
    /// (X-Forwarded-For, Forwarded, PROXY protocol); may be given several times [default: none]
    #[arg(long, value_name = "NETWORK")]
    pub(crate) trusted_proxy: Vec<Network>,

    /// Also show the page for browsers under this name, e.g. that of a reverse proxy; may be given
    /// several times [default: IP addresses and this machine's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,

    /// Whose endpoint this is, as the page for browsers says [default: this machine's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) title: Option<String>,

    /// Name under which other devices find this endpoint, as NAME.local; kept with the data
    /// [default: the name that is kept, or DECKPORT_NAME; the first time one like deckport-7f3k]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<HostName>,

    /// Do not announce that name in the network [default: announced, or DECKPORT_ANNOUNCE]
    #[arg(long, conflicts_with = "name")]
    pub(crate) no_announce: bool,

    /// Whether to answer https beside http on the same port; `only`: plain http from this computer
    /// alone [default: on, or SYNC_TLS]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) tls: Option<Tls>,

    /// Use this certificate for https (PEM, the chain) instead of one of Deckport's own
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Log out devices that have not been used for this many days; 0: never
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    pub(crate) end_unused: u32,

    /// Most that an account may hold, such as 500MB or 5GB, backups included; old backups give way
    /// first [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = values::megabytes)]
    pub(crate) quota: Option<u64>,

    /// How many of an account's newest backups stay, in addition to one a day for two weeks
    /// [default: 10]
    #[arg(long, value_name = "COUNT")]
    pub(crate) keep_backups: Option<usize>,

    /// Port to listen on; 0 picks a free one [default: 27701, or SYNC_PORT]
    #[arg(long)]
    pub(crate) port: Option<u16>,

    /// Name of the account that the first start creates [default: anki]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,

    /// Log only failures and warnings
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Log each request, too
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// A waiting time, for tests
    #[arg(long, hide = true, value_name = "NAME=SECONDS")]
    pub(crate) timing: Vec<Timing>,

    /// Form of the log on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORM")]
    pub(crate) log: LogFormat,
}

/// What they are without any flag.
impl Default for ServeArgs {
    fn default() -> ServeArgs {
        ServeArgs {
            listen: Vec::new(),
            allow: Vec::new(),
            trusted_proxy: Vec::new(),
            allow_host: Vec::new(),
            tls: None,
            tls_cert: None,
            tls_key: None,
            name: None,
            no_announce: false,
            title: None,
            end_unused: 365,
            quota: None,
            keep_backups: None,
            port: None,
            account: None,
            quiet: false,
            verbose: false,
            timing: Vec::new(),
            log: LogFormat::default(),
        }
    }
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

#[derive(Debug, Clone, Copy, Args, Serialize, Deserialize)]
pub(crate) struct ListArgs {
    /// Print one JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, Args, Serialize, Deserialize)]
pub(crate) struct DoctorArgs {
    /// Only what came from this address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<IpAddr>,
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
            "deckport serve --listen localhost:5000",
            "deckport serve --tls maybe",
            "deckport serve --tls-cert chain.pem",
            "deckport serve --name a.b",
            "deckport serve --name anna --no-announce",
            "deckport name -x",
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
