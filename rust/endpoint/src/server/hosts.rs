//! Under which names pages are shown.
//!
//! A web page of a stranger may give its own name our address (DNS rebinding); for the browser it
//! then is of the same origin as our pages and may read them. It cannot make the browser send
//! another name than its own. So pages are shown only under an address, which nobody can take
//! over, and under names of ours. Syncing does not look here: clients come by any name, and
//! browsers are refused.

use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::HOST;
use hyper::http::request::Parts;

use super::answer::Answer;

/// The names under which pages are shown.
#[derive(Debug)]
pub(super) struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// `names` are this machine's own and those that the owner allows.
    pub(super) fn new(names: &[String]) -> Hosts {
        Hosts { names: names.iter().map(|name| plain(name)).collect() }
    }

    /// Whether a page may be shown to who asks like this.
    pub(super) fn allow(&self, head: &Parts) -> bool {
        let mut lines = head.headers.get_all(HOST).iter();
        match (head.uri.authority(), lines.next(), lines.next()) {
            (Some(authority), _, None) => self.is_ours(authority.as_str()),
            (None, Some(line), None) => line.to_str().is_ok_and(|host| self.is_ours(host)),
            _ => false,
        }
    }

    /// What is said instead.
    pub(super) fn refusal() -> Answer {
        let text = "This page is not shown under this name. Open it by the IP address of the machine, or allow the \
                    name where the endpoint is set up (deckport serve --allow-host NAME). Syncing is not affected.\n";
        Answer::text(StatusCode::MISDIRECTED_REQUEST, text)
            .recorded_as("a page was asked for under a name that is not allowed".to_owned())
    }

    /// Whether `host`, with or without a port, is an address or a name of ours.
    fn is_ours(&self, host: &str) -> bool {
        let Some(host) = without_port(host) else { return false };
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if address.unwrap_or(host).parse::<IpAddr>().is_ok() {
            return true;
        }
        let name = plain(host);
        name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
    }
}

/// What stands before the port; `None`: there is something that is no port.
fn without_port(host: &str) -> Option<&str> {
    let begin_of_port = match host.rfind(']') {
        Some(end) => end + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (host, port) = host.split_at_checked(begin_of_port)?;
    let digits = if port.is_empty() { "" } else { port.strip_prefix(':')? };
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(host)
}

/// A name as names are compared: in lower case, without the dot at its end.
fn plain(name: &str) -> String {
    let name = name.trim();
    name.strip_suffix('.').unwrap_or(name).to_lowercase()
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn allow(uri: &str, lines: &[&str]) -> bool {
        let hosts = Hosts::new(&["Shelf.local".to_owned(), "sync.example.org.".to_owned()]);
        let mut request = Request::get(uri);
        for line in lines {
            request = request.header(HOST, *line);
        }
        hosts.allow(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn addresses_and_names_of_ours_are_shown() {
        for host in [
            "192.168.1.20",
            "192.168.1.20:27701",
            "[fd00::1]",
            "[fd00::1]:27701",
            "localhost:27701",
            "a.localhost",
            "shelf.local",
            "SHELF.LOCAL.:80",
            "sync.example.org",
        ] {
            assert!(allow("/", &[host]), "{host}");
        }
        assert!(allow("http://192.168.1.20:27701/", &["192.168.1.20:27701"]));
    }

    #[test]
    fn foreign_names_are_not() {
        for host in [
            "evil.example",
            "evil.example:27701",
            "192.168.1.20.evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "evil.shelf.local",
            "",
            "192.168.1.20:x",
            "[fd00::1]x",
            "evil.example:[::1]",
            "[::1",
        ] {
            assert!(!allow("/", &[host]), "{host}");
        }
        assert!(!allow("/", &[]), "browsers always say where they want to go");
        assert!(!allow("/", &["127.0.0.1", "evil.example"]));
        assert!(!allow("http://evil.example/", &["127.0.0.1"]));
    }
}
