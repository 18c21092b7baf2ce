//! The worker's promises, with a clock that stands still. Requests are the JSON of real clients.

/// Something was not done, for this reason.
macro_rules! assert_refused {
    ($result:expr, $reason:pat) => {
        let error = $result.unwrap_err();
        assert!(matches!(error, $reason), "{error:?}");
    };
}

mod astray;
mod closing;
mod keeping;
mod syncs;
mod transfers;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::Account;
use deckport_ground::clock::{Clock, ManualClock};
use deckport_ground::temp_file::TempFile;
use deckport_wire::{Method, Request, SyncMethod};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot::{self, Receiver};

use super::core::Core;
use super::media;
use super::message::{Caller, Message, NewCollection, Replacement, StepRequest};
use super::store::{FileForm, Snapshot};
use super::thread::Owner;
use crate::backup::{Archivist, BackupReason, Counts};
use crate::events::{Event, Recorder};
use crate::lease::{DeviceKey, Ticket};
use crate::options::HouseholdOptions;
use crate::place::Place;
use crate::work_error::WorkError;

const NOW_MS: i64 = 1_795_177_887_205;
/// The defaults of `Timings`.
const LEASE_WAIT: Duration = Duration::from_secs(10);
const LEASE_IDLE: Duration = Duration::from_secs(60);
const DATABASE_IDLE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A worker without its thread.
struct Bench {
    core: Core,
    clock: Arc<ManualClock>,
    events: Arc<Recorder>,
    archivist: Arc<Archivist>,
    folder: TempDir,
}

type Pending = Receiver<Result<Vec<u8>, WorkError>>;

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let events = Arc::new(Recorder::default());
        let mut options = HouseholdOptions::new(folder.path());
        options.clock = clock.clone();
        options.events = events.clone();
        let (account, place) = (account(1, ""), Place::at(folder.path()));
        let (media, ..) = media::owner(&account, &place, &options);
        let archivist = Archivist::new(&options);
        let core = Core::new(&account, &place, &options, media, Arc::clone(&archivist));
        Bench { core, clock, events, archivist, folder }
    }

    /// The endpoint ends, and another one begins on the same folder.
    fn restart(&mut self) {
        self.core.close();
        let mut options = HouseholdOptions::new(self.folder.path());
        options.clock = self.clock.clone();
        options.events = self.events.clone();
        let (account, place) = (account(1, ""), Place::at(self.folder.path()));
        let (media, ..) = media::owner(&account, &place, &options);
        self.core = Core::new(&account, &place, &options, media, Arc::clone(&self.archivist));
    }

    /// Time passes; the worker wakes up when it wants to.
    fn pass(&mut self, time: Duration) {
        let end = self.clock.monotonic() + time;
        while let Some(at) = self.core.next_deadline().filter(|at| *at <= end) {
            self.clock.advance(at.saturating_sub(self.clock.monotonic()));
            self.core.tick();
            assert_ne!(self.core.next_deadline(), Some(at), "the worker spins");
        }
        self.clock.advance(end - self.clock.monotonic());
    }

    fn send(&mut self, device: i64, session: &str, method: SyncMethod, body: &Value) -> Pending {
        let (reply, answer) = oneshot::channel();
        match request(device, session, method, body) {
            Ok(request) => self.core.handle(Message::Step(request, reply)),
            Err(refusal) => reply.send(Err(refusal)).unwrap(),
        }
        answer
    }

    /// A request that must be answered at once.
    fn ask(
        &mut self,
        device: i64,
        session: &str,
        method: SyncMethod,
        body: &Value,
    ) -> Result<Value, WorkError> {
        answer(&mut self.send(device, session, method, body)).expect("no answer yet")
    }

    fn meta(&mut self, device: i64, session: &str) -> Value {
        let body = json!({"v": 11, "cv": "anki,26.09.3 (29bb700b),linux"});
        self.ask(device, session, SyncMethod::Meta, &body).unwrap()
    }

    fn start(&mut self, device: i64, session: &str) -> Pending {
        let body = json!({"minUsn": 0, "lnewer": true, "graves": null});
        self.send(device, session, SyncMethod::Start, &body)
    }

    /// Sends one review, as a mark that can be looked for.
    fn send_review(&mut self, device: i64, session: &str, id: i64) -> Result<Value, WorkError> {
        let review = json!([id, 1, -1, 3, 1, 1, 2500, 1000, 0]);
        let body = json!({"chunk": {"done": true, "revlog": [review]}});
        self.ask(device, session, SyncMethod::ApplyChunk, &body)
    }

    fn finish(&mut self, device: i64, session: &str) -> Result<Value, WorkError> {
        self.ask(device, session, SyncMethod::Finish, &json!({"_pad": null}))
    }

    fn abort(&mut self, device: i64, session: &str) -> Result<Value, WorkError> {
        self.ask(device, session, SyncMethod::Abort, &json!({"_pad": null}))
    }

    fn take_for_upload(&mut self, device: i64) -> Receiver<Result<Ticket, WorkError>> {
        let (reply, answer) = oneshot::channel();
        self.core.handle(Message::TakeForUpload(caller(device), reply));
        answer
    }

    fn replace(&mut self, device: i64, ticket: Ticket, file: TempFile) -> Result<(), WorkError> {
        let (reply, mut answer) = oneshot::channel();
        let (counts, reason) = (Counts::default(), BackupReason::Upload);
        let one_way = reason != BackupReason::Upload;
        let new = NewCollection { file, bytes: 1, counts, reason, one_way, permit: None };
        let replacement = Replacement { caller: caller(device), ticket, new };
        self.core.handle(Message::Replace(replacement, reply));
        answer.try_recv().unwrap().map(drop)
    }

    fn snapshot(&mut self, device: i64) -> Receiver<Result<Snapshot, WorkError>> {
        let (reply, answer) = oneshot::channel();
        self.core.handle(Message::Snapshot(caller(device), FileForm::Stored, reply));
        answer
    }

    /// Ids of the committed reviews.
    fn reviews(&self) -> Vec<i64> {
        reviews_in(&self.folder.path().join("collection.anki2"))
    }

    /// A collection as it arrives from a client, with one review in it.
    fn uploaded(&self, review: i64) -> TempFile {
        let mut other = Bench::new();
        assert!(started(&mut other.start(1, "s")));
        other.send_review(1, "s", review).unwrap();
        other.finish(1, "s").unwrap();
        other.core.close();
        let temp = TempFile::for_upload(self.folder.path()).unwrap();
        deckport_ground::files::copy_file(
            &other.folder.path().join("collection.anki2"),
            temp.path(),
        )
        .unwrap();
        temp
    }

    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn rollbacks(&self) -> usize {
        let events = self.events.0.lock().unwrap();
        events.iter().filter(|event| matches!(event, Event::SyncRolledBack { .. })).count()
    }
}

