//! Failing operations and power losses: all or nothing, always.

use std::collections::BTreeMap;
use std::io::{Cursor, ErrorKind};
use std::sync::Arc;

use crate::Error;
use crate::testing::{Account, FailingDisk, NOW_MS, batch};

const OLD: [(&str, &[u8]); 3] = [("keep", b"kept"), ("change", b"old"), ("remove", b"gone")];
/// Too large to be committed with the records.
static LARGE: [u8; 150_000] = [7; 150_000];
const CHANGES: [(&str, Option<&[u8]>); 7] = [
    ("large", Some(&LARGE)),
    ("change", Some(b"newer")),
    ("remove", None),
    ("add", Some(b"added")),
    ("co:n", Some(b"escaped")),
    ("keep", Some(b"kept")),
    ("large too", Some(&LARGE)),
];

type Files = BTreeMap<String, Vec<u8>>;

fn old_state() -> Files {
    OLD.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect()
}

fn new_state() -> Files {
    let mut files = old_state();
    for (name, content) in CHANGES {
        match content {
            Some(content) => files.insert(name.to_owned(), content.to_vec()),
            None => files.remove(name),
        };
    }
    files
}

/// Everything that clients would get.
fn state(account: &mut Account) -> Files {
    let names = account.live();
    names.into_iter().map(|name| (name.clone(), account.content(&name).unwrap())).collect()
}

fn prepared(disk: &Arc<FailingDisk>) -> Account {
    let mut account = Account::on(Arc::clone(disk) as _);
    for (name, content) in OLD {
        account.add(name, content);
    }
    account.store().settle().unwrap();
    account
}

#[test]
fn a_batch_that_fails_anywhere_leaves_everything_as_it_was() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        let mut failed = 0;
        for operations in 0.. {
            let disk = Arc::new(FailingDisk::new(false, kind));
            let mut account = prepared(&disk);
            let (on_disk, listed) = (account.on_disk(), account.listed());
            disk.fail_after(operations);
            let answer = account.store().apply_upload(Cursor::new(batch(&CHANGES)), NOW_MS);
            if disk.waits() {
                break;
            }
            disk.work();
            match answer {
                Err(error) => {
                    failed += 1;
                    assert_eq!(matches!(error, Error::NoSpace), kind == ErrorKind::StorageFull);
                    assert_eq!(account.on_disk(), on_disk, "{operations}");
                    assert_eq!(account.listed(), listed, "{operations}");
                    assert_eq!(state(&mut account), old_state(), "{operations}");
                }
                // Only putting a file in place failed: it is served from where it is.
                Ok(_) => assert_eq!(state(&mut account), new_state(), "{operations}"),
            }
            // The same batch again goes through, and all is well after a restart too.
            account.upload(&CHANGES);
            assert_eq!(state(&mut account), new_state(), "{operations}");
            account.drop_store();
            assert!(account.open().unwrap().found_at_open().lost.is_empty());
            assert_eq!(state(&mut account), new_state(), "{operations}");
            assert_eq!(account.incoming(), [""; 0], "{operations}");
        }
        assert!(failed > 15, "only {failed} operations failed");
    }
}

#[test]
fn after_a_power_loss_a_batch_is_there_completely_or_not_at_all() {
    let (mut old, mut new) = (0, 0);
    for operations in 0.. {
        let disk = Arc::new(FailingDisk::new(true, ErrorKind::Other));
        let mut account = prepared(&disk);
        disk.fail_after(operations);
        let answer = account.store().apply_upload(Cursor::new(batch(&CHANGES)), NOW_MS);
        let lost_power = !disk.waits();
        account.drop_store();
        disk.work();
        #[cfg(unix)]
        disk.lose_unsynced(&account.media(""));
        assert!(account.open().unwrap().found_at_open().lost.is_empty(), "{operations}");
        match (state(&mut account), answer) {
            (files, Err(_)) if files == old_state() => old += 1,
            (files, Ok(_)) if files == new_state() => new += 1,
            (files, answer) => panic!("{operations}: {answer:?} left {files:?}"),
        }
        assert_eq!(account.incoming(), [""; 0], "{operations}");
        if !lost_power {
            break;
        }
    }
    assert!(old > 15 && new > 3, "{old} {new}");
}

