//! Reviews: arrays of 9 (`collection-sync` 5.1, `storage-json` 5).

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;

use super::row::Columns;

const COLUMNS: usize = 9;

/// A row of `revlog` (`storage-tables` 5).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Review {
    /// Time of the answer, Unix milliseconds.
    pub id: i64,
    /// The card; it may no longer exist.
    pub card_id: i64,
    /// Update sequence number.
    pub usn: i32,
    /// Button 1-4; 0 is a rescheduling, not a review.
    pub ease: u8,
    /// New interval: positive days, negative seconds.
    pub interval: i32,
    /// Previous interval: positive days, negative seconds.
    pub last_interval: i32,
    /// Ease × 1000, or FSRS difficulty; 0 for none.
    pub factor: u32,
    /// Time spent in milliseconds.
    pub time_ms: u32,
    /// 0 learning, 1 review, 2 relearning, 3 filtered, 4 manual, 5 rescheduled.
    pub kind: u8,
}

impl Serialize for Review {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = (
            self.id,
            self.card_id,
            self.usn,
            self.ease,
            self.interval,
            self.last_interval,
            self.factor,
            self.time_ms,
            self.kind,
        );
        row.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Review {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Review, D::Error> {
        struct ReviewVisitor;

        impl<'de> Visitor<'de> for ReviewVisitor {
            type Value = Review;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a review: an array of 9")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Review, A::Error> {
                let mut row = Columns::new(seq);
                Ok(Review {
                    id: row.next()?,
                    card_id: row.next()?,
                    usn: row.next()?,
                    ease: row.next()?,
                    interval: row.next_loose()?.wrapping_i32(),
                    last_interval: row.next_loose()?.wrapping_i32(),
                    factor: row.next_loose()?.saturating_u32(),
                    time_ms: row.next_loose()?.saturating_u32(),
                    kind: row.next_or_end()?.map_or(0, kind),
                })
            }
        }

        deserializer.deserialize_tuple(COLUMNS, ReviewVisitor)
    }
}

/// Anything but a known kind counts as learning.
fn kind(value: Value) -> u8 {
    match value.as_u64() {
        Some(known @ 0..=5) => u8::try_from(known).unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> serde_json::Result<Review> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_real_review_round_trips_verbatim() {
        let sample = "[1795177663576,1795177663453,0,3,-900,0,532,2345,0]";
        assert_eq!(serde_json::to_string(&parse(sample).unwrap()).unwrap(), sample);
    }

    #[test]
    fn floats_negatives_and_a_missing_kind_are_taken() {
        let review = parse("[1,2,0,4,-600.7,3.2,-5,-1.0]").unwrap();
        assert_eq!((review.interval, review.last_interval), (-600, 3));
        assert_eq!((review.factor, review.time_ms, review.kind), (0, 0, 0));
        assert_eq!(parse("[1,2,0,4,1,1,1,1,5]").unwrap().kind, 5);
        for unknown in ["6", "-1", "null", "\"1\"", "1.0"] {
            assert_eq!(parse(&format!("[1,2,0,4,1,1,1,1,{unknown}]")).unwrap().kind, 0);
        }
    }

    #[test]
    fn other_defects_are_refused() {
        for wrong in ["[1,2,0,4,1,1,1]", "[1,2,0,4,1,1,1,1,0,0]", "[1,2,0,256,1,1,1,1,0]", "[]"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
