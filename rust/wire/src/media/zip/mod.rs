//! Zips as far as media and packages need them (`media-sync` 5, `storage-package`): stored and
//! deflated entries, no encryption, no parts. What is read may be larger than 4 GiB (zip64), what
//! is written here may not.
//!
//! A reader of our own instead of a library: it must read a stranger's directory within fixed
//! limits of memory, and needs a tenth of what libraries do. Deflate itself is `flate2`.

mod format;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{EntryReader, ZipEntry, ZipLimits, ZipReader};
pub use write::ZipBuilder;

/// Why a zip cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// The bytes are no zip, or a broken one.
    #[error("the zip is broken: {0}")]
    Broken(&'static str),
    /// The zip uses something that no client sends.
    #[error("the zip uses {0}, which is not supported")]
    Unsupported(&'static str),
    /// The zip has more entries, or a longer directory, than allowed.
    #[error("the zip is larger than allowed")]
    TooLarge,
    /// The zip's source failed.
    #[error("the zip cannot be read: {0}")]
    Io(#[from] std::io::Error),
}
