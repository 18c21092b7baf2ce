//! The device's network interfaces: what the app last reported, or what the system says.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use deckport_endpoint::{InterfaceAddress, Interfaces, LinkKind, OwnNetworks, SystemInterfaces};

use crate::address::AddressKind;

/// A network interface of this device that is up.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NetworkInterface {
    /// Its name, for example `wlan0`.
    pub name: String,
    /// Its IP addresses, preferably with the length of the network's prefix: `192.168.1.20/24`,
    /// `2001:db8::5/64`, `fe80::1%wlan0/64`. Without the length, private addresses count as local,
    /// and of the others an IPv6 address's /64. Anything but an address is ignored.
    pub addresses: Vec<String>,
    /// What it is, where the app knows: that counts before what the name suggests. Over `Mobile`
    /// nobody is answered. `None`: it is guessed from the name; on a phone nobody is answered over
    /// an interface whose name says nothing, because it may be the mobile network.
    #[uniffi(default = None)]
    pub kind: Option<AddressKind>,
}

/// As reported by the app, if it did; else the system is asked.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    told: Mutex<Option<OwnNetworks>>,
    system: SystemInterfaces,
}

impl Networks {
    /// Nothing was reported yet.
    pub(crate) fn new() -> Arc<Networks> {
        Arc::default()
    }

    /// What the app says now; `None`: the system must be asked.
    pub(crate) fn tell(&self, interfaces: Option<Vec<NetworkInterface>>) {
        let told = interfaces.map(|interfaces| {
            OwnNetworks::new(interfaces.into_iter().flat_map(for_engine).collect::<Vec<_>>())
        });
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }

    fn told(&self) -> Option<OwnNetworks> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Interfaces for Networks {
    fn now(&self) -> OwnNetworks {
        self.told().unwrap_or_else(|| self.system.now())
    }

    fn recent(&self, ours: Option<IpAddr>) -> OwnNetworks {
        self.told().unwrap_or_else(|| self.system.recent(ours))
    }
}

/// An interface's addresses for the engine.
fn for_engine(interface: NetworkInterface) -> Vec<InterfaceAddress> {
    let NetworkInterface { name, addresses, kind } = interface;
    let parsed = addresses.iter().filter_map(|text| parse(text));
    let address = |(ip, prefix_len)| InterfaceAddress {
        interface: name.clone(),
        ip,
        prefix_len,
        kind: kind.map(LinkKind::from),
    };
    parsed.map(address).collect()
}

/// `192.168.1.20/24` or `fe80::1%wlan0/64`, with or without length and zone. An impossible length,
/// which Java sometimes gives, counts as none.
fn parse(text: &str) -> Option<(IpAddr, Option<u8>)> {
    let (address, len) = text.split_once('/').map_or((text, None), |(a, len)| (a, Some(len)));
    let ip: IpAddr = address.split('%').next()?.parse().ok()?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let len = len.and_then(|len| len.split('%').next()?.parse().ok());
    Some((ip, len.filter(|len| (1..=most).contains(len))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_with_and_without_length_and_zone() {
        for (text, ip, len) in [
            ("192.168.1.20/24", "192.168.1.20", Some(24)),
            ("192.168.1.20", "192.168.1.20", None),
            ("fe80::1%wlan0/64", "fe80::1", Some(64)),
            ("fe80::1/64%wlan0", "fe80::1", Some(64)),
            ("fe80::1%wlan0", "fe80::1", None),
            ("192.168.1.20/-1", "192.168.1.20", None),
            ("192.168.1.20/33", "192.168.1.20", None),
            ("2001:db8::1/128", "2001:db8::1", Some(128)),
            ("2001:db8::1/0", "2001:db8::1", None),
        ] {
            assert_eq!(parse(text), Some((ip.parse().unwrap(), len)), "{text}");
        }
        for text in ["", "wlan0", "/24", "%wlan0", "192.168.1/24"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
