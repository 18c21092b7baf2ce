//! Under which names pages are shown.
//!
//! A web page of a stranger may give its own name our address (DNS rebinding); for the browser it
//! then is of the same origin as our pages and may read them. It cannot make the browser send
//! another name than its own. So pages are shown only under an address, which nobody can take
//! over, and under names of ours. Syncing does not look here: clients come by any name, and
//! browsers are refused.

use hyper::StatusCode;
use hyper::header::HOST;
use hyper::http::request::Parts;
use tokio::sync::watch;

use super::answer::Answer;
use crate::page::{Authority, plain_name};
use deckport_household::{AnnounceState, Announcement, RefusalKind};

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
        Hosts { names: names.iter().map(|name| plain_name(name)).collect(), own }
    }

    /// Under what a page may be shown to who asks like this; `None`: not at all.
    pub(super) fn allowed(&self, head: &Parts) -> Option<Authority> {
        let mut lines = head.headers.get_all(HOST).iter();
        let host = match (head.uri.authority(), lines.next(), lines.next()) {
            (Some(authority), _, None) => authority.as_str(),
            (None, Some(line), None) => line.to_str().ok()?,
            _ => return None,
        };
        Authority::parse(host).filter(|authority| self.is_ours(authority))
    }

    /// What is said instead.
    pub(super) fn refusal() -> Answer {
        let text = "This page is not shown under this name. Open it by the IP address of the machine, or allow the \
                    name where the endpoint is set up (deckport serve --allow-host NAME). Syncing is not affected.\n";
        Answer::text(StatusCode::MISDIRECTED_REQUEST, text)
            .recorded_as("a page was asked for under a name that is not allowed".to_owned())
            .refused_as(RefusalKind::HostRefused)
    }

    /// The endpoint's own name, while others find it by that.
    pub(super) fn announced_name(&self) -> Option<String> {
        let own = self.own.borrow();
        (own.state == AnnounceState::Announced).then(|| own.name.clone())
    }

    /// Whether it is an address or a name of ours.
    fn is_ours(&self, authority: &Authority) -> bool {
        match authority.name() {
            None => true,
            Some(name) => {
                authority.is_loopback()
                    || self.names.iter().any(|ours| ours == name)
                    || self.own.borrow().is_of(name)
            }
        }
    }
}

/// The name or address, with the port, that whoever asks has in its settings; `None` when it does not say.
pub(super) fn said_in(head: &Parts) -> Option<&str> {
    match head.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => head.headers.get(HOST)?.to_str().ok(),
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;
    use deckport_household::WhyNotAnnounced;

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
        hosts.allowed(&request.body(()).unwrap().into_parts().0).is_some()
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
            "<script>.localhost",
            "[::1",
        ] {
            assert!(!allow("/", &[host]), "{host}");
        }
        assert!(!allow("/", &[]), "browsers always say where they want to go");
        assert!(!allow("/", &["127.0.0.1", "evil.example"]));
        assert!(!allow("http://evil.example/", &["127.0.0.1"]));
    }
}
