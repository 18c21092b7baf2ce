//! Collection packages: `.colpkg` files of every version (`storage-package`).
//!
//! [`PackageReader`] reads them within [`Limits`], [`PackageWriter`] makes them; both move contents
//! as streams. Whether the database inside is sound is not judged here: `deckport-collection` does
//! that. There is no network, no account, and nothing is written except to what the caller gives.
//!
//! Zips are read by our own reader in `deckport-wire`, because a package comes from a stranger and
//! its directory must be held within fixed limits. They are written by the crate `zip`: there the
//! sizes are known only after the content, and may exceed 4 GiB.

mod error;
mod media_map;
mod names;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use error::{Error, Result};
pub use media_map::MediaFile;
pub use names::is_fit;
pub use reader::{FileKind, Limits, PackageReader, file_kind};
pub use writer::PackageWriter;

/// The versions of the format (`storage-package`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A database of schema 11 in `collection.anki2`.
    Legacy1,
    /// A database of schema 11 in `collection.anki21`; every Anki reads it.
    Legacy2,
    /// A database of schema 18, everything packed with zstd; Anki 2.1.50 and newer read it.
    Latest,
}

impl Version {
    /// The entry with the database.
    fn database_entry(self) -> &'static str {
        match self {
            Version::Legacy1 => "collection.anki2",
            Version::Legacy2 => "collection.anki21",
            Version::Latest => "collection.anki21b",
        }
    }
}

/// The message in the entry `meta`.
#[derive(Clone, PartialEq, prost::Message)]
struct Meta {
    #[prost(int32, tag = "1")]
    version: i32,
}

/// The entry that holds the version.
const META: &str = "meta";
/// The entry that holds the names of the media files.
const MEDIA: &str = "media";
