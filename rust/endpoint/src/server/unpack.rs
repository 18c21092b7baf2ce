//! Unpacking bodies within the memory that all connections share.
//!
//! What has arrived is unpacked on a thread of its own, in its turn. Larger files are unpacked
//! while they arrive when there is memory for that, and else when all of it is there: a slow client
//! makes nobody wait.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::bufread::GzDecoder;

use super::inflate::{InflateError, Inflater};
use super::spool::Packed;
use super::weigh::Weigher;
use crate::memory::{Budget, Held, Memory, UNPACKING_BYTES};
use crate::temp_file::{TempFile, TempWriter};
use crate::worker::Json;

/// Read from a file at once.
const PIECE_BYTES: usize = 32 * 1024;
/// What takes no more than this asks for nothing: it is as much as every connection takes anyway.
const FREE_BYTES: u64 = 96 * 1024;
/// Requests of this size and more are read part by part, where that is possible.
const LARGE_BYTES: u64 = 512 * 1024;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Protocol 11.
    Zstd,
    /// Protocols 8 to 10.
    Gzip,
    /// The same without compression.
    Plain,
}

/// What a request may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    /// Most bytes, unpacked.
    pub(super) bytes: u64,
    /// It can be read part by part.
    pub(super) in_parts: bool,
}

impl Packed {
    fn reader(&self) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(match self {
            Packed::Memory(bytes) => Box::new(bytes.as_slice()),
            Packed::File(temp) => {
                Box::new(BufReader::with_capacity(PIECE_BYTES, File::open(temp.path())?))
            }
        })
    }
}

/// Unpacks a complete body and hands it to `sink` in pieces. Answers its size.
pub(super) fn decode(
    packed: &Packed,
    coding: Coding,
    limit: u64,
    mut sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<u64, InflateError> {
    let mut reader = packed.reader().map_err(InflateError::Sink)?;
    match coding {
        Coding::Zstd => {
            let mut inflater = Inflater::new(limit).map_err(InflateError::Sink)?;
            loop {
                let piece = reader.fill_buf().map_err(InflateError::Sink)?;
                if piece.is_empty() {
                    return inflater.finish();
                }
                inflater.push(piece, &mut sink)?;
                let used = piece.len();
                reader.consume(used);
            }
        }
        Coding::Gzip => copy(&mut GzDecoder::new(reader), limit, sink),
        Coding::Plain => copy(&mut reader, limit, sink),
    }
}

fn copy(
    reader: &mut impl Read,
    limit: u64,
    mut sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<u64, InflateError> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut copied = 0;
    loop {
        let piece = match reader.read(&mut buffer).map_err(of_reading)? {
            0 => return Ok(copied),
            read => buffer.get(..read).unwrap_or_default(),
        };
        copied += piece.len() as u64;
        if copied > limit {
            return Err(InflateError::TooLarge);
        }
        sink(piece).map_err(InflateError::Sink)?;
    }
}

/// A disk that cannot be read is ours, anything wrong with the data is the client's.
fn of_reading(error: io::Error) -> InflateError {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            InflateError::Malformed
        }
        _ => InflateError::Sink(error),
    }
}

/// A small text that has been unpacked already, if reading it takes little.
pub(super) fn small_json(text: Vec<u8>) -> Option<Json> {
    let mut weigher = Weigher::default();
    weigher.push(&text);
    (weigher.whole() <= FREE_BYTES).then(|| Json::in_memory(text, None))
}

/// Unpacks JSON when there is memory for it and for reading it. Blocks.
pub(super) fn json(
    packed: &Packed,
    coding: Coding,
    allowed: Allowed,
    memory: &Memory,
    folder: &Path,
) -> Result<Json, InflateError> {
    let weigher = weigh(packed, coding, allowed, memory)?;
    if allowed.in_parts && weigher.bytes() >= LARGE_BYTES {
        let parts = weigher.in_parts();
        let mut held = take(&memory.work, UNPACKING_BYTES.max(parts))?;
        let text = decode_to_file(packed, coding, allowed.bytes, folder)?;
        held.shrink_to(parts);
        return Ok(Json::in_file(text, held));
    }
    let mut held = take(&memory.work, UNPACKING_BYTES + weigher.whole())?;
    let mut text = Vec::with_capacity(usize::try_from(weigher.bytes()).unwrap_or_default());
    decode(packed, coding, allowed.bytes, |piece| text.write_all(piece))?;
    held.shrink_to(weigher.whole());
    Ok(Json::in_memory(text, Some(held)))
}

/// Looks at all of it and keeps nothing, until it is clear that it is too much.
fn weigh(
    packed: &Packed,
    coding: Coding,
    allowed: Allowed,
    memory: &Memory,
) -> Result<Weigher, InflateError> {
    let _held = take(&memory.work, UNPACKING_BYTES)?;
    let most = memory.work.total();
    let mut weigher = Weigher::default();
    let weighed = decode(packed, coding, allowed.bytes, |piece| {
        weigher.push(piece);
        let least = if allowed.in_parts { weigher.in_parts() } else { weigher.whole() };
        if least > most { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(()) }
    });
    match weighed {
        Ok(_) => Ok(weigher),
        Err(InflateError::Sink(error)) if error.kind() == io::ErrorKind::OutOfMemory => {
            Err(InflateError::TooLarge)
        }
        Err(error) => Err(error),
    }
}

