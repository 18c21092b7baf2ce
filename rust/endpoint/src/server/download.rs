//! `download`: a copy of the collection, compressed on the way (`collection-sync` 10.2).

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::answer::{Answer, Piece};
use crate::own_thread::on_own_thread;
use crate::refusal::Refusal;
use crate::worker::{Caller, FileForm, Snapshot, Worker};

/// Fast enough not to be the bottleneck on a phone; higher levels save little.
const LEVEL: i32 = 1;
/// Size of the pieces handed to the network.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces under way; more would only use memory.
const PIECES: usize = 4;

/// How a collection travels.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wrapping {
    /// Protocol 11.
    Zstd(FileForm),
    /// Protocols 8 to 10, whose clients expect schema 11.
    Plain,
}

impl Wrapping {
    fn file_form(self) -> FileForm {
        match self {
            Wrapping::Zstd(form) => form,
            Wrapping::Plain => FileForm::Schema11,
        }
    }
}

/// Answers a download. Other devices wait only while the copy is made, not while it is sent.
pub(super) async fn download(
    worker: &Worker,
    caller: Caller,
    wrapping: Wrapping,
) -> Result<Answer, Refusal> {
    let snapshot = worker.snapshot(caller, wrapping.file_form()).await?;
    let size = snapshot.bytes;
    // A client takes an empty answer for an empty collection (`transport` 11).
    if size == 0 || u32::try_from(size).is_err() {
        return Err(Refusal::internal("the collection's size does not fit into an answer"));
    }
    let (pieces, answer) = mpsc::channel(PIECES);
    // Ends when all is sent, or when the connection is gone and takes nothing any more.
    on_own_thread(move || send(snapshot, pieces, wrapping))
        .map_err(|error| Refusal::internal(format!("no thread could be started: {error}")))?;
    Ok(match wrapping {
        Wrapping::Zstd(_) => Answer::framed_stream(answer, size),
        Wrapping::Plain => Answer::plain_stream(answer, size),
    })
}

/// Without [`Piece::Last`] the answer counts as broken.
fn send(snapshot: Snapshot, pieces: mpsc::Sender<Piece>, wrapping: Wrapping) -> io::Result<()> {
    let Snapshot { mut file, temp, .. } = snapshot;
    let mut writer = PieceWriter { pieces, buffer: BytesMut::with_capacity(PIECE_BYTES) };
    match wrapping {
        Wrapping::Zstd(_) => {
            let mut encoder = zstd::stream::write::Encoder::new(&mut writer, LEVEL)?;
            io::copy(&mut file, &mut encoder)?;
            encoder.finish()?;
        }
        Wrapping::Plain => drop(io::copy(&mut file, &mut writer)?),
    }
    drop((file, temp));
    let last = Bytes::from(std::mem::take(&mut writer.buffer));
    writer.put(Piece::Last(last))
}

/// Cuts what is written into pieces of a good size.
struct PieceWriter {
    pieces: mpsc::Sender<Piece>,
    buffer: BytesMut,
}

impl PieceWriter {
    fn put(&self, piece: Piece) -> io::Result<()> {
        self.pieces.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for PieceWriter {
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
