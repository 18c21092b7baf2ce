//! `deckport serve`: the endpoint until a signal ends it.
//!
//! What a person reads goes to standard output (addresses, the first password, one
//! `listening on ADDR:PORT` line per socket once requests are accepted); the log goes to
//! standard error.

use std::io::IsTerminal;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use deckport_endpoint::{
    Address, Clock, Device, Endpoint, EndpointHandle, EndpointOptions, Interfaces, LinkKind,
    Network, Registry, SystemClock, SystemInterfaces, generate_password, listen,
};
use deckport_ground::calendar::utc_seconds;
use jiff::tz::TimeZone;
use tokio::runtime::Runtime;

use crate::args::ServeArgs;
#[cfg(unix)]
use crate::door::Door;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::found_name::{self, Named};
use crate::log::{Form, Log, Weight};
use crate::qr;
use crate::queue::{LAST_LINES, Queue};
use crate::settings::{self, ServeSettings};
use crate::shutdown::{self, Signals};
use crate::status::Serving;
use crate::typed::Typed;

/// 2026-11-01: before this was written, in Unix milliseconds.
const WRITTEN_MS: i64 = 1_793_491_200_000;

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
    let least = match (args.quiet, args.verbose) {
        (true, _) => Weight::Failure,
        (false, false) => Weight::News,
        (false, true) => Weight::Detail,
    };
    let (clock_of_log, zone) = (Arc::clone(&clock), TimeZone::system());
    let form = Form { format: args.log, least, clock: clock_of_log, zone };
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

/// Panics go to the log: they must not wait for the reader of standard error, either.
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
    let since_ms = clock.now_ms();
    // Who takes over a server has data somewhere; a mistyped folder looks like a loss to the devices.
    if !settings.configured_accounts.is_empty() && !data_dir.exists() {
        log.warning(&format!(
            "the data folder {} is new and empty: if there are collections elsewhere, stop this now \
             and set SYNC_BASE or --data to their folder, before a device offers to upload",
            data_dir.display()
        ));
    }
    let endpoint = Endpoint::open(options(settings, data_dir, clock, Arc::clone(log)))
        .map_err(Failure::failed)?;
    let listeners = listen(&settings.listen_on)
        .map_err(|error| Failure::Failed(format!("{error} (--port, --listen)")))?;
    let bound = bound_addresses(&listeners)?;
    let devices = endpoint.registry().devices(None).map_err(Failure::failed)?;
    if let Some(warning) = clock_is_behind(&devices, since_ms) {
        log.warning(&warning);
    }
    let typed = Typed::of(data_dir);
    let accounts = accounts(endpoint.registry(), settings, &typed, log)?;
    let over_tls = endpoint.handle().requires_tls();
    let scope = settings.scope.clone();
    let serving = Serving { typed: typed.clone(), bound, scope, over_tls, since_ms };
    let addresses = addresses_of(&serving, log);
    let https = https(&endpoint.handle(), &typed);
    let bound = serving.bound.clone();
    let greeting = |named: Option<&Named>| {
        let shown = shown_addresses(&addresses, named);
        greeting(data_dir, &typed, &accounts, &shown, https.as_deref(), &bound)
    };

    let runtime = runtime()?;
    let result = runtime.block_on(async {
        // Before anybody can know that it runs: a signal from now on ends it cleanly.
        let signals = Signals::install()?;
        // On a thread of its own: nobody needs to read it for the endpoint to serve.
        let shown = Queue::start(std::io::stdout(), Box::new(|_| String::new()));
        let stop = async {
            signals.first().await;
            log.stopping();
        };
        let _door = open_door(data_dir, &endpoint, serving, log);
        let mut served = pin!(endpoint.serve(listeners, stop));
        let greet = async {
            // A program that reads our output waits for nothing; the log tells it the name.
            let named = match std::io::stdout().is_terminal() {
                true => found_name::wait_for(endpoint.handle().watch_announcement()).await,
                false => None,
            };
            shown.push(&greeting(named.as_ref()));
        };
        let served = tokio::select! {
            biased;
            () = greet => served.await,
            served = &mut served => served,
        };
        let served = served.map_err(Failure::failed);
        shown.flush(LAST_LINES);
        served
    });
    // Whatever still runs belongs to requests that had time to end.
    runtime.shutdown_timeout(shutdown::LAST_WAIT);
    result
}

