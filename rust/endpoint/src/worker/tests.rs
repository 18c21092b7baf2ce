//! The worker's promises, with a clock that stands still. Requests are the JSON of real clients.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deckport_wire::{ErrorKind, SyncMethod};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot::{self, Receiver};

use super::Workers;
use super::core::Core;
use super::message::{Caller, Message, StepRequest, Upload};
use super::store::Snapshot;
use crate::clock::{Clock, ManualClock};
use crate::events::{Event, EventSink};
use crate::lease::{DeviceKey, Ticket};
use crate::options::EndpointOptions;
use crate::refusal::Refusal;
use crate::registry::Account;
use crate::temp_file::TempFile;

const NOW_MS: i64 = 1_795_177_887_205;
/// The defaults of `Timings`.
const LEASE_WAIT: Duration = Duration::from_secs(10);
const LEASE_IDLE: Duration = Duration::from_secs(60);
const DATABASE_IDLE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Keeps what it is told.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Event>>);

impl EventSink for Recorder {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// A worker without its thread.
struct Bench {
    core: Core,
    clock: Arc<ManualClock>,
    events: Arc<Recorder>,
    folder: TempDir,
}

type Pending = Receiver<Result<Vec<u8>, Refusal>>;

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let events = Arc::new(Recorder::default());
        let mut options = EndpointOptions::new(folder.path());
        options.clock = clock.clone();
        options.events = events.clone();
        let core = Core::new(folder.path().to_owned(), &options);
        Bench { core, clock, events, folder }
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
        let (session_key, body) = (session.to_owned(), body.to_string().into_bytes());
        let request = StepRequest { caller: caller(device), session_key, method, body };
        self.core.handle(Message::Step(request, reply));
        answer
    }

    /// A request that must be answered at once.
    fn ask(
        &mut self,
        device: i64,
        session: &str,
        method: SyncMethod,
        body: &Value,
    ) -> Result<Value, Refusal> {
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
    fn send_review(&mut self, device: i64, session: &str, id: i64) -> Result<Value, Refusal> {
        let review = json!([id, 1, -1, 3, 1, 1, 2500, 1000, 0]);
        let body = json!({"chunk": {"done": true, "revlog": [review]}});
        self.ask(device, session, SyncMethod::ApplyChunk, &body)
    }

    fn finish(&mut self, device: i64, session: &str) -> Result<Value, Refusal> {
        self.ask(device, session, SyncMethod::Finish, &json!({"_pad": null}))
    }

    fn abort(&mut self, device: i64, session: &str) -> Result<Value, Refusal> {
        self.ask(device, session, SyncMethod::Abort, &json!({"_pad": null}))
    }

    fn take_for_upload(&mut self, device: i64) -> Receiver<Result<Ticket, Refusal>> {
        let (reply, answer) = oneshot::channel();
        self.core.handle(Message::TakeForUpload(caller(device), reply));
        answer
    }

    fn replace(&mut self, device: i64, ticket: Ticket, file: TempFile) -> Result<(), Refusal> {
        let (reply, mut answer) = oneshot::channel();
        let upload = Upload { caller: caller(device), ticket, file, bytes: 1 };
        self.core.handle(Message::Replace(upload, reply));
        answer.try_recv().unwrap()
    }

    fn snapshot(&mut self, device: i64) -> Receiver<Result<Snapshot, Refusal>> {
        let (reply, answer) = oneshot::channel();
        self.core.handle(Message::Snapshot(caller(device), reply));
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
        std::fs::copy(other.folder.path().join("collection.anki2"), temp.path()).unwrap();
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

fn caller(device_id: i64) -> Caller {
    let key = DeviceKey { device_id, origin: None };
    Caller { key, account: "me".to_owned(), device: format!("device {device_id}") }
}

/// What has been answered so far.
fn answer(pending: &mut Pending) -> Option<Result<Value, Refusal>> {
    let answer = pending.try_recv().ok()?;
    Some(answer.map(|json| serde_json::from_slice(&json).unwrap()))
}

fn started(pending: &mut Pending) -> bool {
    matches!(answer(pending), Some(Ok(graves)) if graves["cards"].is_array())
}

fn kind<T: std::fmt::Debug>(result: Result<T, Refusal>) -> ErrorKind {
    result.unwrap_err().kind
}

fn reviews_in(path: &Path) -> Vec<i64> {
    let conn = rusqlite::Connection::open(path).unwrap();
    let mut statement = conn.prepare("SELECT id FROM revlog ORDER BY id").unwrap();
    let ids = statement.query_map([], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

#[test]
fn a_sync_is_invisible_until_it_is_finished_and_then_complete() {
    let mut bench = Bench::new();
    let before = bench.meta(1, "a");
    assert_eq!(
        (&before["mod"], &before["usn"], &before["empty"]),
        (&json!(0), &json!(0), &json!(true))
    );
    assert_eq!((&before["ts"], &before["cont"]), (&json!(NOW_MS / 1000), &json!(true)));
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 77).unwrap();
    assert_eq!(bench.meta(2, "b"), before);
    assert_eq!(bench.meta(1, "status check"), before);
    assert!(bench.reviews().is_empty());
    let modified = bench.finish(1, "a").unwrap();
    assert_eq!(bench.reviews(), [77]);
    let after = bench.meta(2, "b");
    assert_eq!((&after["mod"], &after["usn"]), (&modified, &json!(1)));
    assert_eq!(after["scm"], before["scm"]);
}

#[test]
fn a_second_device_waits_and_gets_its_turn_when_the_first_is_done() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    let mut second = bench.start(2, "b");
    bench.pass(LEASE_WAIT - SECOND);
    assert_eq!(answer(&mut second), None);
    bench.send_review(1, "a", 1).unwrap();
    bench.finish(1, "a").unwrap();
    assert!(started(&mut second));
    bench.send_review(2, "b", 2).unwrap();
    bench.finish(2, "b").unwrap();
    assert_eq!(bench.reviews(), [1, 2]);
}

#[test]
fn a_second_device_is_told_that_another_one_syncs_when_its_wait_is_over() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    let mut second = bench.start(2, "b");
    bench.pass(LEASE_WAIT);
    assert_eq!(kind(answer(&mut second).unwrap()), ErrorKind::Busy);
    // The first one never noticed.
    bench.finish(1, "a").unwrap();
}

#[test]
fn devices_get_their_turn_in_the_order_in_which_they_came() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    let (mut second, mut third) = (bench.start(2, "b"), bench.start(3, "c"));
    bench.abort(1, "a").unwrap();
    assert!(started(&mut second));
    assert_eq!(answer(&mut third), None);
    bench.abort(2, "b").unwrap();
    assert!(started(&mut third));
}

