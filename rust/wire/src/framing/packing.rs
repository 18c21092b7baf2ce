//! Packing an answer as one zstd frame.
//!
//! Images and sound are compressed already: trying again costs most of the processor time of a
//! media download and saves nothing. Where the beginning of an answer shows that, all of it
//! travels in blocks that zstd calls raw. Clients unpack both alike.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::bulk::Compressor;

/// Fast enough not to be the bottleneck on a phone, and for JSON nearly as good as higher levels.
const LEVEL: i32 = 1;
/// Texts from here on get a compressor of their own.
const LARGE_BYTES: usize = 64 * 1024;
/// Read and written at once where nothing else says how much.
const COPY_BYTES: usize = 16 * 1024;
/// The largest block of zstd (RFC 8878, 3.1.1.2.4).
const BLOCK_BYTES: u64 = 128 * 1024;
/// Shorter content is compressed whatever it is.
const SHORT_BYTES: usize = 24 * 1024;
/// Bytes that are looked at; fewer than the shortest content that is has.
const SAMPLE_BYTES: usize = 4 * 1024;
/// Magic number, a descriptor that announces nothing else, and a window of 128 KiB.
const FRAME_HEADER: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3];
/// A raw block without content that is the last one.
const END: [u8; 3] = [1, 0, 0];

/// Writes all of `source` as one frame.
pub(super) fn pack(source: &mut impl Read, mut target: impl Write) -> io::Result<()> {
    let mut first = Vec::new();
    source.take(BLOCK_BYTES).read_to_end(&mut first)?;
    if !is_packed(&first) {
        let mut encoder = zstd::stream::write::Encoder::new(target, LEVEL)?;
        encoder.write_all(&first)?;
        drop(first);
        copy(source, &mut encoder)?;
        encoder.finish()?;
        return Ok(());
    }
    target.write_all(&FRAME_HEADER)?;
    let mut block = first;
    while !block.is_empty() {
        target.write_all(&block_header(block.len()))?;
        target.write_all(&block)?;
        block.clear();
        source.take(BLOCK_BYTES).read_to_end(&mut block)?;
    }
    target.write_all(&END)
}

/// The same for content of `size` bytes, all at once.
pub(super) fn packed(source: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
    // Everything is read into its place in the answer.
    let mut frame = Vec::with_capacity(size + size / 1024 + 64);
    frame.extend(FRAME_HEADER);
    loop {
        let header = frame.len();
        frame.extend(END);
        let begin = frame.len();
        let read = source.take(BLOCK_BYTES).read_to_end(&mut frame)?;
        if read == 0 {
            return Ok(frame);
        }
        let block = frame.get(begin..).unwrap_or_default();
        if header == FRAME_HEADER.len() && !is_packed(block) {
            let mut content = frame.split_off(begin);
            source.read_to_end(&mut content)?;
            return zstd::bulk::compress(&content, LEVEL);
        }
        let end = block_header(read);
        if let Some(place) = frame.get_mut(header..begin) {
            place.copy_from_slice(&end);
        }
    }
}

/// A text as one frame. Making a compressor costs more than compressing a usual answer.
pub(super) fn pack_text(text: &[u8]) -> io::Result<Vec<u8>> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    if text.len() > LARGE_BYTES {
        // Keeping one would keep the memory that a large answer needs.
        return zstd::bulk::compress(text, LEVEL);
    }
    COMPRESSOR.with_borrow_mut(|kept| {
        let mut compressor = match kept.take() {
            Some(compressor) => compressor,
            None => Compressor::new(LEVEL)?,
        };
        let packed = compressor.compress(text);
        *kept = Some(compressor);
        packed
    })
}

/// Writes all of `source` with gzip, as fast as old clients do.
pub(super) fn gzip(source: &mut impl Read, target: impl Write) -> io::Result<()> {
    let mut encoder = GzEncoder::new(target, Compression::fast());
    copy(source, &mut encoder)?;
    encoder.finish().map(drop)
}

/// Writes all of `source` as it is.
pub(super) fn copy(source: &mut impl Read, target: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => target.write_all(buffer.get(..read).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether compressing would save next to nothing, judged by the middle of a first block: it holds
/// content of files, while the ends of a zip are lists. What is compressed already has all bytes
/// about equally often; checking that is much faster than trying.
fn is_packed(block: &[u8]) -> bool {
    if block.len() < SHORT_BYTES {
        return false;
    }
    let begin = (block.len() - SAMPLE_BYTES) / 2;
    let sample = block.get(begin..begin + SAMPLE_BYTES).unwrap_or_default();
    let mut counts = [0_u64; 256];
    for byte in sample {
        counts[usize::from(*byte)] += 1;
    }
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    // Equally often: the squares add up to a 256th of the square of all.
    let all = sample.len() as u64;
    squares * 256 < all * all / 2 * 3
}

/// The header of a raw block that is not the last one.
fn block_header(bytes: usize) -> [u8; 3] {
    let [low, middle, high, ..] = (bytes << 3).to_le_bytes();
    [low, middle, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cannot be compressed.
    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 1u64;
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_le_bytes()[7]
        };
        (0..bytes).map(next).collect()
    }

    fn both(content: &[u8]) -> [Vec<u8>; 2] {
        let mut streamed = Vec::new();
        pack(&mut &*content, &mut streamed).unwrap();
        [streamed, packed(&mut &*content, content.len()).unwrap()]
    }

    #[test]
    fn every_content_comes_out_again() {
        for bytes in [0, 1, 100, 8191, 8192, 131_072, 131_073, 262_144, 1_000_000] {
            for content in [noise(bytes), vec![7; bytes]] {
                for frame in both(&content) {
                    assert!(zstd::decode_all(&*frame).unwrap() == content, "{bytes}");
                }
            }
        }
    }

    #[test]
    fn only_what_can_be_compressed_is() {
        let text: Vec<u8> = (0..100_000u32).flat_map(|n| n.to_string().into_bytes()).collect();
        for frame in both(&text) {
            assert!(frame.len() < text.len() / 2);
        }
        for frame in both(&noise(500_000)) {
            assert!((500_000..500_100).contains(&frame.len()));
        }
    }

    #[test]
    fn a_header_that_can_be_compressed_does_not_mislead() {
        let mut content = vec![0; 10_000];
        content.extend(noise(200_000));
        for frame in both(&content) {
            assert!((210_000..210_100).contains(&frame.len()));
        }
    }
}
