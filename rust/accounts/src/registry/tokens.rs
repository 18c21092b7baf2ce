//! Device tokens: random text that a device sends with every request (`transport` 5.1).

use deckport_ground::hex::hex;
use sha2::{Digest, Sha256};

use super::RegistryError;

const RANDOM_BYTES: usize = 32;

/// SHA-256 of a token's text. The token has 256 random bits, so a plain hash is enough, and the
/// timing of looking up a hash reveals nothing.
pub(super) type TokenHash = [u8; 32];

/// A new token: 64 hexadecimal digits, which fit into URLs, JSON and headers as they are.
pub(crate) fn new_token() -> Result<String, RegistryError> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// The hash under which a token is kept.
pub(super) fn token_hash(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_all_different_and_safe_in_urls_json_and_headers() {
        let token = new_token().unwrap();
        assert_eq!(token.len(), 64);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(token, new_token().unwrap());
    }
}
