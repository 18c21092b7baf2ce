//! The environment variables of Anki's reference sync server, so that Deckport can take its
//! place in an existing set-up (`transport` 10), and two of our own. Flags of the command line win over them.
//!
//! This is the only place in the project that reads settings from the environment.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::path::PathBuf;

use deckport_endpoint::{ConfiguredAccount, HostName, Secret};

use crate::args::Tls;
use crate::failure::Failure;

/// What the environment asks for. Unset variables leave the defaults alone.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// `SYNC_USER1`, `SYNC_USER2`, …: `name:password`, up to the first missing number; or each of
    /// them in a file that `SYNC_USER1_FILE` names.
    pub(crate) accounts: Vec<ConfiguredAccount>,
    /// `SYNC_BASE`: the data folder.
    pub(crate) data: Option<PathBuf>,
    /// `HOME`, or `USERPROFILE` on Windows: what `~` means.
    pub(crate) home: Option<PathBuf>,
    /// `SYNC_HOST`: the one IP address to listen on.
    pub(crate) host: Option<IpAddr>,
    /// `SYNC_PORT`.
    pub(crate) port: Option<u16>,
    /// `MAX_SYNC_PAYLOAD_MEGS` as bytes of an uncompressed collection: the reference server
    /// takes three times that many MiB, no client more than 4 GiB - 1 (`transport` 8).
    pub(crate) max_upload_bytes: Option<u64>,
    /// `SYNC_IP_HEADER`: the header in which a reverse proxy says whom a request comes from.
    pub(crate) ip_header: Option<String>,
    /// `SYNC_TLS`: `on`, `off` or `only`.
    pub(crate) tls: Option<Tls>,
    /// `SYNC_TLS_CERT` and `SYNC_TLS_KEY`: a certificate of the owner's, and its key.
    pub(crate) tls_files: Option<(PathBuf, PathBuf)>,
    /// `DECKPORT_NAME`: the name under which the endpoint is found.
    pub(crate) host_name: Option<HostName>,
    /// `DECKPORT_ANNOUNCE`, `on` or `off`: whether that name is announced.
    pub(crate) announce: Option<bool>,
    /// `COMPUTERNAME`, which Windows sets: this machine's name.
    pub(crate) computer_name: Option<String>,
    /// What is set but has no effect, one sentence each.
    pub(crate) warnings: Vec<String>,
}

impl Environment {
    /// Reads the process's own variables.
    pub(crate) fn of_process() -> Result<Self, Failure> {
        Self::parse(std::env::vars_os())
    }

    /// Reads `variables`; an unusable value is a usage failure that names its variable, not
    /// its value (it may be a password).
    pub(crate) fn parse(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Failure> {
        let mut parsed = Self::default();
        let mut users = Vec::new();
        let mut hashed = false;
        let (mut tls_cert, mut tls_key) = (None, None);
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            match name {
                "HOME" | "USERPROFILE" if !value.is_empty() => parsed.home = Some(value.into()),
                "SYNC_BASE" if !value.is_empty() => parsed.data = Some(PathBuf::from(value)),
                "SYNC_HOST" => parsed.host = Some(parse_host(&value)?),
                "SYNC_PORT" => parsed.port = Some(parse_port(&value)?),
                "MAX_SYNC_PAYLOAD_MEGS" => parsed.max_upload_bytes = Some(parse_megs(&value)?),
                // The reference server looks at its presence alone: even "" and "0" mean yes.
                "PASSWORDS_HASHED" => {
                    hashed = true;
                    if value.to_str().is_some_and(means_no) {
                        parsed.warnings.push(
                            "PASSWORDS_HASHED is set, so passwords are taken for hashes, whatever \
                             its value: unset it for passwords in plain"
                                .to_owned(),
                        );
                    }
                }
                "SYNC_IP_HEADER" => parsed.ip_header = parse_ip_header(&value)?,
                "SYNC_TLS" => parsed.tls = parse_tls(&value)?,
                "SYNC_TLS_CERT" if !value.is_empty() => tls_cert = Some(PathBuf::from(value)),
                "SYNC_TLS_KEY" if !value.is_empty() => tls_key = Some(PathBuf::from(value)),
                "DECKPORT_NAME" if !value.is_empty() => {
                    parsed.host_name = Some(parse_host_name(&value)?);
                }
                "DECKPORT_ANNOUNCE" if !value.is_empty() => {
                    parsed.announce = Some(parse_announce(&value)?);
                }
                "COMPUTERNAME" => parsed.computer_name = value.into_string().ok(),
                _ => {
                    if let Some(number) = user_number(name) {
                        users.push((number, value));
                    } else if let Some(of) = name.strip_suffix("_FILE").and_then(user_number) {
                        users.push((of, read_secret(name, &value)?));
                    } else if is_miscounted(name) {
                        parsed.warnings.push(format!(
                            "{name} is ignored: accounts are numbered from 1, without leading zeros"
                        ));
                    }
                }
            }
        }
        parsed.tls_files = match (tls_cert, tls_key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => {
                return Err(Failure::Usage(
                    "SYNC_TLS_CERT and SYNC_TLS_KEY belong together: set both or none".to_owned(),
                ));
            }
        };
        parsed.take_users(users, hashed)?;
        Ok(parsed)
    }

