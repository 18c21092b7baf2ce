//! An `applyChunk` request that is read part by part (`collection-sync` 3.7).
//!
//! A chunk of 250 notes with pictures in their fields can reach a hundred megabytes. Read like
//! this, it never takes more memory than a few of its rows.

use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::messages::Chunk;
use crate::objects::{Card, Note, Review};

/// Rows handed on at once.
const MOST_ROWS: usize = 250;
/// Bytes of text after which fewer rows are handed on.
const MOST_TEXT: usize = 64 * 1024;

/// Why a chunk was not read to its end.
#[derive(Debug)]
pub enum LargeChunkError<E> {
    /// It is invalid.
    Json(serde_json::Error),
    /// The receiver of the parts failed.
    Taking(E),
}

/// Reads a request and hands its rows on in small chunks, in the order in which they came. None of
/// these says that it is the last one.
///
/// # Errors
/// When the JSON is not an `applyChunk` request; some of it may have been handed on by then. An
/// error of `take` ends the reading.
pub fn read_large_chunk<E>(
    json: impl Read,
    mut take: impl FnMut(Chunk) -> Result<(), E>,
) -> Result<(), LargeChunkError<E>> {
    let mut failure = None;
    let mut take = |chunk| take(chunk).map_err(|error| failure = Some(error)).is_ok();
    let mut reader = serde_json::Deserializer::from_reader(json);
    let read = Request(&mut take).deserialize(&mut reader).and_then(|()| reader.end());
    match failure {
        Some(error) => Err(LargeChunkError::Taking(error)),
        None => read.map_err(LargeChunkError::Json),
    }
}

/// Takes a part; `false` ends the reading.
type Take<'a> = &'a mut dyn FnMut(Chunk) -> bool;

/// The object around the chunk.
struct Request<'a>(Take<'a>);

/// The object with the lists of rows.
struct Rows<'a>(Take<'a>);

/// A list of rows of one kind.
struct List<'a, T> {
    take: Take<'a>,
    /// Puts a row into a chunk and returns how much text it has.
    add: fn(&mut Chunk, T) -> usize,
    rows: PhantomData<T>,
}

impl<'a, T> List<'a, T> {
    fn new(take: Take<'a>, add: fn(&mut Chunk, T) -> usize) -> List<'a, T> {
        List { take, add, rows: PhantomData }
    }
}

impl<'de> DeserializeSeed<'de> for Request<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Request<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a chunk")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "chunk" {
                map.next_value_seed(Rows(&mut *self.0))?;
                found = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if found { Ok(()) } else { Err(A::Error::missing_field("chunk")) }
    }
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a chunk")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut done = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "done" => done = Some(map.next_value::<bool>()?),
                "revlog" => map.next_value_seed(List::new(&mut *self.0, add_review))?,
                "cards" => map.next_value_seed(List::new(&mut *self.0, add_card))?,
                "notes" => map.next_value_seed(List::new(&mut *self.0, add_note))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        done.map(drop).ok_or_else(|| A::Error::missing_field("done"))
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut part = Chunk::default();
        let (mut rows, mut text) = (0, 0);
        let mut hand_on = |part: &mut Chunk| match (self.take)(std::mem::take(part)) {
            true => Ok(()),
            false => Err(A::Error::custom("a part of the chunk was not taken")),
        };
        while let Some(row) = list.next_element()? {
            text += (self.add)(&mut part, row);
            rows += 1;
            if rows == MOST_ROWS || text >= MOST_TEXT {
                hand_on(&mut part)?;
                (rows, text) = (0, 0);
            }
        }
        if rows > 0 { hand_on(&mut part) } else { Ok(()) }
    }
}

fn add_review(chunk: &mut Chunk, review: Review) -> usize {
    chunk.reviews.push(review);
    0
}

fn add_card(chunk: &mut Chunk, card: Card) -> usize {
    let text = card.data.len();
    chunk.cards.push(card);
    text
}

fn add_note(chunk: &mut Chunk, note: Note) -> usize {
    let text = note.fields.len() + note.tags.len() + note.data.len() + note.guid.len();
    chunk.notes.push(note);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::ApplyChunkRequest;
    use serde_json::json;

    fn parts(json: &str) -> Result<Vec<Chunk>, LargeChunkError<()>> {
        let mut parts = Vec::new();
        read_large_chunk(json.as_bytes(), |part| {
            parts.push(part);
            Ok(())
        })?;
        Ok(parts)
    }

    fn review(id: i64) -> serde_json::Value {
        json!([id, 1, -1, 3, 1, 1, 2500, 1000, 0])
    }

    fn note(id: i64, text: &str) -> serde_json::Value {
        json!([id, "guid", 5, 7, -1, "", text, "", "", 0, ""])
    }

    #[test]
    fn the_parts_are_the_rows_of_the_whole() {
        let reviews: Vec<_> = (0..600).map(review).collect();
        let notes: Vec<_> = (0..10).map(|id| note(id, &"x".repeat(20_000))).collect();
        let request = json!({
            "_pad": null, "chunk": {"revlog": reviews, "x": [1], "cards": [], "notes": notes,
            "done": true},
        });
        let text = request.to_string();
        let whole = serde_json::from_str::<ApplyChunkRequest>(&text).unwrap().chunk;
        let parts = parts(&text).unwrap();
        let sizes: Vec<_> =
            parts.iter().map(|part| (part.reviews.len(), part.notes.len())).collect();
        // In the order of the keys, which are sorted here.
        assert_eq!(sizes, [(0, 4), (0, 4), (0, 2), (250, 0), (250, 0), (100, 0)]);
        let reviews: Vec<_> = parts.iter().flat_map(|part| part.reviews.clone()).collect();
        let notes: Vec<_> = parts.iter().flat_map(|part| part.notes.clone()).collect();
        assert_eq!((reviews, notes), (whole.reviews, whole.notes));
    }

    #[test]
    fn what_is_not_a_request_of_this_kind_is_still_refused() {
        for wrong in [
            "{}",
            "[]",
            r#"{"chunk":{}}"#,
            r#"{"chunk":{"done":1}}"#,
            r#"{"chunk":{"done":true,"notes":[[1]]}}"#,
            r#"{"chunk":{"done":true}}x"#,
        ] {
            assert!(serde_json::from_str::<ApplyChunkRequest>(wrong).is_err(), "{wrong}");
            assert!(matches!(parts(wrong), Err(LargeChunkError::Json(_))), "{wrong}");
        }
    }

    #[test]
    fn the_receiver_of_the_parts_can_end_it() {
        let text = json!({"chunk": {"done": true, "revlog": [review(1)]}}).to_string();
        let ended = read_large_chunk(text.as_bytes(), |_| Err("full"));
        assert!(matches!(ended, Err(LargeChunkError::Taking("full"))));
    }
}
