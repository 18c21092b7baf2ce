//! Who somebody is: by their token, or by where they come from.

use std::net::IpAddr;

use rusqlite::{OptionalExtension, Row, ToSql, params};

use super::accounts::{ACCOUNT_COLUMN_COUNT, ACCOUNT_COLUMNS, account_from_row};
use super::devices::{DEVICE_COLUMNS, device_from_row};
use super::names::AccountName;
use super::tokens::token_hash;
use super::{Identity, Registry, RegistryError};
use crate::origin::AddressKey;

impl Registry {
    /// The account and device of a token; `None` when it is unknown, ended, unused for too long,
    /// or its account is dormant. Looked up in the database each time, so every change counts at
    /// once.
    ///
    /// The reference server's tokens of configured accounts are known once
    /// [`Registry::set_configured_accounts`] has run.
    ///
    /// # Errors
    /// A failure of the disk; that is no reason to tell a client that its token is bad
    /// (`transport` 5.2).
    pub fn authenticate(&self, token: &str) -> Result<Option<Identity>, RegistryError> {
        match self.by_own_token(token)? {
            None => self.by_shared_token(token),
            found => Ok(found),
        }
    }

    /// The same for the tokens that are random: nobody can guess one.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn by_own_token(&self, token: &str) -> Result<Option<Identity>, RegistryError> {
        self.identity("d.token_hash = ?1", token_hash(token))
    }

    /// The same for the tokens that are made from passwords: the sender may be guessing.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn by_shared_token(&self, token: &str) -> Result<Option<Identity>, RegistryError> {
        match self.shared.device(&token_hash(token)) {
            None => Ok(None),
            Some(id) => self.identity("d.id = ?1 AND d.shared", id),
        }
    }

    /// The account and device of the row that fulfils a condition and is usable.
    fn identity(
        &self,
        condition: &str,
        parameter: impl ToSql,
    ) -> Result<Option<Identity>, RegistryError> {
        let unused_ms = self.unused_times();
        self.database.read(|connection| {
            let sql = format!(
                "SELECT {ACCOUNT_COLUMNS}, {DEVICE_COLUMNS}
                 FROM devices d JOIN accounts a ON a.id = d.account_id
                 WHERE {condition} AND NOT d.revoked AND a.password_hash IS NOT NULL
                     AND coalesce(d.last_seen_ms, d.created_ms) NOT BETWEEN ?2 AND ?3"
            );
            let identity = |row: &Row<'_>| {
                Ok(Identity {
                    account: account_from_row(row)?,
                    device: device_from_row(row, ACCOUNT_COLUMN_COUNT)?,
                })
            };
            let parameters = params![parameter, unused_ms.start(), unused_ms.end()];
            connection.prepare_cached(&sql)?.query_row(parameters, identity).optional()
        })
    }

    /// Whether a device of an account, or of any, was last seen at `place`; to tell known devices
    /// from strangers.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn was_seen_at(
        &self,
        account: Option<&str>,
        place: AddressKey,
    ) -> Result<bool, RegistryError> {
        Ok(self.addresses(account)?.into_iter().any(|address| place.holds(address)))
    }

    /// Where the devices of an account were last seen, or those of all.
    fn addresses(&self, account: Option<&str>) -> Result<Vec<IpAddr>, RegistryError> {
        let name_key = account.map(|name| AccountName::lookup(name).key);
        self.database.read(|connection| {
            let sql = "SELECT DISTINCT d.address FROM devices d JOIN accounts a ON a.id = d.account_id
                       WHERE NOT d.revoked AND d.address IS NOT NULL AND (?1 IS NULL OR a.name_key = ?1)";
            let mut statement = connection.prepare_cached(sql)?;
            let texts = statement.query_map([name_key], |row| row.get::<_, String>(0))?;
            let addresses = texts.map(|text| Ok(text?.parse().ok()));
            addresses.filter_map(Result::transpose).collect()
        })
    }
}
