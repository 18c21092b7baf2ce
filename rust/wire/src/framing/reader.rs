//! Reading a request while it arrives, whichever way it is wrapped.

use super::form::{Fields, FormReader};
use super::{Coding, Framing};
use crate::PROTOCOL_NEWEST;
use crate::call::Sender;
use crate::error::WireError;
use crate::header::SyncHeader;
use crate::media::MediaBeginRequest;
use crate::method::{MediaMethod, Method};

/// What of a request's head decides how its body is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestHead<'a> {
    /// It is a `GET`: desktops from 2.1.24 to 2.1.56 begin a media sync like this (`media-sync`
    /// 4.1).
    pub is_get: bool,
    /// The query after the path.
    pub query: &'a str,
    /// The header [`crate::SYNC_HEADER`].
    pub sync_header: Option<&'a [u8]>,
    /// The header `content-type`.
    pub content_type: &'a str,
    /// The header `user-agent`.
    pub user_agent: &'a str,
}

/// A request on its way in. It keeps none of the data but hands it out, still packed.
#[derive(Debug)]
pub struct RequestReader {
    method: Method,
    way: Way,
    /// How much data may still come.
    room: u64,
}

#[derive(Debug)]
enum Way {
    /// All of the body is data.
    Body(Sender),
    /// There is no body; a version of the client.
    Query(Sender, String),
    /// The data is a part of a form. Only some requests have the version, so what tells
    /// devices apart is the user agent, which is in all of them or in none.
    Form { form: FormReader, user_agent: String },
}

/// What has come of the data.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// What came before does not count: the data begins again.
    pub is_new: bool,
    /// As it came.
    pub bytes: Vec<u8>,
}

/// What is around the data of a request.
#[derive(Debug)]
pub struct Envelope {
    /// Who asks.
    pub sender: Sender,
    /// How the data is packed.
    pub coding: Coding,
    /// The JSON of the request, where the data does not hold it.
    pub json: Option<Vec<u8>>,
}

impl RequestReader {
    /// Decides how a request is wrapped (`transport` 1).
    ///
    /// # Errors
    /// When its head is unusable, or names a version that is not spoken.
    pub fn new(method: Method, head: &RequestHead<'_>) -> Result<RequestReader, WireError> {
        let user_agent = head.user_agent.replace(' ', ",");
        let way = if head.is_get {
            let field = |name: &str| {
                let mut fields = form_urlencoded::parse(head.query.as_bytes());
                fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
            };
            let token = field("k").unwrap_or_default();
            let sender = Sender::of_form(method, &token, "", user_agent);
            Way::Query(sender, field("v").unwrap_or_default())
        } else if let Some(value) = head.sync_header {
            let header = SyncHeader::parse(value)?;
            if header.version != PROTOCOL_NEWEST {
                return Err(WireError::Version);
            }
            Way::Body(Sender::from(header))
        } else {
            Way::Form { form: FormReader::new(head.content_type)?, user_agent }
        };
        Ok(RequestReader { method, way, room: u64::MAX })
    }

    /// Limits the data, as it comes, to that many bytes.
    pub fn limit(&mut self, bytes: u64) {
        self.room = bytes;
    }

    /// What is asked.
    pub fn method(&self) -> Method {
        self.method
    }

    /// How the request is wrapped, and how its answer must be.
    pub fn framing(&self) -> Framing {
        match self.way {
            Way::Body(_) => Framing::Header,
            Way::Query(..) | Way::Form { .. } => Framing::Form,
        }
    }

    /// How the data is packed, where that is clear before it comes.
    pub fn coding(&self) -> Option<Coding> {
        match self.way {
            Way::Body(_) => Some(Coding::Zstd),
            Way::Query(..) | Way::Form { .. } => None,
        }
    }

    /// Whether there is a body to be read.
    pub fn has_body(&self) -> bool {
        !matches!(self.way, Way::Query(..))
    }

    /// Who asks, as soon as that is clear: at once, or when the token has come. The session key may
    /// come later.
    pub fn sender(&self) -> Option<Sender> {
        match &self.way {
            Way::Body(sender) | Way::Query(sender, _) => Some(sender.clone()),
            Way::Form { form, user_agent } => {
                let session = form.session_key().unwrap_or_default();
                let token = form.token()?;
                Some(Sender::of_form(self.method, &token, &session, user_agent.clone()))
            }
        }
    }

    /// The session key, as soon as it has come.
    pub fn session_key(&self) -> Option<String> {
        match &self.way {
            Way::Body(sender) | Way::Query(sender, _) => Some(sender.session_key.clone()),
            Way::Form { form, .. } => form.session_key(),
        }
    }

    /// Takes the next piece of the body, and returns what has come of the data.
    ///
    /// # Errors
    /// When it is no form, or larger than allowed; the reader must not be used after it.
    pub fn push(&mut self, piece: &[u8]) -> Result<Data, WireError> {
        let data = match &mut self.way {
            Way::Body(_) => Data { is_new: false, bytes: piece.to_vec() },
            Way::Query(..) => Data::default(),
            Way::Form { form, .. } => form.push(piece)?,
        };
        let room = self.room.checked_sub(data.bytes.len() as u64);
        self.room = room.ok_or(WireError::TooLarge)?;
        Ok(data)
    }

    /// Ends the body.
    ///
    /// # Errors
    /// When the form is not complete.
    pub fn finish(self) -> Result<Envelope, WireError> {
        let (sender, coding, version, has_data) = match self.way {
            Way::Body(sender) => (sender, Coding::Zstd, String::new(), true),
            Way::Query(sender, version) => (sender, Coding::Plain, version, false),
            Way::Form { form, user_agent } => {
                let Fields { token, session_key, version, coding, has_data } = form.finish()?;
                let sender = Sender::of_form(self.method, &token, &session_key, user_agent);
                (sender, coding, version, has_data)
            }
        };
        let json = if self.method == Method::Media(MediaMethod::Begin) && !version.is_empty() {
            Some(serde_json::to_vec(&MediaBeginRequest { client_version: version })?)
        } else {
            // No data means an empty object (`transport` 4.1).
            (!has_data && !self.method.carries_file()).then(|| b"{}".to_vec())
        };
        Ok(Envelope { sender, coding, json })
    }
}
