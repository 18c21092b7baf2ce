//! How requests and answers are wrapped (`transport` 3, 4), in both directions.
//!
//! There are two ways, and only [`RequestReader::new`] decides which one a request came in; its
//! answer uses the same one. Everything beyond this module sees a [`crate::Call`] and how it
//! is to be answered, whichever generation of clients asked.

mod coding;
mod form;
mod inflate;
mod multipart;
mod packing;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use coding::Coding;
pub use inflate::{InflateError, Inflater};
pub use multipart::MultipartError;
pub use reader::{Data, Envelope, RequestHead, RequestReader};
pub use writer::RequestHeaders;

use crate::error::ErrorKind;

/// Response header with the length of the uncompressed body; clients of protocol 11 need it on
/// every 200 (`transport` 3.2).
pub const ORIGINAL_SIZE_HEADER: &str = "anki-original-size";

/// How a request is wrapped, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Protocol 11: a header says who asks, bodies are zstd frames.
    Header,
    /// Protocols 8 to 10: a form with gzip in it, and plain answers.
    Form,
}

impl Framing {
    /// How the body of a 200 is packed.
    pub fn answer_coding(self) -> Coding {
        match self {
            Framing::Header => Coding::Zstd,
            Framing::Form => Coding::Plain,
        }
    }

    /// The header that a 200 needs, when its body has `size` bytes before it is packed.
    pub fn answer_header(self, size: u64) -> (&'static str, String) {
        match self {
            Framing::Header => (ORIGINAL_SIZE_HEADER, size.to_string()),
            Framing::Form => ("content-type", "application/octet-stream".to_owned()),
        }
    }

    /// Reads the body of a 200 of at most `limit` bytes, as a client.
    ///
    /// # Errors
    /// When it is not packed as it should be, or larger.
    pub fn read_answer(self, body: &[u8], limit: u64) -> Result<Vec<u8>, InflateError> {
        let mut answer = Vec::new();
        self.answer_coding().unpack(&mut &*body, limit, |piece| {
            answer.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(answer)
    }

    /// How to refuse a request that is too large. Clients of protocol 11 then offer the one thing
    /// that helps: a one-way sync, which may have any size. Older ones have a text for the other
    /// status (`transport` 6.2).
    pub fn too_large(self) -> ErrorKind {
        match self {
            Framing::Header => ErrorKind::BadRequest,
            Framing::Form => ErrorKind::TooLarge,
        }
    }
}
