//! The promises of the media's owner, with a clock that stands still.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use deckport_accounts::Account;
use deckport_ground::clock::{Clock, ManualClock};
use deckport_wire::Usn;
use deckport_wire::media::MediaSanityResponse;
use deckport_wire::media::zip::ZipBuilder;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{Media, MediaAsker, MediaMessage, MediaOwner, MediaZip, Work, owner};
use crate::events::{Event, Recorder};
use crate::lease::DeviceKey;
use crate::options::HouseholdOptions;
use crate::place::Place;
use crate::work_error::WorkError;
use crate::worker::message::Reply;
use crate::worker::thread::Owner;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An owner without its thread.
struct Bench {
    media: Media,
    owner: MediaOwner,
    inbox: Receiver<MediaMessage>,
    clock: Arc<ManualClock>,
    events: Arc<Recorder>,
    data: TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench::on(tempfile::tempdir().unwrap())
    }

    fn on(data: TempDir) -> Bench {
        let clock = Arc::new(ManualClock::new(1_795_177_887_205));
        let events = Arc::new(Recorder::default());
        let mut options = HouseholdOptions::new(data.path());
        options.clock = clock.clone();
        options.events = events.clone();
        let account = Account {
            id: 1,
            name: "ann".into(),
            folder: "ann".into(),
            configured: false,
            dormant: false,
        };
        let (media, owner, inbox) = owner(&account, &Place::of(data.path(), &account), &options);
        Bench { media, owner, inbox, clock, events, data }
    }

    fn ask<T>(&mut self, message: impl FnOnce(Reply<T>) -> MediaMessage) -> Result<T, WorkError> {
        let (reply, mut answer) = oneshot::channel();
        self.owner.handle(message(reply));
        answer.try_recv().expect("the owner answers at once")
    }

    fn begin(&mut self, device: i64, session: &str) -> Result<Usn, WorkError> {
        self.ask(|reply| MediaMessage::Begin(asker(device, session), reply))
    }

    fn upload(&mut self, device: i64, session: &str, name: &str, content: &[u8]) -> Usn {
        let zip = MediaZip::in_memory(batch(name, content));
        let asked = self.ask(|reply| MediaMessage::Upload(asker(device, session), zip, reply));
        let done = asked.unwrap();
        assert_eq!(done.processed, 1);
        done.current_usn
    }

    fn sanity(&mut self, device: i64, session: &str, local: u32) -> bool {
        let message = |reply| MediaMessage::Sanity(asker(device, session), local, reply);
        self.ask(message).unwrap() == MediaSanityResponse::Ok
    }

    fn tell(&self, device: i64) -> Usn {
        self.media.tell(&asker(device, "").device, self.clock.monotonic())
    }

    /// Time passes; the owner wakes up when it wants to. Returns how often it did.
    fn pass(&mut self, time: Duration) -> usize {
        let end = self.clock.monotonic() + time;
        let mut woken = 0;
        while let Some(at) = self.owner.next_deadline().filter(|at| *at <= end) {
            self.clock.advance(at.saturating_sub(self.clock.monotonic()));
            self.owner.tick();
            woken += 1;
            assert!(woken < 100, "the owner spins");
        }
        self.clock.advance(end - self.clock.monotonic());
        woken
    }

    fn is_open(&self) -> bool {
        self.owner.next_deadline().is_some()
    }

    fn media_file(&self, name: &str) -> PathBuf {
        self.data.path().join("ann/media").join(name)
    }

    fn problems(&self) -> Vec<String> {
        let events = self.events.0.lock().unwrap();
        let problem = |event: &Event| match event {
            Event::Problem { message, .. } => Some(message.clone()),
            _ => None,
        };
        events.iter().filter_map(problem).collect()
    }
}

fn asker(device: i64, session: &str) -> MediaAsker {
    let device = DeviceKey { device_id: device, origin: None };
    MediaAsker { device, name: "a device".to_owned(), session: session.to_owned() }
}

fn batch(name: &str, content: &[u8]) -> Vec<u8> {
    let list = serde_json::to_vec(&[[name, "0"]]).unwrap();
    let mut builder = ZipBuilder::new();
    let mut zip = Vec::new();
    for (entry, bytes) in [("0", content), ("_meta", list.as_slice())] {
        let size = u32::try_from(bytes.len()).unwrap();
        zip.extend(builder.entry(entry, size, crc32fast::hash(bytes)).unwrap());
        zip.extend_from_slice(bytes);
    }
    zip.extend(builder.finish().unwrap());
    zip
}

#[test]
fn meta_tells_what_begin_would_tell_whether_the_store_is_open_or_not() {
    let mut bench = Bench::new();
    assert_eq!(bench.tell(1), 0);
    assert!(!bench.data.path().join("ann").exists(), "asking makes nothing");
    bench.begin(1, "s").unwrap();
    assert_eq!(bench.upload(1, "s", "a.txt", b"a"), 1);
    assert_eq!(bench.tell(1), 1);
    bench.pass(61 * SECOND);
    assert!(!bench.is_open());
    assert_eq!(bench.tell(1), 1);
    assert_eq!(bench.begin(1, "t").unwrap(), 1);
}

