//! Flags and environment turned into what `serve` does. Flags win.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deckport_endpoint::{
    AnnounceOptions, ConfiguredAccount, ListenOn, Network, OwnCertificate, Scope, TlsMode,
    TlsOptions, TrustedProxies,
};
use directories::ProjectDirs;

use crate::args::{Allow, ServeArgs, Timing, Tls};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::own_names;

/// The port when none is given.
const DEFAULT_PORT: u16 = 27701;

/// The account that the first start creates when none is named.
const DEFAULT_ACCOUNT: &str = "anki";

/// Everything `serve` has to know.
#[derive(Debug)]
pub(crate) struct ServeSettings {
    pub(crate) listen_on: ListenOn,
    /// Accounts of `SYNC_USERn`.
    pub(crate) configured_accounts: Vec<ConfiguredAccount>,
    /// The account that was asked for by name.
    pub(crate) asked_account: Option<String>,
    /// The account to create when there is none yet.
    pub(crate) first_account: Option<String>,
    pub(crate) scope: Scope,
    pub(crate) proxies: TrustedProxies,
    /// Names under which the page for browsers is shown.
    pub(crate) page_hosts: Vec<String>,
    /// Whether https is answered, and with which certificate.
    pub(crate) tls: TlsOptions,
    /// Under which name it is found.
    pub(crate) announce: AnnounceOptions,
    /// Whose endpoint this is, for people.
    pub(crate) display_name: Option<String>,
    /// After how long without use a device is logged out.
    pub(crate) token_lifetime: Option<Duration>,
    /// Most bytes that an account may hold.
    pub(crate) quota: Option<u64>,
    /// How many backups stay; `None`: the endpoint's default.
    pub(crate) keep_backups: Option<usize>,
    /// `None`: the endpoint's default.
    pub(crate) max_upload_bytes: Option<u64>,
    /// Waiting times other than the endpoint's.
    pub(crate) timings: Vec<Timing>,
}

/// Combines the flags of `serve` with the environment.
pub(crate) fn resolve(args: &ServeArgs, environment: &Environment) -> ServeSettings {
    let port = args.port.or(environment.port).unwrap_or(DEFAULT_PORT);
    let listen_on = match (args.listen.as_slice(), environment.host) {
        ([], None) => ListenOn::Everywhere(port),
        ([], Some(host)) => ListenOn::Addresses(vec![SocketAddr::new(host, port)]),
        (addresses, _) => ListenOn::Addresses(addresses.to_vec()),
    };
    // With accounts in the environment no generated one is needed.
    let first_account = environment
        .accounts
        .is_empty()
        .then(|| args.account.clone().unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()));
    let own_names = own_names::of_machine(environment);
    // The short one: people call the machine so.
    let machine = || own_names.get(own_names.len().checked_sub(2)?).cloned();
    ServeSettings {
        listen_on,
        configured_accounts: environment.accounts.clone(),
        asked_account: args.account.clone(),
        first_account,
        scope: scope(&args.allow),
        proxies: proxies(&args.trusted_proxy, environment.ip_header.clone()),
        display_name: args.title.clone().or_else(machine),
        page_hosts: [args.allow_host.clone(), own_names].concat(),
        tls: tls(args, environment),
        announce: announce(args, environment),
        token_lifetime: match args.end_unused {
            0 => None,
            days => Some(Duration::from_secs(u64::from(days) * 86_400)),
        },
        keep_backups: args.keep_backups,
        quota: args.quota.map(|megabytes| megabytes.saturating_mul(1_000_000)),
        max_upload_bytes: environment.max_upload_bytes,
        timings: args.timing.clone(),
    }
}

fn announce(args: &ServeArgs, environment: &Environment) -> AnnounceOptions {
    // Who names it on the command line wants it to be found.
    let enabled = args.name.is_some() || environment.announce.unwrap_or(true);
    AnnounceOptions {
        enabled: enabled && !args.no_announce,
        host_name: args.name.clone().or_else(|| environment.host_name.clone()),
    }
}

/// Naming a header means having a proxy. The reference server believes everybody then; we believe
/// this machine unless told where the proxy is.
fn proxies(trusted: &[Network], header: Option<String>) -> TrustedProxies {
    let networks = match (trusted, &header) {
        ([], Some(_)) => this_machine(),
        (trusted, _) => trusted.to_vec(),
    };
    TrustedProxies { networks, header }
}

