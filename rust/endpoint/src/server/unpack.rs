//! Unpacking bodies within the memory that all connections share.
//!
//! What has arrived is unpacked on a thread of its own, in its turn. Larger files are unpacked
//! while they arrive when there is memory for that, and else when all of it is there: a slow client
//! makes nobody wait.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use deckport_ground::temp_file::{TempFile, TempWriter};
use deckport_wire::framing::{Coding, InflateError, Inflater};
use deckport_wire::{Exchange, Method, Request, Step, WireError};

use super::spool::Packed;
use super::weigh::Weigher;
use crate::memory::{Budget, Held, Memory, UNPACKING_BYTES};

/// Read from a file at once.
const PIECE_BYTES: usize = 32 * 1024;
/// What takes no more than this asks for nothing: it is as much as every connection takes anyway.
const FREE_BYTES: u64 = 96 * 1024;

/// What a request may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    /// Most bytes of its data, as they come.
    pub(super) packed: u64,
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

/// A complete, unpacked request, and the memory that was taken for it unless it is very small.
#[derive(Debug)]
pub(super) struct Json {
    text: Text,
    held: Option<Held>,
}

#[derive(Debug)]
enum Text {
    Memory(Vec<u8>),
    /// To be read part by part.
    File(TempFile),
}

impl Json {
    /// A text that takes so little that nothing is taken for it.
    pub(super) fn of(text: Vec<u8>) -> Json {
        Json { text: Text::Memory(text), held: None }
    }

    /// What it asks for, the length of its text, and the memory, which is to be held until it is
    /// done.
    pub(super) fn read<F>(self, method: Method) -> Result<Unpacked<F>, WireError> {
        let (request, bytes) = match self.text {
            Text::Memory(text) => (Request::read(method, &text)?, text.len()),
            Text::File(file) => (Request::Step(Step::Exchange(Exchange::ApplyLargeChunk(file))), 0),
        };
        Ok(Unpacked { request, bytes, held: self.held })
    }
}

/// A request that has been understood.
pub(super) struct Unpacked<F> {
    pub(super) request: Request<F, TempFile>,
    /// Length of its text, unless that is in a file.
    pub(super) bytes: usize,
    /// For what was read of it. To be held until that is done with, whoever has left by then.
    pub(super) held: Option<Held>,
}

/// Unpacks a complete body and hands it to `sink` in pieces. Answers its size.
fn decode(
    packed: &Packed,
    coding: Coding,
    limit: u64,
    sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<u64, InflateError> {
    coding.unpack(&mut packed.reader()?, limit, sink)
}

/// Unpacks at once what is small, if reading it takes little.
pub(super) fn small_json(packed: &Packed, coding: Coding, allowed: Allowed) -> Option<Json> {
    let Packed::Memory(packed) = packed else { return None };
    let text = coding.unpack_small(packed, allowed.bytes)?;
    let mut weigher = Weigher::default();
    weigher.push(&text);
    (weigher.whole() <= FREE_BYTES).then(|| Json::of(text))
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
    let (whole, parts) = (UNPACKING_BYTES + weigher.whole(), weigher.in_parts());
    if allowed.in_parts && whole > memory.work.total() / 2 && parts < whole {
        let mut held = take(&memory.work, UNPACKING_BYTES.max(parts))?;
        let text = decode_to_file(packed, coding, allowed.bytes, folder)?;
        held.shrink_to(parts);
        return Ok(Json { text: Text::File(text), held: Some(held) });
    }
    let mut held = take(&memory.work, whole)?;
    let mut text = Vec::with_capacity(usize::try_from(weigher.bytes()).unwrap_or_default());
    decode(packed, coding, allowed.bytes, |piece| text.write_all(piece))?;
    held.shrink_to(weigher.whole());
    Ok(Json { text: Text::Memory(text), held: Some(held) })
}

/// Looks at all of it and keeps nothing, until it is clear that it is too much.
fn weigh(
    packed: &Packed,
    coding: Coding,
    allowed: Allowed,
    memory: &Memory,
) -> Result<Weigher, InflateError> {
    let _held = take(&memory.work, UNPACKING_BYTES)?;
    let most = memory.work.most();
    let mut weigher = Weigher::default();
    let weighed = decode(packed, coding, allowed.bytes, |piece| {
        weigher.push(piece);
        let parts = if allowed.in_parts { weigher.in_parts() } else { u64::MAX };
        if parts.min(weigher.whole()) > most {
            Err(io::ErrorKind::OutOfMemory.into())
        } else {
            Ok(())
        }
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
    let temp = TempFile::for_upload(folder)?;
    let mut file = temp.create()?;
    decode(packed, coding, limit, |piece| file.write_all(piece))?;
    Ok(temp)
}

fn take(budget: &Budget, bytes: u64) -> Result<Held, InflateError> {
    budget.take_blocking(bytes).ok_or(InflateError::TooLarge)
}

/// Unpacks a large file while it arrives, or keeps it until it is complete.
pub(super) struct Unpacker {
    way: Way,
    coding: Coding,
    limit: u64,
}

enum Way {
    Now { inflater: Inflater, _held: Held },
    Later { temp: TempFile, file: TempWriter, packed: u64, memory: Arc<Memory> },
}

impl Unpacker {
    /// Allows at most `limit` unpacked bytes. What has to be kept is in `folder`.
    pub(super) fn new(
        coding: Coding,
        limit: u64,
        memory: &Arc<Memory>,
        folder: &Path,
    ) -> io::Result<Unpacker> {
        let held = match coding {
            Coding::Zstd => memory.streams.try_take(UNPACKING_BYTES),
            Coding::Gzip | Coding::Plain => None,
        };
        let way = match held {
            Some(held) => Way::Now { inflater: Inflater::new(limit)?, _held: held },
            None => {
                let temp = TempFile::for_upload(folder)?;
                let file = temp.create()?;
                Way::Later { temp, file, packed: 0, memory: Arc::clone(memory) }
            }
        };
        Ok(Unpacker { way, coding, limit })
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
                Ok(file.write_all(piece)?)
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
                decode(&Packed::File(temp), self.coding, self.limit, sink)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Allowed = Allowed { packed: 1 << 20, bytes: 1 << 20, in_parts: false };

    fn place(bytes: u64) -> (tempfile::TempDir, Memory) {
        (tempfile::tempdir().unwrap(), Memory::new(bytes))
    }

    #[test]
    fn json_that_would_take_too_much_when_it_is_read_is_refused() {
        let (folder, memory) = place(0);
        let json = |text: &str| {
            let packed = Packed::Memory(zstd::encode_all(text.as_bytes(), 3).unwrap());
            super::json(&packed, Coding::Zstd, ANY, &memory, folder.path())
        };
        let text = "x".repeat(300_000);
        let whole = json(&format!("\"{text}\"")).unwrap();
        assert!(matches!(&whole.text, Text::Memory(text) if text.len() == 300_002));
        // It holds what the next one needs.
        drop(whole);
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
        let mut unpacker = Unpacker::new(Coding::Zstd, 400_000, &memory, folder.path()).unwrap();
        for piece in packed.chunks(1000) {
            unpacker.push(piece, |data| out.write_all(data)).unwrap();
        }
        assert!(out.is_empty());
        assert_eq!(unpacker.finish(|data| out.write_all(data)).unwrap(), 400_000);
        assert!(out == data);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
