//! Passwords that are made here: easy to read out and to type, and impossible to guess.

use crate::registry::RegistryError;

/// Lower-case letters and digits without those that look alike: i l 1, o 0.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
const GROUPS: usize = 3;
const GROUP: usize = 4;

/// A new random password like `k7mq-2xhw-9dtn`: 59 bits, and quick to type on a phone.
///
/// # Errors
/// [`RegistryError::Random`] when the system gives no random numbers.
pub fn generate_password() -> Result<String, RegistryError> {
    Ok(generate(getrandom::fill)?)
}

/// A password like `k7mq-2xhw-9dtn`: 59 bits, more than enough behind a slow hash and
/// throttled logins, and quick to type on a phone.
///
/// `random` fills a buffer with unpredictable bytes.
fn generate<E>(random: impl Fn(&mut [u8]) -> Result<(), E>) -> Result<String, E> {
    // Bytes from here up are dropped: keeping them would favour the first letters.
    let fair = u8::MAX - u8::MAX % 31;
    let mut letters = String::with_capacity(GROUPS * GROUP);
    let mut bytes = [0u8; 32];
    loop {
        random(&mut bytes)?;
        for byte in bytes.iter().filter(|byte| **byte < fair) {
            let Some(letter) = ALPHABET.get(usize::from(byte % 31)) else { continue };
            letters.push(char::from(*letter));
            if letters.len() == GROUPS * GROUP {
                return Ok(grouped(&letters));
            }
        }
    }
}

fn grouped(letters: &str) -> String {
    let mut password = String::with_capacity(letters.len() + GROUPS);
    for (index, letter) in letters.chars().enumerate() {
        if index > 0 && index % GROUP == 0 {
            password.push('-');
        }
        password.push(letter);
    }
    password
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;

    fn random(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        getrandom::fill(bytes)
    }

    #[test]
    fn a_generated_password_is_three_groups_of_unambiguous_letters() {
        for _ in 0..200 {
            let password = generate(random).unwrap();
            let groups: Vec<&str> = password.split('-').collect();
            assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [4, 4, 4]);
            assert!(password.bytes().all(|b| b == b'-' || ALPHABET.contains(&b)), "{password}");
            assert!(!password.contains(['i', 'l', 'o', '0', '1']));
        }
    }

    #[test]
    fn every_letter_is_equally_likely() {
        let mut seen = BTreeMap::new();
        for byte in 0..=u8::MAX {
            // Only this byte at first; when it is dropped, more is asked for.
            let calls = Cell::new(0);
            let source = |bytes: &mut [u8]| -> Result<(), Infallible> {
                bytes.fill(if calls.replace(calls.get() + 1) == 0 { byte } else { 0 });
                Ok(())
            };
            let letter = generate(source).unwrap().chars().next();
            assert_eq!(calls.get() == 1, byte < 248, "{byte}");
            if byte < 248 {
                *seen.entry(letter).or_insert(0) += 1;
            }
        }
        assert_eq!(seen.len(), ALPHABET.len());
        assert!(seen.values().all(|times| *times == 8), "{seen:?}");
    }

    #[test]
    fn the_alphabet_gives_at_least_59_bits() {
        let letters: std::collections::BTreeSet<_> = ALPHABET.iter().collect();
        let bits = f64::from(u32::try_from(letters.len()).unwrap()).log2() * 12.0;
        assert!(bits > 59.0, "{bits}");
    }

    #[test]
    fn a_failing_source_of_randomness_gives_no_password() {
        assert_eq!(generate(|_| Err("no randomness")), Err("no randomness"));
    }
}
