//! Decompressing a body while it arrives, with limits on size and memory.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// 2 MiB, as clients use (`transport` 3.1): the limits on memory allow for it.
const MAX_WINDOW_LOG: u32 = 21;
/// Handed on at once; most requests fit into one.
const BUFFER_BYTES: usize = 16 * 1024;

/// Why a body cannot be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum InflateError {
    /// There is more in it than allowed.
    #[error("the body is larger than allowed")]
    TooLarge,
    /// It is not exactly one zstd frame, or not gzip.
    #[error("the body is not packed as it should be, or not complete")]
    Malformed,
    /// The receiver of the data failed.
    #[error(transparent)]
    Sink(io::Error),
}

impl From<io::Error> for InflateError {
    fn from(error: io::Error) -> InflateError {
        InflateError::Sink(error)
    }
}

/// A decompressor for one zstd frame.
pub struct Inflater {
    decoder: Decoder<'static>,
    buffer: Vec<u8>,
    limit: u64,
    consumed: u64,
    produced: u64,
    complete: bool,
}

impl Inflater {
    /// Allows at most `limit` decompressed bytes.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(limit: u64) -> io::Result<Inflater> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))?;
        let buffer = vec![0; BUFFER_BYTES];
        Ok(Inflater { decoder, buffer, limit, consumed: 0, produced: 0, complete: false })
    }

    /// Takes the next piece of the body and hands what comes out to `sink`.
    ///
    /// # Errors
    /// An [`InflateError`]; this must not be used after it.
    pub fn push(
        &mut self,
        piece: &[u8],
        mut sink: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), InflateError> {
        let mut input = InBuffer::around(piece);
        loop {
            if self.complete {
                let at_end = input.pos() == piece.len();
                return if at_end { Ok(()) } else { Err(InflateError::Malformed) };
            }
            let mut output = OutBuffer::around(self.buffer.as_mut_slice());
            let hint = self.decoder.run(&mut input, &mut output);
            let hint = hint.map_err(|_| InflateError::Malformed)?;
            self.complete = hint == 0;
            let data = output.as_slice();
            let buffer_was_filled = data.len() == BUFFER_BYTES;
            self.produced += data.len() as u64;
            if self.produced > self.limit {
                return Err(InflateError::TooLarge);
            }
            sink(data).map_err(InflateError::Sink)?;
            if input.pos() == piece.len() && !buffer_was_filled && !self.complete {
                break;
            }
        }
        self.consumed += piece.len() as u64;
        // A frame may go on forever without yielding anything.
        if self.consumed > Inflater::most_packed(self.limit) {
            return Err(InflateError::TooLarge);
        }
        Ok(())
    }

    /// The most bytes that a frame holding `limit` bytes can have.
    pub fn most_packed(limit: u64) -> u64 {
        limit.saturating_add(limit / 64 + 64 * 1024)
    }

    /// Ends the body. Returns the number of decompressed bytes.
    ///
    /// # Errors
    /// [`InflateError::Malformed`] when the frame is not complete.
    pub fn finish(self) -> Result<u64, InflateError> {
        if self.complete { Ok(self.produced) } else { Err(InflateError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn inflate(body: &[u8], piece: usize, limit: u64) -> Result<Vec<u8>, InflateError> {
        let mut inflater = Inflater::new(limit).unwrap();
        let mut out = Vec::new();
        for piece in body.chunks(piece) {
            inflater.push(piece, |data| out.write_all(data))?;
        }
        assert_eq!(inflater.finish()?, out.len() as u64);
        Ok(out)
    }

    fn sample() -> Vec<u8> {
        (0..300_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect()
    }

    #[test]
    fn the_data_comes_out_whatever_the_pieces() {
        let data = sample();
        let body = zstd::encode_all(data.as_slice(), 3).unwrap();
        for piece in [1, 7, 4096, usize::MAX] {
            assert!(inflate(&body, piece, 2_000_000).unwrap() == data, "pieces of {piece}");
        }
        let empty = zstd::encode_all([].as_slice(), 3).unwrap();
        assert_eq!(inflate(&empty, 4096, 0).unwrap(), b"");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let body = zstd::encode_all(vec![0; 10_000_000].as_slice(), 3).unwrap();
        assert!(body.len() < 2_000);
        assert!(matches!(inflate(&body, 4096, 9_999_999), Err(InflateError::TooLarge)));
        assert_eq!(inflate(&body, 4096, 10_000_000).unwrap().len(), 10_000_000);
    }

    #[test]
    fn a_frame_that_yields_nothing_stops_too() {
        // Skippable frames of 64 KiB each.
        let mut body = Vec::new();
        for _ in 0..40 {
            body.extend([0x50, 0x2a, 0x4d, 0x18, 0, 0, 1, 0]);
            body.extend([0; 65_536]);
        }
        assert!(inflate(&body, 8192, 1000).is_err());
    }

    #[test]
    fn anything_but_one_whole_frame_is_refused() {
        let body = zstd::encode_all(b"{}".as_slice(), 3).unwrap();
        let mut doubled = body.clone();
        doubled.extend_from_slice(&body);
        let short = &body[..body.len() - 1];
        for broken in [b"{}".as_slice(), b"", short, &doubled] {
            assert!(matches!(inflate(broken, 4096, 100), Err(InflateError::Malformed)));
        }
    }

    #[test]
    fn a_huge_window_is_refused_before_memory_is_taken() {
        // Magic, no single segment, window descriptor for 128 MiB, an empty last block.
        let body = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 1, 0, 0];
        assert!(matches!(inflate(&body, 4096, 100), Err(InflateError::Malformed)));
        // The same with 2 MiB.
        let body = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 11 << 3, 1, 0, 0];
        assert_eq!(inflate(&body, 4096, 100).unwrap(), b"");
    }

    #[test]
    fn a_failing_sink_is_told_apart() {
        let body = zstd::encode_all(b"{}".as_slice(), 3).unwrap();
        let mut inflater = Inflater::new(100).unwrap();
        let full = |_: &[u8]| Err(io::ErrorKind::StorageFull.into());
        assert!(matches!(inflater.push(&body, full), Err(InflateError::Sink(_))));
    }
}
