//! The page for people who open the endpoint's address: what to type into which app, and whether
//! this browser gets through. HTML for browsers, a short text for terminals.
//!
//! Anybody who may connect may read it, so it tells nothing that is for owners alone. It is one
//! file that works without scripts and asks for nothing elsewhere.

mod address;
mod ask;
mod html;
mod words;

use deckport_ground::hex::hex;

pub(crate) use self::address::{Authority, plain_name};
pub(crate) use self::ask::{Language, wants_html};

/// What the page is made of, for one visitor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) language: Language,
    /// Whose endpoint this is.
    pub(crate) owner: Option<&'a str>,
    /// Under which address the visitor came.
    pub(crate) authority: &'a Authority,
    /// Whether the visitor came over TLS.
    pub(crate) is_https: bool,
    /// Whether this port speaks TLS, whatever the visitor came over.
    pub(crate) has_https: bool,
    /// The machine's name in its own network, such as `shelf.local`.
    pub(crate) local_name: Option<&'a str>,
    /// Fingerprint of the certificate that people can install; `None`: there is none.
    pub(crate) fingerprint: Option<&'a str>,
}

/// A page that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) body: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Visit<'_> {
    /// The page for a browser. `nonce` is random: it marks the page's own style and script.
    pub(crate) fn html(&self, nonce: [u8; 16]) -> Page {
        let nonce = hex(&nonce);
        let ways = self.ways().into_iter().map(|way| way.url);
        // A policy can name no IPv6 address; 'self' is the one that the page came from.
        let reached: Vec<String> = ways.filter(|url| !url.contains('[')).collect();
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; \
             connect-src 'self' {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            reached.join(" ")
        );
        let mut headers = self.headers("text/html; charset=utf-8");
        headers.extend([
            ("content-security-policy", policy),
            ("x-frame-options", "DENY".to_owned()),
            ("content-language", self.words().code.to_owned()),
        ]);
        Page { body: html::page(self, &nonce), headers }
    }

    /// The page for a terminal.
    pub(crate) fn text(&self) -> Page {
        let address = self.address();
        let body = format!(
            "Deckport: this is an Anki sync endpoint, and it works.\n\n\
             In Anki: Tools > Preferences > Syncing > Self-hosted sync server; then restart Anki.\n\
             In AnkiDroid: Settings > Sync > Custom sync server.\n\
             In AnkiMobile: Settings > Syncing > custom sync server.\n\
             Enter {address} there, then sync and log in with the name and password of your account.\n"
        );
        Page { body, headers: self.headers("text/plain; charset=utf-8") }
    }

    /// Headers of both. Nothing is stored: the next visitor may come under another address.
    fn headers(&self, content_type: &str) -> Vec<(&'static str, String)> {
        vec![
            ("content-type", content_type.to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("vary", "accept, accept-language, host".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
            ("cross-origin-resource-policy", "same-origin".to_owned()),
        ]
    }

    fn words(&self) -> &'static words::Words {
        words::of(self.language)
    }

    /// The address to type, with its last slash.
    fn address(&self) -> String {
        self.authority.url(self.is_https)
    }

    /// What the page's script tries: first the way on which the visitor came.
    fn ways(&self) -> Vec<Way> {
        let mut ways = vec![Way { kind: WayKind::of(self.is_https), url: self.address() }];
        if self.has_https && !self.authority.is_ipv6() {
            let kind = WayKind::of(!self.is_https);
            ways.push(Way { kind, url: self.authority.url(!self.is_https) });
        }
        if let Some(named) = self.local_name.and_then(|name| self.authority.under(name)) {
            ways.push(Way { kind: WayKind::Name, url: named.url(self.is_https) });
        }
        ways
    }
}

/// A way to the endpoint that a browser can try.
#[derive(Debug, PartialEq, Eq)]
struct Way {
    kind: WayKind,
    url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WayKind {
    Http,
    Https,
    Name,
}

impl WayKind {
    fn of(is_https: bool) -> WayKind {
        if is_https { WayKind::Https } else { WayKind::Http }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority() -> Authority {
        Authority::parse("192.168.1.20:27701").unwrap()
    }

    fn visit(authority: &Authority) -> Visit<'_> {
        Visit {
            language: Language::English,
            owner: Some("Anna's <laptop>"),
            authority,
            is_https: false,
            has_https: false,
            local_name: None,
            fingerprint: None,
        }
    }

