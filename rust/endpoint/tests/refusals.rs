//! Why not: what an embedder reads of what was refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use common::{ACCOUNT, Device, Host, PASSWORD, wait_for};
use deckport_endpoint::{EndpointOptions, Event, ManualClock, RecentRefusal, RefusalKind};
use serde_json::json;

const SECRET: &str = "my real password";

fn host(change: impl FnOnce(&mut EndpointOptions)) -> Host {
    Host::start_with(tempfile::tempdir().unwrap(), change)
}

fn log_in(host: &Host, account: &str, password: &str) -> u16 {
    let mut device =
        Device { connection: host.connect(), token: String::new(), session: "s".to_owned() };
    device.call("hostKey", &json!({"u": account, "p": password})).status
}

/// The newest refusal, as soon as there are so many: they come when the answer has been handed over.
fn newest(host: &Host, count: usize) -> RecentRefusal {
    let found = wait_for("the refusal", || {
        Some(host.handle.recent_refusals()).filter(|found| found.len() >= count)
    });
    assert_eq!(found.len(), count, "{found:?}");
    found.into_iter().next().unwrap()
}

/// The one refusal that there is.
fn only(host: &Host) -> RecentRefusal {
    newest(host, 1)
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_told_apart_with_the_name_that_was_tried() {
    let host = host(|options| options.clock = Arc::new(ManualClock::new(1_795_177_887_205)));
    assert_eq!(log_in(&host, "ME", "mistyped"), 403);
    let wrong = only(&host);
    assert_eq!((wrong.kind, wrong.account.as_deref()), (RefusalKind::WrongPassword, Some("ME")));
    assert_eq!((wrong.at_ms, wrong.address), (1_795_177_887_205, Ipv4Addr::LOCALHOST.into()));
    assert_eq!((wrong.request.as_str(), wrong.device.as_deref()), ("hostKey", None));
    assert_eq!(log_in(&host, SECRET, PASSWORD), 403);
    let unknown = newest(&host, 2);
    assert_eq!(
        (unknown.kind, unknown.account.as_deref()),
        (RefusalKind::UnknownAccount, Some(SECRET))
    );
    assert_eq!(log_in(&host, ACCOUNT, PASSWORD), 200);
    assert_eq!(host.handle.recent_refusals().len(), 2, "what goes well is none");
}

#[test]
fn no_event_says_a_name_that_may_be_a_password_and_nothing_says_one() {
    let host = Host::start();
    log_in(&host, SECRET, "mistyped");
    log_in(&host, ACCOUNT, "mistyped");
    newest(&host, 2);
    wait_for("both events", || (host.records("hostKey").len() == 2).then_some(()));
    let events = host.all_events();
    let told = |kind| events.iter().any(|it| matches!(it, Event::Refused(it) if it.kind == kind));
    assert!(told(RefusalKind::UnknownAccount) && told(RefusalKind::WrongPassword));
    assert!(!format!("{events:?}").contains(SECRET));
    assert!(!format!("{:?}", host.handle.recent_refusals()).contains("mistyped"));
}

#[test]
fn of_a_token_that_was_revoked_it_is_told_whose_it_was() {
    let host = Host::start();
    let mut device = host.device("s1");
    let id = host.registry.devices(None).unwrap()[0].id;
    host.registry.rename_device(id, "Anna's tablet").unwrap();
    host.registry.revoke_device(id).unwrap();
    assert_eq!(device.call("meta", &json!({"v": 11, "cv": "x"})).status, 403);
    let revoked = only(&host);
    assert_eq!(revoked.kind, RefusalKind::RevokedToken);
    assert_eq!(
        (revoked.account.as_deref(), revoked.device.as_deref()),
        (Some(ACCOUNT), Some("Anna's tablet"))
    );
    assert!(revoked.advice().contains("Anna's tablet"), "{}", revoked.advice());
    device.token = "0".repeat(64);
    assert_eq!(device.call("meta", &json!({"v": 11, "cv": "x"})).status, 403);
    let unknown = newest(&host, 2);
    assert_eq!((unknown.kind, unknown.account), (RefusalKind::UnknownToken, None));
}

#[test]
fn paths_names_of_hosts_and_web_pages_are_told() {
    let host = Host::start();
    let mut connection = host.connect();
    for (head, kind, request) in [
        (
            "GET /favicon.ico HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
            RefusalKind::WrongPath,
            "GET /favicon.ico",
        ),
        ("GET /sync/meta HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", RefusalKind::WrongPath, "meta"),
        ("GET / HTTP/1.1\r\nhost: rebound.example\r\n\r\n", RefusalKind::HostRefused, "GET /"),
        (
            "POST /sync/meta HTTP/1.1\r\nhost: x\r\norigin: http://a\r\ncontent-length: 0\r\n\r\n",
            RefusalKind::WebPage,
            "meta",
        ),
    ] {
        let count = host.handle.recent_refusals().len() + 1;
        connection.write(head.as_bytes()).unwrap();
        connection.response();
        let refusal = newest(&host, count);
        assert_eq!((refusal.kind, refusal.request.as_str()), (kind, request));
    }
    connection.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert_eq!(connection.response().status, 200);
    assert_eq!(host.handle.recent_refusals().len(), 4);
}

#[test]
fn a_device_that_waits_for_another_one_and_one_that_is_too_old_are_told_with_their_names() {
    let host = host(|options| options.timings.lease_wait = std::time::Duration::ZERO);
    let (mut first, mut second) = (host.device("s1"), host.device("s2"));
    first.meta();
    second.meta();
    assert_eq!(first.start().status, 200);
    assert_eq!(second.start().status, 409);
    let busy = only(&host);
    assert_eq!((busy.kind, busy.account.as_deref()), (RefusalKind::Busy, Some(ACCOUNT)));
    assert_eq!(busy.device.as_deref(), Some("Anki 26.09.3 on linux"));
    assert_eq!(second.call("meta", &json!({"v": 7, "cv": "x"})).status, 501);
    assert_eq!(newest(&host, 2).kind, RefusalKind::ClientTooOld);
}

#[test]
fn what_is_too_large_or_over_the_quota_is_told_though_the_client_gets_a_200() {
    let collection = common::collection_with_review(1_795_177_000_001);
    let bytes = u64::try_from(collection.len()).unwrap();
    let large = host(|options| options.limits.max_upload_bytes = bytes - 1);
    assert_eq!(large.device("s1").upload(&collection).status, 200);
    let refusal = only(&large);
    assert_eq!((refusal.kind, refusal.request.as_str()), (RefusalKind::TooLarge, "upload"));
    let full = host(|options| options.limits.max_account_bytes = Some(bytes / 2));
    assert_eq!(full.device("s1").upload(&collection).status, 200);
    assert_eq!(only(&full).kind, RefusalKind::OverQuota);
    let mut damaged = large.device("s2");
    assert_eq!(damaged.upload(b"no collection").status, 200);
    assert_eq!(newest(&large, 2).kind, RefusalKind::Unusable);
    let endless = common::compress(&vec![b' '; 1 << 20]);
    assert_eq!(damaged.send("meta", &endless).status, 400);
    assert_eq!(newest(&large, 3).kind, RefusalKind::TooLarge);
}

#[test]
fn a_connection_that_is_closed_without_an_answer_is_told() {
    let host = host(|options| {
        options.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
        options.limits.max_connections_per_address = 0;
    });
    let mut connection = host.connect();
    connection.write(b"PROXY TCP4 203.0.113.7 192.0.2.2 4711 80\r\n").unwrap();
    assert!(connection.is_at_end());
    let refusal = only(&host);
    assert_eq!((refusal.kind, refusal.request.as_str()), (RefusalKind::TooManyConnections, ""));
    assert_eq!(refusal.address, IpAddr::from([203, 0, 113, 7]));
}

#[test]
fn a_clock_that_is_not_set_is_seen_when_a_device_asks() {
    let host = host(|options| options.clock = Arc::new(ManualClock::new(86_400_000)));
    assert!(host.device("s1").meta()["ts"].is_number());
    let refusal = only(&host);
    assert_eq!(refusal.kind, RefusalKind::ClockOff);
    assert!(refusal.reason.contains("1970"), "{}", refusal.reason);
}

#[test]
fn guesses_at_once_are_throttled_and_told_so() {
    let host = host(|options| {
        options.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
    });
    let guess = |number: usize| {
        let mut device =
            Device { connection: host.connect(), token: String::new(), session: "s".to_owned() };
        let header = format!("{}x-forwarded-for: 203.0.113.7\r\n", device.header());
        let body =
            common::compress(json!({"u": ACCOUNT, "p": number.to_string()}).to_string().as_bytes());
        device.connection.request("POST", "/sync/hostKey", &header, &body).status
    };
    // Some wait their time, and those beyond the places of one address are sent away.
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..12).map(|number| scope.spawn(move || guess(number))).collect();
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect()
    });
    assert!(statuses.contains(&503), "{statuses:?}");
    let found = wait_for("all of them", || {
        Some(host.handle.recent_refusals()).filter(|found| found.len() == 12)
    });
    let throttled: Vec<_> = found.iter().filter(|it| it.kind == RefusalKind::Throttled).collect();
    assert_eq!(throttled.len(), statuses.iter().filter(|status| **status == 503).count());
    assert_eq!(throttled[0].address, IpAddr::from([203, 0, 113, 7]));
    assert_eq!(throttled[0].account.as_deref(), Some(ACCOUNT));
}
