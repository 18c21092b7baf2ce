//! Presets, the option groups of decks (`storage-json` 3).

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::UnknownKeys;
use crate::lenient::{
    BadKey, Keys, boolean, float, floats, integer, integer_or_text, object, text,
};

/// A preset. Floats are written as the shortest decimal of an f32 (`storage` 5).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preset {
    /// Creation time, Unix milliseconds; 1 for the default preset.
    pub id: i64,
    /// Last modification, Unix seconds.
    #[serde(rename = "mod")]
    pub modified: i64,
    /// Need not be unique.
    pub name: String,
    /// Update sequence number.
    pub usn: i32,
    /// Answer times are capped at this many seconds.
    #[serde(rename = "maxTaken", serialize_with = "as_i32")]
    pub cap_answer_time_secs: u32,
    /// Play sounds automatically.
    pub autoplay: bool,
    /// Show a timer.
    #[serde(rename = "timer", serialize_with = "zero_or_one")]
    pub show_timer: bool,
    /// Replay the question's sounds with the answer.
    #[serde(rename = "replayq")]
    pub replay_question: bool,
    /// Options of new cards.
    pub new: NewSection,
    /// Options of reviews.
    #[serde(rename = "rev")]
    pub review: ReviewSection,
    /// Options of lapses.
    pub lapse: LapseSection,
    /// Mix of new cards and reviews.
    pub new_mix: i32,
    /// Minimum of new cards a day in the v3 scheduler.
    pub new_per_day_minimum: u32,
    /// Mix of learning cards of other days and reviews.
    pub interday_learning_mix: i32,
    /// Order of reviews.
    pub review_order: i32,
    /// Order of new cards.
    pub new_sort_order: i32,
    /// Which new cards are gathered first.
    pub new_gather_priority: i32,
    /// Bury learning cards of the same note.
    pub bury_interday_learning: bool,
    /// FSRS-4 parameters.
    pub fsrs_weights: Vec<f32>,
    /// FSRS-5 parameters.
    #[serde(rename = "fsrsParams5")]
    pub fsrs_params_5: Vec<f32>,
    /// FSRS-6 parameters.
    #[serde(rename = "fsrsParams6")]
    pub fsrs_params_6: Vec<f32>,
    /// Desired retention as a fraction.
    pub desired_retention: f32,
    /// A date, or empty.
    pub ignore_revlogs_before_date: String,
    /// Load of each weekday, Monday first; empty for the same on all.
    pub easy_days_percentages: Vec<f32>,
    /// Stop the timer when the answer is shown.
    pub stop_timer_on_answer: bool,
    /// Auto advance: seconds before the answer.
    pub seconds_to_show_question: f32,
    /// Auto advance: seconds before the next card.
    pub seconds_to_show_answer: f32,
    /// Auto advance: what happens after the question, 0-1.
    pub question_action: i32,
    /// Auto advance: what happens after the answer, 0-4.
    pub answer_action: i32,
    /// Auto advance: wait for sounds.
    pub wait_for_audio: bool,
    /// Retention before FSRS, as a fraction.
    #[serde(rename = "sm2Retention")]
    pub historical_retention: f32,
    /// Search for the cards that FSRS learns from.
    #[serde(rename = "weightSearch")]
    pub param_search: String,
    /// Keys this version does not know.
    #[serde(flatten, serialize_with = "with_dyn")]
    pub other: UnknownKeys,
}

/// Options of new cards.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSection {
    /// Bury new cards of the same note.
    pub bury: bool,
    /// Learning steps in minutes.
    pub delays: Vec<f32>,
    /// Ease × 1000 of a card that leaves learning.
    pub initial_factor: u16,
    /// First interval after "Good" and "Easy" in days; the third number is unused.
    #[serde(rename = "ints")]
    pub intervals: [u16; 3],
    /// New cards get positions at random instead of in sequence.
    #[serde(rename = "order", serialize_with = "zero_or_one_inverted")]
    pub random_order: bool,
    /// New cards a day.
    pub per_day: u32,
    /// Keys this version does not know.
    #[serde(flatten)]
    pub other: UnknownKeys,
}

