//! Account names: what is accepted and when two are the same.

use unicode_normalization::UnicodeNormalization;

use super::RegistryError;

const MAX_CHARACTERS: usize = 128;

/// An account name, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountName {
    /// As typed, without surrounding spaces, composed (NFC): some systems type letters and their accents
    /// apart.
    pub(super) display: String,
    /// Equal for names that mean the same account.
    pub(super) key: String,
}

impl AccountName {
    /// Reads the name of a new account.
    pub(super) fn parse(text: &str) -> Result<AccountName, RegistryError> {
        let name = AccountName::lookup(text);
        let characters = name.display.chars().count();
        if !(1..=MAX_CHARACTERS).contains(&characters) || name.display.contains(char::is_control) {
            return Err(RegistryError::BadName);
        }
        Ok(name)
    }

    /// Reads a name to look up; one that cannot exist is simply not found.
    pub(super) fn lookup(text: &str) -> AccountName {
        let display: String = text.trim().nfc().collect();
        AccountName { key: display.to_lowercase(), display }
    }
}

/// A name for something else that a person owns, e.g. a device, under the same rules; trimmed.
pub(crate) fn person_name(text: &str) -> Result<String, RegistryError> {
    Ok(AccountName::parse(text)?.display)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_surrounding_blanks_do_not_matter() {
        let name = AccountName::parse(" Jürgen \t").unwrap();
        assert_eq!(name.display, "Jürgen");
        assert_eq!(name.key, AccountName::parse("JÜRGEN").unwrap().key);
        assert_ne!(name.key, AccountName::parse("Jurgen").unwrap().key);
    }

    #[test]
    fn it_does_not_matter_how_a_system_writes_accents() {
        let (composed, apart) = ("Zo\u{eb}", "Zoe\u{308}");
        assert_eq!(AccountName::parse(apart).unwrap(), AccountName::parse(composed).unwrap());
    }

    #[test]
    fn empty_endless_and_control_characters_are_refused() {
        for bad in ["", "  ", "a\nb", "a\0", &"x".repeat(MAX_CHARACTERS + 1)] {
            assert!(matches!(AccountName::parse(bad), Err(RegistryError::BadName)), "{bad:?}");
        }
        assert!(AccountName::parse(&"ü".repeat(MAX_CHARACTERS)).is_ok());
        assert!(AccountName::parse("../..").is_ok(), "the folder's name is made safe elsewhere");
    }
}
