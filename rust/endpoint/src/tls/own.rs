//! A certificate that the owner brings.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deckport_ground::clock::Clock;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::error::TlsError;
use super::options::OwnCertificate;
use super::{now_s, provider, validity};

/// Largest file that is read. Long chains have some ten kilobytes.
const MAX_BYTES: u64 = 1 << 20;
/// So often files are looked at again: programs that renew certificates replace them.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The certificate, and where it came from.
#[derive(Debug)]
pub(super) struct Own {
    key: Arc<CertifiedKey>,
    files: Option<Files>,
}

#[derive(Debug)]
struct Files {
    chain: PathBuf,
    key: PathBuf,
    changed: Changed,
    looked: Duration,
}

/// When the two files were last changed.
type Changed = [Option<SystemTime>; 2];

impl Own {
    pub(super) fn open(own: &OwnCertificate, clock: &dyn Clock) -> Result<Own, TlsError> {
        let now = now_s(clock.now_ms());
        match own {
            OwnCertificate::Pem { chain, key } => {
                Ok(Own { key: certified(chain, key, now)?, files: None })
            }
            OwnCertificate::Files { chain, key } => {
                // Before they are read: what changes meanwhile is seen the next time.
                let changed = changed(chain, key);
                let certified = certified(&read(chain)?, &read(key)?, now)?;
                let (chain, key) = (chain.clone(), key.clone());
                let files = Files { chain, key, changed, looked: clock.monotonic() };
                Ok(Own { key: certified, files: Some(files) })
            }
        }
    }

    pub(super) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// What is in the files now, if they have changed. A failure is told once for each change; until
    /// then the last good one stays.
    pub(super) fn renewed(
        &mut self,
        clock: &dyn Clock,
    ) -> Result<Option<Arc<CertifiedKey>>, TlsError> {
        let Some(files) = &mut self.files else { return Ok(None) };
        let now = clock.monotonic();
        if now.saturating_sub(files.looked) < LOOK_EVERY {
            return Ok(None);
        }
        files.looked = now;
        let changed = changed(&files.chain, &files.key);
        if changed == files.changed {
            return Ok(None);
        }
        files.changed = changed;
        let (chain, key) = (read(&files.chain)?, read(&files.key)?);
        self.key = certified(&chain, &key, now_s(clock.now_ms()))?;
        Ok(Some(self.key()))
    }
}

fn changed(chain: &Path, key: &Path) -> Changed {
    [chain, key].map(|path| fs::metadata(path).and_then(|found| found.modified()).ok())
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut content))
        .map_err(|source| TlsError::Read { path: path.to_owned(), source })?;
    Ok(content)
}

/// A chain and its key, ready to be shown.
fn certified(chain: &[u8], key: &[u8], now_s: i64) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.map_err(|_| TlsError::NoCertificate)?;
    let first = chain.first().ok_or(TlsError::NoCertificate)?;
    let ended = validity::ended(first, now_s)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    let provider = provider();
    let signer =
        provider.key_provider.load_private_key(key).map_err(|_| TlsError::UnsupportedKey)?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(Error::InconsistentKeys(_)) => return Err(TlsError::KeyDoesNotFit),
        Err(error) => return Err(TlsError::Unusable(error.to_string())),
    }
    match ended {
        Some(when) => Err(TlsError::Expired(when)),
        None => Ok(Arc::new(certified)),
    }
}
