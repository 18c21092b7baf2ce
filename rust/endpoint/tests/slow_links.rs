//! Links that are slow, that pause, or that only pretend to move.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Device, Host, collection_with_review, compress};
use deckport_endpoint::EndpointOptions;
use serde_json::json;
use socket2::{Domain, Socket, Type};

const MILLISECOND: Duration = Duration::from_millis(1);

fn host(change: impl FnOnce(&mut EndpointOptions)) -> Host {
    Host::start_with(tempfile::tempdir().unwrap(), change)
}

/// Data that cannot be compressed.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    getrandom::fill(&mut noise).unwrap();
    noise
}

/// Sends a body in pieces with pauses; returns whether the other side took all of it.
fn trickle(device: &mut Device, method: &str, body: &[u8], piece: usize, pause: Duration) -> bool {
    let (path, header) = (format!("/sync/{method}"), device.header());
    device.connection.begin_chunked(&path, &header);
    for piece in body.chunks(piece) {
        if device.connection.chunk(piece).is_err() {
            return false;
        }
        std::thread::sleep(pause);
    }
    device.connection.write(b"0\r\n\r\n").is_ok()
}

#[test]
fn an_upload_that_only_pretends_to_move_does_not_keep_other_devices_out() {
    let host = host(|options| {
        options.timings.body_stall = 500 * MILLISECOND;
        options.timings.lease_wait = Duration::from_secs(20);
        options.limits.min_bytes_per_second = 100_000;
    });
    let (mut pretender, mut other) = (host.device("s1"), host.device("s2"));
    let header = pretender.header();
    pretender.connection.begin_chunked("/sync/upload", &header);
    pretender.connection.chunk(&compress(&noise(100))[..20]).unwrap();
    let pretending = std::thread::spawn(move || {
        // 4 KiB in every second patience, which once counted as progress.
        let until = Instant::now() + Duration::from_secs(15);
        while Instant::now() < until && pretender.connection.chunk(&noise(4096)).is_ok() {
            std::thread::sleep(250 * MILLISECOND);
        }
        Instant::now() < until
    });
    let begin = Instant::now();
    assert_eq!(other.start().status, 200);
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    assert_eq!(other.finish().status, 200);
    assert!(pretending.join().unwrap(), "it was never thrown out");
}

#[test]
fn an_upload_over_a_slow_link_that_pauses_arrives() {
    let host = host(|options| {
        options.timings.body_stall = 600 * MILLISECOND;
        options.limits.min_bytes_per_second = 20_000;
    });
    let mut device = host.device("s1");
    let file = collection_with_review(1);
    let body = compress(&file);
    let (path, header) = ("/sync/upload", device.header());
    device.connection.begin_chunked(path, &header);
    // A few times the least rate, and pauses that nearly use up the patience.
    for (number, piece) in body.chunks(2048).enumerate() {
        device.connection.chunk(piece).unwrap();
        let pause = if number % 16 == 15 { 400 } else { 25 };
        std::thread::sleep(pause * MILLISECOND);
    }
    device.connection.write(b"0\r\n\r\n").unwrap();
    assert_eq!(device.connection.response().text(), "OK");
}

#[test]
fn a_request_that_arrives_slowly_keeps_its_sync_alive_and_its_lease() {
    let host = host(|options| {
        options.timings.lease_idle = 400 * MILLISECOND;
        options.timings.lease_wait = 50 * MILLISECOND;
    });
    let (mut device, mut other) = (host.device("s1"), host.device("s2"));
    device.meta();
    assert_eq!(device.start().status, 200);
    let review = json!([1, 1, -1, 3, 1, 1, 2500, 1000, 0]);
    let text = format!(" {:300}{}", "", json!({"chunk": {"done": true, "revlog": [review]}}));
    let body = zstd::encode_all(text.as_bytes(), -7).unwrap();
    // Some 1.5 seconds, without a single long pause.
    let (piece, pause) = (body.len().div_ceil(40), 40 * MILLISECOND);
    let refused = std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            std::thread::sleep(900 * MILLISECOND);
            other.start().status
        });
        assert!(trickle(&mut device, "applyChunk", &body, piece, pause));
        busy.join().unwrap()
    });
    assert_eq!(device.connection.response().status, 200);
    assert_eq!(refused, 409, "the lease was given away in mid-request");
    assert_eq!(device.finish().status, 200);
}

