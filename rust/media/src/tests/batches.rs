//! Batches: what each entry does, and that the numbers are right (`media-sync` 8).

use deckport_wire::media::MediaSanityResponse;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Cursor;

use crate::testing::{Account, NOW_MS, batch, zip_of};
use crate::{Error, UploadResult};

const fn result(processed: u32, current_usn: i32) -> UploadResult {
    UploadResult { processed, current_usn }
}

#[test]
fn a_store_can_live_on_a_thread_and_an_answer_on_another() {
    fn can_be_sent<T: Send>() {}
    can_be_sent::<crate::MediaStore>();
    can_be_sent::<crate::Download>();
}

#[test]
fn a_new_store_is_empty() {
    let mut account = Account::new();
    let store = account.store();
    assert_eq!(store.usn().unwrap(), 0);
    assert_eq!(store.changes_since(0).unwrap(), []);
    assert_eq!(store.sanity(0, 0).unwrap(), MediaSanityResponse::Ok);
}

#[test]
fn each_kind_of_entry_has_its_effect() {
    let mut account = Account::new();
    // New files, in the order of the list.
    let added = account.upload(&[("b.txt", Some(b"b")), ("a.txt", Some(b"aa"))]);
    assert_eq!(added, result(2, 2));
    assert_eq!(std::fs::read(account.media("a.txt")).unwrap(), b"aa");
    // Replaced.
    assert_eq!(account.add("b.txt", b"bbb"), result(1, 3));
    assert_eq!(account.content("b.txt").unwrap(), b"bbb");
    // Deleted.
    assert_eq!(account.delete("a.txt"), result(1, 4));
    assert_eq!(account.on_disk(), ["b.txt"]);
    // Added again.
    assert_eq!(account.add("a.txt", b"again"), result(1, 5));
    let summary = account.store().summary().unwrap();
    assert_eq!((summary.usn, summary.files, summary.bytes), (5, 2, 8));
    assert_eq!(account.incoming(), [""; 0]);
}

#[test]
fn what_changes_nothing_uses_a_usn_but_leaves_the_record() {
    let mut account = Account::new();
    account.upload(&[("a", Some(b"1")), ("gone", Some(b"2")), ("gone", None)]);
    let before = account.listed();
    let again = account.upload(&[("a", Some(b"1")), ("gone", None), ("never", None)]);
    assert_eq!(again, result(3, 6));
    let mut after = account.listed();
    after.retain(|name, _| !name.starts_with(".deckport"));
    assert_eq!(after, before);
}

#[test]
fn a_client_sees_that_somebody_else_was_in_between() {
    // The divergence of `media-sync` 8.3: with the reference server A would not notice.
    let mut account = Account::new();
    account.upload(&[("a", Some(b"1")), ("b", Some(b"2")), ("c", Some(b"3")), ("o", Some(b"4"))]);
    let last_usn_of_a = 4;
    account.add("o", b"of B");
    let answer = account.upload(&[("a", Some(b"1")), ("b", Some(b"new"))]);
    assert_ne!(last_usn_of_a + answer.processed as i32, answer.current_usn);
}

#[test]
fn an_empty_list_is_answered() {
    let mut account = Account::new();
    account.add("a", b"1");
    assert_eq!(account.upload(&[]), result(0, 1));
}

#[test]
fn one_name_twice_is_applied_in_order() {
    let mut account = Account::new();
    let answer = account.upload(&[("a", Some(b"1")), ("a", None), ("a", Some(b"22"))]);
    assert_eq!(answer, result(3, 3));
    assert_eq!(account.content("a").unwrap(), b"22");
    assert_eq!(account.incoming(), [""; 0]);
    assert_eq!(account.upload(&[("a", Some(b"3")), ("a", None)]), result(2, 5));
    assert_eq!(account.on_disk(), [""; 0]);
}

#[test]
fn an_empty_file_is_counted_and_not_kept() {
    let mut account = Account::new();
    assert_eq!(account.add("empty", b""), result(1, 1));
    assert_eq!(account.live(), [""; 0]);
    // The usn is held by a listed deletion.
    assert_eq!(account.store().changes_since(0).unwrap().len(), 1);
}

#[test]
fn a_file_of_the_holders_name_is_kept_like_any_other() {
    let mut account = Account::new();
    account.add("empty", b"");
    let holder = account.listed().keys().next().unwrap().clone();
    account.add(&holder, b"mine");
    account.add("empty", b"");
    assert_eq!(account.content(&holder).unwrap(), b"mine");
    assert_eq!(account.store().changes_since(2).unwrap().len(), 1);
}

