//! An answer on its way out: packed as whoever asked expects it, long ones while they are sent.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};
use deckport_household::{Errand, Errands, RefusalKind, SyncHold};
use deckport_wire::Framing;
use deckport_wire::framing::Coding;
use tokio::sync::mpsc;

use super::answer::{Answer, Piece};
use super::refusal::Refusal;
use deckport_ground::faults;

/// Size of the pieces handed to the network.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces under way; more would only use memory.
const PIECES: usize = 2;

/// What is answered, whoever asked.
pub(super) struct Reply {
    content: Content,
    /// For the record, instead of `ok`; of what is refused.
    outcome: Option<(String, RefusalKind)>,
    hold: Option<SyncHold>,
}

enum Content {
    Whole(Vec<u8>),
    /// So many bytes to be read, at once or while they are sent.
    Source {
        source: Box<dyn Read + Send>,
        size: u64,
        at_once: bool,
    },
}

impl Reply {
    /// JSON or a short text.
    pub(super) fn whole(body: Vec<u8>) -> Reply {
        Reply { content: Content::Whole(body), outcome: None, hold: None }
    }

    /// A file of `size` bytes. One that is small is read `at_once`: a thread would cost more.
    pub(super) fn file(source: impl Read + Send + 'static, size: u64, at_once: bool) -> Reply {
        let source = Box::new(source);
        let content = Content::Source { source, size, at_once };
        Reply { content, outcome: None, hold: None }
    }

    /// It is a text that says why not; the record says it in other words.
    pub(super) fn refused_as(self, kind: RefusalKind, reason: String) -> Reply {
        Reply { outcome: Some((reason, kind)), ..self }
    }

    /// The sync stays alive while a long answer takes its time on a slow link.
    pub(super) fn keeps_alive(self, hold: Option<SyncHold>) -> Reply {
        Reply { hold, ..self }
    }

    /// The answer for a request that came in this framing.
    pub(super) fn framed(self, framing: Framing, errands: &Errands) -> Result<Answer, Refusal> {
        let coding = framing.answer_coding();
        let unreadable = |error| Refusal::internal(format!("the answer cannot be packed: {error}"));
        let answer = match self.content {
            Content::Whole(body) => {
                let size = body.len() as u64;
                Answer::whole(framing, coding.packed_text(body).map_err(unreadable)?, size)
            }
            Content::Source { mut source, size, at_once: true } => {
                let capacity = usize::try_from(size).unwrap_or_default();
                let packed = coding.packed(&mut source, capacity).map_err(unreadable)?;
                Answer::whole(framing, packed, size)
            }
            Content::Source { source, size, at_once: false } => {
                Answer::stream(framing, stream(errands, source, coding)?, size)
            }
        };
        let answer = answer.keeps_alive(self.hold);
        Ok(match self.outcome {
            Some((reason, kind)) => answer.recorded_as(reason).refused_as(kind),
            None => answer,
        })
    }
}

/// Packs all of `source` while it is sent.
fn stream(
    errands: &Errands,
    source: Box<dyn Read + Send>,
    coding: Coding,
) -> Result<mpsc::Receiver<Piece>, Refusal> {
    let (pieces, answer) = mpsc::channel(PIECES);
    // Ends when all is sent, or when the connection is gone and takes nothing any more.
    errands.start("download", move |errand| {
        // Whoever wanted it is gone, or its connection breaks off now.
        let _ = send(errand, source, pieces, coding);
    })?;
    Ok(answer)
}

/// Without [`Piece::Last`] the answer counts as broken.
fn send(
    errand: &Errand,
    mut source: Box<dyn Read + Send>,
    pieces: mpsc::Sender<Piece>,
    coding: Coding,
) -> io::Result<()> {
    let mut writer = PieceWriter { errand, pieces, buffer: BytesMut::with_capacity(PIECE_BYTES) };
    coding.pack(&mut source, &mut writer)?;
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
