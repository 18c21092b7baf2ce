//! `deckport serve`: the endpoint until a signal ends it.
//!
//! What a person reads goes to standard output (addresses, the first password, one
//! `listening on ADDR:PORT` line per socket once requests are accepted); the log goes to
//! standard error.

use std::io::IsTerminal;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deckport_endpoint::{
    Address, Clock, Endpoint, EndpointOptions, Interfaces, LinkKind, Network, Registry,
    SystemClock, SystemInterfaces, addresses, generate_password, listen,
};
use tokio::runtime::Runtime;

use crate::args::ServeArgs;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::log::Log;
use crate::output::line;
use crate::qr;
use crate::settings::{self, ServeSettings};
use crate::shutdown::{self, Signals};

/// Threads for connections. They only move bytes; accounts have threads of their own.
const RUNTIME_THREADS: usize = 2;

/// Threads for short blocking work. Few, because each one's allocator keeps memory of its own.
const BLOCKING_THREADS: usize = 8;

/// Runs the endpoint until SIGINT or SIGTERM.
pub(crate) fn run(
    args: &ServeArgs,
    environment: &Environment,
    data_dir: PathBuf,
) -> Result<(), Failure> {
    let settings = settings::resolve(args, environment);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let log = Arc::new(Log { format: args.log, quiet: args.quiet, clock: Arc::clone(&clock) });
    for warning in &environment.warnings {
        log.warning(warning);
    }
    let endpoint = Endpoint::open(options(&settings, &data_dir, clock, Arc::clone(&log)))
        .map_err(Failure::failed)?;
    let listeners = listen(&settings.listen_on)
        .map_err(|error| Failure::Failed(format!("{error} (--port, --listen)")))?;
    let bound = bound_addresses(&listeners)?;
    let accounts = accounts(endpoint.registry(), settings.first_account.as_deref(), &log)?;
    let networks = SystemInterfaces::default().now();
    if !networks.is_known() {
        log.warning(
            "this system does not tell its networks: only this computer is answered, and what you \
             allow with --allow",
        );
    }
    let addresses = addresses(&bound, &networks, &settings.scope);

    let runtime = runtime()?;
    let result = runtime.block_on(async {
        // Before anybody can know that it runs: a signal from now on ends it cleanly.
        let signals = Signals::install()?;
        greet(&data_dir, &accounts, &addresses, &bound);
        let stop = async {
            signals.first().await;
            log.stopping();
        };
        endpoint.serve(listeners, stop).await.map_err(Failure::failed)
    });
    // Whatever still runs belongs to requests that had their time to end.
    runtime.shutdown_timeout(shutdown::LAST_WAIT);
    result
}

fn options(
    settings: &ServeSettings,
    data_dir: &Path,
    clock: Arc<dyn Clock>,
    log: Arc<Log>,
) -> EndpointOptions {
    let mut options = EndpointOptions::new(data_dir);
    options.configured_accounts = settings.configured_accounts.clone();
    options.scope = settings.scope.clone();
    options.limits.max_account_bytes = settings.quota;
    if let Some(count) = settings.keep_backups {
        options.backups.newest = count;
    }
    options.clock = clock;
    options.events = log;
    if let Some(bytes) = settings.max_upload_bytes {
        options.limits.max_upload_bytes = bytes;
    }
    options
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(RUNTIME_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("deckport-io")
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start threads: {error}")))
}

fn bound_addresses(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, Failure> {
    let addresses: std::io::Result<Vec<SocketAddr>> =
        listeners.iter().map(TcpListener::local_addr).collect();
    addresses.map_err(|error| Failure::Failed(format!("cannot read a socket's address: {error}")))
}

/// Who can log in.
struct Accounts {
    names: Vec<String>,
    /// The password of the one account, when this start made it.
    new_password: Option<String>,
}

/// Makes an account when there is none at all. Says so when those that exist cannot be used.
fn accounts(registry: &Registry, first: Option<&str>, log: &Log) -> Result<Accounts, Failure> {
    let existing = registry.accounts().map_err(Failure::failed)?;
    if let Some(first) = first.filter(|_| existing.is_empty()) {
        let password = generate_password().map_err(Failure::failed)?;
        let account = registry.add_account(first, &password).map_err(Failure::failed)?;
        return Ok(Accounts { names: vec![account.name], new_password: Some(password) });
    }
    let usable = existing.into_iter().filter(|account| !account.dormant);
    let names: Vec<String> = usable.map(|account| account.name).collect();
    if names.is_empty() {
        log.warning(
            "no account can log in, because SYNC_USER1 is not set any more: set it, or give an \
             account a password with `deckport account password NAME`",
        );
    }
    Ok(Accounts { names, new_password: None })
}

/// Tells a person how to connect, and machines that the endpoint is ready.
fn greet(data_dir: &Path, accounts: &Accounts, addresses: &[Address], bound: &[SocketAddr]) {
    let version = env!("CARGO_PKG_VERSION");
    line(&format!("Deckport {version} serves the data in {}", data_dir.display()));
    line("");
    match &accounts.new_password {
        Some(password) => {
            let name = accounts.names.concat();
            line(&format!("  Account:   {name}"));
            line(&format!("  Password:  {password}"));
            line("");
            line("This password is shown only now. To set another one:");
            line(&format!("  deckport account password {name}"));
        }
        None => line(&format!("  Accounts:  {}", accounts.names.join(", "))),
    }
    line("");
    line(
        "Type one of these addresses into Anki (Preferences > Syncing > Self-hosted sync server):",
    );
    show_addresses(addresses);
    line("");
    for address in bound {
        line(&format!("listening on {address}"));
    }
}

fn show_addresses(addresses: &[Address]) {
    let width = addresses.iter().map(|address| address.url.len()).max().unwrap_or_default();
    for address in addresses {
        line(format!("  {:<width$}  {}", address.url, note(address)).trim_end());
    }
    // A program that reads our output has no use for the code.
    let best = Address::best_for_others(addresses);
    let code =
        best.filter(|_| std::io::stdout().is_terminal()).and_then(|best| qr::lines(&best.url));
    if let Some(rows) = code {
        line("");
        for row in rows {
            line(&format!("  {row}"));
        }
    }
}

/// What a person must know of an address.
fn note(address: &Address) -> String {
    match (address.needs_allow, address.kind) {
        (_, LinkKind::Loopback) => "this computer only".to_owned(),
        (Some(network), _) => {
            format!("{}, not answered without --allow {}", address.interface, named(network))
        }
        (None, _) => address.interface.clone(),
    }
}

/// All addresses of the internet are never the right answer.
fn named(network: Network) -> String {
    if network.prefix_len() == 0 { "NETWORK".to_owned() } else { network.to_string() }
}
