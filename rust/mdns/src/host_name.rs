//! The name of a host in the domain `local`.

use std::fmt;
use std::str::FromStr;

/// Longest name. Labels may have 63 characters; a suffix must still fit, and people read it.
const MAX_LENGTH: usize = 40;

/// Letters and digits that nobody mistakes for others.
const CLEAR: &[u8; 28] = b"23456789abcdefghjkmnpqrstuvw";

/// A name such as `deckport-7f3k`, without `.local`: letters, digits and hyphens, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostName(String);

/// What cannot be the name of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name has 1 to 40 letters (a to z), digits and hyphens, and neither begins nor ends with a \
     hyphen, for example deckport-7f3k"
)]
pub struct BadHostName;

impl HostName {
    /// A name that nobody else is likely to have, out of four random bytes.
    #[must_use]
    pub fn random(lot: [u8; 4]) -> HostName {
        // The few that come a little more often than others do no harm.
        let clear = lot.map(|byte| char::from(CLEAR[usize::from(byte) % CLEAR.len()]));
        HostName(format!("deckport-{}", clear.iter().collect::<String>()))
    }

    /// The name to try when this many others are taken: `deckport-7f3k-2` is the first after the
    /// name itself.
    #[must_use]
    pub fn after(&self, taken: u32) -> HostName {
        match taken {
            0 => self.clone(),
            taken => HostName(format!("{}-{}", self.0, taken.saturating_add(1))),
        }
    }

    /// Without `.local`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.0
    }

    /// As it is typed: `deckport-7f3k.local`.
    #[must_use]
    pub fn full(&self) -> String {
        format!("{}.local", self.0)
    }
}

/// With or without `.local`; in lower case, whatever was typed.
impl FromStr for HostName {
    type Err = BadHostName;

    fn from_str(text: &str) -> Result<HostName, BadHostName> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_suffix('.').unwrap_or(&text);
        let label = text.strip_suffix(".local").unwrap_or(text);
        let fits = (1..=MAX_LENGTH).contains(&label.len());
        let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let at_edge = label.starts_with('-') || label.ends_with('-');
        if fits && is_plain && !at_edge && label != "localhost" {
            Ok(HostName(label.to_owned()))
        } else {
            Err(BadHostName)
        }
    }
}

/// Without `.local`.
impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_names_have_no_characters_that_look_alike() {
        for byte in 0..=255 {
            let name = HostName::random([byte; 4]);
            assert_eq!(name.label().parse(), Ok(name.clone()));
            let random = name.label().strip_prefix("deckport-").unwrap();
            assert!(!random.contains(['0', 'o', '1', 'l', 'i']) && random.len() == 4, "{random}");
        }
    }

    #[test]
    fn what_people_type_becomes_a_name_or_is_refused() {
        for (typed, label) in [
            ("deckport-7f3k", "deckport-7f3k"),
            (" Anna.local ", "anna"),
            ("anna.local.", "anna"),
            ("2", "2"),
        ] {
            assert_eq!(typed.parse::<HostName>().map(|name| name.0), Ok(label.to_owned()));
        }
        let long = "a".repeat(41);
        for typed in
            ["", ".local", "-a", "a-", "a b", "a.b", "\u{e4}pfel", "a_b", "localhost", &long]
        {
            assert_eq!(typed.parse::<HostName>(), Err(BadHostName), "{typed}");
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let name: HostName = "anna".parse().unwrap();
        let tried: Vec<String> = (0..3).map(|taken| name.after(taken).full()).collect();
        assert_eq!(tried, ["anna.local", "anna-2.local", "anna-3.local"]);
    }
}
