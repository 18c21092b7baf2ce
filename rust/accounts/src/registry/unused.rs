//! Devices that nobody has used for long: each login makes one, and no client tells when a person
//! logs out.

use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::devices::{DEVICE_COLUMNS, device_from_row};
use super::{Device, Registry, RegistryError};

/// The lifetime of a token that never ends.
pub(super) const FOR_EVER_MS: i64 = i64::MAX;
/// 2020: what a clock showed before was not the time. Small computers begin in 1970 until somebody
/// tells them.
const FIRST_PLAUSIBLE_MS: i64 = 1_577_836_800_000;

impl Registry {
    /// From now on tokens end that were not used for so long; `None`: never. Used tokens are
    /// noted about once a minute.
    pub fn set_token_lifetime(&self, lifetime: Option<Duration>) {
        let lifetime_ms = lifetime.map_or(FOR_EVER_MS, milliseconds);
        self.lifetime_ms.store(lifetime_ms, Ordering::Relaxed);
    }

    /// Ends the devices whose tokens have outlived [`Registry::set_token_lifetime`]. Logins do so,
    /// too.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn end_unused_devices(&self) -> Result<(), RegistryError> {
        self.database.write(|connection| self.end_unused_in(connection))
    }

    /// The same as a part of another change.
    pub(super) fn end_unused_in(&self, connection: &Connection) -> Result<(), RegistryError> {
        Ok(end(connection, &self.unused_times())?)
    }

    /// Ends the devices that were not used for so long, and gives them; a device that was never
    /// used counts from its login. Ending the shared device of a configured account ends the
    /// reference server's token for as long as the secret is the same.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn prune_devices(&self, unused: Duration) -> Result<Vec<Device>, RegistryError> {
        let times = i64::MIN..=self.clock.now_ms().saturating_sub(milliseconds(unused));
        self.database.write(|connection| {
            let sql = format!(
                "SELECT {DEVICE_COLUMNS} FROM devices d JOIN accounts a ON a.id = d.account_id
                 WHERE NOT d.revoked AND coalesce(d.last_seen_ms, d.created_ms) BETWEEN ? AND ?
                 ORDER BY a.name_key, d.id"
            );
            let devices = connection
                .prepare(&sql)?
                .query_map(params![times.start(), times.end()], |row| device_from_row(row, 0))?
                .collect::<rusqlite::Result<_>>()?;
            end(connection, &times)?;
            Ok(devices)
        })
    }

    /// Last uses, in Unix milliseconds, that have made a token end. Empty: none.
    pub(super) fn unused_times(&self) -> RangeInclusive<i64> {
        let lifetime_ms = self.lifetime_ms.load(Ordering::Relaxed);
        FIRST_PLAUSIBLE_MS..=self.clock.now_ms().saturating_sub(lifetime_ms)
    }
}

/// Ends the devices that were last used in these times.
fn end(connection: &Connection, times: &RangeInclusive<i64>) -> rusqlite::Result<()> {
    let times = params![times.start(), times.end()];
    connection.execute(
        "DELETE FROM devices
         WHERE NOT shared AND coalesce(last_seen_ms, created_ms) BETWEEN ? AND ?",
        times,
    )?;
    connection.execute(
        "UPDATE devices SET revoked = 1
         WHERE shared AND NOT revoked AND coalesce(last_seen_ms, created_ms) BETWEEN ? AND ?",
        times,
    )?;
    Ok(())
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(FOR_EVER_MS)
}

#[cfg(test)]
mod tests {
    use super::super::testing::TestRegistry;
    use super::super::{ConfiguredAccount, Secret};
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn with_account() -> TestRegistry {
        let test = TestRegistry::new();
        test.registry.add_account("alice", "p").unwrap();
        test
    }

    fn ids(test: &TestRegistry) -> Vec<i64> {
        test.registry.devices(None).unwrap().iter().map(|device| device.id).collect()
    }

    #[test]
    fn a_token_unused_for_its_lifetime_ends_and_its_row_goes_with_the_next_login() {
        let test = with_account();
        test.registry.set_token_lifetime(Some(365 * DAY));
        let (old, used) = (test.login("alice", "p").unwrap(), test.login("alice", "p").unwrap());
        test.clock.advance(200 * DAY);
        let seen_ms = test.registry.clock.now_ms();
        test.registry
            .note_seen(&used.device, "", "192.0.2.7".parse().unwrap(), None, seen_ms)
            .unwrap();
        test.clock.advance(165 * DAY - Duration::from_millis(1));
        assert!(test.who(&old.token).is_some());
        test.clock.advance(Duration::from_millis(1));
        assert_eq!(test.who(&old.token), None, "also while nobody logs in");
        assert!(test.who(&used.token).is_some());
        let new = test.login("alice", "p").unwrap();
        assert_eq!(ids(&test), [used.device.id, new.device.id]);
        test.clock.advance(366 * DAY);
        test.registry.end_unused_devices().unwrap();
        assert!(ids(&test).is_empty());
    }

    #[test]
    fn without_a_lifetime_nothing_ends_by_itself() {
        let test = with_account();
        let token = test.token("alice", "p");
        test.clock.advance(9_999 * DAY);
        test.registry.end_unused_devices().unwrap();
        assert!(test.who(&token).is_some());
    }

    #[test]
    fn a_clock_that_was_not_set_yet_ends_nothing() {
        let test = with_account();
        test.registry.set_token_lifetime(Some(365 * DAY));
        let login = test.login("alice", "p").unwrap();
        let at_boot = "192.0.2.7".parse().unwrap();
        test.registry.note_seen(&login.device, "", at_boot, None, 5_000).unwrap();
        test.registry.end_unused_devices().unwrap();
        assert!(test.who(&login.token).is_some());
    }

    #[test]
    fn pruning_ends_what_was_not_used_for_so_long_and_tells() {
        let test = with_account();
        let account =
            ConfiguredAccount { name: "u".to_owned(), secret: Secret::Plain("p".to_owned()) };
        test.registry.set_configured_accounts(std::slice::from_ref(&account)).unwrap();
        let (ghost, shared) = (test.login("alice", "p").unwrap(), account.reference_token());
        test.clock.advance(30 * DAY);
        let fresh = test.login("alice", "p").unwrap();
        assert_eq!(test.registry.prune_devices(31 * DAY).unwrap(), []);
        let ended = test.registry.prune_devices(30 * DAY).unwrap();
        let ended: Vec<(i64, bool)> = ended.iter().map(|d| (d.id, d.shared)).collect();
        assert_eq!(ended.len(), 2);
        assert!(ended.contains(&(ghost.device.id, false)));
        assert_eq!(ids(&test), [fresh.device.id]);
        assert_eq!((test.who(&ghost.token), test.who(&shared)), (None, None));
        assert!(test.who(&fresh.token).is_some());
    }
}
