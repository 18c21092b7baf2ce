//! Units of the protocol as type names (`storage` 4).

/// Unix time in milliseconds: `mod` and `scm` of a collection, ids of most objects.
pub type TimestampMillis = i64;
/// Unix time in seconds: `mod` of notes, cards, decks, notetypes and presets.
pub type TimestampSecs = i64;
/// Update sequence number. −1 on a client means "changed since the last sync".
pub type Usn = i32;
