use proptest::prelude::*;
use serde_json::Value;

use super::Preset;
use crate::objects::testing::{check, json, read_again};

/// The example of the protocol page.
const SAMPLE: &str = r#"{"id":1795177663435,"mod":1795177663,"name":"Hard preset","usn":0,"maxTaken":60,"autoplay":true,"timer":0,"replayq":true,
 "new":{"bury":false,"delays":[0.5,15.0,1440.0],"initialFactor":2500,"ints":[1,4,0],"order":1,"perDay":33,"separate":true},
 "rev":{"bury":false,"ease4":1.3,"ivlFct":1.0,"maxIvl":36500,"perDay":200,"hardFactor":1.2,"fuzz":0.05},
 "lapse":{"delays":[10.0],"leechAction":1,"leechFails":8,"minInt":1,"mult":0.0,"xx":"y"},
 "dyn":false,"newMix":0,"newPerDayMinimum":0,"interdayLearningMix":0,"reviewOrder":0,"newSortOrder":0,"newGatherPriority":0,"buryInterdayLearning":false,
 "fsrsWeights":[],"fsrsParams5":[],"fsrsParams6":[0.2172,1.1771,3.2602,16.1507,7.0114,0.57,2.0966,0.0069,1.5261,0.112,1.0178,1.849,0.1133,0.3127,2.2934,0.2191,3.0004,0.7536,0.3332,0.1437,0.2],
 "desiredRetention":0.87,"ignoreRevlogsBeforeDate":"2024-01-01","easyDaysPercentages":[1.0,1.0,1.0,0.5,1.0,0.0,1.0],"stopTimerOnAnswer":false,
 "secondsToShowQuestion":0.0,"secondsToShowAnswer":0.0,"questionAction":0,"answerAction":0,"waitForAudio":true,"sm2Retention":0.9,"weightSearch":"deck:Languages -is:suspended","myAddonKey":{"a":[1,2]}}"#;

const DEFAULT_NEW: &str = r#"{"bury":false,"delays":[1.0,10.0],"initialFactor":2500,"ints":[1,4,0],"order":1,"perDay":20}"#;
const DEFAULT_REVIEW: &str =
    r#"{"bury":false,"ease4":1.3,"hardFactor":1.2,"ivlFct":1.0,"maxIvl":36500,"perDay":200}"#;
const DEFAULT_LAPSE: &str =
    r#"{"delays":[10.0],"leechAction":1,"leechFails":8,"minInt":1,"mult":0.0}"#;

#[test]
fn the_example_of_the_protocol_page_round_trips() {
    let preset: Preset = serde_json::from_str(SAMPLE).unwrap();
    let written = serde_json::to_string(&preset).unwrap();
    assert_eq!(json(&written), json(SAMPLE));
    assert!(written.contains("\"desiredRetention\":0.87,"), "not the shortest form: {written}");
}

#[test]
fn top_level_keys_accept_what_the_page_says() {
    check::<Preset>(
        SAMPLE,
        &[
            ("id", "\"7\"", "7"),
            ("mod", "\"7\"", "7"),
            ("mod", "-", "refused"),
            ("name", "-", "refused"),
            ("usn", "1.0", "refused"),
            ("maxTaken", "-5", "0"),
            ("maxTaken", "3000000000", "refused"),
            ("maxTaken", "-", "refused"),
            ("autoplay", "1", "refused"),
            ("timer", "true", "0"),
            ("timer", "7", "1"),
            ("timer", "\"1\"", "0"),
            ("timer", "-", "refused"),
            ("replayq", "-", "false"),
            ("replayq", "null", "refused"),
            ("dyn", "\"anything\"", "false"),
            ("dyn", "-", "false"),
            ("newMix", "-", "0"),
            ("newMix", "77", "77"),
            ("reviewOrder", "null", "refused"),
            ("interdayLearningMix", "1.0", "refused"),
            ("newSortOrder", "-", "0"),
            ("newGatherPriority", "-1", "-1"),
            ("newPerDayMinimum", "-1", "refused"),
            ("buryInterdayLearning", "-", "false"),
            ("stopTimerOnAnswer", "1", "refused"),
            ("fsrsWeights", "-", "[]"),
            ("fsrsParams5", "null", "refused"),
            ("fsrsParams6", "[1]", "[1.0]"),
            ("easyDaysPercentages", "[\"1\"]", "refused"),
            ("desiredRetention", "-", "0.0"),
            ("desiredRetention", "1", "1.0"),
            ("sm2Retention", "\"0.9\"", "refused"),
            ("ignoreRevlogsBeforeDate", "-", "\"\""),
            ("weightSearch", "null", "refused"),
            ("secondsToShowQuestion", "2", "2.0"),
            ("secondsToShowAnswer", "-", "0.0"),
            ("questionAction", "1", "1"),
            ("questionAction", "2", "refused"),
            ("answerAction", "4", "4"),
            ("answerAction", "5", "refused"),
            ("waitForAudio", "-", "true"),
            ("waitForAudio", "0", "refused"),
            ("fsrsParams4", "[1,2]", "[1,2]"),
            ("rescheduleFsrsCards", "false", "false"),
        ],
    );
}

