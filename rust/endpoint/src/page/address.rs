//! The address under which somebody came, as it is shown and typed.

use std::net::{IpAddr, SocketAddr};

/// Longest name of a host (RFC 1035).
const MAX_NAME: usize = 253;

/// Host and port of an address. Only what a host may be gets here, so it can be shown and put into
/// headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    /// In lower case, without the dot at its end.
    Name(String),
}

impl Authority {
    /// Reads the value of a `Host` header; `None`: it is none that a browser sends.
    pub(crate) fn parse(text: &str) -> Option<Authority> {
        let begin_of_port = match text.rfind(']') {
            Some(end) => end + 1,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (host, port) = text.split_at_checked(begin_of_port)?;
        Some(Authority { host: Host::parse(host)?, port: parse_port(port)? })
    }

    /// The name, unless it is an IP address.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Ip(_) => None,
            Host::Name(name) => Some(name),
        }
    }

    /// Whether it is an IPv6 address.
    pub(crate) fn is_ipv6(&self) -> bool {
        matches!(self.host, Host::Ip(IpAddr::V6(_)))
    }

    /// Whether it leads nowhere but to the machine that asks.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Ip(ip) => ip.to_canonical().is_loopback(),
            Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }

    /// The whole address.
    pub(crate) fn url(&self, is_https: bool) -> String {
        let scheme = if is_https { "https" } else { "http" };
        let host = match (&self.host, self.port) {
            (Host::Ip(ip), Some(port)) => SocketAddr::new(*ip, port).to_string(),
            (Host::Ip(IpAddr::V6(ip)), None) => format!("[{ip}]"),
            (Host::Ip(ip), None) => ip.to_string(),
            (Host::Name(name), Some(port)) => format!("{name}:{port}"),
            (Host::Name(name), None) => name.clone(),
        };
        format!("{scheme}://{host}/")
    }

    /// The same port under another name; `None` when it is the same name.
    pub(crate) fn under(&self, name: &str) -> Option<Authority> {
        let host = Host::parse(name)?;
        (host != self.host).then_some(Authority { host, port: self.port })
    }
}

impl Host {
    fn parse(text: &str) -> Option<Host> {
        let in_brackets = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        if let Ok(ip) = in_brackets.unwrap_or(text).parse() {
            return Some(Host::Ip(ip));
        }
        let name = plain_name(text);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let fits = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_name);
        fits.then_some(Host::Name(name))
    }
}

/// What stands behind the host: nothing, or a colon and digits.
fn parse_port(text: &str) -> Option<Option<u16>> {
    match text.strip_prefix(':') {
        None => text.is_empty().then_some(None),
        Some("") => Some(None),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().map(Some)
        }
        Some(_) => None,
    }
}

/// A name as names are compared: in lower case, without the dot at its end.
pub(crate) fn plain_name(name: &str) -> String {
    let name = name.trim();
    name.strip_suffix('.').unwrap_or(name).to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_browsers_send_is_shown_as_people_type_it() {
        for (host, url) in [
            ("192.168.1.20:27701", "http://192.168.1.20:27701/"),
            ("192.168.1.20", "http://192.168.1.20/"),
            ("[FD00::1]:80", "http://[fd00::1]:80/"),
            ("[fd00::1]", "http://[fd00::1]/"),
            ("Shelf.local.:27701", "http://shelf.local:27701/"),
            ("localhost:", "http://localhost/"),
        ] {
            assert_eq!(Authority::parse(host).unwrap().url(false), url);
        }
        assert_eq!(Authority::parse("a.b").unwrap().url(true), "https://a.b/");
    }

    #[test]
    fn anything_else_is_none() {
        for host in [
            "", ":1", "a b", "<b>", "a\"b", "a:b", "a:1:2", "a:70000", "[::1", "[::1]x", "a@b",
            "a/b",
        ] {
            assert_eq!(Authority::parse(host), None, "{host}");
        }
        assert_eq!(Authority::parse(&"a".repeat(300)), None);
    }

    #[test]
    fn loopback_is_known_by_address_and_name() {
        let is = |host| Authority::parse(host).unwrap().is_loopback();
        assert!(is("127.0.0.1:1") && is("[::1]") && is("localhost") && is("a.localhost"));
        assert!(!is("192.168.1.20") && !is("notlocalhost"));
    }

    proptest! {
        #[test]
        fn whatever_comes_only_harmless_characters_are_shown(text in "\\PC{0,40}") {
            if let Some(authority) = Authority::parse(&text) {
                let url = authority.url(false);
                let is_harmless = |c: char| c.is_ascii_alphanumeric() || "-._:[]/".contains(c);
                prop_assert!(url.chars().all(is_harmless), "{}", url);
                let shown = url.trim_start_matches("http://").trim_end_matches('/');
                prop_assert_eq!(Authority::parse(shown), Some(authority));
            }
        }
    }
}
