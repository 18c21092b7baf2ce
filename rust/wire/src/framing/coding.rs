//! How data is packed, and unpacking it within limits.

use std::cell::RefCell;
use std::io::{self, BufRead, Read, Write};

use flate2::bufread::GzDecoder;
use zstd::bulk::Decompressor;

use super::inflate::{InflateError, Inflater};
use super::packing;

/// Handed on at once.
const PIECE_BYTES: usize = 32 * 1024;
/// What is small is unpacked in one go.
const SMALL_BYTES: usize = 32 * 1024;

/// How a body, or the data in a form, is packed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Protocol 11.
    Zstd,
    /// Protocols 8 to 10.
    Gzip,
    /// The same without compression.
    #[default]
    Plain,
}

impl Coding {
    /// Unpacks all of `packed`, at most `limit` bytes, and hands it to `sink` in pieces. Returns its
    /// size.
    ///
    /// # Errors
    /// An [`InflateError`]; some of it may have been handed on by then.
    pub fn unpack(
        self,
        packed: &mut impl BufRead,
        limit: u64,
        mut sink: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<u64, InflateError> {
        match self {
            Coding::Zstd => {
                let mut inflater = Inflater::new(limit)?;
                loop {
                    let piece = packed.fill_buf()?;
                    if piece.is_empty() {
                        return inflater.finish();
                    }
                    inflater.push(piece, &mut sink)?;
                    let used = piece.len();
                    packed.consume(used);
                }
            }
            Coding::Gzip => copy(&mut GzDecoder::new(packed), limit, sink),
            Coding::Plain => copy(packed, limit, sink),
        }
    }

    /// Unpacks at once what is small. `None` when it is not small or not right.
    pub fn unpack_small(self, packed: &[u8], limit: u64) -> Option<Vec<u8>> {
        let room = usize::try_from(limit).map_or(SMALL_BYTES, |limit| limit.min(SMALL_BYTES));
        let text = match self {
            Coding::Zstd => inflate_small(packed, room)?,
            Coding::Plain => packed.to_vec(),
            Coding::Gzip => {
                let mut text = Vec::new();
                GzDecoder::new(packed).take(room as u64 + 1).read_to_end(&mut text).ok()?;
                text
            }
        };
        (text.len() <= room).then_some(text)
    }

    /// Packs all of `source`.
    ///
    /// # Errors
    /// Those of both sides.
    pub fn pack(self, source: &mut impl Read, mut target: impl Write) -> io::Result<()> {
        match self {
            Coding::Zstd => packing::pack(source, target),
            Coding::Gzip => packing::gzip(source, target),
            Coding::Plain => packing::copy(source, &mut target),
        }
    }

    /// Packs a source of `size` bytes all at once.
    ///
    /// # Errors
    /// Those of `source`.
    pub fn packed(self, source: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
        if self == Coding::Zstd {
            return packing::packed(source, size);
        }
        let mut packed = Vec::with_capacity(size);
        self.pack(source, &mut packed)?;
        Ok(packed)
    }

    /// Packs a text.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn packed_text(self, text: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Coding::Zstd => packing::pack_text(&text),
            Coding::Gzip => self.packed(&mut text.as_slice(), 0),
            Coding::Plain => Ok(text),
        }
    }
}

/// Decompresses in one go: a usual request needs none of the memory that a stream does.
fn inflate_small(body: &[u8], room: usize) -> Option<Vec<u8>> {
    thread_local! {
        /// With the place where its results appear.
        static DECOMPRESSOR: RefCell<Option<(Decompressor<'static>, Vec<u8>)>> =
            const { RefCell::new(None) };
    }
    DECOMPRESSOR.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Some((Decompressor::new().ok()?, vec![0; SMALL_BYTES]));
        }
        let (decompressor, buffer) = kept.as_mut()?;
        let length = decompressor.decompress_to_buffer(body, buffer.get_mut(..room)?).ok()?;
        buffer.get(..length).map(<[u8]>::to_vec)
    })
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
        sink(piece)?;
    }
}

/// A disk that cannot be read is our problem, anything wrong with the data is the client's.
fn of_reading(error: io::Error) -> InflateError {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            InflateError::Malformed
        }
        _ => InflateError::Sink(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coding_comes_out_and_stops_at_its_limit() {
        let data = vec![b' '; 200_000];
        for coding in [Coding::Zstd, Coding::Gzip, Coding::Plain] {
            let packed = coding.packed(&mut data.as_slice(), data.len()).unwrap();
            let mut out = Vec::new();
            let read = coding.unpack(&mut packed.as_slice(), 200_000, |d| out.write_all(d));
            assert_eq!(read.unwrap(), 200_000);
            assert!(out == data, "{coding:?}");
            let short = coding.unpack(&mut packed.as_slice(), 199_999, |_| Ok(()));
            assert!(matches!(short, Err(InflateError::TooLarge)), "{coding:?}");
        }
        for coding in [Coding::Zstd, Coding::Gzip] {
            let read = coding.unpack(&mut b"garbage".as_slice(), 100, |_| Ok(()));
            assert!(matches!(read, Err(InflateError::Malformed)), "{coding:?}");
        }
    }

    #[test]
    fn only_what_is_small_and_right_is_unpacked_at_once() {
        for coding in [Coding::Zstd, Coding::Gzip, Coding::Plain] {
            let packed = coding.packed_text(b"12345".to_vec()).unwrap();
            assert_eq!(coding.unpack_small(&packed, 5).unwrap(), b"12345", "{coding:?}");
            assert_eq!(coding.unpack_small(&packed, 4), None, "{coding:?}");
            let large = coding.packed_text(vec![b' '; SMALL_BYTES + 1]).unwrap();
            assert_eq!(coding.unpack_small(&large, u64::MAX), None, "{coding:?}");
        }
    }
}
