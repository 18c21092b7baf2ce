//! The list of others' work that the companion app shows names every crate in the phone's library.

use std::collections::BTreeSet;
use std::fs;

use crate::process::cargo;
use crate::root;

/// Where the app has it: one per line, with tabs between name, author and licence.
const LIST: &str = "android/companion/src/main/res/raw/licences.txt";

#[test]
fn every_crate_of_the_phone_library_is_named_with_its_licence() {
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--package", "deckport-ffi"]);
    tree.args(["--edges", "normal,no-proc-macro", "--target", "aarch64-linux-android"]);
    tree.args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"]);
    let tree = tree.output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let linked: BTreeSet<(String, String)> = tree
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(package, licence)| (package.split(' ').next().unwrap_or_default(), licence))
        .filter(|(name, _)| !name.starts_with("deckport"))
        .map(|(name, licence)| (name.to_owned(), alternatives(licence)))
        .collect();
    assert!(linked.len() > 50, "{linked:?}");

    let list = fs::read_to_string(root().join(LIST)).unwrap();
    let named: BTreeSet<(String, String)> = list
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|fields| (fields[0].to_owned(), fields[2].to_owned()))
        .collect();
    let missing = linked.difference(&named);
    let lines: String = missing.map(|(name, licence)| format!("{name}\t\t{licence}\n")).collect();
    assert!(lines.is_empty(), "add to {LIST}, with the authors between the tabs:\n{lines}");
}

/// Older crates write a slash for "or".
fn alternatives(licence: &str) -> String {
    licence.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}
