//! Accounts set in the environment, as the reference server's (`transport` 5.1, 10).
//!
//! The environment owns their names and passwords; the registry keeps a copy so that they work
//! like all others. The reference server's token is kept (hashed like a password) as a *shared*
//! device; it also shows whether the secret is still that of the last start.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::devices::insert_shared_device;
use super::names::AccountName;
use super::tokens::{TokenHash, token_hash};
use super::{ConfiguredAccount, Registry, RegistryError, Secret, accounts, passwords, shared};

/// A configured account, checked.
struct Wanted<'a> {
    name: AccountName,
    secret: &'a Secret,
    shared_token: TokenHash,
    /// The shared device of the last start, if it has exactly this token, whether ended or not.
    same_device: Option<i64>,
}

impl Registry {
    /// Makes the accounts of the environment exactly these.
    ///
    /// - A new one is added, or takes over an account of the same name with its folder.
    /// - One whose secret (or the spelling of whose name) changed loses its devices, as after a
    ///   change of password; otherwise all its devices stay logged in, and so do those with
    ///   the reference server's token.
    /// - One that is not in the environment any more becomes dormant: its data stays, nobody can
    ///   log in or sync. It works as before when it comes back with the same secret.
    ///
    /// # Errors
    /// [`RegistryError::BadName`], [`RegistryError::ConfiguredTwice`],
    /// [`RegistryError::ConfiguredHash`], or a failure of the disk. Nothing has changed then.
    pub fn set_configured_accounts(
        &self,
        configured: &[ConfiguredAccount],
    ) -> Result<(), RegistryError> {
        let mut wanted = configured.iter().map(check).collect::<Result<Vec<_>, _>>()?;
        if has_duplicates(&wanted) {
            return Err(RegistryError::ConfiguredTwice);
        }
        // Slow, so it comes before anybody has to wait for the change.
        for wanted in &mut wanted {
            wanted.same_device = self.same_device(wanted)?;
        }
        let devices = self.database.write(|connection| {
            // Only those that are not wanted: the hash of the others is still good.
            for name_key in configured_names(connection)? {
                if !wanted.iter().any(|wanted| wanted.name.key == name_key) {
                    connection.execute(
                        "UPDATE accounts SET configured = 0, password_hash = NULL
                         WHERE name_key = ?",
                        [name_key],
                    )?;
                }
            }
            wanted.iter().map(|wanted| self.configure(connection, wanted)).collect()
        });
        let devices: Vec<i64> = devices?;
        self.shared.replace(wanted.iter().map(|wanted| wanted.shared_token).zip(devices));
        Ok(())
    }

    /// The shared device of an account if it was set up with this very secret.
    fn same_device(&self, wanted: &Wanted<'_>) -> Result<Option<i64>, RegistryError> {
        let kept = self.database.read(|connection| {
            let sql =
                "SELECT d.id, d.shared_token FROM devices d JOIN accounts a ON a.id = d.account_id
                       WHERE a.name_key = ? AND d.shared";
            let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            connection.query_row(sql, [&wanted.name.key], pair).optional()
        })?;
        let Some((id, phc)): Option<(i64, String)> = kept else { return Ok(None) };
        Ok(shared::fits(&wanted.shared_token, &phc)?.then_some(id))
    }

    /// Sets up one account; returns the number of its shared device.
    fn configure(
        &self,
        connection: &Connection,
        wanted: &Wanted<'_>,
    ) -> Result<i64, RegistryError> {
        let Some(account) = accounts::find(connection, &wanted.name)? else {
            let hash = self.password_hash(wanted.secret)?;
            let account = self.insert_account(connection, &wanted.name, &hash, true)?;
            return self.share(connection, account.id, wanted);
        };
        // Another process may have ended it meanwhile.
        let same = match wanted.same_device {
            Some(id) if has_device(connection, account.id, id)? => Some(id),
            _ => None,
        };
        let same_secret = same.is_some();
        let device = match same {
            Some(id) => id,
            None => {
                connection.execute("DELETE FROM devices WHERE account_id = ?", [account.id])?;
                self.share(connection, account.id, wanted)?
            }
        };
        if !same_secret || account.dormant {
            connection.execute(
                "UPDATE accounts SET password_hash = ? WHERE id = ?",
                params![self.password_hash(wanted.secret)?, account.id],
            )?;
        }
        connection.execute(
            "UPDATE accounts SET name = ?, configured = 1 WHERE id = ?",
            params![wanted.name.display, account.id],
        )?;
        Ok(device)
    }

    /// Adds the shared device of an account.
    fn share(
        &self,
        connection: &Connection,
        account_id: i64,
        wanted: &Wanted<'_>,
    ) -> Result<i64, RegistryError> {
        let phc = shared::slow_hash(&wanted.shared_token, self.cost)?;
        Ok(insert_shared_device(connection, account_id, &phc, self.clock.now_ms())?)
    }

