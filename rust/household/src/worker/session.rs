//! The steps of a normal sync: a request in, one call of the collection crate, JSON out.

use std::fs::File;
use std::io::BufReader;

use deckport_collection::Error;
use deckport_collection::sync::ServerSync;
use deckport_wire::{Exchange, LargeChunkError, SanityStatus, read_large_chunk};
use rusqlite::Connection;
use serde::Serialize;

use deckport_ground::temp_file::TempFile;

/// What became of a step.
pub(super) enum Outcome {
    /// The sync goes on.
    GoesOn(Vec<u8>),
    /// The two sides differ: the answer says so, and the sync must be rolled back.
    Differs(Vec<u8>),
}

/// Does one step.
pub(super) fn advance(
    sync: &mut ServerSync,
    conn: &Connection,
    step: Exchange<TempFile>,
) -> Result<Outcome, Error> {
    let answer = match step {
        Exchange::ApplyGraves(request) => {
            sync.apply_graves(conn, &request.chunk)?;
            NOTHING.to_vec()
        }
        Exchange::ApplyChanges(request) => encode(&sync.apply_changes(conn, request.changes)?)?,
        Exchange::Chunk => encode(&sync.chunk(conn)?)?,
        Exchange::ApplyChunk(request) => {
            sync.apply_chunk(conn, request.chunk)?;
            NOTHING.to_vec()
        }
        // Read while it is applied: an error near its end rolls the sync back.
        Exchange::ApplyLargeChunk(file) => {
            let json = BufReader::new(File::open(file.path())?);
            let applied = read_large_chunk(json, |part| sync.apply_chunk(conn, part));
            applied.map_err(|error| match error {
                LargeChunkError::Taking(error) => error,
                LargeChunkError::Json(error) => error.into(),
            })?;
            NOTHING.to_vec()
        }
        Exchange::SanityCheck2(request) => {
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

pub(super) fn encode<T: Serialize>(answer: &T) -> Result<Vec<u8>, Error> {
    Ok(serde_json::to_vec(answer)?)
}
