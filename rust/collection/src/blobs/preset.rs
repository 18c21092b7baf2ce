//! Blobs of presets (`storage-blobs` 5).

use deckport_wire::Preset;
use deckport_wire::objects::{LapseSection, NewSection, ReviewSection, UnknownKeys};
use prost::Message;
use serde_json::Value;

use super::{Core, all_finite, finite, other, ranges, raw};
use crate::error::Result;

const SECTIONS: [&str; 3] = ["new", "rev", "lapse"];

/// Keys that live in the row.
const ROW_KEYS: [&str; 4] = ["id", "name", "mod", "usn"];

#[derive(Clone, PartialEq, Message)]
struct PresetConfig {
    #[prost(float, repeated, tag = "1")]
    learn_steps: Vec<f32>,
    #[prost(float, repeated, tag = "2")]
    relearn_steps: Vec<f32>,
    #[prost(float, repeated, tag = "3")]
    fsrs_params_4: Vec<f32>,
    #[prost(float, repeated, tag = "4")]
    easy_days_percentages: Vec<f32>,
    #[prost(float, repeated, tag = "5")]
    fsrs_params_5: Vec<f32>,
    #[prost(float, repeated, tag = "6")]
    fsrs_params_6: Vec<f32>,
    #[prost(uint32, tag = "9")]
    new_per_day: u32,
    #[prost(uint32, tag = "10")]
    reviews_per_day: u32,
    #[prost(float, tag = "11")]
    initial_ease: f32,
    #[prost(float, tag = "12")]
    easy_multiplier: f32,
    #[prost(float, tag = "13")]
    hard_multiplier: f32,
    #[prost(float, tag = "14")]
    lapse_multiplier: f32,
    #[prost(float, tag = "15")]
    interval_multiplier: f32,
    #[prost(uint32, tag = "16")]
    maximum_review_interval: u32,
    #[prost(uint32, tag = "17")]
    minimum_lapse_interval: u32,
    #[prost(uint32, tag = "18")]
    graduating_interval_good: u32,
    #[prost(uint32, tag = "19")]
    graduating_interval_easy: u32,
    #[prost(int32, tag = "20")]
    new_card_insert_order: i32,
    #[prost(int32, tag = "21")]
    leech_action: i32,
    #[prost(uint32, tag = "22")]
    leech_threshold: u32,
    #[prost(bool, tag = "23")]
    disable_autoplay: bool,
    #[prost(uint32, tag = "24")]
    cap_answer_time_to_secs: u32,
    #[prost(bool, tag = "25")]
    show_timer: bool,
    #[prost(bool, tag = "26")]
    skip_question_when_replaying_answer: bool,
    #[prost(bool, tag = "27")]
    bury_new: bool,
    #[prost(bool, tag = "28")]
    bury_reviews: bool,
    #[prost(bool, tag = "29")]
    bury_interday_learning: bool,
    #[prost(int32, tag = "30")]
    new_mix: i32,
    #[prost(int32, tag = "31")]
    interday_learning_mix: i32,
    #[prost(int32, tag = "32")]
    new_card_sort_order: i32,
    #[prost(int32, tag = "33")]
    review_order: i32,
    #[prost(int32, tag = "34")]
    new_card_gather_priority: i32,
    #[prost(uint32, tag = "35")]
    new_per_day_minimum: u32,
    #[prost(int32, tag = "36")]
    question_action: i32,
    #[prost(float, tag = "37")]
    desired_retention: f32,
    #[prost(bool, tag = "38")]
    stop_timer_on_answer: bool,
    #[prost(float, tag = "40")]
    historical_retention: f32,
    #[prost(float, tag = "41")]
    seconds_to_show_question: f32,
    #[prost(float, tag = "42")]
    seconds_to_show_answer: f32,
    #[prost(int32, tag = "43")]
    answer_action: i32,
    #[prost(bool, tag = "44")]
    wait_for_audio: bool,
    #[prost(string, tag = "45")]
    param_search: String,
    #[prost(string, tag = "46")]
    ignore_revlogs_before_date: String,
    #[prost(bytes = "vec", tag = "255")]
    other: Vec<u8>,
}

/// What two numbers meant in files of schema 17, up to 2.1.44. Such blobs never travel, but the
/// file itself may be given to us.
#[derive(Clone, PartialEq, Message)]
struct Schema17Config {
    #[prost(uint32, tag = "29")]
    new_per_day_minimum: u32,
    #[prost(int32, tag = "32")]
    review_order: i32,
}

/// Every number of [`PresetConfig`]; 7, 8 and 39 are used by nobody or only by released clients.
fn is_known(number: u64) -> bool {
    matches!(number, 1..=6 | 9..=38 | 40..=46 | 255)
}

