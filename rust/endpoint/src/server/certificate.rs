//! The certificate that devices have to trust, for whoever asks: it is public, and a device needs it
//! before it can trust anything. People compare its fingerprint.

use super::Shared;
use super::answer::Answer;

/// PEM: for Linux, macOS, and AnkiDroid's settings.
const PEM: &str = "/certificate.pem";
/// DER: Windows and iOS open it with what installs certificates.
const DER: &str = "/certificate.crt";

/// Whether one of these files is asked for.
pub(super) fn is_path(path: &str) -> bool {
    [PEM, DER].contains(&path)
}

/// The file at a path, if there is one.
pub(super) fn file(shared: &Shared, path: &str) -> Option<Answer> {
    let certificate = || shared.tls.as_ref().and_then(|tls| tls.certificate());
    match path {
        PEM => {
            let shown = "attachment; filename=\"deckport.pem\"";
            Some(Answer::file("application/x-pem-file", shown, certificate()?.pem.into_bytes()))
        }
        DER => {
            // What is to be saved, iOS does not offer to install.
            let shown = "inline; filename=\"deckport.crt\"";
            Some(Answer::file("application/x-x509-ca-cert", shown, certificate()?.der))
        }
        _ => None,
    }
}
