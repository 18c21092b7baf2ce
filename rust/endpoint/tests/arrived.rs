//! Uploads that take longer than their client waits, and what may happen meanwhile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use common::{ACCOUNT, Device, Host, collection_with_review, compress, reviews_in, wait_for};
use deckport_endpoint::{Clock, Event, SystemClock};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_millis(50);

/// A clock that stops whoever checks an upload until it is told to go on: so a check takes as long
/// as a test wants.
#[derive(Debug, Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    clock: SystemClock,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Clock for Gate {
    fn now_ms(&self) -> i64 {
        if thread::current().name() == Some("upload") {
            let is_open = self.is_open.lock().unwrap();
            drop(self.opened.wait_while(is_open, |is_open| !*is_open).unwrap());
        }
        self.clock.now_ms()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
}

/// An endpoint whose checks wait at a gate.
fn host() -> (Host, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let clock = Arc::clone(&gate);
    let host = Host::start_with(tempfile::tempdir().unwrap(), move |options| {
        options.clock = clock;
        options.timings.lease_wait = LONG;
    });
    (host, gate)
}

/// Sends all of an upload and leaves.
fn upload_and_leave(host: &Host, device: &Device, file: &[u8]) {
    let mut leaving = Device {
        connection: host.connect(),
        token: device.token.clone(),
        session: "up".to_owned(),
    };
    let header = leaving.header();
    leaving.connection.begin_chunked("/sync/upload", &header);
    leaving.connection.chunk(&compress(file)).unwrap();
    leaving.connection.write(b"0\r\n\r\n").unwrap();
}

/// `meta` once it says that the device's upload is being checked.
fn meta_while_checking(device: &mut Device) -> Value {
    wait_for("the arrival", || {
        let meta = device.meta();
        (meta["cont"] == json!(false)).then_some(meta)
    })
}

fn stored(host: &Host) -> Vec<i64> {
    reviews_in(&host.account_folder().join("collection.anki2"))
}

fn wait_for_replacement(host: &Host) {
    wait_for("the replacement", || {
        let events = host.all_events();
        events.iter().any(|e| matches!(e, Event::CollectionReplaced { .. })).then_some(())
    });
}

fn wait_for_no_temporary_file(host: &Host) {
    wait_for("the end of the upload", || {
        host.files().iter().all(|name| !name.ends_with(".tmp")).then_some(())
    });
}

#[test]
fn an_upload_goes_on_without_its_client_and_the_device_reads_why_it_has_to_wait() {
    let (host, gate) = host();
    let (mut first, mut second) = (host.device("s1"), host.device("s2"));
    upload_and_leave(&host, &first, &collection_with_review(7));
    let meta = meta_while_checking(&mut first);
    assert_eq!(
        meta["msg"],
        "Your upload has arrived and is being checked. Sync again in a minute."
    );
    // Others see what they see while somebody else syncs.
    assert_eq!(second.meta()["cont"], true);
    assert_eq!(second.start().status, 409);
    // Not even its own device gets in between: its upload would be lost.
    assert_eq!(first.start().status, 409);
    assert_eq!(first.call("download", &json!({"_pad": null})).status, 409);
    gate.open();
    wait_for_replacement(&host);
    assert_eq!(stored(&host), [7]);
    let meta = first.meta();
    assert_eq!((&meta["mod"], &meta["cont"]), (&json!(1_795_177_887_205_i64), &json!(true)));
    assert_eq!(meta["msg"], "");
    second.meta();
    assert_eq!(second.start().status, 200);
}

#[test]
fn a_second_upload_of_the_same_device_waits_for_the_first_one() {
    let gate = Arc::new(Gate::default());
    let clock = Arc::clone(&gate);
    let host = Host::start_with(tempfile::tempdir().unwrap(), move |options| options.clock = clock);
    let mut device = host.device("s1");
    upload_and_leave(&host, &device, &collection_with_review(7));
    meta_while_checking(&mut device);
    let opening = thread::spawn({
        let gate = Arc::clone(&gate);
        move || {
            thread::sleep(LONG);
            gate.open();
        }
    });
    assert_eq!(device.upload(&collection_with_review(8)).text(), "OK");
    opening.join().unwrap();
    assert_eq!(stored(&host), [8]);
    let replaced = |event: &Event| matches!(event, Event::CollectionReplaced { .. });
    assert_eq!(host.all_events().into_iter().filter(replaced).count(), 2);
}

#[test]
fn what_was_wrong_with_an_upload_whose_client_has_left_is_told_once_at_its_next_sync() {
    let (host, gate) = host();
    let (mut first, mut second) = (host.device("s1"), host.device("s2"));
    gate.open();
    upload_and_leave(&host, &first, b"no collection");
    let told = wait_for("the reason", || {
        let meta = first.meta();
        meta["msg"].as_str().filter(|text| text.contains("is not an Anki collection"))?;
        Some(meta)
    });
    assert_eq!(told["cont"], true);
    assert_eq!(first.meta()["msg"], "");
    assert_eq!(second.meta()["msg"], "");
}

#[test]
fn an_upload_that_breaks_off_is_no_reason_for_a_word() {
    let (host, _gate) = host();
    let mut device = host.device("s1");
    let mut leaving = host.device("s1");
    leaving.token.clone_from(&device.token);
    let header = leaving.header();
    leaving.connection.begin_chunked("/sync/upload", &header);
    leaving.connection.chunk(&compress(&collection_with_review(2))[..100]).unwrap();
    drop(leaving);
    wait_for_no_temporary_file(&host);
    host.record("upload", 0);
    assert_eq!(device.meta()["msg"], "");
}

