//! The `multipart/form-data` bodies of clients that speak protocol 8 to 10 (`transport` 4.1).
//!
//! A push parser: feed it bytes as they arrive, it hands out parts as they come. It keeps no
//! more than one boundary's length of data, so a collection of any size can pass through.

/// Longest boundary that RFC 2046 allows.
const MAX_BOUNDARY: usize = 70;
/// Longest header block of one part.
const MAX_PART_HEADER: usize = 8 * 1024;
/// Parts in one request; real clients send at most five.
const MAX_PARTS: usize = 32;

/// What the parser found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// A part begins; its name.
    Part(&'a str),
    /// Content of the part that began last.
    Data(&'a [u8]),
    /// The closing boundary was seen.
    End,
}

/// Why a body is not a usable form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The `content-type` names no usable boundary.
    #[error("the content type names no form boundary")]
    NoBoundary,
    /// The bytes do not follow the form's structure.
    #[error("the form is malformed")]
    Malformed,
    /// More parts, or longer part headers, than any client sends.
    #[error("the form has too many or too large parts")]
    TooLarge,
    /// The body ended before the closing boundary.
    #[error("the form was cut off")]
    CutOff,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// After a boundary: `--` closes the form, a line break starts a part.
    Boundary,
    /// Inside a part's headers.
    Headers,
    /// Inside a part's content.
    Content,
    /// After the closing boundary; the rest is ignored.
    Closed,
}

/// The parser; see the module's head.
#[derive(Debug)]
pub(super) struct Multipart {
    delimiter: Vec<u8>,
    buffer: Vec<u8>,
    state: State,
    parts: usize,
}

impl Multipart {
    /// A parser for a request with this `content-type`.
    ///
    /// # Errors
    /// [`MultipartError::NoBoundary`] when it is not a form.
    pub(super) fn new(content_type: &str) -> Result<Multipart, MultipartError> {
        let boundary = boundary(content_type).ok_or(MultipartError::NoBoundary)?;
        let mut delimiter = b"\r\n--".to_vec();
        delimiter.extend_from_slice(boundary.as_bytes());
        // The first boundary has no line break before it; this makes it like the others.
        Ok(Multipart { delimiter, buffer: b"\r\n".to_vec(), state: State::Preamble, parts: 0 })
    }

    /// Takes the next bytes of the body and reports what they complete.
    ///
    /// # Errors
    /// A [`MultipartError`]; the parser must not be used after it. An error of `sink` ends the
    /// parsing and is returned as it is.
    pub(super) fn push<E: From<MultipartError>>(
        &mut self,
        bytes: &[u8],
        mut sink: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.state == State::Closed {
            return Ok(());
        }
        self.buffer.extend_from_slice(bytes);
        let mut used = 0;
        loop {
            let (advance, goes_on) = self.step(used, &mut sink)?;
            used += advance;
            if !goes_on {
                break;
            }
        }
        self.buffer.drain(..used);
        Ok(())
    }

    /// Tells whether the closing boundary was seen.
    ///
    /// # Errors
    /// [`MultipartError::CutOff`] when it was not.
    pub(super) fn finish(self) -> Result<(), MultipartError> {
        if self.state == State::Closed { Ok(()) } else { Err(MultipartError::CutOff) }
    }

    /// Handles what is at `from` in the buffer. Returns how far it got, and whether there
    /// is more to do before new bytes arrive.
    fn step<E: From<MultipartError>>(
        &mut self,
        from: usize,
        sink: &mut impl FnMut(Event) -> Result<(), E>,
    ) -> Result<(usize, bool), E> {
        let rest = self.buffer.get(from..).unwrap_or_default();
        match self.state {
            State::Preamble | State::Content => {
                let in_content = self.state == State::Content;
                let found = find(rest, &self.delimiter);
                // Without a boundary, the beginning of one may be at the end of what is here.
                let safe = rest.len().saturating_sub(self.delimiter.len() - 1);
                let data = &rest[..found.unwrap_or(safe)];
                if in_content && !data.is_empty() {
                    sink(Event::Data(data))?;
                }
                let Some(at) = found else { return Ok((safe, false)) };
                self.state = State::Boundary;
                Ok((at + self.delimiter.len(), true))
            }
            State::Boundary => match rest {
                [b'-', b'-', ..] => {
                    self.state = State::Closed;
                    sink(Event::End)?;
                    Ok((rest.len(), false))
                }
                [b'\r', b'\n', ..] => {
                    self.state = State::Headers;
                    // The line break stays: it makes an empty header block look like any other.
                    Ok((0, true))
                }
                [b' ' | b'\t', ..] => Ok((1, true)),
                [] | [b'-' | b'\r'] => Ok((0, false)),
                _ => Err(MultipartError::Malformed.into()),
            },
            State::Headers => {
                let Some(length) = find(rest, b"\r\n\r\n") else {
                    if rest.len() > MAX_PART_HEADER {
                        return Err(MultipartError::TooLarge.into());
                    }
                    return Ok((0, false));
                };
                self.parts += 1;
                if self.parts > MAX_PARTS || length > MAX_PART_HEADER {
                    return Err(MultipartError::TooLarge.into());
                }
                let name = part_name(&rest[..length]).ok_or(MultipartError::Malformed)?;
                sink(Event::Part(&name))?;
                self.state = State::Content;
                Ok((length + 4, true))
            }
            State::Closed => Ok((rest.len(), false)),
        }
    }
}

