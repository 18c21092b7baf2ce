//! Pairing: a device logs in with a password that is made for the occasion.

use std::time::Duration;

use deckport_endpoint::PairingWindow;
use form_urlencoded::Serializer;

use crate::address::Address;
use crate::endpoint::Endpoint;
use crate::errors::AccountError;
use crate::runtime;

/// The longest time that a window may be open.
const LONGEST: Duration = Duration::from_secs(86_400);
/// And the shortest.
const SHORTEST: Duration = Duration::from_secs(1);

/// An open pairing window: what to type into the new device's Anki.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Pairing {
    /// What to type as name, whatever the app calls it ("AnkiWeb ID", "email").
    pub account: String,
    /// What to type as password: three groups of four letters and digits that do not look alike.
    /// Case, spaces and hyphens do not matter. Worthless once the window has closed.
    pub password: String,
    /// What to type as address: the best one for other devices, or where none of them can connect,
    /// the one for this device. `None` while the endpoint does not listen.
    pub url: Option<String>,
    /// For a QR code: the address, with account and password after a `#`. Scanned with any camera
    /// it opens the endpoint's page, which shows whether the connection works; what follows the
    /// `#` is not sent. `None` while no other device can connect.
    pub qr_payload: Option<String>,
    /// When the window closes, Unix milliseconds.
    pub closes_ms: i64,
}

#[uniffi::export]
impl Endpoint {
    /// Opens a pairing window for an account, which is made when there is none of that name. While
    /// it is open, devices can also log in with the window's password; each is then called
    /// `device_name`, with a number when there already is one of that name. An earlier window of
    /// the account closes. Windows close when the endpoint is shut down.
    ///
    /// # Errors
    /// `AccountError.BadName` for either name, `BadDuration`, and others.
    #[uniffi::method(default(device_name = None, window_ms = 300000))]
    pub async fn open_pairing(
        &self,
        account: String,
        device_name: Option<String>,
        window_ms: i64,
    ) -> Result<Pairing, AccountError> {
        let window = u64::try_from(window_ms).map(Duration::from_millis);
        let window = window.ok().filter(|window| (SHORTEST..=LONGEST).contains(window));
        let window = window.ok_or(AccountError::BadDuration)?;
        let handle = self.control.handle::<AccountError>()?;
        let open = move || {
            let opened = handle.open_pairing(&account, device_name.as_deref(), window);
            opened.map_err(AccountError::from)
        };
        let opened = runtime::blocking(self.threads(), open).await?;
        Ok(Pairing::of(opened, &self.control.addresses()))
    }

    /// Closes an account's pairing window, if there is one. Devices that have logged in stay logged
    /// in.
    ///
    /// # Errors
    /// `AccountError`.
    pub async fn close_pairing(&self, account: String) -> Result<(), AccountError> {
        let handle = self.control.handle::<AccountError>()?;
        let close = move || handle.close_pairing(&account).map_err(AccountError::from);
        runtime::blocking(self.threads(), close).await
    }
}

impl Pairing {
    fn of(window: PairingWindow, addresses: &[Address]) -> Pairing {
        let PairingWindow { account, password, closes_ms } = window;
        let for_others = Address::best_for_others(addresses);
        let qr_payload = for_others.map(|Address { url, .. }| {
            let mut login = Serializer::new(String::new());
            login.append_pair("account", &account).append_pair("password", &password);
            format!("{url}#{}", login.finish())
        });
        let url = for_others.or(addresses.first()).map(|address| address.url.clone());
        Pairing { account, password, url, qr_payload, closes_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::AddressKind;

    #[test]
    fn the_payload_is_the_address_with_the_login_after_a_hash() {
        let window = PairingWindow {
            account: "Jürgen & Anna".to_owned(),
            password: "abcd-efgh-jkmn".to_owned(),
            closes_ms: 5,
        };
        let address = |url: &str, reachable| Address {
            url: url.to_owned(),
            kind: AddressKind::Other,
            interface_name: String::new(),
            rank: 0,
            reachable,
            needs_allow: None,
        };
        let inside = address("http://172.17.0.1:27701/", false);
        let outside = address("http://10.0.0.3:27701/", true);
        let pairing = Pairing::of(window.clone(), &[inside.clone(), outside.clone()]);
        assert_eq!(
            pairing.url,
            Some(outside.url),
            "not one that leads nowhere, though it is first"
        );
        assert_eq!(
            pairing.qr_payload.as_deref(),
            Some("http://10.0.0.3:27701/#account=J%C3%BCrgen+%26+Anna&password=abcd-efgh-jkmn")
        );
        let alone = Pairing::of(window.clone(), std::slice::from_ref(&inside));
        assert_eq!((alone.url, alone.qr_payload), (Some(inside.url), None));
        assert_eq!(Pairing::of(window, &[]).url, None);
    }
}
