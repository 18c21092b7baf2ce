//! Devices: listed, noted as seen, ended.

use std::net::IpAddr;

use deckport_wire::ClientVersion;
use rusqlite::{Connection, Row, params};

use super::names::person_name;
use super::tokens::TokenHash;
use super::{Device, Registry, RegistryError};

/// A device is not noted again within this time unless something else about it changed.
const NOTE_EVERY_MS: i64 = 60_000;
/// Longest name of a host that is kept, with the port: names have at most 253 characters.
const MAX_HOST_CHARACTERS: usize = 260;
/// Longest part of a client's version text that is kept, in characters.
const MAX_VERSION_CHARACTERS: usize = 40;
/// Name of the device that stands for all with the reference server's token.
const SHARED_NAME: &str = "devices of the reference server";

/// What [`device_from_row`] reads, of the table `devices` under the name `d`.
pub(super) const DEVICE_COLUMNS: &str = "d.id, d.account_id, d.name, d.client_version, d.platform, \
                              d.address, d.created_ms, d.last_seen_ms, d.shared, d.host";

impl Registry {
    /// The devices of one account or of all, by account and age.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchAccount`], or a failure of the disk.
    pub fn devices(&self, account: Option<&str>) -> Result<Vec<Device>, RegistryError> {
        let account_id = match account {
            None => None,
            Some(name) => Some(self.account(name)?.ok_or(RegistryError::NoSuchAccount)?.id),
        };
        self.database.read(|connection| {
            let sql = format!(
                "SELECT {DEVICE_COLUMNS} FROM devices d JOIN accounts a ON a.id = d.account_id
                 WHERE NOT d.revoked AND (?1 IS NULL OR d.account_id = ?1)
                 ORDER BY a.name_key, d.id"
            );
            connection
                .prepare_cached(&sql)?
                .query_map([account_id], |row| device_from_row(row, 0))?
                .collect()
        })
    }

    /// Ends one device: its token is no longer accepted. Ending the shared device of a
    /// configured account ends the reference server's token for as long as the secret is the
    /// same.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchDevice`], or a failure of the disk.
    pub fn revoke_device(&self, id: i64) -> Result<(), RegistryError> {
        self.database.write(|connection| {
            let deleted =
                connection.execute("DELETE FROM devices WHERE id = ? AND NOT shared", [id])?;
            let ended = connection.execute(
                "UPDATE devices SET revoked = 1 WHERE id = ? AND shared AND NOT revoked",
                [id],
            )?;
            if deleted + ended == 0 { Err(RegistryError::NoSuchDevice) } else { Ok(()) }
        })
    }

    /// Gives a device a name, which it keeps whatever its client calls itself.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchDevice`], [`RegistryError::BadName`], or a failure of the disk.
    pub fn rename_device(&self, id: i64, name: &str) -> Result<(), RegistryError> {
        let name = person_name(name)?;
        self.database.write(|connection| {
            let sql = "UPDATE devices SET name = ?, named = 1 WHERE id = ? AND NOT revoked";
            match connection.execute(sql, params![name, id])? {
                0 => Err(RegistryError::NoSuchDevice),
                _ => Ok(()),
            }
        })
    }

    /// Notes that a device was seen: when, where, under which `Host` it came, and with which client
    /// version (as sent; empty keeps what is known). Cheap: at most once a minute, without waiting for the disk, and not
    /// at all while someone else is writing.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn note_seen(
        &self,
        known: &Device,
        client_version: &str,
        peer: IpAddr,
        host: Option<&str>,
        now_ms: i64,
    ) -> Result<(), RegistryError> {
        let seen = describe(client_version).or_known(known);
        let address = peer.to_canonical();
        let host = host.and_then(clean_host).or_else(|| known.host.clone());
        let recent = known
            .last_seen_ms
            .is_some_and(|last| (last..last.saturating_add(NOTE_EVERY_MS)).contains(&now_ms));
        if recent && known.address == Some(address) && known.host == host && seen.is_of(known) {
            return Ok(());
        }
        let noted = self.database.note(
            "UPDATE devices SET name = iif(named, name, ?), client_version = ?, platform = ?, address = ?,
                 host = ?, last_seen_ms = ? WHERE id = ?",
            params![
                seen.name,
                seen.client_version,
                seen.platform,
                address.to_string(),
                host,
                now_ms,
                known.id
            ],
        );
        match noted {
            Err(RegistryError::Busy(_)) => Ok(()),
            other => other,
        }
    }
}

