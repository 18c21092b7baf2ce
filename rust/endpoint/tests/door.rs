//! Who may come in: guesses at passwords and tokens, reverse proxies, names of pages, old tokens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::{ACCOUNT, Connection, Device, Host, PASSWORD, wait_for};
use deckport_endpoint::{ConfiguredAccount, EndpointOptions, ManualClock, Secret};
use serde_json::json;

/// Enough for a request on a busy machine, and less than the delays that must not be met here.
const AT_ONCE: Duration = Duration::from_millis(1500);

fn host(change: impl FnOnce(&mut EndpointOptions)) -> Host {
    Host::start_with(tempfile::tempdir().unwrap(), change)
}

fn configured() -> ConfiguredAccount {
    ConfiguredAccount { name: "shared".to_owned(), secret: Secret::Plain("p".to_owned()) }
}

/// A device with this token on a connection of its own.
fn with_token(host: &Host, token: &str) -> Device {
    Device { connection: host.connect(), token: token.to_owned(), session: "s".to_owned() }
}

fn log_in(host: &Host, account: &str, password: &str) -> u16 {
    with_token(host, "").call("hostKey", &json!({"u": account, "p": password})).status
}

fn meta(device: &mut Device) -> (u16, Duration) {
    let began = Instant::now();
    let status = device.call("meta", &json!({"v": 11, "cv": "x"})).status;
    (status, began.elapsed())
}

#[test]
fn guessing_tokens_is_slow_and_devices_with_a_login_do_not_notice() {
    let host = host(|options| options.configured_accounts = vec![configured()]);
    let mut device = host.device("s1");
    let guesser = with_token(&host, "");
    let guessing = thread::spawn(move || {
        let mut guesser = guesser;
        let times = (0..8).map(|guess| {
            guesser.token = format!("{guess:040x}");
            let (status, took) = meta(&mut guesser);
            assert_eq!(status, 403);
            took
        });
        times.collect::<Vec<_>>()
    });
    while !guessing.is_finished() {
        let (status, took) = meta(&mut device);
        assert_eq!(status, 200);
        assert!(took < AT_ONCE, "{took:?}");
        thread::sleep(Duration::from_millis(20));
    }
    let times = guessing.join().unwrap();
    assert!(times[..5].iter().all(|took| *took < AT_ONCE), "{times:?}");
    assert!(times[5] >= Duration::from_millis(500), "{times:?}");
    assert!(times[7] >= Duration::from_millis(2000), "{times:?}");
}

#[test]
fn the_reference_servers_token_works_and_a_device_that_is_told_403_is_told_so_at_once() {
    let host = host(|options| options.configured_accounts = vec![configured()]);
    let mut client = with_token(&host, &configured().reference_token());
    for _ in 0..10 {
        let (status, took) = meta(&mut client);
        assert_eq!(status, 200);
        assert!(took < AT_ONCE, "{took:?}");
    }
    let devices = host.registry.devices(Some("shared")).unwrap();
    host.registry.revoke_device(devices[0].id).unwrap();
    for _ in 0..10 {
        let (status, took) = meta(&mut client);
        assert_eq!(status, 403);
        assert!(took < AT_ONCE, "{took:?}");
    }
}

#[test]
fn logging_in_in_between_does_not_make_guessing_another_accounts_password_fast() {
    let host = Host::start();
    host.registry.add_account("mallory", "m").unwrap();
    let began = Instant::now();
    for guess in 0..7 {
        assert_eq!(log_in(&host, ACCOUNT, &guess.to_string()), 403);
        assert_eq!(log_in(&host, "mallory", "m"), 200);
    }
    // Half a second, and one; the logins in between wait as well.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(1500), "{took:?}");
}

/// A request for the page, under whatever name.
fn page(connection: &mut Connection, host: &str) -> u16 {
    connection.write(format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).unwrap();
    connection.response().status
}

#[test]
fn pages_are_shown_under_addresses_and_allowed_names_alone() {
    let host = host(|options| options.page_hosts = vec!["shelf.local".to_owned()]);
    let mut connection = host.connect();
    let address = host.address.to_string();
    for name in [address.as_str(), "localhost:1", "[::1]", "192.168.1.20", "Shelf.local"] {
        assert_eq!(page(&mut connection, name), 200, "{name}");
    }
    for name in ["rebound.example", "rebound.example:27701", "127.0.0.1.rebound.example"] {
        assert_eq!(page(&mut connection, name), 421, "{name}");
    }
    // Monitors and clients come by any name; the tests' devices call us `x`.
    assert_eq!(connection.request("GET", "/health", "", b"").status, 200);
    assert_eq!(meta(&mut host.device("s1")).0, 200);
}

