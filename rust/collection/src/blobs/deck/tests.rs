use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::blobs::testing::{core, hex, to_hex};

const EXAMPLE: &str = r#"{"id":1795177663430,"mod":1795177663,"name":"Languages::日本語::N5","usn":0,"lrnToday":[0,0],"revToday":[0,0],"newToday":[0,1],"timeToday":[0,4690],
 "collapsed":false,"browserCollapsed":true,"desc":"<b>desc</b>","md":true,"dyn":0,"addonKey":"v","conf":1795177663435,"extendNew":0,"extendRev":0,
 "reviewLimit":55,"newLimit":7,"reviewLimitToday":null,"newLimitToday":{"limit":3,"today":0},"desiredRetention":91}"#;

const EXAMPLE_COMMON: &str = "10 01 20 01 38 d2 24 fa 0f 10 7b226164646f6e4b6579223a2276227d";
const EXAMPLE_KIND: &str = "0a 23 08 cb97b5c79f34 22 0b 3c623e646573633c2f623e 28 01 30 37 38 07
    4a 02 08 03 55 c3f5683f";

const FILTERED: &str = r#"{"id":1795177663644,"mod":1795177663,"name":"Filtered Deck 1","usn":0,"lrnToday":[0,0],"revToday":[0,0],"newToday":[0,0],"timeToday":[0,0],"collapsed":true,"browserCollapsed":true,
 "desc":"","dyn":1,"resched":true,"terms":[["deck:Math",100,1],["deck:Math is:new",20,6]],"separate":true,"delays":null,"previewDelay":0,"previewAgainSecs":60,"previewHardSecs":600,"previewGoodSecs":0}"#;

const FILTERED_KIND: &str = "12 30 08 01 12 0f 0a 09 6465636b3a4d617468 10 64 18 01
    12 16 0a 10 6465636b3a4d6174682069733a6e6577 10 14 18 06 28 d8 04 38 3c";

fn blobs(common: &str, kind: &str) -> DeckBlobs {
    DeckBlobs { common: hex(common), kind: hex(kind) }
}

fn assert_bytes(found: &DeckBlobs, common: &str, kind: &str) {
    assert_eq!(to_hex(&found.common), to_hex(&hex(common)));
    assert_eq!(to_hex(&found.kind), to_hex(&hex(kind)));
}

fn to_json(deck: &Deck) -> Value {
    serde_json::from_str(&serde_json::to_string(deck).unwrap()).unwrap()
}

#[test]
fn the_samples_of_the_protocol_page_match_byte_for_byte() {
    for (text, common, kind) in
        [(EXAMPLE, EXAMPLE_COMMON, EXAMPLE_KIND), (FILTERED, "08 01 10 01", FILTERED_KIND)]
    {
        let deck: Deck = serde_json::from_str(text).unwrap();
        assert_bytes(&encode(&deck, None).unwrap(), common, kind);
        let name = names::stored_deck_name(&deck.name);
        let read = decode(core(deck.id, &name, deck.modified), &blobs(common, kind)).unwrap();
        assert_eq!(read, deck);
        assert_eq!(to_json(&read), serde_json::from_str::<Value>(text).unwrap());
    }
}

#[test]
fn the_default_deck_is_read_and_written_byte_for_byte() {
    let (common, kind) = ("08 01 10 01", "0a 02 08 01");
    let deck = decode(core(1, "Default", 0), &blobs(common, kind)).unwrap();
    let expected = DeckKind::Normal(NormalDeck { preset_id: 1, ..NormalDeck::default() });
    assert_eq!(deck.kind, expected);
    assert!(deck.collapsed && deck.browser_collapsed);
    assert_bytes(&encode(&deck, None).unwrap(), common, kind);
}

#[test]
fn every_percent_survives() {
    for value in 0..=200 {
        assert_eq!(percent(fraction(value)), value);
    }
    assert_eq!(percent(f32::NAN), 0);
    assert_eq!(percent(f32::INFINITY), u32::MAX);
}

#[test]
fn a_negative_day_keeps_its_bits() {
    let mut deck: Deck = serde_json::from_str(EXAMPLE).unwrap();
    (deck.last_day_studied, deck.new_studied) = (-5, -20);
    let stored = encode(&deck, None).unwrap();
    let read = decode(core(deck.id, "x", 0), &stored).unwrap();
    assert_eq!((read.last_day_studied, read.new_studied), (-5, -20));
}

