//! Password hashes: made with Argon2id, checked with Argon2 or PBKDF2, one at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, PasswordVerifier, Version};
use pbkdf2::Pbkdf2;
use unicode_normalization::UnicodeNormalization;

use super::RegistryError;

/// Longest password that can be set, in bytes.
const MAX_PASSWORD_BYTES: usize = 1024;
const SALT_BYTES: usize = 16;

/// Room that is reserved for an Argon2 hash, in blocks of 1 KiB: 33 MiB, of which only what the
/// hash needs is ever touched. glibc gives blocks of more than 32 MiB back to the system when they
/// are freed. It keeps smaller ones for the thread, one more with nearly every login.
const RESERVED_BLOCKS: usize = 33 * 1024;

/// Each hash takes 19 MiB for a moment, which a phone should not spend twice at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn one_at_a_time() -> MutexGuard<'static, ()> {
    #[cfg(test)]
    testing::HASHES.set(testing::HASHES.get() + 1);
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How costly a new hash is. Each hash carries its own parameters, so they may change.
#[derive(Debug, Clone, Copy)]
pub(super) struct PasswordCost {
    memory_kib: u32,
    passes: u32,
}

impl PasswordCost {
    /// The minimum for Argon2id in OWASP's password storage advice.
    pub(super) const PRODUCTION: PasswordCost = PasswordCost { memory_kib: 19 * 1024, passes: 2 };
    /// Fast and unsafe.
    #[cfg(test)]
    pub(super) const TEST: PasswordCost = PasswordCost { memory_kib: 8, passes: 1 };

    fn argon2id(self) -> Result<Argon2<'static>, RegistryError> {
        let params = Params::new(self.memory_kib, self.passes, 1, None).map_err(hash_error)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// A password with letters and accents composed (NFC), as it is hashed.
pub(super) fn composed(password: &str) -> String {
    password.nfc().collect()
}

/// Hashes a new password with a random salt; returns a PHC string.
pub(super) fn hash(password: &str, cost: PasswordCost) -> Result<String, RegistryError> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt)?;
    let argon2 = cost.argon2id()?;
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    compute(&argon2, composed(password).as_bytes(), &salt, &mut out)?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into().map_err(hash_error)?,
        salt: Some(Salt::new(&salt).map_err(hash_error)?),
        hash: Some(Output::new(&out).map_err(hash_error)?),
    };
    Ok(hash.to_string())
}

/// Whether the password belongs to the PHC string.
pub(super) fn verify(password: &str, phc: &str) -> Result<bool, RegistryError> {
    let hash = PasswordHash::new(phc).map_err(hash_error)?;
    let password = password.as_bytes();
    if !is_pbkdf2(&hash) {
        return verify_argon2(password, &hash);
    }
    let _guard = one_at_a_time();
    match Pbkdf2::default().verify_password(password, &hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(hash_error(error)),
    }
}

fn verify_argon2(password: &[u8], hash: &PasswordHash) -> Result<bool, RegistryError> {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Ok(false);
    };
    let algorithm = Algorithm::new(hash.algorithm.as_str()).map_err(hash_error)?;
    let version = hash.version.map(Version::try_from).transpose().map_err(hash_error)?;
    let params = Params::try_from(hash).map_err(hash_error)?;
    let argon2 = Argon2::new(algorithm, version.unwrap_or_default(), params);
    let mut out = vec![0; expected.len()];
    compute(&argon2, password, salt, &mut out)?;
    // Compares in constant time.
    Ok(Output::new(&out).map_err(hash_error)? == *expected)
}

/// Computes an Argon2 hash; see [`RESERVED_BLOCKS`] for why it brings its own memory.
fn compute(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    out: &mut [u8],
) -> Result<(), RegistryError> {
    let _guard = one_at_a_time();
    let count = argon2.params().block_count();
    let mut blocks = Vec::with_capacity(count.max(RESERVED_BLOCKS));
    blocks.resize(count, Block::default());
    argon2.hash_password_into_with_memory(password, salt, out, &mut blocks).map_err(hash_error)
}

/// Takes the time of [`verify`] for a name that does not exist, so that the time reveals nothing.
pub(super) fn pretend_to_verify(password: &str, cost: PasswordCost) -> Result<(), RegistryError> {
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = cost.argon2id()?;
    compute(&argon2, password.as_bytes(), &[0; SALT_BYTES], &mut out)
}

