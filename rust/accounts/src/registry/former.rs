//! Devices that have ended, and whose they were.

use rusqlite::{OptionalExtension, params};

use super::tokens::token_hash;
use super::{Registry, RegistryError};

/// Whose a token was that is not accepted any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerDevice {
    /// Name of its account; `None`: that was removed.
    pub account: Option<String>,
    /// Its name, for people.
    pub name: String,
}

impl Registry {
    /// Whose a token was that [`Registry::authenticate`] does not know: it was revoked, not used for
    /// too long, or ended with a new password. The last 200 devices are remembered; `None` for others,
    /// and for a token that never was one.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn former_device(&self, token: &str) -> Result<Option<FormerDevice>, RegistryError> {
        let hash = token_hash(token);
        let shared = self.shared.device(&hash);
        self.database.read(|connection| {
            let sql = "SELECT a.name, d.name FROM (
                           SELECT account_id, name FROM former_devices WHERE token_hash = ?1
                           UNION ALL SELECT account_id, name FROM devices WHERE token_hash = ?1 OR id = ?2 AND shared
                       ) d LEFT JOIN accounts a ON a.id = d.account_id LIMIT 1";
            let found = connection.prepare_cached(sql)?.query_row(params![hash, shared], |row| {
                Ok(FormerDevice { account: row.get(0)?, name: row.get(1)? })
            });
            found.optional()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::TestRegistry;
    use super::super::{ConfiguredAccount, Secret};

    fn with_account() -> TestRegistry {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "p").unwrap();
        test
    }

    fn whose(test: &TestRegistry, token: &str) -> Option<(Option<String>, String)> {
        test.registry.former_device(token).unwrap().map(|found| (found.account, found.name))
    }

    fn of_alice() -> Option<(Option<String>, String)> {
        Some((Some("alice".to_owned()), "Anki 26.09.3 on linux".to_owned()))
    }

    #[test]
    fn a_device_that_was_ended_is_known_by_its_token_however_it_ended() {
        let test = with_account();
        test.registry.set_token_lifetime(Some(Duration::from_secs(9)));
        let (revoked, old) = (test.login("alice", "p").unwrap(), test.token("alice", "p"));
        test.registry.revoke_device(revoked.device.id).unwrap();
        assert_eq!(whose(&test, &revoked.token), of_alice());
        test.clock.advance(Duration::from_secs(10));
        assert_eq!(test.who(&old), None);
        assert_eq!(whose(&test, &old), of_alice(), "its row is still there");
        let last = test.token("alice", "p");
        test.registry.set_password("alice", "q").unwrap();
        assert_eq!(whose(&test, &last), of_alice());
        test.registry.remove_account("alice").unwrap();
        assert_eq!(whose(&test, &last).unwrap().0, None);
        assert_eq!(whose(&test, "x"), None);
        assert_eq!(whose(&test, ""), None);
    }

    #[test]
    fn so_is_the_device_of_the_reference_servers_token() {
        let test = with_account();
        let account =
            ConfiguredAccount { name: "u".to_owned(), secret: Secret::Plain("p".to_owned()) };
        test.registry.set_configured_accounts(std::slice::from_ref(&account)).unwrap();
        let device = test.registry.devices(Some("u")).unwrap()[0].id;
        test.registry.revoke_device(device).unwrap();
        assert_eq!(whose(&test, &account.reference_token()).unwrap().0.as_deref(), Some("u"));
    }

    #[test]
    fn only_the_last_ones_are_remembered() {
        let test = with_account();
        let login = || test.login("alice", "p").unwrap();
        let first = login();
        test.registry.revoke_device(first.device.id).unwrap();
        let others: Vec<_> = (0..200).map(|_| login()).collect();
        for other in &others {
            test.registry.revoke_device(other.device.id).unwrap();
        }
        assert_eq!(whose(&test, &first.token), None);
        assert!(others.iter().all(|other| whose(&test, &other.token).is_some()));
    }
}