#[test]
fn names_that_poison_clients_are_counted_but_never_listed() {
    let mut account = Account::new();
    assert_eq!(account.upload(&[("???", Some(b"1")), ("a", Some(b"2"))]), result(2, 2));
    assert_eq!(account.live(), ["a"]);
    assert!(matches!(account.content("???"), Err(Error::NothingToSend)));
    // The sender counts it, others do not.
    for (local, expected) in [
        (0, MediaSanityResponse::Failed),
        (1, MediaSanityResponse::Ok),
        (2, MediaSanityResponse::Ok),
        (3, MediaSanityResponse::Failed),
    ] {
        assert_eq!(account.store().sanity(local, 0).unwrap(), expected, "{local}");
    }
    // Deleting it makes it an ordinary deletion.
    assert_eq!(account.delete("???"), result(1, 3));
    assert_eq!(account.listed().get("???"), Some(&(3, false)));
    assert_eq!(account.store().sanity(2, 0).unwrap(), MediaSanityResponse::Failed);
}

#[test]
fn others_changes_do_not_fail_a_sanity_check() {
    let mut account = Account::new();
    account.upload(&[("a", Some(b"1")), ("b", Some(b"2")), ("c", Some(b"3"))]);
    assert_eq!(account.store().sanity(1, 2).unwrap(), MediaSanityResponse::Ok);
    assert_eq!(account.store().sanity(5, 2).unwrap(), MediaSanityResponse::Ok);
    assert_eq!(account.store().sanity(6, 2).unwrap(), MediaSanityResponse::Failed);
}

#[test]
fn broken_batches_change_nothing() {
    let mut account = Account::new();
    account.add("a", b"1");
    let before = account.listed();
    let lists: [&[u8]; 6] = [
        b"",
        b"{}",
        b"[[\"a\"]]",
        br#"[["a",null],["b","0"]]"#,
        br#"[["b","9"]]"#,
        b"[\"\xff\",null]",
    ];
    let mut zips: Vec<Vec<u8>> = lists.iter().map(|list| zip_of(&[("_meta", list)])).collect();
    zips.push(zip_of(&[("0", b"no list")]));
    zips.push(b"no zip".to_vec());
    let mut damaged = batch(&[("a", None), ("b", Some(b"content")), ("c", Some(b"d"))]);
    let at = damaged.windows(7).position(|seven| seven == b"content").unwrap();
    damaged[at] = b'C';
    zips.push(damaged);
    for zip in zips {
        let answer = account.store().apply_upload(Cursor::new(&zip), NOW_MS);
        assert!(matches!(answer, Err(Error::BadUpload(_))), "{answer:?}");
        assert_eq!(account.listed(), before);
        assert_eq!(account.on_disk(), ["a"]);
        assert_eq!(account.incoming(), [""; 0]);
    }
}

/// A batch with one small entry whose directory claims `size`.
fn claiming(size: u32, names: usize) -> Vec<u8> {
    let list: Vec<(String, &str)> = (0..names).map(|name| (name.to_string(), "0")).collect();
    let list = serde_json::to_vec(&list).unwrap();
    let mut zip = zip_of(&[("0", b"x"), ("_meta", &list)]);
    let line = zip.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    zip[line + 20..line + 24].copy_from_slice(&size.to_le_bytes());
    zip[line + 24..line + 28].copy_from_slice(&size.to_le_bytes());
    zip
}

#[test]
fn limits_hold_before_anything_is_written() {
    let mut account = Account::new();
    let long_name = "n".repeat(5000);
    let long_list = format!("[[\"a\",null]{}]", " ".repeat(300_000));
    let too_large = [
        claiming(104_857_601, 1),
        // One entry for many names: each would be written.
        claiming(104_857_600, 3),
        claiming(1, 1001),
        batch(&[(&long_name, Some(b"1"))]),
        zip_of(&[("_meta", long_list.as_bytes())]),
    ];
    for zip in too_large {
        let answer = account.store().apply_upload(Cursor::new(&zip), NOW_MS);
        assert!(matches!(answer, Err(Error::TooLarge(_))), "{answer:?}");
        assert_eq!(account.incoming(), [""; 0]);
    }
    assert_eq!(account.store().usn().unwrap(), 0);
}

#[test]
fn more_entries_than_clients_send_are_welcome() {
    let mut account = Account::new();
    let names: Vec<String> = (0..200).map(|number| format!("{number}.txt")).collect();
    let entries: Vec<_> = names.iter().map(|name| (&**name, Some(name.as_bytes()))).collect();
    assert_eq!(account.upload(&entries), result(200, 200));
    assert_eq!(account.live().len(), 200);
}