/// What a client's version text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    name: String,
    client_version: String,
    platform: String,
}

impl Description {
    /// What is known already where the client says nothing; the shared device keeps its name.
    fn or_known(mut self, known: &Device) -> Description {
        if self.client_version.is_empty() {
            self.client_version.clone_from(&known.client_version);
            self.platform.clone_from(&known.platform);
            self.name.clone_from(&known.name);
        } else if known.shared {
            self.name.clone_from(&known.name);
        }
        self
    }

    fn is_of(&self, device: &Device) -> bool {
        self.client_version == device.client_version && self.platform == device.platform
    }
}

/// Reads a client's version text (`transport` 3.1, `collection-sync` 2). It is shown to people,
/// so only harmless characters are kept.
pub(super) fn describe(client_version: &str) -> Description {
    let ClientVersion { version, platform } = ClientVersion::parse(client_version);
    let clean = |text: &str| -> String {
        let harmless = |c: &char| c.is_ascii_graphic() || *c == ' ';
        text.chars().filter(harmless).take(MAX_VERSION_CHARACTERS).collect()
    };
    let (client_version, platform) = (clean(&version), clean(&platform));
    let mut name = if client_version.is_empty() {
        "unknown client".to_owned()
    } else {
        format!("Anki {client_version}")
    };
    if !platform.is_empty() {
        name.push_str(" on ");
        name.push_str(&platform);
    }
    Description { name, client_version, platform }
}

/// A `Host` as it is shown to people: in lower case; `None` for what no client sends.
fn clean_host(host: &str) -> Option<String> {
    let is_harmless = host.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = !host.is_empty() && host.len() <= MAX_HOST_CHARACTERS;
    (is_harmless && fits).then(|| host.to_ascii_lowercase())
}

/// Adds a device that just logged in.
pub(super) fn insert_device(
    connection: &Connection,
    account_id: i64,
    token: &TokenHash,
    description: Description,
    peer: IpAddr,
    now_ms: i64,
) -> rusqlite::Result<Device> {
    let Description { name, client_version, platform } = description;
    let address = peer.to_canonical();
    connection.execute(
        "INSERT INTO devices (account_id, token_hash, name, client_version, platform, address,
             created_ms, last_seen_ms, shared, revoked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
        params![
            account_id,
            token,
            name,
            client_version,
            platform,
            address.to_string(),
            now_ms,
            now_ms
        ],
    )?;
    Ok(Device {
        id: connection.last_insert_rowid(),
        account_id,
        name,
        client_version,
        platform,
        address: Some(address),
        host: None,
        created_ms: now_ms,
        last_seen_ms: Some(now_ms),
        shared: false,
    })
}

/// Gives a device that just logged in the name that a person chose, or that name and a number when
/// the account already has one of that name.
pub(super) fn name_device(
    connection: &Connection,
    device: Device,
    wish: &str,
) -> rusqlite::Result<Device> {
    let sql = "SELECT EXISTS (SELECT 1 FROM devices
               WHERE account_id = ? AND name = ? AND id <> ? AND NOT revoked)";
    let is_taken = |name: &str| -> rusqlite::Result<bool> {
        let key = params![device.account_id, name, device.id];
        connection.prepare_cached(sql)?.query_row(key, |row| row.get(0))
    };
    let (mut name, mut number) = (wish.to_owned(), 1);
    while is_taken(&name)? {
        number += 1;
        name = format!("{wish} {number}");
    }
    let named = "UPDATE devices SET name = ?, named = 1 WHERE id = ?";
    connection.execute(named, params![name, device.id])?;
    Ok(Device { name, ..device })
}

