use super::{Deck, DeckKind};
use crate::objects::testing::{changed, check, json, read_again};

const NORMAL: &str = r#"{"id":1795177663430,"mod":1795177663,"name":"Languages::日本語::N5","usn":0,
 "lrnToday":[0,0],"revToday":[0,0],"newToday":[0,1],"timeToday":[0,4690],"collapsed":false,
 "browserCollapsed":true,"desc":"<b>desc</b>","md":true,"dyn":0,"addonKey":"v","conf":1795177663435,
 "extendNew":0,"extendRev":0,"reviewLimit":55,"newLimit":7,"reviewLimitToday":null,
 "newLimitToday":{"limit":3,"today":0},"desiredRetention":91}"#;

const FILTERED: &str = r#"{"id":1795177663644,"mod":1795177663,"name":"Filtered Deck 1","usn":0,
 "lrnToday":[0,0],"revToday":[0,0],"newToday":[0,0],"timeToday":[0,0],"collapsed":true,
 "browserCollapsed":true,"desc":"","dyn":1,"resched":true,
 "terms":[["deck:Math",100,1],["deck:Math is:new",20,6]],"separate":true,"delays":null,
 "previewDelay":0,"previewAgainSecs":60,"previewHardSecs":600,"previewGoodSecs":0}"#;

fn round_trip(text: &str) -> serde_json::Value {
    let deck: Deck = serde_json::from_str(text).unwrap();
    json(&serde_json::to_string(&deck).unwrap())
}

#[test]
fn the_examples_of_the_protocol_page_round_trip() {
    assert_eq!(round_trip(NORMAL), json(NORMAL));
    assert_eq!(round_trip(FILTERED), json(FILTERED));
}

#[test]
fn common_keys_accept_what_the_page_says() {
    for base in [NORMAL, FILTERED] {
        check::<Deck>(
            base,
            &[
                ("id", "\"5\"", "5"),
                ("id", "5.0", "refused"),
                ("mod", "-", "0"),
                ("mod", "\"9\"", "9"),
                ("mod", "null", "refused"),
                ("name", "-", "refused"),
                ("usn", "\"1\"", "refused"),
                ("lrnToday", "-", "refused"),
                ("lrnToday", "0", "refused"),
                ("collapsed", "1", "refused"),
                ("collapsed", "-", "refused"),
                ("browserCollapsed", "-", "false"),
                ("browserCollapsed", "null", "refused"),
                ("return", "true", "-"),
                ("dyn", "-", "refused"),
                ("dyn", "-1", "refused"),
                ("dyn", "256", "refused"),
                ("dyn", "1.0", "refused"),
                ("dyn", "\"1\"", "refused"),
            ],
        );
    }
}

#[test]
fn keys_of_a_normal_deck_accept_what_the_page_says() {
    check::<Deck>(
        NORMAL,
        &[
            ("dyn", "false", "0"),
            ("dyn", "255", "0"),
            ("conf", "\"3\"", "3"),
            ("conf", "-", "refused"),
            ("desc", "-", "\"\""),
            ("desc", "null", "refused"),
            ("md", "false", "-"),
            ("md", "1", "refused"),
            ("extendNew", "-5", "0"),
            ("extendNew", "10", "10"),
            ("extendRev", "1.5", "0"),
            ("extendRev", "3000000000", "0"),
            ("reviewLimit", "-1", "null"),
            ("newLimit", "\"7\"", "null"),
            ("newLimit", "-", "null"),
            ("reviewLimitToday", "[4,5]", r#"{"limit":4,"today":5}"#),
            ("reviewLimitToday", "[4,5,6]", "null"),
            ("newLimitToday", r#"{"limit":4}"#, "null"),
            ("newLimitToday", "5", "null"),
            ("desiredRetention", "0.9", "null"),
            ("desiredRetention", "-", "null"),
            ("terms", "[]", "[]"),
            ("separate", "false", "false"),
            ("previewDelay", "\"x\"", "\"x\""),
        ],
    );
}

#[test]
fn keys_of_a_filtered_deck_accept_what_the_page_says() {
    check::<Deck>(
        FILTERED,
        &[
            ("dyn", "true", "1"),
            ("resched", "\"0\"", "false"),
            ("resched", "2", "refused"),
            ("resched", "-", "refused"),
            ("terms", "null", "refused"),
            ("terms/0/1", "\"-7\"", "0"),
            ("terms/0", "[\"a\",1]", "refused"),
            ("terms/0", "[\"a\",\"5\",-1]", "[\"a\",5,-1]"),
            ("terms/0", "[\"a\",3000000000,1]", "refused"),
            ("terms/0", "[5,1,1]", "refused"),
            ("separate", "false", "true"),
            ("separate", "-", "true"),
            ("delays", "[1,0.5]", "[1.0,0.5]"),
            ("delays", "[1,null]", "null"),
            ("delays", "[]", "null"),
            ("delays", "-", "null"),
            ("previewDelay", "-", "0"),
            ("previewAgainSecs", "null", "refused"),
            ("previewHardSecs", "-1", "refused"),
            ("previewGoodSecs", "5", "5"),
            ("desc", "\"lost\"", "\"\""),
            ("md", "true", "-"),
            ("conf", "1", "-"),
            ("extendNew", "1", "-"),
            ("extendRev", "1", "-"),
            ("newLimit", "1", "-"),
            ("reviewLimit", "1", "-"),
            ("newLimitToday", "1", "-"),
            ("reviewLimitToday", "1", "-"),
            ("desiredRetention", "1", "-"),
            ("addonKey", "[-9223372036854775808]", "[-9223372036854775808]"),
        ],
    );
}

fn today(learning: &str, review: &str, new: &str, time: &str) -> [serde_json::Value; 4] {
    let mut object = changed(NORMAL, "lrnToday", Some(learning));
    object["revToday"] = json(review);
    object["newToday"] = json(new);
    object["timeToday"] = json(time);
    let written = round_trip(&object.to_string());
    ["lrnToday", "revToday", "newToday", "timeToday"].map(|key| written[key].clone())
}

#[test]
fn the_four_today_pairs_are_merged_to_one_day() {
    let pairs = |text: &str| serde_json::from_str::<[serde_json::Value; 4]>(text).unwrap();
    assert_eq!(today("[3,9]", "[4,8]", "[5,7]", "[5,6]"), pairs("[[5,0],[5,0],[5,7],[5,6]]"));
    assert_eq!(today("[9,9]", "[4,8]", "[3,7]", "[2,6]"), pairs("[[4,0],[4,8],[4,0],[4,6]]"));
    assert_eq!(
        today("[]", "[7]", "[1,2,-5,3]", "[null,\"x\"]"),
        pairs("[[0,0],[0,7],[0,0],[0,0]]")
    );
    assert_eq!(
        today("[-5,1]", "[-5,2]", "[-6,3]", "[-7,4294967297]"),
        pairs("[[-5,1],[-5,2],[-5,0],[-5,1]]")
    );
}

#[test]
fn a_deck_knows_its_kind() {
    let deck: Deck = serde_json::from_str(FILTERED).unwrap();
    assert!(matches!(deck.kind, DeckKind::Filtered(_)));
    assert!(read_again::<Deck>(FILTERED, "dyn", Some("0")).is_err(), "conf is missing");
}
