//! Whether a certificate has ended.

use std::time::Duration;

use deckport_ground::calendar::utc_seconds;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

use super::error::TlsError;

/// When a certificate ended, if it has at `now_s`, a Unix time in seconds.
///
/// # Errors
/// When it cannot be read.
pub(super) fn ended(
    certificate: &CertificateDer<'_>,
    now_s: i64,
) -> Result<Option<String>, TlsError> {
    let unusable = |error: Error| TlsError::Unusable(error.to_string());
    let certificate = EndEntityCert::try_from(certificate).map_err(unusable)?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now_s.unsigned_abs()));
    // Nobody is trusted here, so it always fails; the time is what is looked at first.
    let looked_at =
        certificate.verify_for_usage(&[], &[], &[], now, KeyUsage::server_auth(), None, None);
    Ok(match looked_at {
        Err(Error::CertExpired { not_after, .. }) => {
            let ms = not_after.as_secs().saturating_mul(1000);
            Some(utc_seconds(i64::try_from(ms).unwrap_or(i64::MAX)))
        }
        _ => None,
    })
}