#[test]
fn a_device_that_starts_again_takes_over_its_own_dead_sync_at_once() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    assert!(started(&mut bench.start(1, "b")));
    assert_eq!(kind(bench.finish(1, "a")), ErrorKind::Busy);
    bench.finish(1, "b").unwrap();
    assert!(bench.reviews().is_empty());
    assert_eq!(bench.rollbacks(), 1);
}

#[test]
fn a_silent_sync_is_rolled_back_and_the_next_in_line_goes_on() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.pass(LEASE_IDLE - SECOND);
    bench.send_review(1, "a", 1).unwrap();
    bench.pass(LEASE_IDLE - SECOND);
    let mut second = bench.start(2, "b");
    assert_eq!(answer(&mut second), None);
    bench.pass(SECOND);
    assert!(started(&mut second));
    assert_eq!(kind(bench.finish(1, "a")), ErrorKind::Busy);
    assert!(bench.reviews().is_empty());
}

#[test]
fn an_overdue_sync_is_over_even_if_its_request_comes_before_the_timer() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.clock.advance(LEASE_IDLE);
    assert_eq!(kind(bench.finish(1, "a")), ErrorKind::Busy);
}

#[test]
fn nothing_ticks_while_nobody_does_anything() {
    let mut bench = Bench::new();
    assert_eq!(bench.core.next_deadline(), None);
    bench.meta(1, "a");
    assert!(bench.files().iter().any(|name| name.ends_with("-wal")));
    bench.pass(DATABASE_IDLE);
    assert_eq!(bench.core.next_deadline(), None);
    assert_eq!(bench.files(), ["collection.anki2"]);
}

#[test]
fn steps_need_the_session_key_of_their_start() {
    let mut bench = Bench::new();
    assert_eq!(kind(bench.finish(1, "a")), ErrorKind::Busy);
    let empty_key = answer(&mut bench.start(1, "")).unwrap();
    assert_eq!(kind(empty_key), ErrorKind::BadRequest);
    assert!(started(&mut bench.start(1, "a")));
    assert_eq!(kind(bench.send_review(1, "b", 1)), ErrorKind::Busy);
    assert_eq!(kind(bench.send_review(2, "a", 1)), ErrorKind::Busy);
    bench.finish(1, "a").unwrap();
}

#[test]
fn an_abort_with_another_session_key_ends_only_the_own_devices_sync() {
    let mut bench = Bench::new();
    assert_eq!(bench.abort(1, "x").unwrap(), Value::Null);
    assert!(started(&mut bench.start(1, "a")));
    assert_eq!(bench.abort(2, "a").unwrap(), Value::Null);
    bench.send_review(1, "a", 1).unwrap();
    assert_eq!(bench.abort(1, "other").unwrap(), Value::Null);
    assert_eq!(kind(bench.finish(1, "a")), ErrorKind::Busy);
    assert!(bench.reviews().is_empty());
}

