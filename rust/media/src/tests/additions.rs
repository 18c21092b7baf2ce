//! Adding files of a package, and listing all files again.

use std::io::Read;

use crate::testing::{Account, NOW_MS};
use crate::{Added, Error};

fn add(account: &mut Account, files: &[(&str, &[u8])]) -> Added {
    let mut addition = account.store().addition(NOW_MS);
    for (name, content) in files {
        addition.add(name, |target| target.write_all(content).map_err(Error::from)).unwrap();
    }
    addition.finish().unwrap()
}

#[test]
fn new_replaced_and_equal_files_are_told_apart() {
    let mut account = Account::new();
    account.add("same.txt", b"same");
    account.add("other.txt", b"device");
    let usn = account.store().usn().unwrap();
    let added = add(
        &mut account,
        &[("same.txt", b"same"), ("other.txt", b"package"), ("new.txt", b"new"), ("empty", b"")],
    );
    assert_eq!(added, Added { new: 1, replaced: 1, same: 1, unfit: 1 });
    assert_eq!(account.content("other.txt").unwrap(), b"package");
    assert_eq!(account.content("new.txt").unwrap(), b"new");
    assert_eq!(account.store().usn().unwrap(), usn + 2, "what changes nothing is no news");
    // Nothing is replaced without a copy.
    assert_eq!(account.trash(), ["other.txt"]);
    account.close();
    assert_eq!(account.content("other.txt").unwrap(), b"package");
    assert!(account.incoming().is_empty());
}

#[test]
fn many_and_large_files_are_added_in_groups() {
    let mut account = Account::new();
    let large = vec![7; 200_000];
    let names: Vec<String> = (0..150).map(|number| format!("{number}.txt")).collect();
    let mut files: Vec<(&str, &[u8])> =
        names.iter().map(|name| (&**name, name.as_bytes())).collect();
    files.push(("large.bin", &large));
    assert_eq!(add(&mut account, &files).new, 151);
    account.drop_store();
    assert_eq!(account.content("large.bin").unwrap(), large);
    assert_eq!(account.content("149.txt").unwrap(), b"149.txt");
    assert_eq!(account.live().len(), 151);
}

#[test]
fn a_file_that_cannot_be_filled_is_left_out() {
    let mut account = Account::new();
    let mut addition = account.store().addition(NOW_MS);
    let refused = addition.add("bad.txt", |target| {
        target.write_all(b"half")?;
        Err(Error::BadUpload("a test"))
    });
    assert!(matches!(refused, Err(Error::BadUpload(_))));
    addition.add("good.txt", |target| target.write_all(b"good").map_err(Error::from)).unwrap();
    assert_eq!(addition.finish().unwrap().new, 1);
    assert_eq!(account.live(), ["good.txt"]);
    assert!(account.incoming().is_empty());
}

#[test]
fn an_addition_that_is_dropped_leaves_nothing_of_its_last_group() {
    let mut account = Account::new();
    let mut addition = account.store().addition(NOW_MS);
    addition.add("a.txt", |target| target.write_all(b"a").map_err(Error::from)).unwrap();
    drop(addition);
    assert!(account.live().is_empty());
    assert!(account.incoming().is_empty());
}

#[test]
fn all_files_can_be_listed_and_read() {
    let mut account = Account::new();
    for name in ["a", "b", "c"] {
        account.add(name, name.as_bytes());
    }
    account.delete("b");
    std::fs::write(account.media("c"), "damaged").unwrap();
    let store = account.store();
    let first = store.files_after(0, 1).unwrap();
    assert_eq!((&*first[0].name, first[0].bytes), ("a", 1));
    let rest = store.files_after(first[0].position, 10).unwrap();
    assert_eq!(rest.iter().map(|file| &*file.name).collect::<Vec<_>>(), ["c"]);
    let (mut file, bytes) = store.open_file("a").unwrap().unwrap();
    let mut content = Vec::new();
    file.read_to_end(&mut content).unwrap();
    assert_eq!((bytes, &*content), (1, &b"a"[..]));
    assert!(store.open_file("b").unwrap().is_none());
    assert!(store.open_file("c").unwrap().is_none());
}
