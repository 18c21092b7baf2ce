//! Compressing a backup, and reading both forms.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use deckport_ground::durable::sync_folder;
use deckport_ground::files::{PART, beside, copy, remove_if_present, write_whole};

use super::name;

/// Collections shrink to a third or less; higher levels gain little and cost much battery.
const LEVEL: i32 = 6;
/// How much is read between two checks whether to stop.
const PIECE_BYTES: usize = 256 * 1024;

/// Compresses the backup `name` in `folder`. The plain file goes when the compressed one is
/// complete, on disk and has been read back.
pub(super) fn compress(folder: &Path, name: &str, stop: &AtomicBool) -> io::Result<()> {
    let plain = folder.join(format!("{name}{}", name::PLAIN));
    let compressed = folder.join(format!("{name}{}", name::COMPRESSED));
    if !compressed.exists() {
        let mut from = File::open(&plain)?;
        let length = from.metadata()?.len();
        write_whole(&compressed, |to| {
            pack(&mut from, to, stop)?;
            check_length(&beside(&compressed, PART), length, stop)?;
            // Someone may have removed this backup meanwhile; it must not come back.
            plain.metadata().map(drop)
        })?;
    }
    // Also that of one that was there: its maker may have been interrupted before this.
    sync_folder(folder)?;
    remove_if_present(&plain)
}

fn pack(from: &mut File, to: &mut File, stop: &AtomicBool) -> io::Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(to, LEVEL)?;
    encoder.include_checksum(true)?;
    copy_unless_stopped(from, &mut encoder, stop)?;
    encoder.finish().map(drop)
}

/// Reads a compressed file to its end, which checks it.
fn check_length(path: &Path, length: u64, stop: &AtomicBool) -> io::Result<()> {
    let mut decoder = zstd::stream::read::Decoder::new(File::open(path)?)?;
    if copy_unless_stopped(&mut decoder, &mut io::sink(), stop)? == length {
        Ok(())
    } else {
        Err(ErrorKind::InvalidData.into())
    }
}

fn copy_unless_stopped(
    from: &mut impl Read,
    to: &mut impl Write,
    stop: &AtomicBool,
) -> io::Result<u64> {
    let mut copied = 0_u64;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(ErrorKind::Interrupted.into());
        }
        let piece = copy(&mut from.by_ref().take(PIECE_BYTES as u64), to)?;
        if piece == 0 {
            return Ok(copied);
        }
        copied = copied.saturating_add(piece);
    }
}

/// Writes the collection in the backup file at `path`, which may be compressed, to `to`.
pub(super) fn unpack(path: &Path, to: &mut impl Write) -> io::Result<()> {
    let mut from = File::open(path)?;
    let is_compressed = path.to_str().is_some_and(|path| path.ends_with(name::COMPRESSED));
    if is_compressed {
        copy(&mut zstd::stream::read::Decoder::new(from)?, to)?;
    } else {
        copy(&mut from, to)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NAME: &str = "2026-11-20-123127-upload";

    fn folder_with(content: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("{NAME}.anki2")), content).unwrap();
        folder
    }

    fn files(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_compressed_backup_is_smaller_and_comes_back_as_it_was() {
        let content: Vec<u8> = (0..700_000_u32).map(|i| (i / 1000).to_le_bytes()[0]).collect();
        let folder = folder_with(&content);
        compress(folder.path(), NAME, &AtomicBool::new(false)).unwrap();
        assert_eq!(files(folder.path()), [format!("{NAME}.anki2.zst")]);
        let packed = folder.path().join(format!("{NAME}.anki2.zst"));
        assert!(fs::metadata(&packed).unwrap().len() < 100_000);
        let out = folder.path().join("out");
        unpack(&packed, &mut File::create(&out).unwrap()).unwrap();
        assert_eq!(fs::read(out).unwrap(), content);
    }

    #[test]
    fn one_that_is_stopped_leaves_the_plain_file_alone() {
        let folder = folder_with(b"content");
        assert!(compress(folder.path(), NAME, &AtomicBool::new(true)).is_err());
        assert_eq!(files(folder.path()), [format!("{NAME}.anki2")]);
    }

    #[test]
    fn one_that_was_interrupted_before_its_last_step_is_carried_on() {
        let folder = folder_with(b"content");
        let copy = folder.path().join("copy");
        deckport_ground::files::copy_file(&folder.path().join(format!("{NAME}.anki2")), &copy)
            .unwrap();
        compress(folder.path(), NAME, &AtomicBool::new(false)).unwrap();
        fs::rename(&copy, folder.path().join(format!("{NAME}.anki2"))).unwrap();
        compress(folder.path(), NAME, &AtomicBool::new(false)).unwrap();
        assert_eq!(files(folder.path()), [format!("{NAME}.anki2.zst")]);
    }

    #[test]
    fn a_damaged_compressed_backup_is_noticed() {
        let folder = folder_with(&[7; 50_000]);
        compress(folder.path(), NAME, &AtomicBool::new(false)).unwrap();
        let packed = folder.path().join(format!("{NAME}.anki2.zst"));
        let mut bytes = fs::read(&packed).unwrap();
        bytes.pop();
        fs::write(&packed, bytes).unwrap();
        let out = folder.path().join("out");
        assert!(unpack(&packed, &mut File::create(out).unwrap()).is_err());
    }
}
