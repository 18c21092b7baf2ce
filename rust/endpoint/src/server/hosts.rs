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
use tokio::sync::watch;

use super::answer::Answer;
use deckport_household::Announcement;

/// The names under which pages are shown.
#[derive(Debug)]
pub(super) struct Hosts {
    names: Vec<String>,
    /// The name that we answer for. While somebody else has it, it is not ours.
    own: watch::Receiver<Announcement>,
}

impl Hosts {
    /// `names` are this machine's own and those that the owner allows.
    pub(super) fn new(names: &[String], own: watch::Receiver<Announcement>) -> Hosts {
        Hosts { names: names.iter().map(|name| plain(name)).collect(), own }
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
        let is_fixed = name == "localhost" || name.ends_with(".localhost");
        is_fixed || self.names.contains(&name) || self.own.borrow().is_of(&name)
    }
}

/// The name or address, with the port, that whoever asks has in its settings; `None` when it does not say.
pub(super) fn said_in(head: &Parts) -> Option<&str> {
    match head.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => head.headers.get(HOST)?.to_str().ok(),
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
    use deckport_household::{AnnounceState, WhyNotAnnounced};

    fn allow(uri: &str, lines: &[&str]) -> bool {
        allow_with(AnnounceState::Announced, uri, lines)
    }

    fn allow_with(state: AnnounceState, uri: &str, lines: &[&str]) -> bool {
        let own = Announcement { name: "deckport-7f3k.local".to_owned(), port: Some(1), state };
        let own = watch::Sender::new(own).subscribe();
        let hosts = Hosts::new(&["Shelf.local".to_owned(), "sync.example.org.".to_owned()], own);
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
            "Deckport-7f3k.local:27701",
        ] {
            assert!(allow("/", &[host]), "{host}");
        }
        assert!(allow("http://192.168.1.20:27701/", &["192.168.1.20:27701"]));
    }

    #[test]
    fn a_name_that_is_not_announced_may_be_somebody_elses() {
        let state = || AnnounceState::Not(WhyNotAnnounced::PortTaken);
        assert!(!allow_with(state(), "/", &["deckport-7f3k.local"]));
        assert!(!allow_with(AnnounceState::Trying, "/", &["deckport-7f3k.local"]));
        assert!(allow_with(state(), "/", &["shelf.local"]));
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
            "deckport-7f3k-2.local",
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
