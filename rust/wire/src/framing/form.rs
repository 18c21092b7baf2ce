//! The fields of a form (`transport` 4.1), taken apart while they arrive, and written.

use std::io::{self, Read, Write};

use super::multipart::{Event, Multipart};
use super::reader::Data;
use super::{Coding, packing};
use crate::error::WireError;

/// What released clients use. All data is compressed, so it does not occur there.
const BOUNDARY: &str = "Anki-sync-boundary";
/// Longest text field.
const MAX_FIELD_BYTES: usize = 4096;

/// The text fields of a form.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) token: String,
    pub(super) session_key: String,
    pub(super) version: String,
    pub(super) coding: Coding,
    /// The data has at least one byte.
    pub(super) has_data: bool,
}

/// The parts that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Token,
    SessionKey,
    Version,
    Compressed,
    Data,
    Ignored,
}

/// Sorts the parts of a form; of a part that occurs twice the last one counts.
#[derive(Debug)]
pub(super) struct FormReader {
    parser: Multipart,
    parts: Parts,
}

#[derive(Debug)]
struct Parts {
    current: Part,
    token: Vec<u8>,
    session_key: Vec<u8>,
    version: Vec<u8>,
    compressed: Vec<u8>,
    data: Data,
    has_data: bool,
}

impl FormReader {
    /// For a request with this `content-type`.
    pub(super) fn new(content_type: &str) -> Result<FormReader, WireError> {
        let parts = Parts {
            current: Part::Ignored,
            token: Vec::new(),
            session_key: Vec::new(),
            version: Vec::new(),
            compressed: Vec::new(),
            data: Data::default(),
            has_data: false,
        };
        Ok(FormReader { parser: Multipart::new(content_type)?, parts })
    }

    /// Takes the next piece of the form, and returns what has come of its data.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Data, WireError> {
        let parts = &mut self.parts;
        self.parser.push(piece, |event| parts.take(event))?;
        Ok(std::mem::take(&mut parts.data))
    }

    /// The token, once all of it has come.
    pub(super) fn token(&self) -> Option<String> {
        self.parts.complete(Part::Token, &self.parts.token)
    }

    /// The session key, once all of it has come.
    pub(super) fn session_key(&self) -> Option<String> {
        self.parts.complete(Part::SessionKey, &self.parts.session_key)
    }

    /// Ends the form.
    pub(super) fn finish(self) -> Result<Fields, WireError> {
        self.parser.finish()?;
        let Parts { token, session_key, version, compressed, has_data, .. } = self.parts;
        let (token, session_key, version) = (text(&token), text(&session_key), text(&version));
        // A missing flag means "not compressed", anything but "0" the opposite.
        let is_compressed = !compressed.is_empty() && compressed != b"0";
        let coding = if is_compressed { Coding::Gzip } else { Coding::Plain };
        Ok(Fields { token, session_key, version, coding, has_data })
    }
}

impl Parts {
    fn take(&mut self, event: Event) -> Result<(), WireError> {
        match event {
            Event::Part(name) => {
                self.current = match name {
                    "k" | "sk" => Part::Token,
                    "s" => Part::SessionKey,
                    "v" => Part::Version,
                    "c" => Part::Compressed,
                    "data" => Part::Data,
                    _ => Part::Ignored,
                };
                if self.current == Part::Data {
                    self.data = Data { is_new: true, bytes: Vec::new() };
                    self.has_data = false;
                } else if let Some(field) = self.field() {
                    field.clear();
                }
            }
            Event::Data(bytes) if self.current == Part::Data => {
                self.data.bytes.extend_from_slice(bytes);
                self.has_data = true;
            }
            Event::Data(bytes) => {
                if let Some(field) = self.field() {
                    if field.len() + bytes.len() > MAX_FIELD_BYTES {
                        return Err(WireError::TooLarge);
                    }
                    field.extend_from_slice(bytes);
                }
            }
            Event::End => self.current = Part::Ignored,
        }
        Ok(())
    }

    fn field(&mut self) -> Option<&mut Vec<u8>> {
        match self.current {
            Part::Token => Some(&mut self.token),
            Part::SessionKey => Some(&mut self.session_key),
            Part::Version => Some(&mut self.version),
            Part::Compressed => Some(&mut self.compressed),
            Part::Data | Part::Ignored => None,
        }
    }

