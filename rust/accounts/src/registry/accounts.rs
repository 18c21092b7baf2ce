//! Adding, removing, renaming and listing accounts.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::names::AccountName;
use super::{Account, Registry, RegistryError, folder_names, passwords};

/// What [`account_from_row`] reads, of the table `accounts` under the name `a`.
pub(super) const ACCOUNT_COLUMNS: &str =
    "a.id, a.name, a.folder, a.configured, a.password_hash IS NULL";
/// How many those are.
pub(super) const ACCOUNT_COLUMN_COUNT: usize = 5;

impl Registry {
    /// Adds an account. It gets the folder that an account of this name had before, or one made
    /// by the reference server, or a new name.
    ///
    /// # Errors
    /// [`RegistryError::BadName`], [`RegistryError::BadPassword`],
    /// [`RegistryError::AccountExists`], [`RegistryError::Configured`], or a failure of the disk.
    pub fn add_account(&self, name: &str, password: &str) -> Result<Account, RegistryError> {
        let name = AccountName::parse(name)?;
        passwords::check_new(password)?;
        let hash = passwords::hash(password, self.cost)?;
        self.database.write(|connection| {
            if let Some(existing) = find(connection, &name)? {
                return Err(match existing.configured {
                    true => RegistryError::Configured,
                    false => RegistryError::AccountExists,
                });
            }
            self.insert_account(connection, &name, &hash, false)
        })
    }

    /// Removes an account and ends its devices. Its folder stays, and an account added later
    /// under this name finds it again.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchAccount`], [`RegistryError::Configured`], or a failure of the disk.
    pub fn remove_account(&self, name: &str) -> Result<(), RegistryError> {
        let name = AccountName::lookup(name);
        self.database.write(|connection| {
            let account = find_own(connection, &name)?;
            connection.execute(
                "INSERT INTO former_accounts (folder, name_key, removed_ms) VALUES (?, ?, ?)",
                params![account.folder, name.key, self.clock.now_ms()],
            )?;
            // Its devices go with it: ON DELETE CASCADE.
            connection.execute("DELETE FROM accounts WHERE id = ?", [account.id])?;
            Ok(())
        })
    }

    /// Renames an account. Folder, password and devices stay; the reference server's token, which
    /// is made from the name, does not.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchAccount`], [`RegistryError::AccountExists`],
    /// [`RegistryError::BadName`], [`RegistryError::Configured`], or a failure of the disk.
    pub fn rename_account(&self, old: &str, new: &str) -> Result<Account, RegistryError> {
        let old = AccountName::lookup(old);
        let new = AccountName::parse(new)?;
        self.database.write(|connection| {
            let account = find_own(connection, &old)?;
            if find(connection, &new)?.is_some_and(|other| other.id != account.id) {
                return Err(RegistryError::AccountExists);
            }
            connection.execute(
                "UPDATE accounts SET name = ?, name_key = ? WHERE id = ?",
                params![new.display, new.key, account.id],
            )?;
            connection
                .execute("DELETE FROM devices WHERE account_id = ? AND shared", [account.id])?;
            Ok(Account { name: new.display, ..account })
        })
    }

    /// Sets an account's password and ends its devices, but no other account's.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchAccount`], [`RegistryError::BadPassword`],
    /// [`RegistryError::Configured`], or a failure of the disk.
    pub fn set_password(&self, name: &str, password: &str) -> Result<(), RegistryError> {
        let name = AccountName::lookup(name);
        passwords::check_new(password)?;
        let hash = passwords::hash(password, self.cost)?;
        self.database.write(|connection| {
            let account = find_own(connection, &name)?;
            connection.execute(
                "UPDATE accounts SET password_hash = ? WHERE id = ?",
                params![hash, account.id],
            )?;
            connection.execute("DELETE FROM devices WHERE account_id = ?", [account.id])?;
            Ok(())
        })
    }

