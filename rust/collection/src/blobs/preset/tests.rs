use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::blobs::testing::{core, hex, to_hex};

/// The default preset, from `storage-blobs` 5.
const DEFAULT: &str = "0a 08 0000803f 00002041 | 12 04 00002041
    | 22 1c 0000803f 0000803f 0000803f 0000803f 0000803f 0000803f 0000803f
    | 48 14 | 50 c801 | 5d 00002040 | 65 6666a63f | 6d 9a99993f | 7d 0000803f
    | 8001 949d02 | 8801 01 | 9001 01 | 9801 04 | a801 01 | b001 08 | c001 3c
    | ad02 6666663f | c502 6666663f | e002 01";

/// The example of `storage-json` 8 and the blob below it.
const EXAMPLE: &str = r#"{"id":1795177663435,"mod":1795177663,"name":"Hard preset","usn":0,"maxTaken":60,"autoplay":true,"timer":0,"replayq":true,
 "new":{"bury":false,"delays":[0.5,15.0,1440.0],"initialFactor":2500,"ints":[1,4,0],"order":1,"perDay":33,"separate":true},
 "rev":{"bury":false,"ease4":1.3,"ivlFct":1.0,"maxIvl":36500,"perDay":200,"hardFactor":1.2,"fuzz":0.05},
 "lapse":{"delays":[10.0],"leechAction":1,"leechFails":8,"minInt":1,"mult":0.0,"xx":"y"},
 "dyn":false,"newMix":0,"newPerDayMinimum":0,"interdayLearningMix":0,"reviewOrder":0,"newSortOrder":0,"newGatherPriority":0,"buryInterdayLearning":false,
 "fsrsWeights":[],"fsrsParams5":[],"fsrsParams6":[0.2172,1.1771],
 "desiredRetention":0.87,"ignoreRevlogsBeforeDate":"2024-01-01","easyDaysPercentages":[1.0,1.0,1.0,0.5,1.0,0.0,1.0],"stopTimerOnAnswer":false,
 "secondsToShowQuestion":0.0,"secondsToShowAnswer":0.0,"questionAction":0,"answerAction":0,"waitForAudio":true,"sm2Retention":0.9,"weightSearch":"deck:Languages -is:suspended","myAddonKey":{"a":[1,2]}}"#;

const EXAMPLE_BLOB: &str = "0a 0c 0000003f 00007041 0000b444 | 12 04 00002041
    | 22 1c 0000803f 0000803f 0000803f 0000003f 0000803f 00000000 0000803f
    | 32 08 ad695e3e 36ab963f | 48 21 | 50 c801 | 5d 00002040 | 65 6666a63f | 6d 9a99993f
    | 7d 0000803f | 8001 949d02 | 8801 01 | 9001 01 | 9801 04 | a801 01 | b001 08 | c001 3c
    | ad02 52b85e3f | c502 6666663f | e002 01 | ea02 1c";

fn stored(blob: &[u8]) -> Preset {
    decode(core(1, "Default", 0), blob).unwrap()
}

fn to_json(preset: &Preset) -> Value {
    serde_json::from_str(&serde_json::to_string(preset).unwrap()).unwrap()
}

#[test]
fn the_default_preset_is_read_and_written_byte_for_byte() {
    let preset = stored(&hex(DEFAULT));
    assert_eq!(preset.new, NewSection::default());
    assert_eq!(preset.review, ReviewSection::default());
    assert_eq!(preset.lapse, LapseSection::default());
    assert_eq!(to_json(&preset)["desiredRetention"], json!(0.9));
    assert_eq!(to_hex(&encode(&preset, None).unwrap()), to_hex(&hex(DEFAULT)));
}