    fn complete(&self, part: Part, field: &[u8]) -> Option<String> {
        (self.current != part && !field.is_empty()).then(|| text(field))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The `content-type` of what [`write`] writes.
pub(super) fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// Writes a form with these fields, followed by compressed data.
pub(super) fn write(
    fields: &[(&str, &str)],
    data: &mut impl Read,
    target: &mut impl Write,
) -> io::Result<()> {
    for (name, content) in fields.iter().chain(&[("c", "1")]) {
        write!(target, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n")?;
        write!(target, "{content}\r\n")?;
    }
    write!(target, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"data\"; ")?;
    write!(target, "filename=\"data\"\r\nContent-Type: application/octet-stream\r\n\r\n")?;
    packing::gzip(data, &mut *target)?;
    write!(target, "\r\n--{BOUNDARY}--\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Envelope, RequestHead, RequestReader};
    use crate::method::{Method, SyncMethod};

    fn reader(limit: u64) -> RequestReader {
        let head =
            RequestHead { content_type: "multipart/form-data; boundary=B", ..Default::default() };
        let mut reader = RequestReader::new(Method::Sync(SyncMethod::Meta), &head).unwrap();
        reader.limit(limit);
        reader
    }

    fn part(name: &str, content: &str) -> Vec<u8> {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
            .into_bytes()
    }

    fn read(parts: &[(&str, &str)], limit: u64) -> Result<(Envelope, Data), WireError> {
        let mut reader = reader(limit);
        let mut data = Data::default();
        for (name, content) in parts {
            let more = reader.push(&part(name, content))?;
            data.bytes.retain(|_| !more.is_new);
            data.is_new |= more.is_new;
            data.bytes.extend(more.bytes);
        }
        reader.push(b"--B--\r\n")?;
        Ok((reader.finish()?, data))
    }

    #[test]
    fn parts_come_in_any_order_and_the_last_of_a_name_counts() {
        let parts =
            [("data", "?"), ("data", "{}"), ("x", "?"), ("c", "0"), ("k", "old"), ("sk", "key")];
        let (envelope, data) = read(&parts, 10).unwrap();
        assert_eq!(envelope.sender.token, "key");
        assert_eq!(data, Data { is_new: true, bytes: b"{}".to_vec() });
        assert_eq!(envelope.coding, Coding::Plain);
        assert_eq!(envelope.sender.session_key, "");
        assert_eq!(envelope.json, None);
    }

    #[test]
    fn only_a_zero_or_no_flag_means_not_compressed() {
        let coding = |parts: &[(&str, &str)]| read(parts, 10).unwrap().0.coding;
        assert_eq!(coding(&[("c", "1")]), Coding::Gzip);
        assert_eq!(coding(&[("c", "yes")]), Coding::Gzip);
        assert_eq!(coding(&[("c", "0")]), Coding::Plain);
        assert_eq!(coding(&[]), Coding::Plain);
    }

    #[test]
    fn no_data_means_an_empty_object_however_it_is_packed() {
        for parts in [vec![("c", "1")], vec![("data", "")], vec![("data", "x"), ("data", "")]] {
            assert_eq!(read(&parts, 10).unwrap().0.json.unwrap(), b"{}", "{parts:?}");
        }
    }

    #[test]
    fn sizes_are_limited_while_receiving() {
        assert!(matches!(read(&[("data", "12345")], 4), Err(WireError::TooLarge)));
        let long = "x".repeat(MAX_FIELD_BYTES + 1);
        assert!(matches!(read(&[("k", &long)], 4), Err(WireError::TooLarge)));
    }

    #[test]
    fn a_token_in_front_is_known_before_the_data_has_come() {
        let mut reader = reader(100);
        let (token, session) = (part("k", "key"), part("s", "run"));
        reader.push(&token[..token.len() - 4]).unwrap();
        assert_eq!(reader.sender(), None, "it may go on");
        reader.push(&token[token.len() - 4..]).unwrap();
        reader.push(&session).unwrap();
        reader.push(&part("data", "12345")).unwrap();
        assert_eq!(reader.sender().unwrap().token, "key");
        assert_eq!(reader.session_key().as_deref(), Some("run"));
    }
}
