//! The JSON of every request. What is understood must come back the same after being written and
//! read again: the next client gets exactly that.
#![no_main]

use deckport_wire::{
    ApplyChangesRequest, ApplyChunkRequest, ApplyGravesRequest, Changes, Chunk, Graves,
    HostKeyRequest, MetaRequest, SanityCheckRequest, StartRequest,
};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|data: &[u8]| {
    let Some((kind, json)) = data.split_first() else { return };
    match kind % 8 {
        0 => read::<HostKeyRequest>(json).map_or((), drop),
        1 => read::<MetaRequest>(json).map_or((), drop),
        2 => read::<StartRequest>(json).map_or((), drop),
        3 => read::<SanityCheckRequest>(json).map_or((), drop),
        4 => {
            if let Some(request) = read::<ApplyGravesRequest>(json) {
                round_trip::<Graves>(&request.chunk);
            }
        }
        5 => {
            if let Some(request) = read::<ApplyChunkRequest>(json) {
                round_trip::<Chunk>(&request.chunk);
            }
        }
        _ => {
            if read::<ApplyChangesRequest>(json).is_some() {
                #[derive(serde::Deserialize)]
                struct Wrapper {
                    changes: Changes,
                }
                let wrapper: Wrapper = read(json).expect("the same in the form of an answer");
                round_trip(&wrapper.changes);
            }
        }
    }
});

fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

fn round_trip<T: Serialize + DeserializeOwned>(value: &T) {
    let once = serde_json::to_vec(value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&once).expect("what was written can be read");
    let twice = serde_json::to_vec(&again).expect("what was read can be written");
    assert_eq!(once, twice);
}
