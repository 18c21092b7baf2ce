//! What is written can be read, and what a hostile stranger makes is refused.

use proptest::prelude::*;
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

/// Makes a package in memory.
fn written(version: Version, collection: &[u8], media: &[(String, Vec<u8>)]) -> Vec<u8> {
    let target = Cursor::new(Vec::new());
    let bytes = collection.len() as u64;
    let mut writer = PackageWriter::new(target, version, &mut &*collection, bytes).unwrap();
    for (name, content) in media {
        assert!(writer.add_media(name, &mut &**content, content.len() as u64).unwrap());
    }
    writer.finish().unwrap().into_inner()
}

type Contents = (Version, Vec<u8>, Vec<(String, Vec<u8>)>);

fn read(bytes: &[u8], limits: Limits) -> Result<Contents> {
    let mut reader = PackageReader::open(Cursor::new(bytes), limits)?;
    let mut collection = Vec::new();
    reader.copy_collection(&mut collection)?;
    let mut media = Vec::new();
    for position in 0..reader.media().len() {
        let mut content = Vec::new();
        reader.copy_media(position, &mut content)?;
        media.push((reader.media()[position].name.clone(), content));
    }
    Ok((reader.version(), collection, media))
}

/// A zip with these entries, stored.
fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn packed(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 0).unwrap()
}

fn map_of(name: &str, size: u32, sha1: &[u8]) -> Vec<u8> {
    let mut map = Vec::new();
    let (name, sha1) = (name.to_owned(), sha1.to_vec());
    let element = media_map::MediaEntry { name, size, sha1, entry: None };
    media_map::push_latest(&mut map, &element).unwrap();
    packed(&map)
}

/// A package of the latest version with one media file.
fn latest(map: &[u8], content: &[u8]) -> Vec<u8> {
    let database = packed(b"database");
    let entries: [(&str, &[u8]); 4] =
        [("meta", b"\x08\x03"), ("collection.anki21b", &database), ("0", content), ("media", map)];
    zip_of(&entries)
}

fn refusal(bytes: &[u8]) -> Error {
    read(bytes, Limits::default()).expect_err("it should be refused")
}

fn versions() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::Legacy1), Just(Version::Legacy2), Just(Version::Latest)]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        version in versions(),
        collection in prop::collection::vec(any::<u8>(), 0..5000),
        media in prop::collection::btree_map(
            "[a-zäß日_.1]{1,20}[a-z]", prop::collection::vec(any::<u8>(), 0..300), 0..8),
    ) {
        let media: Vec<(String, Vec<u8>)> = media.into_iter().collect();
        let bytes = written(version, &collection, &media);
        prop_assert_eq!(file_kind(&mut Cursor::new(&bytes)).unwrap(), FileKind::Package);
        let contents = read(&bytes, Limits::default()).unwrap();
        prop_assert_eq!(contents, (version, collection, media));
    }

    #[test]
    fn no_noise_is_more_than_an_error(
        at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>(),
    ) {
        let media = [("a.txt".to_owned(), b"content".to_vec())];
        let mut bytes = written(Version::Latest, b"database", &media);
        let changed = at.index(bytes.len());
        bytes[changed] = byte;
        let _ = read(&bytes, Limits::default());
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(read(&bytes, Limits::default()).is_err());
    }
}

#[test]
fn packages_of_old_clients_are_read() {
    let bytes = zip_of(&[
        ("collection.anki2", b"database"),
        ("7", b"x"),
        ("media", br#"{"7":"cafe\u0301.txt"}"#),
    ]);
    let media = vec![("caf\u{e9}.txt".to_owned(), b"x".to_vec())];
    let expected = (Version::Legacy1, b"database".to_vec(), media);
    assert_eq!(read(&bytes, Limits::default()).unwrap(), expected);
    // With the note to people with an older Anki beside it, and without a list of media.
    let bytes = zip_of(&[("collection.anki2", b"note"), ("collection.anki21", b"database")]);
    let (version, collection, _) = read(&bytes, Limits::default()).unwrap();
    assert_eq!((version, &*collection), (Version::Legacy2, &b"database"[..]));
}

#[test]
fn more_files_than_a_zip_of_old_can_have_are_written_and_read() {
    let media: Vec<_> = (0..66_000).map(|number| (format!("{number}.txt"), Vec::new())).collect();
    let bytes = written(Version::Legacy2, b"database", &media);
    let reader = PackageReader::open(Cursor::new(bytes), Limits::default()).unwrap();
    assert_eq!(reader.media().len(), 66_000);
}

#[test]
fn the_note_to_people_with_an_old_anki_is_never_taken_for_the_collection() {
    let database = packed(b"database");
    let list = packed(b"");
    let with_meta = |meta: &'static [u8]| {
        zip_of(&[
            ("meta", meta),
            ("collection.anki21b", &database),
            ("collection.anki2", b"note"),
            ("media", &list),
        ])
    };
    assert_eq!(read(&with_meta(b"\x08\x03"), Limits::default()).unwrap().1, b"database");
    assert!(matches!(refusal(&with_meta(b"\x08\x01")), Error::Broken(_)));
    assert!(matches!(refusal(&with_meta(b"\x08\x02")), Error::Broken(_)));
    let without = zip_of(&[("collection.anki21b", &database), ("collection.anki2", b"note")]);
    assert!(matches!(refusal(&without), Error::Broken(_)));
    let only_note = zip_of(&[("meta", b"\x08\x03"), ("collection.anki2", b"note")]);
    assert!(matches!(refusal(&only_note), Error::Broken(_)));
}

