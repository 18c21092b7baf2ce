//! The objects every collection has: deck 1, preset 1 and the first config.

use deckport_wire::objects::{
    DeckKind, LapseSection, NewSection, NormalDeck, ReviewSection, UnknownKeys,
};
use deckport_wire::{Deck, Preset};
use serde_json::{Value, json};

/// Id of the deck and of the preset that always exist.
pub(crate) const DEFAULT_ID: i64 = 1;

/// Deck 1 (`storage-migrate` 5).
pub(crate) fn default_deck() -> Deck {
    Deck {
        id: DEFAULT_ID,
        name: "Default".to_owned(),
        collapsed: true,
        browser_collapsed: true,
        kind: DeckKind::Normal(NormalDeck { preset_id: DEFAULT_ID, ..NormalDeck::default() }),
        ..Deck::default()
    }
}

/// Preset 1, with the values clients give a new preset (`storage-blobs` 5).
pub(crate) fn default_preset() -> Preset {
    Preset {
        id: DEFAULT_ID,
        modified: 0,
        name: "Default".to_owned(),
        usn: 0,
        cap_answer_time_secs: 60,
        autoplay: true,
        show_timer: false,
        replay_question: true,
        new: NewSection::default(),
        review: ReviewSection::default(),
        lapse: LapseSection::default(),
        new_mix: 0,
        new_per_day_minimum: 0,
        interday_learning_mix: 0,
        review_order: 0,
        new_sort_order: 0,
        new_gather_priority: 0,
        bury_interday_learning: false,
        fsrs_weights: Vec::new(),
        fsrs_params_5: Vec::new(),
        fsrs_params_6: Vec::new(),
        desired_retention: 0.9,
        ignore_revlogs_before_date: String::new(),
        easy_days_percentages: vec![1.0; 7],
        stop_timer_on_answer: false,
        seconds_to_show_question: 0.0,
        seconds_to_show_answer: 0.0,
        question_action: 0,
        answer_action: 0,
        wait_for_audio: true,
        historical_retention: 0.9,
        param_search: String::new(),
        other: UnknownKeys::new(),
    }
}

/// The config of a new collection (`storage-migrate` 5). `first_notetype` is the one offered for
/// new notes.
pub(super) fn config(first_notetype: i64) -> [(&'static str, Value); 16] {
    [
        ("activeDecks", json!([DEFAULT_ID])),
        ("addToCur", json!(true)),
        ("collapseTime", json!(1200)),
        // The client that adopts the collection knows its time zone; an endpoint does not.
        ("creationOffset", Value::Null),
        ("curDeck", json!(DEFAULT_ID)),
        ("curModel", json!(first_notetype)),
        ("dayLearnFirst", json!(false)),
        ("dueCounts", json!(true)),
        ("estTimes", json!(true)),
        ("newSpread", json!(0)),
        ("nextPos", json!(1)),
        ("sched2021", json!(true)),
        ("schedVer", json!(2)),
        ("sortBackwards", json!(false)),
        ("sortType", json!("noteFld")),
        ("timeLim", json!(0)),
    ]
}
