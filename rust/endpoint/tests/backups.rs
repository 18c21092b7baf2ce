//! Backups through an endpoint's handle, while it serves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::time::Duration;

use common::{ACCOUNT, Host, collection_with_review, reviews_in};
use deckport_endpoint::{
    AccountCare, BackupError, BackupReason, CareError, Endpoint, EndpointOptions, go_on,
};
use serde_json::json;

fn care(host: &Host) -> AccountCare {
    host.handle.care(ACCOUNT).unwrap()
}

fn stored(host: &Host) -> Vec<i64> {
    reviews_in(&host.account_folder().join("collection.anki2"))
}

/// A host whose collection has review 2, and a backup with review 1; and the backup's name.
fn host_with_backup() -> (Host, String) {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.timings.lease_wait = Duration::from_millis(50);
    });
    let mut device = host.device("s0");
    for review in [1, 2] {
        device.meta();
        assert_eq!(device.upload(&collection_with_review(review)).text(), "OK");
    }
    let name = care(&host).backups().unwrap()[0].name.clone();
    (host, name)
}

#[test]
fn a_backup_is_restored_and_the_state_before_is_kept() {
    let (host, name) = host_with_backup();
    let mut device = host.device("s1");
    let before = device.meta();
    let replaced = care(&host).restore_backup(&name, &mut go_on).unwrap();
    assert_eq!(replaced.counts.reviews, 1);
    assert_eq!(stored(&host), [1]);

    let after = device.meta();
    for key in ["mod", "scm"] {
        assert!(after[key].as_i64() > before["mod"].as_i64().max(before["scm"].as_i64()), "{key}");
    }
    assert!(after["usn"].as_i64() >= before["usn"].as_i64());
    assert_eq!(after["msg"], "");

    let backups = care(&host).backups().unwrap();
    let reasons: Vec<_> = backups.iter().map(|backup| (backup.reason, &backup.device)).collect();
    assert_eq!(reasons[0], (BackupReason::Restore, &None));
    assert_eq!((reasons[1].0, reasons[1].1.is_some()), (BackupReason::Upload, true));
    assert_eq!(replaced.kept.as_ref(), Some(&backups[0]));
    care(&host).restore_backup(&backups[0].name, &mut go_on).unwrap();
    assert_eq!(stored(&host), [2]);
}

#[test]
fn a_sync_that_was_begun_before_a_restore_does_not_go_on_after_it() {
    let (host, name) = host_with_backup();
    let mut device = host.device("s1");
    device.meta();
    care(&host).restore_backup(&name, &mut go_on).unwrap();
    assert_eq!(device.start().status, 409);
    device.session = "s2".to_owned();
    device.meta();
    assert_eq!(device.start().status, 200);
}

#[test]
fn restoring_waits_for_a_running_sync_and_never_ends_it() {
    let (host, name) = host_with_backup();
    let mut device = host.device("s1");
    device.meta();
    assert_eq!(device.start().status, 200);
    let refused = care(&host).restore_backup(&name, &mut go_on);
    assert!(matches!(refused, Err(BackupError::Busy)), "{refused:?}");
    let refused = care(&host).create_backup(&mut go_on);
    assert!(matches!(refused, Err(BackupError::Busy)), "{refused:?}");
    device.send_review(3);
    assert_eq!(device.finish().status, 200);
    care(&host).restore_backup(&name, &mut go_on).unwrap();
    let kept = care(&host).backups().unwrap().remove(0);
    let path = host.account_folder().join("backups").join(&kept.file);
    assert_eq!(reviews_in(&path), [2, 3]);
}

#[test]
fn a_backup_made_by_hand_is_the_last_committed_state() {
    let (host, _) = host_with_backup();
    let made = care(&host).create_backup(&mut go_on).unwrap();
    assert_eq!((made.reason, made.counts.unwrap().reviews), (BackupReason::Manual, 1));
    let mut device = host.device("s1");
    device.meta();
    device.start();
    device.send_review(3);
    device.finish();
    let out = host.data.path().join("out.anki2");
    let exported = care(&host).export_backup(&made.name, &out, &mut go_on).unwrap();
    assert_eq!(exported, made);
    assert_eq!(reviews_in(&out), [2]);
    assert!(host.files().iter().all(|name| !name.ends_with(".tmp")), "{:?}", host.files());
}

#[test]
fn a_backup_that_is_no_collection_replaces_nothing() {
    let (host, name) = host_with_backup();
    let folder = host.account_folder().join("backups");
    std::fs::write(folder.join("mine.anki2"), "not a collection, but long enough").unwrap();
    std::fs::write(folder.join("other.anki2.zst"), "no frame").unwrap();
    let refused = care(&host).restore_backup("mine", &mut go_on);
    assert!(matches!(refused, Err(BackupError::Unusable(_))), "{refused:?}");
    assert!(care(&host).restore_backup("other", &mut go_on).is_err());
    assert_eq!(stored(&host), [2]);
    let names: Vec<_> = care(&host).backups().unwrap().into_iter().map(|b| b.name).collect();
    assert_eq!(names.len(), 3);
    assert!(names.contains(&name));
    assert!(host.files().iter().all(|name| !name.ends_with(".tmp")), "{:?}", host.files());
}

#[test]
fn what_does_not_exist_is_told() {
    let (mut host, name) = host_with_backup();
    let unknown = care(&host).restore_backup("../collection", &mut go_on);
    assert!(matches!(unknown, Err(BackupError::NoSuchBackup)));
    let unknown = host.handle.care("nobody");
    assert!(matches!(unknown, Err(CareError::NoSuchAccount)));
    host.registry.add_account("new", "secret").unwrap();
    let nothing = host.handle.care("new").unwrap().create_backup(&mut go_on);
    assert!(matches!(nothing, Err(BackupError::NothingToKeep)), "{nothing:?}");
    let care = care(&host);
    host.stop();
    let stopped = care.restore_backup(&name, &mut go_on);
    assert!(matches!(stopped, Err(BackupError::Stopping)), "{stopped:?}");
    assert_eq!(stored(&host), [2]);
}

#[test]
fn an_endpoint_that_serves_nobody_restores_as_well_and_gives_the_folder_back() {
    let (host, name) = host_with_backup();
    let data = host.into_data();
    for _ in 0..2 {
        let endpoint = Endpoint::open_unserved(EndpointOptions::new(data.path())).unwrap();
        let care = endpoint.handle().care(ACCOUNT).unwrap();
        care.restore_backup(&name, &mut go_on).unwrap();
    }
    let host = Host::start_with(data, |_| {});
    assert_eq!(stored(&host), [1]);
    assert_eq!(host.device("s1").call("download", &json!({"_pad": null})).status, 200);
}

#[test]
fn superfluous_backups_are_removed_and_one_stays() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.backups.newest = 2;
        options.backups.days = 0;
    });
    let mut device = host.device("s1");
    for review in 1..6 {
        device.meta();
        device.upload(&collection_with_review(review));
    }
    assert_eq!(care(&host).backups().unwrap().len(), 2);
    assert_eq!(care(&host).prune_backups().unwrap(), []);
}
