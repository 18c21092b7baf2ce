//! Media over raw HTTP: both framings, limits, and what is told when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{Device, Host, Response, compress};
use deckport_wire::media::zip::ZipBuilder;
use serde_json::{Value, json};

/// A batch as clients send it; `None` is a deletion.
fn batch(files: &[(&str, Option<&[u8]>)]) -> Vec<u8> {
    let mut builder = ZipBuilder::new();
    let (mut zip, mut list) = (Vec::new(), Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let size = u32::try_from(bytes.len()).unwrap();
        zip.extend(builder.entry(name, size, crc32fast::hash(bytes)).unwrap());
        zip.extend_from_slice(bytes);
    };
    for (place, (name, content)) in files.iter().enumerate() {
        match content {
            Some(content) => {
                add(&place.to_string(), content);
                list.push(json!([name, place.to_string()]));
            }
            None => list.push(json!([name, null])),
        }
    }
    add("_meta", &serde_json::to_vec(&list).unwrap());
    zip.extend(builder.finish().unwrap());
    zip
}

/// The files of a download zip by name.
fn unzip(zip: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut content = |entry: &str| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name(entry).unwrap(), &mut bytes).unwrap();
        bytes
    };
    let names: Value = serde_json::from_slice(&content("_meta")).unwrap();
    let names = names.as_object().unwrap();
    names.iter().map(|(entry, name)| (name.as_str().unwrap().into(), content(entry))).collect()
}

/// 6 MB that cannot be compressed.
fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..750_000).flat_map(|_| next()).collect()
}

fn post(device: &mut Device, method: &str, body: &[u8]) -> Response {
    let header = device.header();
    device.connection.request("POST", &format!("/msync/{method}"), &header, &compress(body))
}

fn ask(device: &mut Device, method: &str, body: &Value) -> Value {
    let answer = post(device, method, body.to_string().as_bytes()).json();
    assert_eq!(answer["err"], "", "{answer}");
    answer["data"].clone()
}

/// A form of the old clients, data first as desktops send it.
fn form(device: &mut Device, method: &str, key: &str, data: &[u8], gzip: bool) -> Response {
    let part = |name: &str| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"");
    let mut body = format!("{}; filename=\"data\"\r\n\r\n", part("data")).into_bytes();
    if gzip {
        let mut encoder = flate2::write::GzEncoder::new(&mut body, flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, data).unwrap();
        encoder.finish().unwrap();
    } else {
        body.extend_from_slice(data);
    }
    let flag = if gzip { "1" } else { "0" };
    let fields = [("c", flag), ("sk", key), ("v", "ankidroid,2.16.5,device")];
    for (name, value) in fields {
        body.extend(format!("\r\n{}\r\n\r\n{value}", part(name)).into_bytes());
    }
    body.extend_from_slice(b"\r\n--B--\r\n");
    let head = "content-type: multipart/form-data; boundary=B\r\n";
    device.connection.request("POST", &format!("/msync/{method}"), head, &body)
}

