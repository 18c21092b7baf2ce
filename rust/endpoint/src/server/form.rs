//! The forms of clients before protocol 11, taken apart while they arrive (`transport` 4.1).

use std::io;

use deckport_wire::ErrorKind;
use deckport_wire::multipart::{Event, Multipart, MultipartError};
use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;

use super::unpack::Coding;
use crate::refusal::Refusal;

/// Longest text field.
const MAX_FIELD_BYTES: usize = 4096;

/// Why a form cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    #[error(transparent)]
    Malformed(#[from] MultipartError),
    #[error("the form is larger than allowed")]
    TooLarge,
    #[error("the form could not be stored: {0}")]
    Sink(#[from] io::Error),
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Refusal {
        let kind = match &error {
            FormError::Malformed(_) => ErrorKind::BadRequest,
            FormError::TooLarge => ErrorKind::TooLarge,
            FormError::Sink(_) => ErrorKind::Internal,
        };
        Refusal::new(kind, error.to_string())
    }
}

/// The text fields of a form.
#[derive(Debug, Default, Clone)]
pub(super) struct Fields {
    pub(super) token: String,
    pub(super) session_key: String,
    pub(super) version: String,
    pub(super) is_compressed: bool,
}

impl Fields {
    /// How the data is packed.
    pub(super) fn coding(&self) -> Coding {
        if self.is_compressed { Coding::Gzip } else { Coding::Plain }
    }
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
    room: u64,
}

/// What has come of the data since it was last taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Data {
    /// What came before does not count: the data begins again.
    pub(super) is_new: bool,
    pub(super) bytes: Vec<u8>,
}

impl FormReader {
    /// For a form with at most `limit` bytes of data, as sent.
    pub(super) fn new(headers: &HeaderMap, limit: u64) -> Result<FormReader, FormError> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let parser = Multipart::new(content_type.unwrap_or_default())?;
        let parts = Parts {
            current: Part::Ignored,
            token: Vec::new(),
            session_key: Vec::new(),
            version: Vec::new(),
            compressed: Vec::new(),
            data: Data::default(),
            room: limit,
        };
        Ok(FormReader { parser, parts })
    }

    /// Takes the next piece of the form; its data is then to be taken.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), FormError> {
        let parts = &mut self.parts;
        self.parser.push(piece, |event| parts.take(event))
    }

    /// What has come of the data since the last time.
    pub(super) fn take_data(&mut self) -> Data {
        std::mem::take(&mut self.parts.data)
    }

    /// The token, once all of it has come.
    pub(super) fn token(&self) -> Option<String> {
        self.parts.complete(Part::Token, &self.parts.token)
    }

    /// The session key, once all of it has come.
    pub(super) fn session_key(&self) -> Option<String> {
        self.parts.complete(Part::SessionKey, &self.parts.session_key)
    }

    /// The form is over.
    pub(super) fn finish(self) -> Result<Fields, FormError> {
        self.parser.finish()?;
        let Parts { token, session_key, version, compressed, .. } = self.parts;
        // A missing flag means "not compressed", anything but "0" the opposite.
        let is_compressed = !compressed.is_empty() && compressed != b"0";
        let (token, session_key, version) = (text(&token), text(&session_key), text(&version));
        Ok(Fields { token, session_key, version, is_compressed })
    }
}

impl Parts {
    fn take(&mut self, event: Event) -> Result<(), FormError> {
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
                } else if let Some(field) = self.field() {
                    field.clear();
                }
            }
            Event::Data(bytes) if self.current == Part::Data => {
                let room = self.room.checked_sub(bytes.len() as u64);
                self.room = room.ok_or(FormError::TooLarge)?;
                self.data.bytes.extend_from_slice(bytes);
            }
            Event::Data(bytes) => {
                if let Some(field) = self.field() {
                    if field.len() + bytes.len() > MAX_FIELD_BYTES {
                        return Err(FormError::TooLarge);
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

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn reader(limit: u64) -> FormReader {
        let mut headers = HeaderMap::new();
        let content_type = HeaderValue::from_static("multipart/form-data; boundary=B");
        headers.insert(CONTENT_TYPE, content_type);
        FormReader::new(&headers, limit).unwrap()
    }

    fn part(name: &str, content: &str) -> Vec<u8> {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
            .into_bytes()
    }

    fn read(parts: &[(&str, &str)], limit: u64) -> Result<(Fields, Data), FormError> {
        let mut reader = reader(limit);
        for (name, content) in parts {
            reader.push(&part(name, content))?;
        }
        reader.push(b"--B--\r\n")?;
        let data = reader.take_data();
        Ok((reader.finish()?, data))
    }

    #[test]
    fn parts_come_in_any_order_and_the_last_of_a_name_counts() {
        let parts =
            [("data", "?"), ("data", "{}"), ("x", "?"), ("c", "0"), ("k", "old"), ("sk", "key")];
        let (fields, data) = read(&parts, 10).unwrap();
        assert_eq!(fields.token, "key");
        assert_eq!(data, Data { is_new: true, bytes: b"{}".to_vec() });
        assert!(!fields.is_compressed);
        assert_eq!(fields.session_key, "");
    }

    #[test]
    fn only_a_zero_or_no_flag_means_not_compressed() {
        let is_compressed = |parts: &[(&str, &str)]| read(parts, 10).unwrap().0.is_compressed;
        assert!(is_compressed(&[("c", "1")]));
        assert!(is_compressed(&[("c", "yes")]));
        assert!(!is_compressed(&[("c", "0")]));
        assert!(!is_compressed(&[]));
    }

    #[test]
    fn sizes_are_limited_while_receiving() {
        assert!(matches!(read(&[("data", "12345")], 4), Err(FormError::TooLarge)));
        let long = "x".repeat(MAX_FIELD_BYTES + 1);
        assert!(matches!(read(&[("k", &long)], 4), Err(FormError::TooLarge)));
    }

    #[test]
    fn a_token_in_front_is_known_before_the_data_has_come() {
        let mut reader = reader(100);
        let (token, session) = (part("k", "key"), part("s", "run"));
        reader.push(&token[..token.len() - 4]).unwrap();
        assert_eq!(reader.token(), None, "it may go on");
        reader.push(&token[token.len() - 4..]).unwrap();
        reader.push(&session).unwrap();
        reader.push(&part("data", "12345")).unwrap();
        assert_eq!(reader.token().as_deref(), Some("key"));
        assert_eq!(reader.session_key().as_deref(), Some("run"));
    }
}
