//! How requests and answers are wrapped (`transport` 3).
//!
//! Protocol 11: an `anki-sync` header and a zstd body. Clients of protocols 8 to 10 have no such
//! header but a form, see [`super::legacy`].

use std::cell::RefCell;
use std::io::{self, Read};
use std::sync::Arc;

use deckport_wire::{ErrorKind, PROTOCOL_NEWEST, SYNC_HEADER, SyncHeader};
use flate2::bufread::GzDecoder;
use hyper::HeaderMap;
use zstd::bulk::{Compressor, Decompressor};

use super::Shared;
use super::answer::Answer;
use super::body::RequestBody;
use super::inflate::{InflateError, Inflater};
use super::spool::{Packed, Spool};
use super::unpack::{self, Allowed, Coding};
use crate::own_thread::on_own_thread;
use crate::refusal::Refusal;
use crate::worker::Json;

/// Fast, and for JSON nearly as good as the higher levels.
const LEVEL: i32 = 1;
/// Requests up to this size are decompressed in one go.
const SMALL_BYTES: usize = 32 * 1024;
/// Answers from here on get a compressor of their own.
const LARGE_BYTES: usize = 64 * 1024;

/// Whether a request is framed as in protocols 8 to 10 (`transport` 1).
pub(super) fn is_legacy(headers: &HeaderMap) -> bool {
    !headers.contains_key(SYNC_HEADER)
}

/// The header of protocol 11.
pub(super) fn header(headers: &HeaderMap) -> Result<SyncHeader, Refusal> {
    let too_old = |reason| Refusal::new(ErrorKind::ClientTooOld, reason);
    let Some(value) = headers.get(SYNC_HEADER) else {
        return Err(too_old("there is no anki-sync header; clients need Anki 2.1.57 or later"));
    };
    let header = SyncHeader::parse(value.as_bytes())?;
    if header.version == PROTOCOL_NEWEST {
        Ok(header)
    } else {
        Err(too_old("the client speaks another version of the protocol"))
    }
}

/// The JSON of a request.
pub(super) async fn read_json(
    shared: &Shared,
    body: &mut RequestBody,
    allowed: Allowed,
) -> Result<Json, Refusal> {
    let unkept = |error| unreadable(InflateError::Sink(error), Coding::Zstd);
    let mut spool = Spool::new(&shared.options.data_dir);
    let begin = body.received();
    while let Some(piece) = body.next().await? {
        if body.received() - begin > Inflater::most_packed(allowed.bytes) {
            return Err(unreadable(InflateError::TooLarge, Coding::Zstd));
        }
        spool.write(piece).await.map_err(unkept)?;
    }
    let packed = spool.finish().await.map_err(unkept)?;
    unpack_json(shared, packed, Coding::Zstd, allowed).await
}

/// The JSON in a complete body.
pub(super) async fn unpack_json(
    shared: &Shared,
    packed: Packed,
    coding: Coding,
    allowed: Allowed,
) -> Result<Json, Refusal> {
    if let Packed::Memory(bytes) = &packed
        && let Some(text) = unpack_small(bytes, coding, allowed.bytes)
        && let Some(json) = unpack::small_json(text)
    {
        return Ok(json);
    }
    let (memory, folder) = (Arc::clone(&shared.memory), shared.options.data_dir.clone());
    let work = move || unpack::json(&packed, coding, allowed, &memory, &folder);
    let unpacked = on_own_thread(work)
        .map_err(|error| Refusal::internal(format!("no thread could be started: {error}")))?;
    let unpacked = unpacked.await.map_err(|_| Refusal::unexpected())?;
    unpacked.map_err(|error| unreadable(error, coding))
}

/// Unpacks a small body at once. `None` when it is not small or not right.
pub(super) fn unpack_small(body: &[u8], coding: Coding, limit: u64) -> Option<Vec<u8>> {
    let room = usize::try_from(limit).map_or(SMALL_BYTES, |limit| limit.min(SMALL_BYTES));
    let text = match coding {
        Coding::Zstd => inflate_small(body, room)?,
        Coding::Plain => body.to_vec(),
        Coding::Gzip => {
            let mut text = Vec::new();
            GzDecoder::new(body).take(room as u64 + 1).read_to_end(&mut text).ok()?;
            text
        }
    };
    (text.len() <= room).then_some(text)
}

/// Decompresses in one go: a usual request needs none of the memory that a stream does.
fn inflate_small(body: &[u8], room: usize) -> Option<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Some((Decompressor::new().ok()?, vec![0; SMALL_BYTES]));
        }
        let (decompressor, buffer) = kept.as_mut()?;
        let length = decompressor.decompress_to_buffer(body, buffer.get_mut(..room)?).ok()?;
        buffer.get(..length).map(<[u8]>::to_vec)
    })
}

thread_local! {
    /// With the place where its results appear.
    static DECOMPRESSOR: RefCell<Option<(Decompressor<'static>, Vec<u8>)>> =
        const { RefCell::new(None) };
    /// Making a compressor costs more than compressing a usual answer.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// A 200 with a body that is there.
pub(super) fn answer(body: &[u8]) -> Result<Answer, Refusal> {
    let compressed = COMPRESSOR
        .with_borrow_mut(|kept| {
            if body.len() > LARGE_BYTES {
                // Would keep the memory that a large answer needs.
                return zstd::bulk::compress(body, LEVEL);
            }
            let mut compressor = match kept.take() {
                Some(compressor) => compressor,
                None => Compressor::new(LEVEL)?,
            };
            let compressed = compressor.compress(body);
            *kept = Some(compressor);
            compressed
        })
        .map_err(|error| Refusal::internal(format!("zstd cannot be used: {error}")))?;
    Ok(Answer::framed(compressed, body.len() as u64))
}

fn unreadable(error: InflateError, coding: Coding) -> Refusal {
    let kind = match (&error, coding) {
        // These clients then offer the one thing that helps: a one-way sync, which may have any
        // size. Older ones have a text for the other status (`transport` 6.2).
        (InflateError::TooLarge, Coding::Zstd) => ErrorKind::BadRequest,
        (InflateError::TooLarge, _) => ErrorKind::TooLarge,
        (InflateError::Malformed, _) => ErrorKind::BadRequest,
        (InflateError::Sink(error), _) if error.kind() == io::ErrorKind::StorageFull => {
            ErrorKind::Unavailable
        }
        (InflateError::Sink(_), _) => ErrorKind::Internal,
    };
    Refusal::new(kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn kind_of(value: Option<&'static str>) -> Result<SyncHeader, ErrorKind> {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(SYNC_HEADER, HeaderValue::from_static(value));
        }
        header(&headers).map_err(|refusal| refusal.kind)
    }

    #[test]
    fn old_clients_are_told_to_update_and_nonsense_is_a_bad_request() {
        assert_eq!(kind_of(None), Err(ErrorKind::ClientTooOld));
        let old = r#"{"v":10,"k":"x","c":"y","s":"z"}"#;
        assert_eq!(kind_of(Some(old)), Err(ErrorKind::ClientTooOld));
        for broken in ["", "nonsense", r#"{"v":11}"#, r#"{"v":999,"k":"","c":"","s":""}"#] {
            assert_eq!(kind_of(Some(broken)), Err(ErrorKind::BadRequest), "{broken}");
        }
        let good = kind_of(Some(r#"{"v":11,"k":"key","c":"y","s":"z"}"#)).unwrap();
        assert_eq!(good.token, "key");
    }
}
