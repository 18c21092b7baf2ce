//! The JSON of every request. What is understood must come back the same after being written and
//! read again: the next client gets exactly that.
//!
//! Input: a first byte for the method, then the JSON.
#![no_main]

use std::io;

use deckport_wire::framing::{RequestHead, RequestReader};
use deckport_wire::{
    Call, Changes, Exchange, Framing, MediaMethod, Method, Request, SYNC_HEADER, Sender, Step,
    SyncMethod,
};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// No request here carries a file.
type Asked = Request<io::Empty>;

fuzz_target!(|data: &[u8]| {
    let Some((kind, json)) = data.split_first() else { return };
    let methods = SyncMethod::ALL.map(|(_, method)| Method::Sync(method));
    let media = MediaMethod::ALL.map(|(_, method)| Method::Media(method));
    let count = methods.len() + media.len();
    let method = methods.into_iter().chain(media).nth(usize::from(*kind) % count);
    let Some(method) = method else { return };
    let Ok(request) = Asked::read(method, json) else { return };
    if let Request::Step(Step::Exchange(Exchange::ApplyChanges(_))) = &request {
        #[derive(serde::Deserialize)]
        struct Wrapper {
            changes: Changes,
        }
        let wrapper: Wrapper =
            serde_json::from_slice(json).expect("the same in the form of an answer");
        round_trip(&wrapper.changes);
    }
    let once = written(request);
    let again = Asked::read(method, &once).expect("what was written can be read");
    assert_eq!(once, written(again));
});

/// The JSON of a request as it comes out of a body that a client would send.
fn written(request: Asked) -> Vec<u8> {
    let sender = Sender {
        protocol: 11,
        token: String::new(),
        session_key: String::new(),
        client_version: String::new(),
    };
    let (method, call) = (request.method(), Call { sender, request });
    let headers = call.headers(Framing::Header).expect("headers");
    let header = headers.iter().find(|(name, _)| *name == SYNC_HEADER).expect("the header");
    let head = RequestHead { sync_header: Some(header.1.as_bytes()), ..Default::default() };
    let mut body = Vec::new();
    call.write(Framing::Header, &mut body).expect("a body");
    let mut reader = RequestReader::new(method, &head).expect("a head");
    let data = reader.push(&body).expect("a body").bytes;
    let envelope = reader.finish().expect("all of it");
    let mut json = Vec::new();
    let take = |piece: &[u8]| {
        json.extend_from_slice(piece);
        Ok(())
    };
    envelope.coding.unpack(&mut data.as_slice(), u64::MAX, take).expect("what was packed");
    json
}

fn round_trip<T: Serialize + DeserializeOwned>(value: &T) {
    let once = serde_json::to_vec(value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&once).expect("what was written can be read");
    let twice = serde_json::to_vec(&again).expect("what was read can be written");
    assert_eq!(once, twice);
}
