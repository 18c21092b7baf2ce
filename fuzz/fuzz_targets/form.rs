//! The forms of old clients, in whatever pieces they arrive: the pieces must not matter.
//!
//! Input: a first byte for the size of the pieces, then the body.
#![no_main]

use deckport_wire::framing::{RequestHead, RequestReader};
use deckport_wire::{Method, Request, Sender, SyncMethod};
use libfuzzer_sys::fuzz_target;

const HEAD: RequestHead = RequestHead {
    is_get: false,
    query: "",
    sync_header: None,
    content_type: "multipart/form-data; boundary=B",
    user_agent: "Anki 2.1.24",
};
const METHOD: Method = Method::Sync(SyncMethod::ApplyChunk);

fuzz_target!(|data: &[u8]| {
    let Some((size, body)) = data.split_first() else { return };
    let whole = read(body, body.len().max(1));
    let pieces = read(body, usize::from(*size).max(1));
    assert_eq!(whole, pieces);
    if let Some((_, json)) = whole {
        let _ = Request::<()>::read(METHOD, &json);
    }
});

/// Who sent a form, and the JSON in it; nothing when it cannot be read.
fn read(body: &[u8], size: usize) -> Option<(Sender, Vec<u8>)> {
    let mut reader = RequestReader::new(METHOD, &HEAD).expect("it tells a boundary");
    reader.limit(1 << 20);
    let mut data = Vec::new();
    for piece in body.chunks(size) {
        let more = reader.push(piece).ok()?;
        if more.is_new {
            data.clear();
        }
        data.extend(more.bytes);
    }
    let envelope = reader.finish().ok()?;
    let mut json = Vec::new();
    if let Some(told) = envelope.json {
        json = told;
    } else {
        let take = |piece: &[u8]| {
            json.extend_from_slice(piece);
            Ok(())
        };
        let unpacked = envelope.coding.unpack(&mut data.as_slice(), 1 << 20, take).is_ok();
        // The same at once, if it is small.
        if let Some(small) = envelope.coding.unpack_small(&data, 1 << 20) {
            assert!(unpacked && small == json);
        }
    }
    Some((envelope.sender, json))
}