#[test]
fn a_deck_without_kind_is_refused() {
    let damaged = blobs("08 01", "");
    assert!(matches!(decode(core(1, "x", 0), &damaged), Err(Error::Conflict(_))));
    assert!(matches!(decode(core(1, "x", 0), &blobs("08", "0a 00")), Err(Error::Blob(_))));
}

#[test]
fn protobuf_fields_of_newer_clients_survive() {
    let replaced = blobs("08 01 10 01 40 07 b2 06 02 6162", "0a 07 08 01 5d 01020304 18 05");
    let deck = decode(core(5, "x", 0), &replaced).unwrap();
    assert_eq!(encode(&deck, Some(&replaced)).unwrap(), replaced);

    let mut filtered = deck;
    filtered.kind = DeckKind::Filtered(FilteredDeck::default());
    let stored = encode(&filtered, Some(&replaced)).unwrap();
    assert_eq!(to_hex(&stored.kind), "12001805", "what belongs to the other kind goes with it");
}

#[test]
fn a_known_key_stuck_in_other_is_used_where_the_blob_has_nothing() {
    let with_other = |kind: &str, other: &str| {
        let common = Common { other: other.as_bytes().to_vec(), ..Common::default() };
        let blobs = DeckBlobs { common: common.encode_to_vec(), kind: hex(kind) };
        decode(core(9, "name", 3), &blobs).unwrap()
    };
    let other =
        r#"{"desiredRetention":85,"newLimit":4,"md":true,"conf":77,"desc":5,"mod":9,"x":1}"#;
    let deck = with_other("0a 04 08 01 38 00", other);
    let DeckKind::Normal(normal) = &deck.kind else { panic!("a normal deck") };
    assert_eq!(normal.desired_retention_percent, Some(85));
    assert_eq!(normal.new_limit, Some(0), "set to 0 is not unset");
    assert!(normal.markdown_description);
    assert_eq!(normal.preset_id, 1);
    assert_eq!(normal.description, "");
    assert_eq!(deck.modified, 3);
    assert_eq!(Value::Object(deck.other), json!({"x": 1}));

    let other =
        r#"{"previewAgainSecs":60,"previewHardSecs":7,"conf":1,"desc":"d","separate":false}"#;
    let deck = with_other("12 04 08 01 28 05", other);
    let DeckKind::Filtered(filtered) = &deck.kind else { panic!("a filtered deck") };
    assert_eq!((filtered.preview_again_secs, filtered.preview_hard_secs), (60, 5));
    assert!(deck.other.is_empty());
}

prop_compose! {
    fn any_filtered()(
        delays in proptest::collection::vec(proptest::num::f32::ANY, 0..4),
        search: String,
        number: u32,
        order: i32,
        reschedule: bool,
    ) -> Kind {
        Kind::Filtered(Filtered {
            reschedule,
            search_terms: vec![Term { search, limit: number, order }],
            delays,
            preview_delay: number,
            ..Filtered::default()
        })
    }
}

prop_compose! {
    fn any_normal()(
        description: String,
        number: u32,
        limit: Option<u32>,
        retention in proptest::option::of(proptest::num::f32::ANY),
    ) -> Kind {
        Kind::Normal(Normal {
            description,
            extend_new: number,
            review_limit: limit,
            new_limit_today: limit.map(|limit| Limit { limit, today: number }),
            desired_retention: retention,
            ..Normal::default()
        })
    }
}

proptest! {
    #[test]
    fn whatever_is_stored_is_sent_so_that_clients_can_read_it(
        kind in prop_oneof![any_filtered(), any_normal()],
        day: u32,
        studied: i32,
    ) {
        let common = Common { last_day_studied: day, new_studied: studied, ..Common::default() };
        let blobs = DeckBlobs {
            common: common.encode_to_vec(),
            kind: KindContainer { kind: Some(kind) }.encode_to_vec(),
        };
        let deck = decode(core(1, "x", 0), &blobs).unwrap();
        let json = serde_json::to_string(&deck).unwrap();
        prop_assert_eq!(serde_json::from_str::<Deck>(&json).unwrap(), deck);
    }
}
