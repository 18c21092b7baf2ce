//! Requests of people: who opens an address in a browser or with `curl` gets the page.
//!
//! Whatever somebody may paste shows it, also the path of a method. Clients are not touched: they
//! name no HTML, and nearly all they send is `POST`.

use deckport_wire::Route;
use hyper::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderName};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method as HttpMethod};

use super::answer::Answer;
use super::handler::Walk;
use super::refusal::Refusal;
use super::{Shared, hosts::Hosts};
use crate::page::{Language, Visit, wants_html};

/// The ending of a machine's name in its own network.
const LOCAL: &str = ".local";

/// Whether what is asked for is the page.
pub(super) fn want_page(head: &Parts, route: Route) -> bool {
    if !is_read(head) {
        return false;
    }
    let mut segments = head.uri.path().split('/').filter(|segment| !segment.is_empty());
    let is_base = segments.all(|segment| matches!(segment, "sync" | "msync"));
    let is_method = route.method().is_some() || route == Route::UnknownMethod;
    is_base || is_method && wants_html(&joined(&head.headers, ACCEPT))
}

/// Whether nothing is to be changed by a request.
pub(super) fn is_read(head: &Parts) -> bool {
    matches!(head.method, HttpMethod::GET | HttpMethod::HEAD)
}

/// Whether a page may be shown at all; see [`Hosts`].
pub(super) fn may_read(shared: &Shared, head: &Parts) -> bool {
    shared.hosts.allowed(head).is_some()
}

/// The page, in the form and language that the visitor's program asks for.
pub(super) fn page(walk: &Walk<'_>) -> Result<Answer, Refusal> {
    let (shared, head) = (walk.shared, walk.head);
    let Some(authority) = shared.hosts.allowed(head) else { return Ok(Hosts::refusal()) };
    let certificate = shared.tls.as_ref().and_then(|tls| tls.certificate());
    let announced = shared.hosts.announced_name();
    let visit = Visit {
        language: Language::of(&joined(&head.headers, ACCEPT_LANGUAGE)),
        owner: shared.options.display_name.as_deref(),
        authority: &authority,
        is_https: walk.is_https,
        has_https: shared.tls.is_some() && !walk.is_proxied,
        local_name: announced.as_deref().or_else(|| local_name(&shared.options.page_hosts)),
        fingerprint: certificate.as_ref().map(|certificate| &*certificate.fingerprint),
    };
    if !wants_html(&joined(&head.headers, ACCEPT)) {
        return Ok(Answer::page(visit.text()));
    }
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)
        .map_err(|error| Refusal::internal(format!("there are no random numbers: {error}")))?;
    Ok(Answer::page(visit.html(nonce)))
}

fn local_name(names: &[String]) -> Option<&str> {
    names.iter().map(String::as_str).find(|name| name.to_ascii_lowercase().ends_with(LOCAL))
}

/// A header that may have several lines. What is no text is as if it were not there.
fn joined(headers: &HeaderMap, name: HeaderName) -> String {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

    fn wants(method: &str, path: &str, accept: &str) -> bool {
        let request = Request::builder().method(method).uri(path).header(ACCEPT, accept);
        want_page(&request.body(()).unwrap().into_parts().0, Route::parse(path))
    }

    #[test]
    fn what_people_paste_shows_the_page() {
        for path in ["/", "//", "/sync", "/sync/", "/msync/", "/sync/sync/", "/?x"] {
            assert!(wants("GET", path, "*/*") && wants("HEAD", path, BROWSER), "{path}");
        }
        for path in ["/sync/meta", "/sync/sync/hostKey", "/msync/begin?k=1", "/sync/nonsense"] {
            assert!(wants("GET", path, BROWSER), "{path}");
        }
    }

    #[test]
    fn clients_monitors_and_other_paths_do_not() {
        for path in ["/sync/meta", "/msync/begin?k=1&v=x", "/sync/nonsense"] {
            assert!(!wants("GET", path, "*/*") && !wants("GET", path, ""), "{path}");
        }
        for path in ["/", "/sync/", "/sync/meta", "/msync/begin"] {
            assert!(!wants("POST", path, BROWSER), "{path}");
        }
        for path in ["/health", "/favicon.ico", "/sync.txt", "/a"] {
            assert!(!wants("GET", path, BROWSER), "{path}");
        }
    }

    #[test]
    fn the_name_that_is_tried_is_the_one_of_mdns() {
        let names = ["shelf", "shelf.LOCAL", "sync.example.org"].map(str::to_owned);
        assert_eq!(local_name(&names), Some("shelf.LOCAL"));
        assert_eq!(local_name(&names[2..]), None);
    }
}
