//! One line of `mediaChanges` (`media-sync` 4.2).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Usn;

/// A file's latest change. Travels as an array of exactly three elements: legacy AnkiDroid knows
/// no objects, and a fourth element makes every client fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaChange {
    /// File name.
    pub name: String,
    /// Usn of the change.
    pub usn: Usn,
    /// SHA-1 of the content; `None` when the file is deleted.
    pub sha1: Option<[u8; 20]>,
}

impl Serialize for MediaChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sha1 = self.sha1.as_ref().map(hex).unwrap_or_default();
        (&self.name, self.usn, sha1).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MediaChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MediaChange, D::Error> {
        let (name, usn, sha1) = <(String, Usn, Option<String>)>::deserialize(deserializer)?;
        let sha1 = match sha1.as_deref() {
            None | Some("") => None,
            Some(text) => {
                Some(unhex(text).ok_or_else(|| D::Error::custom("a SHA-1 has 40 hex digits"))?)
            }
        };
        Ok(MediaChange { name, usn, sha1 })
    }
}

/// Lower-case hex digits: clients compare them as text.
fn hex(bytes: &[u8; 20]) -> String {
    bytes.iter().fold(String::with_capacity(40), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}

fn unhex(text: &str) -> Option<[u8; 20]> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair.iter().fold(0, |value, digit| value * 16 + digit)).ok())
        .collect::<Option<Vec<u8>>>()?;
    if text.len() == 40 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn changes_survive_the_wire(name in ".*", usn: i32, sha1: Option<[u8; 20]>) {
            let change = MediaChange { name, usn, sha1 };
            let text = serde_json::to_string(&change).unwrap();
            prop_assert_eq!(serde_json::from_str::<MediaChange>(&text).unwrap(), change);
        }
    }

    #[test]
    fn deletions_of_other_servers_may_be_null() {
        let change: MediaChange = serde_json::from_str(r#"["a",1,null]"#).unwrap();
        assert_eq!(change.sha1, None);
    }

    #[test]
    fn what_is_not_a_sha1_is_refused() {
        for sha1 in ["00", &"0".repeat(39), &"0".repeat(42), &"g".repeat(40)] {
            let text = format!(r#"["a",1,"{sha1}"]"#);
            assert!(serde_json::from_str::<MediaChange>(&text).is_err(), "{text}");
        }
    }
}
