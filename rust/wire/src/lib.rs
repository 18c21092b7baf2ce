//! The Anki sync protocol as types: what clients and endpoints say to each other.
//!
//! This crate turns bytes into typed messages and back, for both sides: a request becomes a [`Call`],
//! whichever generation of clients sent it, and everything that is read can be written. It knows
//! nothing of files, SQLite, clocks or the network. Protocol facts are cited by page and section of the protocol
//! description (`transport`, `collection-sync`, `storage-json`, …).

mod call;
mod error;
pub mod framing;
mod header;
mod large_chunk;
pub mod lenient;
pub mod media;
mod messages;
mod method;
pub mod objects;
pub mod proxied;
mod received;
mod time;

pub use call::{Call, Exchange, MediaRequest, Request, Sender, Step};
pub use error::{ErrorKind, WireError};
pub use framing::{Framing, ORIGINAL_SIZE_HEADER};
pub use header::{ClientVersion, SYNC_HEADER, SyncHeader};
pub use large_chunk::{LargeChunkError, read_large_chunk};
pub use messages::{
    ApplyChangesRequest, ApplyChunkRequest, ApplyGravesRequest, Changes, Chunk, ConfigMap,
    DecksAndPresets, Graves, HostKeyRequest, HostKeyResponse, MetaRequest, MetaResponse,
    SanityCheckRequest, SanityCheckResponse, SanityCounts, SanityReport, SanityStatus,
    StartRequest,
};
pub use method::{MediaMethod, Method, Route, SyncMethod};
pub use objects::{Card, Deck, Note, Notetype, Preset, Review};
pub use received::{Completable, Received, ReceivedChanges};
pub use time::{TimestampMillis, TimestampSecs, Usn};

/// The newest protocol version that is spoken (`transport` 1).
pub const PROTOCOL_NEWEST: u8 = 11;
/// The oldest protocol version that is spoken (`transport` 1).
pub const PROTOCOL_OLDEST: u8 = 8;