#[test]
fn pages_end_only_between_usns() {
    let mut account = Account::new();
    let names: Vec<String> = (0..1500).map(|number| format!("{number}.txt")).collect();
    for part in names.chunks(500) {
        let entries: Vec<_> = part.iter().map(|name| (&**name, Some(&b"x"[..]))).collect();
        account.upload(&entries);
    }
    let page = account.store().changes_since(0).unwrap();
    assert_eq!((page.len(), page.last().unwrap().usn), (1000, 1000));
    assert!(page.is_sorted_by_key(|change| change.usn));
    assert_eq!(account.store().changes_since(1000).unwrap().len(), 500);
    assert_eq!(account.store().changes_since(9999).unwrap(), []);
    // As a stranger's database may have it.
    account.store().conn.execute("UPDATE media SET usn = 990 WHERE usn > 990", []).unwrap();
    assert_eq!(account.store().changes_since(0).unwrap().len(), 1500);
}

#[test]
fn any_name_is_kept_and_none_leaves_the_folder() {
    let long = "l".repeat(1000);
    let names = [
        "..",
        ".",
        "/etc/passwd",
        "../up.txt",
        "sub/dir.txt",
        "a\\b",
        "nul\0byte",
        "con.txt",
        "trail.",
        "trail ",
        " lead",
        "-rf",
        "%2e%2e%2f",
        "cafe\u{301}.txt",
        "\u{e9}.txt",
        "a\u{202e}b",
        "\u{80}",
        "_meta",
        "0",
        ".deckport-incoming",
        ".deckport-usn",
        "media.db",
        "~",
        "\"quoted\"",
        "line\nbreak",
        &long,
        "日本語.mp3",
        "🤯.jpg",
    ];
    let mut account = Account::new();
    for (number, name) in names.iter().enumerate() {
        let content = number.to_string();
        account.add(name, content.as_bytes());
        assert_eq!(account.content(name).unwrap(), content.as_bytes(), "{name:?}");
    }
    assert_eq!(account.live().len(), names.len());
    let mut outside: Vec<_> = std::fs::read_dir(account.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    outside.retain(|name| !name.starts_with("media.db"));
    assert_eq!(outside, ["media"]);
    // And after a restart.
    account.close();
    assert_eq!(account.open().unwrap().found_at_open().lost, [""; 0]);
    for (number, name) in names.iter().enumerate() {
        assert_eq!(account.content(name).unwrap(), number.to_string().as_bytes());
        account.delete(name);
    }
    assert_eq!(account.on_disk(), [""; 0]);
}

#[derive(Debug, Clone)]
enum Step {
    Put(usize, Vec<u8>),
    Delete(usize),
}

const NAMES: [&str; 7] = ["a.txt", "A.txt", "b?.txt", "???", "é.txt", "e\u{301}.txt", "c/d"];

fn batches() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let content = proptest::collection::vec(0u8..3, 0..3);
    let step = prop_oneof![
        3 => (0..NAMES.len(), content).prop_map(|(name, content)| Step::Put(name, content)),
        1 => (0..NAMES.len()).prop_map(Step::Delete),
    ];
    proptest::collection::vec(proptest::collection::vec(step, 0..6), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The store against a map.
    #[test]
    fn the_store_does_what_a_map_would(batches in batches(), folding: bool) {
        let mut account = if folding {
            Account::on(std::sync::Arc::new(crate::testing::FoldingDisk))
        } else {
            Account::new()
        };
        let mut model: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        let mut usn = 0;
        for steps in batches {
            let entries: Vec<(&str, Option<&[u8]>)> = steps
                .iter()
                .map(|step| match step {
                    Step::Put(name, content) => (NAMES[*name], Some(&**content)),
                    Step::Delete(name) => (NAMES[*name], None),
                })
                .collect();
            for (name, content) in &entries {
                match content {
                    Some([]) => {}
                    Some(content) if *name != "???" => drop(model.insert(name, content.to_vec())),
                    Some(_) => {}
                    None => drop(model.remove(name)),
                }
            }
            let answer = account.upload(&entries);
            usn += i32::try_from(steps.len()).unwrap();
            prop_assert_eq!(answer.current_usn, usn);
            // The highest usn is always listed, and in order.
            let changes = account.store().changes_since(-1).unwrap();
            prop_assert!(changes.is_sorted_by_key(|change| change.usn));
            prop_assert_eq!(changes.last().map_or(0, |change| change.usn), usn);
            prop_assert!(changes.iter().all(|change| change.name != "???" || change.sha1.is_none()));
            let summary = account.store().summary().unwrap();
            prop_assert_eq!(summary.files, model.len() as u64);
            prop_assert_eq!(summary.bytes, model.values().map(|c| c.len() as u64).sum::<u64>());
            if usn % 3 == 0 {
                account.drop_store();
            }
        }
        for (name, content) in &model {
            prop_assert_eq!(&account.content(name).unwrap(), content);
        }
        prop_assert_eq!(account.on_disk().len(), model.len());
        prop_assert!(account.store().found_at_open().lost.is_empty());
        prop_assert!(account.incoming().is_empty());
    }
}
