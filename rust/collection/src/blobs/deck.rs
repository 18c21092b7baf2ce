//! Blobs of decks (`storage-blobs` 4).

use deckport_wire::objects::{
    DayLimit, Deck, DeckKind, FilteredDeck, NormalDeck, SearchTerm, UnknownKeys,
};
use prost::{Message, Oneof};

use super::{Core, all_finite, other, raw};
use crate::error::{Error, Result};
use crate::names;

const NORMAL: u64 = 1;
const FILTERED: u64 = 2;

#[derive(Clone, PartialEq, Message)]
struct Common {
    #[prost(bool, tag = "1")]
    study_collapsed: bool,
    #[prost(bool, tag = "2")]
    browser_collapsed: bool,
    #[prost(uint32, tag = "3")]
    last_day_studied: u32,
    #[prost(int32, tag = "4")]
    new_studied: i32,
    #[prost(int32, tag = "5")]
    review_studied: i32,
    #[prost(int32, tag = "6")]
    learning_studied: i32,
    #[prost(int32, tag = "7")]
    milliseconds_studied: i32,
    #[prost(bytes = "vec", tag = "255")]
    other: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct KindContainer {
    #[prost(oneof = "Kind", tags = "1, 2")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Kind {
    #[prost(message, tag = "1")]
    Normal(Normal),
    #[prost(message, tag = "2")]
    Filtered(Filtered),
}

#[derive(Clone, PartialEq, Message)]
struct Normal {
    #[prost(int64, tag = "1")]
    preset_id: i64,
    #[prost(uint32, tag = "2")]
    extend_new: u32,
    #[prost(uint32, tag = "3")]
    extend_review: u32,
    #[prost(string, tag = "4")]
    description: String,
    #[prost(bool, tag = "5")]
    markdown_description: bool,
    #[prost(uint32, optional, tag = "6")]
    review_limit: Option<u32>,
    #[prost(uint32, optional, tag = "7")]
    new_limit: Option<u32>,
    #[prost(message, optional, tag = "8")]
    review_limit_today: Option<Limit>,
    #[prost(message, optional, tag = "9")]
    new_limit_today: Option<Limit>,
    #[prost(float, optional, tag = "10")]
    desired_retention: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct Limit {
    #[prost(uint32, tag = "1")]
    limit: u32,
    #[prost(uint32, tag = "2")]
    today: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Filtered {
    #[prost(bool, tag = "1")]
    reschedule: bool,
    #[prost(message, repeated, tag = "2")]
    search_terms: Vec<Term>,
    #[prost(float, repeated, tag = "3")]
    delays: Vec<f32>,
    #[prost(uint32, tag = "4")]
    preview_delay: u32,
    #[prost(uint32, tag = "5")]
    preview_hard_secs: u32,
    #[prost(uint32, tag = "6")]
    preview_good_secs: u32,
    #[prost(uint32, tag = "7")]
    preview_again_secs: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Term {
    #[prost(string, tag = "1")]
    search: String,
    #[prost(uint32, tag = "2")]
    limit: u32,
    #[prost(int32, tag = "3")]
    order: i32,
}

/// Every number of [`Common`].
fn is_known_in_common(number: u64) -> bool {
    matches!(number, 1..=7 | 255)
}

/// The two blobs of a deck's row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DeckBlobs {
    /// What both kinds of deck have.
    pub(crate) common: Vec<u8>,
    /// What only one kind has.
    pub(crate) kind: Vec<u8>,
}

/// Reads a deck; its name gets `::` between the components.
pub(crate) fn decode(core: Core, blobs: &DeckBlobs) -> Result<Deck> {
    let mut common = Common::decode(blobs.common.as_slice())?;
    let kind = KindContainer::decode(blobs.kind.as_slice())?.kind.ok_or_else(|| {
        Error::conflict("a stored deck is neither normal nor filtered; check the database")
    })?;
    let bytes = std::mem::take(&mut common.other);
    let zero = core.clone();
    let zero_kind = match kind {
        Kind::Normal(_) => Kind::Normal(Normal::default()),
        Kind::Filtered(_) => Kind::Filtered(Filtered::default()),
    };
    Ok(other::absorb(
        deck(core, common, kind),
        || deck(zero, Common::default(), zero_kind),
        &bytes,
        &["id", "name", "mod", "usn", "dyn"],
        &[],
    ))
}

/// The blobs with their known but stuck keys where they belong; `None` when there are none.
pub(crate) fn promoted(stored: &DeckBlobs) -> Result<Option<DeckBlobs>> {
    let after = decode(Core::default(), stored)?;
    let mut common = Common::decode(stored.common.as_slice())?;
    common.other.clear();
    let plain = DeckBlobs { common: common.encode_to_vec(), kind: stored.kind.clone() };
    let before = decode(Core::default(), &plain)?;
    let promoted = Deck { other: UnknownKeys::new(), ..after.clone() } != before;
    if promoted { encode(&after, Some(stored)).map(Some) } else { Ok(None) }
}

/// The blobs of a deck. Anything in the replaced blobs that we do not know is kept.
pub(crate) fn encode(deck: &Deck, replaced: Option<&DeckBlobs>) -> Result<DeckBlobs> {
    let common = Common {
        study_collapsed: deck.collapsed,
        browser_collapsed: deck.browser_collapsed,
        last_day_studied: deck.last_day_studied.cast_unsigned(),
        new_studied: deck.new_studied,
        review_studied: deck.review_studied,
        learning_studied: deck.learning_studied,
        milliseconds_studied: deck.milliseconds_studied,
        other: other::encode(&deck.other)?,
    };
    let mut common = common.encode_to_vec();
    if let Some(replaced) = replaced {
        common.extend(raw::unknown_fields(&replaced.common, is_known_in_common));
    }
    Ok(DeckBlobs { common, kind: encode_kind(&deck.kind, replaced) })
}

fn encode_kind(kind: &DeckKind, replaced: Option<&DeckBlobs>) -> Vec<u8> {
    let (number, mut content, last_known) = match kind {
        DeckKind::Normal(deck) => (NORMAL, normal_blob(deck).encode_to_vec(), 10),
        DeckKind::Filtered(deck) => (FILTERED, filtered_blob(deck).encode_to_vec(), 7),
    };
    let replaced = replaced.map_or(&[][..], |blobs| &blobs.kind);
    if let Some(replaced) = raw::embedded(replaced, number) {
        content.extend(raw::unknown_fields(replaced, |number| number <= last_known));
    }
    let mut blob = raw::embed(number, &content);
    blob.extend(raw::unknown_fields(replaced, |number| matches!(number, NORMAL | FILTERED)));
    blob
}

fn normal_blob(deck: &NormalDeck) -> Normal {
    Normal {
        preset_id: deck.preset_id,
        extend_new: not_negative(deck.extend_new),
        extend_review: not_negative(deck.extend_review),
        description: deck.description.clone(),
        markdown_description: deck.markdown_description,
        review_limit: deck.review_limit,
        new_limit: deck.new_limit,
        review_limit_today: deck.review_limit_today.map(limit_blob),
        new_limit_today: deck.new_limit_today.map(limit_blob),
        desired_retention: deck.desired_retention_percent.map(fraction),
    }
}

fn filtered_blob(deck: &FilteredDeck) -> Filtered {
    let term = |term: &SearchTerm| Term {
        search: term.search.clone(),
        limit: not_negative(term.limit),
        order: term.order,
    };
    Filtered {
        reschedule: deck.reschedule,
        search_terms: deck.search_terms.iter().map(term).collect(),
        delays: deck.delays.clone(),
        preview_delay: deck.preview_delay,
        preview_hard_secs: deck.preview_hard_secs,
        preview_good_secs: deck.preview_good_secs,
        preview_again_secs: deck.preview_again_secs,
    }
}

fn deck(core: Core, common: Common, kind: Kind) -> Deck {
    Deck {
        id: core.id,
        modified: core.modified,
        name: names::deck_name(&core.name),
        usn: core.usn,
        last_day_studied: common.last_day_studied.cast_signed(),
        new_studied: common.new_studied,
        review_studied: common.review_studied,
        learning_studied: common.learning_studied,
        milliseconds_studied: common.milliseconds_studied,
        collapsed: common.study_collapsed,
        browser_collapsed: common.browser_collapsed,
        kind: match kind {
            Kind::Normal(blob) => DeckKind::Normal(normal(blob)),
            Kind::Filtered(blob) => DeckKind::Filtered(filtered(blob)),
        },
        other: UnknownKeys::new(),
    }
}

fn normal(blob: Normal) -> NormalDeck {
    NormalDeck {
        preset_id: blob.preset_id,
        extend_new: to_i32(blob.extend_new),
        extend_review: to_i32(blob.extend_review),
        description: blob.description,
        markdown_description: blob.markdown_description,
        review_limit: blob.review_limit,
        new_limit: blob.new_limit,
        review_limit_today: blob.review_limit_today.map(day_limit),
        new_limit_today: blob.new_limit_today.map(day_limit),
        desired_retention_percent: blob.desired_retention.map(percent),
    }
}

fn filtered(blob: Filtered) -> FilteredDeck {
    let term = |term: Term| SearchTerm {
        search: term.search,
        limit: to_i32(term.limit),
        order: term.order,
    };
    FilteredDeck {
        reschedule: blob.reschedule,
        search_terms: blob.search_terms.into_iter().map(term).collect(),
        delays: all_finite(blob.delays),
        preview_delay: blob.preview_delay,
        preview_again_secs: blob.preview_again_secs,
        preview_hard_secs: blob.preview_hard_secs,
        preview_good_secs: blob.preview_good_secs,
    }
}

fn limit_blob(limit: DayLimit) -> Limit {
    Limit { limit: limit.limit, today: limit.today }
}

fn day_limit(blob: Limit) -> DayLimit {
    DayLimit { limit: blob.limit, today: blob.today }
}

fn not_negative(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// Clients read no larger number from JSON here.
fn to_i32(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn fraction(percent: u32) -> f32 {
    percent as f32 / 100.0
}

/// Rounded to nearest: cutting off, as clients do, turns 53 percent into 52 (`storage-json` 2.3).
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
#[expect(clippy::cast_sign_loss, reason = "the cast saturates")]
fn percent(fraction: f32) -> u32 {
    (f64::from(fraction) * 100.0).round() as u32
}

#[cfg(test)]
mod tests;
