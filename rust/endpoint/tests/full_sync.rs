//! Upload and download over raw HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::path::PathBuf;
use std::time::Duration;

use common::{Host, collection_with_review, compress, reviews_in};
use deckport_endpoint::Event;
use serde_json::json;

fn stored(host: &Host) -> Vec<i64> {
    reviews_in(&host.account_folder().join("collection.anki2"))
}

/// The files of the backups.
fn backups(host: &Host) -> Vec<PathBuf> {
    let files = std::fs::read_dir(host.account_folder().join("backups")).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().unwrap() == "anki2").collect()
}

#[test]
fn an_uploaded_collection_is_served_and_downloaded_as_it_is() {
    let host = Host::start();
    let mut device = host.device("s1");
    let before = device.meta();
    assert_eq!(before["empty"], true);
    assert_eq!(device.upload(&collection_with_review(7)).text(), "OK");
    assert_eq!(stored(&host), [7]);
    assert_eq!(device.meta()["mod"], 1_795_177_887_205_i64);

    let downloaded = host.device("s2").call("download", &json!({"_pad": null})).content();
    let copy = host.data.path().join("copy.anki2");
    std::fs::write(&copy, downloaded).unwrap();
    assert_eq!(reviews_in(&copy), [7]);
    let size = std::fs::metadata(&copy).unwrap().len();
    assert!(host.all_events().iter().any(|event| matches!(
        event,
        Event::CollectionReplaced { bytes, .. } if *bytes > 0 && *bytes <= size
    )));
}

#[test]
fn a_new_account_downloads_a_real_empty_collection() {
    let host = Host::start();
    let downloaded = host.device("s1").call("download", &json!({"_pad": null})).content();
    assert!(downloaded.starts_with(b"SQLite format 3\0"));
}

#[test]
fn a_downloads_temporary_file_does_not_stay() {
    let host = Host::start();
    let mut device = host.device("s1");
    device.upload(&collection_with_review(7));
    device.call("download", &json!({"_pad": null})).content();
    assert!(host.files().iter().all(|name| !name.ends_with(".tmp")), "{:?}", host.files());
}

#[test]
fn the_replaced_collection_is_kept() {
    let host = Host::start();
    let mut device = host.device("s1");
    device.upload(&collection_with_review(1));
    device.upload(&collection_with_review(2));
    assert_eq!(stored(&host), [2]);
    let kept = backups(&host);
    assert_eq!(kept.len(), 1);
    assert_eq!(reviews_in(&kept[0]), [1]);
}

#[test]
fn an_upload_that_is_no_collection_is_explained_and_changes_nothing() {
    let host = Host::start();
    let mut device = host.device("s1");
    device.upload(&collection_with_review(1));
    let whole = compress(&collection_with_review(2));
    let bodies: [&[u8]; 5] =
        [b"", b"not zstd", &compress(b""), &compress(b"not a database"), &whole[..whole.len() / 2]];
    for body in bodies {
        let text = device.send("upload", body).text();
        assert!(text.len() > 10 && text != "OK", "{text}");
        assert_eq!(stored(&host), [1]);
    }
    let mut damaged = collection_with_review(2);
    damaged[5000..9000].fill(0xaa);
    assert_ne!(device.upload(&damaged).text(), "OK");
    assert_eq!(stored(&host), [1]);
    assert!(host.files().iter().all(|name| !name.ends_with(".tmp")), "{:?}", host.files());
    assert!(host.record("upload", 1).outcome.starts_with("upload refused: "));
}

#[test]
fn an_oversized_upload_is_read_to_its_end_and_explained() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.limits.max_upload_bytes = 1_000_000;
    });
    let mut device = host.device("s1");
    let mut noise = vec![0; 8_000_000];
    getrandom::fill(&mut noise).unwrap();
    let text = device.upload(&noise).text();
    assert!(text.contains("larger than the 1 MB"), "{text}");
    // A small body that grows.
    let text = device.upload(&vec![0; 50_000_000]).text();
    assert!(text.contains("larger than the 1 MB"), "{text}");
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing_and_frees_the_lease() {
    let host = Host::start();
    let (mut first, mut second) = (host.device("s1"), host.device("s2"));
    first.upload(&collection_with_review(1));
    let header = first.header();
    first.connection.begin_chunked("/sync/upload", &header);
    first.connection.chunk(&compress(&collection_with_review(2))[..100]).unwrap();
    drop(first);
    // Waits for the lease until the broken upload is noticed.
    assert_eq!(second.start().status, 200);
    assert_eq!(second.finish().status, 200);
    assert_eq!(stored(&host), [1]);
}