    /// All accounts, sorted by name.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn accounts(&self) -> Result<Vec<Account>, RegistryError> {
        self.database.read(|connection| {
            let sql = format!("SELECT {ACCOUNT_COLUMNS} FROM accounts a ORDER BY a.name_key");
            connection.prepare_cached(&sql)?.query_map([], account_from_row)?.collect()
        })
    }

    /// The account of that name.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn account(&self, name: &str) -> Result<Option<Account>, RegistryError> {
        let name = AccountName::lookup(name);
        self.database.read(|connection| find(connection, &name))
    }

    /// Adds the row of a new account and chooses its folder.
    pub(super) fn insert_account(
        &self,
        connection: &Connection,
        name: &AccountName,
        password_hash: &str,
        configured: bool,
    ) -> Result<Account, RegistryError> {
        let folder = match take_back_folder(connection, name)? {
            Some(folder) => folder,
            None => folder_names::choose(&self.data_dir, &name.display, |folder| {
                is_taken(connection, folder).map_err(RegistryError::from)
            })?,
        };
        connection.execute(
            "INSERT INTO accounts (name, name_key, folder, password_hash, configured, created_ms)
             VALUES (?, ?, ?, ?, ?, ?)",
            params![name.display, name.key, folder, password_hash, configured, self.clock.now_ms()],
        )?;
        Ok(Account {
            id: connection.last_insert_rowid(),
            name: name.display.clone(),
            folder,
            configured,
            dormant: false,
        })
    }
}

/// The account of that name.
pub(super) fn find(
    connection: &Connection,
    name: &AccountName,
) -> rusqlite::Result<Option<Account>> {
    let sql = format!("SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.name_key = ?");
    connection.prepare_cached(&sql)?.query_row([&name.key], account_from_row).optional()
}

/// The account of that number.
pub(super) fn of_id(connection: &Connection, id: i64) -> rusqlite::Result<Option<Account>> {
    let sql = format!("SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.id = ?");
    connection.prepare_cached(&sql)?.query_row([id], account_from_row).optional()
}

/// The account of that name, for changing it: accounts from the environment are not ours to change.
fn find_own(connection: &Connection, name: &AccountName) -> Result<Account, RegistryError> {
    match find(connection, name)? {
        None => Err(RegistryError::NoSuchAccount),
        Some(account) if account.configured => Err(RegistryError::Configured),
        Some(account) => Ok(account),
    }
}

/// The folder of the account of that name that was removed last.
fn take_back_folder(
    connection: &Connection,
    name: &AccountName,
) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "DELETE FROM former_accounts WHERE rowid =
                 (SELECT rowid FROM former_accounts WHERE name_key = ?
                  ORDER BY removed_ms DESC, rowid DESC LIMIT 1)
             RETURNING folder",
            [&name.key],
            |row| row.get(0),
        )
        .optional()
}

/// Whether a folder belongs to an account, or to a removed one that may come back.
fn is_taken(connection: &Connection, folder: &str) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE folder = ?1)
             OR EXISTS (SELECT 1 FROM former_accounts WHERE folder = ?1)",
        [folder],
        |row| row.get(0),
    )
}

