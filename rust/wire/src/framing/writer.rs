//! Writing requests, as a client: either framing.

use std::io::{self, Read, Write};

use super::{Coding, Framing, form};
use crate::call::{Call, MediaRequest, Request, Sender};
use crate::header::{SYNC_HEADER, SyncHeader};
use crate::method::{MediaMethod, Method, SyncMethod};

/// The headers that a request needs.
pub type RequestHeaders = Vec<(&'static str, String)>;

impl<F: Read, L: Read> Call<F, L> {
    /// The headers of a request to [`Method::path`].
    ///
    /// # Errors
    /// Never in practice: texts can always be written as JSON.
    pub fn headers(&self, framing: Framing) -> io::Result<RequestHeaders> {
        let Sender { protocol, token, session_key, client_version } = self.sender.clone();
        Ok(match framing {
            Framing::Header => {
                let header = SyncHeader { version: protocol, token, client_version, session_key };
                vec![
                    (SYNC_HEADER, serde_json::to_string(&header)?),
                    ("content-type", "application/octet-stream".to_owned()),
                ]
            }
            Framing::Form => {
                vec![("content-type", form::content_type()), ("user-agent", client_version)]
            }
        })
    }

    /// Writes the body. Files are read to their end.
    ///
    /// # Errors
    /// Those of the files and of `target`.
    pub fn write(self, framing: Framing, target: &mut impl Write) -> io::Result<()> {
        let fields = Fields::of(&self);
        let mut payload = self.request.into_payload()?;
        match framing {
            Framing::Header => Coding::Zstd.pack(&mut payload, target),
            Framing::Form => fields.write(&mut payload, target),
        }
    }
}

/// The text fields of a form (`transport` 4.1).
struct Fields {
    token: (&'static str, String),
    session_key: String,
    version: String,
}

impl Fields {
    fn of<F, L>(call: &Call<F, L>) -> Fields {
        let (sender, method) = (&call.sender, call.request.method());
        // After `begin`, which gave it out, the key with the session in it.
        let token = match method {
            Method::Media(MediaMethod::Begin) => ("k", sender.token.clone()),
            Method::Media(_) => ("sk", sender.media_key()),
            Method::Sync(_) => ("k", sender.token.clone()),
        };
        let session_key = match method {
            Method::Sync(SyncMethod::HostKey) | Method::Media(_) => String::new(),
            Method::Sync(_) => sender.session_key.clone(),
        };
        let version = match &call.request {
            Request::Media(MediaRequest::Begin(begin)) => begin.client_version.clone(),
            Request::Upload(_) | Request::Download => sender.client_version.clone(),
            _ => String::new(),
        };
        Fields { token, session_key, version }
    }

    fn write(&self, data: &mut impl Read, target: &mut impl Write) -> io::Result<()> {
        let (name, token) = &self.token;
        let mut fields = vec![(*name, &**token), ("s", &*self.session_key), ("v", &*self.version)];
        fields.retain(|(_, content)| !content.is_empty());
        form::write(&fields, data, target)
    }
}
