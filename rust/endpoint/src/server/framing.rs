//! How requests and answers are wrapped (`transport` 3).
//!
//! Protocol 11: an `anki-sync` header and a zstd body. Clients of protocols 8 to 10 have no such
//! header but a form, see [`super::legacy`].

use std::cell::RefCell;

use deckport_wire::{ErrorKind, PROTOCOL_NEWEST, SYNC_HEADER, SyncHeader};
use hyper::HeaderMap;
use zstd::bulk::{Compressor, Decompressor};

use super::answer::Answer;
use super::body::RequestBody;
use super::inflate::{InflateError, Inflater};
use crate::refusal::Refusal;

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

/// The JSON of a request, decompressed while it arrives. Memory grows with what has really come.
pub(super) async fn read_json(body: &mut RequestBody, limit: u64) -> Result<Vec<u8>, Refusal> {
    let Some(first) = body.next().await? else { return Err(unreadable(InflateError::Malformed)) };
    let second = body.next().await?;
    if second.is_none()
        && let Some(json) = inflate_small(&first, limit)
    {
        return Ok(json);
    }
    let mut json = Vec::new();
    let no_decoder = |error| Refusal::internal(format!("zstd cannot be used: {error}"));
    let mut inflater = Inflater::new(limit).map_err(no_decoder)?;
    let mut keep = |data: &[u8]| {
        json.extend_from_slice(data);
        Ok(())
    };
    inflater.push(&first, &mut keep).map_err(unreadable)?;
    let mut next = second;
    while let Some(piece) = next {
        inflater.push(&piece, &mut keep).map_err(unreadable)?;
        next = body.next().await?;
    }
    inflater.finish().map_err(unreadable)?;
    Ok(json)
}

/// Decompresses a small body in one go: a usual request needs none of the memory that a stream
/// does. `None` when it is not small or not right; then the stream tells why.
fn inflate_small(body: &[u8], limit: u64) -> Option<Vec<u8>> {
    let room = usize::try_from(limit).map_or(SMALL_BYTES, |limit| limit.min(SMALL_BYTES));
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

fn unreadable(error: InflateError) -> Refusal {
    let kind = match error {
        InflateError::TooLarge => ErrorKind::TooLarge,
        InflateError::Malformed => ErrorKind::BadRequest,
        InflateError::Sink(_) => ErrorKind::Internal,
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