fn this_machine() -> Vec<Network> {
    ["127.0.0.0/8", "::1"].iter().filter_map(|network| network.parse().ok()).collect()
}

/// A certificate of the flags replaces that of the environment, and its key.
fn tls(args: &ServeArgs, environment: &Environment) -> TlsOptions {
    let named = args.tls_cert.clone().zip(args.tls_key.clone());
    let files = named.or_else(|| environment.tls_files.clone());
    TlsOptions {
        mode: match args.tls.or(environment.tls) {
            None | Some(Tls::On) => TlsMode::On,
            Some(Tls::Off) => TlsMode::Off,
            Some(Tls::Only) => TlsMode::Only,
        },
        certificate: files.map(|(chain, key)| OwnCertificate::Files { chain, key }),
    }
}

fn scope(allowed: &[Allow]) -> Scope {
    let networks: Option<Vec<Network>> = allowed
        .iter()
        .map(|allow| match allow {
            Allow::Everyone => None,
            Allow::Network(network) => Some(*network),
        })
        .collect();
    match networks {
        None => Scope::Everyone,
        Some(networks) if networks.is_empty() => Scope::Local,
        Some(networks) => Scope::LocalAnd(networks),
    }
}

/// The place that the system has for such data.
pub(crate) fn usual_data_dir() -> Option<PathBuf> {
    ProjectDirs::from("", "", "deckport").map(|dirs| dirs.data_dir().to_owned())
}

/// A path that begins with `~`, as shells read it: service managers and containers leave it as it is.
fn from_home(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(below), Some(home)) => home.join(below),
        _ => path,
    }
}

