//! A request that is not answered with a result: what the client should do, and why for the log.

use deckport_collection::Error as CollectionError;
use deckport_wire::{ErrorKind, WireError};

use crate::registry::RegistryError;
use crate::texts::MediaTrouble;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Decides the status, and with it what the client does (`transport` 6.2).
    pub(crate) kind: ErrorKind,
    /// For the log and for people with `curl`: no user data, no secrets.
    pub(crate) reason: String,
    /// What people are told on a device, where it concerns media.
    pub(crate) media: Option<MediaTrouble>,
}

impl Refusal {
    pub(crate) fn new(kind: ErrorKind, reason: impl Into<String>) -> Refusal {
        Refusal { kind, reason: reason.into(), media: None }
    }

    pub(crate) fn bad_request(reason: impl Into<String>) -> Refusal {
        Refusal::new(ErrorKind::BadRequest, reason)
    }

    pub(crate) fn busy(reason: impl Into<String>) -> Refusal {
        Refusal::new(ErrorKind::Busy, reason)
    }

    /// Another device holds the account's lease.
    pub(crate) fn another_device() -> Refusal {
        Refusal::busy("another device is syncing")
    }

    pub(crate) fn internal(reason: impl Into<String>) -> Refusal {
        Refusal::new(ErrorKind::Internal, reason)
    }

    /// Whoever should have answered failed on the way.
    pub(crate) fn unexpected() -> Refusal {
        Refusal::internal("the request failed unexpectedly")
    }

    /// The endpoint takes no more work.
    pub(crate) fn shutting_down() -> Refusal {
        Refusal::new(ErrorKind::Unavailable, "the endpoint is shutting down")
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Refusal {
        match error {
            // serde's own text may quote the client's data.
            WireError::Json(json) => Refusal::bad_request(format!(
                "the request's JSON cannot be read (line {}, column {})",
                json.line(),
                json.column()
            )),
            WireError::Header(_) => Refusal::bad_request("the anki-sync header cannot be read"),
            WireError::Version => Refusal::new(ErrorKind::ClientTooOld, error.to_string()),
            WireError::Form(form) => Refusal::bad_request(form.to_string()),
            WireError::TooLarge => Refusal::new(ErrorKind::TooLarge, error.to_string()),
        }
    }
}

impl From<CollectionError> for Refusal {
    fn from(error: CollectionError) -> Refusal {
        let kind = match &error {
            // A check of the client's database or a one-way sync mends these, and that is what
            // clients propose on 400.
            CollectionError::Conflict(_)
            | CollectionError::Notetype(_)
            | CollectionError::Json(_)
            | CollectionError::Blob(_)
            | CollectionError::Damaged(_)
            | CollectionError::NotACollection => ErrorKind::BadRequest,
            CollectionError::Locked | CollectionError::NoSpace => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        };
        let reason = match error {
            CollectionError::Json(_) => "a stored value is not valid JSON".to_owned(),
            other => other.to_string(),
        };
        Refusal::new(kind, reason)
    }
}

impl From<deckport_media::Error> for Refusal {
    fn from(error: deckport_media::Error) -> Refusal {
        let media = Some(MediaTrouble::from(&error));
        Refusal { kind: error.kind(), reason: error.to_string(), media }
    }
}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Refusal {
        let kind = match &error {
            RegistryError::Busy(_) | RegistryError::Full(_) => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        };
        Refusal::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_from_what_the_client_can_do() {
        let kind = |error: CollectionError| Refusal::from(error).kind;
        assert_eq!(kind(CollectionError::Conflict("x".into())), ErrorKind::BadRequest);
        assert_eq!(kind(CollectionError::NoSpace), ErrorKind::Unavailable);
        assert_eq!(kind(CollectionError::Locked), ErrorKind::Unavailable);
        assert_eq!(kind(CollectionError::Random), ErrorKind::Internal);
    }

    #[test]
    fn a_json_error_does_not_quote_the_client() {
        let error = serde_json::from_str::<u8>("\"my secret note\"").unwrap_err();
        let refusal = Refusal::from(WireError::Json(error));
        assert_eq!(refusal.kind, ErrorKind::BadRequest);
        assert!(!refusal.reason.contains("secret"), "{}", refusal.reason);
    }
}
