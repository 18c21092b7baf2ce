//! Failures are reported in one sentence, with the exit code that scripts rely on.

use std::net::TcpListener;

use crate::support::{Server, deckport, fail, run, succeed};
use tempfile::tempdir;

#[test]
fn a_second_instance_on_the_same_folder_is_refused() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    let (code, sentence) = fail(data.path(), &["serve", "--listen", "127.0.0.1:0"], "");
    assert_eq!(code, 1);
    assert!(sentence.contains(&data.path().display().to_string()), "{sentence}");
    // The first one is not disturbed.
    assert_eq!(server.meta("nonsense"), 403);
}

#[test]
fn a_port_in_use_is_refused_and_no_password_is_lost() {
    let data = tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, sentence) = fail(data.path(), &["serve", "--listen", &address], "");
    assert_eq!(code, 1);
    assert!(sentence.contains(&taken.local_addr().unwrap().port().to_string()), "{sentence}");
    // The account and its password come with the first start that works.
    assert!(Server::start(data.path()).told("Password:").is_some());
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let parent = tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    for data in [file.join("data"), file.clone()] {
        let (code, sentence) = fail(&data, &["serve", "--port", "0"], "");
        assert_eq!(code, 1);
        assert!(sentence.contains(&data.display().to_string()), "{sentence}");
    }
    let (code, _) = fail(&file.join("data"), &["account", "add", "anna"], "secret\n");
    assert_eq!(code, 1);
}

#[test]
fn commands_do_not_fill_a_mistyped_folder() {
    let parent = tempdir().unwrap();
    let data = parent.path().join("mistyped");
    for arguments in [
        &["account", "list"][..],
        &["account", "remove", "anna"],
        &["account", "password", "anna"],
        &["device", "list"],
        &["device", "revoke", "1"],
    ] {
        let (code, sentence) = fail(&data, arguments, "secret\n");
        assert_eq!(code, 1);
        assert!(sentence.contains("--data"), "{sentence}");
    }
    assert!(!data.exists());
}

#[test]
fn unknown_accounts_and_devices_are_refused() {
    let data = tempdir().unwrap();
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    for arguments in [
        &["account", "remove", "bert"][..],
        &["account", "rename", "bert", "carl"],
        &["account", "password", "bert"],
        &["account", "add", "ANNA "],
        &["account", "add", ""],
        &["device", "list", "--account", "bert"],
        &["device", "revoke", "77"],
    ] {
        assert_eq!(fail(data.path(), arguments, "secret\n").0, 1, "{arguments:?}");
    }
}

#[test]
fn no_password_changes_nothing() {
    let data = tempdir().unwrap();
    for input in ["", "\n"] {
        assert_eq!(fail(data.path(), &["account", "add", "anna"], input).0, 1);
    }
    assert!(!succeed(data.path(), &["account", "list"], "").contains("anna"));
}

#[test]
fn wrong_usage_ends_with_2() {
    let data = tempdir().unwrap();
    for arguments in [&["serve", "--prot", "1"][..], &["account"], &["sync"], &[]] {
        let output = run(data.path(), arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    }
}

#[test]
fn an_unusable_environment_ends_with_2_and_shows_no_password() {
    let data = tempdir().unwrap();
    for (name, value) in [("SYNC_USER1", "hunter2"), ("SYNC_PORT", "hunter2")] {
        let output = deckport(data.path()).arg("serve").env(name, value).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(name) && !stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn version_and_help_are_printed() {
    let data = tempdir().unwrap();
    let version = succeed(data.path(), &["--version"], "");
    assert_eq!(version.trim(), concat!("deckport ", env!("CARGO_PKG_VERSION")));
    for command in [&["serve", "--help"][..], &["account", "add", "--help"], &["--help"]] {
        assert!(succeed(data.path(), command, "").contains("Example"), "{command:?}");
    }
}
