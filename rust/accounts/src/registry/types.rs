//! What the registry is given and returns.

use std::fmt;
use std::net::IpAddr;

use sha1::{Digest, Sha1};

use deckport_ground::hex::hex;

/// One account: one collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Never used again for another account.
    pub id: i64,
    /// As it was typed when the account was made or renamed.
    pub name: String,
    /// The account's folder: one path component below the data folder.
    pub folder: String,
    /// Set in the environment; its password and name cannot be changed here.
    pub configured: bool,
    /// Nobody can log in or sync: it was set in the environment and no longer is. Setting a
    /// password makes it an ordinary account.
    pub dormant: bool,
}

/// One login of a client program, with a token of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Never used again for another device.
    pub id: i64,
    /// Whose device it is.
    pub account_id: i64,
    /// For people: `Anki 26.09.3 on linux`.
    pub name: String,
    /// The client program's version when last seen: `26.09.3`. Empty when unknown.
    pub client_version: String,
    /// `linux`, `android`, …; empty when unknown.
    pub platform: String,
    /// Where it was last seen; `None` when it never was.
    pub address: Option<IpAddr>,
    /// The name or address under which it last reached the endpoint, with the port: what is in its
    /// settings. `None` when it did not say.
    pub host: Option<String>,
    /// When it logged in, in Unix milliseconds.
    pub created_ms: i64,
    /// When it was last seen, in Unix milliseconds. Exact to about a minute.
    pub last_seen_ms: Option<i64>,
    /// Stands for all devices that have the reference server's token of a configured account:
    /// they cannot be told apart (`transport` 5.1).
    pub shared: bool,
}

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: Account,
    /// The device whose token it is.
    pub device: Device,
}

/// A successful login.
#[derive(Clone)]
pub struct Login {
    /// The account.
    pub account: Account,
    /// The new device.
    pub device: Device,
    /// The device's token. Only this value and the device have it; the registry keeps a hash.
    pub token: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("account", &self.account)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

/// An account set from outside, as the reference server's `SYNC_USERn=name:secret` does
/// (`transport` 5.1, 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredAccount {
    /// The name as written; matched without case and surrounding spaces.
    pub name: String,
    /// What a login is checked against.
    pub secret: Secret,
}

impl ConfiguredAccount {
    /// The token the reference server gives to every device of this account: lower-case
    /// hexadecimal SHA-1 of `name:secret` as written in the environment (`transport` 5.1).
    #[must_use]
    pub fn reference_token(&self) -> String {
        let (Secret::Plain(secret) | Secret::Hashed(secret)) = &self.secret;
        hex(&Sha1::digest(format!("{}:{secret}", self.name)))
    }
}

/// The second half of `SYNC_USERn`. Its `Debug` form does not show the text.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The password itself.
    Plain(String),
    /// A PHC string of PBKDF2 or Argon2, as with the reference's `PASSWORDS_HASHED`.
    Hashed(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Plain(_) => f.write_str("Plain(…)"),
            Secret::Hashed(_) => f.write_str("Hashed(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_token_is_what_the_reference_server_gives() {
        let account =
            ConfiguredAccount { name: "u".to_owned(), secret: Secret::Plain("p".to_owned()) };
        assert_eq!(account.reference_token(), "26aef033203fc3655de5620300a76ee0e2081444");
    }
}
