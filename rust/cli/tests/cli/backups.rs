//! Backup commands without a client: what they say when there is little to do.

use std::fs;

use crate::support::{Server, fail, succeed};
use tempfile::tempdir;

#[test]
fn a_new_account_has_no_backups_and_nothing_to_keep() {
    let data = tempdir().unwrap();
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    assert!(succeed(data.path(), &["backup", "list"], "").starts_with("no backups yet"));
    assert_eq!(succeed(data.path(), &["backup", "list", "--json"], "").trim(), "[]");
    let (code, sentence) = fail(data.path(), &["backup", "create"], "");
    assert!(code == 1 && sentence.contains("nothing to keep"), "{sentence}");
    let (code, sentence) = fail(data.path(), &["backup", "restore", "latest"], "");
    assert!(code == 1 && sentence.contains("no backup of that name"), "{sentence}");
}

#[test]
fn a_file_that_is_not_a_collection_is_listed_with_question_marks_and_not_restored() {
    let data = tempdir().unwrap();
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    let backups = data.path().join("anna/backups");
    fs::create_dir_all(&backups).unwrap();
    fs::write(backups.join("mine.anki2"), "these are notes about something else").unwrap();
    let table = succeed(data.path(), &["backup", "list"], "");
    assert!(table.lines().nth(1).unwrap().contains("?"), "{table}");
    let (code, sentence) = fail(data.path(), &["backup", "restore", "mine"], "");
    assert!(code == 1 && sentence.contains("nothing was changed"), "{sentence}");
}

#[test]
fn an_account_must_be_named_where_there_are_several() {
    let data = tempdir().unwrap();
    for name in ["anna", "bert"] {
        succeed(data.path(), &["account", "add", name], "secret\n");
    }
    let (code, sentence) = fail(data.path(), &["backup", "prune"], "");
    assert!(code == 2 && sentence.contains("anna, bert"), "{sentence}");
    let told = succeed(data.path(), &["backup", "prune", "--account", "Bert"], "");
    assert_eq!(told.trim(), "0 removed, 0 left (0 B)");
}

#[test]
fn a_running_endpoint_is_not_disturbed_and_accounts_of_the_environment_stay() {
    let data = tempdir().unwrap();
    let server = Server::start_with(data.path(), &[], &[("SYNC_USER1", "u:p")]);
    let (_, sentence) = fail(data.path(), &["backup", "create"], "");
    assert!(sentence.contains("nothing to keep"), "{sentence}");
    drop(server);
    let (_, sentence) = fail(data.path(), &["backup", "create"], "");
    assert!(sentence.contains("nothing to keep"), "{sentence}");
    let list = succeed(data.path(), &["account", "list", "--json"], "");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list[0]["dormant"], false);
}