/// Options of reviews.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewSection {
    /// Bury reviews of the same note.
    pub bury: bool,
    /// Factor of "Easy".
    #[serde(rename = "ease4")]
    pub easy_multiplier: f32,
    /// Factor of every interval.
    #[serde(rename = "ivlFct")]
    pub interval_multiplier: f32,
    /// Longest interval in days.
    #[serde(rename = "maxIvl")]
    pub maximum_interval: u32,
    /// Reviews a day.
    pub per_day: u32,
    /// Factor of "Hard".
    #[serde(rename = "hardFactor")]
    pub hard_multiplier: f32,
    /// Keys this version does not know.
    #[serde(flatten)]
    pub other: UnknownKeys,
}

/// Options of lapses.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LapseSection {
    /// Relearning steps in minutes.
    pub delays: Vec<f32>,
    /// Leeches are tagged only, not suspended.
    #[serde(rename = "leechAction", serialize_with = "zero_or_one")]
    pub leech_tag_only: bool,
    /// Lapses that make a leech.
    #[serde(rename = "leechFails")]
    pub leech_threshold: u32,
    /// Shortest interval after a lapse in days.
    #[serde(rename = "minInt")]
    pub minimum_interval: u32,
    /// What remains of the interval, as a fraction.
    #[serde(rename = "mult")]
    pub multiplier: f32,
    /// Keys this version does not know.
    #[serde(flatten)]
    pub other: UnknownKeys,
}

/// The section a client has before anybody changes it; also what replaces a defective one.
impl Default for NewSection {
    fn default() -> NewSection {
        NewSection {
            bury: false,
            delays: vec![1.0, 10.0],
            initial_factor: 2500,
            intervals: [1, 4, 0],
            random_order: false,
            per_day: 20,
            other: UnknownKeys::new(),
        }
    }
}

/// The section a client has before anybody changes it; also what replaces a defective one.
impl Default for ReviewSection {
    fn default() -> ReviewSection {
        ReviewSection {
            bury: false,
            easy_multiplier: 1.3,
            interval_multiplier: 1.0,
            maximum_interval: 36500,
            per_day: 200,
            hard_multiplier: 1.2,
            other: UnknownKeys::new(),
        }
    }
}

/// The section a client has before anybody changes it; also what replaces a defective one.
impl Default for LapseSection {
    fn default() -> LapseSection {
        LapseSection {
            delays: vec![10.0],
            leech_tag_only: true,
            leech_threshold: 8,
            minimum_interval: 1,
            multiplier: 0.0,
            other: UnknownKeys::new(),
        }
    }
}

/// Every preset says that it is not a filtered deck.
fn with_dyn<S: Serializer>(other: &UnknownKeys, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("dyn", &false)?;
    for (key, value) in other {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

/// No client reads a number above i32 here.
fn as_i32<S: Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i32(i32::try_from(*number).unwrap_or(i32::MAX))
}

fn zero_or_one<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*flag))
}

fn zero_or_one_inverted<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    zero_or_one(&!flag, serializer)
}

impl<'de> Deserialize<'de> for Preset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Preset, D::Error> {
        read_preset(Keys::read("preset", deserializer)?).map_err(D::Error::custom)
    }
}

