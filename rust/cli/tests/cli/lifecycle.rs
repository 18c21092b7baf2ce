//! Starting, logging and ending.
#![cfg(unix)]

use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use crate::support::{Server, Stderr, connect, deckport, read_body, read_head, succeed};
use tempfile::tempdir;

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_signal_ends_cleanly_with_checkpointed_databases() {
    for name in ["TERM", "INT"] {
        let data = tempdir().unwrap();
        let mut server = Server::start(data.path());
        succeed(data.path(), &["account", "add", "anna"], "secret\n");
        let token = server.login("anna", "secret").unwrap();
        assert_eq!(server.meta(&token), 200);
        server.signal(name);
        assert_eq!(server.wait().code(), Some(0), "SIG{name}");
        let files = files(data.path());
        assert!(files.iter().any(|path| path.ends_with("deckport.db")), "{files:?}");
        // A write-ahead log holds what is not in its database yet.
        let wal = |path: &&PathBuf| path.to_string_lossy().ends_with("-wal");
        assert_eq!(files.iter().find(wal), None);
        // The folder is free and everything is still there.
        assert_eq!(Server::start(data.path()).meta(&token), 200);
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let data = tempdir().unwrap();
    let mut server = Server::start(data.path());
    let connection = connect(server.address);
    let mut sender = connection.try_clone().unwrap();
    sender
        .write_all(
            b"POST /sync/hostKey HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
              anki-sync: {\"v\":11,\"k\":\"\",\"c\":\"26.09.3,test,linux\",\"s\":\"abc\"}\r\n\
              content-length: 100\r\n\r\n",
        )
        .unwrap();
    // The endpoint reads the body that never comes: the first signal has to wait for it.
    assert_eq!(read_head(&mut BufReader::new(connection)).0, 100);
    server.signal("TERM");
    server.wait_for_log("stopping");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(1));
}

#[test]
fn the_verbose_log_has_one_line_per_request_and_no_secrets() {
    let data = tempdir().unwrap();
    let server = Server::start_with(data.path(), &["--verbose"], &[]);
    succeed(data.path(), &["account", "add", "anna"], "hunter2\n");
    let token = server.login("anna", "hunter2").unwrap();
    assert_eq!(server.login("anna", "hunter3"), Err(403));
    assert_eq!(server.meta(&token), 200);
    let log = server.stop();
    let requests = |text: &str| log.iter().filter(|line| line.contains(text)).count();
    assert_eq!(requests(" hostKey 200 "), 1, "{log:#?}");
    assert_eq!(requests(" hostKey 403 "), 1, "{log:#?}");
    assert_eq!(requests(" account=- device=- hostKey 403 "), 1, "{log:#?}");
    assert_eq!(requests(" meta 200 "), 1, "{log:#?}");
    for secret in ["hunter2", "hunter3", &token] {
        assert_eq!(requests(secret), 0, "{log:#?}");
    }
}

#[test]
fn the_json_log_is_one_object_per_line() {
    let data = tempdir().unwrap();
    let server = Server::start_with(data.path(), &["--log", "json"], &[("SYNC_USER2", "u:p")]);
    server.meta("nonsense");
    let log = server.stop();
    let events: Vec<String> = log
        .iter()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect(line);
            assert!(line["time"].as_str().unwrap().ends_with('Z'));
            line["event"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(events[0], "problem");
    assert!(events.contains(&"request".to_owned()), "{events:?}");
}

#[test]
fn quiet_logs_only_failures() {
    let data = tempdir().unwrap();
    let server = Server::start_with(data.path(), &["-q"], &[]);
    let password = server.told("Password:").unwrap();
    let token = server.login("anki", &password).unwrap();
    assert_eq!(server.meta(&token), 200);
    assert_eq!(server.meta("nonsense"), 403);
    let log = server.stop();
    assert_eq!(log.len(), 1, "{log:#?}");
    assert!(log[0].contains(" meta 403 "), "{log:#?}");
}

#[test]
fn closed_output_pipes_do_not_end_the_server() {
    let data = tempdir().unwrap();
    let mut command = deckport(data.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--verbose"]);
    let mut server = Server::launch(command, Stderr::Closed);
    let password = server.told("Password:").unwrap();
    for _ in 0..3 {
        let token = server.login("anki", &password).unwrap();
        assert_eq!(server.meta(&token), 200);
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

/// More than the pipe and the server's queue can hold.
const LOGGED: usize = 400_000;

/// Fills the log of a server with requests that are answered 404, one line each.
fn fill_log(server: &Server) {
    let connection = connect(server.address);
    let mut sender = connection.try_clone().unwrap();
    let mut reader = BufReader::new(connection);
    let path = "x".repeat(100);
    let request = format!("GET /sync/{path} HTTP/1.1\r\nhost: x\r\n\r\n");
    for _ in 0..LOGGED / path.len() {
        sender.write_all(request.as_bytes()).unwrap();
        let (status, headers) = read_head(&mut reader);
        assert_ne!(status, 200);
        read_body(&mut reader, &headers);
    }
}

#[test]
fn a_log_that_nobody_reads_does_not_stop_the_server() {
    let data = tempdir().unwrap();
    let mut command = deckport(data.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--verbose"]);
    let mut server = Server::launch(command, Stderr::Unread);
    fill_log(&server);
    let password = server.told("Password:").unwrap();
    let token = server.login("anki", &password).unwrap();
    assert_eq!(server.meta(&token), 200);
    server.read_log();
    let lost = server.wait_for_log(" lines of this log were not read in time and are lost");
    assert!(lost.contains("  warning: "), "{lost}");
    server.wait_for_log(" meta 200 ");
    assert!(server.stop().iter().any(|line| line.ends_with(" stopped")), "the last line comes");
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_up_the_end() {
    let data = tempdir().unwrap();
    let mut command = deckport(data.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--verbose"]);
    let mut server = Server::launch(command, Stderr::Unread);
    fill_log(&server);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn all_addresses_are_listened_on_without_being_asked() {
    let data = tempdir().unwrap();
    let mut command = deckport(data.path());
    command.args(["serve", "--port", "0"]);
    let server = Server::launch(command, Stderr::Read);
    assert!(server.address.ip().is_unspecified());
    let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    let url = format!("http://{loopback}/");
    assert!(server.greeting.iter().any(|line| line.contains(&url)), "{:?}", server.greeting);
    connect(loopback);
}

#[test]
fn whoever_takes_over_a_server_hears_that_the_folder_is_new() {
    let parent = tempdir().unwrap();
    let data = parent.path().join("mistyped");
    let start = || Server::start_with(&data, &[], &[("SYNC_USER1", "u:p")]);
    start().wait_for_log("is new and empty");
    assert!(!start().stop().iter().any(|line| line.contains("is new and empty")));
}

#[cfg(unix)]
#[test]
fn the_command_that_is_shown_works_as_it_is_shown() {
    let parent = tempdir().unwrap();
    let data = parent.path().join("my decks");
    let server = Server::start(&data);
    let told = server.greeting.iter().find(|line| line.contains("account password")).unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_deckport")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let line = format!("echo secret | {told}");
    let ran = std::process::Command::new("sh").args(["-c", &line]).env("PATH", path).output();
    assert!(ran.unwrap().status.success());
    assert!(server.login("anki", "secret").is_ok());
}

#[test]
fn an_account_that_is_asked_for_too_late_is_not_ignored_in_silence() {
    let data = tempdir().unwrap();
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    let server = Server::start_with(data.path(), &["--account", "bob"], &[]);
    assert!(server.wait_for_log("--account bob has no effect").contains("account add bob"));
}
