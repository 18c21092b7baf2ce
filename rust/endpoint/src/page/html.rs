//! The page's HTML.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::words::{Answered, App, Form, Words};
use super::{Visit, Way, WayKind};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Two cards. As data, so that no browser asks for `/favicon.ico`.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http:%2F%2Fwww.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect \
    x='5' y='1' width='9' height='11' rx='2' fill='%237fb0a6'/%3E%3Crect x='2' y='4' width='9' height='11' rx='2' \
    fill='%231f6f63'/%3E%3C/svg%3E";

/// All of it.
pub(super) fn page(visit: &Visit<'_>, nonce: &str) -> String {
    let words = visit.words();
    let title = title(words, visit.owner);
    let whole = html! {
        (DOCTYPE)
        html lang=(words.code) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · Deckport" }
                link rel="icon" href=(PreEscaped(ICON));
                style nonce=(nonce) { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.brand { "Deckport" }
                    h1 { (title) }
                    p.lead { (words.lead) }
                }
                main {
                    (address(visit))
                    (login(words))
                    (apps(visit))
                    (certificate(words, visit.fingerprint))
                    (check(visit))
                    (trouble(words))
                }
                footer { p { (words.nothing_private) } }
                p #said role="status" {}
                script nonce=(nonce) { (PreEscaped(SCRIPT)) }
            }
        }
    };
    whole.into_string()
}

fn title(words: &Words, owner: Option<&str>) -> String {
    let (before, after) = words.sync_with;
    owner.map_or_else(|| words.sync_here.to_owned(), |owner| format!("{before}{owner}{after}"))
}

fn address(visit: &Visit<'_>) -> Markup {
    let words = &visit.words().address;
    let note =
        if visit.authority.is_loopback() { words.this_device_only } else { words.works_here };
    html! {
        section aria-labelledby="address" {
            h2 #address { (words.title) }
            p.large { (copied(visit, "a", Form::Whole)) }
            p.note { (note) }
        }
    }
}

fn login(words: &Words) -> Markup {
    html! {
        section aria-labelledby="login" {
            h2 #login { (words.login.title) }
            ol.steps {
                @for (what, more) in words.login.steps {
                    li { strong { (what) } " " (more) }
                }
            }
        }
    }
}

fn apps(visit: &Visit<'_>) -> Markup {
    let words = &visit.words().apps;
    let list = |group: &str, apps: &[App]| {
        html! {
            @for (number, each) in apps.iter().enumerate() {
                (app(visit, &format!("{group}{number}"), each))
            }
        }
    };
    html! {
        section aria-labelledby="apps" {
            h2 #apps { (words.title) }
            (list("t", &words.today))
            details {
                summary { (words.older_title) }
                (list("o", &words.older))
            }
        }
    }
}

fn app(visit: &Visit<'_>, id: &str, app: &App) -> Markup {
    html! {
        div.app {
            h3 { (app.name) " " span.versions { (app.versions) } }
            p { (app.how) }
            dl {
                @for (number, (label, form)) in app.fields.iter().enumerate() {
                    div {
                        dt { (label) }
                        dd { (copied(visit, &format!("{id}{number}"), *form)) }
                    }
                }
            }
        }
    }
}

/// An address with a button that copies it, which only a script can show.
fn copied(visit: &Visit<'_>, id: &str, form: Form) -> Markup {
    let words = &visit.words().address;
    let whole = visit.address();
    let bare = whole.trim_end_matches('/');
    let text = match form {
        Form::Whole => whole.clone(),
        Form::Sync => format!("{whole}sync/"),
        Form::Media => format!("{whole}msync/"),
        Form::Bare => bare.to_owned(),
        Form::BareMedia => format!("{bare}/msync"),
    };
    html! {
        span.copied {
            code #(id) translate="no" { (text) }
            button type="button" hidden aria-describedby=(id) data-copy=(id) data-copied=(words.copied)
                data-yourself=(words.copy_yourself) { (words.copy) }
        }
    }
}

/// The certificate that people can install, which is told by its fingerprint. Nothing where there is
/// none.
fn certificate(words: &Words, fingerprint: Option<&str>) -> Markup {
    let words = &words.certificate;
    html! {
        @if let Some(fingerprint) = fingerprint {
            section aria-labelledby="certificate" {
                h2 #certificate { (words.title) }
                p { (words.what) }
                ul.links {
                    li { a href="/certificate.pem" download { (words.for_apps) } }
                    li { a href="/certificate.crt" { (words.for_systems) } }
                }
                p { (words.fingerprint) " " code translate="no" { (fingerprint) } }
                dl.systems {
                    @for (system, how) in words.steps {
                        div { dt { (system) } dd { (how) } }
                    }
                }
            }
        }
    }
}

fn check(visit: &Visit<'_>) -> Markup {
    let words = &visit.words().check;
    html! {
        section aria-labelledby="check" {
            h2 #check { (words.title) }
            noscript { p { (words.without_scripts) } }
            ul #ways hidden data-waiting=(words.waiting) data-unwell=(words.unwell)
                data-mixed=(words.not_from_https) {
                @for way in visit.ways() {
                    (tried(&way, match way.kind {
                        WayKind::Http => &words.http,
                        WayKind::Https => &words.https,
                        WayKind::Name => &words.name,
                    }))
                }
            }
            p { button #again type="button" hidden { (words.again) } }
        }
    }
}

fn tried(way: &Way, answered: &Answered) -> Markup {
    html! {
        li data-url=(way.url) data-good=(answered.good) data-bad=(answered.bad) {
            code translate="no" { (way.url) } " " span {}
        }
    }
}

fn trouble(words: &Words) -> Markup {
    html! {
        section aria-labelledby="trouble" {
            h2 #trouble { (words.trouble.title) }
            ul.hints { @for hint in words.trouble.hints { li { (hint) } } }
        }
    }
}
