//! Decks, normal and filtered (`storage-json` 2).

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, SerializeTuple, Serializer};
use serde_json::Value;

use super::UnknownKeys;
use crate::lenient::{
    BadKey, Keys, boolean, floats, integer, integer_or_text, list, loose_boolean, nullable, text,
};

/// Keys of a normal deck that a filtered one loses (`storage-json` 2).
const RESERVED_NORMAL_KEYS: [&str; 10] = [
    "conf",
    "extendNew",
    "extendRev",
    "newLimit",
    "reviewLimit",
    "newLimitToday",
    "reviewLimitToday",
    "desiredRetention",
    "desc",
    "md",
];

/// A deck.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deck {
    /// Creation time, Unix milliseconds; 1 for the default deck.
    pub id: i64,
    /// Last modification, Unix seconds.
    pub modified: i64,
    /// Name with `::` between components, as it travels: not yet normalised.
    pub name: String,
    /// Update sequence number.
    pub usn: i32,
    /// Day number that the four amounts belong to.
    pub last_day_studied: i32,
    /// New cards studied on that day; custom study makes it negative.
    pub new_studied: i32,
    /// Reviews on that day; custom study makes it negative.
    pub review_studied: i32,
    /// Learning cards studied on that day.
    pub learning_studied: i32,
    /// Time studied on that day, milliseconds.
    pub milliseconds_studied: i32,
    /// Folded in the deck list.
    pub collapsed: bool,
    /// Folded in the browser.
    pub browser_collapsed: bool,
    /// What the two kinds of deck do not share.
    pub kind: DeckKind,
    /// Keys this version does not know.
    pub other: UnknownKeys,
}

/// A normal or a filtered deck.
#[derive(Debug, Clone, PartialEq)]
pub enum DeckKind {
    /// Cards live here.
    Normal(NormalDeck),
    /// Cards are collected here by searches.
    Filtered(FilteredDeck),
}

/// What only a normal deck has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NormalDeck {
    /// The preset that it uses.
    pub preset_id: i64,
    /// Last amount of new cards that custom study added; never negative.
    pub extend_new: i32,
    /// Last amount of reviews that custom study added; never negative.
    pub extend_review: i32,
    /// Description.
    pub description: String,
    /// The description is Markdown.
    pub markdown_description: bool,
    /// Reviews a day instead of the preset's.
    pub review_limit: Option<u32>,
    /// New cards a day instead of the preset's.
    pub new_limit: Option<u32>,
    /// Reviews on one day.
    pub review_limit_today: Option<DayLimit>,
    /// New cards on one day.
    pub new_limit_today: Option<DayLimit>,
    /// Desired retention in percent instead of the preset's.
    pub desired_retention_percent: Option<u32>,
}

/// A limit for one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct DayLimit {
    /// Cards on that day.
    pub limit: u32,
    /// The day's number.
    pub today: u32,
}

/// What only a filtered deck has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilteredDeck {
    /// Answers change the schedule.
    pub reschedule: bool,
    /// The searches that fill it.
    pub search_terms: Vec<SearchTerm>,
    /// Learning steps in minutes (old schedulers).
    pub delays: Vec<f32>,
    /// Preview delay in minutes (old schedulers).
    pub preview_delay: u32,
    /// Preview delay after "Again", seconds.
    pub preview_again_secs: u32,
    /// Preview delay after "Hard", seconds.
    pub preview_hard_secs: u32,
    /// Preview delay after "Good", seconds.
    pub preview_good_secs: u32,
}

/// A search of a filtered deck: `[search, limit, order]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchTerm {
    /// Search text.
    pub search: String,
    /// Most cards to collect; never negative.
    pub limit: i32,
    /// Which cards come first (`storage-blobs` 4).
    pub order: i32,
}

impl Default for DeckKind {
    fn default() -> DeckKind {
        DeckKind::Normal(NormalDeck::default())
    }
}