#[test]
fn an_upload_of_another_device_waits_and_is_told_so() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.timings.lease_wait = Duration::from_millis(50);
    });
    let (mut first, mut second) = (host.device("s1"), host.device("s2"));
    assert_eq!(first.start().status, 200);
    assert_eq!(first.send_review(1).status, 200);
    assert_eq!(second.upload(&collection_with_review(2)).status, 409);
    assert_eq!(second.call("download", &json!({"_pad": null})).status, 409);
    assert_eq!(first.finish().status, 200);
    assert_eq!(stored(&host), [1]);
}

#[test]
fn leftovers_of_a_crash_are_removed_at_the_next_start() {
    let mut host = Host::start();
    host.device("s1").meta();
    host.stop();
    let folder = host.account_folder();
    std::fs::write(folder.join("upload-0123456789abcdef.tmp"), "half a collection").unwrap();
    std::fs::write(folder.join("mine.tmp"), "not ours").unwrap();
    let data = host.into_data();
    let host = Host::start_with(data, |_| {});
    assert_eq!(host.files(), ["collection.anki2", "mine.tmp"]);
}

#[test]
fn a_client_that_leaves_in_mid_download_leaves_no_file_behind() {
    let host = Host::start();
    let mut device = host.device("s1");
    let path = host.account_folder().join("collection.anki2");
    device.upload(&collection_with_review(1));
    // Large, and hard to compress: it cannot all disappear into the network's buffers.
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute("INSERT INTO config VALUES ('noise', 0, 0, randomblob(60000000))", []).unwrap();
    conn.close().unwrap();
    let header = device.header();
    device.connection.begin_chunked("/sync/download", &header);
    device.connection.chunk(&compress(b"{}")).unwrap();
    device.connection.write(b"0\r\n\r\n").unwrap();
    common::wait_for("the temporary file", || {
        host.files().into_iter().find(|name| name.starts_with("download-"))
    });
    drop(device);
    assert_eq!(host.record("download", 0).outcome, "the client went away");
    common::wait_for("its end", || {
        host.files().iter().all(|name| !name.ends_with(".tmp")).then_some(())
    });
}

#[test]
fn an_upload_that_cannot_be_put_in_place_is_explained_and_changes_nothing() {
    let host = Host::start();
    let mut device = host.device("s1");
    device.upload(&collection_with_review(1));
    // Where the replaced collection should go.
    std::fs::write(host.account_folder().join("backups"), "in the way").unwrap();
    let text = device.upload(&collection_with_review(2)).text();
    assert!(text.contains("could not replace the collection"), "{text}");
    assert_eq!(stored(&host), [1]);
    assert_eq!(device.start().status, 200);
    assert_eq!(device.finish().status, 200);
}

#[test]
fn a_collection_of_an_older_format_is_brought_up_to_date_and_the_old_file_kept() {
    let mut host = Host::start();
    host.device("s1").upload(&collection_with_review(1));
    host.stop();
    let path = host.account_folder().join("collection.anki2");
    let old = path.with_extension("old");
    let collection = deckport_collection::Collection::open(&path).unwrap();
    deckport_collection::export_schema11(&collection, &old).unwrap();
    collection.close().unwrap();
    std::fs::rename(old, path).unwrap();
    let host = Host::start_with(host.into_data(), |_| {});
    assert_eq!(host.device("s1").meta()["cont"], true);
    assert_eq!(stored(&host), [1]);
    let kept = backups(&host);
    assert_eq!(kept.len(), 1);
    assert!(kept[0].to_str().unwrap().ends_with("-upgrade.anki2"));
    assert_eq!(reviews_in(&kept[0]), [1]);
}
