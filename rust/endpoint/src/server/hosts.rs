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

use super::answer::Answer;
use crate::page::{Authority, plain_name};
use crate::refusals::RefusalKind;

/// The names under which pages are shown.
#[derive(Debug)]
pub(super) struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// `names` are this machine's own and those that the owner allows.
    pub(super) fn new(names: &[String]) -> Hosts {
        Hosts { names: names.iter().map(|name| plain_name(name)).collect() }
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

    /// Whether it is an address or a name of ours.
    fn is_ours(&self, authority: &Authority) -> bool {
        match authority.name() {
            None => true,
            Some(name) => authority.is_loopback() || self.names.iter().any(|ours| ours == name),
        }
    }
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