/// What is wrong with our clock, when something is known to be later. Devices whose clock differs from
/// ours refuse to sync, and say that it is theirs that is wrong. A small computer without a clock of
/// its own may begin in 1970, or where it was switched off.
fn clock_is_behind(devices: &[Device], now_ms: i64) -> Option<String> {
    let last_seen_ms = devices.iter().filter_map(|device| device.last_seen_ms).max();
    let earliest_ms = last_seen_ms.unwrap_or_default().max(WRITTEN_MS);
    (now_ms < earliest_ms).then(|| {
        format!(
            "this computer's clock says {}, but it is after {}: set the clock, or devices will say \
             that theirs is wrong, and not sync",
            utc_seconds(now_ms),
            utc_seconds(earliest_ms)
        )
    })
}

/// Lets other commands work on what this process owns. Syncing does without.
#[cfg(unix)]
fn open_door(data_dir: &Path, endpoint: &Endpoint, serving: Serving, log: &Log) -> Option<Door> {
    let door = Door::open(data_dir, endpoint.handle(), serving);
    door.inspect_err(|error| {
        log.warning(&format!(
            "commands that need a collection will ask to stop this endpoint: there can be no \
             socket in {} ({error})",
            data_dir.display()
        ));
    })
    .ok()
}

#[cfg(not(unix))]
fn open_door(_data_dir: &Path, _endpoint: &Endpoint, _serving: Serving, _log: &Log) {}

/// What a person can type into Anki.
fn addresses_of(serving: &Serving, log: &Log) -> Vec<Address> {
    if !SystemInterfaces::default().now().is_known() {
        log.warning(
            "this system does not tell its networks: only this computer is answered, and what you \
             allow with --allow",
        );
    }
    serving.addresses()
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
    options.tls = settings.tls.clone();
    options.announce = settings.announce.clone();
    options.display_name = settings.display_name.clone();
    options.token_lifetime = settings.token_lifetime;
    options.limits.max_account_bytes = settings.quota;
    if let Some(count) = settings.keep_backups {
        options.backups.newest = count;
    }
    options.texts = Arc::new(Typed::of(data_dir));
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
    /// The password of the only account, when this start made it.
    new_password: Option<String>,
}

/// Makes an account when there is none at all. Says so when those that exist cannot be used.
fn accounts(
    registry: &Registry,
    settings: &ServeSettings,
    typed: &Typed,
    log: &Log,
) -> Result<Accounts, Failure> {
    let existing = registry.accounts().map_err(Failure::failed)?;
    if let Some(first) = settings.first_account.as_deref().filter(|_| existing.is_empty()) {
        let password = generate_password().map_err(Failure::failed)?;
        let account = registry.add_account(first, &password).map_err(Failure::failed)?;
        return Ok(Accounts { names: vec![account.name], new_password: Some(password) });
    }
    if let Some(asked) = &settings.asked_account
        && registry.account(asked).map_err(Failure::failed)?.is_none()
    {
        log.warning(&format!(
            "--account {asked} has no effect, because there are accounts already: `{}` adds one",
            typed.command(&["account", "add", asked])
        ));
    }
    let usable = existing.into_iter().filter(|account| !account.dormant);
    let names: Vec<String> = usable.map(|account| account.name).collect();
    if names.is_empty() {
        log.warning(&format!(
            "no account can log in, because SYNC_USER1 is not set any more: set it, or give an \
             account a password with `{}`",
            typed.command(&["account", "password", "NAME"])
        ));
    }
    Ok(Accounts { names, new_password: None })
}

/// Tells a person how to connect, and machines that the endpoint is ready.
fn greeting(
    data_dir: &Path,
    typed: &Typed,
    accounts: &Accounts,
    addresses: &[String],
    https: Option<&str>,
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
                format!("  {}", typed.command(&["account", "password", &name])),
            ]);
        }
        None => lines.push(format!("  Accounts:  {}", accounts.names.join(", "))),
    }
    lines.extend([
        String::new(),
        "Type one of these addresses into Anki (Preferences > Syncing > Self-hosted sync server):"
            .to_owned(),
    ]);
    lines.extend_from_slice(addresses);
    lines.extend(https.map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.extend(bound.iter().map(|address| format!("listening on {address}")));
    lines.join("\n")
}

