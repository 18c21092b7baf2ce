//! The endpoint over raw HTTP: routes, framing, logins, limits, shutdown.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::time::{Duration, Instant};

use common::{ACCOUNT, Connection, Device, Host, PASSWORD, compress, reviews_in, wait_for};
use deckport_endpoint::{ConfiguredAccount, Event, Secret};
use serde_json::json;

#[test]
fn a_login_gives_a_token_that_works() {
    let host = Host::start();
    let mut device = host.device("s1");
    assert_eq!(device.meta()["cont"], true);
    assert_eq!(device.meta()["usn"], 0);
    let record = host.record("meta", 0);
    assert_eq!(record.account.as_deref(), Some(ACCOUNT));
    assert_eq!((record.status, record.outcome.as_str()), (200, "ok"));
    assert!(record.bytes_in > 20 && record.bytes_out > 20, "{record:?}");
    assert!(!format!("{:?}", host.all_events()).contains(&device.token));
    assert!(!format!("{:?}", host.all_events()).contains(PASSWORD));
}

#[test]
fn a_wrong_password_or_token_is_a_403_and_tells_the_client_to_log_in() {
    let host = Host::start();
    let mut device = host.device("s1");
    let wrong = device.call("hostKey", &json!({"u": ACCOUNT, "p": "guess"}));
    assert_eq!(wrong.status, 403);
    device.token = "0123456789abcdef".to_owned();
    assert_eq!(device.call("meta", &json!({"v": 11, "cv": "x"})).status, 403);
    device.token.clear();
    assert_eq!(device.call("start", &json!({})).status, 403);
}

#[test]
fn a_revoked_device_is_refused_from_the_next_request_on() {
    let host = Host::start();
    let (mut first, mut second) = (host.device("s1"), host.device("s2"));
    first.meta();
    assert_eq!(first.start().status, 200);
    let oldest = host.registry.devices(None).unwrap().into_iter().map(|d| d.id).min().unwrap();
    host.registry.revoke_device(oldest).unwrap();
    assert_eq!(first.finish().status, 403);
    assert_eq!(second.meta()["cont"], true);
}

#[test]
fn a_body_is_not_even_read_before_the_token_is_known() {
    let host = Host::start();
    let mut device = host.device("s1");
    device.token = "unknown".to_owned();
    // No zstd at all: with a good token this is a 400.
    assert_eq!(device.send("meta", b"garbage").status, 403);
}

#[test]
fn every_plausible_path_reaches_its_method() {
    let host = Host::start();
    let mut device = host.device("s1");
    let (header, body) = (device.header(), compress(br#"{"v":11,"cv":"x"}"#));
    for path in ["/sync/meta", "/sync/sync/meta", "//sync/meta/", "/a/b/sync/meta?x=1"] {
        assert_eq!(device.connection.request("POST", path, &header, &body).status, 200, "{path}");
    }
}

#[test]
fn other_requests_get_the_status_that_fits() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.page_hosts = vec!["x".to_owned()];
    });
    let mut connection = host.connect();
    let get = connection.request("GET", "/sync/meta", "", b"");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    assert_eq!(connection.request("POST", "/sync/nonsense", "", b"").status, 404);
    assert_eq!(connection.request("GET", "/nothing", "", b"").status, 404);
    assert_eq!(connection.request("POST", "/health", "", b"").status, 405);
    let page = connection.request("GET", "/", "", b"");
    assert_eq!(page.status, 200);
    assert!(String::from_utf8(page.body).unwrap().contains("Anki"));
    let health = connection.request("GET", "/health", "", b"");
    assert_eq!((health.status, health.body.as_slice()), (200, b"ok\n".as_slice()));
    let unknown = "anki-sync: {\"v\":12,\"k\":\"\",\"c\":\"\",\"s\":\"\"}\r\n";
    assert_eq!(connection.request("POST", "/sync/meta", unknown, b"").status, 501);
    let broken = connection.request("POST", "/sync/meta", "anki-sync: nonsense\r\n", b"");
    assert_eq!(broken.status, 400);
}

#[test]
fn health_says_what_is_wrong() {
    let host = Host::start();
    std::fs::rename(host.data.path(), host.data.path().with_extension("away")).unwrap();
    let health = host.connect().request("GET", "/health", "", b"");
    std::fs::rename(host.data.path().with_extension("away"), host.data.path()).unwrap();
    assert_eq!(health.status, 503);
    let text = String::from_utf8(health.body).unwrap();
    assert!(text.contains("data folder cannot be written"), "{text}");
    assert!(!text.contains(host.data.path().to_str().unwrap()), "{text}");
}

