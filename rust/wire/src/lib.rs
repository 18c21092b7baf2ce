//! The Anki sync protocol as types: what clients and endpoints say to each other.
//!
//! This crate turns bytes into typed messages and back. It knows nothing of files, SQLite,
//! clocks or the network. Protocol facts are cited by page and section of the protocol
//! description (`transport`, `collection-sync`, `storage-json`, …).

mod error;
mod header;
mod large_chunk;
pub mod lenient;
pub mod media;
mod messages;
mod method;
pub mod multipart;
pub mod objects;
pub mod proxied;
mod received;
mod time;

pub use error::{ErrorKind, WireError};
pub use header::{ClientVersion, SYNC_HEADER, SyncHeader};
pub use large_chunk::{LargeChunkError, read_large_chunk};
pub use messages::{
    ApplyChangesRequest, ApplyChunkRequest, ApplyGravesRequest, Changes, Chunk, ConfigMap,
    DecksAndPresets, Graves, HostKeyRequest, HostKeyResponse, MetaRequest, MetaResponse,
    SanityCheckRequest, SanityCheckResponse, SanityCounts, SanityReport, SanityStatus,
    StartRequest,
};
pub use method::{MediaMethod, Route, SyncMethod};
pub use objects::{Card, Deck, Note, Notetype, Preset, Review};
pub use received::{Completable, Received, ReceivedChanges};
pub use time::{TimestampMillis, TimestampSecs, Usn};

/// The newest protocol version that is spoken (`transport` 1).
pub const PROTOCOL_NEWEST: u8 = 11;
/// The oldest protocol version that is spoken (`transport` 1).
pub const PROTOCOL_OLDEST: u8 = 8;
/// Response header with the length of the uncompressed body; clients of protocol 11 need it on
/// every 200 (`transport` 3.2).
pub const ORIGINAL_SIZE_HEADER: &str = "anki-original-size";
