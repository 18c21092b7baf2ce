//! Copies of collections, and what devices hear of them.

use deckport_ground::interrupt::Interrupt;
use deckport_wire::SyncMethod;
use serde_json::json;

use super::{Bench, DATABASE_IDLE, SECOND, caller, reviews_in, started};
use crate::backup::{BackupFolder, BackupReason};
use crate::events::Event;
use crate::worker::message::Message;
use crate::worker::thread::Owner;

impl Bench {
    /// A sync of `device` that brings one review.
    fn sync_review(&mut self, device: i64, id: i64) {
        let session = format!("sync {id}");
        self.meta(device, &session);
        assert!(started(&mut self.start(device, &session)));
        self.send_review(device, &session, id).unwrap();
        self.finish(device, &session).unwrap();
        self.clock.advance(SECOND);
    }

    fn upload(&mut self, device: i64, review: i64) {
        let ticket = self.take_for_upload(device).try_recv().unwrap().unwrap();
        let file = self.uploaded(review);
        self.replace(device, ticket, file).unwrap();
        self.clock.advance(SECOND);
    }

    fn message(&mut self, device: i64) -> String {
        self.meta(device, "asking")["msg"].as_str().unwrap().to_owned()
    }

    fn backups(&self) -> Vec<crate::backup::BackupInfo> {
        BackupFolder::in_account(self.folder.path()).list().unwrap()
    }
}

#[test]
fn a_copy_made_for_a_repair_is_the_committed_state_and_the_collection_goes_on() {
    let mut bench = Bench::new();
    bench.sync_review(1, 1);
    let (reply, mut kept) = tokio::sync::oneshot::channel();
    let interrupt = Interrupt::default();
    bench.core.handle(Message::Keep(caller(2), BackupReason::Repair, interrupt, reply));
    let kept = kept.try_recv().unwrap().unwrap().unwrap();
    bench.sync_review(1, 2);
    let backup = bench.folder.path().join("backups").join(&kept.file);
    assert_eq!(reviews_in(&backup), [1]);
    assert_eq!(bench.reviews(), [1, 2]);
    assert_eq!((kept.reason, kept.device.as_deref()), (BackupReason::Repair, Some("device 2")));
    assert_eq!(bench.backups(), [kept]);
}

#[test]
fn a_device_hears_of_changes_that_it_had_not_seen() {
    let mut bench = Bench::new();
    bench.sync_review(1, 1);
    bench.meta(2, "asks");
    bench.sync_review(1, 2);
    bench.upload(2, 9);
    assert_eq!(bench.message(1), "");
    assert!(bench.message(2).contains("had not seen"));
    assert_eq!(bench.message(2), "");
}

#[test]
fn a_device_that_had_seen_everything_hears_nothing() {
    let mut bench = Bench::new();
    bench.sync_review(1, 1);
    // After its own sync a device knows what it left.
    bench.upload(1, 8);
    // And after its own upload, whose answer may have been lost.
    bench.upload(1, 9);
    assert_eq!(bench.backups().len(), 2);
    assert_eq!(bench.message(1), "");
}

#[test]
fn a_device_that_cannot_go_on_is_not_told_of_copies_instead_of_the_reason() {
    let mut bench = Bench::new();
    bench.sync_review(1, 1);
    bench.upload(2, 9);
    bench.core.close();
    let path = bench.folder.path().join("collection.anki2");
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, "damaged").unwrap();
    assert!(bench.message(2).contains("cannot use your collection"));
    std::fs::write(&path, good).unwrap();
    assert!(bench.message(2).contains("had not seen"));
}

#[test]
fn old_backups_are_compressed_when_the_account_is_idle() {
    let mut bench = Bench::new();
    bench.sync_review(1, 1);
    for review in [2, 3, 4] {
        bench.upload(1, review);
        bench.pass(DATABASE_IDLE * 60 * 24);
    }
    bench.archivist.wait();
    let mut forms: Vec<bool> = bench.backups().iter().map(|backup| backup.compressed).collect();
    forms.sort_unstable();
    assert_eq!(forms, [false, true, true]);
    assert!(!bench.backups()[0].compressed, "the newest stays as it is");
}

#[test]
fn what_another_program_changed_is_told_once_and_reaches_the_devices() {
    let mut bench = Bench::new();
    bench.sync_review(1, 1);
    bench.pass(DATABASE_IDLE);
    let conn = rusqlite::Connection::open(bench.folder.path().join("collection.anki2")).unwrap();
    let review = "INSERT INTO revlog VALUES (7, 12, -1, 3, 9, 1, 2500, 1000, 1)";
    conn.execute(review, []).unwrap();
    conn.close().unwrap();
    let usn = bench.meta(1, "a")["usn"].as_i64().unwrap();
    let mut start = bench.send(1, "a", SyncMethod::Start, &json!({"minUsn": 1, "lnewer": false}));
    assert!(started(&mut start));
    let chunk = bench.ask(1, "a", SyncMethod::Chunk, &json!({})).unwrap();
    assert_eq!(chunk["revlog"][0][0], 7);
    assert_eq!(chunk["revlog"][0][2], usn - 1);
    bench.finish(1, "a").unwrap();
    bench.pass(DATABASE_IDLE);
    bench.sync_review(1, 2);
    let told = bench.events.0.lock().unwrap().clone();
    let told: Vec<&str> = told
        .iter()
        .filter_map(|event| match event {
            Event::ForeignChanges { changes, .. } => Some(changes.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["reviews (1)"]);
}

#[test]
fn what_a_failing_disk_left_half_kept_is_a_backup_when_the_collection_is_opened_again() {
    let mut bench = Bench::new();
    bench.sync_review(1, 1);
    bench.upload(1, 2);
    let folder = bench.folder.path().join("backups");
    let backup = bench.backups().remove(0);
    // As if its last step had failed.
    let file = folder.join(&backup.file);
    std::fs::rename(&file, folder.join(format!("{}.kept", backup.file))).unwrap();
    assert_eq!(bench.backups(), []);
    bench.core.close();
    bench.sync_review(2, 3);
    assert_eq!(bench.backups(), [backup]);
    assert_eq!((reviews_in(&file), bench.reviews()), (vec![1], vec![2, 3]));
}
