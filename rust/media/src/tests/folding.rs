//! Disks that do not tell names apart.

use std::fs;
use std::sync::Arc;

use crate::testing::{Account, FoldingDisk, NOW_MS};

fn account() -> Account {
    Account::on(Arc::new(FoldingDisk))
}

#[test]
fn the_disk_is_recognised() {
    assert!(account().store().folding);
    let mut ordinary = Account::new();
    // Whatever disk the machine has; on one that folds this test says nothing.
    let upper = ordinary.folder.path().join("X");
    fs::write(ordinary.folder.path().join("x"), b"").unwrap();
    assert_eq!(ordinary.store().folding, upper.exists());
}

#[test]
fn names_that_differ_only_in_spelling_all_survive() {
    let mut account = account();
    let names = ["A.txt", "a.txt", "a.TXT", "é.jpg", "e\u{301}.jpg", "É.jpg", "straße", "STRASSE"];
    for part in names.chunks(3) {
        let entries: Vec<_> = part.iter().map(|name| (*name, Some(name.as_bytes()))).collect();
        account.upload(&entries);
    }
    for restarted in [false, true] {
        for name in names {
            assert_eq!(account.content(name).unwrap(), name.as_bytes(), "{name} {restarted}");
        }
        account.drop_store();
        assert!(account.open().unwrap().found_at_open().lost.is_empty());
    }
    // The first one has its own name.
    assert!(account.media("A.txt").exists());
    account.delete("A.txt");
    assert_eq!(account.content("a.txt").unwrap(), b"a.txt");
    account.delete("a.txt");
    assert_eq!(account.content("a.TXT").unwrap(), b"a.TXT");
}

#[test]
fn a_change_of_case_is_a_rename() {
    let mut account = account();
    account.add("Photo.JPG", b"picture");
    account.upload(&[("Photo.JPG", None), ("photo.jpg", Some(b"picture"))]);
    assert_eq!(account.live(), ["photo.jpg"]);
    assert_eq!(account.content("photo.jpg").unwrap(), b"picture");
    assert_eq!(account.on_disk().len(), 1);
    // Not deleted after all by what was left of the rename.
    account.drop_store();
    assert!(account.open().unwrap().found_at_open().lost.is_empty());
    assert_eq!(account.content("photo.jpg").unwrap(), b"picture");

    // In two batches, with a power loss after them.
    account.delete("photo.jpg");
    account.add("PHOTO.jpg", b"again");
    account.drop_store();
    assert!(account.open().unwrap().found_at_open().lost.is_empty());
    assert_eq!(account.content("PHOTO.jpg").unwrap(), b"again");
}

#[test]
fn a_foreign_file_with_another_spelling_is_not_overwritten() {
    let mut account = account();
    account.store();
    fs::write(account.media("Mine.txt"), b"mine").unwrap();
    account.add("mine.txt", b"theirs");
    assert_eq!(fs::read(account.media("Mine.txt")).unwrap(), b"mine");
    assert_eq!(account.content("mine.txt").unwrap(), b"theirs");
}

#[test]
fn a_folder_that_was_copied_onto_such_a_disk_loses_one_of_two_and_heals() {
    let mut account = account();
    account.upload(&[("A.txt", Some(b"upper")), ("b", Some(b"b"))]);
    // As the database of a disk that tells them apart says.
    let conn = &account.store().conn;
    conn.execute_batch(
        "INSERT INTO media SELECT 'a.txt', csum, size, 3, mtime FROM media WHERE fname = 'A.txt';
         UPDATE meta SET last_usn = 3",
    )
    .unwrap();
    account.close();
    assert_eq!(account.open().unwrap().found_at_open().lost, ["a.txt"]);
    account.add("a.txt", b"lower");
    assert_eq!(account.content("a.txt").unwrap(), b"lower");
    assert_eq!(account.content("A.txt").unwrap(), b"upper");
    assert_eq!(account.store().check(false, NOW_MS).unwrap().lost, [""; 0]);
}
