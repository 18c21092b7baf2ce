//! An answer that is read and packed while it is sent.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::answer::{Answer, Piece};
use super::packing;
use crate::errands::{Errand, Errands};
use crate::faults;
use crate::files::copy;
use crate::refusal::Refusal;

/// Size of the pieces handed to the network.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces under way; more would only use memory.
const PIECES: usize = 2;

/// How an answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// Protocol 11.
    Zstd,
    /// Protocols 8 to 10.
    Plain,
}

/// Sends all of `source`, which has `size` bytes.
pub(super) fn stream(
    errands: &Errands,
    source: impl Read + Send + 'static,
    size: u64,
    packing: Packing,
) -> Result<Answer, Refusal> {
    let (pieces, answer) = mpsc::channel(PIECES);
    // Ends when all is sent, or when the connection is gone and takes nothing any more.
    errands.start("download", move |errand| {
        // Whoever wanted it is gone, or its connection breaks off now.
        let _ = send(errand, source, pieces, packing);
    })?;
    Ok(match packing {
        Packing::Zstd => Answer::framed_stream(answer, size),
        Packing::Plain => Answer::plain_stream(answer, size),
    })
}

/// Without [`Piece::Last`] the answer counts as broken.
fn send(
    errand: &Errand,
    mut source: impl Read,
    pieces: mpsc::Sender<Piece>,
    packing: Packing,
) -> io::Result<()> {
    let mut writer = PieceWriter { errand, pieces, buffer: BytesMut::with_capacity(PIECE_BYTES) };
    match packing {
        Packing::Zstd => packing::pack(&mut source, &mut writer)?,
        Packing::Plain => drop(copy(&mut source, &mut writer)?),
    }
    faults::point("download.before_last");
    drop(source);
    let last = Bytes::from(std::mem::take(&mut writer.buffer));
    writer.put(Piece::Last(last))
}

/// Cuts what is written into pieces of a good size.
struct PieceWriter<'a> {
    errand: &'a Errand,
    pieces: mpsc::Sender<Piece>,
    buffer: BytesMut,
}

impl PieceWriter<'_> {
    fn put(&self, piece: Piece) -> io::Result<()> {
        match self.errand.wait(self.pieces.send(piece)) {
            Some(Ok(())) => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for PieceWriter<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = PIECE_BYTES - self.buffer.len();
        let (now, _) = data.split_at(data.len().min(room));
        self.buffer.extend_from_slice(now);
        if self.buffer.len() == PIECE_BYTES {
            self.flush()?;
        }
        Ok(now.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, BytesMut::with_capacity(PIECE_BYTES));
        self.put(Piece::Data(Bytes::from(full)))
    }
}
