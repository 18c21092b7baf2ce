//! What is wrong with certificates. Each message says what to do.

use std::io;
use std::path::PathBuf;

use deckport_household::FolderError;

/// Why TLS cannot be spoken as it was wished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The data folder cannot be used, or another endpoint just uses it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file cannot be read.
    #[error("{} cannot be read ({source}); check its name and permissions", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The endpoint's own key cannot be kept.
    #[error("{} cannot be written ({source}); free some space or change the permissions of its folder", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The endpoint's own key or certificate is damaged.
    #[error("{} is damaged ({reason}); put a copy in its place, or remove it: then a new certificate is made, and all devices must be told to trust it", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no certificate in what the owner gave for one.
    #[error(
        "the certificate is not in PEM form: give a file with a block that begins with -----BEGIN CERTIFICATE-----"
    )]
    NoCertificate,
    /// There is no key in what the owner gave for one.
    #[error(
        "the private key is not in PEM form: give a file with a block such as -----BEGIN PRIVATE KEY-----, and decrypt it first if it is encrypted"
    )]
    NoKey,
    /// The key is of a kind that cannot be used.
    #[error(
        "the private key is of a kind that is not supported: use an ECDSA (P-256 or P-384), Ed25519 or RSA key (2048 bits or more)"
    )]
    UnsupportedKey,
    /// The key belongs to another certificate.
    #[error(
        "the private key does not belong to the certificate: give the key that the certificate was made for, and put the endpoint's own certificate first in the chain"
    )]
    KeyDoesNotFit,
    /// The certificate is no certificate of a server.
    #[error("the certificate cannot be used ({0}): give one in version 3 that names this machine")]
    Unusable(String),
    /// The certificate has ended.
    #[error("the certificate ended on {0}; renew it")]
    Expired(String),
    /// Something could not be made.
    #[error("a certificate could not be made: {0}")]
    Making(String),
}
