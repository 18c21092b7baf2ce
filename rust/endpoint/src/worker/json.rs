//! The JSON of a request: in memory when it is as small as nearly all are, else in a file.

use std::path::Path;

use crate::memory::Held;
use crate::temp_file::TempFile;

/// A complete, unpacked request.
#[derive(Debug)]
pub(crate) struct Json {
    text: Text,
    /// For reading it, too. Goes when the worker is done with it, whoever has left by then.
    _held: Option<Held>,
}

#[derive(Debug)]
enum Text {
    Memory(Vec<u8>),
    File(TempFile),
}

impl Json {
    /// Text in memory, and what was taken for it unless it is very small.
    pub(crate) fn in_memory(text: Vec<u8>, held: Option<Held>) -> Json {
        Json { text: Text::Memory(text), _held: held }
    }

    /// Text in a temporary file, to be read part by part.
    pub(crate) fn in_file(text: TempFile, held: Held) -> Json {
        Json { text: Text::File(text), _held: Some(held) }
    }

    /// The text; none when it is in a file.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.text {
            Text::Memory(text) => text,
            Text::File(_) => &[],
        }
    }

    /// Where the text is, when it is in a file.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.text {
            Text::Memory(_) => None,
            Text::File(file) => Some(file.path()),
        }
    }
}