#[test]
fn an_abort_also_ends_the_waiting() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    let mut second = bench.start(2, "b");
    bench.abort(2, "other").unwrap();
    assert_eq!(kind(answer(&mut second).unwrap()), ErrorKind::Busy);
    bench.finish(1, "a").unwrap();
    assert!(started(&mut bench.start(3, "c")));
}

#[test]
fn a_request_that_cannot_be_read_leaves_the_sync_as_it_is() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    for method in [SyncMethod::ApplyChunk, SyncMethod::Start, SyncMethod::Meta, SyncMethod::Finish]
    {
        let refused = bench.ask(1, "a", method, &json!("nonsense"));
        assert_eq!(kind(refused), ErrorKind::BadRequest, "{method:?}");
    }
    bench.finish(1, "a").unwrap();
    assert_eq!(bench.reviews(), [1]);
}

#[test]
fn a_step_that_fails_ends_the_sync() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    let note = json!([1, "guid", 999, 1, -1, "", "front\u{1f}back", "", "", 0, ""]);
    let body = json!({"chunk": {"done": true, "notes": [note]}});
    let refused = bench.ask(1, "a", SyncMethod::ApplyChunk, &body);
    assert_eq!(kind(refused), ErrorKind::BadRequest);
    assert_eq!(kind(bench.finish(1, "a")), ErrorKind::Busy);
    assert!(bench.reviews().is_empty());
    assert!(started(&mut bench.start(2, "b")));
}

#[test]
fn a_failed_comparison_is_answered_and_ends_the_sync() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    let body = json!({"client": [[0, 0, 0], 5, 5, 5, 0, 5, 5, 5]});
    let answer = bench.ask(1, "a", SyncMethod::SanityCheck2, &body).unwrap();
    assert_eq!(answer["status"], "bad");
    assert_eq!(kind(bench.finish(1, "a")), ErrorKind::Busy);
    assert!(bench.reviews().is_empty());
}

#[test]
fn a_client_of_an_unknown_protocol_is_told_to_update() {
    let mut bench = Bench::new();
    for version in [7, 12] {
        let body = json!({"v": version, "cv": "x"});
        let refused = bench.ask(1, "a", SyncMethod::Meta, &body);
        assert_eq!(kind(refused), ErrorKind::ClientTooOld);
    }
}

#[test]
fn a_collection_that_needs_a_newer_client_is_refused_with_a_text() {
    let mut bench = Bench::new();
    let body = json!({"v": 8, "cv": "anki,2.0.52,linux"});
    let answer = bench.ask(1, "a", SyncMethod::Meta, &body).unwrap();
    assert_eq!(answer["cont"], false);
    assert!(answer["msg"].as_str().unwrap().contains("V2 scheduler"));
}

#[test]
fn a_collection_that_cannot_be_used_is_explained_to_the_person() {
    let mut bench = Bench::new();
    std::fs::write(bench.folder.path().join("collection.anki2"), "no database at all").unwrap();
    let answer = bench.meta(1, "a");
    assert_eq!(answer["cont"], false);
    assert!(answer["msg"].as_str().unwrap().contains("not an Anki collection"), "{answer}");
}

#[test]
fn a_start_after_another_devices_upload_is_refused() {
    let mut bench = Bench::new();
    bench.meta(1, "a");
    bench.clock.advance(SECOND);
    let ticket = bench.take_for_upload(2).try_recv().unwrap().unwrap();
    let file = bench.uploaded(9);
    let conn = rusqlite::Connection::open(file.path()).unwrap();
    conn.execute_batch("UPDATE col SET scm = scm + 1").unwrap();
    conn.close().unwrap();
    bench.replace(2, ticket, file).unwrap();
    assert_eq!(kind(answer(&mut bench.start(1, "a")).unwrap()), ErrorKind::Busy);
    bench.meta(1, "b");
    assert!(started(&mut bench.start(1, "b")));
}

#[test]
fn an_upload_keeps_the_collection_that_it_replaces() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    bench.finish(1, "a").unwrap();
    let ticket = bench.take_for_upload(2).try_recv().unwrap().unwrap();
    let file = bench.uploaded(9);
    bench.replace(2, ticket, file).unwrap();
    assert_eq!(bench.reviews(), [9]);
    let backup = bench.folder.path().join("backups/2026-11-20-123127-upload.anki2");
    assert_eq!(reviews_in(&backup), [1]);
    let events = bench.events.0.lock().unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::BackupMade { .. })));
    assert!(events.iter().any(|event| matches!(event, Event::CollectionReplaced { .. })));
}

