//! Zips of ours, of another library and of strangers.

use proptest::prelude::*;
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::*;

const LIMITS: ZipLimits = ZipLimits { entries: 100, directory_bytes: 1 << 20 };

/// The example of `media-sync` 5.1, as sent by 26.9.3: `a.txt` containing `hi`.
const EXAMPLE: &str = "
    504b0304 0a00 0000 0000 1c68745d ac2a93d8 02000000 02000000 0100 0000 30 6869
    504b0304 0a00 0000 0000 1c68745d f5e51185 0f000000 0f000000 0500 0000 5f6d657461
        5b5b22612e747874222c2230225d5d
    504b0102 0a03 0a00 0000 0000 1c68745d ac2a93d8 02000000 02000000
        0100 0000 0000 0000 0000 0000a481 00000000 30
    504b0102 0a03 0a00 0000 0000 1c68745d f5e51185 0f000000 0f000000
        0500 0000 0000 0000 0000 0000a481 21000000 5f6d657461
    504b0506 0000 0000 0200 0200 62000000 53000000 0000";

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|d| u8::try_from(d).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

fn ours(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = ZipBuilder::new();
    let mut bytes = Vec::new();
    for (name, content) in files {
        let size = u32::try_from(content.len()).unwrap();
        bytes.extend(builder.entry(name, size, crc32fast::hash(content)).unwrap());
        bytes.extend_from_slice(content);
    }
    bytes.extend(builder.finish().unwrap());
    bytes
}

