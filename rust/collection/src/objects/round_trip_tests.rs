//! What a client sends is what the next client gets: from JSON through the database's rows back
//! to JSON, for arbitrary objects with arbitrary unknown keys.

use deckport_wire::{Deck, Notetype, Preset};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::testing::database;
use super::{decks, notetypes, presets};

/// Any JSON. Floats are such that they stay floats.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Keys that no client knows today.
fn unknown_keys() -> impl Strategy<Value = Map<String, Value>> {
    btree_map("x_[a-z:\"\\\\é]{0,6}", any_json(), 0..4).prop_map(|map| map.into_iter().collect())
}

fn with(mut object: Value, unknown: Map<String, Value>) -> Value {
    if let Value::Object(map) = &mut object {
        map.extend(unknown);
    }
    object
}

/// The JSON number of an f32, in its shortest form.
fn number(float: f32) -> Value {
    serde_json::from_str(&serde_json::to_string(&float).unwrap()).unwrap()
}

fn any_number() -> impl Strategy<Value = Value> {
    (proptest::num::f32::NORMAL | proptest::num::f32::ZERO).prop_map(number)
}

fn numbers() -> impl Strategy<Value = Value> {
    vec(any_number(), 0..5).prop_map(Value::from)
}

prop_compose! {
    fn any_field(name: String)(
        flags: [bool; 6],
        (font, description) in any::<(String, String)>(),
        size: u16,
        id: Option<i64>,
        tag: Option<u32>,
        unknown in unknown_keys(),
    ) -> Value {
        let [sticky, rtl, plain_text, collapsed, exclude, prevent] = flags;
        with(json!({"name": name, "sticky": sticky, "rtl": rtl, "font": font, "size": size,
            "description": description, "plainText": plain_text, "collapsed": collapsed,
            "excludeFromSearch": exclude, "id": id, "tag": tag, "preventDeletion": prevent}),
            unknown)
    }
}

prop_compose! {
    fn any_template(name: String)(
        (front, back, browser_front, browser_back, font) in any::<(String, String, String, String, String)>(),
        did in option::of(1..=i64::MAX),
        size: u8,
        id: Option<i64>,
        unknown in unknown_keys(),
    ) -> Value {
        with(json!({"name": name, "qfmt": front, "afmt": back, "bqfmt": browser_front,
            "bafmt": browser_back, "did": did, "bfont": font, "bsize": size, "id": id}), unknown)
    }
}

/// One to four objects with different names and their positions.
fn list<S: Strategy<Value = Value>>(
    object: impl Fn(String) -> S + Clone + 'static,
) -> impl Strategy<Value = Value> {
    (1..5usize).prop_flat_map(move |count| {
        let object = object.clone();
        let objects: Vec<_> = (0..count).map(|ord| object(format!("Name {ord}"))).collect();
        objects.prop_map(|mut objects| {
            for (ord, object) in objects.iter_mut().enumerate() {
                object["ord"] = json!(ord);
            }
            Value::from(objects)
        })
    })
}

fn any_requirements() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![Just("none"), Just("any"), Just("all")];
    vec((any::<u16>(), kind, vec(any::<u16>(), 0..3)), 0..3).prop_map(|list| json!(list))
}

prop_compose! {
    pub(crate) fn any_notetype()(
        id in any::<i64>().prop_filter("not 0", |id| *id != 0),
        (name, css, pre, post) in any::<(String, String, String, String)>(),
        (kind, svg) in any::<(bool, bool)>(),
        modified: i64,
        sort_field: u16,
        did in option::of(any::<i64>().prop_filter("not 0", |id| *id != 0)),
        (stock_kind, original_id) in any::<(i32, Option<i64>)>(),
        requirements in any_requirements(),
        fields in list(any_field),
        templates in list(any_template),
        unknown in unknown_keys(),
    ) -> Value {
        let mut object = json!({"id": id, "name": name, "type": u8::from(kind), "mod": modified,
            "usn": 7, "sortf": sort_field, "did": did, "tmpls": templates, "flds": fields,
            "css": css, "latexPre": pre, "latexPost": post, "latexsvg": svg, "req": requirements});
        if stock_kind != 0 {
            object["originalStockKind"] = json!(stock_kind);
        }
        if let Some(original_id) = original_id {
            object["originalId"] = json!(original_id);
        }
        with(object, unknown)
    }
}