    fn take_users(&mut self, mut users: Vec<(u32, OsString)>, hashed: bool) -> Result<(), Failure> {
        users.sort_by_key(|(number, _)| *number);
        if let Some(pair) = users.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let name = format!("SYNC_USER{}", pair[0].0);
            return Err(Failure::Usage(format!("{name} and {name}_FILE are both set: unset one")));
        }
        let mut names = BTreeSet::new();
        for (expected, (number, value)) in (1..).zip(users) {
            if number != expected {
                self.warnings.push(format!(
                    "SYNC_USER{number} is ignored because SYNC_USER{expected} is not set: number \
                     the accounts from 1 without gaps"
                ));
                break;
            }
            let account = parse_user(number, &value, hashed, &mut self.warnings)?;
            if !names.insert(account.name.trim().to_lowercase()) {
                return Err(Failure::Usage(format!(
                    "SYNC_USER{number} names an account that an earlier variable names too: give \
                     each account one variable"
                )));
            }
            self.accounts.push(account);
        }
        Ok(())
    }
}

/// `n` of `SYNC_USERn` as the reference server counts: from 1, without leading zeros.
fn user_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("SYNC_USER")?;
    let number = digits.parse::<u32>().ok().filter(|number| *number > 0)?;
    (number.to_string() == digits).then_some(number)
}

/// `SYNC_USER0` or `SYNC_USER01`, which the reference server does not look at either.
fn is_miscounted(name: &str) -> bool {
    let digits = name.strip_prefix("SYNC_USER").unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn means_no(text: &str) -> bool {
    ["", "0", "false", "no", "off"].contains(&&*text.trim().to_lowercase())
}

/// What the file says that the variable `name` names.
fn read_secret(name: &str, path: &OsStr) -> Result<OsString, Failure> {
    let read = std::fs::read_to_string(path);
    read.map(OsString::from).map_err(|error| {
        Failure::Usage(format!("{name} names a file that cannot be read: {error}"))
    })
}

/// Without what editors and tools add, and nobody means: a byte order mark, a line end.
fn without_additions(value: &str) -> &str {
    value.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n'])
}

/// What is between quotes that somebody put around the whole.
fn unquoted(value: &str) -> Option<&str> {
    let between = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    between('"').or_else(|| between('\''))
}

fn parse_user(
    number: u32,
    value: &OsStr,
    hashed: bool,
    warnings: &mut Vec<String>,
) -> Result<ConfiguredAccount, Failure> {
    let refused = |why: &str| Failure::Usage(format!("SYNC_USER{number} {why}"));
    let value = value.to_str().ok_or_else(|| refused("is not valid UTF-8"))?;
    let mut value = without_additions(value);
    if let Some(inner) = unquoted(value) {
        warnings.push(format!("SYNC_USER{number} has quotes around it, which are left out"));
        value = inner;
    }
    let (name, secret) = value
        .split_once(':')
        .filter(|(name, secret)| !name.trim().is_empty() && !secret.is_empty())
        .ok_or_else(|| refused("must have the form name:password"))?;
    if !hashed && ["$argon2", "$pbkdf2"].iter().any(|kind| secret.starts_with(kind)) {
        warnings.push(format!(
            "SYNC_USER{number} looks like the hash of a password, and is taken for the password \
             itself: set PASSWORDS_HASHED=1 if it is a hash"
        ));
    }
    let secret =
        if hashed { Secret::Hashed(secret.to_owned()) } else { Secret::Plain(secret.to_owned()) };
    Ok(ConfiguredAccount { name: name.to_owned(), secret })
}

fn parse_host(value: &OsStr) -> Result<IpAddr, Failure> {
    value.to_str().and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
        Failure::Usage("SYNC_HOST must be an IP address, for example 0.0.0.0".to_owned())
    })
}

