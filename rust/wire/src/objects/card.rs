//! Cards: arrays of 18 (`collection-sync` 5.2, `storage-json` 5).

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};
use std::fmt;

use super::row::Columns;

const COLUMNS: usize = 18;

/// A row of `cards` (`storage-tables` 4).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Card {
    /// Creation time, Unix milliseconds.
    pub id: i64,
    /// The note it belongs to.
    pub note_id: i64,
    /// The deck it is in; the filtered deck while it is in one.
    pub deck_id: i64,
    /// Number of its template; for cloze notetypes the cloze number − 1.
    pub ord: u16,
    /// Last modification, Unix seconds.
    pub modified: i64,
    /// Update sequence number.
    pub usn: i32,
    /// 0 new, 1 learning, 2 review, 3 relearning.
    pub kind: u8,
    /// 0 new, 1 learning, 2 review, 3 learning across days, 4 preview, −1 suspended, −2 and −3
    /// buried.
    pub queue: i8,
    /// Position, Unix seconds or day number, depending on the queue.
    pub due: i32,
    /// Interval in days.
    pub interval: u32,
    /// Ease × 1000; 0 for none.
    pub factor: u16,
    /// Number of reviews.
    pub reps: u32,
    /// Number of lapses.
    pub lapses: u32,
    /// Learning steps left.
    pub left: u32,
    /// The original `due` while in a filtered deck.
    pub original_due: i32,
    /// The home deck while in a filtered deck, else 0.
    pub original_deck_id: i64,
    /// The low three bits are the colour.
    pub flags: u8,
    /// JSON text, forwarded verbatim.
    pub data: String,
}

impl Serialize for Card {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_tuple(COLUMNS)?;
        row.serialize_element(&self.id)?;
        row.serialize_element(&self.note_id)?;
        row.serialize_element(&self.deck_id)?;
        row.serialize_element(&self.ord)?;
        row.serialize_element(&self.modified)?;
        row.serialize_element(&self.usn)?;
        row.serialize_element(&self.kind)?;
        row.serialize_element(&self.queue)?;
        row.serialize_element(&self.due)?;
        row.serialize_element(&self.interval)?;
        row.serialize_element(&self.factor)?;
        row.serialize_element(&self.reps)?;
        row.serialize_element(&self.lapses)?;
        row.serialize_element(&self.left)?;
        row.serialize_element(&self.original_due)?;
        row.serialize_element(&self.original_deck_id)?;
        row.serialize_element(&self.flags)?;
        row.serialize_element(&self.data)?;
        row.end()
    }
}

impl<'de> Deserialize<'de> for Card {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Card, D::Error> {
        struct CardVisitor;

        impl<'de> Visitor<'de> for CardVisitor {
            type Value = Card;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a card: an array of 18")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Card, A::Error> {
                let mut row = Columns::new(seq);
                Ok(Card {
                    id: row.next()?,
                    note_id: row.next()?,
                    deck_id: row.next()?,
                    ord: row.next()?,
                    modified: row.next_loose()?.0,
                    usn: row.next()?,
                    kind: row.next_within(0..=3)?,
                    queue: row.next_within(-3..=4)?,
                    due: row.next_loose()?.wrapping_i32(),
                    interval: row.next_loose()?.wrapping_u32(),
                    factor: row.next()?,
                    reps: row.next()?,
                    lapses: row.next()?,
                    left: row.next()?,
                    original_due: row.next_loose()?.wrapping_i32(),
                    original_deck_id: row.next()?,
                    flags: row.next()?,
                    data: row.next()?,
                })
            }
        }

        deserializer.deserialize_tuple(COLUMNS, CardVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"[1795177663453,1795177663452,1795177663648,0,1795177663,0,2,2,-99998,9,2500,2,0,0,9,1795177663430,0,"{\"pos\":1,\"cd\":\"{\\\"r\\\":5}\"}"]"#;

    fn parse(text: &str) -> serde_json::Result<Card> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_real_card_round_trips_verbatim() {
        let card = parse(SAMPLE).unwrap();
        assert_eq!(card.due, -99998);
        assert_eq!(card.original_deck_id, 1795177663430);
        assert_eq!(serde_json::to_string(&card).unwrap(), SAMPLE);
    }

    #[test]
    fn four_columns_may_be_floats_and_out_of_range() {
        let card = parse(r#"[1,2,3,0,9.9,0,0,0,4294967301.0,-3,0,0,0,0,-1.5,0,0,""]"#).unwrap();
        assert_eq!((card.modified, card.due, card.interval, card.original_due), (9, 5, 0, -1));
    }

    #[test]
    fn everything_else_is_strict() {
        for wrong in [
            r#"[1,2,3,0,9,0,0,0,0,0,0,0,0,0,0,0,0]"#,
            r#"[1,2,3,0,9,0,0,0,0,0,0,0,0,0,0,0,0,"",1]"#,
            r#"[1,2,3,0,9,0,4,0,0,0,0,0,0,0,0,0,0,""]"#,
            r#"[1,2,3,0,9,0,0,5,0,0,0,0,0,0,0,0,0,""]"#,
            r#"[1,2,3,0,9,0,0,-4,0,0,0,0,0,0,0,0,0,""]"#,
            r#"[1,2,3,70000,9,0,0,0,0,0,0,0,0,0,0,0,0,""]"#,
            r#"[1,2,3,0,9,0,0,0,0,0,0,-1,0,0,0,0,0,""]"#,
            r#"[1,2,3,0,9,0,0,0,0,0,0,0,0,0,0,0,256,""]"#,
            r#"[1,2,3,0,9,0,0,0,0,0,0,0,0,0,0,0,0,null]"#,
            r#"["1",2,3,0,9,0,0,0,0,0,0,0,0,0,0,0,0,""]"#,
            r#"{"id":1}"#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