#[test]
fn a_file_that_cannot_be_put_in_place_is_served_and_replaced_all_the_same() {
    let disk = Arc::new(FailingDisk::new(true, ErrorKind::Other));
    let mut account = prepared(&disk);
    // Find the moment after the commit: everything from there on fails.
    let mut operations = 0;
    loop {
        disk.fail_after(operations);
        let answer = account.store().apply_upload(Cursor::new(batch(&[("x", Some(b"1"))])), NOW_MS);
        if answer.is_ok() {
            break;
        }
        operations += 1;
    }
    assert!(!account.media("x").exists());
    disk.work();
    assert_eq!(account.content("x").unwrap(), b"1");
    account.add("x", b"2");
    assert_eq!(account.content("x").unwrap(), b"2");
    assert!(account.media("x").exists());
    account.close();
    // What could not be removed is swept at the next start.
    assert_eq!(account.open().unwrap().found_at_open().lost, [""; 0]);
    assert_eq!(account.incoming(), [""; 0]);
    assert_eq!(account.content("x").unwrap(), b"2");
}

#[test]
fn a_full_disk_costs_only_that_request() {
    let disk = Arc::new(FailingDisk::new(true, ErrorKind::StorageFull));
    let mut account = prepared(&disk);
    disk.fail_after(1);
    let answer = account.store().apply_upload(Cursor::new(batch(&CHANGES)), NOW_MS);
    assert!(matches!(answer, Err(Error::NoSpace)));
    // Still full: reading goes on.
    assert_eq!(state(&mut account), old_state());
    disk.work();
    account.upload(&CHANGES);
    assert_eq!(state(&mut account), new_state());
}

#[test]
fn a_full_database_costs_only_that_request() {
    let mut account = Account::new();
    account.add("a", b"1");
    let pages: i64 =
        account.store().conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    account.store().conn.pragma_update(None, "max_page_count", pages).unwrap();
    let names: Vec<String> = (0..200).map(|number| format!("{number:0100}")).collect();
    let entries: Vec<_> = names.iter().map(|name| (&**name, Some(&b"x"[..]))).collect();
    let answer = account.store().apply_upload(Cursor::new(batch(&entries)), NOW_MS);
    assert!(matches!(answer, Err(Error::NoSpace)), "{answer:?}");
    assert_eq!(account.on_disk(), ["a"]);
    assert_eq!(account.incoming(), [""; 0]);
    account.store().conn.pragma_update(None, "max_page_count", 100_000).unwrap();
    account.upload(&entries);
    assert_eq!(account.live().len(), 201);
}

#[test]
fn opening_survives_a_failure_at_any_point() {
    for operations in 0.. {
        let disk = Arc::new(FailingDisk::new(false, ErrorKind::Other));
        let mut account = prepared(&disk);
        account.upload(&CHANGES);
        account.drop_store();
        disk.fail_after(operations);
        let opened = account.open().is_ok();
        let reached = !disk.waits();
        disk.work();
        if !opened {
            account.open().unwrap();
        }
        assert_eq!(state(&mut account), new_state(), "{operations}");
        if !reached {
            break;
        }
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_after_a_power_loss_loses_nothing() {
    for operations in 0.. {
        let disk = Arc::new(FailingDisk::new(true, ErrorKind::StorageFull));
        let mut account = prepared(&disk);
        account.upload(&CHANGES);
        account.drop_store();
        disk.lose_unsynced(&account.media(""));
        disk.fail_after(operations);
        if let Ok(store) = account.open() {
            let names: Vec<String> = new_state().into_keys().collect();
            let _ = store.download(&names, NOW_MS);
            let _ = store.check(true, NOW_MS);
        }
        let reached = !disk.waits();
        account.drop_store();
        disk.work();
        assert_eq!(state(&mut account), new_state(), "{operations}");
        if !reached {
            break;
        }
    }
}
