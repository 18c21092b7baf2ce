//! The certificate that clients are shown: for the addresses and names of the moment, signed by the
//! endpoint's own authority.

use std::collections::BTreeSet;
use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    SerialNumber,
};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::CertifiedKey;

use super::authority::{Authority, moment};
use super::error::TlsError;
use super::names::Name;
use super::now_s;

const DAY: i64 = 86_400;
/// So long before it was made a leaf is valid, in seconds, for devices whose clock is behind.
const BEFORE: i64 = 7 * DAY;
/// So long after. Apple's devices take 398 days in all.
const AFTER: i64 = 390 * DAY;
/// So long before its end it is made anew.
const RENEWED: i64 = 60 * DAY;

/// One leaf. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    names: BTreeSet<Name>,
    made_s: i64,
    key: Arc<CertifiedKey>,
}

impl Leaf {
    pub(super) fn make(
        authority: &Authority,
        names: BTreeSet<Name>,
        now_ms: i64,
    ) -> Result<Leaf, TlsError> {
        let making = |error: &dyn ToString| TlsError::Making(error.to_string());
        let made_s = now_s(now_ms);
        let key = KeyPair::generate().map_err(|error| making(&error))?;
        let known_as: Result<Vec<_>, _> = names.iter().map(Name::in_certificate).collect();
        let mut params = CertificateParams::default();
        params.not_before = moment(made_s - BEFORE)?;
        params.not_after = moment(made_s.saturating_add(AFTER))?;
        params.serial_number = Some(serial()?);
        params.subject_alt_names = known_as.map_err(|error| making(&error))?;
        // Names are above alone: some systems would hold one here against the authority's limits.
        params.distinguished_name = DistinguishedName::new();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let signed = params.signed_by(&key, authority.issuer()).map_err(|error| making(&error))?;
        let signer = any_ecdsa_type(&PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .map_err(|error| making(&error))?;
        let key = Arc::new(CertifiedKey::new(vec![signed.der().clone()], signer));
        Ok(Leaf { names, made_s, key })
    }

    /// Whether it can be shown to a client that may have typed any of these names. A clock that was
    /// wrong when it was made and has been set since makes it useless, too.
    pub(super) fn is_good(&self, names: &BTreeSet<Name>, now_ms: i64) -> bool {
        let age = now_s(now_ms) - self.made_s;
        (-DAY..AFTER - RENEWED).contains(&age) && names.is_subset(&self.names)
    }

    pub(super) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

/// A number that no other leaf has: browsers refuse two certificates of one number.
fn serial() -> Result<SerialNumber, TlsError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| TlsError::Making(error.to_string()))?;
    // Positive, and as long as the others.
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}
