//! Devices that cannot be merged, and how they get out of it.

use deckport_wire::SyncMethod;
use serde_json::{Value, json};

use super::{Bench, answer, started};
use crate::work_error::WorkError;

/// A note of a notetype that nobody has.
fn send_foreign_note(bench: &mut Bench, device: i64) {
    assert!(started(&mut bench.start(device, "s")));
    let note = json!([1, "guid", 12345, 0, -1, "", "a\u{1f}b", "", "", 0, ""]);
    let body = json!({"chunk": {"done": true, "notes": [note]}});
    let answer = bench.ask(device, "s", SyncMethod::ApplyChunk, &body);
    assert_refused!(answer, WorkError::Collection(_) | WorkError::Wire(_));
}

/// A sync after which the device counts a card more than there is.
fn count_another_card(bench: &mut Bench, device: i64) {
    assert!(started(&mut bench.start(device, "s")));
    let body = json!({"client": [[0, 0, 0], 1, 0, 0, 0, 6, 1, 1]});
    let verdict = bench.ask(device, "s", SyncMethod::SanityCheck2, &body).unwrap();
    assert_eq!(verdict["status"], "bad");
}

fn text(meta: &Value) -> &str {
    meta["msg"].as_str().unwrap()
}

#[test]
fn a_device_that_cannot_merge_is_offered_a_one_way_sync_with_its_reason_after_a_restart_too() {
    let mut bench = Bench::new();
    let before = bench.meta(1, "a");
    send_foreign_note(&mut bench, 1);
    count_another_card(&mut bench, 2);
    for _ in 0..2 {
        let (first, second) = (bench.meta(1, "b"), bench.meta(2, "b"));
        assert!(text(&first).contains("notetype"), "{first}");
        assert!(text(&second).contains("same number"), "{second}");
        assert_ne!(first["scm"], before["scm"]);
        assert_ne!(second["scm"], before["scm"]);
        assert_eq!(bench.meta(3, "b")["scm"], before["scm"]);
        bench.restart();
    }
    // It takes the offer.
    assert!(bench.snapshot(1).try_recv().unwrap().is_ok());
    bench.restart();
    assert_eq!(bench.meta(1, "c"), before);
    assert_eq!(bench.meta(2, "c")["scm"], bench.meta(2, "d")["scm"]);
}

#[test]
fn a_device_whose_trouble_is_over_is_left_alone() {
    let mut bench = Bench::new();
    let checks_first = json!({"v": 10, "cv": "anki,2.1.54 (b6a7760c),linux"});
    let before = bench.ask(1, "a", SyncMethod::Meta, &checks_first).unwrap();
    count_another_card(&mut bench, 1);
    // Anki asked its person to check the database, and that helped.
    assert_eq!(bench.ask(1, "b", SyncMethod::Meta, &checks_first).unwrap(), before);
    assert!(started(&mut bench.start(1, "b")));
    bench.finish(1, "b").unwrap();
    count_another_card(&mut bench, 1);
    let again = bench.ask(1, "c", SyncMethod::Meta, &checks_first).unwrap();
    assert_eq!((&again["scm"], text(&again)), (&before["scm"], ""));
    // This time it did not.
    count_another_card(&mut bench, 1);
    let offered = bench.ask(1, "d", SyncMethod::Meta, &checks_first).unwrap();
    assert!(text(&offered).contains("same number"));
    assert!(answer(&mut bench.start(1, "d")).is_some());
}
