//! `download`: a copy of the collection, compressed on the way (`collection-sync` 10.2).

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::answer::{Answer, Piece};
use super::transfer::on_own_thread;
use crate::refusal::Refusal;
use crate::worker::{Caller, Snapshot, Worker};

/// Fast enough not to be the bottleneck on a phone; higher levels save little.
const LEVEL: i32 = 1;
/// Size of the pieces handed to the network.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces under way; more would only use memory.
const PIECES: usize = 4;

/// Answers a download. Other devices wait only while the copy is made, not while it is sent.
pub(super) async fn download(worker: &Worker, caller: Caller) -> Result<Answer, Refusal> {
    let snapshot = worker.snapshot(caller).await?;
    let size = snapshot.bytes;
    // A client takes an empty answer for an empty collection (`transport` 11).
    if size == 0 || u32::try_from(size).is_err() {
        return Err(Refusal::internal("the collection's size does not fit into an answer"));
    }
    let (pieces, answer) = mpsc::channel(PIECES);
    // Ends when all is sent, or when the connection is gone and takes nothing any more.
    on_own_thread(move || send(snapshot, pieces))
        .map_err(|error| Refusal::internal(format!("no thread could be started: {error}")))?;
    Ok(Answer::framed_stream(answer, size))
}

/// Without [`Piece::End`] the answer counts as broken.
fn send(snapshot: Snapshot, pieces: mpsc::Sender<Piece>) -> io::Result<()> {
    let Snapshot { mut file, temp, .. } = snapshot;
    let writer = PieceWriter { pieces, buffer: BytesMut::with_capacity(PIECE_BYTES) };
    let mut encoder = zstd::stream::write::Encoder::new(writer, LEVEL)?;
    io::copy(&mut file, &mut encoder)?;
    let mut writer = encoder.finish()?;
    writer.flush()?;
    drop((file, temp));
    writer.put(Piece::End)
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