/// The data folder: the flag, `SYNC_BASE`, or the place the system has for such data.
pub(crate) fn data_dir(
    flag: Option<PathBuf>,
    environment: &Environment,
) -> Result<PathBuf, Failure> {
    flag.or_else(|| environment.data.clone())
        .map(|path| from_home(path, environment.home.as_deref()))
        .or_else(usual_data_dir)
        .ok_or_else(|| {
            Failure::Usage("you have no home folder: name a data folder with --data".to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(k, v)| (OsString::from(k), OsString::from(v)));
        Environment::parse(variables).unwrap()
    }

    fn addresses(texts: &[&str]) -> ListenOn {
        ListenOn::Addresses(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn a_tilde_is_the_home_folder_where_there_is_one() {
        let of = |variables: &[(&str, &str)]| data_dir(None, &environment(variables)).unwrap();
        let (base, home) = (("SYNC_BASE", "~/.syncserver"), ("HOME", "/home/anna"));
        assert_eq!(of(&[base, home]), Path::new("/home/anna/.syncserver"));
        assert_eq!(of(&[base]), Path::new("~/.syncserver"));
        assert_eq!(of(&[("SYNC_BASE", "/srv/~x"), home]), Path::new("/srv/~x"));
        let flag = data_dir(Some("~".into()), &environment(&[home])).unwrap();
        assert_eq!(flag, Path::new("/home/anna"));
    }

    #[test]
    fn without_any_wish_it_listens_everywhere_with_an_account() {
        let settings = resolve(&ServeArgs::default(), &environment(&[]));
        assert_eq!(settings.listen_on, ListenOn::Everywhere(27701));
        assert_eq!(settings.first_account.as_deref(), Some("anki"));
        assert_eq!((settings.max_upload_bytes, settings.keep_backups), (None, None));
    }

    #[test]
    fn one_wish_for_everybody_is_enough() {
        let of = |texts: &[&str]| {
            let allow = texts.iter().map(|text| text.parse().unwrap()).collect();
            resolve(&ServeArgs { allow, ..ServeArgs::default() }, &environment(&[])).scope
        };
        assert_eq!(of(&[]), Scope::Local);
        assert_eq!(of(&["8.8.8.0/24"]), Scope::LocalAnd(vec!["8.8.8.0/24".parse().unwrap()]));
        assert_eq!(of(&["8.8.8.0/24", "any"]), Scope::Everyone);
    }

    #[test]
    fn https_is_answered_as_flags_or_environment_say() {
        let of = |args: &ServeArgs, variables: &[(&str, &str)]| {
            resolve(args, &environment(variables)).tls
        };
        let none = ServeArgs::default();
        assert_eq!(of(&none, &[]), TlsOptions { mode: TlsMode::On, certificate: None });
        assert_eq!(of(&none, &[("SYNC_TLS", "off")]).mode, TlsMode::Off);
        let only = ServeArgs { tls: Some(Tls::Only), ..ServeArgs::default() };
        assert_eq!(of(&only, &[("SYNC_TLS", "off")]).mode, TlsMode::Only);
        let files = |chain: &str, key: &str| {
            Some(OwnCertificate::Files { chain: chain.into(), key: key.into() })
        };
        let variables = [("SYNC_TLS_CERT", "c"), ("SYNC_TLS_KEY", "k")];
        assert_eq!(of(&none, &variables).certificate, files("c", "k"));
        let (tls_cert, tls_key) = (Some("cc".into()), Some("kk".into()));
        let named = ServeArgs { tls_cert, tls_key, ..ServeArgs::default() };
        assert_eq!(of(&named, &variables).certificate, files("cc", "kk"));
    }

    #[test]
    fn the_environment_is_followed() {
        let environment = environment(&[
            ("SYNC_HOST", "127.0.0.1"),
            ("SYNC_PORT", "8080"),
            ("SYNC_USER1", "u:p"),
        ]);
        let settings = resolve(&ServeArgs::default(), &environment);
        assert_eq!(settings.listen_on, addresses(&["127.0.0.1:8080"]));
        assert_eq!(settings.configured_accounts.len(), 1);
        assert_eq!(settings.first_account, None);
    }

    #[test]
    fn flags_win_over_the_environment() {
        let environment = environment(&[
            ("SYNC_HOST", "127.0.0.1"),
            ("SYNC_PORT", "8080"),
            ("SYNC_BASE", "base"),
        ]);
        let with_port = ServeArgs { port: Some(9), ..ServeArgs::default() };
        assert_eq!(resolve(&with_port, &environment).listen_on, addresses(&["127.0.0.1:9"]));
        let with_listen =
            ServeArgs { listen: vec!["[::1]:7".parse().unwrap()], ..ServeArgs::default() };
        assert_eq!(resolve(&with_listen, &environment).listen_on, addresses(&["[::1]:7"]));
        let flag = Some(PathBuf::from("flag"));
        assert_eq!(data_dir(flag, &environment), Ok(PathBuf::from("flag")));
        assert_eq!(data_dir(None, &environment), Ok(PathBuf::from("base")));
    }

    #[test]
    fn proxies_are_trusted_where_the_owner_says_or_here_when_a_header_is_named() {
        let of = |trusted: &[&str], variables: &[(&str, &str)]| {
            let trusted_proxy = trusted.iter().map(|network| network.parse().unwrap()).collect();
            let args = ServeArgs { trusted_proxy, ..ServeArgs::default() };
            resolve(&args, &environment(variables)).proxies
        };
        let trusts = |proxies: &TrustedProxies| {
            ["127.0.0.1", "::1", "172.18.0.5"].map(|peer| proxies.trust(peer.parse().unwrap()))
        };
        let header = [("SYNC_IP_HEADER", "XRealIp")];
        assert_eq!(trusts(&of(&[], &[])), [false, false, false]);
        assert_eq!(trusts(&of(&[], &header)), [true, true, false]);
        assert_eq!(trusts(&of(&["172.18.0.0/16"], &header)), [false, false, true]);
        assert_eq!(of(&[], &header).header.as_deref(), Some("x-real-ip"));
    }

    #[test]
    fn the_page_names_the_machine_or_what_its_owner_says() {
        let computer = environment(&[("COMPUTERNAME", "SHELF")]);
        let of = |name: Option<&str>| {
            let args = ServeArgs { title: name.map(str::to_owned), ..ServeArgs::default() };
            resolve(&args, &computer).display_name
        };
        assert_eq!(of(Some("Anna's shelf")).as_deref(), Some("Anna's shelf"));
        let machine = of(None).unwrap();
        assert!(!machine.is_empty() && !machine.contains('.'), "{machine}");
    }

    #[test]
    fn unused_devices_end_after_a_year_or_as_wished() {
        let of = |end_unused| {
            let args = ServeArgs { end_unused, ..ServeArgs::default() };
            resolve(&args, &environment(&[])).token_lifetime
        };
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        assert_eq!((of(365), of(7), of(0)), (days(365), days(7), None));
    }

    #[test]
    fn the_first_account_can_be_named() {
        let named = ServeArgs { account: Some("anna".to_owned()), ..ServeArgs::default() };
        let settings = resolve(&named, &environment(&[]));
        assert_eq!(settings.first_account.as_deref(), Some("anna"));
    }
}