fn parse_port(value: &OsStr) -> Result<u16, Failure> {
    value
        .to_str()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| Failure::Usage("SYNC_PORT must be a number between 0 and 65535".to_owned()))
}

/// The reference server's words for the headers in which proxies name the client.
const IP_HEADERS: [(&str, &str); 6] = [
    ("XRealIp", "x-real-ip"),
    ("RightmostXForwardedFor", "x-forwarded-for"),
    ("CfConnectingIp", "cf-connecting-ip"),
    ("CloudFrontViewerAddress", "cloudfront-viewer-address"),
    ("FlyClientIp", "fly-client-ip"),
    ("TrueClientIp", "true-client-ip"),
];

/// A word of the reference server, or the name of a header. `ConnectInfo` means none.
fn parse_ip_header(value: &OsStr) -> Result<Option<String>, Failure> {
    let text = value.to_str().map(str::trim).unwrap_or_default();
    if text.is_empty() || text == "ConnectInfo" {
        return Ok(None);
    }
    if let Some((_, header)) = IP_HEADERS.iter().find(|(word, _)| *word == text) {
        return Ok(Some((*header).to_owned()));
    }
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // A mistyped word would be a header that never comes.
    if is_name && (text.contains('-') || text.eq_ignore_ascii_case("forwarded")) {
        return Ok(Some(text.to_lowercase()));
    }
    Err(Failure::Usage(
        "SYNC_IP_HEADER must be one of Anki's words, such as XRealIp or RightmostXForwardedFor, or \
         the name of a header, such as X-Real-IP"
            .to_owned(),
    ))
}

fn parse_tls(value: &OsStr) -> Result<Option<Tls>, Failure> {
    match value.to_str().map(str::trim) {
        Some("") => Ok(None),
        Some("on") => Ok(Some(Tls::On)),
        Some("off") => Ok(Some(Tls::Off)),
        Some("only") => Ok(Some(Tls::Only)),
        _ => Err(Failure::Usage("SYNC_TLS must be on, off or only".to_owned())),
    }
}

fn parse_host_name(value: &OsStr) -> Result<HostName, Failure> {
    let text = value.to_str().unwrap_or_default();
    text.parse().map_err(|error| Failure::Usage(format!("DECKPORT_NAME: {error}")))
}

fn parse_announce(value: &OsStr) -> Result<bool, Failure> {
    match value.to_str().map(str::trim) {
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        _ => Err(Failure::Usage("DECKPORT_ANNOUNCE must be on or off".to_owned())),
    }
}

