//! Clients before protocol 11, whose sender is known only when the token has come.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::io::Write;
use std::time::{Duration, Instant};

use common::{Connection, Host, Response, collection_with_review};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

const MILLISECOND: Duration = Duration::from_millis(1);
const BOUNDARY: &str = "Anki-sync-boundary";

fn host(change: impl FnOnce(&mut deckport_endpoint::EndpointOptions)) -> Host {
    Host::start_with(tempfile::tempdir().unwrap(), change)
}

fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let mut part =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n")
            .into_bytes();
    part.extend_from_slice(content);
    part.extend_from_slice(b"\r\n");
    part
}

/// The beginning of the part with the data.
fn open_data() -> Vec<u8> {
    let mut part = part("data", b"");
    part.truncate(part.len() - 2);
    part
}

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form: Vec<u8> = parts.iter().flat_map(|(name, data)| part(name, data)).collect();
    form.extend(format!("--{BOUNDARY}--\r\n").bytes());
    form
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn headers() -> String {
    format!("content-type: multipart/form-data; boundary={BOUNDARY}\r\n")
}

fn head(method: &str, length: usize) -> Vec<u8> {
    let headers = headers();
    format!("POST /sync/{method} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n")
        .into_bytes()
}

fn send(host: &Host, method: &str, form: &[u8]) -> Response {
    host.connect().request("POST", &format!("/sync/{method}"), &headers(), form)
}

/// An `applyChunk` of some 150 kB as it travels, in the order of desktops from 2.1.28 to 2.1.56.
fn large_form(token: &str, session: &str) -> Vec<u8> {
    let mut noise = vec![0; 110_000];
    getrandom::fill(&mut noise).unwrap();
    let noise: String = noise.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = json!({"chunk": {"done": true, "x": noise}}).to_string();
    let data = gzip(text.as_bytes());
    assert!(data.len() > 100_000);
    form(&[("data", &data), ("c", b"1"), ("k", token.as_bytes()), ("s", session.as_bytes())])
}

/// Forms without a token that come byte by byte, as long as this lives.
fn trickles(host: &Host, count: usize) -> Vec<Connection> {
    let begin = |_| {
        let mut connection = host.connect();
        connection.write(&head("applyChunk", 15_000_000)).unwrap();
        connection.write(&open_data()).unwrap();
        connection
    };
    (0..count).map(begin).collect()
}

#[test]
fn strangers_hold_nobody_up() {
    let host = host(|_| {});
    let device = host.device("s1");
    let _trickles = trickles(&host, 20);
    let start = form(&[
        ("data", &gzip(br#"{"minUsn":0,"lnewer":true,"graves":null}"#)),
        ("c", b"1"),
        ("k", device.token.as_bytes()),
        ("s", b"run"),
    ]);
    assert_eq!(send(&host, "start", &start).status, 200);
    let begin = Instant::now();
    let answer = send(&host, "applyChunk", &large_form(&device.token, "run"));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_form_without_a_token_does_not_come_for_ever() {
    let host = host(|options| {
        options.timings.body_stall = 500 * MILLISECOND;
        options.limits.min_bytes_per_second = 10_000;
    });
    let mut trickles = trickles(&host, 3);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(10) {
        trickles.retain_mut(|connection| connection.write(b"xxxx").is_ok());
        if trickles.is_empty() {
            return;
        }
        std::thread::sleep(50 * MILLISECOND);
    }
    panic!("{} of them still come", trickles.len());
}

#[test]
fn strangers_that_fill_the_disk_stand_in_each_others_way() {
    let host = host(|options| options.limits.max_unknown_bytes = 1_000_000);
    let mut flood: Vec<Connection> = (0..8).map(|_| host.connect()).collect();
    for connection in &mut flood {
        connection.write(&head("upload", 100_000_000)).unwrap();
        connection.write(&open_data()).unwrap();
        let _ = connection.write(&vec![7; 300_000]);
    }
    // Whoever is given up hears it at once, in mid-request.
    let given_up = flood.iter_mut().filter_map(|connection| {
        connection.patience(2000 * MILLISECOND);
        let answer =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| connection.response().status));
        answer.ok()
    });
    let statuses: Vec<u16> = given_up.collect();
    assert!(statuses.len() >= 4, "{statuses:?}");
    assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
    let size: u64 = std::fs::read_dir(host.data.path())
        .unwrap()
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("upload-"))
        .filter_map(|entry| entry.metadata().ok())
        .map(|data| data.len())
        .sum();
    assert!(size <= 1_200_000, "{size}");
}

