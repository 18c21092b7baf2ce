//! Downloads: what is in the zip, and what it costs.

use std::fs;
use std::io::Read;

use crate::Error;
use crate::testing::{Account, NOW_MS, download, unpack};

fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(name, _)| &**name).collect()
}

#[test]
fn files_come_in_the_order_of_the_request() {
    let mut account = Account::new();
    account.upload(&[("a", Some(b"1")), ("b", Some(b"22")), ("c?", Some(b"333"))]);
    let files = download(account.store(), &["c?", "a", "b", "a"]).unwrap();
    assert_eq!(names(&files), ["c?", "a", "b", "a"]);
    assert_eq!(files[0].1, b"333");
}

#[test]
fn an_empty_request_is_answered_with_an_empty_zip() {
    let mut account = Account::new();
    assert_eq!(download(account.store(), &[]).unwrap(), []);
}

#[test]
fn nothing_to_send_is_an_error() {
    let mut account = Account::new();
    account.add("a", b"1");
    account.delete("a");
    for names in [&["a"][..], &["never"], &["a", "never"]] {
        assert!(matches!(download(account.store(), names), Err(Error::NothingToSend)));
    }
}

#[test]
fn a_deleted_name_is_filled_up_with_the_smallest_file() {
    let mut account = Account::new();
    account.upload(&[("big", Some(&[7; 1000])), ("small", Some(b"s"))]);
    let files = download(account.store(), &["gone", "big", "small", "gone too"]).unwrap();
    assert_eq!(names(&files), ["big", "small", "small", "small"]);
}

#[test]
fn large_files_fill_up_too_where_there_is_no_small_one() {
    let mut account = Account::new();
    let content = vec![7; 300_000];
    account.add("large", &content);
    let files = download(account.store(), &["gone", "large", "gone too"]).unwrap();
    assert_eq!(names(&files), ["large", "large", "large"]);
    assert!(files.iter().all(|(_, sent)| *sent == content));
}

#[test]
fn an_answer_ends_after_the_target() {
    let mut account = Account::new();
    let content = vec![1; 1_000_000];
    for name in ["0", "1", "2", "3", "4"] {
        account.add(name, &content);
    }
    // The third exceeds 2.5 MiB.
    assert_eq!(
        names(&download(account.store(), &["0", "1", "2", "3", "4"]).unwrap()),
        ["0", "1", "2"]
    );
    assert_eq!(names(&download(account.store(), &["3", "4"]).unwrap()), ["3", "4"]);
}

#[test]
fn a_large_file_is_sent_even_if_it_is_replaced_meanwhile() {
    let mut account = Account::new();
    let content: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
    account.upload(&[("large", Some(&content)), ("small", Some(b"s"))]);
    let names = ["large".to_owned(), "small".to_owned()];
    let mut answer = account.store().download(&names, NOW_MS).unwrap();
    account.upload(&[("large", Some(b"new")), ("small", None)]);
    let mut bytes = Vec::new();
    answer.read_to_end(&mut bytes).unwrap();
    assert_eq!(unpack(bytes), [("large".to_owned(), content)]);
}

#[test]
fn a_large_file_that_is_changed_in_place_breaks_the_answer_and_is_lost() {
    let mut account = Account::new();
    account.add("large", &vec![1; 3_000_000]);
    let mut answer = account.store().download(&["large".to_owned()], NOW_MS).unwrap();
    rot(&account, "large");
    assert!(answer.read_to_end(&mut Vec::new()).is_err());
    // Found by its hash now, though size and time are right.
    assert!(matches!(download(account.store(), &["large"]), Err(Error::NothingToSend)));
    assert_eq!(account.store().summary().unwrap().lost, 1);
}

#[test]
fn only_the_first_of_many_rotten_files_breaks_an_answer() {
    let mut account = Account::new();
    for name in ["fine", "rotten 1", "rotten 2"] {
        account.add(name, &vec![1; 900_000]);
    }
    rot(&account, "rotten 1");
    rot(&account, "rotten 2");
    let names = ["rotten 1", "rotten 2", "fine"];
    assert!(download_fails(&mut account, &names));
    let files = download(account.store(), &names).unwrap();
    assert_eq!(self::names(&files), ["fine", "fine", "fine"]);
    assert_eq!(account.store().summary().unwrap().lost, 2);
}

/// Changes a stored file's last byte behind the store's back, keeping size and time.
fn rot(account: &Account, name: &str) {
    let path = account.media(name);
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let mut content = fs::read(&path).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&path, content).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
}

/// Whether an answer breaks off in the middle.
fn download_fails(account: &mut Account, names: &[&str]) -> bool {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut answer = account.store().download(&names, NOW_MS).unwrap();
    answer.read_to_end(&mut Vec::new()).is_err()
}