prop_compose! {
    fn any_normal_deck()(
        preset: i64,
        extend_new in 0..=i32::MAX,
        extend_review in 0..=i32::MAX,
        description: String,
        markdown: bool,
        limits: (Option<u32>, Option<u32>),
        today: (Option<(u32, u32)>, Option<(u32, u32)>),
        retention in option::of(0..=100u32),
    ) -> Value {
        let limit = |limit: Option<(u32, u32)>| {
            limit.map(|(limit, today)| json!({"limit": limit, "today": today}))
        };
        let mut object = json!({"dyn": 0, "conf": preset, "extendNew": extend_new,
            "extendRev": extend_review, "desc": description, "reviewLimit": limits.0,
            "newLimit": limits.1, "reviewLimitToday": limit(today.0),
            "newLimitToday": limit(today.1), "desiredRetention": retention});
        if markdown {
            object["md"] = json!(true);
        }
        object
    }
}

prop_compose! {
    fn any_filtered_deck()(
        reschedule: bool,
        terms in vec((any::<String>(), 0..=i32::MAX, any::<i32>()), 0..3),
        delays in numbers(),
        previews: [u32; 4],
    ) -> Value {
        let delays = if delays == json!([]) { Value::Null } else { delays };
        json!({"dyn": 1, "desc": "", "resched": reschedule, "terms": terms, "separate": true,
            "delays": delays, "previewDelay": previews[0], "previewAgainSecs": previews[1],
            "previewHardSecs": previews[2], "previewGoodSecs": previews[3]})
    }
}

prop_compose! {
    pub(crate) fn any_deck()(
        id in any::<i64>().prop_filter("not 0", |id| *id != 0),
        modified: i64,
        name in "[a-zA-Z日é]{1,8}(::[a-z +]{0,4}[a-z]){0,2}",
        studied: [i32; 5],
        (collapsed, browser_collapsed) in any::<(bool, bool)>(),
        kind in prop_oneof![any_normal_deck(), any_filtered_deck()],
        unknown in unknown_keys(),
    ) -> Value {
        let [day, learning, review, new, time] = studied;
        let Value::Object(kind) = kind else { unreachable!() };
        let name = name.replace(":: ", "::x ");
        let common = json!({"id": id, "mod": modified, "name": name, "usn": 7,
            "lrnToday": [day, learning], "revToday": [day, review], "newToday": [day, new],
            "timeToday": [day, time], "collapsed": collapsed,
            "browserCollapsed": browser_collapsed});
        with(with(common, kind), unknown)
    }
}

prop_compose! {
    fn any_new_section()(
        bury: bool,
        delays in numbers(),
        factor in 1310..=5000u16,
        ints in (1..=36500u16, 1..=36500u16),
        order in 0..=1u8,
        per_day in 0..=9999u32,
        unknown in unknown_keys(),
    ) -> Value {
        with(json!({"bury": bury, "delays": delays, "initialFactor": factor,
            "ints": [ints.0, ints.1, 0], "order": order, "perDay": per_day}), unknown)
    }
}

prop_compose! {
    fn any_review_section()(
        bury: bool,
        easy in 1.0..=5.0f32,
        hard in 0.5..=1.3f32,
        interval in 0.5..=2.0f32,
        maximum in 1..=36500u32,
        per_day in 0..=9999u32,
        unknown in unknown_keys(),
    ) -> Value {
        with(json!({"bury": bury, "ease4": number(easy), "hardFactor": number(hard),
            "ivlFct": number(interval), "maxIvl": maximum, "perDay": per_day}), unknown)
    }
}

