//! Uploaded batches of media: any bytes, and zips that lie.
//!
//! Input: a first byte that chooses, then either the zip itself or groups of five bytes, each an
//! entry: a name, a size, and what is wrong with it. The store lives on for some runs, so that
//! batches meet files that are there.
#![no_main]

mod scratch;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use deckport_media::MediaStore;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// 2026-01-10, in ms.
const NOW: i64 = 1_768_040_000_000;
/// After so many runs the next begins with an empty folder.
const RUNS: u32 = 200;
/// A batch of small files is held in memory until it is committed; that and little more.
const MOST_MEMORY: usize = 24 << 20;

const NAMES: [&str; 16] = [
    "a.jpg",
    "A.JPG",
    "../escaped",
    "/etc/escaped",
    "..",
    ".",
    "",
    "sub/file",
    "back\\slash",
    "nul\0byte",
    "con.txt",
    ".deckport-incoming",
    "???",
    "cafe\u{301}",
    "trail.",
    "media.db",
];

struct Account {
    root: TempDir,
    store: Option<MediaStore>,
    runs: u32,
}

thread_local! {
    static ACCOUNT: RefCell<Account> = RefCell::new(Account::new());
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let zip = if kind % 4 == 0 { rest.to_vec() } else { lying_zip(rest) };
    ACCOUNT.with_borrow_mut(|account| {
        if account.runs == RUNS {
            *account = Account::new();
        }
        account.runs += 1;
        account.take(zip);
    });
});

impl Account {
    fn new() -> Account {
        let root = scratch::folder();
        let folder = root.path().join("account");
        fs::create_dir(&folder).expect("a folder");
        let store = Some(MediaStore::open(&folder, NOW).expect("a store"));
        Account { root, store, runs: 0 }
    }

    fn take(&mut self, zip: Vec<u8>) {
        let folder = self.root.path().join("account");
        let store = self.store.as_mut().expect("an open store");
        let before = store.summary().expect("a summary");
        MEMORY.begin();
        let result = store.apply_upload(Cursor::new(zip), NOW);
        assert!(MEMORY.peak() < MOST_MEMORY, "{} bytes of memory", MEMORY.peak());
        let after = store.summary().expect("a summary");
        match result {
            Ok(result) => {
                assert_eq!(after.usn, result.current_usn);
                assert_eq!(i64::from(after.usn - before.usn), i64::from(result.processed));
                all_can_be_fetched(store);
            }
            Err(_) => assert_eq!(after, before),
        }
        nothing_is_elsewhere(self.root.path(), &folder);
    }
}

/// Every listed file comes with the content that its listing tells of.
fn all_can_be_fetched(store: &mut MediaStore) {
    let changes = store.changes_since(0).expect("the changes");
    let names: Vec<String> = changes
        .into_iter()
        .filter(|change| change.sha1.is_some())
        .map(|change| change.name)
        .collect();
    for batch in names.chunks(25) {
        let mut zip = store.download(batch, NOW).expect("a download");
        let mut bytes = Vec::new();
        zip.read_to_end(&mut bytes).expect("a zip");
        assert_eq!(bytes.len() as u64, zip_size(store, batch));
    }
}

fn zip_size(store: &mut MediaStore, batch: &[String]) -> u64 {
    store.download(batch, NOW).expect("the same download").zip_bytes()
}

/// Only the places of an account are used, and the media folder holds nothing but files.
fn nothing_is_elsewhere(root: &Path, folder: &Path) {
    assert_eq!(entries(root), BTreeSet::from(["account".to_owned()]));
    for entry in entries(folder) {
        assert!(["media", "media.trash", "media.db", "media.db-wal"].contains(&&*entry), "{entry}");
    }
    for entry in fs::read_dir(folder.join("media")).expect("the media folder") {
        let entry = entry.expect("an entry");
        let is_file = entry.file_type().expect("a type").is_file();
        let name = entry.file_name();
        if name == ".deckport-incoming" || !is_file {
            assert!(!is_file, "{name:?}");
            assert_eq!(entries(&entry.path()), BTreeSet::new(), "{name:?}");
        }
    }
}