#[test]
fn a_defective_section_becomes_the_default_one() {
    for (path, value) in [
        ("new/bury", "1"),
        ("new/delays", "-"),
        ("new/initialFactor", "2500.0"),
        ("new/initialFactor", "-"),
        ("new/ints", "-"),
        ("new/order", "-"),
        ("new/perDay", "-"),
        ("new", "null"),
    ] {
        check_section(path, value, "new", DEFAULT_NEW);
    }
    for (path, value) in [
        ("rev/bury", "null"),
        ("rev/ease4", "-"),
        ("rev/ivlFct", "\"1\""),
        ("rev/maxIvl", "1.5"),
        ("rev/perDay", "-"),
        ("rev/hardFactor", "null"),
        ("rev", "[]"),
    ] {
        check_section(path, value, "rev", DEFAULT_REVIEW);
    }
    for (path, value) in [
        ("lapse/delays", "-"),
        ("lapse/leechAction", "-"),
        ("lapse/leechFails", "-1"),
        ("lapse/minInt", "-"),
        ("lapse/mult", "null"),
    ] {
        check_section(path, value, "lapse", DEFAULT_LAPSE);
    }
    for section in ["new", "rev", "lapse"] {
        assert!(read_again::<Preset>(SAMPLE, section, None).is_err());
    }
}

fn check_section(path: &str, value: &str, section: &str, expected: &str) {
    let value = Some(value).filter(|value| *value != "-");
    let written = read_again::<Preset>(SAMPLE, path, value).unwrap();
    assert_eq!(written[section], json(expected), "{path}: {value:?}");
}

#[test]
fn other_keys_of_sections_accept_what_the_page_says() {
    check::<Preset>(
        SAMPLE,
        &[
            ("new/bury", "-", "false"),
            ("new/delays", "[1,\"x\"]", "[]"),
            ("new/ints", "[3,7]", "[3,7,0]"),
            ("new/ints", "[3,7,7]", "[3,7,0]"),
            ("new/ints", "[3,7,null]", "[3,7,0]"),
            ("new/ints", "[3]", "[1,4,0]"),
            ("new/ints", "[3.0,7]", "[1,4,0]"),
            ("new/order", "0", "0"),
            ("new/order", "5", "1"),
            ("new/perDay", "-1", "0"),
            ("rev/bury", "-", "false"),
            ("rev/ease4", "2", "2.0"),
            ("rev/perDay", "null", "0"),
            ("rev/hardFactor", "-", "1.2"),
            ("lapse/delays", "null", "[]"),
            ("lapse/leechAction", "0", "0"),
            ("lapse/leechAction", "\"0\"", "1"),
            ("rev/addon", "{\"a\":1}", "{\"a\":1}"),
        ],
    );
}

proptest! {
    /// A value that passed through f64 on its way would come back with nine or more digits.
    #[test]
    fn every_f32_is_written_as_it_was_read(number in proptest::num::f32::NORMAL | proptest::num::f32::SUBNORMAL) {
        let shortest = number.to_string();
        let written = read_again::<Preset>(SAMPLE, "secondsToShowAnswer", Some(&shortest)).unwrap();
        let expected: Value = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
        prop_assert_eq!(&written["secondsToShowAnswer"], &expected);
    }
}