fn parse_megs(value: &OsStr) -> Result<u64, Failure> {
    const MIB: u64 = 1024 * 1024;
    value
        .to_str()
        .and_then(|text| text.trim().parse::<u64>().ok())
        .filter(|megs| *megs > 0)
        .map(|megs| megs.saturating_mul(3 * MIB).min(u32::MAX.into()))
        .ok_or_else(|| {
            Failure::Usage(
                "MAX_SYNC_PAYLOAD_MEGS must be a whole number of MiB, at least 1".to_owned(),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &str)]) -> Result<Environment, Failure> {
        Environment::parse(variables.iter().map(|(k, v)| (OsString::from(k), OsString::from(v))))
    }

    fn names(environment: &Environment) -> Vec<&str> {
        environment.accounts.iter().map(|account| account.name.as_str()).collect()
    }

    #[test]
    fn an_empty_environment_changes_nothing() {
        let parsed = parse(&[("HOME", "/home/x"), ("SYNC_USERS", "a:b")]).unwrap();
        assert!(parsed.accounts.is_empty() && parsed.warnings.is_empty());
        assert_eq!((parsed.data, parsed.host, parsed.port), (None, None, None));
        assert_eq!(parsed.max_upload_bytes, None);
    }

    #[test]
    fn all_variables_of_the_reference_server_and_our_own_are_understood() {
        let parsed = parse(&[
            ("SYNC_BASE", "/srv/anki"),
            ("SYNC_HOST", "127.0.0.1"),
            ("SYNC_PORT", "8080"),
            ("MAX_SYNC_PAYLOAD_MEGS", "100"),
            ("SYNC_IP_HEADER", "XRealIp"),
            ("SYNC_USER1", "u:p"),
            ("DECKPORT_NAME", "Anna.local"),
            ("DECKPORT_ANNOUNCE", "off"),
        ])
        .unwrap();
        assert_eq!(parsed.host_name.as_ref().map(HostName::full).as_deref(), Some("anna.local"));
        assert_eq!(parsed.announce, Some(false));
        assert_eq!(parsed.data, Some(PathBuf::from("/srv/anki")));
        assert_eq!(parsed.host, Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(parsed.port, Some(8080));
        assert_eq!(parsed.max_upload_bytes, Some(300 * 1024 * 1024));
        assert_eq!(parsed.ip_header.as_deref(), Some("x-real-ip"));
        assert_eq!(names(&parsed), ["u"]);
        assert!(parsed.warnings.is_empty());
    }

    #[test]
    fn the_header_with_the_clients_address_has_the_reference_servers_words_or_its_own_name() {
        for (value, header) in [
            ("ConnectInfo", None),
            ("", None),
            ("RightmostXForwardedFor", Some("x-forwarded-for")),
            ("CfConnectingIp", Some("cf-connecting-ip")),
            ("CloudFrontViewerAddress", Some("cloudfront-viewer-address")),
            ("X-Client-IP", Some("x-client-ip")),
            ("Forwarded", Some("forwarded")),
        ] {
            let parsed = parse(&[("SYNC_IP_HEADER", value)]).unwrap();
            assert_eq!(parsed.ip_header.as_deref(), header, "{value}");
        }
    }

    #[test]
    fn accounts_are_counted_from_one_without_gaps() {
        let users = |numbers: std::ops::RangeInclusive<u32>| {
            numbers.map(|n| (format!("SYNC_USER{n}"), format!("n{n}:p"))).collect::<Vec<_>>()
        };
        let mut variables = users(1..=11);
        variables.push(("SYNC_USER13".to_owned(), "lost:p".to_owned()));
        variables.reverse();
        let variables: Vec<_> = variables.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let parsed = parse(&variables).unwrap();
        assert_eq!(names(&parsed)[9..], ["n10", "n11"]);
        assert!(
            parsed.warnings[0].contains("SYNC_USER13")
                && parsed.warnings[0].contains("SYNC_USER12")
        );

        let parsed = parse(&[("SYNC_USER2", "a:b")]).unwrap();
        assert!(parsed.accounts.is_empty());
        assert_eq!(parsed.warnings.len(), 1);
    }

    #[test]
    fn a_password_may_hold_colons_and_blanks() {
        let parsed = parse(&[("SYNC_USER1", "u:p:q r ")]).unwrap();
        assert!(
            matches!(&parsed.accounts[0].secret, Secret::Plain(password) if password == "p:q r ")
        );
    }

    #[test]
    fn what_nobody_means_is_left_out_and_what_is_doubtful_is_told() {
        let told = |variables: &[(&str, &str)], word: &str| {
            let parsed = parse(variables).unwrap();
            assert!(parsed.warnings.iter().any(|warning| warning.contains(word)), "{word}");
            parsed
        };
        let parsed = parse(&[("SYNC_USER1", "\u{feff}u:p\r\n")]).unwrap();
        assert!(matches!(&parsed.accounts[0].secret, Secret::Plain(password) if password == "p"));
        assert_eq!((names(&parsed), parsed.warnings.len()), (vec!["u"], 0));
        let parsed = told(&[("SYNC_USER1", "\"u:p\"")], "quotes");
        assert_eq!(names(&parsed), ["u"]);
        told(&[("SYNC_USER1", "u:$argon2id$v=19$x")], "PASSWORDS_HASHED=1");
        for name in ["SYNC_USER0", "SYNC_USER01"] {
            assert!(told(&[(name, "u:p")], name).accounts.is_empty());
        }
        for no in ["false", "0", ""] {
            told(&[("PASSWORDS_HASHED", no)], "PASSWORDS_HASHED");
        }
        assert!(parse(&[("PASSWORDS_HASHED", "1")]).unwrap().warnings.is_empty());
    }

    #[test]
    fn an_account_may_be_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "u:p\n").unwrap();
        let path = file.to_str().unwrap();
        let parsed = parse(&[("SYNC_USER1_FILE", path)]).unwrap();
        assert!(matches!(&parsed.accounts[0].secret, Secret::Plain(password) if password == "p"));
        for refused in [
            vec![("SYNC_USER1_FILE", "missing")],
            vec![("SYNC_USER1_FILE", path), ("SYNC_USER1", "u:p")],
        ] {
            assert!(
                matches!(parse(&refused), Err(Failure::Usage(text)) if text.contains("SYNC_USER1_FILE"))
            );
        }
    }

    #[test]
    fn passwords_are_hashed_as_soon_as_the_variable_exists() {
        for value in ["", "0", "1"] {
            let parsed = parse(&[("SYNC_USER1", "u:$x"), ("PASSWORDS_HASHED", value)]).unwrap();
            assert!(matches!(&parsed.accounts[0].secret, Secret::Hashed(hash) if hash == "$x"));
        }
    }

    #[test]
    fn unusable_values_name_their_variable_and_not_their_content() {
        for (name, value) in [
            ("SYNC_USER1", "topsecret"),
            ("SYNC_USER1", ":topsecret"),
            ("SYNC_USER1", "topsecret:"),
            ("SYNC_HOST", "topsecret"),
            ("SYNC_PORT", "70000"),
            ("SYNC_PORT", ""),
            ("MAX_SYNC_PAYLOAD_MEGS", "0"),
            ("MAX_SYNC_PAYLOAD_MEGS", "1.5"),
            ("SYNC_TLS", "topsecret"),
            ("SYNC_TLS_CERT", "topsecret"),
            ("SYNC_IP_HEADER", "topsecret"),
            ("SYNC_IP_HEADER", "x-topsecret: 1"),
            ("DECKPORT_NAME", "topsecret.org"),
            ("DECKPORT_ANNOUNCE", "topsecret"),
        ] {
            let Err(Failure::Usage(sentence)) = parse(&[(name, value)]) else {
                panic!("{name}={value} was accepted");
            };
            assert!(sentence.starts_with(name) && !sentence.contains("topsecret"), "{sentence}");
        }
    }

    #[test]
    fn one_account_named_twice_is_refused() {
        let twice = parse(&[("SYNC_USER1", "Anki:a"), ("SYNC_USER2", " anki:b")]);
        assert!(
            matches!(twice, Err(Failure::Usage(sentence)) if sentence.starts_with("SYNC_USER2"))
        );
    }

    #[test]
    fn an_enormous_limit_is_what_clients_can_take_at_most() {
        let parsed = parse(&[("MAX_SYNC_PAYLOAD_MEGS", "18446744073709551615")]).unwrap();
        assert_eq!(parsed.max_upload_bytes, Some(4_294_967_295));
    }
}
