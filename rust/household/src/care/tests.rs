//! Importing, exporting and checking with real files.

use std::fs;
use std::io::Cursor;
use std::ops::{ControlFlow, Deref};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;

use deckport_accounts::Registry;
use deckport_collection::{Collection, CollectionState};
use deckport_media::MediaStore;
use deckport_package::{PackageWriter, Version};
use tempfile::TempDir;

use deckport_ground::clock::ManualClock;
use deckport_ground::progress::{Stage, go_on};

use super::*;
use crate::household::Household;
use crate::options::HouseholdOptions;

const NOW_MS: i64 = 1_795_180_000_123;
const NOTE: &str = "
INSERT INTO notes
    SELECT 11, 'one', min(id), 100, 3, '', 'front' || char(31) || 'back', 'front', 1, 0, ''
    FROM notetypes;
INSERT INTO cards VALUES (12, 11, 1, 0, 100, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, '');
UPDATE col SET mod = 1795170000000, scm = 1795160000000, usn = 40;";

/// A data folder with the account `anna`, and a place for files.
struct Place {
    dir: TempDir,
}

/// The account, and the household that closes everything when it is dropped.
struct Opened {
    care: AccountCare,
    household: Household,
}

impl Deref for Opened {
    type Target = AccountCare;

    fn deref(&self) -> &AccountCare {
        &self.care
    }
}

impl Place {
    fn new() -> Place {
        let place = Place { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(place.data()).unwrap();
        place.registry().add_account("anna", "secret").unwrap();
        place
    }

    fn registry(&self) -> Registry {
        Registry::open(&self.data(), clock()).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn folder(&self) -> PathBuf {
        self.data().join("anna")
    }

    fn collection_file(&self) -> PathBuf {
        self.folder().join("collection.anki2")
    }

    fn open(&self) -> Opened {
        let mut options = HouseholdOptions::new(self.data());
        options.clock = clock();
        let household = Household::open(options, Arc::new(self.registry())).unwrap();
        let care = household.care("anna").unwrap();
        Opened { care, household }
    }

    /// A collection file with a note.
    fn collection(&self, name: &str, sql: &str) -> PathBuf {
        let path = self.file(name);
        let collection = Collection::create(&path, NOW_MS).unwrap();
        collection.conn().execute_batch(NOTE).unwrap();
        collection.conn().execute_batch(sql).unwrap();
        collection.close().unwrap();
        path
    }

    fn package(&self, name: &str, media: &[(&str, &[u8])]) -> PathBuf {
        let bytes = fs::read(self.collection("for-package.anki2", "")).unwrap();
        fs::remove_file(self.file("for-package.anki2")).unwrap();
        let target = Cursor::new(Vec::new());
        let length = bytes.len() as u64;
        let mut package =
            PackageWriter::new(target, Version::Latest, &mut &*bytes, length).unwrap();
        for (name, content) in media {
            assert!(package.add_media(name, &mut &**content, content.len() as u64).unwrap());
        }
        let path = self.file(name);
        fs::write(&path, package.finish().unwrap().into_inner()).unwrap();
        path
    }

    fn import(&self, file: &Path) -> Result<ImportReport, CareError> {
        self.open().import(file, &mut go_on)
    }

    fn state(&self) -> CollectionState {
        let collection = Collection::open(&self.collection_file()).unwrap();
        let state = collection.state().unwrap();
        collection.close().unwrap();
        state
    }

    /// Names in the account's folder that should not stay.
    fn leftovers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(".tmp")).collect()
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW_MS))
}

#[test]
fn an_import_replaces_keeps_a_backup_and_is_newer_than_all_that_devices_know() {
    let place = Place::new();
    let first = place.collection("first.anki2", "UPDATE col SET usn = 90");
    assert_eq!(place.import(&first).unwrap().backup, None, "there was nothing to lose");
    let before = place.state();
    assert!(before.schema_modified_ms >= NOW_MS);
    let package = place.package("next.colpkg", &[("a.txt", b"a"), ("empty.txt", b"")]);
    let report = place.import(&package).unwrap();
    assert_eq!((report.summary.notes, report.media.new, report.media.unfit), (1, 1, 1));
    let backup = place.folder().join("backups").join(report.backup.unwrap().file);
    assert!(Collection::open(&backup).is_ok());
    let after = place.state();
    assert!(after.schema_modified_ms > before.schema_modified_ms, "the clock stood still");
    assert!(after.modified_ms > before.modified_ms);
    assert_eq!(after.usn, 90, "it never goes back");
    assert_eq!(fs::read(place.folder().join("media/a.txt")).unwrap(), b"a");
    assert!(place.leftovers().is_empty());
}