prop_compose! {
    fn any_lapse_section()(
        delays in numbers(),
        action in 0..=1u8,
        fails in 1..=9999u32,
        minimum in 1..=36500u32,
        multiplier in 0.0..=1.0f32,
        unknown in unknown_keys(),
    ) -> Value {
        with(json!({"delays": delays, "leechAction": action, "leechFails": fails,
            "minInt": minimum, "mult": number(multiplier)}), unknown)
    }
}

prop_compose! {
    fn any_fsrs()(
        weights in numbers(),
        params_5 in numbers(),
        params_6 in numbers(),
        easy_days in numbers(),
        desired in 0.7..=0.99f32,
        historical in 0.7..=0.97f32,
        (before, search) in any::<(String, String)>(),
    ) -> Value {
        json!({"fsrsWeights": weights, "fsrsParams5": params_5, "fsrsParams6": params_6,
            "easyDaysPercentages": easy_days, "desiredRetention": number(desired),
            "sm2Retention": number(historical), "ignoreRevlogsBeforeDate": before,
            "weightSearch": search})
    }
}

prop_compose! {
    pub(crate) fn any_preset()(
        id in any::<i64>().prop_filter("not 0", |id| *id != 0),
        (modified, name) in any::<(i64, String)>(),
        sections in (any_new_section(), any_review_section(), any_lapse_section()),
        flags: [bool; 5],
        enumerations: [i32; 5],
        limits in (1..=9999u32, 0..=9999u32),
        actions in (0..=1, 0..=4),
        seconds in (any_number(), any_number()),
        timer in 0..=1u8,
        fsrs in any_fsrs(),
        unknown in unknown_keys(),
    ) -> Value {
        let Value::Object(fsrs) = fsrs else { unreachable!() };
        let object = json!({"id": id, "mod": modified, "name": name, "usn": 7,
            "maxTaken": limits.0, "autoplay": flags[0], "timer": timer, "replayq": flags[1],
            "new": sections.0, "rev": sections.1, "lapse": sections.2, "dyn": false,
            "newMix": enumerations[0], "interdayLearningMix": enumerations[1],
            "reviewOrder": enumerations[2], "newSortOrder": enumerations[3],
            "newGatherPriority": enumerations[4], "newPerDayMinimum": limits.1,
            "buryInterdayLearning": flags[2], "stopTimerOnAnswer": flags[3],
            "waitForAudio": flags[4], "questionAction": actions.0, "answerAction": actions.1,
            "secondsToShowQuestion": seconds.0, "secondsToShowAnswer": seconds.1});
        with(with(object, fsrs), unknown)
    }
}

/// What is sent for an object, as text and back, so that the form of numbers counts too.
fn sent<T: serde::Serialize>(objects: &[T]) -> Value {
    serde_json::from_str(&serde_json::to_string(&objects[0]).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn notetypes_come_back_as_they_were_sent(object in any_notetype()) {
        let conn = database();
        let notetype: Notetype = serde_json::from_str(&object.to_string()).unwrap();
        notetypes::store(&conn, &notetype, 7, 0).unwrap();
        prop_assert_eq!(sent(&notetypes::changed_since(&conn, 7).unwrap()), object);
    }

    #[test]
    fn decks_come_back_as_they_were_sent(object in any_deck()) {
        let conn = database();
        let deck: Deck = serde_json::from_str(&object.to_string()).unwrap();
        decks::store(&conn, &deck, 7, 0).unwrap();
        prop_assert_eq!(sent(&decks::changed_since(&conn, 7).unwrap()), object);
    }

    #[test]
    fn presets_come_back_as_they_were_sent(object in any_preset()) {
        let conn = database();
        let preset: Preset = serde_json::from_str(&object.to_string()).unwrap();
        presets::store(&conn, &preset, 7).unwrap();
        prop_assert_eq!(sent(&presets::changed_since(&conn, 7).unwrap()), object);
    }
}