impl Serialize for SearchTerm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut term = serializer.serialize_tuple(3)?;
        term.serialize_element(&self.search)?;
        term.serialize_element(&self.limit)?;
        term.serialize_element(&self.order)?;
        term.end()
    }
}

impl Serialize for Deck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let day = self.last_day_studied;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("mod", &self.modified)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("usn", &self.usn)?;
        map.serialize_entry("lrnToday", &[day, self.learning_studied])?;
        map.serialize_entry("revToday", &[day, self.review_studied])?;
        map.serialize_entry("newToday", &[day, self.new_studied])?;
        map.serialize_entry("timeToday", &[day, self.milliseconds_studied])?;
        map.serialize_entry("collapsed", &self.collapsed)?;
        map.serialize_entry("browserCollapsed", &self.browser_collapsed)?;
        match &self.kind {
            DeckKind::Normal(normal) => write_normal(&mut map, normal)?,
            DeckKind::Filtered(filtered) => write_filtered(&mut map, filtered)?,
        }
        for (key, value) in &self.other {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

fn write_normal<M: SerializeMap>(map: &mut M, deck: &NormalDeck) -> Result<(), M::Error> {
    map.serialize_entry("desc", &deck.description)?;
    if deck.markdown_description {
        map.serialize_entry("md", &true)?;
    }
    map.serialize_entry("dyn", &0)?;
    map.serialize_entry("conf", &deck.preset_id)?;
    map.serialize_entry("extendNew", &deck.extend_new)?;
    map.serialize_entry("extendRev", &deck.extend_review)?;
    map.serialize_entry("reviewLimit", &deck.review_limit)?;
    map.serialize_entry("newLimit", &deck.new_limit)?;
    map.serialize_entry("reviewLimitToday", &deck.review_limit_today)?;
    map.serialize_entry("newLimitToday", &deck.new_limit_today)?;
    map.serialize_entry("desiredRetention", &deck.desired_retention_percent)
}

fn write_filtered<M: SerializeMap>(map: &mut M, deck: &FilteredDeck) -> Result<(), M::Error> {
    map.serialize_entry("desc", "")?;
    map.serialize_entry("dyn", &1)?;
    map.serialize_entry("resched", &deck.reschedule)?;
    map.serialize_entry("terms", &deck.search_terms)?;
    map.serialize_entry("separate", &true)?;
    let delays = if deck.delays.is_empty() { None } else { Some(&deck.delays) };
    map.serialize_entry("delays", &delays)?;
    map.serialize_entry("previewDelay", &deck.preview_delay)?;
    map.serialize_entry("previewAgainSecs", &deck.preview_again_secs)?;
    map.serialize_entry("previewHardSecs", &deck.preview_hard_secs)?;
    map.serialize_entry("previewGoodSecs", &deck.preview_good_secs)
}

impl<'de> Deserialize<'de> for Deck {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Deck, D::Error> {
        read_deck(Keys::read("deck", deserializer)?).map_err(D::Error::custom)
    }
}

fn read_deck(mut keys: Keys) -> Result<Deck, BadKey> {
    let today = read_today(&mut keys)?;
    let filtered = keys.required("dyn", is_filtered)?;
    Ok(Deck {
        id: keys.required("id", integer_or_text)?,
        modified: keys.optional("mod", 0, integer_or_text)?,
        name: keys.required("name", text)?,
        usn: keys.required("usn", integer)?,
        collapsed: keys.required("collapsed", boolean)?,
        browser_collapsed: keys.optional("browserCollapsed", false, boolean)?,
        kind: if filtered {
            DeckKind::Filtered(read_filtered(&mut keys)?)
        } else {
            DeckKind::Normal(read_normal(&mut keys)?)
        },
        other: {
            keys.discard(&["return"]);
            keys.unknown()
        },
        ..today
    })
}

fn read_normal(keys: &mut Keys) -> Result<NormalDeck, BadKey> {
    Ok(NormalDeck {
        preset_id: keys.required("conf", integer_or_text)?,
        extend_new: keys.forgiving("extendNew", 0, integer).max(0),
        extend_review: keys.forgiving("extendRev", 0, integer).max(0),
        description: keys.optional("desc", String::new(), text)?,
        markdown_description: keys.optional("md", false, boolean)?,
        review_limit: keys.forgiving("reviewLimit", None, nullable(integer)),
        new_limit: keys.forgiving("newLimit", None, nullable(integer)),
        review_limit_today: keys.forgiving("reviewLimitToday", None, nullable(day_limit)),
        new_limit_today: keys.forgiving("newLimitToday", None, nullable(day_limit)),
        desired_retention_percent: keys.forgiving("desiredRetention", None, nullable(integer)),
    })
}

fn read_filtered(keys: &mut Keys) -> Result<FilteredDeck, BadKey> {
    keys.discard(&RESERVED_NORMAL_KEYS);
    keys.discard(&["separate"]);
    Ok(FilteredDeck {
        reschedule: keys.required("resched", loose_boolean)?,
        search_terms: keys.required("terms", |value| list(value, search_term))?,
        delays: keys.forgiving("delays", Vec::new(), floats),
        preview_delay: keys.optional("previewDelay", 0, integer)?,
        preview_again_secs: keys.optional("previewAgainSecs", 0, integer)?,
        preview_hard_secs: keys.optional("previewHardSecs", 0, integer)?,
        preview_good_secs: keys.optional("previewGoodSecs", 0, integer)?,
    })
}

/// The four `…Today` pairs share one day in a collection: the latest. Amounts of another day are
/// dropped, except the time (`storage-json` 2.2).
fn read_today(keys: &mut Keys) -> Result<Deck, BadKey> {
    let (learning_day, learning) = keys.required("lrnToday", day_and_amount)?;
    let (review_day, review) = keys.required("revToday", day_and_amount)?;
    let (new_day, new) = keys.required("newToday", day_and_amount)?;
    let (time_day, time) = keys.required("timeToday", day_and_amount)?;
    let last = time_day.max(new_day).max(review_day);
    let of_last = |day, amount| if day == last { amount } else { 0 };
    Ok(Deck {
        last_day_studied: last,
        learning_studied: of_last(learning_day, learning),
        review_studied: of_last(review_day, review),
        new_studied: of_last(new_day, new),
        milliseconds_studied: time,
        ..Deck::default()
    })
}

/// The last element is the amount, the one before it the day.
fn day_and_amount(value: Value) -> Option<(i32, i32)> {
    let Value::Array(items) = value else { return None };
    let mut from_end = items.iter().rev().map(wrapped);
    let amount = from_end.next().unwrap_or(0);
    let day = from_end.next().unwrap_or(0);
    Some((day, amount))
}

#[expect(clippy::cast_possible_truncation, reason = "wrapping is the rule for these numbers")]
fn wrapped(value: &Value) -> i32 {
    value.as_i64().unwrap_or(0) as i32
}

/// 1 or `true` is a filtered deck, any other small number a normal one.
fn is_filtered(value: Value) -> Option<bool> {
    match value {
        Value::Bool(filtered) => Some(filtered),
        other => integer::<u8>(other).map(|number| number == 1),
    }
}

fn day_limit(value: Value) -> Option<DayLimit> {
    match value {
        Value::Object(mut map) => Some(DayLimit {
            limit: integer(map.remove("limit")?)?,
            today: integer(map.remove("today")?)?,
        }),
        Value::Array(items) => {
            let [limit, today] = <[Value; 2]>::try_from(items).ok()?;
            Some(DayLimit { limit: integer(limit)?, today: integer(today)? })
        }
        _ => None,
    }
}

fn search_term(value: Value) -> Option<SearchTerm> {
    let Value::Array(items) = value else { return None };
    let [search, limit, order] = <[Value; 3]>::try_from(items).ok()?;
    let limit: i32 = integer_or_text(limit)?;
    Some(SearchTerm { search: text(search)?, limit: limit.max(0), order: integer(order)? })
}

#[cfg(test)]
mod tests;
