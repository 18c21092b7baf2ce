//! The steps of a normal sync: JSON in, one call of the collection crate, JSON out.

use std::convert::Infallible;
use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;

use deckport_collection::Error;
use deckport_collection::sync::ServerSync;
use deckport_wire::{
    ApplyChangesRequest, ApplyChunkRequest, ApplyGravesRequest, LargeChunkError,
    SanityCheckRequest, SanityStatus, SyncMethod, WireError, read_large_chunk,
};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::json::Json;
use crate::refusal::Refusal;

/// A request between `start` and `finish`, without these two.
pub(super) enum Step {
    ApplyGraves(ApplyGravesRequest),
    ApplyChanges(ApplyChangesRequest),
    Chunk,
    ApplyChunk(ApplyChunkRequest),
    /// A chunk in a file, read part by part.
    ApplyLargeChunk(File),
    SanityCheck(SanityCheckRequest),
}

/// What became of a step.
pub(super) enum Outcome {
    /// The sync goes on.
    GoesOn(Vec<u8>),
    /// The two sides differ: the answer says so, and the sync must be rolled back.
    Differs(Vec<u8>),
}

/// Methods without arguments send `{}` or `{"_pad":null}` (`transport` 3.1). Other keys do no
/// harm; anything but an object is an error.
#[derive(Deserialize)]
pub(super) struct NoArguments {}

impl Step {
    /// Reads the whole request; nothing of it is applied before all of it is understood. `None`
    /// for a method that is no step.
    pub(super) fn parse(method: SyncMethod, body: &Json) -> Result<Option<Step>, Refusal> {
        if let (SyncMethod::ApplyChunk, Some(path)) = (method, body.file()) {
            return large_chunk(path).map(Some);
        }
        let body = body.bytes();
        let step = match method {
            SyncMethod::ApplyGraves => Step::ApplyGraves(parse(body)?),
            SyncMethod::ApplyChanges => Step::ApplyChanges(parse(body)?),
            SyncMethod::Chunk => parse(body).map(|NoArguments {}| Step::Chunk)?,
            SyncMethod::ApplyChunk => Step::ApplyChunk(parse(body)?),
            SyncMethod::SanityCheck2 => Step::SanityCheck(parse(body)?),
            _ => return Ok(None),
        };
        Ok(Some(step))
    }
}

/// Reads all of a chunk once and keeps nothing of it.
fn large_chunk(path: &Path) -> Result<Step, Refusal> {
    let unreadable = |error| Refusal::internal(format!("a request cannot be read again: {error}"));
    let mut file = File::open(path).map_err(unreadable)?;
    read_large_chunk(BufReader::new(&file), |_| Ok::<_, Infallible>(())).map_err(|error| {
        match error {
            LargeChunkError::Json(error) => Refusal::from(WireError::Json(error)),
            LargeChunkError::Taking(never) => match never {},
        }
    })?;
    file.rewind().map_err(unreadable)?;
    Ok(Step::ApplyLargeChunk(file))
}

/// Does one step.
pub(super) fn advance(
    sync: &mut ServerSync,
    conn: &Connection,
    step: Step,
) -> Result<Outcome, Error> {
    let answer = match step {
        Step::ApplyGraves(request) => {
            sync.apply_graves(conn, &request.chunk)?;
            NOTHING.to_vec()
        }
        Step::ApplyChanges(request) => encode(&sync.apply_changes(conn, request.changes)?)?,
        Step::Chunk => encode(&sync.chunk(conn)?)?,
        Step::ApplyChunk(request) => {
            sync.apply_chunk(conn, request.chunk)?;
            NOTHING.to_vec()
        }
        Step::ApplyLargeChunk(file) => {
            let applied =
                read_large_chunk(BufReader::new(file), |part| sync.apply_chunk(conn, part));
            applied.map_err(|error| match error {
                LargeChunkError::Taking(error) => error,
                LargeChunkError::Json(error) => error.into(),
            })?;
            NOTHING.to_vec()
        }
        Step::SanityCheck(request) => {
            let answer = sync.sanity_check(conn, &request.client)?;
            let json = encode(&answer)?;
            if answer.status == SanityStatus::Bad {
                return Ok(Outcome::Differs(json));
            }
            json
        }
    };
    Ok(Outcome::GoesOn(answer))
}

/// The answer of methods that return nothing (`transport` 3.2).
pub(super) const NOTHING: &[u8] = b"null";

pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    Ok(serde_json::from_slice(body)?)
}

pub(super) fn encode<T: Serialize>(answer: &T) -> Result<Vec<u8>, Error> {
    Ok(serde_json::to_vec(answer)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_arguments_is_any_object_and_nothing_else() {
        for body in ["{}", r#"{"_pad":null}"#, r#" {"later":[1,2]} "#] {
            assert!(parse::<NoArguments>(body.as_bytes()).is_ok(), "{body}");
        }
        for body in ["", "null", "1", "{", "{} x"] {
            assert!(parse::<NoArguments>(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_request_is_read_completely_before_anything_happens() {
        let parse = |method, text: &str| Step::parse(method, &Json::in_memory(text.into(), None));
        let good = r#"{"chunk":{"cards":[1],"notes":[],"decks":[]}}"#;
        let bad = r#"{"chunk":{"cards":[1],"notes":[],"decks":["x"]}}"#;
        assert!(matches!(parse(SyncMethod::ApplyGraves, good), Ok(Some(_))));
        assert!(parse(SyncMethod::ApplyGraves, bad).is_err());
        assert!(matches!(parse(SyncMethod::Upload, ""), Ok(None)));
    }
}