fn revoked_meanwhile(revoke: impl FnOnce(&Host)) {
    let (host, gate) = host();
    let mut other = host.device("s2");
    assert_eq!(other.start().status, 200);
    assert_eq!(other.send_review(1).status, 200);
    assert_eq!(other.finish().status, 200);
    let folder = host.account_folder();
    let mut device = host.device("s1");
    let answer = thread::scope(|scope| {
        let file = collection_with_review(7);
        let token = device.token.clone();
        let uploading = scope.spawn(move || device.upload(&file));
        let mut asking = Device { connection: host.connect(), token, session: "s3".to_owned() };
        meta_while_checking(&mut asking);
        revoke(&host);
        gate.open();
        uploading.join().unwrap()
    });
    assert_eq!(answer.status, 403);
    assert_eq!(reviews_in(&folder.join("collection.anki2")), [1]);
    assert!(!folder.join("backups").exists());
}

#[test]
fn an_upload_does_not_outlive_its_devices_revocation() {
    revoked_meanwhile(|host| {
        let devices = host.registry.devices(Some(ACCOUNT)).unwrap();
        host.registry.revoke_device(devices.last().unwrap().id).unwrap();
    });
}

#[test]
fn an_upload_does_not_outlive_a_changed_password() {
    revoked_meanwhile(|host| host.registry.set_password(ACCOUNT, "another secret").unwrap());
}

#[test]
fn an_upload_does_not_outlive_its_account() {
    revoked_meanwhile(|host| host.registry.remove_account(ACCOUNT).unwrap());
}

#[test]
fn other_requests_whose_body_was_under_way_do_not_outlive_a_revocation_either() {
    let (host, _gate) = host();
    for path in ["/sync/finish", "/msync/uploadChanges"] {
        let mut device = host.device("s1");
        let header = device.header();
        device.connection.begin_chunked(path, &header);
        let body = compress(b"{\"_pad\":null}");
        device.connection.chunk(&body[..4]).unwrap();
        // By then the first one has been let in, too.
        let (connection, token) = (host.connect(), device.token.clone());
        let mut asking = Device { connection, token, session: "s2".to_owned() };
        assert_eq!(asking.meta()["cont"], true);
        let devices = host.registry.devices(Some(ACCOUNT)).unwrap();
        host.registry.revoke_device(devices.last().unwrap().id).unwrap();
        device.connection.chunk(&body[4..]).unwrap();
        device.connection.write(b"0\r\n\r\n").unwrap();
        assert_eq!(device.connection.response().status, 403, "{path}");
    }
}

/// A collection whose check takes a while.
fn large_collection() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collection.anki2");
    std::fs::write(&path, collection_with_review(7)).unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let rows = "PRAGMA synchronous = OFF; PRAGMA journal_mode = DELETE;
         WITH RECURSIVE n(x) AS (SELECT 100 UNION ALL SELECT x + 1 FROM n WHERE x < 600000)
         INSERT INTO revlog SELECT x, (x * 7919) % 600000, 0, 3, 1, 1, 2500, 1000, 0 FROM n;";
    conn.execute_batch(rows).unwrap();
    conn.close().unwrap();
    std::fs::read(&path).unwrap()
}

#[test]
fn nothing_of_an_upload_outlives_the_endpoint() {
    let mut host = Host::start();
    let mut device = host.device("s1");
    device.meta();
    upload_and_leave(&host, &device, &large_collection());
    meta_while_checking(&mut device);
    host.stop();
    // Ended, and not finished: nobody was there to wait for it.
    assert!(host.files().iter().all(|name| !name.ends_with(".tmp")), "{:?}", host.files());
    assert!(stored(&host).is_empty());
    let host = Host::start_with(host.into_data(), |_| {});
    assert_eq!(host.device("s2").meta()["cont"], true);
}

#[test]
fn what_is_refused_is_refused_while_it_is_still_being_sent() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.limits.max_upload_bytes = 1_000_000;
    });
    let mut device = host.device("s1");
    let mut noise = vec![0; 2_000_000];
    getrandom::fill(&mut noise).unwrap();
    let header = device.header();
    device.connection.begin_chunked("/sync/upload", &header);
    let body = compress(&noise);
    device.connection.chunk(&body).unwrap();
    assert!(device.connection.response().text().contains("larger than the 1 MB"));
    // What it still sends does not disturb anybody, and it can go on.
    device.connection.chunk(&body).unwrap();
    device.connection.write(b"0\r\n\r\n").unwrap();
    assert_eq!(device.meta()["cont"], true);
}

#[test]
fn an_upload_that_cannot_fit_on_the_disk_is_refused_before_it_is_sent() {
    let host = Host::start();
    let mut device = host.device("s1");
    device.meta();
    let header = device.header();
    let head = format!(
        "POST /sync/upload HTTP/1.1\r\nhost: x\r\n{header}content-length: {}\r\n\r\n",
        1_u64 << 60
    );
    device.connection.write(head.as_bytes()).unwrap();
    assert!(device.connection.response().text().contains("disk of the sync endpoint is full"));
    drop(device);
    assert!(host.files().iter().all(|name| !name.ends_with(".tmp")), "{:?}", host.files());
}