#[test]
fn a_body_that_cannot_be_read_is_a_400_and_the_connection_goes_on() {
    let host = Host::start();
    let mut device = host.device("s1");
    assert_eq!(device.start().status, 200);
    let truncated = compress(br#"{"chunk":{"done":true}}"#);
    for body in [b"".as_slice(), b"{}", &truncated[..truncated.len() - 1], &compress(b"null")] {
        assert_eq!(device.send("applyChunk", body).status, 400);
    }
    assert_eq!(device.finish().status, 200);
}

#[test]
fn an_oversized_request_is_read_to_its_end_and_refused() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.limits.max_json_bytes = 100_000;
    });
    let mut device = host.device("s1");
    assert_eq!(device.start().status, 200);
    // Random, so that it is large on the network too.
    let mut noise = vec![0; 8_000_000];
    getrandom::fill(&mut noise).unwrap();
    assert_eq!(device.send("applyChunk", &compress(&noise)).status, 400);
    assert!(host.record("applyChunk", 0).bytes_in > 7_900_000);
    // A small body that grows.
    assert_eq!(device.send("applyChunk", &compress(&vec![b' '; 50_000_000])).status, 400);
    assert_eq!(device.finish().status, 200);
}

#[test]
fn two_devices_take_turns() {
    let host = Host::start();
    let (mut first, mut second) = (host.device("s1"), host.device("s2"));
    first.meta();
    assert_eq!(first.start().status, 200);
    assert_eq!(first.send_review(1).status, 200);
    assert_eq!(second.meta()["usn"], 0);
    let waiting = std::thread::spawn(move || {
        assert_eq!(second.start().status, 200);
        assert_eq!(second.send_review(2).status, 200);
        assert_eq!(second.finish().status, 200);
        second.meta()
    });
    assert_eq!(first.finish().status, 200);
    assert_eq!(waiting.join().unwrap()["usn"], 2);
    assert_eq!(reviews_in(&host.account_folder().join("collection.anki2")), [1, 2]);
}

#[test]
fn a_device_that_waits_too_long_hears_that_another_one_syncs() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.timings.lease_wait = Duration::from_millis(50);
    });
    let (mut first, mut second) = (host.device("s1"), host.device("s2"));
    assert_eq!(first.start().status, 200);
    assert_eq!(second.start().status, 409);
    assert_eq!(second.call("abort", &json!({})).status, 200);
    assert_eq!(first.finish().status, 200);
}

#[test]
fn devices_that_share_a_token_are_told_apart_by_their_version() {
    let account = ConfiguredAccount { name: "u".to_owned(), secret: Secret::Plain("p".to_owned()) };
    let token = account.reference_token();
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.timings.lease_wait = Duration::from_millis(50);
        options.configured_accounts = vec![account];
    });
    let mut desktop = Device { connection: host.connect(), token, session: "s1".to_owned() };
    assert_eq!(desktop.start().status, 200);
    let phone = desktop.header().replace("linux", "android");
    let start = compress(br#"{"minUsn":0,"lnewer":true,"graves":null}"#);
    let answer = desktop.connection.request("POST", "/sync/start", &phone, &start);
    assert_eq!(answer.status, 409);
    assert_eq!(desktop.finish().status, 200);
}

#[test]
fn an_abort_comes_with_another_session_key() {
    let host = Host::start();
    let mut device = host.device("s1");
    assert_eq!(device.start().status, 200);
    device.session = "s2".to_owned();
    let answer = device.call("abort", &json!({"_pad": null}));
    assert_eq!(answer.text(), "null");
    device.session = "s1".to_owned();
    assert_eq!(device.finish().status, 409);
}