/// Refuses what [`verify`] could never accept.
pub(super) fn check_phc(phc: &str) -> Result<(), RegistryError> {
    let hash = PasswordHash::new(phc).map_err(|_| RegistryError::ConfiguredHash)?;
    let usable = if is_pbkdf2(&hash) {
        pbkdf2::Algorithm::new(hash.algorithm.as_str()).is_ok()
            && pbkdf2::Params::try_from(&hash).is_ok()
    } else {
        Algorithm::new(hash.algorithm.as_str()).is_ok() && Params::try_from(&hash).is_ok()
    };
    if usable && hash.salt.is_some() && hash.hash.is_some() {
        Ok(())
    } else {
        Err(RegistryError::ConfiguredHash)
    }
}

/// Refuses a new password that nobody could intend.
pub(super) fn check_new(password: &str) -> Result<(), RegistryError> {
    if password.is_empty() || password.len() > MAX_PASSWORD_BYTES {
        return Err(RegistryError::BadPassword);
    }
    Ok(())
}

fn is_pbkdf2(hash: &PasswordHash) -> bool {
    hash.algorithm.as_str().starts_with("pbkdf2")
}

fn hash_error(error: impl Into<argon2::password_hash::Error>) -> RegistryError {
    RegistryError::Hash(error.into())
}

#[cfg(test)]
pub(super) mod testing {
    use std::cell::Cell;

    thread_local! {
        /// Hashes computed by this thread: what a login costs.
        pub(crate) static HASHES: Cell<u32> = const { Cell::new(0) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_hash_matches_only_its_password() {
        let phc = hash("päss wörd", PasswordCost::TEST).unwrap();
        assert!(verify("päss wörd", &phc).unwrap());
        assert!(!verify("pass word", &phc).unwrap());
        assert!(!verify("", &phc).unwrap());
        assert_ne!(hash("päss wörd", PasswordCost::TEST).unwrap(), phc, "the salt is random");
    }

    #[test]
    fn new_hashes_have_the_promised_parameters() {
        let phc = hash("p", PasswordCost::PRODUCTION).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    }

    /// Made with Python's `hashlib.pbkdf2_hmac`: password `pä:ss`, salt `sixteen byte sal`.
    #[test]
    fn hashes_of_pbkdf2_are_verified() {
        for phc in [
            "$pbkdf2-sha256$i=1000,l=32$c2l4dGVlbiBieXRlIHNhb\
             A$9KmCsxDtbV6Lhg4Z9JvrvqVbweBcUKjPKgCqYvxMGOc",
            "$pbkdf2-sha512$i=1000,l=32$c2l4dGVlbiBieXRlIHNhb\
             A$Myq5ZYw8Oy2cVrDW8w2uZ0xA+Moi+q3MQYyHKvYByvM",
        ] {
            check_phc(phc).unwrap();
            assert!(verify("pä:ss", phc).unwrap());
            assert!(!verify("pa:ss", phc).unwrap());
        }
    }

    #[test]
    fn hashes_that_could_never_fit_are_refused() {
        for phc in [
            "",
            "hunter2",
            "$2b$12$abcdefghijklmnopqrstuv",
            "$scrypt$ln=17,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
            "$argon2id$v=19$m=1,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$pbkdf2-sha256$i=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        ] {
            assert!(matches!(check_phc(phc), Err(RegistryError::ConfiguredHash)), "{phc}");
        }
        check_phc(&hash("p", PasswordCost::TEST).unwrap()).unwrap();
    }

    #[test]
    fn one_password_is_hashed_at_a_time() {
        let phc = hash("p", PasswordCost::TEST).unwrap();
        let (done, hashed) = mpsc::channel();
        let guard = one_at_a_time();
        let tasks: [Box<dyn FnOnce() + Send>; 3] = [
            Box::new(|| drop(hash("p", PasswordCost::TEST).unwrap())),
            Box::new(move || assert!(verify("p", &phc).unwrap())),
            Box::new(|| pretend_to_verify("p", PasswordCost::TEST).unwrap()),
        ];
        for task in tasks {
            let done = done.clone();
            thread::spawn(move || {
                task();
                done.send(()).unwrap();
            });
        }
        assert!(hashed.recv_timeout(Duration::from_millis(50)).is_err());
        drop(guard);
        for _ in 0..3 {
            hashed.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    }

    #[test]
    fn an_empty_or_endless_password_cannot_be_set() {
        assert!(check_new("").is_err());
        assert!(check_new(&"x".repeat(MAX_PASSWORD_BYTES + 1)).is_err());
        assert!(check_new("x").is_ok());
    }
}
