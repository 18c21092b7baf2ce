//! The `anki-sync` request header of protocol 11 (`transport` 3.1).

use serde::{Deserialize, Serialize};

use crate::error::WireError;

/// Name of the request header; its presence decides the framing (`transport` 1).
pub const SYNC_HEADER: &str = "anki-sync";

/// Longest header value that is read.
const MAX_HEADER_BYTES: usize = 4096;

/// What a client of protocol 11 sends with every request. Unknown keys are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncHeader {
    /// Protocol version.
    #[serde(rename = "v")]
    pub version: u8,
    /// The device's token; empty for a login.
    #[serde(rename = "k")]
    pub token: String,
    /// Short client version, e.g. `26.09.3,29bb700b,linux`.
    #[serde(rename = "c")]
    pub client_version: String,
    /// Session key: the same for all requests of one sync run.
    #[serde(rename = "s")]
    pub session_key: String,
}

impl SyncHeader {
    /// Reads the header's value.
    ///
    /// # Errors
    /// [`WireError::Header`] when it is too long, not JSON, or lacks a key.
    pub fn parse(value: &[u8]) -> Result<SyncHeader, WireError> {
        if value.len() > MAX_HEADER_BYTES {
            return Err(WireError::Header(format!("longer than {MAX_HEADER_BYTES} bytes")));
        }
        serde_json::from_slice(value).map_err(|error| WireError::Header(error.to_string()))
    }
}

/// A client version as given in the header or in `meta`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientVersion {
    /// `26.09.3`
    pub version: String,
    /// `linux`, `android`, … ; empty when unknown.
    pub platform: String,
}

impl ClientVersion {
    /// Reads both forms: `26.09.3,29bb700b,linux` (header) and
    /// `anki,26.09.3 (29bb700b),lin:debian:12` (`meta`).
    pub fn parse(text: &str) -> ClientVersion {
        let parts: Vec<&str> = text.split(',').collect();
        let starts_with_digit = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
        let version = parts
            .iter()
            .find(|part| starts_with_digit(part))
            .and_then(|part| part.split_whitespace().next())
            .unwrap_or_default();
        let platform = if parts.len() >= 3 { parts[parts.len() - 1] } else { "" };
        ClientVersion { version: version.to_owned(), platform: platform.to_owned() }
    }

    /// Whether this client, when it edits an object that it got inside a schema-18 file, drops
    /// what newer clients stored in it (`storage` 2.1). It keeps all of it in a schema-11 file.
    /// An unreadable version counts as new.
    pub fn loses_fields_of_schema18(&self) -> bool {
        self.numbers().is_some_and(|numbers| numbers < KEEPS_ALL_FIELDS)
    }

    /// Year, month and patch; `2.1.66` sorts before them all.
    fn numbers(&self) -> Option<(u32, u32, u32)> {
        let mut numbers = self.version.split('.').map(|number| {
            let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
            number[..digits].parse().ok()
        });
        let first = numbers.next()??;
        let second = numbers.next()??;
        Some((first, second, numbers.next().flatten().unwrap_or(0)))
    }
}

/// The first version that knows every field of schema 18 that exists today.
const KEEPS_ALL_FIELDS: (u32, u32, u32) = (25, 9, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_header_is_read_and_unknown_keys_are_ignored() {
        let value = br#"{"v":11,"k":"26aef0","c":"26.09.3,29bb700b,linux","s":"cWH8MU","x":1}"#;
        let header = SyncHeader::parse(value).unwrap();
        assert_eq!(header.version, 11);
        assert_eq!(header.token, "26aef0");
        assert_eq!(header.session_key, "cWH8MU");
    }

    #[test]
    fn a_missing_key_or_an_endless_header_is_refused() {
        assert!(SyncHeader::parse(br#"{"v":11,"k":"","c":""}"#).is_err());
        assert!(SyncHeader::parse(b"nonsense").is_err());
        assert!(SyncHeader::parse(&vec![b' '; MAX_HEADER_BYTES + 1]).is_err());
    }

    #[test]
    fn clients_before_25_09_lose_newer_fields() {
        let loses = |text| ClientVersion::parse(text).loses_fields_of_schema18();
        for old in
            ["2.1.57,x,linux", "2.1.66,x,win", "23.10,x,linux", "24.06.3,x,mac", "25.07.5,x,y"]
        {
            assert!(loses(old), "{old}");
        }
        for new in
            ["25.09,x,linux", "25.09.2rc1,x,linux", "26.09.3,x,android", "27.1,x,y", "", "dev,x,y"]
        {
            assert!(!loses(new), "{new}");
        }
    }

    #[test]
    fn both_forms_of_a_client_version_are_read() {
        let short = ClientVersion::parse("26.09.3,29bb700b,linux");
        let long = ClientVersion::parse("anki,26.09.3 (29bb700b),linux");
        assert_eq!(short, long);
        assert_eq!(short.version, "26.09.3");
        assert_eq!(short.platform, "linux");
        assert_eq!(ClientVersion::parse("").version, "");
    }
}
