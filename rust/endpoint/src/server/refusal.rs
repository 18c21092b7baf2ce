//! A request that is not answered with a result: what the client should do, and why for the log.

use deckport_accounts::{PermitError, RegistryError};
use deckport_collection::Error as CollectionError;
use deckport_household::{RefusalKind, WorkError};
use deckport_wire::{ErrorKind, WireError};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Decides the status, and with it what the client does (`transport` 6.2).
    pub(crate) kind: ErrorKind,
    /// For the log and for people with `curl`: no user data, no secrets.
    pub(crate) reason: String,
    /// What it is for the owner.
    pub(crate) cause: RefusalKind,
}

impl Refusal {
    pub(crate) fn new(kind: ErrorKind, reason: impl Into<String>) -> Refusal {
        let cause = match kind {
            ErrorKind::BadRequest => RefusalKind::Unusable,
            ErrorKind::NotLoggedIn => RefusalKind::UnknownToken,
            ErrorKind::Busy => RefusalKind::Busy,
            ErrorKind::ClientTooOld => RefusalKind::ClientTooOld,
            ErrorKind::NotFound | ErrorKind::MethodNotAllowed => RefusalKind::WrongPath,
            ErrorKind::TooLarge => RefusalKind::TooLarge,
            ErrorKind::Unavailable => RefusalKind::Passing,
            ErrorKind::Internal => RefusalKind::Failed,
        };
        Refusal { kind, reason: reason.into(), cause }
    }

    /// Where the status does not tell what it is for the owner.
    pub(crate) fn because(self, cause: RefusalKind) -> Refusal {
        Refusal { cause, ..self }
    }

    pub(crate) fn bad_request(reason: impl Into<String>) -> Refusal {
        Refusal::new(ErrorKind::BadRequest, reason)
    }

    pub(crate) fn internal(reason: impl Into<String>) -> Refusal {
        Refusal::new(ErrorKind::Internal, reason)
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Refusal {
        Refusal::new(error.kind(), error.to_string())
    }
}

/// The status follows from what the client can do about it.
impl From<WorkError> for Refusal {
    fn from(error: WorkError) -> Refusal {
        let kind = match &error {
            WorkError::Busy(_) => ErrorKind::Busy,
            WorkError::Stopping => ErrorKind::Unavailable,
            WorkError::Revoked => ErrorKind::NotLoggedIn,
            WorkError::UnknownProtocol => ErrorKind::ClientTooOld,
            WorkError::NoSession => ErrorKind::BadRequest,
            WorkError::OverQuota | WorkError::MediaOverQuota(_) => ErrorKind::TooLarge,
            // Clients propose on 400 what mends it.
            WorkError::Collection(error) if error.is_about_contents() => ErrorKind::BadRequest,
            WorkError::Collection(CollectionError::Locked | CollectionError::NoSpace)
            | WorkError::Registry(RegistryError::Busy(_) | RegistryError::Full(_)) => {
                ErrorKind::Unavailable
            }
            WorkError::Media(error) => error.kind(),
            WorkError::Wire(error) => error.kind(),
            WorkError::Collection(_) | WorkError::Registry(_) | WorkError::Failed(_) => {
                ErrorKind::Internal
            }
        };
        let refusal = Refusal::new(kind, error.to_string());
        match cause(&error) {
            Some(cause) => refusal.because(cause),
            None => refusal,
        }
    }
}

/// What an error is for the owner, where its status does not tell.
fn cause(error: &WorkError) -> Option<RefusalKind> {
    Some(match error {
        WorkError::Revoked => RefusalKind::RevokedToken,
        WorkError::OverQuota | WorkError::MediaOverQuota(_) => RefusalKind::OverQuota,
        WorkError::Collection(CollectionError::NoSpace)
        | WorkError::Registry(RegistryError::Full(_))
        | WorkError::Media(deckport_media::Error::NoSpace) => RefusalKind::NoSpace,
        _ => return None,
    })
}

impl From<PermitError> for Refusal {
    fn from(error: PermitError) -> Refusal {
        WorkError::from(error).into()
    }
}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Refusal {
        WorkError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_from_what_the_client_can_do() {
        let kind = |error: CollectionError| Refusal::from(WorkError::from(error)).kind;
        assert_eq!(kind(CollectionError::Conflict("x".into())), ErrorKind::BadRequest);
        assert_eq!(kind(CollectionError::NoSpace), ErrorKind::Unavailable);
        assert_eq!(kind(CollectionError::Locked), ErrorKind::Unavailable);
        assert_eq!(kind(CollectionError::Random), ErrorKind::Internal);
    }

    #[test]
    fn what_it_is_for_the_owner_is_more_than_the_status() {
        let cause = |error: WorkError| Refusal::from(error).cause;
        assert_eq!(cause(CollectionError::NoSpace.into()), RefusalKind::NoSpace);
        assert_eq!(cause(CollectionError::Locked.into()), RefusalKind::Passing);
        assert_eq!(cause(deckport_media::Error::NoSpace.into()), RefusalKind::NoSpace);
        assert_eq!(cause(WorkError::MediaOverQuota(1)), RefusalKind::OverQuota);
        assert_eq!(cause(WorkError::Busy("x")), RefusalKind::Busy);
        assert_eq!(cause(WorkError::Revoked), RefusalKind::RevokedToken);
    }

    #[test]
    fn a_json_error_does_not_quote_the_client() {
        let error = serde_json::from_str::<u8>("\"my secret note\"").unwrap_err();
        let refusal = Refusal::from(WireError::Json(error));
        assert_eq!(refusal.kind, ErrorKind::BadRequest);
        assert!(!refusal.reason.contains("secret"), "{}", refusal.reason);
    }
}