#[test]
fn the_store_is_settled_in_spare_time_and_closed_when_idle_and_then_nothing_ticks() {
    let mut bench = Bench::new();
    bench.begin(1, "s").unwrap();
    bench.upload(1, "s", "a.txt", b"a");
    assert_eq!(bench.pass(59 * SECOND), 1, "one wake-up for what could wait");
    assert!(bench.is_open());
    assert_eq!(bench.pass(2 * SECOND), 1);
    assert!(!bench.is_open());
    assert_eq!(bench.pass(DAY), 0);
    assert_eq!(std::fs::read(bench.media_file("a.txt")).unwrap(), b"a");
    assert!(bench.problems().is_empty());
}

#[test]
fn changes_by_others_during_a_sync_do_not_fail_the_check() {
    let mut bench = Bench::new();
    // As 26.9.3 does after `meta`: no `begin`.
    assert_eq!(bench.tell(1), 0);
    bench.upload(1, "s", "mine.txt", b"1");
    bench.begin(2, "t").unwrap();
    bench.upload(2, "t", "theirs.txt", b"2");
    assert!(bench.sanity(1, "s", 1), "has not seen the other file yet");
    assert!(!bench.sanity(1, "s", 1), "the view ends with the check");
    assert!(!bench.sanity(3, "unknown", 1));
}

#[test]
fn files_that_vanished_are_noticed_within_a_day_of_quiet_syncs() {
    let mut bench = Bench::new();
    bench.begin(1, "s").unwrap();
    bench.upload(1, "s", "a.txt", b"a");
    bench.pass(61 * SECOND);
    std::fs::remove_file(bench.media_file("a.txt")).unwrap();
    assert_eq!(bench.tell(1), 1);
    assert!(bench.inbox.try_recv().is_err(), "looked at a minute ago");
    bench.pass(DAY);
    assert_eq!(bench.tell(1), 1);
    let look = bench.inbox.try_recv().unwrap();
    bench.owner.handle(look);
    assert_eq!(bench.problems().len(), 1);
    assert_eq!(bench.tell(1), 2, "every device asks now, and the one that has it sends it again");
}

#[test]
fn a_store_that_cannot_be_opened_is_reported_and_tried_again() {
    let mut bench = Bench::new();
    std::fs::create_dir(bench.data.path().join("ann")).unwrap();
    let database = bench.data.path().join("ann/media.db");
    std::fs::write(&database, b"this is a text and no database at all, however long it may be")
        .unwrap();
    let refusal = bench.begin(1, "s").unwrap_err();
    assert!(refusal.to_string().contains("not a media database"), "{refusal}");
    assert_eq!(bench.tell(1), 0);
    assert!(!bench.is_open());
    std::fs::remove_file(&database).unwrap();
    assert_eq!(bench.begin(1, "s").unwrap(), 0);
}

#[test]
fn a_bug_ends_one_request_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.upload(1, "s", "a.txt", b"a");
    let (reply, answer) = oneshot::channel();
    let message = MediaMessage::Panic(reply);
    let owner = std::panic::AssertUnwindSafe(|| bench.owner.handle(message));
    assert!(std::panic::catch_unwind(owner).is_err());
    bench.owner.recover();
    drop(answer);
    assert_eq!(bench.tell(1), 1);
    assert_eq!(bench.begin(1, "s").unwrap(), 1);
}

#[test]
fn a_batch_with_a_large_file_is_read_from_its_file() {
    let mut bench = Bench::new();
    let temp = deckport_ground::temp_file::TempFile::for_upload(bench.data.path()).unwrap();
    std::fs::write(temp.path(), batch("large.bin", &vec![7; 300_000])).unwrap();
    let zip = MediaZip::in_file(temp).unwrap();
    bench.ask(|reply| MediaMessage::Upload(asker(1, "s"), zip, reply)).unwrap();
    assert_eq!(std::fs::metadata(bench.media_file("large.bin")).unwrap().len(), 300_000);
    let left = std::fs::read_dir(bench.data.path()).unwrap();
    assert_eq!(left.count(), 1, "the temporary file is gone");
}

#[test]
fn media_are_counted_before_the_caller_that_changed_them_is_told() {
    let mut bench = Bench::new();
    bench.begin(1, "s").unwrap();
    bench.upload(1, "s", "a.png", b"a");
    let (media, (sent, told)) = (bench.media.clone(), std::sync::mpsc::channel());
    let job = Work(Box::new(move |store, now_ms| {
        store.unwrap().move_to_trash(&["a.png".to_owned()], now_ms).unwrap();
        Box::new(move || sent.send(media.totals().files).unwrap())
    }));
    assert_eq!(bench.media.totals().files, 1);
    bench.owner.handle(MediaMessage::Work(job));
    assert_eq!(told.recv(), Ok(0));
}
