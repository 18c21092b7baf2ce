//! Files that went missing, were cut short, changed, or belong to nobody (`media-sync` 18.3, 18.4).

use deckport_wire::media::MediaSanityResponse;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use crate::testing::{Account, NOW_MS, download};
use crate::{Checking, Error, LookReport};

fn prepared() -> Account {
    let mut account = Account::new();
    account.upload(&[("a", Some(b"aaaa")), ("b", Some(b"bbbb")), ("c", Some(b"cccc"))]);
    account
}

/// Changes content and leaves size and time as they were.
fn rot(account: &Account, name: &str) {
    let path = account.media(name);
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let size = fs::read(&path).unwrap().len();
    fs::write(&path, vec![b'x'; size]).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
}

/// Sets a file's time back by an hour.
fn touch(account: &Account, name: &str) {
    let file = File::options().write(true).open(account.media(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

#[test]
fn lost_files_are_found_at_the_next_start_and_taken_out_at_once() {
    let mut account = prepared();
    account.close();
    fs::remove_file(account.media("a")).unwrap();
    fs::write(account.media("b"), b"").unwrap();
    fs::write(account.media("c"), b"other").unwrap();
    let report = account.open().unwrap().found_at_open().clone();
    let mut lost = report.lost;
    lost.sort();
    assert_eq!(lost, ["a", "b", "c"]);
    // One usn for all, held by a deletion of nothing; no deletion of the files themselves.
    assert_eq!(account.store().usn().unwrap(), 4);
    let changes = account.store().changes_since(0).unwrap();
    assert_eq!(changes.len(), 1);
    assert!(changes[0].name.starts_with(".deckport") && changes[0].sha1.is_none());
    // A device that has all of them fails once and sends them again.
    assert_eq!(account.store().sanity(3, 0).unwrap(), MediaSanityResponse::Failed);
    let answer =
        account.upload(&[("a", Some(b"aaaa")), ("b", Some(b"bbbb")), ("c", Some(b"cccc"))]);
    assert_eq!(answer.current_usn, 7);
    assert_eq!(account.listed()["a"], (5, true));
    assert_eq!(account.content("c").unwrap(), b"cccc");
    // What was in the place of c was somebody's; the empty file was nobody's.
    assert_eq!(account.trash(), ["c"]);
    assert_eq!(account.store().summary().unwrap().lost, 0);
}

#[test]
fn changed_content_of_the_same_size_is_found_by_its_time() {
    let mut account = prepared();
    account.close();
    fs::write(account.media("a"), b"AAAA").unwrap();
    touch(&account, "a");
    touch(&account, "b");
    let report = account.open().unwrap().found_at_open().clone();
    assert_eq!(report, LookReport { present: 2, lost: vec!["a".into()], ..LookReport::default() });
    // Neither is read again at the next start.
    account.close();
    assert_eq!(account.open().unwrap().found_at_open().lost, [""; 0]);
    assert_eq!(account.store().summary().unwrap().unverified, 0);
}

#[test]
fn a_lost_file_that_comes_back_is_listed_again() {
    let mut account = prepared();
    account.close();
    fs::rename(account.media("a"), account.folder.path().join("elsewhere")).unwrap();
    assert_eq!(account.open().unwrap().found_at_open().lost, ["a"]);
    account.close();
    fs::rename(account.folder.path().join("elsewhere"), account.media("a")).unwrap();
    assert_eq!(account.open().unwrap().found_at_open().returned, ["a"]);
    assert_eq!(account.listed()["a"], (5, true));
    assert_eq!(account.content("a").unwrap(), b"aaaa");
}

#[test]
fn a_lost_file_can_be_deleted_everywhere() {
    let mut account = prepared();
    account.close();
    fs::remove_file(account.media("a")).unwrap();
    account.delete("a");
    assert_eq!(account.listed()["a"], (5, false));
    assert_eq!(account.store().summary().unwrap().lost, 0);
}

#[test]
fn other_content_replaces_a_lost_file() {
    let mut account = prepared();
    account.close();
    fs::remove_file(account.media("a")).unwrap();
    account.add("a", b"new");
    assert_eq!(account.listed()["a"], (5, true));
    assert_eq!(account.content("a").unwrap(), b"new");
}

#[test]
fn one_empty_file_does_not_hurt_a_download() {
    let mut account = prepared();
    fs::write(account.media("b"), b"").unwrap();
    let files = download(account.store(), &["a", "b", "c"]).unwrap();
    // As many entries as names, so that clients do not ask again forever.
    let names: Vec<&str> = files.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["a", "c", "a"]);
    assert_eq!(account.live(), ["a", "c"]);
    assert_eq!(account.store().usn().unwrap(), 4);
    assert!(matches!(account.content("b"), Err(Error::NothingToSend)));
    assert_eq!(account.store().usn().unwrap(), 4, "found once, counted once");
}

#[test]
fn wrong_content_is_never_sent() {
    let mut account = prepared();
    rot(&account, "a");
    assert!(matches!(account.content("a"), Err(Error::NothingToSend)));
    assert_eq!(account.store().summary().unwrap().lost, 1);
}

#[test]
fn an_upload_of_the_same_content_heals_a_bad_file() {
    let mut account = prepared();
    fs::write(account.media("a"), b"bad").unwrap();
    let before = account.listed();
    let answer = account.add("a", b"aaaa");
    assert_eq!(answer.current_usn, 4);
    assert_eq!(account.listed()["a"], before["a"], "the record stays");
    assert_eq!(account.content("a").unwrap(), b"aaaa");
}

#[test]
fn a_file_that_was_only_touched_is_read_and_trusted_again() {
    let mut account = prepared();
    touch(&account, "a");
    assert_eq!(account.content("a").unwrap(), b"aaaa");
    rot(&account, "a");
    assert!(matches!(account.content("a"), Err(Error::NothingToSend)));
}

#[test]
fn links_folders_and_foreign_files_are_left_alone() {
    let mut account = prepared();
    account.close();
    fs::remove_file(account.media("a")).unwrap();
    fs::create_dir(account.media("a")).unwrap();
    fs::create_dir(account.media("folder")).unwrap();
    fs::write(account.media("mine.txt"), b"mine").unwrap();
    #[cfg(unix)]
    {
        fs::remove_file(account.media("b")).unwrap();
        fs::write(account.folder.path().join("outside"), b"bbbb").unwrap();
        std::os::unix::fs::symlink(account.folder.path().join("outside"), account.media("b"))
            .unwrap();
    }
    let report = account.open().unwrap().found_at_open().clone();
    assert_eq!(report.lost.len(), if cfg!(unix) { 2 } else { 1 });
    assert_eq!(report.foreign, 2);
    // A folder in the way does not stop the file.
    account.upload(&[("a", Some(b"aaaa")), ("b", Some(b"bbbb")), ("mine.txt", Some(b"theirs"))]);
    assert_eq!(account.content("a").unwrap(), b"aaaa");
    assert_eq!(account.content("b").unwrap(), b"bbbb");
    assert_eq!(account.content("mine.txt").unwrap(), b"theirs");
    assert_eq!(account.trash(), ["mine.txt"]);
    assert!(account.media("a").is_dir());
}

#[test]
fn a_foreign_file_with_the_same_content_is_not_kept_twice() {
    let mut account = Account::new();
    account.store();
    fs::write(account.media("a"), b"same").unwrap();
    account.add("a", b"same");
    assert_eq!(account.trash(), [""; 0]);
}

#[test]
fn a_check_reads_everything_and_repairs_when_asked() {
    let mut account = prepared();
    rot(&account, "b");
    fs::write(account.media("foreign"), b"f").unwrap();
    fs::create_dir(account.media("folder")).unwrap();
    let report = account.store().check(false, NOW_MS).unwrap();
    assert_eq!((report.right, report.bytes, report.repaired), (2, 8, false));
    assert_eq!(report.lost, ["b"]);
    let mut foreign = report.foreign;
    foreign.sort();
    assert_eq!(foreign, ["folder", "foreign"]);
    assert_eq!(account.live(), ["a", "b", "c"], "only looked");

    let report = account.store().check(true, NOW_MS).unwrap();
    assert!(report.repaired);
    assert_eq!(account.live(), ["a", "c"]);
    assert_eq!(account.trash(), ["foreign"]);
    let report = account.store().check(false, NOW_MS).unwrap();
    assert_eq!((report.lost.len(), report.waiting, report.foreign.len()), (0, 1, 1));
}

#[test]
fn a_check_in_pieces_finds_the_same_and_does_not_lose_what_came_in_between() {
    let mut account = prepared();
    rot(&account, "b");
    let whole = account.store().check(false, NOW_MS).unwrap();
    let mut checking = Checking::default();
    let no = account.store().check_some(&mut checking, true, 1, || false).unwrap();
    assert_eq!((no, checking.files()), (true, 0), "ended before the first file");
    let mut pieces = 0;
    while account.store().check_some(&mut checking, true, 1, || true).unwrap() {
        pieces += 1;
    }
    assert_eq!((pieces, checking.files()), (3, 3));
    let mended = checking.clone();
    let report = account.store().finish_check(checking, false, NOW_MS).unwrap();
    assert_eq!(report, whole);
    // A device sent it again while the rest was read.
    account.add("b", b"new");
    let report = account.store().finish_check(mended, true, NOW_MS).unwrap();
    assert_eq!(report.lost, [""; 0]);
    assert_eq!(account.live(), ["a", "b", "c"]);
}

#[test]
fn a_missing_folder_is_not_taken_for_lost_files() {
    let mut account = prepared();
    account.close();
    fs::rename(account.folder.path().join("media"), account.folder.path().join("away")).unwrap();
    assert!(matches!(account.open().err(), Some(Error::FolderGone)));
    fs::rename(account.folder.path().join("away"), account.folder.path().join("media")).unwrap();
    assert_eq!(account.open().unwrap().found_at_open().lost, [""; 0]);
}

#[test]
fn an_empty_folder_starts_over_with_what_devices_have() {
    let mut account = prepared();
    account.close();
    fs::remove_dir_all(account.folder.path().join("media")).unwrap();
    fs::create_dir(account.folder.path().join("media")).unwrap();
    assert_eq!(account.open().unwrap().found_at_open().lost.len(), 3);
    account.upload(&[("a", Some(b"aaaa"))]);
    assert_eq!(account.live(), ["a"]);
}

#[test]
fn a_database_with_impossible_values_is_an_error_and_no_panic() {
    for sql in [
        "UPDATE media SET csum = x'00'",
        "UPDATE media SET size = -1",
        "UPDATE media SET usn = 99999999999",
        "UPDATE media SET usn = 'x'",
        "UPDATE deckport_files SET state = 9",
        "UPDATE deckport_files SET size = 'x'",
        "UPDATE meta SET last_usn = 99999999999",
        "DELETE FROM meta",
    ] {
        let mut account = prepared();
        account.store().conn.execute(sql, []).unwrap();
        account.drop_store();
        let opened = account.open().err();
        assert!(matches!(opened, Some(Error::Damaged(_)) | None), "{sql}: {opened:?}");
        if opened.is_none() {
            let _ = account.store().changes_since(0);
            let _ = account.content("a");
        }
    }
}

#[test]
fn a_stored_name_from_a_stranger_leads_nowhere() {
    let mut account = prepared();
    fs::write(account.folder.path().join("secret"), b"aaaa").unwrap();
    let conn = &account.store().conn;
    conn.execute("UPDATE deckport_files SET stored = '../secret' WHERE fname = 'a'", []).unwrap();
    conn.execute(
        "INSERT INTO deckport_pending VALUES ('x', '../secret', NULL, NULL, NULL),
            ('y', 'y', '../../secret', NULL, NULL), ('z', '../secret', '../z', NULL, 'z')",
        [],
    )
    .unwrap();
    assert!(matches!(account.content("a"), Err(Error::NothingToSend)));
    account.drop_store();
    account.open().unwrap();
    assert!(account.folder.path().join("secret").exists());
}

#[test]
fn the_usn_does_not_overflow() {
    let mut account = prepared();
    account.store().conn.execute("UPDATE meta SET last_usn = 2147483646", []).unwrap();
    assert_eq!(account.add("x", b"1").current_usn, i32::MAX);
    let zip = crate::testing::batch(&[("y", Some(b"1"))]);
    let answer = account.store().apply_upload(std::io::Cursor::new(zip), NOW_MS);
    assert!(matches!(answer, Err(Error::UsnExhausted)));
}
