//! An endpoint in this process and a client that speaks raw HTTP to it.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use deckport_endpoint::{
    Endpoint, EndpointHandle, EndpointOptions, Event, EventSink, Registry, RequestRecord,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

pub const ACCOUNT: &str = "me";
pub const PASSWORD: &str = "secret";

/// Keeps what it is told.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Vec<Event>>);

impl EventSink for Recorder {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// A running endpoint with one account.
pub struct Host {
    pub address: SocketAddr,
    pub registry: Arc<Registry>,
    pub handle: EndpointHandle,
    pub events: Arc<Recorder>,
    pub data: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    pub fn start() -> Host {
        Host::start_with(tempfile::tempdir().unwrap(), |_| {})
    }

    pub fn start_with(data: TempDir, change: impl FnOnce(&mut EndpointOptions)) -> Host {
        let events = Arc::new(Recorder::default());
        let mut options = EndpointOptions::new(data.path());
        options.events = events.clone();
        change(&mut options);
        let endpoint = Endpoint::open(options).unwrap();
        let registry = Arc::clone(endpoint.registry());
        let handle = endpoint.handle();
        if registry.account(ACCOUNT).unwrap().is_none() {
            registry.add_account(ACCOUNT, PASSWORD).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let shutdown = async {
                let _ = stopped.await;
            };
            runtime.block_on(endpoint.serve(vec![listener], shutdown)).unwrap();
        });
        Host { address, registry, handle, events, data, stop: Some(stop), thread: Some(thread) }
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Stops it and gives the data folder back.
    pub fn into_data(mut self) -> TempDir {
        self.stop();
        std::mem::replace(&mut self.data, tempfile::tempdir().unwrap())
    }

    pub fn connect(&self) -> Connection {
        Connection::new(self.address)
    }

    /// Logs a new device in.
    pub fn device(&self, session: &str) -> Device {
        let mut device = Device {
            connection: self.connect(),
            token: String::new(),
            session: session.to_owned(),
        };
        let answer = device.call("hostKey", &json!({"u": ACCOUNT, "p": PASSWORD}));
        device.token = answer.json()["key"].as_str().unwrap().to_owned();
        device
    }

    pub fn account_folder(&self) -> PathBuf {
        let account = self.registry.account(ACCOUNT).unwrap().unwrap();
        self.data.path().join(account.folder)
    }

    /// Names in the account's folder.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.account_folder()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn all_events(&self) -> Vec<Event> {
        self.events.0.lock().unwrap().clone()
    }

    /// The records so far of one method.
    pub fn records(&self, method: &str) -> Vec<RequestRecord> {
        let records = self.all_events().into_iter().filter_map(|event| match event {
            Event::Request(record) => Some(record),
            _ => None,
        });
        records.filter(|record| record.method == method).collect()
    }

    /// One of the records of a method. It comes when the answer has been handed over, which may
    /// be a moment after a client has read it.
    pub fn record(&self, method: &str, index: usize) -> RequestRecord {
        wait_for("the record", || self.records(method).get(index).cloned())
    }
}

/// Looks again and again until there is something, or gives up.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < patience, "{what} never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The decompressed body of a 200, whose promised size must be right.
    pub fn content(&self) -> Vec<u8> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let content = zstd::decode_all(self.body.as_slice()).unwrap();
        let promised = self.header("anki-original-size").expect("no anki-original-size");
        assert_eq!(promised, content.len().to_string());
        content
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.content()).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.content()).unwrap()
    }
}

