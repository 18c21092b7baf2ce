//! Answers: a status, a few headers, and a body that is there or comes piece by piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use deckport_household::{RefusalKind, SyncHold};
use deckport_wire::framing::Coding;
use deckport_wire::{ErrorKind, Framing};
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{ALLOW, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;

use super::record::Record;
use super::refusal::Refusal;
use crate::page::Page;

/// Handed to the network at once. What was handed over counts as delivered.
const PIECE_BYTES: usize = 64 * 1024;

/// What a request is answered with.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    content: Content,
    /// For the record.
    outcome: String,
    /// What it refuses, if it does.
    refused: Option<RefusalKind>,
    /// The sync that goes on when this has been handed over.
    hold: Option<SyncHold>,
}

/// A part of a body that comes piece by piece.
#[derive(Debug)]
pub(super) enum Piece {
    Data(Bytes),
    /// The last part; it may be empty. A stream that ends without it has failed, and so must the
    /// connection: clients must not take a part for the whole.
    Last(Bytes),
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Stream(mpsc::Receiver<Piece>, Option<u64>),
    Finished,
}

impl Answer {
    /// A 200 in a framing, with a body that is packed already and had `size` bytes before.
    pub(super) fn whole(framing: Framing, body: Vec<u8>, size: u64) -> Answer {
        Answer::framed(framing, Content::Whole(body.into()), size)
    }

    /// The same for a body that comes piece by piece.
    pub(super) fn stream(framing: Framing, pieces: mpsc::Receiver<Piece>, size: u64) -> Answer {
        // Who gets it as it is also gets to know how much there will be (`transport` 4.2).
        let length = (framing.answer_coding() == Coding::Plain).then_some(size);
        Answer::framed(framing, Content::Stream(pieces, length), size)
    }

    fn framed(framing: Framing, content: Content, size: u64) -> Answer {
        let answer = Answer::new(StatusCode::OK, content);
        let (name, value) = framing.answer_header(size);
        match HeaderValue::try_from(value) {
            Ok(value) => answer.with(HeaderName::from_static(name), value),
            Err(_) => answer,
        }
    }

    /// A short text for people.
    pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Answer {
        let content = Content::Whole(text.into().into());
        Answer::new(status, content)
            .with(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))
    }

    /// A small file of this kind for a person or a system to keep, `shown` as a browser is told to.
    pub(super) fn file(kind: &'static str, shown: &'static str, content: Vec<u8>) -> Answer {
        Answer::new(StatusCode::OK, Content::Whole(content.into()))
            .with(CONTENT_TYPE, HeaderValue::from_static(kind))
            .with(CONTENT_DISPOSITION, HeaderValue::from_static(shown))
    }

    /// A page for people.
    pub(super) fn page(page: Page) -> Answer {
        let answer = Answer::new(StatusCode::OK, Content::Whole(page.body.into()));
        page.headers.into_iter().fold(answer, |answer, (name, value)| {
            match HeaderValue::try_from(value) {
                Ok(value) => answer.with(HeaderName::from_static(name), value),
                Err(_) => answer,
            }
        })
    }

    /// A refusal. Clients look at the status only; the text is for people with `curl`.
    pub(super) fn refused(refusal: Refusal) -> Answer {
        let status = StatusCode::from_u16(refusal.kind.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Answer::text(status, format!("{}\n", refusal.reason))
            .recorded_as(refusal.reason)
            .refused_as(refusal.cause)
    }

    /// The path exists, but not for this HTTP method.
    pub(super) fn wrong_http_method(allowed: &'static str) -> Answer {
        let refusal =
            Refusal::new(ErrorKind::MethodNotAllowed, format!("only {allowed} works here"));
        Answer::refused(refusal).with(ALLOW, HeaderValue::from_static(allowed))
    }

    /// Sets what the record says instead of `ok`.
    pub(super) fn recorded_as(mut self, outcome: String) -> Answer {
        self.outcome = outcome;
        self
    }

    /// Sets what was refused: the record's outcome says why.
    pub(super) fn refused_as(mut self, kind: RefusalKind) -> Answer {
        self.refused = Some(kind);
        self
    }

    /// A long answer may take its time on a slow link; the sync that it belongs to stays alive.
    pub(super) fn keeps_alive(mut self, hold: Option<SyncHold>) -> Answer {
        let is_long = match &self.content {
            Content::Whole(whole) => whole.len() > PIECE_BYTES,
            Content::Stream(..) => true,
            Content::Finished => false,
        };
        self.hold = hold.filter(|_| is_long).map(|mut hold| {
            hold.begin();
            hold
        });
        self
    }

    /// The HTTP response; the record is sent when its body has been handed over.
    pub(super) fn into_response(self, mut record: Record) -> Response<AnswerBody> {
        record.fields.status = self.status.as_u16();
        if let Some(kind) = self.refused {
            record.refused = Some((kind, self.outcome.clone()));
        }
        let body =
            AnswerBody { content: self.content, outcome: self.outcome, record, hold: self.hold };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }

    fn new(status: StatusCode, content: Content) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            content,
            outcome: "ok".to_owned(),
            refused: None,
            hold: None,
        }
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Answer {
        self.headers.push((name, value));
        self
    }
}

/// The body of a response. Keeps the record up to date.
#[derive(Debug)]
pub(super) struct AnswerBody {
    content: Content,
    outcome: String,
    record: Record,
    hold: Option<SyncHold>,
}

impl AnswerBody {
    fn finish(&mut self) {
        self.content = Content::Finished;
        self.record.fields.outcome = std::mem::take(&mut self.outcome);
        self.hold = None;
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let data = match &mut self.content {
            Content::Finished => return Poll::Ready(None),
            // The next piece is taken when there is room for it.
            Content::Whole(whole) if whole.len() > PIECE_BYTES => whole.split_to(PIECE_BYTES),
            Content::Whole(whole) => {
                let whole = std::mem::take(whole);
                self.finish();
                whole
            }
            Content::Stream(pieces, _) => match ready!(pieces.poll_recv(context)) {
                Some(Piece::Data(data)) => data,
                Some(Piece::Last(data)) => {
                    // Complete with this: clients hang up as soon as they have the whole frame.
                    self.finish();
                    data
                }
                None => {
                    self.record.fields.outcome = "the answer could not be completed".to_owned();
                    self.content = Content::Finished;
                    return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
                }
            },
        };
        if data.is_empty() {
            return Poll::Ready(None);
        }
        self.record.fields.bytes_out += data.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.content, Content::Finished)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(whole) => SizeHint::with_exact(whole.len() as u64),
            Content::Stream(_, size) => size.map_or_else(SizeHint::default, SizeHint::with_exact),
            Content::Finished => SizeHint::with_exact(0),
        }
    }
}
