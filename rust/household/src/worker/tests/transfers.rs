//! Uploads and downloads among syncs.

use super::{Bench, LEASE_IDLE, SECOND, answer, reviews_in, started};
use crate::events::Event;
use crate::work_error::WorkError;
use crate::worker::message::Message;
use crate::worker::thread::Owner;

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
    assert_refused!(answer(&mut bench.start(1, "a")).unwrap(), WorkError::Busy(_));
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
    bench.core.close();
    assert!(!bench.folder.path().join("collection.anki2-wal").exists());
}

#[test]
fn an_upload_keeps_syncs_out_and_does_not_expire() {
    let mut bench = Bench::new();
    let ticket = bench.take_for_upload(1).try_recv().unwrap().unwrap();
    bench.pass(LEASE_IDLE * 10);
    bench.meta(2, "b");
    let mut second = bench.start(2, "b");
    assert!(answer(&mut second).is_none());
    bench.core.handle(Message::Release(ticket));
    assert!(started(&mut second));
}

#[test]
fn an_upload_that_its_own_device_has_given_up_replaces_nothing() {
    let mut bench = Bench::new();
    let first = bench.take_for_upload(1).try_recv().unwrap().unwrap();
    assert!(started(&mut bench.start(1, "a")));
    let file = bench.uploaded(9);
    assert_refused!(bench.replace(1, first, file), WorkError::Busy(_));
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
    let mut snapshot = pending.try_recv().unwrap().unwrap();
    let mut copy = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(deckport_ground::files::copy(&mut snapshot, &mut copy).unwrap(), snapshot.bytes);
    assert_eq!(reviews_in(copy.path()), [1]);
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