/// A request as it comes to the worker; one that cannot be read does not.
fn request(
    device: i64,
    session: &str,
    method: SyncMethod,
    body: &Value,
) -> Result<StepRequest, WorkError> {
    let json = body.to_string().into_bytes();
    let (caller, session_key, bytes) = (caller(device), session.to_owned(), json.len());
    match Request::<(), TempFile>::read(Method::Sync(method), &json)? {
        Request::Step(step) => Ok(StepRequest { caller, session_key, step, bytes, held: None }),
        _ => panic!("{method:?} is no step"),
    }
}

fn caller(device_id: i64) -> Caller {
    let key = DeviceKey { device_id, origin: None };
    Caller { key, account: "me".to_owned(), device: format!("device {device_id}") }
}

/// An account whose folder is `folder` below the data folder.
fn account(id: i64, folder: &str) -> Account {
    let (name, folder) = (format!("account {id}"), folder.to_owned());
    Account { id, name, folder, configured: false, dormant: false }
}

/// What has been answered so far.
fn answer(pending: &mut Pending) -> Option<Result<Value, WorkError>> {
    let answer = pending.try_recv().ok()?;
    Some(answer.map(|json| serde_json::from_slice(&json).unwrap()))
}

fn started(pending: &mut Pending) -> bool {
    matches!(answer(pending), Some(Ok(graves)) if graves["cards"].is_array())
}

fn reviews_in(path: &Path) -> Vec<i64> {
    let conn = rusqlite::Connection::open(path).unwrap();
    let mut statement = conn.prepare("SELECT id FROM revlog ORDER BY id").unwrap();
    let ids = statement.query_map([], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}