/// One keep-alive connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub fn new(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { stream: BufReader::new(stream) }
    }

    /// How long an answer is waited for.
    pub fn patience(&self, patience: Duration) {
        self.stream.get_ref().set_read_timeout(Some(patience)).unwrap();
    }

    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// A request with a Content-Length.
    pub fn request(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Response {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n"
        );
        self.write(head.as_bytes()).unwrap();
        self.write(body).unwrap();
        self.response()
    }

    /// A request as clients send it: chunked, in pieces of the given size.
    pub fn chunked(&mut self, path: &str, headers: &str, body: &[u8], piece: usize) -> Response {
        self.begin_chunked(path, headers);
        for piece in body.chunks(piece) {
            self.chunk(piece).unwrap();
        }
        self.write(b"0\r\n\r\n").unwrap();
        self.response()
    }

    pub fn begin_chunked(&mut self, path: &str, headers: &str) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{headers}transfer-encoding: chunked\r\n\r\n"
        );
        self.write(head.as_bytes()).unwrap();
    }

    pub fn chunk(&mut self, piece: &[u8]) -> std::io::Result<()> {
        let mut framed = format!("{:x}\r\n", piece.len()).into_bytes();
        framed.extend_from_slice(piece);
        framed.extend_from_slice(b"\r\n");
        self.write(&framed)
    }

    pub fn response(&mut self) -> Response {
        let status = self.line();
        let status = status.split(' ').nth(1).expect("no status line").parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut response = Response { status, headers, body: Vec::new() };
        if let Some(length) = response.header("content-length") {
            response.body = self.take(length.parse().unwrap());
        } else {
            loop {
                let size = usize::from_str_radix(&self.line(), 16).unwrap();
                response.body.extend(self.take(size));
                self.line();
                if size == 0 {
                    break;
                }
            }
        }
        response
    }

    /// Whether the other side has closed the connection.
    pub fn is_at_end(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        body
    }
}

/// A client program on one device.
pub struct Device {
    pub connection: Connection,
    pub token: String,
    pub session: String,
}

impl Device {
    /// The `anki-sync` header line.
    pub fn header(&self) -> String {
        let value =
            json!({"v": 11, "k": self.token, "c": "26.09.3,29bb700b,linux", "s": self.session});
        format!("anki-sync: {value}\r\n")
    }

    pub fn call(&mut self, method: &str, body: &Value) -> Response {
        self.send(method, &compress(body.to_string().as_bytes()))
    }

    pub fn send(&mut self, method: &str, body: &[u8]) -> Response {
        let (path, header) = (format!("/sync/{method}"), self.header());
        self.connection.chunked(&path, &header, body, 16 * 1024)
    }

    pub fn meta(&mut self) -> Value {
        self.call("meta", &json!({"v": 11, "cv": "anki,26.09.3 (29bb700b),linux"})).json()
    }

    pub fn start(&mut self) -> Response {
        self.call("start", &json!({"minUsn": 0, "lnewer": true, "graves": null}))
    }

    pub fn send_review(&mut self, id: i64) -> Response {
        let review = json!([id, 1, -1, 3, 1, 1, 2500, 1000, 0]);
        self.call("applyChunk", &json!({"chunk": {"done": true, "revlog": [review]}}))
    }

    pub fn finish(&mut self) -> Response {
        self.call("finish", &json!({"_pad": null}))
    }

    pub fn upload(&mut self, file: &[u8]) -> Response {
        self.send("upload", &compress(file))
    }
}

pub fn compress(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).unwrap()
}

/// The bytes of a collection with one review in it.
pub fn collection_with_review(id: i64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collection.anki2");
    deckport_collection::Collection::create(&path, 1_795_177_000_000).unwrap().close().unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute("UPDATE col SET mod = 1795177887205", []).unwrap();
    conn.execute("INSERT INTO revlog VALUES (?1, 1, 0, 3, 1, 1, 2500, 1000, 0)", [id]).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    conn.close().unwrap();
    std::fs::read(&path).unwrap()
}

/// The same collection with a note of so many bytes in it.
pub fn padded(collection: &[u8], bytes: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collection.anki2");
    std::fs::write(&path, collection).unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let row = (0, format!("\"{}\"", "x".repeat(bytes)).into_bytes());
    conn.execute("INSERT INTO config VALUES ('padding', ?1, 0, ?2)", row).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    conn.close().unwrap();
    std::fs::read(&path).unwrap()
}

/// Ids of the reviews in a collection file.
pub fn reviews_in(path: &Path) -> Vec<i64> {
    let conn = rusqlite::Connection::open(path).unwrap();
    let mut statement = conn.prepare("SELECT id FROM revlog ORDER BY id").unwrap();
    let ids = statement.query_map([], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}
