//! The forms of old clients, in whatever pieces they arrive: the pieces must not matter.
//!
//! Input: a first byte for the size of the pieces, then the body.
#![no_main]

use std::io::Read;

use deckport_wire::multipart::{Event, Multipart, MultipartError};
use flate2::bufread::GzDecoder;
use libfuzzer_sys::fuzz_target;

const CONTENT_TYPE: &str = "multipart/form-data; boundary=B";

fuzz_target!(|data: &[u8]| {
    let Some((size, body)) = data.split_first() else { return };
    let whole = parts(body, body.len().max(1));
    let pieces = parts(body, usize::from(*size).max(1));
    assert_eq!(whole, pieces);
    for (_, content) in whole.unwrap_or_default() {
        let mut json = Vec::new();
        let _ = GzDecoder::new(content.as_slice()).take(1 << 20).read_to_end(&mut json);
    }
});

type Parts = Vec<(String, Vec<u8>)>;

fn parts(body: &[u8], size: usize) -> Result<Parts, MultipartError> {
    let mut parser = Multipart::new(CONTENT_TYPE)?;
    let mut parts = Parts::new();
    for piece in body.chunks(size) {
        parser.push(piece, |event| {
            match event {
                Event::Part(name) => parts.push((name.to_owned(), Vec::new())),
                Event::Data(data) => {
                    parts.last_mut().expect("data belongs to a part").1.extend(data);
                }
                Event::End => {}
            }
            Ok::<(), MultipartError>(())
        })?;
    }
    parser.finish()?;
    Ok(parts)
}
