//! The endpoint's own certificate authority: made at the first start, kept with the data, trusted by
//! whoever installs its certificate.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use deckport_ground::clock::Clock;
use deckport_ground::durable::{sync_file, sync_folder};
use deckport_ground::files::{PART, beside, remove_if_present};
use pem::{EncodeConfig, LineEnding, Pem, encode_config};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::error::TlsError;
use super::{names, now_s, provider, validity};
use deckport_household::DataFolder;

/// Holds the certificate and its private key: one file, so that there is never one without the other.
const FILE: &str = "deckport-ca.key";
/// Largest such file that is read. Ours have one kilobyte.
const MAX_BYTES: u64 = 64 * 1024;
/// What a person reads who opens it.
const HEADING: &str = "\
Deckport's certificate authority with its PRIVATE KEY. Give this file to nobody.
What devices need is printed by: deckport certificate
";
/// 2020-01-01, in seconds: clocks of devices that are somewhat behind do not matter.
const VALID_FROM: i64 = 1_577_836_800;
/// Ten years, in seconds. Nobody wants to install it more often.
const VALID_FOR: i64 = 3_652 * 86_400;

/// What devices have to trust so that they trust the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaCertificate {
    /// The certificate in PEM form.
    pub pem: String,
    /// The same in DER form.
    pub der: Vec<u8>,
    /// Its SHA-256, as 16 groups of four digits with blanks between them: for people, who compare it
    /// with what another device shows.
    pub fingerprint: String,
}

/// The certificate of the endpoint's own authority, also while the endpoint runs. Made when there is
/// none yet.
///
/// # Errors
/// [`TlsError`], of the folder or the file.
pub fn certificate(data_dir: &Path, clock: &dyn Clock) -> Result<CaCertificate, TlsError> {
    if let Some(authority) = Authority::load(data_dir)? {
        return Ok(authority.certificate());
    }
    let folder = DataFolder::open(data_dir)?;
    Ok(Authority::load_or_make(folder.path(), clock)?.certificate())
}

/// Signs leaves.
#[derive(Debug)]
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    path: PathBuf,
}

impl Authority {
    /// The one in a folder. A new one is on the disk when this returns. Only for who owns the folder.
    pub(super) fn load_or_make(folder: &Path, clock: &dyn Clock) -> Result<Authority, TlsError> {
        match Authority::load(folder)? {
            Some(authority) => Ok(authority),
            None => Authority::make(folder, now_s(clock.now_ms())),
        }
    }

    fn load(folder: &Path) -> Result<Option<Authority>, TlsError> {
        let path = folder.join(FILE);
        let mut text = Vec::new();
        match File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(TlsError::Read { path, source }),
        }
        let read = read(&text);
        let damaged = |reason: String| TlsError::Damaged { path: path.clone(), reason };
        let (key, certificate) = read.map_err(damaged)?;
        let issuer = Issuer::new(params(&key), key);
        Ok(Some(Authority { issuer, certificate, path }))
    }

    fn make(folder: &Path, now_s: i64) -> Result<Authority, TlsError> {
        let making = |error: &dyn ToString| TlsError::Making(error.to_string());
        let path = folder.join(FILE);
        let key = KeyPair::generate().map_err(|error| making(&error))?;
        let mut params = params(&key);
        params.not_before = moment(VALID_FROM)?;
        params.not_after = moment(now_s.saturating_add(VALID_FOR))?;
        let certificate = params.self_signed(&key).map_err(|error| making(&error))?;
        let text = format!("{HEADING}{}{}", certificate.pem(), key.serialize_pem());
        keep(&path, text.as_bytes())
            .and_then(|()| sync_folder(folder))
            .map_err(|source| TlsError::Write { path: path.clone(), source })?;
        let certificate = certificate.der().clone();
        Ok(Authority { issuer: Issuer::new(params, key), certificate, path })
    }

    /// What to do about it when its time is over. Nothing does that by itself: a clock that is wrong
    /// for a moment would cost all devices their trust.
    pub(super) fn ended(&self, clock: &dyn Clock) -> Option<String> {
        let ended = validity::ended(&self.certificate, now_s(clock.now_ms())).ok().flatten()?;
        Some(format!(
            "this endpoint's certificate ended on {ended}: if the clock is right, remove {} and start \
             again, then install the new certificate on all devices",
            self.path.display()
        ))
    }

    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    pub(super) fn certificate(&self) -> CaCertificate {
        let der = self.certificate.to_vec();
        let fingerprint = fingerprint(&der);
        CaCertificate { pem: pem(&der), der, fingerprint }
    }
}

/// Key and certificate of a file of ours, or why it is none.
fn read(text: &[u8]) -> Result<(KeyPair, CertificateDer<'static>), String> {
    let certificate =
        CertificateDer::from_pem_slice(text).map_err(|_| "it holds no certificate")?;
    let key = PrivateKeyDer::from_pem_slice(text).map_err(|_| "it holds no private key")?;
    let fits = CertifiedKey::from_der(vec![certificate.clone()], key.clone_key(), &provider());
    fits.map_err(|error| format!("key and certificate are no pair: {error}"))?;
    let key = KeyPair::try_from(&key).map_err(|error| format!("the key is of no use: {error}"))?;
    Ok((key, certificate))
}

/// What is said of an authority. Its name comes from its key, so that nothing of the certificate has
/// to be read to sign in its name, and a person can tell two of them apart.
fn params(key: &KeyPair) -> CertificateParams {
    let digest = Sha256::digest(key.der_bytes());
    let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("Deckport {mark}"));
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(names::constraints());
    params
}

/// A Unix time in seconds as certificates have it.
pub(super) fn moment(seconds: i64) -> Result<OffsetDateTime, TlsError> {
    OffsetDateTime::from_unix_timestamp(seconds)
        .map_err(|_| TlsError::Making("the clock shows no time that a certificate can have".into()))
}

/// Writes a file that only its owner can read, whole or not at all.
fn keep(path: &Path, content: &[u8]) -> io::Result<()> {
    let part = beside(path, PART);
    // What an interrupted start left may be readable by others.
    remove_if_present(&part)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    let written = file
        .write_all(content)
        .and_then(|()| sync_file(&file))
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

fn pem(der: &[u8]) -> String {
    let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
    encode_config(&Pem::new("CERTIFICATE", der), lines)
}

fn fingerprint(der: &[u8]) -> String {
    let digest = Sha256::digest(der);
    let groups =
        digest.chunks(2).map(|pair| pair.iter().map(|byte| format!("{byte:02X}")).collect());
    groups.collect::<Vec<String>>().join(" ")
}