/// Reads [`ACCOUNT_COLUMNS`] from the start of a row.
pub(super) fn account_from_row(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        name: row.get(1)?,
        folder: row.get(2)?,
        configured: row.get(3)?,
        dormant: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::testing::TestRegistry;
    use super::*;

    #[test]
    fn an_added_account_is_found_in_any_case_and_listed_by_name() {
        let test = TestRegistry::new();
        let bob = test.registry.add_account(" Bob ", "p").unwrap();
        test.registry.add_account("alice", "p").unwrap();
        assert_eq!((bob.name.as_str(), bob.folder.as_str()), ("Bob", "Bob"));
        assert!(!bob.configured && !bob.dormant);
        assert_eq!(test.registry.account("BOB  ").unwrap(), Some(bob));
        assert_eq!(test.registry.account("carol").unwrap(), None);
        let names: Vec<String> =
            test.registry.accounts().unwrap().into_iter().map(|account| account.name).collect();
        assert_eq!(names, ["alice", "Bob"]);
    }

    #[test]
    fn a_name_is_given_once_only() {
        let test = TestRegistry::new();
        test.registry.add_account("Bob", "p").unwrap();
        let again = test.registry.add_account("bOB", "q").unwrap_err();
        assert!(matches!(again, RegistryError::AccountExists));
        test.token("bob", "p");
    }

    #[test]
    fn a_removed_account_is_gone_and_comes_back_to_its_folder() {
        let test = TestRegistry::new();
        let first = test.registry.add_account("alice", "p").unwrap();
        let token = test.token("alice", "p");
        test.registry.rename_account("alice", "bob").unwrap();
        fs::create_dir(test.dir.path().join(&first.folder)).unwrap();
        test.registry.remove_account("Bob").unwrap();
        assert!(test.registry.accounts().unwrap().is_empty());
        assert_eq!(test.who(&token), None);
        assert!(test.login("bob", "p").is_err());

        // The folder has the name of an account that never had it.
        let alice = test.registry.add_account("alice", "p").unwrap();
        assert_eq!(alice.folder, "alice~2");
        let bob = test.registry.add_account("bob", "p").unwrap();
        assert_eq!(bob.folder, "alice");
        assert_ne!(bob.id, first.id);
        assert_eq!(test.who(&token), None, "the old device does not come back");
    }

    #[test]
    fn of_two_removed_accounts_of_a_name_the_last_one_comes_back_first() {
        let test = TestRegistry::new();
        let registry = &test.registry;
        for (name, folder) in [("x", "x"), ("y", "y")] {
            assert_eq!(registry.add_account(name, "p").unwrap().folder, folder);
            if name == "y" {
                registry.rename_account("y", "x").unwrap();
            }
            registry.remove_account("x").unwrap();
        }
        assert_eq!(registry.add_account("x", "p").unwrap().folder, "y");
        registry.remove_account("x").unwrap();
        assert_eq!(registry.add_account("x", "p").unwrap().folder, "y");
        registry.rename_account("x", "z").unwrap();
        assert_eq!(registry.add_account("x", "p").unwrap().folder, "x");
    }

    #[test]
    fn a_renamed_account_keeps_folder_password_and_devices() {
        let test = TestRegistry::new();
        let old = test.registry.add_account("alice", "p").unwrap();
        let token = test.token("alice", "p");
        let new = test.registry.rename_account("ALICE", "Bob").unwrap();
        assert_eq!((new.id, new.name.as_str(), &new.folder), (old.id, "Bob", &old.folder));
        assert_eq!(test.who(&token).as_deref(), Some("Bob"));
        test.token("bob", "p");
        assert!(test.login("alice", "p").is_err());
        assert_eq!(test.registry.rename_account("bob", "BOB").unwrap().name, "BOB");

        test.registry.add_account("carol", "p").unwrap();
        let refused = test.registry.rename_account("carol", "bob").unwrap_err();
        assert!(matches!(refused, RegistryError::AccountExists));
    }

    #[test]
    fn a_new_password_ends_only_the_devices_of_that_account() {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "p").unwrap();
        test.registry.add_account("bob", "p").unwrap();
        let (alice, bob) = (test.token("alice", "p"), test.token("bob", "p"));
        test.registry.set_password("Alice", "new").unwrap();
        assert_eq!(test.who(&alice), None);
        assert_eq!(test.who(&bob).as_deref(), Some("bob"));
        assert!(test.login("alice", "p").is_err());
        test.token("alice", "new");
    }

    #[test]
    fn what_does_not_exist_cannot_be_changed() {
        let test = TestRegistry::new();
        let registry = &test.registry;
        let missing = |result| matches!(result, Err(RegistryError::NoSuchAccount));
        assert!(missing(registry.remove_account("x")));
        assert!(missing(registry.set_password("x", "p")));
        assert!(missing(registry.rename_account("x", "y").map(drop)));
        assert!(missing(registry.devices(Some("x")).map(drop)));
    }

    #[test]
    fn a_change_by_another_process_counts_from_the_next_request() {
        let test = TestRegistry::new();
        let other = test.another();
        test.registry.add_account("alice", "p").unwrap();
        let tokens = [(); 3].map(|()| test.token("alice", "p"));
        let known = || tokens.each_ref().map(|token| test.who(token).is_some());
        assert_eq!(known(), [true; 3]);

        other.revoke_device(other.devices(Some("alice")).unwrap()[1].id).unwrap();
        assert_eq!(known(), [true, false, true]);
        other.rename_account("alice", "bob").unwrap();
        assert_eq!(test.who(&tokens[0]).as_deref(), Some("bob"));
        other.set_password("bob", "new").unwrap();
        assert_eq!(known(), [false; 3]);
        let token = test.token("bob", "new");
        other.remove_account("bob").unwrap();
        assert_eq!(test.who(&token), None);
        other.add_account("carol", "p").unwrap();
        test.token("carol", "p");
    }

    #[test]
    fn everything_is_there_after_a_restart() {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "p").unwrap();
        let token = test.token("alice", "p");
        let TestRegistry { registry, clock, dir } = test;
        drop(registry);
        let again = Registry::open(dir.path(), clock).unwrap();
        assert_eq!(again.authenticate(&token).unwrap().unwrap().account.name, "alice");
    }
}