#[test]
fn the_example_of_the_protocol_page_is_written_byte_for_byte() {
    let preset: Preset = serde_json::from_str(EXAMPLE).unwrap();
    let blob = encode(&preset, None).unwrap();
    let known = [
        &hex(EXAMPLE_BLOB)[..],
        b"deck:Languages -is:suspended",
        &hex("f202 0a"),
        b"2024-01-01",
        &hex("fa0f 59"),
    ]
    .concat();
    assert_eq!(to_hex(&blob[..known.len()]), to_hex(&known));
    let other: Value = serde_json::from_slice(&blob[known.len()..]).unwrap();
    assert_eq!(
        other,
        json!({"new":{"separate":true},"rev":{"fuzz":0.05},"lapse":{"xx":"y"},
               "myAddonKey":{"a":[1,2]}})
    );
    let again = decode(core(preset.id, "Hard preset", preset.modified), &blob).unwrap();
    assert_eq!(again, preset);
}

#[test]
fn an_empty_blob_counts_as_the_defaults_where_zero_is_out_of_range() {
    let json = to_json(&stored(&[]));
    assert_eq!(json["desiredRetention"], json!(0.9));
    assert_eq!(json["sm2Retention"], json!(0.9));
    assert_eq!(json["maxTaken"], 60);
    assert_eq!(json["waitForAudio"], false);
    assert_eq!(json["new"]["perDay"], 0);
    assert_eq!(json["new"]["order"], 1);
    assert_eq!(json["new"]["ints"], json!([1, 4, 0]));
    assert_eq!(json["lapse"]["leechAction"], 0);
}

#[test]
fn values_out_of_range_are_stored_but_never_sent() {
    for (path, given, sent) in [
        ("/new/perDay", json!(99999), json!(20)),
        ("/new/initialFactor", json!(25), json!(2500)),
        ("/new/initialFactor", json!(1300), json!(2500)),
        ("/new/initialFactor", json!(1310), json!(1310)),
        ("/new/initialFactor", json!(2001), json!(2001)),
        ("/new/initialFactor", json!(65535), json!(2500)),
        ("/new/ints", json!([0, 40000, 3]), json!([1, 4, 0])),
        ("/rev/perDay", json!(10000), json!(200)),
        ("/rev/ease4", json!(0.5), json!(1.3)),
        ("/rev/hardFactor", json!(1.4), json!(1.2)),
        ("/rev/ivlFct", json!(2.5), json!(1.0)),
        ("/rev/maxIvl", json!(0), json!(36500)),
        ("/lapse/mult", json!(1.5), json!(0.0)),
        ("/lapse/minInt", json!(0), json!(1)),
        ("/lapse/leechFails", json!(0), json!(8)),
        ("/maxTaken", json!(10000), json!(60)),
        ("/newPerDayMinimum", json!(10000), json!(0)),
        ("/desiredRetention", json!(0.995), json!(0.9)),
        ("/sm2Retention", json!(0.98), json!(0.9)),
    ] {
        let mut object: Value = serde_json::from_str(EXAMPLE).unwrap();
        *object.pointer_mut(path).unwrap() = given.clone();
        let preset: Preset = serde_json::from_str(&object.to_string()).unwrap();
        let blob = encode(&preset, None).unwrap();
        assert_eq!(to_json(&stored(&blob)).pointer(path), Some(&sent), "{path}: {given}");
        if path == "/new/perDay" {
            assert_eq!(PresetConfig::decode(blob.as_slice()).unwrap().new_per_day, 99999);
        }
    }
}

#[test]
fn a_known_key_stuck_in_other_is_used_where_the_blob_has_nothing() {
    let other = br#"{"fsrsParams6":[0.5,1.0],"desiredRetention":0.8,"weightSearch":"is:new",
        "maxTaken":5,"waitForAudio":true,"answerAction":99,"id":7,"dyn":true,
        "new":{"perDay":5,"separate":false},"addon":-9223372036854775808}"#;
    let mut config = PresetConfig::decode(hex(DEFAULT).as_slice()).unwrap();
    config.other = other.to_vec();
    config.desired_retention = 0.0;
    config.wait_for_audio = false;
    let preset = stored(&config.encode_to_vec());
    assert_eq!(preset.fsrs_params_6, [0.5, 1.0]);
    assert_eq!(preset.desired_retention, 0.8);
    assert_eq!(preset.param_search, "is:new");
    assert_eq!(preset.cap_answer_time_secs, 60, "the blob has a value");
    assert!(preset.wait_for_audio);
    assert_eq!(preset.answer_action, 0, "an unusable value is ignored");
    assert_eq!(preset.id, 1);
    assert_eq!(preset.new.per_day, 20);
    assert_eq!(Value::Object(preset.new.other.clone()), json!({"separate": false}));
    assert_eq!(Value::Object(preset.other), json!({"addon": i64::MIN}));
}

