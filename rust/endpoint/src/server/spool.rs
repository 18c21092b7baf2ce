//! A body that is kept as it comes until all of it is there: in memory when it is small, else in a
//! temporary file.
use deckport_household::{Errand, Errands};

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use deckport_ground::temp_file::TempFile;
use tokio::sync::{mpsc, oneshot};

/// What stays in memory. Nearly all requests do.
pub(super) const MEMORY_BYTES: usize = 32 * 1024;
/// Pieces under way to the disk.
const PIECES: usize = 2;

/// A complete body, as it came.
#[derive(Debug)]
pub(super) enum Packed {
    Memory(Vec<u8>),
    File(TempFile),
}

/// A body that is arriving.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    errands: Errands,
    memory: Vec<u8>,
    file: Option<Writer>,
}

#[derive(Debug)]
struct Writer {
    pieces: mpsc::Sender<Bytes>,
    written: oneshot::Receiver<io::Result<TempFile>>,
}

impl Spool {
    /// Nothing has come yet. A file would be in `folder`.
    pub(super) fn new(folder: &Path, errands: &Errands) -> Spool {
        let (folder, errands) = (folder.to_owned(), errands.clone());
        Spool { folder, errands, memory: Vec::new(), file: None }
    }

    /// Keeps the next piece.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        if let Some(writer) = &self.file {
            if writer.pieces.send(piece).await.is_ok() {
                return Ok(());
            }
            // It has ended early, and tells why.
            return match self.file.take() {
                Some(writer) => writer.end().await.map(drop),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            };
        }
        self.memory.extend_from_slice(&piece);
        if self.memory.len() > MEMORY_BYTES {
            let head = std::mem::take(&mut self.memory);
            self.file = Some(Writer::begin(&self.errands, &self.folder, head)?);
        }
        Ok(())
    }

    /// Forgets what came.
    pub(super) fn restart(&mut self) {
        *self = Spool::new(&self.folder, &self.errands);
    }

    /// The body is complete.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) async fn finish(self) -> io::Result<Packed> {
        match self.file {
            None => Ok(Packed::Memory(self.memory)),
            Some(writer) => writer.end().await.map(Packed::File),
        }
    }
}

impl Writer {
    fn begin(errands: &Errands, folder: &Path, head: Vec<u8>) -> io::Result<Writer> {
        let (pieces, inbox) = mpsc::channel(PIECES);
        let folder = folder.to_owned();
        // When the body is given up, the thread sees the end of the pieces, and its file goes.
        let written = errands
            .run("body", move |errand| store(errand, &folder, head, inbox))
            .map_err(io::Error::other)?;
        Ok(Writer { pieces, written })
    }

    async fn end(self) -> io::Result<TempFile> {
        drop(self.pieces);
        let failed = |_| io::Error::other("a body could not be kept");
        self.written.await.map_err(failed)?
    }
}

fn store(
    errand: &Errand,
    folder: &Path,
    head: Vec<u8>,
    mut inbox: mpsc::Receiver<Bytes>,
) -> io::Result<TempFile> {
    let temp = TempFile::for_upload(folder)?;
    let mut file = temp.create()?;
    file.write_all(&head)?;
    drop(head);
    loop {
        match errand.wait(inbox.recv()) {
            Some(Some(piece)) => file.write_all(&piece)?,
            Some(None) => return Ok(temp),
            // The endpoint ends.
            None => return Err(io::ErrorKind::Interrupted.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn spooled(pieces: &[Vec<u8>]) -> (tempfile::TempDir, Packed) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path(), &Errands::default());
        spool.write(Bytes::from_static(b"forgotten")).await.unwrap();
        spool.restart();
        for piece in pieces {
            spool.write(piece.clone().into()).await.unwrap();
        }
        (folder, spool.finish().await.unwrap())
    }

    #[tokio::test]
    async fn a_small_body_stays_in_memory_and_a_large_one_goes_to_a_file() {
        let (folder, small) = spooled(&[b"ab".to_vec(), b"c".to_vec()]).await;
        assert!(matches!(small, Packed::Memory(bytes) if bytes == b"abc"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

        let pieces = vec![vec![7; 20_000]; 30];
        let (folder, large) = spooled(&pieces).await;
        let Packed::File(temp) = large else { panic!("600 kB in memory") };
        assert!(std::fs::read(temp.path()).unwrap() == pieces.concat());
        drop(temp);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, "").unwrap();
        let mut spool = Spool::new(&blocked, &Errands::default());
        let mut failed = false;
        for _ in 0..10 {
            failed |= spool.write(vec![7; 20_000].into()).await.is_err();
        }
        assert!(failed || spool.finish().await.is_err());
    }
}
