//! Logging in with name and password.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension};

use super::devices::{describe, insert_device, name_device};
use super::names::AccountName;
use super::tokens::{new_token, token_hash};
use super::{Account, Login, LoginError, Registry, RegistryError, accounts, passwords};

impl Registry {
    /// Checks name and password and gives the device a token of its own. Blocks for the time of
    /// one password hash, which is the same for unknown names; only one is made at a time.
    /// `client_version` is what the client sent; `peer` is where it connects from.
    ///
    /// # Errors
    /// [`LoginError::WrongNameOrPassword`], or a failure of the disk.
    pub fn login(
        &self,
        name: &str,
        password: &str,
        client_version: &str,
        peer: IpAddr,
    ) -> Result<Login, LoginError> {
        let name = AccountName::lookup(name);
        let known = self.database.read(|connection| credentials(connection, &name))?;
        let Some((account, hash)) = known else {
            for attempt in attempts(password) {
                self.pretend_to_verify(&attempt)?;
            }
            return Err(LoginError::WrongNameOrPassword);
        };
        if !fits(password, &hash)? {
            return Err(LoginError::WrongNameOrPassword);
        }
        let token = new_token()?;
        let device = self.database.write(|connection| {
            // Checking took a while: a password that was changed meanwhile is wrong now.
            if credentials(connection, &name)? != Some((account.clone(), hash)) {
                return Err(LoginError::WrongNameOrPassword);
            }
            self.end_unused_in(connection)?;
            let hash = token_hash(&token);
            let description = describe(client_version);
            let now_ms = self.clock.now_ms();
            Ok(insert_device(connection, account.id, &hash, description, peer, now_ms)?)
        })?;
        Ok(Login { account, device, token })
    }

    /// Gives a device a token without asking for the account's password, because it had that of a
    /// pairing window. `device_name`, if there is one, is the device's from now on.
    ///
    /// # Errors
    /// [`LoginError::WrongNameOrPassword`] when the account is gone, or a failure of the disk.
    pub(crate) fn login_paired(
        &self,
        account_id: i64,
        device_name: Option<&str>,
        client_version: &str,
        peer: IpAddr,
    ) -> Result<Login, LoginError> {
        let token = new_token()?;
        let (account, device) = self.database.write(|connection| {
            let account = accounts::of_id(connection, account_id)?
                .filter(|account| !account.dormant)
                .ok_or(LoginError::WrongNameOrPassword)?;
            self.end_unused_in(connection)?;
            let (hash, now_ms) = (token_hash(&token), self.clock.now_ms());
            let description = describe(client_version);
            let device = insert_device(connection, account.id, &hash, description, peer, now_ms)?;
            let device = match device_name {
                Some(name) => name_device(connection, device, name)?,
                None => device,
            };
            Ok::<_, LoginError>((account, device))
        })?;
        Ok(Login { account, device, token })
    }

    /// Takes as long for an unknown name as for a known one. Hashes from the environment may be of
    /// a costlier kind than ours; where there are any, they set the time.
    fn pretend_to_verify(&self, password: &str) -> Result<(), RegistryError> {
        match self.database.read(foreign_hash)? {
            Some(hash) => passwords::verify(password, &hash).map(|_| ()),
            None => passwords::pretend_to_verify(password, self.cost),
        }
    }
}

/// A password as it was typed, and then as [`passwords::composed`] writes it where that is something
/// else: some systems type letters and their accents apart.
fn attempts(password: &str) -> Vec<String> {
    let mut attempts = vec![password.to_owned(), passwords::composed(password)];
    attempts.dedup();
    attempts
}

fn fits(password: &str, hash: &str) -> Result<bool, RegistryError> {
    for attempt in attempts(password) {
        if passwords::verify(&attempt, hash)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The account of that name with its password hash, unless nobody can log in.
fn credentials(
    connection: &Connection,
    name: &AccountName,
) -> rusqlite::Result<Option<(Account, String)>> {
    let Some(account) = accounts::find(connection, name)? else { return Ok(None) };
    let hash: Option<String> = connection
        .prepare_cached("SELECT password_hash FROM accounts WHERE id = ?")?
        .query_row([account.id], |row| row.get(0))?;
    Ok(hash.map(|hash| (account, hash)))
}

fn foreign_hash(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT password_hash FROM accounts WHERE password_hash LIKE '$pbkdf2%' LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW_MS, TestRegistry};
    use super::*;

    fn is_wrong(result: Result<Login, LoginError>) -> bool {
        matches!(result, Err(LoginError::WrongNameOrPassword))
    }

    #[test]
    fn every_login_is_a_device_with_a_token_of_its_own() {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "p").unwrap();
        let first = test.login("alice", "p").unwrap();
        let second = test.login(" ALICE ", "p").unwrap();
        assert_ne!(first.token, second.token);
        assert_ne!(first.device.id, second.device.id);
        assert_eq!(first.account, second.account);
        assert_eq!(test.registry.devices(None).unwrap(), [first.device.clone(), second.device]);
        let device = first.device;
        assert_eq!(device.name, "Anki 26.09.3 on linux");
        assert_eq!((device.created_ms, device.last_seen_ms), (NOW_MS, Some(NOW_MS)));
        assert_eq!(device.address, Some("192.0.2.7".parse().unwrap()));
        assert!(!device.shared);
    }

    #[test]
    fn a_wrong_name_and_a_wrong_password_are_told_alike() {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "p").unwrap();
        for (name, password) in
            [("alice", "q"), ("alice", ""), ("alice", " p"), ("bob", "p"), ("", ""), ("a\0", "p")]
        {
            assert!(is_wrong(test.login(name, password)), "{name:?} {password:?}");
        }
        assert!(test.registry.devices(None).unwrap().is_empty());
    }

    #[test]
    fn neither_password_nor_token_is_in_the_files() {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "correct horse").unwrap();
        let token = test.token("alice", "correct horse");
        assert!(!format!("{:?}", test.login("alice", "correct horse")).contains(&token));
        test.registry.checkpoint().unwrap();
        for entry in std::fs::read_dir(test.dir.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            for secret in ["correct horse", token.as_str()] {
                assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
            }
        }
    }

    #[test]
    fn an_unknown_name_costs_as_much_as_a_known_one() {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "p").unwrap();
        let cost = |name: &str| {
            let before = passwords::testing::HASHES.get();
            assert!(is_wrong(test.login(name, "wrong")));
            passwords::testing::HASHES.get() - before
        };
        assert_eq!((cost("alice"), cost("bob"), cost("")), (1, 1, 1));
    }

    #[test]
    fn a_password_fits_however_a_system_writes_accents() {
        let test = TestRegistry::new();
        let (composed, apart) = ("caf\u{e9}", "cafe\u{301}");
        for set in [composed, apart] {
            let name = format!("Zo\u{eb} {}", set.len());
            test.registry.add_account(&name, set).unwrap();
            for typed in [composed, apart] {
                assert!(test.login(&name, typed).is_ok(), "{set:?} {typed:?}");
            }
            assert!(is_wrong(test.login(&name, "cafe")));
        }
    }
}