#[test]
fn what_is_not_a_json_object_in_other_is_ignored() {
    for other in [&b"nonsense"[..], b"[1]", b"null", b"\xff"] {
        let config = PresetConfig { other: other.to_vec(), ..PresetConfig::default() };
        assert_eq!(stored(&config.encode_to_vec()), stored(&[]));
    }
}

#[test]
fn protobuf_fields_of_newer_clients_survive() {
    let unknown = hex("3a 02 0102 | b802 01 | f802 05 | 8210 03 616263");
    let replaced = [hex(DEFAULT), unknown.clone()].concat();
    let preset = stored(&replaced);
    let blob = encode(&preset, Some(&replaced)).unwrap();
    assert_eq!(to_hex(&blob), to_hex(&replaced));
    assert_eq!(encode(&preset, Some(&blob)).unwrap(), blob);
}

#[test]
fn unpacked_lists_are_read() {
    assert_eq!(stored(&hex("0d 0000803f 0d 00002041")).new.delays, [1.0, 10.0]);
}

#[test]
fn the_numbers_known_are_those_that_are_written() {
    let mut object: Value = serde_json::from_str(EXAMPLE).unwrap();
    for key in ["fsrsWeights", "fsrsParams5"] {
        object[key] = json!([1.0]);
    }
    for key in [
        "newMix",
        "interdayLearningMix",
        "newSortOrder",
        "reviewOrder",
        "newGatherPriority",
        "newPerDayMinimum",
        "questionAction",
        "answerAction",
        "timer",
        "secondsToShowQuestion",
        "secondsToShowAnswer",
    ] {
        object[key] = json!(1);
    }
    for key in ["buryInterdayLearning", "stopTimerOnAnswer"] {
        object[key] = json!(true);
    }
    object["autoplay"] = json!(false);
    object["replayq"] = json!(false);
    object["new"]["bury"] = json!(true);
    object["new"]["order"] = json!(0);
    object["rev"]["bury"] = json!(true);
    object["lapse"]["mult"] = json!(0.5);
    let preset: Preset = serde_json::from_str(&object.to_string()).unwrap();
    let blob = encode(&preset, None).unwrap();
    let unknown_before = |last: u64| raw::unknown_fields(&blob, |number| number >= last).len();
    assert!(raw::unknown_fields(&blob, is_known).is_empty());
    for number in (1..=46).chain([255]).filter(|number| is_known(*number)) {
        assert!(unknown_before(number + 1) > unknown_before(number), "{number} is not written");
    }
}

prop_compose! {
    /// Whatever a stored blob can hold, infinite numbers included.
    fn any_config()(
        floats in proptest::collection::vec(proptest::num::f32::ANY, 0..4),
        ease in proptest::num::f32::ANY,
        retention in proptest::num::f32::ANY,
        number: u32,
        enumeration: i32,
        flag: bool,
    ) -> PresetConfig {
        PresetConfig {
            learn_steps: floats.clone(),
            relearn_steps: floats.clone(),
            fsrs_params_6: floats,
            initial_ease: ease,
            easy_multiplier: ease,
            desired_retention: retention,
            seconds_to_show_answer: retention,
            new_per_day: number,
            maximum_review_interval: number,
            graduating_interval_good: number,
            cap_answer_time_to_secs: number,
            new_card_insert_order: enumeration,
            leech_action: enumeration,
            question_action: enumeration,
            answer_action: enumeration,
            new_mix: enumeration,
            show_timer: flag,
            ..PresetConfig::default()
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_stored_is_sent_so_that_clients_can_read_it(config in any_config()) {
        let preset = stored(&config.encode_to_vec());
        let json = serde_json::to_string(&preset).unwrap();
        prop_assert!(!json.contains("null"));
        prop_assert_eq!(serde_json::from_str::<Preset>(&json).unwrap(), preset);
    }
}