#[test]
fn a_request_that_never_arrives_gives_the_lease_back() {
    let host = host(|options| {
        options.timings.lease_idle = 200 * MILLISECOND;
        options.timings.body_stall = 500 * MILLISECOND;
    });
    let (mut device, mut other) = (host.device("s1"), host.device("s2"));
    assert_eq!(device.start().status, 200);
    let header = device.header();
    device.connection.begin_chunked("/sync/applyChunk", &header);
    device.connection.chunk(b"\x28\xb5").unwrap();
    let begin = Instant::now();
    assert_eq!(other.start().status, 200);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

/// A connection through something that reads as slowly as the link behind it: a local proxy.
struct SlowReader {
    stream: TcpStream,
    rate: u64,
}

impl SlowReader {
    fn new(host: &Host, bytes_per_second: u64) -> SlowReader {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(32 * 1024).unwrap();
        socket.connect(&host.address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        SlowReader { stream, rate: bytes_per_second }
    }

    fn ask(&mut self, device: &Device, path: &str, body: &[u8]) -> std::io::Result<()> {
        let (header, length) = (device.header(), body.len());
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\n{header}content-length: {length}\r\n\r\n");
        self.stream.write_all(&[head.as_bytes(), body].concat())
    }

    /// Reads an answer to its end, chunked or not; returns how many bytes came.
    fn read_answer(&mut self) -> std::io::Result<usize> {
        let mut answer = Vec::new();
        let begin = Instant::now();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            answer.extend_from_slice(&buffer[..read]);
            if is_complete(&answer) {
                return Ok(answer.len());
            }
            let due = Duration::from_secs_f64(answer.len() as f64 / self.rate as f64);
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        }
    }
}

fn is_complete(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return false;
    };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    match length {
        Some(length) => answer.len() >= head + 4 + length.parse::<usize>().unwrap(),
        None => answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

/// A host with a collection of some size that cannot be compressed, and a device of it.
fn with_large_collection(
    bytes: usize,
    change: impl FnOnce(&mut EndpointOptions),
) -> (Host, Device) {
    let host = host(change);
    let mut device = host.device("s1");
    let file = collection_with_review(1);
    let text: String = noise(bytes).iter().map(|byte| char::from(b'0' + byte % 64)).collect();
    let body = compress(&padded_with(&file, &text));
    // The first one may have rested for too long by now.
    device.connection = host.connect();
    assert_eq!(device.send("upload", &body).text(), "OK");
    (host, device)
}

fn padded_with(file: &[u8], text: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collection.anki2");
    std::fs::write(&path, file).unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let row = (0, format!("\"{}\"", text.replace(['\\', '"'], "x")).into_bytes());
    conn.execute("INSERT INTO config VALUES ('padding', ?1, 0, ?2)", row).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    conn.close().unwrap();
    std::fs::read(&path).unwrap()
}

#[test]
fn a_slow_download_through_a_local_hop_arrives() {
    let (host, device) = with_large_collection(3_000_000, |options| {
        options.timings.body_stall = 1000 * MILLISECOND;
    });
    let mut reader = SlowReader::new(&host, 400_000);
    reader.ask(&device, "/sync/download", &compress(br#"{"_pad":null}"#)).unwrap();
    assert!(reader.read_answer().unwrap() > 2_000_000);
}

#[test]
fn a_connection_is_not_closed_while_its_answer_is_still_under_way() {
    let (host, device) = with_large_collection(3_000_000, |options| {
        options.timings.header_timeout = 1500 * MILLISECOND;
        options.timings.keep_alive = 1500 * MILLISECOND;
    });
    let mut reader = SlowReader::new(&host, 400_000);
    for _ in 0..2 {
        reader.ask(&device, "/sync/download", &compress(br#"{"_pad":null}"#)).unwrap();
        assert!(reader.read_answer().unwrap() > 2_000_000);
    }
}

#[test]
fn a_reader_that_only_pretends_to_read_is_thrown_out() {
    let (host, device) = with_large_collection(3_000_000, |options| {
        options.timings.body_stall = 500 * MILLISECOND;
        options.limits.min_bytes_per_second = 200_000;
    });
    let mut reader = SlowReader::new(&host, 20_000);
    reader.ask(&device, "/sync/download", &compress(br#"{"_pad":null}"#)).unwrap();
    let begin = Instant::now();
    reader.read_answer().unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn a_stop_with_a_stalled_body_leaves_time_for_whoever_kills_after_ten_seconds() {
    assert!(deckport_endpoint::Timings::default().drain <= Duration::from_secs(8));
}
