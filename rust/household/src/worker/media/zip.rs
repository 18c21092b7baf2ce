//! A received batch: in memory when it is as small as nearly all are, else in a file.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

use deckport_ground::temp_file::TempFile;

/// The zip of an upload, complete and not yet opened.
#[derive(Debug)]
pub struct MediaZip(Held);

#[derive(Debug)]
enum Held {
    Memory(Cursor<Vec<u8>>),
    /// In a temporary file, which is removed with this.
    File {
        file: BufReader<File>,
        bytes: u64,
        _temp: TempFile,
    },
}

impl MediaZip {
    /// A zip in memory.
    pub fn in_memory(bytes: Vec<u8>) -> MediaZip {
        MediaZip(Held::Memory(Cursor::new(bytes)))
    }

    /// A zip that was written to a temporary file.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn in_file(temp: TempFile) -> io::Result<MediaZip> {
        let file = File::open(temp.path())?;
        let bytes = file.metadata()?.len();
        Ok(MediaZip(Held::File { file: BufReader::new(file), bytes, _temp: temp }))
    }

    /// Size of the zip.
    pub(super) fn bytes(&self) -> u64 {
        match &self.0 {
            Held::Memory(memory) => memory.get_ref().len() as u64,
            Held::File { bytes, .. } => *bytes,
        }
    }
}

impl Read for MediaZip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Held::Memory(memory) => memory.read(buffer),
            Held::File { file, .. } => file.read(buffer),
        }
    }
}

impl Seek for MediaZip {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            Held::Memory(memory) => memory.seek(to),
            Held::File { file, .. } => file.seek(to),
        }
    }
}
