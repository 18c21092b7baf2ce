//! Media commands without media; with some, real clients make them in `tests/scenarios`.

use crate::support::{fail, succeed};
use tempfile::tempdir;

#[test]
fn an_account_without_media_is_fine() {
    let data = tempdir().unwrap();
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    assert_eq!(succeed(data.path(), &["media", "check"], ""), "no media yet\n");
    assert_eq!(succeed(data.path(), &["media", "unused", "--delete"], ""), "no unused files\n");
    assert_eq!(succeed(data.path(), &["media", "unused", "--json"], ""), "[]\n");
}

#[test]
fn it_must_be_clear_whose_media_are_meant() {
    let data = tempdir().unwrap();
    assert!(fail(data.path(), &["media", "check"], "").1.contains("no accounts"));
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    succeed(data.path(), &["account", "add", "ben"], "secret\n");
    let (code, text) = fail(data.path(), &["media", "check"], "");
    assert_eq!(code, 2);
    assert!(text.contains("--account"), "{text}");
    assert!(fail(data.path(), &["media", "check", "--account", "x"], "").1.contains("no account"));
    let named = succeed(data.path(), &["media", "check", "--account", "ANNA"], "");
    assert_eq!(named, "no media yet\n");
}
