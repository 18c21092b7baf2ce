//! The JSON bodies of every collection method (`collection-sync` 3).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::objects::{Card, Deck, Note, Notetype, Preset, Review};
use crate::received::ReceivedChanges;
use crate::time::{TimestampMillis, TimestampSecs, Usn};

/// `hostKey`: a login (`collection-sync` 3.1).
#[derive(Serialize, Deserialize)]
pub struct HostKeyRequest {
    /// Account name as typed by the person.
    #[serde(rename = "u")]
    pub username: String,
    /// Password as typed by the person.
    #[serde(rename = "p")]
    pub password: String,
}

/// Answer to `hostKey`.
#[derive(Serialize, Deserialize)]
pub struct HostKeyResponse {
    /// The device's token, sent with every later request.
    pub key: String,
}

/// `meta`: asks for the state of the collection (`collection-sync` 3.2).
#[derive(Debug, Serialize, Deserialize)]
pub struct MetaRequest {
    /// Protocol version of the client.
    #[serde(rename = "v")]
    pub version: u8,
    /// Client version text, e.g. `anki,26.09.3 (29bb700b),linux`.
    #[serde(rename = "cv")]
    pub client_version: String,
}

/// Answer to `meta`; every key is needed by some client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetaResponse {
    /// Last modification of the collection.
    #[serde(rename = "mod")]
    pub modified: TimestampMillis,
    /// Last change of the schema; when it differs the client asks for a one-way sync.
    #[serde(rename = "scm")]
    pub schema_modified: TimestampMillis,
    /// The endpoint's current update sequence number.
    pub usn: Usn,
    /// The endpoint's clock; clients refuse to sync when it is more than 300 s off.
    #[serde(rename = "ts")]
    pub now: TimestampSecs,
    /// Text shown to the person.
    #[serde(rename = "msg")]
    pub message: String,
    /// `false` refuses the sync; `message` is the reason.
    #[serde(rename = "cont")]
    pub should_continue: bool,
    /// Always 0; clients without a custom server would use it as a host number.
    #[serde(rename = "hostNum")]
    pub host_number: u32,
    /// The collection has no cards.
    pub empty: bool,
    /// The last media usn, lets clients skip the media sync.
    pub media_usn: Usn,
}

/// `start`: begins a sync (`collection-sync` 3.3).
#[derive(Debug, Serialize, Deserialize)]
pub struct StartRequest {
    /// The client's `col.usn`: it wants everything from here on.
    #[serde(rename = "minUsn")]
    pub client_usn: Usn,
    /// The client's collection is newer than ours, as `meta` told it.
    #[serde(rename = "lnewer")]
    pub client_is_newer: bool,
    /// All of the client's deletions (old clients only).
    #[serde(default)]
    pub graves: Option<Graves>,
}

/// Ids of deleted objects (`collection-sync` 3.4, 5.9).
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Graves {
    /// Card ids.
    #[serde(deserialize_with = "crate::lenient::ids")]
    pub cards: Vec<i64>,
    /// Deck ids.
    #[serde(deserialize_with = "crate::lenient::ids")]
    pub decks: Vec<i64>,
    /// Note ids.
    #[serde(deserialize_with = "crate::lenient::ids")]
    pub notes: Vec<i64>,
}

/// `applyGraves`: part of the client's deletions.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApplyGravesRequest {
    /// At most 250 ids in released clients.
    pub chunk: Graves,
}

/// `applyChanges`: the client's small objects.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApplyChangesRequest {
    /// Everything small that changed on the client.
    pub changes: ReceivedChanges,
}

/// The complete config; values are kept as the text they arrived in (`storage-blobs` 7).
pub type ConfigMap = BTreeMap<String, Box<RawValue>>;

/// Decks and presets travel as a two-element array.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct DecksAndPresets(
    /// Changed decks.
    pub Vec<Deck>,
    /// Changed presets.
    pub Vec<Preset>,
);

/// Small objects of one side, in both directions (`collection-sync` 3.5).
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Changes {
    /// Changed notetypes.
    #[serde(rename = "models")]
    pub notetypes: Vec<Notetype>,
    /// Changed decks and presets.
    pub decks: DecksAndPresets,
    /// Tags added since the last sync, with `::` between components.
    pub tags: Vec<String>,
    /// Complete config, only from the newer side.
    #[serde(rename = "conf", default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigMap>,
    /// Creation time of the collection, only together with `config`.
    #[serde(rename = "crt", default, skip_serializing_if = "Option::is_none")]
    pub creation: Option<TimestampSecs>,
}

/// A part of the cards, notes and reviews (`collection-sync` 3.6).
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Chunk {
    /// This is the last part.
    pub done: bool,
    /// Reviews.
    #[serde(rename = "revlog", default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<Review>,
    /// Cards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// `applyChunk`: a part of the client's cards, notes and reviews.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApplyChunkRequest {
    /// The part.
    pub chunk: Chunk,
}

/// Row counts compared at the end of a sync (`collection-sync` 9).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SanityCounts(
    /// New, learning and review cards due: never compared.
    pub [u32; 3],
    /// Cards.
    pub u32,
    /// Notes.
    pub u32,
    /// Reviews.
    pub u32,
    /// Graves: never compared.
    pub u32,
    /// Notetypes.
    pub u32,
    /// Decks.
    pub u32,
    /// Presets.
    pub u32,
);

/// `sanityCheck2`: the client's counts, or the problem its own check found.
#[derive(Debug, Serialize, Deserialize)]
pub struct SanityCheckRequest {
    /// Counts, or a text when an old client's own check failed.
    pub client: SanityReport,
}

/// What a client reports in `sanityCheck2`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SanityReport {
    /// Row counts.
    Counts(SanityCounts),
    /// An old client found a problem by itself, e.g. `missing notes`.
    Problem(String),
}

/// Whether both sides hold the same number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SanityStatus {
    /// Equal.
    Ok,
    /// Different: the client rolls back and asks for a one-way sync.
    Bad,
}

/// Answer to `sanityCheck2`.
#[derive(Debug, Serialize, Deserialize)]
pub struct SanityCheckResponse {
    /// The verdict; clients look at nothing else.
    pub status: SanityStatus,
    /// The client's counts as received.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub client: Option<SanityCounts>,
    /// Our counts.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub server: Option<SanityCounts>,
}