/// What a browser gets that asks for a path.
fn browse(connection: &mut Connection, host: &str, path: &str, more: &str) -> common::Response {
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html,*/*;q=0.8\r\nsec-fetch-mode: navigate\r\n\
         {more}\r\n"
    );
    connection.write(head.as_bytes()).unwrap();
    connection.response()
}

#[test]
fn whatever_a_person_pastes_into_a_browser_shows_the_page_and_nothing_private() {
    let host = host(|options| options.display_name = Some("Anna's laptop".to_owned()));
    host.device("s1");
    let mut connection = host.connect();
    for path in [
        "/",
        "/sync/",
        "/msync",
        "/sync/meta",
        "/msync/begin?k=1&v=ankidesktop",
        "/sync/sync/hostKey",
    ] {
        let answer = browse(&mut connection, "192.168.1.20:27701", path, "accept-language: de\r\n");
        let page = String::from_utf8(answer.body.clone()).unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert!(page.contains("Anki mit Anna's laptop synchronisieren"), "{page}");
        assert!(page.contains(">http://192.168.1.20:27701/<"));
        assert!(!page.contains(&format!(">{ACCOUNT}<")) && !page.contains("26.09.3"));
    }
    let nonces: Vec<String> = (0..2)
        .map(|_| {
            browse(&mut connection, "[::1]", "/", "")
                .header("content-security-policy")
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_ne!(nonces[0], nonces[1], "each answer has marks of its own");
}

#[test]
fn the_page_is_no_way_around_the_names_and_browsers_still_cannot_sync() {
    let host = host(|_| {});
    let mut connection = host.connect();
    for path in ["/", "/sync/", "/sync/meta", "/msync/begin?k=1", "/favicon.ico"] {
        assert_eq!(browse(&mut connection, "rebound.example", path, "").status, 421, "{path}");
    }
    let browser = "accept: text/html\r\nsec-fetch-mode: cors\r\n";
    assert_eq!(connection.request("POST", "/sync/meta", browser, b"x").status, 400);
    assert_eq!(connection.request("POST", "/sync/", browser, b"x").status, 404);
    // What is no browser hears what it always did.
    assert_eq!(connection.request("GET", "/sync/meta", "accept: */*\r\n", b"").status, 405);
    assert_eq!(connection.request("GET", "/msync/begin?k=1&v=x", "", b"").status, 403);
}

#[test]
fn behind_a_proxy_with_tls_the_page_shows_https() {
    let host = behind_a_proxy(|options| options.page_hosts = vec!["sync.example.org".to_owned()]);
    let mut connection = host.connect();
    let mut shown = |more: &str| {
        let answer = browse(&mut connection, "sync.example.org", "/", more);
        String::from_utf8(answer.body).unwrap().contains(">https://sync.example.org/<")
    };
    assert!(shown("x-forwarded-proto: https\r\n"));
    assert!(!shown("x-forwarded-proto: http\r\n"));
}

/// An endpoint that trusts a proxy on this machine.
fn behind_a_proxy(change: impl FnOnce(&mut EndpointOptions)) -> Host {
    host(|options| {
        options.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
        change(options);
    })
}