/// The name comes first where this machine finds it: then others do, too. Else it comes after the
/// numbers that other devices reach.
fn shown_addresses(addresses: &[Address], named: Option<&Named>) -> Vec<String> {
    let mut shown: Vec<(&str, String)> =
        addresses.iter().map(|address| (address.url.as_str(), note(address))).collect();
    if let Some(named) = named {
        let reachable = addresses.iter().take_while(|address| address.reachable).count();
        let (place, note) = match named.here {
            true => (0, "stays when the network changes"),
            false => (reachable, "stays; for devices that know such names"),
        };
        shown.insert(place, (&named.url, note.to_owned()));
    }
    let width = shown.iter().map(|(url, _)| url.len()).max().unwrap_or_default();
    let line =
        |(url, note): &(&str, String)| format!("  {url:<width$}  {note}").trim_end().to_owned();
    let mut lines: Vec<String> = shown.iter().map(line).collect();
    // A program that reads our output has no use for the code.
    let best = Address::best_for_others(addresses).filter(|_| std::io::stdout().is_terminal());
    if let Some(rows) = best.and_then(|best| qr::lines(&best.url)) {
        lines.push(String::new());
        lines.extend(rows.iter().map(|row| format!("  {row}")));
    }
    lines
}

/// What a person must know of https. Who needs more asks the command that it names.
fn https(endpoint: &EndpointHandle, typed: &Typed) -> Option<String> {
    let certificate = typed.command(&["certificate"]);
    match (endpoint.speaks_tls(), endpoint.requires_tls(), endpoint.certificate()) {
        (false, _, _) | (true, true, None) => None,
        (true, false, Some(_)) => {
            Some(format!("https:// works too where the certificate is trusted: {certificate}"))
        }
        (true, true, Some(_)) => {
            Some(format!("Devices have to trust the certificate first: {certificate}"))
        }
        (true, false, None) => Some("https:// works too".to_owned()),
    }
}

/// What a person must know about an address.
fn note(address: &Address) -> String {
    match (address.needs_allow, address.kind) {
        (_, LinkKind::Loopback) => "this computer only".to_owned(),
        (Some(network), _) => {
            format!("{}, not answered without --allow {}", address.interface, named(network))
        }
        (None, _) => address.interface.clone(),
    }
}

/// The whole internet is never the right answer.
fn named(network: Network) -> String {
    if network.prefix_len() == 0 { "NETWORK".to_owned() } else { network.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_must_be_behind_is_told() {
        let device = Device {
            id: 1,
            account_id: 1,
            name: "laptop".to_owned(),
            client_version: String::new(),
            platform: String::new(),
            address: None,
            host: None,
            created_ms: 0,
            last_seen_ms: Some(WRITTEN_MS + 5),
            shared: false,
        };
        assert!(clock_is_behind(&[], 0).unwrap().contains("1970-01-01"));
        assert_eq!(clock_is_behind(&[], WRITTEN_MS), None);
        assert!(clock_is_behind(std::slice::from_ref(&device), WRITTEN_MS + 4).is_some());
        assert_eq!(clock_is_behind(&[device], WRITTEN_MS + 5), None);
    }

    fn address(url: &str, kind: LinkKind, interface: &str, reachable: bool) -> Address {
        let (url, interface) = (url.to_owned(), interface.to_owned());
        Address { url, kind, interface, rank: 0, reachable, needs_allow: None }
    }

    #[test]
    fn the_name_comes_first_where_this_machine_finds_it() {
        let addresses = [
            address("http://192.168.1.20:27701/", LinkKind::Wifi, "wlan0", true),
            address("http://127.0.0.1:27701/", LinkKind::Loopback, "", false),
        ];
        let url = "http://deckport-7f3k.local:27701/".to_owned();
        let named = |here| Named { url: url.clone(), here };
        let shown = |named: Option<&Named>| -> Vec<String> {
            // Where the tests run in a terminal a QR code follows.
            shown_addresses(&addresses, named)
                .into_iter()
                .take(2 + usize::from(named.is_some()))
                .collect()
        };
        let numbers = [
            "  http://192.168.1.20:27701/  wlan0",
            "  http://127.0.0.1:27701/     this computer only",
        ];
        assert_eq!(shown(None), numbers);
        assert_eq!(
            shown(Some(&named(true))),
            [
                "  http://deckport-7f3k.local:27701/  stays when the network changes",
                "  http://192.168.1.20:27701/         wlan0",
                "  http://127.0.0.1:27701/            this computer only",
            ]
        );
        let second = shown(Some(&named(false))).remove(1);
        assert_eq!(
            second,
            "  http://deckport-7f3k.local:27701/  stays; for devices that know such names"
        );
        assert!(second.len() <= 80);
    }
}