    /// Also runs inside a change, where it makes others wait for a moment: only at the first
    /// start with a new secret.
    fn password_hash(&self, secret: &Secret) -> Result<String, RegistryError> {
        match secret {
            Secret::Plain(password) => passwords::hash(password, self.cost),
            Secret::Hashed(phc) => Ok(phc.clone()),
        }
    }
}

fn check(configured: &ConfiguredAccount) -> Result<Wanted<'_>, RegistryError> {
    if let Secret::Hashed(phc) = &configured.secret {
        passwords::check_phc(phc)?;
    }
    Ok(Wanted {
        name: AccountName::parse(&configured.name)?,
        secret: &configured.secret,
        shared_token: token_hash(&configured.reference_token()),
        same_device: None,
    })
}

fn has_duplicates(wanted: &[Wanted<'_>]) -> bool {
    let mut keys: Vec<&str> = wanted.iter().map(|wanted| wanted.name.key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair.first() == pair.last())
}

fn configured_names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT name_key FROM accounts WHERE configured")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn has_device(connection: &Connection, account_id: i64, id: i64) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM devices WHERE account_id = ? AND id = ?)",
        [account_id, id],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::TestRegistry;
    use super::*;

    /// What the reference server gives for `u:p` (`transport` 5.1).
    const U_P: &str = "26aef033203fc3655de5620300a76ee0e2081444";

    fn plain(name: &str, password: &str) -> ConfiguredAccount {
        ConfiguredAccount { name: name.to_owned(), secret: Secret::Plain(password.to_owned()) }
    }

    fn hashed(name: &str, phc: &str) -> ConfiguredAccount {
        ConfiguredAccount { name: name.to_owned(), secret: Secret::Hashed(phc.to_owned()) }
    }

    fn configured(accounts: &[ConfiguredAccount]) -> TestRegistry {
        let test = TestRegistry::new();
        test.registry.set_configured_accounts(accounts).unwrap();
        test
    }

    #[test]
    fn clients_of_the_reference_server_stay_logged_in() {
        let test = configured(&[plain("u", "p"), plain("v", "p")]);
        let identity = test.registry.authenticate(U_P).unwrap().unwrap();
        assert_eq!(identity.account.name, "u");
        assert!(identity.account.configured && identity.device.shared);
    }

    #[test]
    fn a_new_login_gets_a_token_of_its_own() {
        let test = configured(&[plain("u", "p")]);
        let token = test.token(" U ", "p");
        assert_ne!(token, U_P);
        assert_eq!(test.who(&token).as_deref(), Some("u"));
        assert!(test.login("u", "q").is_err());
    }

    #[test]
    fn the_folder_of_the_reference_server_is_taken_as_it_is() {
        let test = TestRegistry::new();
        std::fs::create_dir(test.dir.path().join("my user")).unwrap();
        test.registry.set_configured_accounts(&[plain("my user", "p")]).unwrap();
        assert_eq!(test.registry.account("my user").unwrap().unwrap().folder, "my user");
    }

    #[test]
    fn a_restart_with_the_same_environment_changes_nothing() {
        let test = configured(&[plain("u", "p")]);
        let token = test.token("u", "p");
        let (accounts, devices) =
            (test.registry.accounts().unwrap(), test.registry.devices(None).unwrap());
        test.registry.set_configured_accounts(&[plain("u", "p")]).unwrap();
        assert_eq!(test.registry.accounts().unwrap(), accounts);
        assert_eq!(test.registry.devices(None).unwrap(), devices);
        assert!(test.who(&token).is_some() && test.who(U_P).is_some());
    }

    #[test]
    fn a_changed_secret_ends_only_the_devices_of_that_account() {
        let test = configured(&[plain("u", "p"), plain("v", "p")]);
        let (u, v) = (test.token("u", "p"), test.token("v", "p"));
        test.registry.set_configured_accounts(&[plain("u", "new"), plain("v", "p")]).unwrap();
        assert_eq!((test.who(&u), test.who(U_P)), (None, None));
        assert!(test.who(&v).is_some());
        assert!(test.login("u", "p").is_err());
        test.token("u", "new");
        assert!(test.who(&plain("u", "new").reference_token()).is_some());
    }

    #[test]
    fn an_account_that_is_not_configured_any_more_is_dormant_and_can_come_back() {
        let test = configured(&[plain("u", "p"), plain("v", "p")]);
        let token = test.token("u", "p");
        test.registry.set_configured_accounts(&[plain("v", "p")]).unwrap();
        let account = test.registry.account("u").unwrap().unwrap();
        assert!(account.dormant && !account.configured);
        assert_eq!((test.who(&token), test.who(U_P)), (None, None));
        assert!(test.login("u", "p").is_err());
        assert!(test.login("v", "p").is_ok());

        test.registry.set_configured_accounts(&[plain("u", "p")]).unwrap();
        assert!(test.who(&token).is_some() && test.who(U_P).is_some());
        test.token("u", "p");
        assert_eq!(test.registry.account("u").unwrap().unwrap().folder, account.folder);
    }

    #[test]
    fn a_dormant_account_becomes_an_ordinary_one_with_a_password() {
        let test = configured(&[plain("u", "p")]);
        test.registry.set_configured_accounts(&[]).unwrap();
        test.registry.set_password("u", "own").unwrap();
        assert_eq!(test.who(U_P), None);
        let token = test.token("u", "own");
        let account = test.registry.account("u").unwrap().unwrap();
        assert!(!account.dormant && !account.configured);

        test.registry.set_configured_accounts(&[plain("U", "p")]).unwrap();
        assert_eq!(test.who(&token), None, "the environment's password is a new password");
        assert!(test.login("u", "own").is_err());
        let again = test.registry.account("u").unwrap().unwrap();
        assert_eq!((again.id, again.name.as_str(), again.configured), (account.id, "U", true));
    }

    #[test]
    fn a_dormant_account_that_was_renamed_does_not_stand_in_the_way() {
        let test = configured(&[plain("u", "p")]);
        test.registry.set_configured_accounts(&[]).unwrap();
        test.registry.rename_account("u", "old").unwrap();
        test.registry.set_configured_accounts(&[plain("u", "p")]).unwrap();
        assert_eq!(test.who(U_P).as_deref(), Some("u"));
        let folder = |name| test.registry.account(name).unwrap().unwrap().folder;
        assert_ne!(folder("u"), folder("old"));
    }

    #[test]
    fn the_shared_token_can_be_ended_for_good() {
        let test = configured(&[plain("u", "p")]);
        let token = test.token("u", "p");
        let devices = test.registry.devices(Some("u")).unwrap();
        let shared = devices.iter().find(|device| device.shared).unwrap();
        test.registry.revoke_device(shared.id).unwrap();
        test.registry.set_configured_accounts(&[plain("u", "p")]).unwrap();
        assert_eq!(test.who(U_P), None);
        assert!(test.who(&token).is_some());
        assert_eq!(test.registry.devices(Some("u")).unwrap().len(), 1);
        let again = test.registry.revoke_device(shared.id);
        assert!(matches!(again, Err(RegistryError::NoSuchDevice)));
    }

    #[test]
    fn the_shared_device_keeps_its_name_and_tells_where_it_was_last_seen() {
        let test = configured(&[plain("u", "p")]);
        let seen = || test.registry.authenticate(U_P).unwrap().unwrap().device;
        let (before, peer) = (seen(), "192.0.2.9".parse().unwrap());
        assert_eq!((before.address, before.last_seen_ms), (None, None));
        test.registry.note_seen(&before, "26.09.3,0,linux", peer, None, 1).unwrap();
        let after = seen();
        assert_eq!(after.name, before.name);
        assert_eq!((after.address, after.last_seen_ms), (Some(peer), Some(1)));
        assert_eq!(after.client_version, "26.09.3");
    }

    #[test]
    fn hashed_secrets_are_checked_and_make_the_token() {
        // Made with Python's `hashlib.pbkdf2_hmac`.
        let phc = "$pbkdf2-sha256$i=1000,l=32$c2l4dGVlbiBieXRlIHNhbA$\
                   9KmCsxDtbV6Lhg4Z9JvrvqVbweBcUKjPKgCqYvxMGOc";
        let argon2 = passwords::hash("q", passwords::PasswordCost::TEST).unwrap();
        let test = configured(&[hashed("u", phc), hashed("v", &argon2)]);
        test.token("u", "pä:ss");
        test.token("v", "q");
        for (name, password) in [("u", "q"), ("u", phc), ("v", "p"), ("v", &argon2), ("w", "p")] {
            assert!(test.login(name, password).is_err(), "{name}");
        }
        assert!(test.who(&hashed("u", phc).reference_token()).is_some());
    }

    #[test]
    fn what_the_environment_sets_is_not_changed_here() {
        let test = configured(&[plain("u", "p")]);
        let registry = &test.registry;
        registry.add_account("own", "p").unwrap();
        let refused = |result| matches!(result, Err(RegistryError::Configured));
        assert!(refused(registry.add_account("U", "q").map(drop)));
        assert!(refused(registry.set_password("u", "q")));
        assert!(refused(registry.remove_account("u")));
        assert!(refused(registry.rename_account("u", "x").map(drop)));
        let taken = registry.rename_account("own", "u");
        assert!(matches!(taken, Err(RegistryError::AccountExists)));
        assert!(test.who(U_P).is_some());
    }

    #[test]
    fn an_environment_that_makes_no_sense_changes_nothing() {
        let test = configured(&[plain("u", "p")]);
        let set = |accounts: &[ConfiguredAccount]| test.registry.set_configured_accounts(accounts);
        let twice = set(&[plain("a", "p"), plain("b", "p"), plain(" A", "p")]);
        assert!(matches!(twice, Err(RegistryError::ConfiguredTwice)));
        let hash = set(&[plain("a", "p"), hashed("b", "hunter2")]);
        assert!(matches!(hash, Err(RegistryError::ConfiguredHash)));
        assert!(matches!(set(&[plain(" ", "p")]), Err(RegistryError::BadName)));
        assert_eq!(test.registry.accounts().unwrap().len(), 1);
        assert!(test.who(U_P).is_some());
    }
}
