//! Flags and environment turned into what `serve` does. Flags win.

use std::net::SocketAddr;
use std::path::PathBuf;

use deckport_endpoint::{ConfiguredAccount, ListenOn, Network, Scope};
use directories::ProjectDirs;

use crate::args::{Allow, ServeArgs, Timing};
use crate::environment::Environment;
use crate::failure::Failure;

/// The port when nobody names one.
const DEFAULT_PORT: u16 = 27701;

/// The account that the first start creates when nobody names one.
const DEFAULT_ACCOUNT: &str = "anki";

/// Everything `serve` has to know.
#[derive(Debug)]
pub(crate) struct ServeSettings {
    pub(crate) listen_on: ListenOn,
    /// Accounts of `SYNC_USERn`.
    pub(crate) configured_accounts: Vec<ConfiguredAccount>,
    /// The account to create when there is none yet.
    pub(crate) first_account: Option<String>,
    pub(crate) scope: Scope,
    /// Most bytes of an account.
    pub(crate) quota: Option<u64>,
    /// How many backups stay; `None`: the endpoint's default.
    pub(crate) keep_backups: Option<usize>,
    /// `None`: the endpoint's default.
    pub(crate) max_upload_bytes: Option<u64>,
    /// Other waiting times than the endpoint's.
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
    // Who has accounts in the environment does not wait for a generated one.
    let first_account = environment
        .accounts
        .is_empty()
        .then(|| args.account.clone().unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()));
    ServeSettings {
        listen_on,
        configured_accounts: environment.accounts.clone(),
        first_account,
        scope: scope(&args.allow),
        keep_backups: args.keep_backups,
        quota: args.quota.map(|megabytes| megabytes.saturating_mul(1_000_000)),
        max_upload_bytes: environment.max_upload_bytes,
        timings: args.timing.clone(),
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

/// The data folder: the flag, `SYNC_BASE`, or the place the system has for such data.
pub(crate) fn data_dir(
    flag: Option<PathBuf>,
    environment: &Environment,
) -> Result<PathBuf, Failure> {
    flag.or_else(|| environment.data.clone())
        .or_else(|| ProjectDirs::from("", "", "deckport").map(|dirs| dirs.data_dir().to_owned()))
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
    fn the_first_account_can_be_named() {
        let named = ServeArgs { account: Some("anna".to_owned()), ..ServeArgs::default() };
        let settings = resolve(&named, &environment(&[]));
        assert_eq!(settings.first_account.as_deref(), Some("anna"));
    }
}