fn entries(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).expect("a folder");
    names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

/// A zip whose entries do as told by five bytes each.
fn lying_zip(data: &[u8]) -> Vec<u8> {
    let mut zip = Zip::default();
    let mut list = Vec::new();
    for (number, bytes) in data.chunks_exact(5).enumerate().take(200) {
        let [name, size, fill, lie, entry] = [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]];
        let name = match NAMES.get(usize::from(name)) {
            Some(name) => (*name).to_owned(),
            None => char::from(name).to_string().repeat(usize::from(entry) + 1),
        };
        let entry = if lie & 64 != 0 { usize::from(entry) } else { number }.to_string();
        if lie & 128 != 0 {
            list.push(serde_json::json!([name, if lie & 1 == 0 { None } else { Some("") }]));
            continue;
        }
        // Up to 2 MB for what is compressed to next to nothing.
        let size = usize::from(size) * if lie & 32 != 0 { 8192 } else { 7 };
        zip.add(&entry, &vec![fill; size], lie);
        list.push(serde_json::json!([name, entry]));
    }
    let lie = data.last().copied().unwrap_or_default() & 16;
    zip.add("_meta", &serde_json::to_vec(&list).expect("a list"), lie);
    zip.finish()
}

#[derive(Default)]
struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    entries: u16,
}

impl Zip {
    /// Bits of `lie`: 1 size, 2 checksum, 4 packed size, 8 method, 16 deflated.
    fn add(&mut self, name: &str, content: &[u8], lie: u8) {
        let mut packed = content.to_vec();
        let mut method: u16 = 0;
        if lie & 16 != 0 {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(content).expect("memory takes all");
            packed = encoder.finish().expect("memory takes all");
            method = 8;
        }
        if lie & 8 != 0 {
            method ^= 8;
        }
        let crc = crc32fast::hash(content) ^ u32::from(lie >> 1 & 1);
        let size = content.len() as u32 ^ (u32::from(lie & 1) * 0x00ff_ffff);
        let packed_size = (packed.len() as u32).wrapping_add(u32::from(lie & 4) * 1000);
        let mut head = vec![20, 0, 0, 0];
        head.extend(method.to_le_bytes());
        head.extend([0; 4]);
        for number in [crc, packed_size, size] {
            head.extend(number.to_le_bytes());
        }
        head.extend((name.len() as u16).to_le_bytes());
        head.extend([0; 2]);
        let offset = self.bytes.len() as u32;
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&head);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(packed);
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&head);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.entries += 1;
    }

    fn finish(mut self) -> Vec<u8> {
        let offset = self.bytes.len() as u32;
        let size = self.directory.len() as u32;
        self.bytes.extend(self.directory);
        self.bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.bytes.extend(self.entries.to_le_bytes());
        self.bytes.extend(self.entries.to_le_bytes());
        self.bytes.extend(size.to_le_bytes());
        self.bytes.extend(offset.to_le_bytes());
        self.bytes.extend([0; 2]);
        self.bytes
    }
}

#[global_allocator]
static MEMORY: Counting = Counting { now: AtomicUsize::new(0), peak: AtomicUsize::new(0) };

/// The system's memory, and how much of it was in use at most.
struct Counting {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Counting {
    fn begin(&self) {
        self.now.store(0, Ordering::Relaxed);
        self.peak.store(0, Ordering::Relaxed);
    }

    fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

// SAFETY: the system does the work; the numbers are only looked at.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = self.now.fetch_add(layout.size(), Ordering::Relaxed).wrapping_add(layout.size());
        // What was there before `begin` may be freed after it: below zero is no peak.
        if now < usize::MAX / 2 {
            self.peak.fetch_max(now, Ordering::Relaxed);
        }
        // SAFETY: as told by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as told by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}
