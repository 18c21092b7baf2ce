//! The inner door of a running endpoint: other commands of the same user ask it for what needs the
//! collections that it owns.
//!
//! It is a socket in the data folder, for its owner (and the superuser) alone. One connection is one
//! piece of work: a line of JSON says what, then each line is a [`Frame`], and the last one says how
//! it ended. Who hangs up ends the work. Where a system has no such sockets the door stays shut, and
//! the endpoint has to be stopped for such work.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, thread};

use deckport_endpoint::{EndpointHandle, Interrupt};
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use crate::failure::Failure;
use crate::output::Output;
use crate::status::Serving;
use crate::work::{self, Work, Workplace};

const SOCKET: &str = "deckport.sock";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Far beyond any path.
const MAX_REQUEST_BYTES: u64 = 64 << 10;
/// Who has connected says at once what it wants, and reads what it gets.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often whoever waits looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(200);

/// What is asked for, as far as every version can read it.
#[derive(Debug, Deserialize)]
struct Asked {
    version: String,
}

/// What is asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    version: String,
    watched: bool,
    work: Work,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
enum Frame {
    Line(String),
    Note(String),
    End(Option<Failure>),
}

/// An open door. Shut when dropped.
pub(crate) struct Door {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

impl Door {
    /// Opens the door of the endpoint that owns the folder. Must be called inside the runtime.
    ///
    /// # Errors
    /// Where no socket can be: a path that is too long, a file system without them.
    pub(crate) fn open(
        data_dir: &Path,
        handle: EndpointHandle,
        serving: Serving,
    ) -> io::Result<Door> {
        let path = data_dir.join(SOCKET);
        // Of a process that was killed: the folder is ours.
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let owner = fs::metadata(&path)?.uid();
        let accepting = tokio::spawn(accept(listener, owner, handle, serving));
        Ok(Door { path, accepting })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.accepting.abort();
        // What stays is removed by the next one.
        let _ = fs::remove_file(&self.path);
    }
}

async fn accept(listener: UnixListener, owner: u32, handle: EndpointHandle, serving: Serving) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // For want of file descriptors, most likely.
            tokio::time::sleep(LOOK).await;
            continue;
        };
        // Also before the socket had its permissions.
        let may_enter = |who: u32| who == owner || who == 0;
        if !stream.peer_cred().is_ok_and(|peer| may_enter(peer.uid())) {
            continue;
        }
        let Ok(stream) = stream.into_std() else { continue };
        let (handle, serving) = (handle.clone(), serving.clone());
        let serve = move || {
            // Who has gone hears nothing of it.
            let _ = serve(&stream, handle, &serving);
        };
        let _ = thread::Builder::new().name("door".to_owned()).spawn(serve);
    }
}

fn serve(stream: &UnixStream, handle: EndpointHandle, serving: &Serving) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let interrupt = Interrupt::default();
    let visitor = Visitor { stream: Mutex::new(stream.try_clone()?), interrupt: interrupt.clone() };
    let ended = match read_request(stream) {
        Ok(request) => {
            end_when_gone(stream.try_clone()?, interrupt.clone())?;
            let watched = request.watched;
            let (typed, serving) = (serving.typed.clone(), Some(serving));
            let place = Workplace { handle, output: &visitor, interrupt, watched, typed, serving };
            place.do_it(&request.work)
        }
        Err(failure) => Err(failure),
    };
    visitor.send(&Frame::End(ended.err()));
    stream.shutdown(Shutdown::Both)
}

fn read_request(stream: &UnixStream) -> Result<Request, Failure> {
    let mut line = Vec::new();
    let read = BufReader::new(stream.take(MAX_REQUEST_BYTES)).read_until(b'\n', &mut line);
    read.map_err(Failure::failed)?;
    // The version alone: the rest may have changed.
    let asked: Asked = serde_json::from_slice(&line).map_err(Failure::failed)?;
    if asked.version != VERSION {
        return Err(Failure::Failed(format!(
            "the running endpoint is version {VERSION}, this command is {}: start the endpoint anew",
            asked.version
        )));
    }
    serde_json::from_slice(&line).map_err(Failure::failed)
}

/// Ends the work when the other side has hung up.
fn end_when_gone(mut stream: UnixStream, interrupt: Interrupt) -> io::Result<()> {
    stream.set_read_timeout(None)?;
    let wait = move || {
        // It has nothing more to say.
        let _ = stream.read(&mut [0]);
        interrupt.set();
    };
    thread::Builder::new().name("door".to_owned()).spawn(wait).map(drop)
}

/// The other side of a connection.
struct Visitor {
    stream: Mutex<UnixStream>,
    interrupt: Interrupt,
}

impl Visitor {
    fn send(&self, frame: &Frame) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if write_line(&mut stream, frame).is_err() {
            self.interrupt.set();
        }
    }
}

impl Output for Visitor {
    fn line(&self, text: &str) {
        self.send(&Frame::Line(text.to_owned()));
    }

    fn note(&self, text: &str) {
        self.send(&Frame::Note(text.to_owned()));
    }
}

/// A running endpoint that listens.
pub(crate) struct Running(UnixStream);

/// Looks for the running endpoint of a folder.
pub(crate) fn knock(data_dir: &Path) -> Option<Running> {
    UnixStream::connect(data_dir.join(SOCKET)).ok().map(Running)
}

impl Running {
    /// Has work done there, and says here what is said there.
    pub(crate) fn ask(
        mut self,
        work: Work,
        interrupt: &Interrupt,
        output: &dyn Output,
    ) -> Result<(), Failure> {
        let gone = |_| Failure::Failed("the endpoint ended before the work was done".to_owned());
        let request = Request { version: VERSION.to_owned(), watched: work::is_watched(), work };
        write_line(&mut self.0, &request).map_err(gone)?;
        self.0.set_read_timeout(Some(LOOK)).map_err(gone)?;
        let mut lines = BufReader::new(&self.0);
        let mut line = Vec::new();
        loop {
            if interrupt.is_set() {
                // It still says how it ended, unless it has ended already; then that is to be read.
                let _ = self.0.shutdown(Shutdown::Write);
            }
            match lines.read_until(b'\n', &mut line) {
                Ok(_) if line.ends_with(b"\n") => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Ok(_) => return Err(gone(io::ErrorKind::UnexpectedEof.into())),
                Err(error) => return Err(gone(error)),
            }
            match serde_json::from_slice(&line).map_err(Failure::failed)? {
                Frame::Line(text) => output.line(&text),
                Frame::Note(text) => output.note(&text),
                Frame::End(None) => return Ok(()),
                Frame::End(Some(failure)) => return Err(failure),
            }
            line.clear();
        }
    }
}

fn write_line(stream: &mut UnixStream, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}