#[test]
fn a_client_that_goes_away_while_it_waits_does_not_get_the_lease() {
    let host = Host::start();
    let (mut first, mut second, mut third) = (host.device("1"), host.device("2"), host.device("3"));
    assert_eq!(first.start().status, 200);
    let (header, body) = (second.header(), compress(br#"{"minUsn":0,"lnewer":true}"#));
    second.connection.begin_chunked("/sync/start", &header);
    second.connection.chunk(&body).unwrap();
    second.connection.write(b"0\r\n\r\n").unwrap();
    drop(second);
    // Its record comes when its connection is gone.
    wait_for("the record", || {
        let mut records = host.records("start").into_iter();
        records.find(|record| record.outcome == "the client went away")
    });
    assert_eq!(first.finish().status, 200);
    assert_eq!(third.start().status, 200);
}

#[test]
fn a_stopped_endpoint_rolls_back_and_leaves_clean_files() {
    let mut host = Host::start();
    let mut device = host.device("s1");
    device.meta();
    assert_eq!(device.start().status, 200);
    assert_eq!(device.send_review(1).status, 200);
    let started = Instant::now();
    host.stop();
    assert!(started.elapsed() < Duration::from_secs(5), "idle connections were waited for");
    assert!(device.connection.is_at_end());
    assert_eq!(host.files(), ["collection.anki2"]);
    assert!(reviews_in(&host.account_folder().join("collection.anki2")).is_empty());
    let events = host.all_events();
    assert!(events.iter().any(|event| matches!(event, Event::SyncRolledBack { .. })));
    assert_eq!(events.last(), Some(&Event::Stopped));
}

#[test]
fn a_request_that_never_ends_does_not_hold_up_a_shutdown_for_ever() {
    let mut host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.timings.drain = Duration::from_millis(200);
    });
    let mut stuck = host.device("s1");
    let header = stuck.header();
    stuck.connection.begin_chunked("/sync/meta", &header);
    let started = Instant::now();
    host.stop();
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(stuck.connection.is_at_end());
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.timings.header_timeout = Duration::from_millis(50);
    });
    let mut silent = host.connect();
    assert!(silent.is_at_end());
    let mut slow = host.connect();
    slow.write(b"POST /sync/meta HTTP/1.1\r\n").unwrap();
    assert!(slow.is_at_end());
}

#[test]
fn a_body_that_makes_no_progress_is_given_up() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.timings.body_stall = Duration::from_millis(100);
    });
    let mut device = host.device("s1");
    let header = device.header();
    device.connection.begin_chunked("/sync/meta", &header);
    device.connection.chunk(b"\x28\xb5").unwrap();
    assert_eq!(device.connection.response().status, 503);
    assert!(device.connection.is_at_end());
}

#[test]
fn an_endless_head_is_refused() {
    let host = Host::start();
    let mut connection = host.connect();
    let endless = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    // The other side may close while we are still sending.
    let _ = connection.write(endless.as_bytes());
    let first_line =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| connection.response()));
    if let Ok(response) = first_line {
        assert_eq!(response.status, 431);
    }
    assert_eq!(host.connect().request("GET", "/health", "", b"").status, 200);
}

#[test]
fn connections_over_the_limit_wait_for_their_turn() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.limits.max_connections = 2;
    });
    let (mut first, second) = (host.connect(), host.connect());
    assert_eq!(first.request("GET", "/health", "", b"").status, 200);
    let address = host.address;
    let third = std::thread::spawn(move || {
        Connection::new(address).request("GET", "/health", "", b"").status
    });
    drop((first, second));
    assert_eq!(third.join().unwrap(), 200);
}

#[test]
fn a_second_endpoint_on_the_same_folder_is_refused_until_the_first_is_gone() {
    let host = Host::start();
    let options = deckport_endpoint::EndpointOptions::new(host.data.path());
    assert!(deckport_endpoint::Endpoint::open(options.clone()).is_err());
    let data = host.into_data();
    assert!(deckport_endpoint::Endpoint::open(options).is_ok());
    drop(data);
}

#[test]
fn a_web_page_cannot_sync_even_with_a_token() {
    let host = Host::start();
    let mut device = host.device("s1");
    let body = compress(br#"{"v":11,"cv":"x"}"#);
    for page in ["origin: http://evil.example\r\n", "origin: null\r\n", "sec-fetch-mode: cors\r\n"]
    {
        let header = format!("{}{page}", device.header());
        assert_eq!(device.connection.request("POST", "/sync/meta", &header, &body).status, 400);
        let asked = format!("/msync/begin?k={}&v=x", device.token);
        assert_eq!(device.connection.request("GET", &asked, page, b"").status, 400);
    }
    let preflight = device.connection.request("OPTIONS", "/sync/meta", "", b"");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (405, None));
    let header = device.header();
    assert_eq!(device.connection.request("POST", "/sync/meta", &header, &body).status, 200);
}
