//! Importing, exporting and checking from the command line.

use crate::support::{deckport, fail, run, succeed};

fn with_account() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    succeed(data.path(), &["account", "add", "anna"], "secret\n");
    data
}

#[test]
fn without_accounts_or_a_collection_it_says_so() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(fail(empty.path(), &["export", "x.colpkg"], "").0, 1);
    assert_eq!(fail(empty.path(), &["check"], "").0, 2);
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "no folder is filled");
    let data = with_account();
    let (code, text) = fail(data.path(), &["check"], "");
    assert!(code == 2 && text.contains("no collection yet"), "{text}");
    let (code, text) = fail(data.path(), &["import", "missing.colpkg"], "");
    assert!(code == 1 && text.contains("missing.colpkg"), "{text}");
    let unknown = fail(data.path(), &["check", "--account", "bob"], "");
    assert!(unknown.1.contains("no account"), "{}", unknown.1);
}

#[test]
fn deck_packages_belong_into_anki() {
    let data = with_account();
    let deck = data.path().join("deck.apkg");
    std::fs::write(&deck, "x").unwrap();
    let (code, text) = fail(data.path(), &["import", deck.to_str().unwrap()], "");
    assert!(code == 1 && text.contains("import it in Anki itself"), "{text}");
}

#[test]
fn a_check_that_makes_no_sense_is_a_usage_error() {
    let data = with_account();
    let output = run(data.path(), &["check", "--repair", "--compare", "x.anki2"], "");
    assert_eq!(output.status.code(), Some(2));
    let help = deckport(data.path()).args(["check", "--help"]).output().unwrap();
    assert!(String::from_utf8(help.stdout).unwrap().contains("2 not checked"));
}