    fn header<'a>(page: &'a Page, name: &str) -> &'a str {
        &page.headers.iter().find(|(key, _)| *key == name).unwrap().1
    }

    #[test]
    fn it_names_its_owner_and_the_address_of_each_app_escaped() {
        let authority = authority();
        let page = visit(&authority).html([7; 16]).body;
        assert!(page.contains("Anna's &lt;laptop&gt;"), "{page}");
        for shown in [
            ">http://192.168.1.20:27701/<",
            ">http://192.168.1.20:27701/sync/<",
            ">http://192.168.1.20:27701/msync/<",
            ">http://192.168.1.20:27701<",
            ">http://192.168.1.20:27701/msync<",
            "AnkiWeb ID",
            "restart Anki",
            "AnkiMobile",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
    }

    #[test]
    fn it_speaks_german_with_german_quotation_marks() {
        let authority = authority();
        let german = Visit { language: Language::German, ..visit(&authority) }.html([0; 16]);
        assert!(german.body.contains("<html lang=\"de\">"));
        assert_eq!(header(&german, "content-language"), "de");
        assert!(german.body.contains("„AnkiWeb-ID“"), "{}", german.body);
        assert!(german.body.contains("Kopieren") && !german.body.contains(">Copy<"));
    }

    #[test]
    fn only_its_own_style_and_script_run_and_nobody_frames_it() {
        let authority = authority();
        let page = visit(&authority).html([0xab; 16]);
        let nonce = "ab".repeat(16);
        let policy = header(&page, "content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            &format!("script-src 'nonce-{nonce}'"),
            "connect-src 'self' http://192.168.1.20:27701/;",
        ] {
            assert!(policy.contains(part), "{part}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(page.body.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(header(&page, name), value);
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        let authority = authority();
        let page = visit(&authority).html([0; 16]).body;
        for link in page.split("href=\"").skip(1) {
            assert!(link.starts_with("data:") || link.starts_with('/'), "{link:.40}");
        }
        for elsewhere in ["src=", "@import", "url(", "<iframe", "<form", " style=", " onclick="] {
            assert!(!page.contains(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn it_tries_what_there_is_and_no_more() {
        let authority = authority();
        let plain = visit(&authority);
        let urls = |visit: &Visit<'_>| -> Vec<String> {
            visit.ways().into_iter().map(|way| way.url).collect()
        };
        assert_eq!(urls(&plain), ["http://192.168.1.20:27701/"]);
        let all = Visit { has_https: true, local_name: Some("shelf.local"), ..plain };
        let found = urls(&all);
        assert_eq!(
            found,
            [
                "http://192.168.1.20:27701/",
                "https://192.168.1.20:27701/",
                "http://shelf.local:27701/"
            ]
        );
        let policy = all.html([0; 16]);
        for url in found {
            assert!(header(&policy, "content-security-policy").contains(&url), "{url}");
        }
        let by_number = Authority::parse("[fd00::1]:27701").unwrap();
        let found = Visit { authority: &by_number, ..all };
        assert_eq!(urls(&found), ["http://[fd00::1]:27701/", "http://shelf.local:27701/"]);
        assert!(!header(&found.html([0; 16]), "content-security-policy").contains('['));
        let named = Authority::parse("SHELF.local.:27701").unwrap();
        assert_eq!(urls(&Visit { authority: &named, ..all }).len(), 2, "it came by the name");
    }

    #[test]
    fn the_certificate_is_left_out_where_there_is_none() {
        let authority = authority();
        let without = visit(&authority).html([0; 16]).body;
        assert!(!without.contains("/certificate.pem"));
        let with = Visit { fingerprint: Some("AB:CD"), ..visit(&authority) }.html([0; 16]).body;
        for part in ["/certificate.pem", "/certificate.crt", "AB:CD"] {
            assert!(with.contains(part), "{part}");
        }
    }

    #[test]
    fn a_terminal_gets_a_short_text() {
        let authority = authority();
        let text = visit(&authority).text();
        assert!(text.body.starts_with("Deckport: this is an Anki sync endpoint, and it works."));
        assert!(text.body.contains("http://192.168.1.20:27701/"));
        assert!(!text.body.contains('<'));
        assert_eq!(header(&text, "x-content-type-options"), "nosniff");
    }
}