fn plain(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

#[test]
fn files_sent_by_one_device_arrive_at_another() {
    let host = Host::start();
    let (mut one, mut two) = (host.device("s1"), host.device("s2"));
    let begun = ask(&mut one, "begin", &json!({"v": "anki,26.09.3 (29bb700b),linux"}));
    assert_eq!(begun["usn"], 0);
    assert!(begun["sk"].is_string());
    let zip = batch(&[("a.txt", Some(b"hi")), ("gone.txt", None)]);
    assert_eq!(post(&mut one, "uploadChanges", &zip).json()["data"], json!([2, 2]));
    assert_eq!(ask(&mut one, "mediaSanity", &json!({"local": 1})), "OK");

    assert_eq!(two.meta()["media_usn"], 2);
    let page = ask(&mut two, "mediaChanges", &json!({"lastUsn": 0}));
    assert_eq!(page[0], json!(["a.txt", 1, "c22b5f9178342609428d6f51b2c5af4c0bde6a42"]));
    assert_eq!(ask(&mut two, "mediaChanges", &json!({"lastUsn": 2})), json!([]));
    let zip = post(&mut two, "downloadFiles", br#"{"files":["a.txt"]}"#);
    assert_eq!(zip.header("anki-original-size"), Some(&*zip.content().len().to_string()));
    assert_eq!(unzip(zip.content()), [("a.txt".to_owned(), b"hi".to_vec())]);
    assert_eq!(ask(&mut two, "mediaSanity", &json!({"local": 7})), "mediaSanity");
    assert_eq!(std::fs::read(host.account_folder().join("media/a.txt")).unwrap(), b"hi");
}

#[test]
fn old_clients_sync_with_forms_and_a_session_in_their_key() {
    let host = Host::start();
    let mut device = host.device("s1");
    let query = format!("/msync/begin?k={}&v=anki%2C2.1.28+%287d%29%2Clinux", device.token);
    let begun = plain(&device.connection.request("GET", &query, "", b""));
    let key = begun["data"]["sk"].as_str().unwrap().to_owned();
    assert!(key.starts_with(&device.token) && key.len() > device.token.len(), "{key}");
    let zip = batch(&[("b.txt", Some(b"old"))]);
    let sent = form(&mut device, "uploadChanges", &key, &zip, false);
    assert_eq!(plain(&sent), json!({"data": [1, 1], "err": ""}));
    for gzip in [false, true] {
        let page = form(&mut device, "mediaChanges", &key, br#"{"lastUsn":0}"#, gzip);
        assert_eq!(plain(&page)["data"][0][0], "b.txt");
    }
    let files = form(&mut device, "downloadFiles", &key, br#"{"files":["b.txt"]}"#, true);
    assert_eq!(unzip(files.body), [("b.txt".to_owned(), b"old".to_vec())]);
    // Legacy AnkiDroid begins with a form; a batch may even be compressed.
    let token = device.token.clone();
    let begun = form(&mut device, "begin", &token, b"{}", true);
    let key = plain(&begun)["data"]["sk"].as_str().unwrap().to_owned();
    let zip = batch(&[("c.txt", Some(b"new")), ("b.txt", None)]);
    let sent = form(&mut device, "uploadChanges", &key, &zip, true);
    assert_eq!(plain(&sent)["data"], json!([2, 3]));
    assert_eq!(
        plain(&form(&mut device, "mediaSanity", &key, br#"{"local":1}"#, true))["data"],
        "OK"
    );
}

#[test]
fn a_large_file_goes_through_both_framings_and_leaves_no_temporary_file() {
    let host = Host::start();
    let mut device = host.device("s1");
    let content = noise();
    let zip = batch(&[("one.bin", Some(&content))]);
    assert_eq!(post(&mut device, "uploadChanges", &zip).json()["data"], json!([1, 1]));
    let key = device.token.clone();
    for (usn, gzip) in [(2, false), (3, true)] {
        let zip = batch(&[("two.bin", Some(&content))]);
        let sent = form(&mut device, "uploadChanges", &key, &zip, gzip);
        assert_eq!(plain(&sent)["data"], json!([1, usn]));
    }
    let zip = post(&mut device, "downloadFiles", br#"{"files":["one.bin","two.bin"]}"#);
    assert_eq!(zip.header("transfer-encoding"), Some("chunked"));
    let files = unzip(zip.content());
    // The first one is beyond what a batch holds.
    assert_eq!(files, [("one.bin".to_owned(), content.clone())]);
    let zip = form(&mut device, "downloadFiles", &key, br#"{"files":["two.bin"]}"#, false);
    assert_eq!(zip.header("content-length"), Some(&*zip.body.len().to_string()));
    assert_eq!(unzip(zip.body), [("two.bin".to_owned(), content)]);
    let left = |folder: &std::path::Path| {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().contains(".tmp")).count()
    };
    assert_eq!(left(host.data.path()) + left(&host.account_folder()), 0);
}

#[test]
fn nothing_is_unpacked_for_a_stranger() {
    let host = Host::start();
    let mut device = host.device("s1");
    let token = std::mem::replace(&mut device.token, "unknown".to_owned());
    let header = device.header();
    let bomb = compress(&vec![0; 50_000_000]);
    let refused = device.connection.request("POST", "/msync/uploadChanges", &header, &bomb);
    assert_eq!(refused.status, 403);
    let refused = device.connection.request("GET", "/msync/begin?k=unknown&v=x", "", b"");
    assert_eq!(refused.status, 403);
    assert_eq!(form(&mut device, "mediaSanity", "unknown", br#"{"local":0}"#, false).status, 403);
    let revoked = format!("{token}-0123456789abcdef");
    assert_eq!(form(&mut device, "mediaSanity", &revoked, br#"{"local":0}"#, false).status, 200);
}

#[test]
fn what_is_wrong_is_told_in_words_that_clients_show() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.limits.max_media_batch_bytes = 5_000_000;
    });
    let mut device = host.device("s1");
    let told = |answer: &Value| {
        assert_eq!(answer["data"], Value::Null);
        answer["err"].as_str().unwrap().to_owned()
    };
    let noise = noise();
    let text = told(&post(&mut device, "uploadChanges", &noise).json());
    assert!(text.contains("larger than the 5 MB"), "{text}");
    let key = device.token.clone();
    let text = told(&plain(&form(&mut device, "uploadChanges", &key, &noise, false)));
    assert!(text.contains("larger than the 5 MB"), "{text}");
    let text = told(&post(&mut device, "uploadChanges", b"no zip").json());
    assert!(text.contains("cannot be read"), "{text}");
    std::fs::write(host.account_folder().join("media.db-away"), "").unwrap();
    // The store is open and closed only after a while; a second host finds the broken file.
    let data = host.into_data();
    let account = std::fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().path());
    let folder = account.into_iter().find(|path| path.is_dir()).unwrap();
    std::fs::write(folder.join("media.db"), "this is a text and no database at all, nothing")
        .unwrap();
    let host = Host::start_with(data, |_| {});
    let mut device = host.device("s3");
    let text = told(&post(&mut device, "begin", br#"{"v":"anki"}"#).json());
    assert!(text.contains("not a media database"), "{text}");
    // The collection is not concerned.
    assert_eq!(device.meta()["cont"], true);
}

#[test]
fn requests_that_no_client_sends_are_a_400() {
    let host = Host::start();
    let mut device = host.device("s1");
    for (method, body) in [
        ("begin", "{}"),
        ("begin", r#"{"v":""}"#),
        ("mediaChanges", "{}"),
        ("mediaChanges", r#"{"lastUsn":"1"}"#),
        ("downloadFiles", "[]"),
        ("mediaSanity", r#"{"local":-1}"#),
    ] {
        assert_eq!(post(&mut device, method, body.as_bytes()).status, 400, "{method} {body}");
    }
    assert_eq!(post(&mut device, "nonsense", b"{}").status, 404);
    assert_eq!(device.connection.request("GET", "/msync/mediaSanity", "", b"").status, 405);
    assert_eq!(post(&mut device, "downloadFiles", br#"{"files":["x"]}"#).status, 409);
    // A negative usn asks for everything.
    assert_eq!(ask(&mut device, "mediaChanges", &json!({"lastUsn": -1})), json!([]));
}

#[test]
fn an_account_may_have_a_quota_beyond_which_only_small_things_are_taken() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.limits.max_account_bytes = Some(2_000_000);
    });
    let mut device = host.device("s1");
    let collection = common::collection_with_review(1);
    assert_eq!(device.upload(&collection).content(), b"OK");
    let zip = batch(&[("large.bin", Some(&noise()[..1_500_000]))]);
    assert_eq!(post(&mut device, "uploadChanges", &zip).json()["data"], json!([1, 1]));
    let zip = batch(&[("more.bin", Some(&noise()[..600_000]))]);
    let refused = post(&mut device, "uploadChanges", &zip).json();
    assert!(refused["err"].as_str().unwrap().contains("may hold 2 MB"), "{refused}");
    let large = common::padded(&collection, 600_000);
    let refused = device.upload(&large).content();
    assert!(String::from_utf8(refused).unwrap().contains("may hold 2 MB"));
    let zip = batch(&[("large.bin", None)]);
    assert_eq!(post(&mut device, "uploadChanges", &zip).json()["data"], json!([1, 2]));
    assert_eq!(device.upload(&large).content(), b"OK");
}

#[test]
fn old_backups_give_way_to_a_quota_before_anything_is_refused() {
    let host = Host::start_with(tempfile::tempdir().unwrap(), |options| {
        options.limits.max_account_bytes = Some(2_000_000);
    });
    let mut device = host.device("s1");
    let small = common::collection_with_review(1);
    let large = common::padded(&small, 500_000);
    for _ in 0..4 {
        assert_eq!(device.upload(&large).content(), b"OK");
    }
    let backups = || -> Vec<u64> {
        let found = std::fs::read_dir(host.account_folder().join("backups")).unwrap();
        let files = found.map(|entry| entry.unwrap());
        let backups = files.filter(|file| file.path().extension().is_some_and(|e| e == "anki2"));
        backups.map(|file| file.metadata().unwrap().len()).collect()
    };
    // Two fit beside the collection, a third one does not.
    assert_eq!(backups().len(), 2);
    assert!(backups().iter().sum::<u64>() + (large.len() as u64) < 2_000_000);
    let zip = batch(&[("some.bin", Some(&noise()[..300_000]))]);
    assert_eq!(post(&mut device, "uploadChanges", &zip).json()["data"], json!([1, 1]));
    assert_eq!(backups().len(), 1);
    // The last one stays, so this does not fit.
    let zip = batch(&[("more.bin", Some(&noise()[..600_000]))]);
    let refused = post(&mut device, "uploadChanges", &zip).json();
    assert!(refused["err"].as_str().unwrap().contains("may hold 2 MB"), "{refused}");
    assert_eq!(backups().len(), 1);
}
