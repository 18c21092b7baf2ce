//! Commands that need a collection, beside the endpoint that owns it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::support::{Server, fail, succeed};

fn with_account() -> TempDir {
    let data = tempdir().unwrap();
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    data
}

/// What a running endpoint answers to a line.
fn answers(data: &Path, line: &str) -> Vec<Value> {
    let mut stream = UnixStream::connect(data.join("deckport.sock")).unwrap();
    writeln!(stream, "{line}").unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
}

#[test]
fn work_is_done_by_the_endpoint_that_runs_and_by_the_command_otherwise() {
    let data = with_account();
    let both = |data: &Path| {
        assert_eq!(succeed(data, &["media", "check"], ""), "no media yet\n");
        let (code, text) = fail(data, &["check"], "");
        assert!(code == 2 && text.contains("no collection yet"), "{text}");
        let (code, text) = fail(data, &["import", "missing.colpkg"], "");
        assert!(code == 1 && text.contains("missing.colpkg"), "{text}");
        let (code, text) = fail(data, &["backup", "create", "--account", "bob"], "");
        assert!(code == 1 && text.contains("no account"), "{text}");
    };
    let server = Server::start(data.path());
    both(data.path());
    server.stop();
    assert!(!data.path().join("deckport.sock").exists());
    both(data.path());
}

#[test]
fn the_door_is_for_its_owner_and_a_killed_endpoint_leaves_none_in_the_way() {
    let data = with_account();
    drop(UnixListener::bind(data.path().join("deckport.sock")).unwrap());
    assert_eq!(succeed(data.path(), &["media", "check"], ""), "no media yet\n");
    let _server = Server::start(data.path());
    let socket = std::fs::metadata(data.path().join("deckport.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(succeed(data.path(), &["media", "check"], ""), "no media yet\n");
}

#[test]
fn what_the_endpoint_does_not_understand_is_refused_in_words() {
    let data = with_account();
    let _server = Server::start(data.path());
    let failed = |line: &str| {
        let frames = answers(data.path(), line);
        assert_eq!(frames.len(), 1, "{frames:?}");
        frames[0]["End"]["Failed"].as_str().unwrap().to_owned()
    };
    let other = json!({"version": "99.0.0", "work": "Dance"});
    assert!(failed(&other.to_string()).contains("start the endpoint anew"));
    failed("nonsense");
    // More than it reads: it hangs up.
    let mut stream = UnixStream::connect(data.path().join("deckport.sock")).unwrap();
    let _ = stream.write_all(&[b'x'; 100_000]);
    assert_eq!(succeed(data.path(), &["media", "check"], ""), "no media yet\n");
}

#[test]
fn where_no_socket_can_be_the_endpoint_serves_and_says_so() {
    let parent = tempdir().unwrap();
    let data = parent.path().join("d".repeat(120));
    succeed(&data, &["account", "add", "anna"], "secret\n");
    let server = Server::start(&data);
    server.wait_for_log("there can be no socket");
    let (code, text) = fail(&data, &["media", "check"], "");
    assert!(code == 1 && text.contains("stop it"), "{text}");
    assert!(server.login("anna", "secret").is_ok());
}

#[test]
fn status_tells_whether_the_endpoint_runs_and_what_accounts_hold() {
    let data = with_account();
    let status = || -> Value {
        serde_json::from_str(&succeed(data.path(), &["status", "--json"], "")).unwrap()
    };
    assert_eq!(status()["running"], Value::Null);
    assert!(succeed(data.path(), &["status"], "").contains("does not run here"));
    let server = Server::start_with(data.path(), &["--quota", "5"], &[]);
    server.login("anna", "secret").unwrap();
    let told = status();
    assert_eq!(told["running"]["addresses"], json!([format!("http://{}/", server.address)]));
    let account = &told["accounts"][0];
    assert_eq!((&account["name"], &account["devices"]), (&json!("anna"), &json!(1)));
    assert_eq!((&account["bytes"], &account["quota_bytes"]), (&json!(0), &json!(5_000_000)));
    let text = succeed(data.path(), &["status"], "");
    assert!(text.contains("0 B of 5.0 MB on the disk, with 0 backups"), "{text}");
    assert!(text.contains("1 device, last seen just now"), "{text}");
}

#[test]
fn the_doctor_tells_what_was_refused_and_what_to_do() {
    let data = with_account();
    let (code, text) = fail(data.path(), &["doctor"], "");
    assert!(code == 1 && text.contains("does not run"), "{text}");
    let server = Server::start(data.path());
    assert!(succeed(data.path(), &["doctor"], "").contains("Nobody was refused"));
    assert_eq!(server.login("anna", "mistyped"), Err(403));
    let told = succeed(data.path(), &["doctor", "--from", "127.0.0.1"], "");
    assert!(
        told.contains("just now, 127.0.0.1: ") && told.contains("\u{201c}anna\u{201d}"),
        "{told}"
    );
    let other = succeed(data.path(), &["doctor", "--from", "192.0.2.1"], "");
    assert!(other.contains("Nobody from 192.0.2.1 was refused"), "{other}");
}
