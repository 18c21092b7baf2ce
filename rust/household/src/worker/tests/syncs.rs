//! Normal syncs, turns and time.

use deckport_wire::SyncMethod;
use serde_json::{Value, json};

use super::{
    Bench, DATABASE_IDLE, LEASE_IDLE, LEASE_WAIT, NOW_MS, SECOND, account, answer, request, started,
};
use crate::options::HouseholdOptions;
use crate::work_error::WorkError;
use crate::worker::Workers;
use crate::worker::message::Message;
use crate::worker::thread::Owner;

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
    assert!(answer(&mut second).is_none());
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
    assert_refused!(answer(&mut second).unwrap(), WorkError::Busy(_));
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
    assert!(answer(&mut third).is_none());
    bench.abort(2, "b").unwrap();
    assert!(started(&mut third));
}

#[test]
fn a_device_that_starts_again_takes_over_its_own_dead_sync_at_once() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    assert!(started(&mut bench.start(1, "b")));
    assert_refused!(bench.finish(1, "a"), WorkError::Busy(_));
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
    assert!(answer(&mut second).is_none());
    bench.pass(SECOND);
    assert!(started(&mut second));
    assert_refused!(bench.finish(1, "a"), WorkError::Busy(_));
    assert!(bench.reviews().is_empty());
}

#[test]
fn an_overdue_sync_is_over_even_if_its_request_comes_before_the_timer() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.clock.advance(LEASE_IDLE);
    assert_refused!(bench.finish(1, "a"), WorkError::Busy(_));
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
    assert_refused!(bench.finish(1, "a"), WorkError::Busy(_));
    let empty_key = answer(&mut bench.start(1, "")).unwrap();
    assert_refused!(empty_key, WorkError::NoSession);
    assert!(started(&mut bench.start(1, "a")));
    assert_refused!(bench.send_review(1, "b", 1), WorkError::Busy(_));
    assert_refused!(bench.send_review(2, "a", 1), WorkError::Busy(_));
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
    assert_refused!(bench.finish(1, "a"), WorkError::Busy(_));
    assert!(bench.reviews().is_empty());
}

#[test]
fn an_abort_also_ends_the_waiting() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    let mut second = bench.start(2, "b");
    bench.abort(2, "other").unwrap();
    assert_refused!(answer(&mut second).unwrap(), WorkError::Busy(_));
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
        assert_refused!(refused, WorkError::Collection(_) | WorkError::Wire(_));
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
    assert_refused!(refused, WorkError::Collection(_) | WorkError::Wire(_));
    assert_refused!(bench.finish(1, "a"), WorkError::Busy(_));
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
    assert_refused!(bench.finish(1, "a"), WorkError::Busy(_));
    assert!(bench.reviews().is_empty());
}

#[test]
fn a_client_of_an_unknown_protocol_is_told_to_update() {
    let mut bench = Bench::new();
    for version in [7, 12] {
        let body = json!({"v": version, "cv": "x"});
        let refused = bench.ask(1, "a", SyncMethod::Meta, &body);
        assert_refused!(refused, WorkError::UnknownProtocol);
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
fn closing_rolls_back_refuses_who_waits_and_leaves_one_clean_file() {
    let mut bench = Bench::new();
    assert!(started(&mut bench.start(1, "a")));
    bench.send_review(1, "a", 1).unwrap();
    let mut second = bench.start(2, "b");
    bench.core.handle(Message::StopWaiting);
    assert_refused!(answer(&mut second).unwrap(), WorkError::Stopping);
    assert_refused!(answer(&mut bench.start(3, "c")).unwrap(), WorkError::Stopping);
    bench.core.handle(Message::Close);
    assert_eq!(bench.files(), ["collection.anki2"]);
    assert!(bench.reviews().is_empty());
    assert_eq!(bench.rollbacks(), 1);
}

#[tokio::test]
async fn a_panic_ends_one_request_and_the_running_sync_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let workers = Workers::new(&HouseholdOptions::new(folder.path()));
    let worker = workers.of(&account(1, "one")).unwrap();
    let other = workers.of(&account(2, "two")).unwrap();
    let request = |method, body: Value| request(1, "a", method, &body).unwrap();
    let start = || request(SyncMethod::Start, json!({"minUsn": 0, "lnewer": true}));
    let finish = || request(SyncMethod::Finish, json!({}));
    worker.step(start()).await.unwrap();
    other.step(start()).await.unwrap();
    assert_refused!(worker.ask(Message::Panic).await, WorkError::Failed(_));
    assert_refused!(worker.step(finish()).await, WorkError::Busy(_));
    worker.step(start()).await.unwrap();
    worker.step(finish()).await.unwrap();
    other.step(finish()).await.unwrap();
    tokio::task::spawn_blocking(move || workers.close()).await.unwrap();
    assert_refused!(worker.step(start()).await, WorkError::Stopping);
}

#[tokio::test]
async fn a_question_that_comes_just_too_late_is_told_that_the_endpoint_stops() {
    let folder = tempfile::tempdir().unwrap();
    let workers = Workers::new(&HouseholdOptions::new(folder.path()));
    let worker = workers.of(&account(1, "one")).unwrap();
    // Both are in the inbox before the worker looks at either.
    worker.send(Message::Close);
    let request =
        request(1, "a", SyncMethod::Start, &json!({"minUsn": 0, "lnewer": true})).unwrap();
    assert_refused!(worker.step(request).await, WorkError::Stopping);
    tokio::task::spawn_blocking(move || workers.close()).await.unwrap();
}