/// Reads a preset as it is sent: values out of range are replaced by their defaults.
pub(crate) fn decode(core: Core, config: &[u8]) -> Result<Preset> {
    let mut config = PresetConfig::decode(config)?;
    let bytes = std::mem::take(&mut config.other);
    let zero = core.clone();
    let mut preset = other::absorb(
        preset(core, config),
        || self::preset(zero, PresetConfig::default()),
        &bytes,
        &ROW_KEYS,
        &SECTIONS,
    );
    ranges::apply(&mut preset);
    Ok(preset)
}

/// The blob with its known but stuck keys where they belong; `None` when there are none.
pub(crate) fn promoted(blob: &[u8]) -> Result<Option<Vec<u8>>> {
    let stored = PresetConfig::decode(blob)?;
    let bytes = stored.other.clone();
    let before = preset(Core::default(), stored);
    let zero = || preset(Core::default(), PresetConfig::default());
    let after = other::absorb(before.clone(), zero, &bytes, &ROW_KEYS, &SECTIONS);
    if config(&before) == config(&after) { Ok(None) } else { encode(&after, Some(blob)).map(Some) }
}

/// The blob with another starting ease (2.5 = 250 %); `None` when it stays the same.
pub(crate) fn with_initial_ease(
    blob: &[u8],
    change: impl Fn(f32) -> f32,
) -> Result<Option<Vec<u8>>> {
    let mut config = PresetConfig::decode(blob)?;
    let ease = change(config.initial_ease);
    if ease.to_bits() == config.initial_ease.to_bits() {
        return Ok(None);
    }
    config.initial_ease = ease;
    let mut changed = config.encode_to_vec();
    changed.extend(raw::unknown_fields(blob, is_known));
    Ok(Some(changed))
}

/// The blob of schema 17 as one of schema 18.
pub(crate) fn from_schema17(blob: &[u8]) -> Result<Vec<u8>> {
    let old = Schema17Config::decode(blob)?;
    let config = PresetConfig {
        new_per_day_minimum: old.new_per_day_minimum,
        review_order: old.review_order,
        bury_interday_learning: false,
        new_card_sort_order: 0,
        ..PresetConfig::decode(blob)?
    };
    Ok(config.encode_to_vec())
}

/// The blob of a preset. Anything in the replaced blob that we do not know is kept.
pub(crate) fn encode(preset: &Preset, replaced: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut config = config(preset);
    config.other = other::encode(&with_sections(preset))?;
    let mut blob = config.encode_to_vec();
    blob.extend(raw::unknown_fields(replaced.unwrap_or_default(), is_known));
    Ok(blob)
}

/// Unknown keys of the sections are kept in an object of the section's name.
fn with_sections(preset: &Preset) -> UnknownKeys {
    let mut keys = preset.other.clone();
    let sections = [&preset.new.other, &preset.review.other, &preset.lapse.other];
    for (name, section) in SECTIONS.into_iter().zip(sections) {
        if !section.is_empty() {
            keys.insert(name.to_owned(), Value::Object(section.clone()));
        }
    }
    keys
}

fn config(preset: &Preset) -> PresetConfig {
    let [good, easy, _] = preset.new.intervals;
    PresetConfig {
        learn_steps: preset.new.delays.clone(),
        relearn_steps: preset.lapse.delays.clone(),
        fsrs_params_4: preset.fsrs_weights.clone(),
        easy_days_percentages: preset.easy_days_percentages.clone(),
        fsrs_params_5: preset.fsrs_params_5.clone(),
        fsrs_params_6: preset.fsrs_params_6.clone(),
        new_per_day: preset.new.per_day,
        reviews_per_day: preset.review.per_day,
        initial_ease: f32::from(preset.new.initial_factor) / 1000.0,
        easy_multiplier: preset.review.easy_multiplier,
        hard_multiplier: preset.review.hard_multiplier,
        lapse_multiplier: preset.lapse.multiplier,
        interval_multiplier: preset.review.interval_multiplier,
        maximum_review_interval: preset.review.maximum_interval,
        minimum_lapse_interval: preset.lapse.minimum_interval,
        graduating_interval_good: u32::from(good),
        graduating_interval_easy: u32::from(easy),
        new_card_insert_order: i32::from(preset.new.random_order),
        leech_action: i32::from(preset.lapse.leech_tag_only),
        leech_threshold: preset.lapse.leech_threshold,
        disable_autoplay: !preset.autoplay,
        cap_answer_time_to_secs: preset.cap_answer_time_secs,
        show_timer: preset.show_timer,
        skip_question_when_replaying_answer: !preset.replay_question,
        bury_new: preset.new.bury,
        bury_reviews: preset.review.bury,
        bury_interday_learning: preset.bury_interday_learning,
        new_mix: preset.new_mix,
        interday_learning_mix: preset.interday_learning_mix,
        new_card_sort_order: preset.new_sort_order,
        review_order: preset.review_order,
        new_card_gather_priority: preset.new_gather_priority,
        new_per_day_minimum: preset.new_per_day_minimum,
        question_action: preset.question_action,
        desired_retention: preset.desired_retention,
        stop_timer_on_answer: preset.stop_timer_on_answer,
        historical_retention: preset.historical_retention,
        seconds_to_show_question: preset.seconds_to_show_question,
        seconds_to_show_answer: preset.seconds_to_show_answer,
        answer_action: preset.answer_action,
        wait_for_audio: preset.wait_for_audio,
        param_search: preset.param_search.clone(),
        ignore_revlogs_before_date: preset.ignore_revlogs_before_date.clone(),
        other: Vec::new(),
    }
}

