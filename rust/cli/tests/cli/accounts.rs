//! Account and device commands, while the endpoint runs and without it.

use crate::support::{Server, fail, succeed};
use tempfile::tempdir;

#[test]
fn the_first_start_makes_an_account_and_tells_its_password_once() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    let name = server.told("Account:").unwrap();
    let password = server.told("Password:").unwrap();
    assert_eq!(name, "anki");
    let token = server.login(&name, &password).unwrap();
    assert_eq!(server.meta(&token), 200);
    drop(server);

    let server = Server::start(data.path());
    assert_eq!(server.told("Password:"), None);
    assert_eq!(server.told("Accounts:").as_deref(), Some("anki"));
    assert!(!server.greeting.iter().any(|line| line.contains(&password)));
    // The device stays logged in.
    assert_eq!(server.meta(&token), 200);
}

#[test]
fn the_first_account_can_be_named() {
    let data = tempdir().unwrap();
    let server = Server::start_with(data.path(), &["--account", "Anna"], &[]);
    let password = server.told("Password:").unwrap();
    assert!(server.login("anna", &password).is_ok());
}

#[test]
fn an_account_added_while_the_endpoint_runs_can_log_in_at_once() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    assert_eq!(server.login("anna", "secret one"), Err(403));
    succeed(data.path(), &["account", "add", "anna"], "secret one\n");
    let token = server.login("anna", "secret one").unwrap();
    assert_eq!(server.meta(&token), 200);
}

#[test]
fn a_removed_account_is_logged_out_at_once() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    let token = server.login("anna", "secret").unwrap();
    succeed(data.path(), &["account", "remove", "ANNA"], "");
    assert_eq!(server.meta(&token), 403);
    assert_eq!(server.login("anna", "secret"), Err(403));
    assert!(!succeed(data.path(), &["account", "list"], "").contains("anna"));
}

#[test]
fn a_renamed_account_keeps_its_devices() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    let token = server.login("anna", "secret").unwrap();
    succeed(data.path(), &["account", "rename", "anna", "bert"], "");
    assert_eq!(server.meta(&token), 200);
    assert_eq!(server.login("anna", "secret"), Err(403));
    assert!(server.login("bert", "secret").is_ok());
}

#[test]
fn a_new_password_ends_only_the_devices_of_that_account() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    succeed(data.path(), &["account", "add", "anna"], "old\n");
    succeed(data.path(), &["account", "add", "bert"], "old\n");
    let anna = server.login("anna", "old").unwrap();
    let bert = server.login("bert", "old").unwrap();
    succeed(data.path(), &["account", "password", "anna"], "new\n");
    assert_eq!((server.meta(&anna), server.meta(&bert)), (403, 200));
    assert_eq!(server.login("anna", "old"), Err(403));
    assert!(server.login("anna", "new").is_ok());
}

#[test]
fn a_revoked_device_is_logged_out_and_the_others_are_not() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    let first = server.login("anna", "secret").unwrap();
    let second = server.login("anna", "secret").unwrap();
    let list = succeed(data.path(), &["device", "list", "--account", "anna", "--json"], "");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let ids: Vec<i64> =
        list.as_array().unwrap().iter().map(|device| device["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    let revoked = ids.iter().min().unwrap().to_string();
    succeed(data.path(), &["device", "revoke", &revoked], "");
    assert_eq!((server.meta(&first), server.meta(&second)), (403, 200));
}

#[test]
fn lists_are_tables_for_people_and_json_for_machines() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    succeed(data.path(), &["account", "add", "anna maria"], "secret\n");
    server.login("anna maria", "secret").unwrap();

    let table = succeed(data.path(), &["account", "list"], "");
    let header = table.lines().next().unwrap();
    let devices = header.find("DEVICES").unwrap();
    let anna = table.lines().find(|line| line.starts_with("anna maria")).unwrap();
    assert!(anna[devices..].starts_with("1  "), "{table}");

    let json = succeed(data.path(), &["account", "list", "--json"], "");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let names: Vec<&str> =
        json.as_array().unwrap().iter().map(|account| account["name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names.contains(&"anna maria")), (2, true));

    let table = succeed(data.path(), &["device", "list"], "");
    let device = table.lines().nth(1).unwrap();
    // UTC, to the second.
    assert!(device.contains("anna maria") && device.contains("just now"), "{device}");
}

#[test]
fn accounts_can_be_made_before_the_first_start() {
    let parent = tempdir().unwrap();
    let data = parent.path().join("new folder");
    succeed(&data, &["account", "add", "anna"], "secret\n");
    let server = Server::start(&data);
    assert_eq!(server.told("Password:"), None);
    assert!(server.login("anna", "secret").is_ok());
}

#[test]
fn accounts_of_the_environment_work_and_keep_the_reference_servers_tokens() {
    let data = tempdir().unwrap();
    let server = Server::start_with(data.path(), &[], &[("SYNC_USER1", "u:p")]);
    assert_eq!(server.told("Accounts:").as_deref(), Some("u"));
    assert!(server.login("u", "p").is_ok());
    // What the reference server gives for u:p (`transport` 5.1).
    assert_eq!(server.meta("26aef033203fc3655de5620300a76ee0e2081444"), 200);
    let (code, sentence) = fail(data.path(), &["account", "password", "u"], "other\n");
    assert!(code == 1 && sentence.contains("SYNC_USER"), "{sentence}");
}

#[test]
fn devices_can_be_told_apart() {
    let data = tempdir().unwrap();
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    let server = Server::start(data.path());
    for _ in 0..2 {
        server.login("anna", "secret").unwrap();
    }
    let list = || -> serde_json::Value {
        let json = succeed(data.path(), &["device", "list", "--json"], "");
        serde_json::from_str(&json).unwrap()
    };
    let left_over = |at: usize| list()[at]["left_over"].as_bool().unwrap();
    assert_eq!((left_over(0), left_over(1)), (true, false));
    assert!(succeed(data.path(), &["device", "list"], "").contains("(logged in anew since)"));
    let first = list()[0]["id"].to_string();
    succeed(data.path(), &["device", "rename", &first, "Anna's laptop"], "");
    assert_eq!(list()[0]["name"], "Anna's laptop");
    assert!(fail(data.path(), &["device", "rename", "99", "x"], "").1.contains("no device"));
}
