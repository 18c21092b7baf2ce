//! Pairing windows: for a short time a device may log in with a password made for the occasion,
//! which is easy to type and worth nothing afterwards.
//!
//! Windows are kept in memory only, so a restart closes them. No timer runs: a window is looked at
//! when somebody logs in.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deckport_ground::clock::Clock;
use sha2::{Digest, Sha256};

use crate::new_password::generate_password;
use crate::registry::{Login, LoginError, Registry, RegistryError, new_token, person_name};

/// A window that was just opened. Its `Debug` form does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PairingWindow {
    /// What the person types as name (or "AnkiWeb ID", or "email").
    pub account: String,
    /// What the person types as password. Case, spaces and hyphens do not matter.
    pub password: String,
    /// When it closes, Unix milliseconds.
    pub closes_ms: i64,
}

impl std::fmt::Debug for PairingWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairingWindow")
            .field("account", &self.account)
            .field("closes_ms", &self.closes_ms)
            .finish_non_exhaustive()
    }
}

/// The open windows of an endpoint, at most one for each account.
#[derive(Debug, Default)]
pub struct Pairings {
    windows: Mutex<Vec<Window>>,
}

#[derive(Debug)]
struct Window {
    account_id: i64,
    /// SHA-256 of the password: comparing hashes tells nothing by its timing.
    password: [u8; 32],
    device_name: Option<String>,
    /// Both clocks must agree that it is open: one may be set, the other may stand still while a
    /// phone sleeps.
    closes: (Duration, i64),
}

/// A login that a window lets in.
#[derive(Debug, PartialEq, Eq)]
struct Admission {
    /// The name for the device.
    device_name: Option<String>,
}

impl Pairings {
    /// Opens a window for an account, which is made when there is none of that name: while it is open, a
    /// device can also log in with the window's password, and is called `device_name` from then
    /// on. An earlier window of the account closes. Blocks for a short time, that of a password
    /// hash where the account is made.
    ///
    /// # Errors
    /// [`RegistryError::BadName`], for the device's name too; [`RegistryError::Random`];
    /// [`RegistryError::Configured`] for a dormant account; or a failure of the disk.
    pub fn open_window(
        &self,
        registry: &Registry,
        account: &str,
        device_name: Option<&str>,
        stays_open: Duration,
    ) -> Result<PairingWindow, RegistryError> {
        let device_name = device_name.map(person_name).transpose()?;
        let account = match registry.account(account)? {
            Some(account) if account.dormant => return Err(RegistryError::Configured),
            Some(account) => account,
            // Only ever used by pairing: nobody knows its password.
            None => registry.add_account(account, &new_token()?)?,
        };
        let (password, closes_ms) =
            self.open(account.id, device_name, stays_open, &registry.clock)?;
        Ok(PairingWindow { account: account.name, password, closes_ms })
    }

    /// Closes an account's window, if there is one. Devices that logged in stay logged in.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn close_window(&self, registry: &Registry, account: &str) -> Result<(), RegistryError> {
        if let Some(account) = registry.account(account)? {
            self.close(account.id);
        }
        Ok(())
    }

    /// Logs in with the password of an open window, or like [`Registry::login`] with that of the
    /// account; returns whether it was a window's.
    ///
    /// # Errors
    /// As for [`Registry::login`].
    pub fn log_in(
        &self,
        registry: &Registry,
        name: &str,
        password: &str,
        client_version: &str,
        peer: IpAddr,
    ) -> Result<(Login, bool), LoginError> {
        // Without a window, nothing need be looked up.
        if self.is_any_open()
            && let Some(account) = registry.account(name)?
            && let Some(admission) = self.admit(account.id, password, &*registry.clock)
        {
            let device_name = admission.device_name.as_deref();
            let login = registry.login_paired(account.id, device_name, client_version, peer)?;
            return Ok((login, true));
        }
        registry.login(name, password, client_version, peer).map(|login| (login, false))
    }

    /// Opens a window for an account; an earlier one of the account closes. Returns the password
    /// and when it closes.
    fn open(
        &self,
        account_id: i64,
        device_name: Option<String>,
        stays_open: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<(String, i64), RegistryError> {
        let password = generate_password()?;
        let millis = i64::try_from(stays_open.as_millis()).unwrap_or(i64::MAX);
        let closes_ms = clock.now_ms().saturating_add(millis);
        let closes = (clock.monotonic().saturating_add(stays_open), closes_ms);
        let mut windows = self.lock();
        windows.retain(|window| window.account_id != account_id && window.is_open(&**clock));
        windows.push(Window { account_id, password: digest(&password), device_name, closes });
        Ok((password, closes_ms))
    }

    /// Closes the window of an account, if there is one.
    fn close(&self, account_id: i64) {
        self.lock().retain(|window| window.account_id != account_id);
    }

    /// Whether a login for the account is let in.
    fn admit(&self, account_id: i64, password: &str, clock: &dyn Clock) -> Option<Admission> {
        let password = digest(password);
        let mut windows = self.lock();
        windows.retain(|window| window.is_open(clock));
        let fits =
            |window: &&Window| window.account_id == account_id && window.password == password;
        let window = windows.iter().find(fits)?;
        Some(Admission { device_name: window.device_name.clone() })
    }

    /// Whether any window is open.
    fn is_any_open(&self) -> bool {
        !self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn is_open(&self, clock: &dyn Clock) -> bool {
        clock.monotonic() < self.closes.0 && clock.now_ms() < self.closes.1
    }
}

fn digest(password: &str) -> [u8; 32] {
    let is_meant = |c: &char| !c.is_whitespace() && *c != '-';
    let plain: String = password.chars().filter(is_meant).flat_map(char::to_lowercase).collect();
    Sha256::digest(plain).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use deckport_ground::clock::ManualClock;

    const WINDOW: Duration = Duration::from_secs(300);

    #[test]
    fn the_password_is_good_for_its_account_until_the_window_closes() {
        let manual = Arc::new(ManualClock::new(1_000_000));
        let clock: Arc<dyn Clock> = manual.clone();
        let pairings = Pairings::default();
        let name = Some("tablet".to_owned());
        let (password, closes_ms) = pairings.open(1, name.clone(), WINDOW, &clock).unwrap();
        assert_eq!(closes_ms, 1_300_000);
        let admitted = Some(Admission { device_name: name });
        assert_eq!(pairings.admit(1, &password, &*clock), admitted);
        let typed = password.replace('-', " ").to_uppercase();
        assert_eq!(pairings.admit(1, &typed, &*clock), admitted, "as people type it");
        assert_eq!(pairings.admit(2, &password, &*clock), None);
        assert_eq!(pairings.admit(1, "", &*clock), None);
        manual.advance(WINDOW);
        assert_eq!(pairings.admit(1, &password, &*clock), None);
        assert!(!pairings.is_any_open());
    }

    #[test]
    fn a_new_window_replaces_the_old_one_and_closing_ends_it() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(0));
        let pairings = Pairings::default();
        let (first, _) = pairings.open(1, None, WINDOW, &clock).unwrap();
        let (second, _) = pairings.open(1, None, WINDOW, &clock).unwrap();
        let (other, _) = pairings.open(2, None, WINDOW, &clock).unwrap();
        assert_eq!(pairings.admit(1, &first, &*clock), None);
        assert!(pairings.admit(1, &second, &*clock).is_some());
        pairings.close(1);
        assert_eq!(pairings.admit(1, &second, &*clock), None);
        assert!(pairings.admit(2, &other, &*clock).is_some());
    }
}
