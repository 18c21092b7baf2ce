//! Kinds of refusal and what clients do with them (`transport` 6.2).

use crate::framing::MultipartError;

/// Why bytes from a client could not be read. `Display` quotes nothing of them.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The `anki-sync` header is unusable.
    #[error("the anki-sync header cannot be read")]
    Header(String),
    /// The header names a version of the protocol that does not use it.
    #[error("the client speaks another version of the protocol")]
    Version,
    /// The form is unusable.
    #[error(transparent)]
    Form(#[from] MultipartError),
    /// There is more of it than allowed.
    #[error("the request is larger than allowed")]
    TooLarge,
    /// The JSON body is unusable.
    #[error("the request's JSON cannot be read (line {}, column {})", .0.line(), .0.column())]
    Json(#[from] serde_json::Error),
}

impl WireError {
    /// What the client should do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            WireError::Header(_) | WireError::Form(_) | WireError::Json(_) => ErrorKind::BadRequest,
            WireError::Version => ErrorKind::ClientTooOld,
            WireError::TooLarge => ErrorKind::TooLarge,
        }
    }
}

/// What a client should do about a refused request. Chosen by the client's reaction, not by
/// HTTP's wording: clients show none of the body's text for these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is malformed or cannot be merged: the client offers a database check and
    /// a one-way sync.
    BadRequest,
    /// The token or password is wrong. The client forgets its login, so never for anything
    /// temporary.
    NotLoggedIn,
    /// Another device is syncing: the client says to wait a few minutes.
    Busy,
    /// The client's protocol is too old: it says to update.
    ClientTooOld,
    /// No such method.
    NotFound,
    /// The method needs `POST`.
    MethodNotAllowed,
    /// The body is larger than allowed.
    TooLarge,
    /// A temporary problem on our side (disk full, too many attempts): the client says to try
    /// later.
    Unavailable,
    /// An unexpected problem on our side: the client says to try later.
    Internal,
}

impl ErrorKind {
    const ALL: [ErrorKind; 9] = [
        ErrorKind::BadRequest,
        ErrorKind::NotLoggedIn,
        ErrorKind::Busy,
        ErrorKind::ClientTooOld,
        ErrorKind::NotFound,
        ErrorKind::MethodNotAllowed,
        ErrorKind::TooLarge,
        ErrorKind::Unavailable,
        ErrorKind::Internal,
    ];

    /// What an endpoint means by a status; `None` for one that it does not send.
    pub fn of_status(status: u16) -> Option<ErrorKind> {
        ErrorKind::ALL.into_iter().find(|kind| kind.status() == status)
    }

    /// The HTTP status that makes clients react this way.
    pub fn status(self) -> u16 {
        match self {
            ErrorKind::BadRequest => 400,
            ErrorKind::NotLoggedIn => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::MethodNotAllowed => 405,
            ErrorKind::Busy => 409,
            ErrorKind::TooLarge => 413,
            ErrorKind::Internal => 500,
            ErrorKind::ClientTooOld => 501,
            ErrorKind::Unavailable => 503,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_tells_the_kind_and_a_kind_the_status() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::of_status(kind.status()), Some(kind));
        }
        assert_eq!(ErrorKind::of_status(200), None);
    }
}