/// Adds the device that stands for all with the reference server's token; returns its number.
pub(super) fn insert_shared_device(
    connection: &Connection,
    account_id: i64,
    shared_token: &str,
    now_ms: i64,
) -> rusqlite::Result<i64> {
    connection.execute(
        "INSERT INTO devices (account_id, shared_token, name, client_version, platform, created_ms,
             shared, revoked) VALUES (?, ?, ?, '', '', ?, 1, 0)",
        params![account_id, shared_token, SHARED_NAME, now_ms],
    )?;
    Ok(connection.last_insert_rowid())
}

/// Reads [`DEVICE_COLUMNS`] that start at column `first`.
pub(super) fn device_from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Device> {
    let address: Option<String> = row.get(first + 5)?;
    Ok(Device {
        id: row.get(first)?,
        account_id: row.get(first + 1)?,
        name: row.get(first + 2)?,
        client_version: row.get(first + 3)?,
        platform: row.get(first + 4)?,
        address: address.and_then(|text| text.parse().ok()),
        created_ms: row.get(first + 6)?,
        last_seen_ms: row.get(first + 7)?,
        shared: row.get(first + 8)?,
        host: row.get(first + 9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Identity;
    use super::super::testing::{NOW_MS, TestRegistry};
    use super::*;

    const VERSION: &str = "26.09.3,29bb700b,linux";

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// A registry with one device; gives its number.
    fn with_device() -> (TestRegistry, i64) {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "p").unwrap();
        let id = test.login("alice", "p").unwrap().device.id;
        (test, id)
    }

    #[test]
    fn a_chosen_name_stays_and_is_given_once() {
        let (test, id) = with_device();
        test.registry.rename_device(id, " Anna's phone ").unwrap();
        let device = only_device(&test);
        assert_eq!(device.name, "Anna's phone");
        test.registry.note_seen(&device, "27.01,x,linux", peer(9), None, NOW_MS + 1).unwrap();
        let seen = only_device(&test);
        assert_eq!((&*seen.name, &*seen.client_version), ("Anna's phone", "27.01"));
        let missing = test.registry.rename_device(id + 1, "x");
        assert!(matches!(missing, Err(RegistryError::NoSuchDevice)));
        assert!(matches!(test.registry.rename_device(id, " "), Err(RegistryError::BadName)));
    }

    fn only_device(test: &TestRegistry) -> Device {
        let devices = test.registry.devices(None).unwrap();
        assert_eq!(devices.len(), 1);
        devices.into_iter().next().unwrap()
    }

    #[test]
    fn a_token_finds_its_account_and_device() {
        let test = TestRegistry::new();
        let account = test.registry.add_account("alice", "p").unwrap();
        let login = test.login("alice", "p").unwrap();
        let identity = test.registry.authenticate(&login.token).unwrap().unwrap();
        assert_eq!(identity, Identity { account, device: login.device });
    }

    #[test]
    fn an_unknown_token_finds_nothing() {
        let (test, _) = with_device();
        let stored: String = test
            .registry
            .database
            .read(|c| c.query_row("SELECT lower(hex(token_hash)) FROM devices", [], |r| r.get(0)))
            .unwrap();
        for token in ["", "0", &"0".repeat(64), &"x".repeat(100_000), &stored] {
            assert_eq!(test.who(token), None);
        }
    }

    #[test]
    fn revoking_ends_exactly_that_device() {
        let (test, _) = with_device();
        test.registry.add_account("bob", "p").unwrap();
        let (first, second) = (test.login("bob", "p").unwrap(), test.login("bob", "p").unwrap());
        test.registry.revoke_device(first.device.id).unwrap();
        assert_eq!(test.who(&first.token), None);
        assert_eq!(test.who(&second.token).as_deref(), Some("bob"));
        assert_eq!(test.registry.devices(None).unwrap().len(), 2);
        let again = test.registry.revoke_device(first.device.id);
        assert!(matches!(again, Err(RegistryError::NoSuchDevice)));
        let next = test.login("bob", "p").unwrap();
        assert!(next.device.id > second.device.id, "numbers are not used again");
    }

    #[test]
    fn devices_are_listed_for_one_account_or_all() {
        let (test, id) = with_device();
        test.registry.add_account("Abel", "p").unwrap();
        let abel = test.login("abel", "p").unwrap().device;
        let of_abel = test.registry.devices(Some("ABEL")).unwrap();
        assert_eq!(of_abel.iter().collect::<Vec<_>>(), [&abel]);
        let ids: Vec<i64> =
            test.registry.devices(None).unwrap().iter().map(|device| device.id).collect();
        assert_eq!(ids, [abel.id, id], "by account name");
    }

    #[test]
    fn a_device_is_noted_at_most_once_a_minute() {
        let (test, _) = with_device();
        let note = |now_ms| {
            test.registry.note_seen(&only_device(&test), VERSION, peer(7), None, now_ms).unwrap();
            only_device(&test).last_seen_ms
        };
        assert_eq!(note(NOW_MS + 59_999), Some(NOW_MS));
        assert_eq!(note(NOW_MS + 60_000), Some(NOW_MS + 60_000));
        assert_eq!(note(NOW_MS), Some(NOW_MS), "a clock that was set back");
    }

    #[test]
    fn a_new_address_or_version_is_noted_at_once() {
        let (test, _) = with_device();
        let note = |version, peer, now_ms| {
            test.registry.note_seen(&only_device(&test), version, peer, None, now_ms).unwrap();
        };
        note(VERSION, peer(8), NOW_MS + 1);
        assert_eq!(only_device(&test).address, Some(peer(8)));
        note("26.10,0,macos", peer(8), NOW_MS + 2);
        let device = only_device(&test);
        assert_eq!(device.name, "Anki 26.10 on macos");
        assert_eq!((device.client_version.as_str(), device.platform.as_str()), ("26.10", "macos"));
        note("", peer(9), NOW_MS + 3);
        let device = only_device(&test);
        assert_eq!((device.name.as_str(), device.address), ("Anki 26.10 on macos", Some(peer(9))));
    }

    #[test]
    fn the_name_under_which_a_device_came_is_noted_at_once_and_stays_where_it_says_none() {
        let (test, _) = with_device();
        let note = |host, now_ms| {
            let device = only_device(&test);
            test.registry.note_seen(&device, VERSION, peer(7), host, now_ms).unwrap();
            only_device(&test).host
        };
        let name = Some("deckport-7f3k.local:27701".to_owned());
        let long = "a".repeat(261);
        assert_eq!(note(Some("Deckport-7F3K.local:27701"), NOW_MS + 1), name);
        assert_eq!(note(None, NOW_MS + 60_001), name);
        for unfit in ["", "a b", "a\u{1b}[31m", "\u{e9}", &long] {
            assert_eq!(note(Some(unfit), NOW_MS + 120_002), name);
        }
        assert_eq!(note(Some("10.0.0.3:27701"), NOW_MS + 2), Some("10.0.0.3:27701".to_owned()));
    }

    #[test]
    fn noting_never_waits_and_never_fails_a_request() {
        let (test, id) = with_device();
        let device = only_device(&test);
        let busy = test
            .registry
            .database
            .write(|_| test.registry.note_seen(&device, VERSION, peer(9), None, NOW_MS + 1));
        busy.unwrap();
        assert_eq!(only_device(&test).address, Some(peer(7)), "someone else was writing");
        let gone = Device { id: id + 1, ..device };
        test.registry.note_seen(&gone, VERSION, peer(9), None, NOW_MS).unwrap();
    }

    #[test]
    fn a_device_has_a_name_for_people() {
        let name = |text: &str| describe(text).name;
        assert_eq!(name(VERSION), "Anki 26.09.3 on linux");
        assert_eq!(name("anki,26.09.3 (29bb700b),linux"), "Anki 26.09.3 on linux");
        assert_eq!(name("2.1.58"), "Anki 2.1.58");
        assert_eq!(name(""), "unknown client");
        assert_eq!(name("1\u{1b}[31m\u{202e}\n,x,lin\0ux"), "Anki 1[31m on linux");
        assert!(name(&format!("{0},x,{0}", "1".repeat(4000))).len() < 100);
    }
}