#[test]
fn an_untouched_collection_needs_no_backup_but_an_unreadable_one_does() {
    let mut bench = Bench::new();
    bench.meta(1, "a");
    let ticket = bench.take_for_upload(1).try_recv().unwrap().unwrap();
    let file = bench.uploaded(9);
    bench.replace(1, ticket, file).unwrap();
    assert!(!bench.folder.path().join("backups").exists());

    bench.core.close();
    std::fs::write(bench.folder.path().join("collection.anki2"), "damaged").unwrap();
    std::fs::write(bench.folder.path().join("collection.anki2-wal"), "log").unwrap();
    let ticket = bench.take_for_upload(1).try_recv().unwrap().unwrap();
    let file = bench.uploaded(10);
    bench.replace(1, ticket, file).unwrap();
    assert_eq!(bench.reviews(), [10]);
    let backups = bench.folder.path().join("backups");
    let kept = backups.join("2026-11-20-123127-upload.anki2");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "damaged");
    assert!(!bench.folder.path().join("collection.anki2-wal").exists());
}

#[test]
fn an_upload_keeps_syncs_out_and_does_not_expire() {
    let mut bench = Bench::new();
    let ticket = bench.take_for_upload(1).try_recv().unwrap().unwrap();
    bench.pass(LEASE_IDLE * 10);
    bench.meta(2, "b");
    let mut second = bench.start(2, "b");
    assert_eq!(answer(&mut second), None);
    bench.core.handle(Message::Release(ticket));
    assert!(started(&mut second));
}

#[test]
fn an_upload_that_its_own_device_has_given_up_replaces_nothing() {
    let mut bench = Bench::new();
    let first = bench.take_for_upload(1).try_recv().unwrap().unwrap();
    assert!(started(&mut bench.start(1, "a")));
    let file = bench.uploaded(9);
    assert_eq!(kind(bench.replace(1, first, file)), ErrorKind::Busy);
    // Giving back the old lease does not touch the new one.
    bench.core.handle(Message::Release(first));
    bench.finish(1, "a").unwrap();
    assert!(bench.reviews().is_empty());
}

#[test]
fn a_download_waits_for_a_running_sync_and_is_the_committed_state() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    let mut pending = bench.snapshot(2);
    assert!(pending.try_recv().is_err());
    bench.finish(1, "a").unwrap();
    let snapshot = pending.try_recv().unwrap().unwrap();
    assert_eq!(snapshot.file.metadata().unwrap().len(), snapshot.bytes);
    assert_eq!(reviews_in(snapshot.temp.path()), [1]);
    // The lease was held for the copy only.
    assert!(started(&mut bench.start(3, "c")));
    drop(snapshot);
    assert!(bench.files().iter().all(|name| name.starts_with("collection.anki2")));
}

#[test]
fn nobody_gets_the_lease_who_does_not_wait_any_more() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    drop(bench.start(2, "b"));
    drop(bench.take_for_upload(3));
    let mut fourth = bench.start(4, "d");
    bench.finish(1, "a").unwrap();
    assert!(started(&mut fourth));
}

#[test]
fn closing_rolls_back_refuses_who_waits_and_leaves_one_clean_file() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    let mut second = bench.start(2, "b");
    bench.core.handle(Message::StopWaiting);
    assert_eq!(kind(answer(&mut second).unwrap()), ErrorKind::Unavailable);
    assert_eq!(kind(answer(&mut bench.start(3, "c")).unwrap()), ErrorKind::Unavailable);
    bench.core.handle(Message::Close);
    assert_eq!(bench.files(), ["collection.anki2"]);
    assert!(bench.reviews().is_empty());
    assert_eq!(bench.rollbacks(), 1);
}

#[tokio::test]
async fn a_panic_ends_one_request_and_the_running_sync_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let workers = Workers::new(&EndpointOptions::new(folder.path()));
    let account = |id: i64, name: &str| Account {
        id,
        name: name.to_owned(),
        folder: name.to_owned(),
        configured: false,
        dormant: false,
    };
    let worker = workers.of(&account(1, "one")).unwrap();
    let other = workers.of(&account(2, "two")).unwrap();
    let request = |method, body: Value| StepRequest {
        caller: caller(1),
        session_key: "a".to_owned(),
        method,
        body: body.to_string().into_bytes(),
    };
    let start = || request(SyncMethod::Start, json!({"minUsn": 0, "lnewer": true}));
    let finish = || request(SyncMethod::Finish, json!({}));
    worker.step(start()).await.unwrap();
    other.step(start()).await.unwrap();
    assert_eq!(kind(worker.ask(Message::Panic).await), ErrorKind::Internal);
    assert_eq!(kind(worker.step(finish()).await), ErrorKind::Busy);
    worker.step(start()).await.unwrap();
    worker.step(finish()).await.unwrap();
    other.step(finish()).await.unwrap();
    tokio::task::spawn_blocking(move || workers.close()).await.unwrap();
    assert_eq!(kind(worker.step(start()).await), ErrorKind::Unavailable);
}
