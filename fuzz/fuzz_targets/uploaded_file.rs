//! Uploaded collection files: any bytes, and valid files with bytes changed in places.
//!
//! Input: a first byte that chooses, then either the file itself or groups of five bytes, each an
//! offset (four bytes) and what to write there.
#![no_main]

mod scratch;

use std::sync::LazyLock;

use deckport_collection::{Collection, accept_upload};
use deckport_ground::interrupt::Interrupt;
use libfuzzer_sys::fuzz_target;

/// 2026-01-10, in ms.
const NOW: i64 = 1_768_040_000_000;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(scratch::folder);

static VALID: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = FOLDER.path().join("valid.anki2");
    Collection::create(&path, NOW).and_then(Collection::close).expect("a collection");
    std::fs::read(&path).expect("a file")
});

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let file = if kind % 4 == 0 { rest.to_vec() } else { patched(rest) };
    let path = FOLDER.path().join("uploaded.anki2");
    std::fs::write(&path, file).expect("a file");
    if accept_upload(&path, NOW, &Interrupt::default()).is_ok() {
        // What was accepted can be served.
        let collection = Collection::open(&path).expect("an accepted file opens");
        collection.state().expect("an accepted file has a state");
        collection.close().expect("an accepted file closes");
    }
});

fn patched(patches: &[u8]) -> Vec<u8> {
    let mut file = VALID.clone();
    let length = file.len();
    for patch in patches.chunks_exact(5) {
        let offset = u32::from_le_bytes([patch[0], patch[1], patch[2], patch[3]]) as usize;
        file[offset % length] = patch[4];
    }
    file
}