/// Unpacks into a temporary file when there is memory for it. Blocks.
pub(super) fn file(
    packed: &Packed,
    coding: Coding,
    limit: u64,
    memory: &Memory,
    folder: &Path,
) -> Result<TempFile, InflateError> {
    let _held = match coding {
        Coding::Zstd => Some(take(&memory.work, UNPACKING_BYTES)?),
        // Their windows are small.
        Coding::Gzip | Coding::Plain => None,
    };
    decode_to_file(packed, coding, limit, folder)
}

fn decode_to_file(
    packed: &Packed,
    coding: Coding,
    limit: u64,
    folder: &Path,
) -> Result<TempFile, InflateError> {
    let temp = TempFile::for_upload(folder).map_err(InflateError::Sink)?;
    let mut file = temp.create().map_err(InflateError::Sink)?;
    decode(packed, coding, limit, |piece| file.write_all(piece))?;
    Ok(temp)
}

fn take(budget: &Budget, bytes: u64) -> Result<Held, InflateError> {
    budget.take_blocking(bytes).ok_or(InflateError::TooLarge)
}

/// Unpacks a large file of protocol 11 while it arrives, or keeps it until it is complete.
pub(super) struct Unpacker {
    way: Way,
    limit: u64,
}

enum Way {
    Now { inflater: Inflater, _held: Held },
    Later { temp: TempFile, file: TempWriter, packed: u64, memory: Arc<Memory> },
}

impl Unpacker {
    /// Allows at most `limit` unpacked bytes. What has to be kept is in `folder`.
    pub(super) fn new(limit: u64, memory: &Arc<Memory>, folder: &Path) -> io::Result<Unpacker> {
        let way = match memory.streams.try_take(UNPACKING_BYTES) {
            Some(held) => Way::Now { inflater: Inflater::new(limit)?, _held: held },
            None => {
                let temp = TempFile::for_upload(folder)?;
                let file = temp.create()?;
                Way::Later { temp, file, packed: 0, memory: Arc::clone(memory) }
            }
        };
        Ok(Unpacker { way, limit })
    }

    /// Takes the next piece of the body and hands what comes out to `sink`.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        sink: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), InflateError> {
        match &mut self.way {
            Way::Now { inflater, .. } => inflater.push(piece, sink),
            Way::Later { file, packed, .. } => {
                *packed += piece.len() as u64;
                if *packed > Inflater::most_packed(self.limit) {
                    return Err(InflateError::TooLarge);
                }
                file.write_all(piece).map_err(InflateError::Sink)
            }
        }
    }

    /// The body is over: hands out the rest, and answers the number of unpacked bytes. May wait.
    pub(super) fn finish(
        self,
        sink: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<u64, InflateError> {
        match self.way {
            Way::Now { inflater, .. } => inflater.finish(),
            Way::Later { temp, file, memory, .. } => {
                drop(file);
                let _held = take(&memory.work, UNPACKING_BYTES)?;
                decode(&Packed::File(temp), Coding::Zstd, self.limit, sink)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const ANY: Allowed = Allowed { bytes: 1 << 20, in_parts: false };

    fn place(bytes: u64) -> (tempfile::TempDir, Memory) {
        (tempfile::tempdir().unwrap(), Memory::new(bytes))
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(data, flate2::Compression::fast())
            .read_to_end(&mut packed)
            .unwrap();
        packed
    }

    #[test]
    fn every_coding_comes_out_and_stops_at_its_limit() {
        let data = vec![b' '; 200_000];
        let packed = [
            (Coding::Zstd, zstd::encode_all(data.as_slice(), 3).unwrap()),
            (Coding::Gzip, gzip(&data)),
            (Coding::Plain, data.clone()),
        ];
        for (coding, packed) in packed {
            let packed = Packed::Memory(packed);
            let mut out = Vec::new();
            assert_eq!(decode(&packed, coding, 200_000, |d| out.write_all(d)).unwrap(), 200_000);
            assert!(out == data, "{coding:?}");
            let short = decode(&packed, coding, 199_999, |_| Ok(()));
            assert!(matches!(short, Err(InflateError::TooLarge)), "{coding:?}");
        }
        for coding in [Coding::Zstd, Coding::Gzip] {
            let garbage = Packed::Memory(b"garbage".to_vec());
            let read = decode(&garbage, coding, 100, |_| Ok(()));
            assert!(matches!(read, Err(InflateError::Malformed)), "{coding:?}");
        }
    }

    #[test]
    fn json_that_would_take_too_much_when_it_is_read_is_refused() {
        let (folder, memory) = place(0);
        let json = |text: &str| {
            let packed = Packed::Memory(zstd::encode_all(text.as_bytes(), 3).unwrap());
            super::json(&packed, Coding::Zstd, ANY, &memory, folder.path())
        };
        let text = "x".repeat(300_000);
        assert_eq!(json(&format!("\"{text}\"")).unwrap().bytes().len(), 300_002);
        let maps = vec![r#"{"":0}"#; 20_000].join(",");
        assert!(maps.len() < 150_000);
        assert!(matches!(json(&format!("[{maps}]")), Err(InflateError::TooLarge)));
    }

    #[test]
    fn a_stream_without_memory_is_kept_and_unpacked_at_its_end() {
        let (folder, memory) = place(0);
        let memory = Arc::new(memory);
        let data: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let packed = zstd::encode_all(data.as_slice(), 3).unwrap();
        let mut out = Vec::new();
        let mut unpacker = Unpacker::new(400_000, &memory, folder.path()).unwrap();
        for piece in packed.chunks(1000) {
            unpacker.push(piece, |data| out.write_all(data)).unwrap();
        }
        assert!(out.is_empty());
        assert_eq!(unpacker.finish(|data| out.write_all(data)).unwrap(), 400_000);
        assert!(out == data);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
