//! The path and the `anki-sync` header: read before anybody is logged in.
#![no_main]

use deckport_wire::{ClientVersion, Route, SyncHeader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = SyncHeader::parse(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Route::parse(text);
        let _ = ClientVersion::parse(text);
    }
});