fn read_preset(mut keys: Keys) -> Result<Preset, BadKey> {
    keys.discard(&["dyn"]);
    Ok(Preset {
        id: keys.required("id", integer_or_text)?,
        modified: keys.required("mod", integer_or_text)?,
        name: keys.required("name", text)?,
        usn: keys.required("usn", integer)?,
        cap_answer_time_secs: keys.required("maxTaken", not_negative)?,
        autoplay: keys.required("autoplay", boolean)?,
        show_timer: keys.present("timer", 0u8, integer)? != 0,
        replay_question: keys.optional("replayq", false, boolean)?,
        new: keys.present("new", NewSection::default(), |value| section(value, read_new))?,
        review: keys
            .present("rev", ReviewSection::default(), |value| section(value, read_review))?,
        lapse: keys
            .present("lapse", LapseSection::default(), |value| section(value, read_lapse))?,
        new_mix: keys.optional("newMix", 0, integer)?,
        new_per_day_minimum: keys.optional("newPerDayMinimum", 0, integer)?,
        interday_learning_mix: keys.optional("interdayLearningMix", 0, integer)?,
        review_order: keys.optional("reviewOrder", 0, integer)?,
        new_sort_order: keys.optional("newSortOrder", 0, integer)?,
        new_gather_priority: keys.optional("newGatherPriority", 0, integer)?,
        bury_interday_learning: keys.optional("buryInterdayLearning", false, boolean)?,
        fsrs_weights: keys.optional("fsrsWeights", Vec::new(), floats)?,
        fsrs_params_5: keys.optional("fsrsParams5", Vec::new(), floats)?,
        fsrs_params_6: keys.optional("fsrsParams6", Vec::new(), floats)?,
        desired_retention: keys.optional("desiredRetention", 0.0, float)?,
        ignore_revlogs_before_date: keys.optional(
            "ignoreRevlogsBeforeDate",
            String::new(),
            text,
        )?,
        easy_days_percentages: keys.optional("easyDaysPercentages", Vec::new(), floats)?,
        stop_timer_on_answer: keys.optional("stopTimerOnAnswer", false, boolean)?,
        seconds_to_show_question: keys.optional("secondsToShowQuestion", 0.0, float)?,
        seconds_to_show_answer: keys.optional("secondsToShowAnswer", 0.0, float)?,
        question_action: keys.optional("questionAction", 0, |value| up_to(value, 1))?,
        answer_action: keys.optional("answerAction", 0, |value| up_to(value, 4))?,
        wait_for_audio: keys.optional("waitForAudio", true, boolean)?,
        historical_retention: keys.optional("sm2Retention", 0.0, float)?,
        param_search: keys.optional("weightSearch", String::new(), text)?,
        other: keys.unknown(),
    })
}

fn section<T>(value: Value, read: impl Fn(Keys) -> Result<T, BadKey>) -> Option<T> {
    read(Keys::of("preset's section", object(value)?)).ok()
}

fn read_new(mut keys: Keys) -> Result<NewSection, BadKey> {
    Ok(NewSection {
        bury: keys.optional("bury", false, boolean)?,
        delays: keys.present("delays", Vec::new(), floats)?,
        initial_factor: keys.required("initialFactor", integer)?,
        intervals: keys.present("ints", [1, 4, 0], intervals)?,
        random_order: keys.present("order", 1, |value| up_to(value, 1))? == 0,
        per_day: keys.present("perDay", 0, integer)?,
        other: keys.unknown(),
    })
}

fn read_review(mut keys: Keys) -> Result<ReviewSection, BadKey> {
    Ok(ReviewSection {
        bury: keys.optional("bury", false, boolean)?,
        easy_multiplier: keys.required("ease4", float)?,
        interval_multiplier: keys.required("ivlFct", float)?,
        maximum_interval: keys.required("maxIvl", integer)?,
        per_day: keys.present("perDay", 0, integer)?,
        hard_multiplier: keys.optional("hardFactor", 1.2, float)?,
        other: keys.unknown(),
    })
}

fn read_lapse(mut keys: Keys) -> Result<LapseSection, BadKey> {
    Ok(LapseSection {
        delays: keys.present("delays", Vec::new(), floats)?,
        leech_tag_only: keys.present("leechAction", 1, |value| up_to(value, 1))? == 1,
        leech_threshold: keys.required("leechFails", integer)?,
        minimum_interval: keys.required("minInt", integer)?,
        multiplier: keys.required("mult", float)?,
        other: keys.unknown(),
    })
}

/// Two numbers are enough: old AnkiDroid sends no third one.
fn intervals(value: Value) -> Option<[u16; 3]> {
    let Value::Array(items) = value else { return None };
    let mut items = items.into_iter();
    Some([integer(items.next()?)?, integer(items.next()?)?, 0])
}

fn not_negative(value: Value) -> Option<u32> {
    let number: i32 = integer(value)?;
    Some(u32::try_from(number).unwrap_or(0))
}

fn up_to(value: Value, largest: i32) -> Option<i32> {
    integer(value).filter(|number| (0..=largest).contains(number))
}

#[cfg(test)]
mod tests;
