//! Folders that the reference server made, or worked on in between (`media-sync` 9).
//!
//! The databases in `data` were written by the server of Anki 26.9.3: one stopped properly, one
//! killed. Their files are made here, since some names cannot be kept in a repository.

use rusqlite::Connection;
use std::fs;

use crate::testing::{Account, NOW_MS};

/// The files of the first database, with their usn.
const FILES: [(&str, &[u8], i32); 11] = [
    ("A.txt", b"upper", 1),
    ("_style.css", b"css", 2),
    ("a.txt", b"lower", 3),
    ("plain.txt", b"plain", 5),
    ("\u{e9}t\u{e9}.jpg", b"accent", 7),
    ("replaced.txt", b"new content", 9),
    ("con.txt", b"device", 10),
    ("a\\b", b"backslash", 11),
    ("trail.", b"dot", 12),
    (LONG, b"long", 13),
    // Listed by the reference server though no client can keep it.
    ("???", b"poison", 14),
];
const LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.txt";

/// A disk that could not hold the names of the reference server's files.
fn cannot_hold_them(account: &Account) -> bool {
    !cfg!(unix) || {
        fs::write(account.folder.path().join("x"), b"").unwrap();
        account.folder.path().join("X").exists()
    }
}

fn left_by_the_reference_server() -> Option<Account> {
    let account = Account::new();
    if cannot_hold_them(&account) {
        return None;
    }
    fs::write(account.folder.path().join("media.db"), include_bytes!("data/reference-26.9.3.db"))
        .unwrap();
    fs::create_dir(account.folder.path().join("media")).unwrap();
    for (name, content, _) in FILES {
        fs::write(account.media(name), content).unwrap();
    }
    Some(account)
}

#[test]
fn a_folder_of_the_reference_server_is_taken_over_as_it_is() {
    let Some(mut account) = left_by_the_reference_server() else { return };
    let report = account.open().unwrap().found_at_open().clone();
    assert_eq!((report.present, report.lost.len()), (10, 0));
    let summary = account.store().summary().unwrap();
    assert_eq!((summary.files, summary.hidden, summary.unverified), (10, 1, 10));
    for (name, content, usn) in FILES {
        if name != "???" {
            assert_eq!(account.listed()[name], (usn, true), "{name}");
            assert_eq!(account.content(name).unwrap(), content, "{name}");
        }
    }
    assert_eq!(account.listed()["gone.txt"], (8, false));
    // The poisonous record had the highest usn; it is hidden, and devices look again.
    assert!(!account.listed().contains_key("???"));
    assert_eq!(account.store().usn().unwrap(), 15);
    // Files keep the names they have.
    assert_eq!(account.on_disk().len(), 11);
    // What was sent has been read and is known now.
    assert_eq!(account.store().summary().unwrap().unverified, 0);
    assert_eq!(account.add("con.txt", b"changed").current_usn, 16);
    assert_eq!(fs::read(account.media("con.txt")).unwrap(), b"changed");
}

#[test]
fn what_is_wrong_in_it_is_found() {
    let Some(mut account) = left_by_the_reference_server() else { return };
    fs::remove_file(account.media("A.txt")).unwrap();
    fs::write(account.media("a.txt"), b"").unwrap();
    fs::write(account.media("plain.txt"), b"PLAIN").unwrap();
    fs::write(account.media("orphan"), b"of an aborted batch").unwrap();
    let mut lost = account.open().unwrap().found_at_open().lost.clone();
    lost.sort();
    assert_eq!(lost, ["A.txt", "a.txt"]);
    // The content of the others is read in spare time.
    let mut found = vec![];
    loop {
        let progress = account.store().verify_some(1, NOW_MS).unwrap();
        found.extend(progress.lost);
        if progress.remaining == 0 {
            break;
        }
    }
    assert_eq!(found, ["plain.txt"]);
    assert_eq!(account.live().len(), 7);
    assert_eq!(account.store().found_at_open().foreign, 1 + 1, "the orphan and the hidden one");
}

#[test]
fn the_log_of_a_killed_server_is_taken_over_too() {
    let mut account = Account::new();
    let path = account.folder.path().join("media.db");
    fs::write(&path, include_bytes!("data/reference-26.9.3-killed.db")).unwrap();
    let log = include_bytes!("data/reference-26.9.3-killed.db-wal");
    fs::write(account.folder.path().join("media.db-wal"), log).unwrap();
    fs::create_dir(account.folder.path().join("media")).unwrap();
    fs::write(account.media("plain.txt"), b"plain").unwrap();
    fs::write(account.media("replaced.txt"), b"new content").unwrap();
    assert_eq!(account.open().unwrap().found_at_open().present, 2);
    assert_eq!(account.store().usn().unwrap(), 3);
    assert_eq!(account.content("replaced.txt").unwrap(), b"new content");
}

#[test]
fn a_folder_can_be_given_back_and_taken_again() {
    let mut account = Account::new();
    account.upload(&[("a", Some(b"1")), ("b", Some(b"2")), ("c", Some(b"3")), ("d", None)]);
    account.upload(&[("???", Some(b"hidden")), ("c", None)]);
    account.close();
    assert!(!account.folder.path().join("media.db-wal").exists());
    assert_eq!(account.on_disk(), ["a", "b"]);
    // The reference server replaces, deletes and adds, and lists what we hide.
    fs::write(account.media("a"), b"11").unwrap();
    fs::remove_file(account.media("b")).unwrap();
    fs::write(account.media("new"), b"n").unwrap();
    fs::write(account.media("?"), b"p").unwrap();
    let conn = Connection::open(account.folder.path().join("media.db")).unwrap();
    conn.execute_batch(
        "UPDATE media SET csum = x'17ba0791499db908433b80f37c5fbc89b870084b', size = 2, usn = 7
            WHERE fname = 'a';
         UPDATE media SET size = 0, usn = 8 WHERE fname = 'b';
         INSERT INTO media VALUES
            ('new', x'd1854cae891ec7b29161ccaf79a24b00c274bdaa', 1, 9, 0),
            ('?', x'516b9783fca517eecbd1d064da2d165310b19759', 1, 10, 0);
         UPDATE meta SET last_usn = 10, total_bytes = 4, total_nonempty_files = 3;",
    )
    .unwrap();
    drop(conn);
    let found = account.open().unwrap().found_at_open().clone();
    assert_eq!(found.lost, [""; 0]);
    assert_eq!(account.live(), ["a", "new"]);
    assert_eq!(account.content("a").unwrap(), b"11");
    assert_eq!(account.content("new").unwrap(), b"n");
    let summary = account.store().summary().unwrap();
    assert_eq!((summary.files, summary.bytes, summary.hidden, summary.usn), (2, 3, 2, 11));
}

#[test]
fn totals_and_usn_of_a_damaged_database_are_corrected() {
    let mut account = Account::new();
    account.upload(&[("a", Some(b"1")), ("b", Some(b"22"))]);
    account
        .store()
        .conn
        .execute("UPDATE meta SET last_usn = 1, total_bytes = 99, total_nonempty_files = 9", [])
        .unwrap();
    account.drop_store();
    let summary = account.open().unwrap().summary().unwrap();
    assert_eq!((summary.usn, summary.files, summary.bytes), (2, 2, 3));
    // A usn without a listed record gets one.
    account.store().conn.execute("UPDATE meta SET last_usn = 7", []).unwrap();
    account.drop_store();
    let changes = account.open().unwrap().changes_since(2).unwrap();
    assert_eq!((changes.len(), changes[0].usn), (1, 7));
}