/// What the library makes of the files.
fn theirs(files: &[(String, Vec<u8>)], method: CompressionMethod, streamed: bool) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(method);
    fn fill<W: Write + std::io::Seek>(
        mut writer: ZipWriter<W>,
        files: &[(String, Vec<u8>)],
        options: SimpleFileOptions,
    ) -> W {
        for (name, content) in files {
            writer.start_file(name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap()
    }
    if streamed {
        // As Java does: sizes and checksum after the content.
        let mut bytes = Vec::new();
        let mut writer = ZipWriter::new_stream(&mut bytes);
        for (name, content) in files {
            writer.start_file(name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap();
        bytes
    } else {
        fill(ZipWriter::new(Cursor::new(Vec::new())), files, options).into_inner()
    }
}

/// Reads one entry in small blocks.
fn content(zip: &mut ZipReader<Cursor<Vec<u8>>>, name: &str) -> Result<Vec<u8>, ZipError> {
    let entry = zip.find(name).expect("entry").clone();
    let mut reader = zip.read(&entry)?;
    let (mut content, mut block) = (Vec::new(), [0; 7]);
    loop {
        match reader.fill(&mut block)? {
            0 => return Ok(content),
            filled => content.extend_from_slice(&block[..filled]),
        }
    }
}

fn open(bytes: Vec<u8>) -> Result<ZipReader<Cursor<Vec<u8>>>, ZipError> {
    ZipReader::open(Cursor::new(bytes), LIMITS)
}

fn files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let content = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        (any::<u8>(), 0usize..5000).prop_map(|(byte, len)| vec![byte; len]),
    ];
    proptest::collection::btree_map("[a-z0-9_]{1,12}", content, 0..8)
        .prop_map(|files| files.into_iter().collect())
}

proptest! {
    #[test]
    fn another_library_reads_what_we_write(files in files()) {
        let mut archive = ZipArchive::new(Cursor::new(ours(&files))).unwrap();
        prop_assert_eq!(archive.len(), files.len());
        for (name, expected) in &files {
            let mut found = Vec::new();
            archive.by_name(name).unwrap().read_to_end(&mut found).unwrap();
            prop_assert_eq!(&found, expected);
        }
    }

    #[test]
    fn stored_deflated_and_streamed_zips_are_read(files in files()) {
        let zips = [
            ours(&files),
            theirs(&files, CompressionMethod::Stored, false),
            theirs(&files, CompressionMethod::Deflated, false),
            theirs(&files, CompressionMethod::Deflated, true),
        ];
        for bytes in zips {
            let mut zip = open(bytes).unwrap();
            for (name, expected) in &files {
                prop_assert_eq!(&content(&mut zip, name).unwrap(), expected);
            }
        }
    }

    #[test]
    fn damage_never_panics_and_never_gives_other_content(
        files in files(),
        deflated: bool,
        at: proptest::sample::Index,
        bit in 0u8..8,
    ) {
        let method =
            if deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let mut bytes = theirs(&files, method, false);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(mut zip) = open(bytes) {
            for (name, expected) in &files {
                if zip.find(name).is_some() && let Ok(found) = content(&mut zip, name) {
                    prop_assert_eq!(&found, expected);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = open(bytes);
    }

    #[test]
    fn a_cut_zip_is_refused(files in files(), cut: proptest::sample::Index) {
        let mut bytes = ours(&files);
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(open(bytes).is_err());
    }
}

#[test]
fn the_zip_of_a_real_client_is_read() {
    let bytes = unhex(EXAMPLE);
    assert_eq!(bytes.len(), 203);
    let mut zip = open(bytes).unwrap();
    assert_eq!(content(&mut zip, "0").unwrap(), b"hi");
    assert_eq!(content(&mut zip, "_meta").unwrap(), br#"[["a.txt","0"]]"#);
    assert!(zip.find("1").is_none());
}

#[test]
fn a_zip_without_entries_is_read() {
    assert!(open(ours(&[])).unwrap().find("_meta").is_none());
}

#[test]
fn a_zip_with_a_comment_is_read() {
    let mut bytes = ours(&[("a".to_owned(), b"x".to_vec())]);
    let len = bytes.len();
    bytes[len - 2] = 3;
    bytes.extend_from_slice(b"PK\x05");
    assert_eq!(content(&mut open(bytes).unwrap(), "a").unwrap(), b"x");
}

#[test]
fn a_directory_over_the_limits_is_refused_before_it_is_read() {
    let files: Vec<(String, Vec<u8>)> = (0..101).map(|n| (n.to_string(), vec![])).collect();
    assert!(matches!(open(ours(&files)), Err(ZipError::TooLarge)));
    let limits = ZipLimits { entries: 1000, directory_bytes: 4000 };
    let opened = ZipReader::open(Cursor::new(ours(&files)), limits);
    assert!(matches!(opened, Err(ZipError::TooLarge)));
}

/// A zip with one entry whose directory line was changed.
fn tampered(content: &[u8], deflated: bool, change: impl Fn(&mut [u8])) -> Vec<u8> {
    let method = if deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let mut bytes = theirs(&[("a".to_owned(), content.to_vec())], method, false);
    let line = bytes.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    change(&mut bytes[line..]);
    bytes
}

fn set32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn a_bomb_gives_no_more_than_it_promised() {
    let bytes = tampered(&vec![0; 1_000_000], true, |line| set32(line, 24, 1000));
    let mut zip = open(bytes).unwrap();
    let entry = zip.find("a").unwrap().clone();
    let mut reader = zip.read(&entry).unwrap();
    let mut block = vec![0; 4096];
    assert!(matches!(reader.fill(&mut block), Err(ZipError::Broken(_))));
}

#[test]
fn wrong_sizes_and_checksums_are_refused() {
    let cases: [(bool, usize, u32); 6] = [
        (true, 24, 1001),      // unpacked size too large
        (false, 24, 999),      // two sizes
        (false, 16, 1),        // checksum
        (true, 16, 1),         // checksum
        (true, 20, u32::MAX),  // packed size beyond the zip
        (false, 42, u32::MAX), // header beyond the zip
    ];
    for (deflated, at, value) in cases {
        let bytes = tampered(&[7; 1000], deflated, |line| set32(line, at, value));
        let mut zip = open(bytes).unwrap();
        assert!(content(&mut zip, "a").is_err(), "{deflated} {at}");
    }
}

#[test]
fn encryption_and_other_methods_are_refused() {
    let encrypted = tampered(b"abc", false, |line| line[8] |= 1);
    let lzma = tampered(b"abc", false, |line| line[10] = 14);
    for bytes in [encrypted, lzma] {
        let mut zip = open(bytes).unwrap();
        assert!(matches!(content(&mut zip, "a"), Err(ZipError::Unsupported(_))));
    }
}

#[test]
fn of_two_entries_with_one_name_the_last_counts() {
    let bytes = ours(&[("a".to_owned(), b"1".to_vec()), ("a".to_owned(), b"2".to_vec())]);
    assert_eq!(content(&mut open(bytes).unwrap(), "a").unwrap(), b"2");
}

/// A source whose disk fails.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.position() < 30 {
            return Err(std::io::Error::other("disk"));
        }
        self.0.read(buffer)
    }
}

impl std::io::Seek for Failing {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_failing_source_is_not_taken_for_a_broken_zip() {
    let bytes = ours(&[("a".to_owned(), vec![1; 70_000])]);
    let mut zip = ZipReader::open(Failing(Cursor::new(bytes)), LIMITS).unwrap();
    let entry = zip.find("a").unwrap().clone();
    assert!(matches!(zip.read(&entry), Err(ZipError::Io(_))));
}

/// The directory and end of a zip as they are beyond 4 GiB, with the numbers of a small one.
fn with_64_bit_numbers(bytes: &[u8], content: usize) -> Vec<u8> {
    let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let mut line = bytes[directory..bytes.len() - 22].to_vec();
    let name = usize::from(u16::from_le_bytes([line[28], line[29]]));
    for at in [20, 24, 42] {
        line[at..at + 4].fill(0xff);
    }
    line[30..32].copy_from_slice(&32u16.to_le_bytes());
    let mut extra = [&[9, 0, 0, 0][..], &[1, 0, 24, 0]].concat();
    for number in [content as u64, content as u64, 0] {
        extra.extend(number.to_le_bytes());
    }
    line.splice(46 + name..46 + name, extra);
    let mut zip = bytes[..directory].to_vec();
    zip.extend(&line);
    let end = zip.len() as u64;
    zip.extend(b"PK\x06\x06");
    zip.extend(44u64.to_le_bytes());
    zip.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [1, 1, line.len() as u64, directory as u64] {
        zip.extend(number.to_le_bytes());
    }
    zip.extend(b"PK\x06\x07\0\0\0\0");
    zip.extend(end.to_le_bytes());
    zip.extend([1, 0, 0, 0]);
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend([0xff; 12]);
    zip.extend([0, 0]);
    zip
}

#[test]
fn numbers_of_64_bits_are_read() {
    let content = b"content";
    let mut bytes = Vec::new();
    let mut zip = ZipBuilder::new();
    let size = u32::try_from(content.len()).unwrap();
    bytes.extend(zip.entry("a.txt", size, crc32fast::hash(content)).unwrap());
    bytes.extend(content);
    bytes.extend(zip.finish().unwrap());
    let bytes = with_64_bit_numbers(&bytes, content.len());
    let limits = ZipLimits { entries: 10, directory_bytes: 1000 };
    let mut zip = ZipReader::open(std::io::Cursor::new(&bytes), limits).unwrap();
    let entry = zip.find("a.txt").unwrap().clone();
    assert_eq!((entry.size(), zip.overlaps()), (7, false));
    let mut found = Vec::new();
    std::io::Read::read_to_end(&mut zip.read(&entry).unwrap(), &mut found).unwrap();
    assert_eq!(found, content);
    // A second reader agrees that this is such a zip.
    let mut theirs = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    assert_eq!(theirs.by_name("a.txt").unwrap().size(), 7);
    // Limits hold for these numbers, too.
    let few = ZipLimits { entries: 0, directory_bytes: 1000 };
    assert!(matches!(ZipReader::open(std::io::Cursor::new(&bytes), few), Err(ZipError::TooLarge)));
}