/// The boundary parameter of a `content-type`.
fn boundary(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';');
    if !parameters.next()?.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (1..=MAX_BOUNDARY).contains(&boundary.len()).then_some(boundary)
}

/// The `name` of a part's `content-disposition`.
fn part_name(headers: &[u8]) -> Option<String> {
    let headers = std::str::from_utf8(headers).ok()?;
    let disposition = headers.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    disposition.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        (key.trim() == "name").then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &str = "multipart/form-data; boundary=Anki-sync-boundary";

    type Parts = Vec<(String, Vec<u8>)>;

    fn parse(content_type: &str, body: &[u8], step: usize) -> Result<Parts, MultipartError> {
        let mut parser = Multipart::new(content_type)?;
        let mut parts = Parts::new();
        for bytes in body.chunks(step.max(1)) {
            parser.push(bytes, |event| {
                match event {
                    Event::Part(name) => parts.push((name.to_owned(), Vec::new())),
                    Event::Data(data) => {
                        parts.last_mut().ok_or(MultipartError::Malformed)?.1.extend(data);
                    }
                    Event::End => {}
                }
                Ok::<(), MultipartError>(())
            })?;
        }
        parser.finish()?;
        Ok(parts)
    }

    fn form(boundary: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, content) in parts {
            body.extend(format!("--{boundary}\r\n").into_bytes());
            body.extend(
                format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n").into_bytes(),
            );
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{boundary}--\r\n").into_bytes());
        body
    }

    #[test]
    fn the_form_of_a_python_client_is_read_whatever_the_pieces() {
        let mut body = form("Anki-sync-boundary", &[("k", b"26aef0"), ("c", b"1")]);
        body.truncate(body.len() - "--Anki-sync-boundary--\r\n".len());
        body.extend(
            b"--Anki-sync-boundary\r\nContent-Disposition: form-data; name=\"data\"; \
              filename=\"data\"\r\nContent-Type: application/octet-stream\r\n\r\n\x1f\x8b\r\n--Anki\
              \r\n--Anki-sync-boundary--\r\n",
        );
        for step in 1..body.len() {
            let parts = parse(TYPE, &body, step).unwrap();
            assert_eq!(parts.len(), 3, "{step}");
            assert_eq!(parts[0], ("k".to_owned(), b"26aef0".to_vec()));
            assert_eq!(parts[2], ("data".to_owned(), b"\x1f\x8b\r\n--Anki".to_vec()));
        }
    }

    #[test]
    fn an_empty_part_and_an_empty_form_are_read() {
        assert_eq!(
            parse(TYPE, &form("Anki-sync-boundary", &[("data", b"")]), 7).unwrap(),
            [("data".to_owned(), Vec::new())]
        );
        assert_eq!(parse(TYPE, b"--Anki-sync-boundary--\r\n", 3).unwrap(), []);
    }

    #[test]
    fn a_cut_off_or_foreign_body_is_refused() {
        let body = form("Anki-sync-boundary", &[("k", b"x")]);
        let cut = &body[..body.len() - 6];
        assert_eq!(parse(TYPE, cut, 5), Err(MultipartError::CutOff));
        assert_eq!(parse("text/plain", &body, 5), Err(MultipartError::NoBoundary));
        assert_eq!(parse("multipart/form-data", &body, 5), Err(MultipartError::NoBoundary));
        assert_eq!(parse(TYPE, b"--Anki-sync-boundaryX", 100), Err(MultipartError::Malformed));
    }

    #[test]
    fn endless_headers_and_endless_parts_are_refused() {
        let mut body = b"--Anki-sync-boundary\r\n".to_vec();
        body.extend(vec![b'a'; MAX_PART_HEADER + 10]);
        assert_eq!(parse(TYPE, &body, 100), Err(MultipartError::TooLarge));
        let many: Vec<(&str, &[u8])> = vec![("k", b"x".as_slice()); MAX_PARTS + 1];
        let body = form("Anki-sync-boundary", &many);
        assert_eq!(parse(TYPE, &body, 100), Err(MultipartError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_content_round_trips_in_any_pieces(
            contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..6),
            step in 1_usize..300,
        ) {
            let boundary = "e73a6b4e7dd2e2db-4a819590e51997e5-39f6d31a272fb44a-94293ebf911a5a68";
            let parts: Vec<(&str, &[u8])> =
                contents.iter().map(|content| ("data", content.as_slice())).collect();
            let content_type = format!("multipart/form-data; boundary=\"{boundary}\"");
            let read = parse(&content_type, &form(boundary, &parts), step).unwrap();
            let read: Vec<Vec<u8>> = read.into_iter().map(|(_, content)| content).collect();
            prop_assert_eq!(read, contents);
        }

        #[test]
        fn no_input_panics(body in proptest::collection::vec(any::<u8>(), 0..400), step in 1_usize..50) {
            let mut with_boundary = b"--Anki-sync-boundary\r\n".to_vec();
            with_boundary.extend(&body);
            let _ = parse(TYPE, &body, step);
            let _ = parse(TYPE, &with_boundary, step);
        }
    }
}