fn preset(core: Core, config: PresetConfig) -> Preset {
    Preset {
        id: core.id,
        modified: core.modified,
        name: core.name,
        usn: core.usn,
        cap_answer_time_secs: config.cap_answer_time_to_secs,
        autoplay: !config.disable_autoplay,
        show_timer: config.show_timer,
        replay_question: !config.skip_question_when_replaying_answer,
        new: new_section(&config),
        review: review_section(&config),
        lapse: lapse_section(&config),
        new_mix: config.new_mix,
        new_per_day_minimum: config.new_per_day_minimum,
        interday_learning_mix: config.interday_learning_mix,
        review_order: config.review_order,
        new_sort_order: config.new_card_sort_order,
        new_gather_priority: config.new_card_gather_priority,
        bury_interday_learning: config.bury_interday_learning,
        fsrs_weights: all_finite(config.fsrs_params_4),
        fsrs_params_5: all_finite(config.fsrs_params_5),
        fsrs_params_6: all_finite(config.fsrs_params_6),
        desired_retention: finite(config.desired_retention),
        ignore_revlogs_before_date: config.ignore_revlogs_before_date,
        easy_days_percentages: all_finite(config.easy_days_percentages),
        stop_timer_on_answer: config.stop_timer_on_answer,
        seconds_to_show_question: finite(config.seconds_to_show_question),
        seconds_to_show_answer: finite(config.seconds_to_show_answer),
        question_action: Some(config.question_action).filter(|n| (0..=1).contains(n)).unwrap_or(0),
        answer_action: Some(config.answer_action).filter(|n| (0..=4).contains(n)).unwrap_or(0),
        wait_for_audio: config.wait_for_audio,
        historical_retention: finite(config.historical_retention),
        param_search: config.param_search,
        other: UnknownKeys::new(),
    }
}

fn new_section(config: &PresetConfig) -> NewSection {
    let days = |interval| u16::try_from(interval).unwrap_or(u16::MAX);
    NewSection {
        bury: config.bury_new,
        delays: all_finite(config.learn_steps.clone()),
        initial_factor: per_mille(config.initial_ease),
        intervals: [
            days(config.graduating_interval_good),
            days(config.graduating_interval_easy),
            0,
        ],
        random_order: config.new_card_insert_order == 1,
        per_day: config.new_per_day,
        other: UnknownKeys::new(),
    }
}

fn review_section(config: &PresetConfig) -> ReviewSection {
    ReviewSection {
        bury: config.bury_reviews,
        easy_multiplier: finite(config.easy_multiplier),
        interval_multiplier: finite(config.interval_multiplier),
        maximum_interval: config.maximum_review_interval,
        per_day: config.reviews_per_day,
        hard_multiplier: finite(config.hard_multiplier),
        other: UnknownKeys::new(),
    }
}

fn lapse_section(config: &PresetConfig) -> LapseSection {
    LapseSection {
        delays: all_finite(config.relearn_steps.clone()),
        leech_tag_only: config.leech_action != 0,
        leech_threshold: config.leech_threshold,
        minimum_interval: config.minimum_lapse_interval,
        multiplier: finite(config.lapse_multiplier),
        other: UnknownKeys::new(),
    }
}

/// Rounded to nearest: cutting off, as clients do, turns 2001 into 2000.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
#[expect(clippy::cast_sign_loss, reason = "the cast saturates")]
fn per_mille(ease: f32) -> u16 {
    (f64::from(ease) * 1000.0).round() as u16
}

#[cfg(test)]
mod tests;
