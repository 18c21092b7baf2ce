use super::super::{Occasion, keep, remove_unfinished};
use super::*;

const DAY_MS: i64 = 86_400_000;

/// An account's folder with a collection that has one review.
fn account() -> (tempfile::TempDir, BackupFolder) {
    let account = tempfile::tempdir().unwrap();
    let path = account.path().join("collection.anki2");
    let collection = Collection::create(&path, 1_795_177_887_205).unwrap();
    let sql = "INSERT INTO revlog VALUES (7, 1, 0, 3, 1, 1, 2500, 1000, 0)";
    collection.conn().execute(sql, []).unwrap();
    collection.close().unwrap();
    let folder = BackupFolder::in_account(account.path());
    (account, folder)
}

fn keep_at(account: &Path, now_ms: i64) -> BackupInfo {
    let counts = Some(Counts { notes: 0, cards: 0, reviews: 1, last_review_ms: Some(7) });
    let occasion = Occasion { reason: BackupReason::Upload, device: Some("phone"), counts, now_ms };
    let path = account.join("collection.anki2");
    keep(&path, &account.join(FOLDER), &occasion).unwrap().complete()
}

#[test]
fn an_account_without_backups_has_none() {
    let (_account, folder) = account();
    assert_eq!(folder.list().unwrap(), []);
    assert!(matches!(folder.find("x"), Err(BackupError::NoSuchBackup)));
    assert_eq!(folder.prune(&BackupPolicy::default(), 0).unwrap(), []);
}

#[test]
fn what_was_known_when_it_was_made_is_listed_also_after_compressing() {
    let (account, folder) = account();
    let kept = keep_at(account.path(), 5 * DAY_MS + 123);
    assert_eq!(folder.list().unwrap(), std::slice::from_ref(&kept));
    compress::compress(folder.path(), &kept.name, &false.into()).unwrap();
    let listed = folder.list().unwrap().remove(0);
    assert!(listed.stored_bytes < kept.stored_bytes);
    let stored_bytes = listed.stored_bytes;
    let file = format!("{}.zst", kept.file);
    assert_eq!(listed, BackupInfo { stored_bytes, compressed: true, file, ..kept });
}

#[test]
fn a_file_copied_in_by_hand_is_listed_and_exported_and_stays() {
    let (account, folder) = account();
    fs::create_dir(folder.path()).unwrap();
    deckport_ground::files::copy_file(
        &account.path().join("collection.anki2"),
        &folder.path().join("my own.anki2"),
    )
    .unwrap();
    fs::write(folder.path().join("notes.txt"), "x").unwrap();
    fs::write(folder.path().join("1960-01-01-000000-upload.anki2"), "broken").unwrap();
    let listed = folder.list().unwrap();
    let names: Vec<&str> = listed.iter().map(|backup| backup.name.as_str()).collect();
    assert_eq!(names, ["my own", "1960-01-01-000000-upload"]);
    let counts = Counts { notes: 0, cards: 0, reviews: 1, last_review_ms: Some(7) };
    assert_eq!((listed[0].reason, listed[0].counts), (BackupReason::Other, Some(counts)));
    assert!(listed[0].made_ms > 1_577_836_800_000);
    assert_eq!((listed[1].reason, listed[1].counts), (BackupReason::Upload, None));
    let none = BackupPolicy { newest: 0, days: 0, max_bytes: Some(0), ..BackupPolicy::default() };
    folder.prune(&none, 0).unwrap();
    assert_eq!(folder.list().unwrap().len(), 2);
}

#[test]
fn an_export_is_the_collection_whatever_the_form_of_the_backup() {
    let (account, folder) = account();
    let kept = keep_at(account.path(), 0);
    let content = fs::read(account.path().join("collection.anki2")).unwrap();
    for (name, to) in [(&kept.name, "a"), (&kept.file, "b")] {
        let to = account.path().join(to);
        folder.export(name, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), content);
    }
    compress::compress(folder.path(), &kept.name, &false.into()).unwrap();
    let to = account.path().join("c");
    folder.export(&kept.file, &to).unwrap();
    assert_eq!(fs::read(&to).unwrap(), content);
    assert!(matches!(folder.export(&kept.name, &to), Err(BackupError::Exists { .. })));
    assert_eq!(fs::read(&to).unwrap(), content);
}

#[test]
fn only_backups_of_the_list_can_be_reached() {
    let (account, folder) = account();
    keep_at(account.path(), 0);
    for name in ["../collection", "../collection.anki2", "/etc/passwd", "", ".", "x\0y"] {
        assert!(matches!(folder.find(name), Err(BackupError::NoSuchBackup)), "{name:?}");
    }
}

#[test]
fn changes_in_a_log_that_was_left_are_part_of_an_export() {
    let (account, folder) = account();
    let path = account.path().join("collection.anki2");
    let collection = Collection::open(&path).unwrap();
    let sql = "INSERT INTO revlog VALUES (8, 1, 0, 3, 1, 1, 2500, 1000, 0)";
    collection.conn().execute(sql, []).unwrap();
    // As if it could not be closed.
    let kept = keep_at(account.path(), 0);
    drop(collection);
    let to = account.path().join("out.anki2");
    folder.export(&kept.name, &to).unwrap();
    assert_eq!(summary_of_file(&to).unwrap().reviews, 2);
    assert!(!beside(&to, "-wal").exists());
}

#[test]
fn pruning_removes_all_files_of_a_backup_and_tells_which() {
    let (account, folder) = account();
    let kept: Vec<String> = (0..15).map(|day| keep_at(account.path(), day * DAY_MS).name).collect();
    compress::compress(folder.path(), &kept[0], &false.into()).unwrap();
    let policy = BackupPolicy { max_bytes: Some(u64::MAX), ..BackupPolicy::default() };
    let removed = folder.prune(&policy, 30 * DAY_MS).unwrap();
    assert_eq!(removed.len(), 5);
    for (day, name) in kept.iter().enumerate() {
        assert_eq!(folder.find(name).is_ok(), day >= 5, "{name}");
    }
    // Ten collections and what is known about them.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 20);
}

#[test]
fn unfinished_files_go_at_the_next_start_and_no_others() {
    let (account, folder) = account();
    let kept = keep_at(account.path(), 0);
    let unfinished = format!("{}.anki2.zst.part", kept.name);
    for name in [unfinished.as_str(), "mine.anki2.part", "download.part"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    remove_unfinished(folder.path());
    assert!(!folder.path().join(unfinished).exists());
    assert!(folder.path().join("mine.anki2.part").exists());
    assert!(folder.path().join("download.part").exists());
    assert_eq!(folder.list().unwrap(), [kept]);
}