#[test]
fn later_versions_are_refused_as_such() {
    for meta in [&b"\x08\x04"[..], b"", b"\x08\x00"] {
        let bytes = zip_of(&[("meta", meta), ("collection.anki21b", b"x"), ("media", b"")]);
        assert!(matches!(refusal(&bytes), Error::TooNew(_)), "{meta:?}");
    }
}

#[test]
fn names_that_are_paths_are_refused() {
    for name in ["../x", "a/b", "..", "a\\b", "", "e\u{301}"] {
        let bytes = latest(&map_of(name, 1, &[0; 20]), &packed(b"x"));
        assert!(matches!(refusal(&bytes), Error::BadName), "{name:?}");
    }
    let bytes = zip_of(&[("collection.anki2", b"x"), ("0", b""), ("media", br#"{"0":"../x"}"#)]);
    assert!(matches!(refusal(&bytes), Error::BadName));
}

#[test]
fn sizes_that_lie_are_noticed() {
    for size in [0, 1, 6, 8, u32::MAX] {
        let bytes = latest(&map_of("a", size, &[0; 20]), &packed(b"content"));
        assert!(matches!(refusal(&bytes), Error::Broken(_) | Error::TooLarge(_)), "{size}");
    }
    let bytes = latest(&map_of("a", 7, &[0; 20]), &packed(b"content"));
    assert_eq!(read(&bytes, Limits::default()).unwrap().2[0].1, b"content");
    assert!(matches!(refusal(&latest(&map_of("a", 7, &[0; 3]), b"")), Error::Broken(_)));
}

#[test]
fn a_missing_file_and_a_name_twice_are_refused() {
    let missing = zip_of(&[("collection.anki2", b"x"), ("media", br#"{"0":"a"}"#)]);
    assert!(matches!(refusal(&missing), Error::Broken(_)));
    let map = br#"{"0":"a","1":"a"}"#;
    let twice = zip_of(&[("collection.anki2", b"x"), ("0", b""), ("1", b""), ("media", map)]);
    assert!(matches!(refusal(&twice), Error::Broken(_)));
}

#[test]
fn bombs_end_at_the_limits() {
    let limits = Limits {
        collection_bytes: 1 << 20,
        media_files: 10,
        media_file_bytes: 1 << 20,
        media_bytes: 1 << 20,
    };
    let zeros = vec![0; 2 << 20];
    let one = [("a".to_owned(), zeros.clone())];
    let many: Vec<_> = (0..11).map(|number| (number.to_string(), Vec::new())).collect();
    let two: Vec<_> = ["a", "b"].map(|name| (name.to_owned(), vec![0; 700_000])).into();
    for version in [Version::Legacy1, Version::Legacy2, Version::Latest] {
        for bytes in [
            written(version, &zeros, &[]),
            written(version, b"x", &one),
            written(version, b"x", &many),
            written(version, b"x", &two),
        ] {
            let refused = read(&bytes, limits).unwrap_err();
            assert!(matches!(refused, Error::TooLarge(_)), "{version:?} {refused}");
        }
    }
}

#[test]
fn a_frame_that_wants_a_huge_window_is_refused() {
    // A frame header that asks for a window of 2 GiB, and a block.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    let map = packed(b"");
    let bytes = zip_of(&[("meta", b"\x08\x03"), ("collection.anki21b", &frame), ("media", &map)]);
    assert!(matches!(refusal(&bytes), Error::Broken(_)));
}

#[test]
fn what_is_not_a_package_is_reported() {
    assert!(matches!(file_kind(&mut Cursor::new(b"")), Err(Error::NotAPackage)));
    assert!(matches!(file_kind(&mut Cursor::new(b"hello, world")), Err(Error::NotAPackage)));
    let database = b"SQLite format 3\0rest";
    assert_eq!(file_kind(&mut Cursor::new(database)).unwrap(), FileKind::Database);
    assert!(matches!(refusal(&zip_of(&[("hello", b"x")])), Error::Broken(_)));
}

#[test]
fn a_failing_target_is_not_the_packages_fault() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let bytes = written(Version::Latest, b"database", &[]);
    let mut reader = PackageReader::open(Cursor::new(bytes), Limits::default()).unwrap();
    let error = reader.copy_collection(&mut Full).unwrap_err();
    assert!(matches!(error, Error::Io(e) if e.kind() == std::io::ErrorKind::StorageFull));
}
