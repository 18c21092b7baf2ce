//! https, and what devices have to trust for it.

use deckport_endpoint as engine;

use crate::endpoint::Endpoint;
use crate::errors::StartError;

/// Which of http and https is answered. Both come to the same port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum TlsMode {
    /// http alone.
    Off,
    /// Both.
    On,
    /// https; http from this device alone. Addresses begin with `https://` then.
    Only,
}

impl From<TlsMode> for engine::TlsMode {
    fn from(mode: TlsMode) -> engine::TlsMode {
        match mode {
            TlsMode::Off => engine::TlsMode::Off,
            TlsMode::On => engine::TlsMode::On,
            TlsMode::Only => engine::TlsMode::Only,
        }
    }
}

/// What devices have to trust before they can use `https://` in place of `http://`: made at the first
/// start, kept in the data folder, the same for ten years.
///
/// Let people share `pem` with their other devices: AnkiDroid from 2.20 on takes it pasted into its
/// settings, systems take it as a file. Browsers find it below the endpoint's address, as
/// `certificate.pem` and, for Windows and iOS, `certificate.crt`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Certificate {
    /// The certificate in PEM form.
    pub pem: String,
    /// Its SHA-256 in 16 groups of four digits, to be compared by eye with what the other device
    /// shows. Show it beside `pem`, in two lines.
    pub fingerprint: String,
}

#[uniffi::export]
impl Endpoint {
    /// What devices have to trust for https. `None` when https is off, could not be made possible
    /// (an event told why), or uses the app's own certificate.
    ///
    /// # Errors
    /// `StartError.Closed` after `shutdown`.
    pub fn certificate(&self) -> Result<Option<Certificate>, StartError> {
        let found = self.control.handle::<StartError>()?.certificate();
        Ok(found
            .map(|engine::CaCertificate { pem, fingerprint, .. }| Certificate { pem, fingerprint }))
    }
}
