//! What a reverse proxy says about its client: the first bytes of a connection, and two headers.
#![no_main]

use deckport_wire::proxied::{MAX_PREAMBLE, Preamble, forwarded, preamble, x_forwarded_for};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(Preamble::Complete { length, .. }) = preamble(data) {
        assert!(length <= data.len().min(MAX_PREAMBLE));
    }
    if let Ok(line) = std::str::from_utf8(data) {
        // Every hop takes a byte and a comma at least.
        assert!(x_forwarded_for(line).len() <= line.len() + 1);
        assert!(forwarded(line).len() <= line.len() + 1);
    }
});
