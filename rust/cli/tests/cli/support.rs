//! Starting the program, reading what it prints, and a minimal protocol-11 client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Far beyond what any step needs: only a hanging program waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with a clean environment.
pub fn deckport(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deckport"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        if text.starts_with("SYNC_") || text == "PASSWORDS_HASHED" || text.starts_with("MAX_SYNC") {
            command.env_remove(name);
        }
    }
    command.arg("--data").arg(data);
    command
}

/// Runs a command to its end with `input` on standard input.
pub fn run(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = deckport(data)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may end without reading; that is its right.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Runs a command that must succeed and returns its standard output.
pub fn succeed(data: &Path, arguments: &[&str], input: &str) -> String {
    let output = run(data, arguments, input);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail with one sentence, and returns its exit code and the sentence.
pub fn fail(data: &Path, arguments: &[&str], input: &str) -> (i32, String) {
    let output = run(data, arguments, input);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("deckport: "), "{stderr}");
    (output.status.code().unwrap(), stderr)
}

/// What becomes of a server's standard error.
pub enum Stderr {
    Read,
    /// Our end of the pipe is closed from the start.
    Closed,
    /// Nobody reads it until [`Server::read_log`].
    Unread,
}

/// A running `deckport serve`.
pub struct Server {
    child: Child,
    /// What it printed until it listened.
    pub greeting: Vec<String>,
    pub address: SocketAddr,
    /// Lines of standard error.
    log: Option<Receiver<String>>,
    unread: Option<ChildStderr>,
}

impl Server {
    /// Starts on a free port of the loopback address and waits until it listens.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[], &[])
    }

    /// The same with more arguments and with environment variables.
    pub fn start_with(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = deckport(data);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        command.envs(variables.iter().copied());
        Self::launch(command, Stderr::Read)
    }

    /// Starts as told and waits until it listens.
    pub fn launch(mut command: Command, stderr: Stderr) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let pipe = child.stderr.take().unwrap();
        let (log, unread) = match stderr {
            Stderr::Read => (Some(lines(pipe)), None),
            Stderr::Closed => (None, None),
            Stderr::Unread => (None, Some(pipe)),
        };
        let stdout = lines(child.stdout.take().unwrap());
        let mut greeting = Vec::new();
        let address = loop {
            let Ok(line) = stdout.recv_timeout(PATIENCE) else {
                child.kill().unwrap();
                panic!("never listened: {:?}", log.map(|log| log.iter().collect::<Vec<_>>()));
            };
            if let Some(address) = line.strip_prefix("listening on ") {
                break address.parse().unwrap();
            }
            greeting.push(line);
        };
        Self { child, greeting, address, log, unread }
    }

    /// The value after a label of the greeting, such as `Password:`.
    pub fn told(&self, label: &str) -> Option<String> {
        let line = self.greeting.iter().find_map(|line| line.trim().strip_prefix(label))?;
        Some(line.trim().to_owned())
    }

    /// Begins to read a log that nobody has read so far.
    pub fn read_log(&mut self) {
        self.log = self.unread.take().map(lines);
    }

    /// Waits for a line of the log that contains `text`.
    pub fn wait_for_log(&self, text: &str) -> String {
        let log = self.log.as_ref().unwrap();
        loop {
            let line = log.recv_timeout(PATIENCE).expect("the log line never came");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Sends a signal: `TERM` or `INT`.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until the process has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "the server did not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the server cleanly and returns the rest of its log.
    #[cfg(unix)]
    pub fn stop(mut self) -> Vec<String> {
        self.signal("TERM");
        assert_eq!(self.wait().code(), Some(0));
        self.log.take().unwrap().iter().collect()
    }

    /// Logs in; the token, or the HTTP status of the refusal.
    pub fn login(&self, name: &str, password: &str) -> Result<String, u16> {
        let body = serde_json::json!({"u": name, "p": password}).to_string();
        let (status, answer) = post(self.address, "hostKey", "", &body);
        if status != 200 {
            return Err(status);
        }
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        Ok(answer["key"].as_str().unwrap().to_owned())
    }

    /// The HTTP status that `meta` gets with this token.
    pub fn meta(&self, token: &str) -> u16 {
        post(self.address, "meta", token, r#"{"v":11,"cv":"anki,26.09.3 (test),linux"}"#).0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A child's output line by line, read on a thread so that waiting can have a limit.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // Nobody listens any more, but the pipe has to be emptied all the same.
            let _ = sender.send(line);
        }
    });
    receiver
}

/// One request in protocol 11's framing (`transport` 3): the status and the decoded body.
fn post(address: SocketAddr, method: &str, token: &str, json: &str) -> (u16, Vec<u8>) {
    let body = zstd::encode_all(json.as_bytes(), 3).unwrap();
    let header = serde_json::json!({"v": 11, "k": token, "c": "26.09.3,test,linux", "s": "abc"});
    let mut connection = connect(address);
    let head = format!(
        "POST /sync/{method} HTTP/1.1\r\nhost: {address}\r\nanki-sync: {header}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    let mut reader = BufReader::new(connection);
    let (status, headers) = read_head(&mut reader);
    let body = read_body(&mut reader, &headers);
    if status != 200 {
        return (status, body);
    }
    (status, zstd::decode_all(body.as_slice()).unwrap())
}

/// A connection on which nothing waits forever.
pub fn connect(address: SocketAddr) -> TcpStream {
    let connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection
}

/// The status and the header lines in lower case.
pub fn read_head(reader: &mut impl BufRead) -> (u16, Vec<String>) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_lowercase());
    }
    let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
    (status, lines)
}

/// The body that follows these headers.
pub fn read_body(reader: &mut impl BufRead, headers: &[String]) -> Vec<u8> {
    let mut body = Vec::new();
    if headers.iter().any(|line| line == "transfer-encoding: chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).unwrap();
            let size = u64::from_str_radix(size.trim(), 16).unwrap();
            reader.take(size).read_to_end(&mut body).unwrap();
            let mut end = String::new();
            reader.read_line(&mut end).unwrap();
            if size == 0 {
                return body;
            }
        }
    }
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(u64::MAX, |text| text.parse().unwrap());
    reader.take(length).read_to_end(&mut body).unwrap();
    body
}