/// `meta` with a further header line; who was recorded for it.
fn recorded(host: &Host, device: &mut Device, line: &str) -> SocketAddr {
    let header = format!("{}{line}", device.header());
    let index = host.records("meta").len();
    let body = common::compress(br#"{"v":11,"cv":"x"}"#);
    assert_eq!(device.connection.request("POST", "/sync/meta", &header, &body).status, 200);
    host.record("meta", index).peer
}

#[test]
fn a_trusted_proxy_tells_from_whom_a_request_comes() {
    let host = behind_a_proxy(|_| {});
    let mut device = host.device("s1");
    for line in ["x-forwarded-for: 203.0.113.7\r\n", "forwarded: for=\"203.0.113.7:99\"\r\n"] {
        let peer = recorded(&host, &mut device, line);
        assert_eq!(peer.ip(), "203.0.113.7".parse::<IpAddr>().unwrap());
    }
    let seen = host.registry.devices(None).unwrap()[0].address;
    assert_eq!(seen, "203.0.113.7".parse().ok(), "also in the list of devices");
}

#[test]
fn nobody_else_is_believed() {
    let host = Host::start();
    let mut device = host.device("s1");
    let peer = recorded(&host, &mut device, "x-forwarded-for: 203.0.113.7\r\n");
    assert!(peer.ip().is_loopback());
    let preamble = b"PROXY TCP4 203.0.113.7 192.0.2.2 4711 80\r\n";
    device.connection = host.connect();
    device.connection.write(preamble).unwrap();
    device.connection.begin_chunked("/sync/meta", "");
    assert_eq!(device.connection.response().status, 400);
}

#[test]
fn the_proxy_protocol_is_understood() {
    let host = behind_a_proxy(|_| {});
    let mut device = host.device("s1");
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x08\xc0\0\x02\x02\x12\x67\0\x50";
    let v1 = b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n";
    for (preamble, source) in
        [(v1.as_slice(), "[2001:db8::7]:4711"), (v2, "203.0.113.8:4711"), (b"", "")]
    {
        device.connection = host.connect();
        device.connection.write(preamble).unwrap();
        let peer = recorded(&host, &mut device, "");
        if source.is_empty() {
            assert!(peer.ip().is_loopback());
        } else {
            assert_eq!(peer.to_string(), source);
        }
        // The connection goes on, and what it came from with it.
        assert_eq!(recorded(&host, &mut device, ""), peer);
    }
}

#[test]
fn a_preamble_in_pieces_is_waited_for_and_a_bad_or_endless_one_is_not_served() {
    let host = behind_a_proxy(|options| {
        options.timings.header_timeout = Duration::from_millis(300);
    });
    let mut device = host.device("s1");
    device.connection = host.connect();
    for piece in ["PROX", "Y TCP4 203.0.113.7 192.0.2.2", " 4711 80\r\n"] {
        device.connection.write(piece.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(recorded(&host, &mut device, "").to_string(), "203.0.113.7:4711");
    for bad in ["PROXY TCP4 x\r\n", "PROXY "] {
        let mut stream = TcpStream::connect(host.address).unwrap();
        stream.write_all(bad.as_bytes()).unwrap();
        // What was not read makes the system reset the connection.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        match stream.read(&mut [0]) {
            Ok(read) => assert_eq!(read, 0, "{bad}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{bad}"),
        }
    }
}

#[test]
fn a_guesser_behind_a_trusted_proxy_slows_down_nobody_else() {
    let host = behind_a_proxy(|_| {});
    let login = |client: &'static str, password: String| {
        let mut device = with_token(&host, "");
        move || {
            let header = format!("{}x-forwarded-for: {client}\r\n", device.header());
            let body = json!({"u": ACCOUNT, "p": password}).to_string();
            let body = common::compress(body.as_bytes());
            device.connection.request("POST", "/sync/hostKey", &header, &body).status
        }
    };
    for guess in 0..8 {
        assert_eq!(login("203.0.113.7", guess.to_string())(), 403);
    }
    // Waits four seconds.
    let guessing = thread::spawn(login("203.0.113.7", "again".to_owned()));
    // A wrong password, so that no slow disk counts.
    assert_eq!(login("203.0.113.8", "mistyped".to_owned())(), 403);
    assert!(!guessing.is_finished());
    assert_eq!(login("203.0.113.8", PASSWORD.to_owned())(), 200);
    assert_eq!(guessing.join().unwrap(), 403);
}

#[test]
fn one_client_of_a_trusted_proxy_has_so_many_requests_under_way_and_loopback_any_number() {
    let host = behind_a_proxy(|options| options.limits.max_connections_per_address = 2);
    let (_idle, mut device) = ([host.connect(), host.connect(), host.connect()], host.device("s1"));
    let begin = |client: &str| {
        let mut connection = host.connect();
        let header = format!("{}x-forwarded-for: {client}\r\n", device.header());
        connection.begin_chunked("/sync/applyChunk", &header);
        connection
    };
    let mut stalled = vec![begin("203.0.113.7")];
    wait_for("the limit", || {
        // One of these may come in before the other, which is then the one that is refused.
        stalled.push(begin("203.0.113.7"));
        let mut next = begin("203.0.113.7");
        next.chunk(b"").unwrap();
        (next.response().status == 503).then_some(())
    });
    assert_eq!(recorded(&host, &mut device, "x-forwarded-for: 203.0.113.8\r\n").port(), 0);
}

#[test]
fn a_token_that_nobody_used_for_a_year_has_ended_when_the_endpoint_starts() {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    let clock = Arc::new(ManualClock::new(1_800_000_000_000));
    let start = |data, clock: &Arc<ManualClock>| {
        Host::start_with(data, |options| options.clock = clock.clone())
    };
    let host = start(tempfile::tempdir().unwrap(), &clock);
    let token = host.device("s1").token;
    clock.advance(YEAR - Duration::from_secs(1));
    let host = start(host.into_data(), &clock);
    assert_eq!(meta(&mut with_token(&host, &token)).0, 200);
    // It was seen just now.
    clock.advance(YEAR);
    let host = start(host.into_data(), &clock);
    assert!(host.registry.devices(None).unwrap().is_empty());
    assert_eq!(meta(&mut with_token(&host, &token)).0, 403);
}
