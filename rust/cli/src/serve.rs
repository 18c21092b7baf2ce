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
use crate::log::{Form, Log};
use crate::qr;
use crate::queue::{LAST_LINES, Queue};
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
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let form = Form { format: args.log, quiet: args.quiet, clock: Arc::clone(&clock) };
    let log = Arc::new(Log::start(form));
    tell_panics(&log);
    for warning in &environment.warnings {
        log.warning(warning);
    }
    let settings = settings::resolve(args, environment);
    let served = serve(&settings, &data_dir, clock, &log);
    log.finish();
    served
}

/// What panics says so in the log: it must not wait for who reads standard error, either.
fn tell_panics(log: &Arc<Log>) {
    let log = Arc::clone(log);
    std::panic::set_hook(Box::new(move |panic| log.warning(&panic.to_string())));
}

fn serve(
    settings: &ServeSettings,
    data_dir: &Path,
    clock: Arc<dyn Clock>,
    log: &Arc<Log>,
) -> Result<(), Failure> {
    let endpoint = Endpoint::open(options(settings, data_dir, clock, Arc::clone(log)))
        .map_err(Failure::failed)?;
    let listeners = listen(&settings.listen_on)
        .map_err(|error| Failure::Failed(format!("{error} (--port, --listen)")))?;
    let bound = bound_addresses(&listeners)?;
    let accounts = accounts(endpoint.registry(), settings.first_account.as_deref(), log)?;
    let greeting = greeting(data_dir, &accounts, &addresses_of(&bound, settings, log), &bound);

    let runtime = runtime()?;
    let result = runtime.block_on(async {
        // Before anybody can know that it runs: a signal from now on ends it cleanly.
        let signals = Signals::install()?;
        // On a thread of its own: nobody needs to read it for the endpoint to serve.
        let shown = Queue::start(std::io::stdout(), Box::new(|_| String::new()));
        shown.push(&greeting);
        let stop = async {
            signals.first().await;
            log.stopping();
        };
        let served = endpoint.serve(listeners, stop).await.map_err(Failure::failed);
        shown.flush(LAST_LINES);
        served
    });
    // Whatever still runs belongs to requests that had their time to end.
    runtime.shutdown_timeout(shutdown::LAST_WAIT);
    result
}

/// What a person can type into Anki.
fn addresses_of(bound: &[SocketAddr], settings: &ServeSettings, log: &Log) -> Vec<Address> {
    let networks = SystemInterfaces::default().now();
    if !networks.is_known() {
        log.warning(
            "this system does not tell its networks: only this computer is answered, and what you \
             allow with --allow",
        );
    }
    addresses(bound, &networks, &settings.scope)
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
    options.proxies = settings.proxies.clone();
    options.page_hosts = settings.page_hosts.clone();
    options.display_name = settings.display_name.clone();
    options.token_lifetime = settings.token_lifetime;
    options.limits.max_account_bytes = settings.quota;
    if let Some(count) = settings.keep_backups {
        options.backups.newest = count;
    }
    options.clock = clock;
    options.events = log;
    if let Some(bytes) = settings.max_upload_bytes {
        options.limits.max_upload_bytes = bytes;
    }
    for timing in &settings.timings {
        timing.set(&mut options.timings);
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
fn greeting(
    data_dir: &Path,
    accounts: &Accounts,
    addresses: &[Address],
    bound: &[SocketAddr],
) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut lines = vec![
        format!("Deckport {version} serves the data in {}", data_dir.display()),
        String::new(),
    ];
    match &accounts.new_password {
        Some(password) => {
            let name = accounts.names.concat();
            lines.extend([
                format!("  Account:   {name}"),
                format!("  Password:  {password}"),
                String::new(),
                "This password is shown only now. To set another one:".to_owned(),
                format!("  deckport account password {name}"),
            ]);
        }
        None => lines.push(format!("  Accounts:  {}", accounts.names.join(", "))),
    }
    lines.extend([
        String::new(),
        "Type one of these addresses into Anki (Preferences > Syncing > Self-hosted sync server):"
            .to_owned(),
    ]);
    lines.extend(shown_addresses(addresses));
    lines.push(String::new());
    lines.extend(bound.iter().map(|address| format!("listening on {address}")));
    lines.join("\n")
}

fn shown_addresses(addresses: &[Address]) -> Vec<String> {
    let width = addresses.iter().map(|address| address.url.len()).max().unwrap_or_default();
    let shown = |address: &Address| {
        format!("  {:<width$}  {}", address.url, note(address)).trim_end().to_owned()
    };
    let mut lines: Vec<String> = addresses.iter().map(shown).collect();
    // A program that reads our output has no use for the code.
    let best = Address::best_for_others(addresses).filter(|_| std::io::stdout().is_terminal());
    if let Some(rows) = best.and_then(|best| qr::lines(&best.url)) {
        lines.push(String::new());
        lines.extend(rows.iter().map(|row| format!("  {row}")));
    }
    lines
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
