//! What an owner decides about TLS.

use std::fmt;
use std::path::PathBuf;

/// Whether and how TLS is spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Default: on.
    pub mode: TlsMode,
    /// A certificate of the owner's; `None`: the endpoint makes its own.
    pub certificate: Option<OwnCertificate>,
}

impl TlsOptions {
    /// Plain http alone.
    #[must_use]
    pub fn off() -> TlsOptions {
        TlsOptions { mode: TlsMode::Off, certificate: None }
    }
}

/// Which of http and https is answered. Both come to the same port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain http alone.
    Off,
    /// Both.
    #[default]
    On,
    /// https; plain http from this machine alone, which no network carries.
    Only,
}

/// A certificate that the owner has from elsewhere, in PEM: the chain with the endpoint's own
/// certificate first, and its key.
#[derive(Clone, PartialEq, Eq)]
pub enum OwnCertificate {
    /// As bytes.
    Pem {
        /// One certificate or more.
        chain: Vec<u8>,
        /// The private key, not encrypted.
        key: Vec<u8>,
    },
    /// As files. When they change, the new ones are used within a minute.
    Files {
        /// One certificate or more.
        chain: PathBuf,
        /// The private key, not encrypted.
        key: PathBuf,
    },
}

/// Without the key.
impl fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OwnCertificate::Pem { .. } => f.write_str("Pem"),
            OwnCertificate::Files { chain, key } => {
                f.debug_struct("Files").field("chain", chain).field("key", key).finish()
            }
        }
    }
}
