//! Collection packages: any bytes, and valid packages with bytes changed in places.
//!
//! Input: a first byte that chooses, then either the file itself or groups of three bytes, each an
//! offset (two bytes) and what to write there.
#![no_main]

use std::io::{Cursor, Write};
use std::sync::LazyLock;

use deckport_package::{Limits, PackageReader, PackageWriter, Version, file_kind};
use libfuzzer_sys::fuzz_target;

/// Small, so that a bomb is found to be one.
const LIMITS: Limits = Limits {
    collection_bytes: 1 << 16,
    media_files: 16,
    media_file_bytes: 1 << 14,
    media_bytes: 1 << 15,
};

/// A package of each version.
static VALID: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    [Version::Legacy1, Version::Legacy2, Version::Latest].map(|version| {
        let database = [b"SQLite format 3\0".as_slice(), &[0; 500]].concat();
        let target = Cursor::new(Vec::new());
        let bytes = database.len() as u64;
        let mut package = PackageWriter::new(target, version, &mut &*database, bytes)
            .expect("a package in memory");
        for (name, content) in [("a.txt", "content"), ("caf\u{e9}.png", ""), ("c", "cccccccc")] {
            let bytes = content.len() as u64;
            package.add_media(name, &mut content.as_bytes(), bytes).expect("a media file");
        }
        package.finish().expect("a package in memory").into_inner()
    })
});

/// Counts what is unpacked.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let file = match VALID.get(usize::from(kind % 4)) {
        Some(valid) => patched(valid.clone(), rest),
        None => rest.to_vec(),
    };
    let _ = file_kind(&mut Cursor::new(&file));
    let Ok(mut package) = PackageReader::open(Cursor::new(&file), LIMITS) else { return };
    let mut collection = Counter(0);
    let _ = package.copy_collection(&mut collection);
    assert!(collection.0 <= LIMITS.collection_bytes);
    let mut media = Counter(0);
    let mut largest = 0;
    for position in 0..package.media().len() {
        let name = &package.media()[position].name;
        assert!(!name.contains(['/', '\\', '\0']) && ![".", "..", ""].contains(&name.as_str()));
        let before = media.0;
        let _ = package.copy_media(position, &mut media);
        largest = largest.max(media.0 - before);
    }
    assert!(largest <= LIMITS.media_file_bytes);
});

fn patched(mut file: Vec<u8>, patches: &[u8]) -> Vec<u8> {
    let length = file.len();
    for patch in patches.chunks_exact(3) {
        let offset = usize::from(u16::from_le_bytes([patch[0], patch[1]]));
        file[offset % length] = patch[2];
    }
    file
}
