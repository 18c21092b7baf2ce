//! Objects of a collection as they travel: JSON in the style of schema 11 (`storage-json`).

mod card;
mod deck;
mod note;
mod notetype;
mod preset;
mod review;
mod row;
#[cfg(test)]
mod testing;

pub use card::Card;
pub use deck::{DayLimit, Deck, DeckKind, FilteredDeck, NormalDeck, SearchTerm};
pub use note::Note;
pub use notetype::{
    CardRequirement, Notetype, NotetypeField, NotetypeKind, NotetypeTemplate, RequirementKind,
};
pub use preset::{LapseSection, NewSection, Preset, ReviewSection};
pub use review::Review;

/// Keys that this version does not know. They are kept and sent back (`storage-json` 6).
pub type UnknownKeys = serde_json::Map<String, serde_json::Value>;