#[test]
fn what_is_refused_changes_nothing() {
    let place = Place::new();
    place.import(&place.collection("first.anki2", "")).unwrap();
    let before = fs::read(place.collection_file()).unwrap();
    let deck = place.package("deck.apkg", &[]);
    let broken = place.collection("broken.anki2", "UPDATE cards SET type = 9");
    let text = place.file("text.txt");
    fs::write(&text, "hello").unwrap();
    let truncated = place.file("truncated.colpkg");
    let whole = fs::read(place.package("whole.colpkg", &[("a.txt", b"a")])).unwrap();
    fs::write(&truncated, &whole[..whole.len() - 30]).unwrap();
    for file in [deck, broken, text, truncated, place.file("missing.colpkg"), place.data()] {
        let error = place.import(&file).unwrap_err();
        assert!(!matches!(error, CareError::Io(_)), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let open = place.collection("open.anki2", "");
    fs::write(place.file("open.anki2-wal"), "log").unwrap();
    assert!(matches!(place.import(&open), Err(CareError::NotClosed)));
    assert_eq!(fs::read(place.collection_file()).unwrap(), before);
    assert!(place.leftovers().is_empty());
}

#[test]
fn a_cancelled_import_leaves_the_collection() {
    let place = Place::new();
    let package = place.package("p.colpkg", &[("a.txt", b"a"), ("b.txt", b"b")]);
    for stage in [Stage::Collection, Stage::Checking, Stage::Media] {
        let cancelled = place.open().import(&package, &mut |progress| {
            if progress.stage == stage { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(cancelled, Err(CareError::Cancelled)), "{stage:?}");
        assert!(!place.collection_file().exists());
        assert!(place.leftovers().is_empty());
    }
    place.import(&package).unwrap();
}

#[test]
fn an_export_is_imported_with_equal_contents() {
    let place = Place::new();
    let large = vec![7; 300_000];
    let media: [(&str, &[u8]); 2] = [("a.txt", b"a"), ("large.bin", &large)];
    place.import(&place.package("first.colpkg", &media)).unwrap();
    for legacy in [false, true] {
        let target = place.file(&format!("out-{legacy}.colpkg"));
        let options = ExportOptions { legacy, ..ExportOptions::default() };
        let report = place.open().export(&target, options, &mut go_on).unwrap();
        assert_eq!((report.media, report.bytes), (2, fs::metadata(&target).unwrap().len()));
        let mut differences = Vec::new();
        place
            .open()
            .compare(&target, &mut go_on, &mut |difference| differences.push(difference))
            .unwrap();
        assert_eq!(differences, []);
        let other = Place::new();
        let imported = other.import(&target).unwrap();
        assert_eq!((imported.summary.cards, imported.media.new), (1, 2));
        assert_eq!(fs::read(other.folder().join("media/large.bin")).unwrap(), large);
    }
}

#[test]
fn an_export_leaves_out_what_would_spoil_it_and_overwrites_nothing() {
    let place = Place::new();
    place.import(&place.package("first.colpkg", &[("a.txt", b"a"), ("b.txt", b"b")])).unwrap();
    let mut store = MediaStore::open(&place.folder(), NOW_MS).unwrap();
    let mut addition = store.addition(NOW_MS);
    addition
        .add("con.txt", |target| -> Result<(), deckport_media::Error> {
            Ok(target.write_all(b"x")?)
        })
        .unwrap();
    addition.finish().unwrap();
    store.close().unwrap();
    let target = place.file("out.colpkg");
    let export = |options| place.open().export(&target, options, &mut go_on);
    let report = export(ExportOptions::default()).unwrap();
    assert_eq!((report.media, report.unfit), (2, vec!["con.txt".to_owned()]));
    let refused = export(ExportOptions::default());
    assert!(matches!(refused, Err(CareError::Exists(_))));
    let without = ExportOptions { media: false, overwrite: true, ..ExportOptions::default() };
    assert_eq!(export(without).unwrap().media, 0);
    let names: Vec<_> = fs::read_dir(place.dir.path()).unwrap().collect();
    assert_eq!(names.len(), 3, "no part stays: {names:?}");
    let refused = place.open().export(&place.file("x.zip"), ExportOptions::default(), &mut go_on);
    assert!(matches!(refused, Err(CareError::UnknownForm)));
}

#[test]
fn a_collection_file_is_exported_in_either_form() {
    let place = Place::new();
    let nothing = place.open().export(&place.file("x.anki2"), ExportOptions::default(), &mut go_on);
    assert!(matches!(nothing, Err(CareError::NoCollection)));
    place.import(&place.collection("first.anki2", "")).unwrap();
    for legacy in [false, true] {
        let target = place.file(&format!("out-{legacy}.anki2"));
        let options = ExportOptions { legacy, ..ExportOptions::default() };
        place.open().export(&target, options, &mut go_on).unwrap();
        assert_eq!(Collection::open(&target).is_ok(), !legacy);
        assert_eq!(Place::new().import(&target).unwrap().summary.notes, 1);
    }
    // The reference server may leave the old format behind.
    deckport_ground::files::copy_file(&place.file("out-true.anki2"), &place.collection_file())
        .unwrap();
    for (legacy, name) in [(false, "up.colpkg"), (true, "same.anki2")] {
        let options = ExportOptions { legacy, ..ExportOptions::default() };
        place.open().export(&place.file(name), options, &mut go_on).unwrap();
        assert_eq!(Place::new().import(&place.file(name)).unwrap().summary.notes, 1);
    }
    assert!(place.open().check(false, &mut go_on).unwrap().is_clean());
    assert!(place.leftovers().is_empty());
}

#[test]
fn a_check_changes_nothing_and_a_repair_keeps_a_backup() {
    let place = Place::new();
    place.import(&place.package("p.colpkg", &[("a.txt", b"a"), ("b.txt", b"b")])).unwrap();
    assert!(place.open().check(true, &mut go_on).unwrap().is_clean());
    // For a merge, and then for a one-way sync.
    for (sql, one_way) in
        [("UPDATE cards SET due = 3000004", false), ("UPDATE cards SET nid = 5", true)]
    {
        let collection = Collection::open(&place.collection_file()).unwrap();
        collection.conn().execute_batch(sql).unwrap();
        collection.close().unwrap();
        let (bytes, before) = (fs::read(place.collection_file()).unwrap(), place.state());
        let found = place.open().check(false, &mut go_on).unwrap();
        assert_eq!((found.findings.len(), found.repaired), (1, false));
        assert_eq!(fs::read(place.collection_file()).unwrap(), bytes);
        let mended = place.open().check(true, &mut go_on).unwrap();
        assert_eq!((mended.repaired, mended.one_way), (true, one_way));
        let backup = place.folder().join("backups").join(mended.backup.unwrap().file);
        assert_eq!(fs::read(backup).unwrap(), bytes);
        let after = place.state();
        assert_eq!(after.schema_modified_ms > before.schema_modified_ms, one_way);
        assert!(after.modified_ms > before.modified_ms);
        assert!(place.open().check(false, &mut go_on).unwrap().is_clean());
    }
    fs::remove_file(place.folder().join("media/a.txt")).unwrap();
    fs::write(place.folder().join("media/foreign.txt"), "x").unwrap();
    let media = place.open().check(false, &mut go_on).unwrap().media.unwrap();
    assert_eq!(
        (media.right, media.waiting, media.foreign),
        (1, vec!["a.txt".to_owned()], vec!["foreign.txt".to_owned()])
    );
    assert!(place.leftovers().is_empty());
}

#[test]
fn what_another_program_changed_is_reported_and_not_a_fault() {
    let place = Place::new();
    place.import(&place.package("p.colpkg", &[])).unwrap();
    let before = place.open().check(false, &mut go_on).unwrap();
    assert!(before.taken_in.is_empty());
    let conn = rusqlite::Connection::open(place.collection_file()).unwrap();
    conn.execute("UPDATE notes SET flds = flds || '!', usn = -1", []).unwrap();
    drop(conn);
    let state = place.state();
    let found = place.open().check(false, &mut go_on).unwrap();
    assert!(found.is_clean() && !found.mendable && found.digest != before.digest, "{found:?}");
    assert_eq!(found.taken_in.to_string(), "notes (1)");
    let after = place.state();
    assert_eq!((after.usn, after.schema_modified_ms), (state.usn + 1, state.schema_modified_ms));
    let again = place.open().check(true, &mut go_on).unwrap();
    assert!(again.taken_in.is_empty() && !again.repaired && again.digest == found.digest);
}

#[test]
fn an_account_is_cared_for_while_its_household_has_it_open() {
    let place = Place::new();
    let opened = place.open();
    let package = place.package("p.colpkg", &[("a.txt", b"a")]);
    opened.import(&package, &mut go_on).unwrap();
    opened.check(false, &mut go_on).unwrap();
    opened.import(&package, &mut go_on).unwrap();
    let clean = opened.check(true, &mut go_on).unwrap();
    assert!(clean.is_clean() && clean.backup.is_none(), "{clean:?}");
    assert!(matches!(opened.household.care("bob"), Err(CareError::NoSuchAccount)));
}

#[test]
fn unused_media_are_named_and_move_to_the_trash() {
    let place = Place::new();
    let note = "UPDATE notes SET flds = '[sound:used.mp3]'";
    let media: [(&str, &[u8]); 2] = [("used.mp3", b"a"), ("unused.mp3", b"hi")];
    place.import(&place.package("p.colpkg", &media)).unwrap();
    let collection = Collection::open(&place.collection_file()).unwrap();
    collection.conn().execute_batch(note).unwrap();
    collection.close().unwrap();
    let opened = place.open();
    let unused = opened.unused_media().unwrap();
    assert_eq!(unused, [UnusedFile { name: "unused.mp3".to_owned(), bytes: 2 }]);
    assert_eq!(opened.delete_media(&unused).unwrap(), 1);
    assert!(opened.unused_media().unwrap().is_empty());
    assert_eq!(fs::read(place.folder().join("media.trash/unused.mp3")).unwrap(), b"hi");
    assert!(place.folder().join("media/used.mp3").exists());
    assert_eq!(opened.media_trash().unwrap(), Trash { files: 1, bytes: 2 });
    assert_eq!(opened.restore_media(vec!["unused.mp3".to_owned()]).unwrap(), 1);
    assert_eq!(opened.unused_media().unwrap(), unused);
    assert_eq!(opened.media_trash().unwrap(), Trash::default());
    assert_eq!(opened.delete_media(&unused).unwrap(), 1);
    assert_eq!(opened.empty_media_trash().unwrap(), Trash { files: 1, bytes: 2 });
    assert!(!place.folder().join("media.trash/unused.mp3").exists());
    fs::remove_file(place.collection_file()).unwrap();
    assert!(matches!(opened.unused_media(), Err(CareError::NoCollection)));
}

#[test]
fn an_account_without_media_gets_no_media_folder() {
    let place = Place::new();
    let opened = place.open();
    assert_eq!(opened.check_media(true, &mut go_on).unwrap(), None);
    assert!(opened.unused_media().unwrap().is_empty());
    assert_eq!(opened.delete_media(&[]).unwrap(), 0);
    assert_eq!(opened.media_trash().unwrap(), Trash::default());
    assert!(!place.folder().join("media").exists());
}

/// A watcher that ends the work at a stage, or when it has come that far.
fn until(stage: Stage, done: u64) -> impl FnMut(Progress) -> ControlFlow<()> {
    move |progress| {
        let reached = progress.stage == stage && progress.done >= done;
        if reached { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn a_cancelled_check_or_repair_leaves_everything_and_can_be_repeated() {
    let place = Place::new();
    let large = vec![7; 33 << 20];
    let media: [(&str, &[u8]); 2] = [("a.bin", &large), ("b.bin", &large)];
    place.import(&place.package("p.colpkg", &media)).unwrap();
    let collection = Collection::open(&place.collection_file()).unwrap();
    collection.conn().execute_batch("UPDATE cards SET due = 3000004").unwrap();
    collection.close().unwrap();
    fs::remove_file(place.folder().join("media/b.bin")).unwrap();
    let before = fs::read(place.collection_file()).unwrap();
    for repair in [false, true] {
        for (stage, done) in [(Stage::Collection, 0), (Stage::Checking, 0)] {
            let ended = place.open().check(repair, &mut until(stage, done));
            assert!(matches!(ended, Err(CareError::Cancelled)), "{stage:?}");
            assert!(fs::read(place.collection_file()).unwrap() == before, "{stage:?}");
        }
        // In the middle of the files, after the first piece.
        let ended = place.open().check_media(repair, &mut until(Stage::Media, 1));
        assert!(matches!(ended, Err(CareError::Cancelled)));
    }
    assert!(place.leftovers().is_empty());
    let mut told = Vec::new();
    let mended = place.open().check(true, &mut |progress| {
        told.push((progress.stage, progress.done, progress.total));
        ControlFlow::Continue(())
    });
    assert!(mended.unwrap().repaired);
    let stages: Vec<Stage> = told.iter().map(|(stage, ..)| *stage).collect();
    assert!(stages.starts_with(&[Stage::Collection, Stage::Checking, Stage::Media]));
    assert!(told.contains(&(Stage::Media, 1, Some(1))), "{told:?}");
}

#[test]
fn an_interrupt_ends_the_work_in_the_middle_and_the_account_goes_on() {
    let place = Place::new();
    place.import(&place.package("p.colpkg", &[("a.txt", b"a")])).unwrap();
    let before = place.state();
    let Opened { care, household: _household } = place.open();
    // Set from outside, after the watcher is asked for the last time.
    let set_at = |stage: Stage, interrupt: &Interrupt| {
        let interrupt = interrupt.clone();
        move |progress: Progress| {
            if progress.stage == stage {
                interrupt.set();
            }
            ControlFlow::Continue(())
        }
    };
    for stage in [Stage::Checking, Stage::Media] {
        for repair in [false, true] {
            let interrupt = Interrupt::default();
            let care = care.clone().ended_by(interrupt.clone());
            let ended = care.check(repair, &mut set_at(stage, &interrupt));
            assert!(matches!(ended, Err(CareError::Cancelled)), "{stage:?}");
        }
    }
    let package = place.package("again.colpkg", &[]);
    let interrupt = Interrupt::default();
    let ended = care.clone().ended_by(interrupt.clone());
    let ended = ended.import(&package, &mut set_at(Stage::Checking, &interrupt));
    assert!(matches!(ended, Err(CareError::Cancelled)));
    assert_eq!(place.state(), before);
    assert!(place.leftovers().is_empty());
    // No lease is left behind, and the next one is not ended.
    assert!(care.check(true, &mut go_on).unwrap().is_clean());
}

#[test]
fn backups_tell_how_far_they_are_and_can_be_cancelled() {
    let place = Place::new();
    place.import(&place.collection("first.anki2", "")).unwrap();
    let Opened { care, household: _household } = place.open();
    let interrupt = Interrupt::default();
    interrupt.set();
    let ended = care.clone().ended_by(interrupt.clone()).create_backup(&mut go_on);
    assert!(matches!(ended, Err(BackupError::Cancelled)));
    let made = care.create_backup(&mut go_on).unwrap();
    let listed = || care.backups().unwrap().len();
    assert_eq!(listed(), 1);
    let before = place.state();
    for stage in [Stage::Collection, Stage::Checking] {
        for done in [0, 1] {
            let ended = care.restore_backup(&made.name, &mut until(stage, done));
            assert_eq!(ended.is_err(), (stage, done) != (Stage::Checking, 1));
        }
        if stage == Stage::Collection {
            assert_eq!((place.state(), listed()), (before, 1));
        }
    }
    let out = place.file("out.anki2");
    let ended = care.export_backup(&made.name, &out, &mut until(Stage::Collection, 1));
    assert!(matches!(ended, Err(BackupError::Cancelled)) && !out.exists());
    let mut last = None;
    let note = &mut |progress: Progress| {
        last = Some((progress.done, progress.total));
        ControlFlow::Continue(())
    };
    care.export_backup(&made.name, &out, note).unwrap();
    let bytes = fs::metadata(&out).unwrap().len();
    assert_eq!(last, Some((bytes, Some(bytes))));
    assert!(place.leftovers().is_empty());
}

#[test]
fn work_that_is_going_on_ends_with_the_household() {
    let place = Place::new();
    place.import(&place.collection("first.anki2", "")).unwrap();
    let before = place.state();
    let package = place.package("next.colpkg", &[("a.txt", b"a")]);
    let Opened { care, household } = place.open();
    let (begun, has_begun) = mpsc::channel();
    let importing = thread::spawn(move || {
        let errands = care.worker.errands().clone();
        care.import(&package, &mut |progress| {
            if progress.stage == Stage::Checking {
                begun.send(()).unwrap();
                // The household is about to end.
                while errands.begin().is_ok() {
                    thread::yield_now();
                }
            }
            ControlFlow::Continue(())
        })
    });
    has_begun.recv().unwrap();
    drop(household);
    assert!(place.leftovers().is_empty(), "{:?}", place.leftovers());
    assert!(matches!(importing.join().unwrap(), Err(CareError::Stopping)));
    assert_eq!(place.state(), before);
}

#[test]
fn only_the_worker_opens_the_collection_when_unused_media_are_looked_for() {
    let place = Place::new();
    place.import(&place.package("p.colpkg", &[("a.txt", b"a")])).unwrap();
    // In a format in which only the worker, which upgrades it, can open it.
    let old = place.file("old.anki2");
    let collection = Collection::open(&place.collection_file()).unwrap();
    deckport_collection::export_schema11(&collection, &old).unwrap();
    collection.close().unwrap();
    fs::rename(old, place.collection_file()).unwrap();
    let unused = place.open().unused_media().unwrap();
    assert_eq!(unused.iter().map(|file| &*file.name).collect::<Vec<_>>(), ["a.txt"]);
    assert!(place.leftovers().is_empty());
}