#[test]
fn a_token_in_front_is_refused_before_the_data_has_come() {
    let host = host(|_| {});
    let mut connection = host.connect();
    connection.write(&head("upload", 100_000_000)).unwrap();
    connection.write(&part("k", b"unknown")).unwrap();
    connection.write(&part("data", b"x")).unwrap();
    // The answer comes when the rest has, or the client hangs up.
    drop(connection);
    assert_eq!(host.record("upload", 0).status, 403);
}

#[test]
fn the_sync_of_an_old_client_stays_alive_while_its_form_arrives() {
    let host = host(|options| {
        options.timings.lease_idle = 400 * MILLISECOND;
        options.timings.lease_wait = 50 * MILLISECOND;
    });
    let (device, mut other) = (host.device("s1"), host.device("s2"));
    let token = device.token.as_bytes();
    let start = gzip(br#"{"minUsn":0,"lnewer":true,"graves":null}"#);
    // As desktops up to 2.1.26 write it.
    let started = form(&[("k", token), ("s", b"run"), ("c", b"1"), ("data", &start)]);
    assert_eq!(send(&host, "start", &started).status, 200);
    let chunk = gzip(br#"{"chunk":{"done":true}}"#);
    let chunk = form(&[("k", token), ("s", b"run"), ("c", b"1"), ("data", &chunk)]);
    let mut connection = host.connect();
    connection.write(&head("applyChunk", chunk.len())).unwrap();
    let refused = std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            std::thread::sleep(900 * MILLISECOND);
            other.start().status
        });
        let (front, rest) = chunk.split_at(chunk.len() - 30);
        connection.write(front).unwrap();
        for byte in rest {
            std::thread::sleep(50 * MILLISECOND);
            connection.write(&[*byte]).unwrap();
        }
        busy.join().unwrap()
    });
    assert_eq!(connection.response().status, 200);
    assert_eq!(refused, 409);
}

#[test]
fn large_forms_with_the_token_at_their_end_still_arrive() {
    let host = host(|_| {});
    let device = host.device("s1");
    let file = gzip(&collection_with_review(7));
    let form = form(&[("data", &file), ("c", b"1"), ("k", device.token.as_bytes()), ("s", b"run")]);
    let answer = send(&host, "upload", &form);
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"OK".as_slice()));
    let stored = host.account_folder().join("collection.anki2");
    assert_eq!(common::reviews_in(&stored), [7]);
    let names = std::fs::read_dir(host.data.path()).unwrap();
    assert!(names.flatten().all(|name| !name.file_name().to_string_lossy().ends_with(".tmp")));
}

#[test]
fn a_small_form_that_unpacks_to_a_large_one_is_refused_before_it_is_read() {
    let host = host(|_| {});
    let device = host.device("s1");
    let bomb = gzip(&vec![b' '; 120_000_000]);
    assert!(bomb.len() < 600_000);
    let token = device.token.as_bytes();
    for method in ["meta", "applyChanges", "applyChunk"] {
        let form = form(&[("k", token), ("s", b"run"), ("c", b"1"), ("data", &bomb)]);
        assert_eq!(send(&host, method, &form).status, 413, "{method}");
    }
}

#[test]
fn strangers_that_hold_all_places_make_room_and_known_clients_stay() {
    let host = host(|options| options.limits.max_connections = 8);
    let mut device = host.device("s1");
    device.meta();
    let _silent: Vec<Connection> = (0..20).map(|_| host.connect()).collect();
    let begin = Instant::now();
    assert_eq!(host.connect().request("GET", "/health", "", b"").status, 200);
    // On the connection that it always had.
    assert_eq!(device.meta()["cont"], true);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}
