//! Addresses that people can type into Anki.

use deckport_endpoint::{self as engine, LinkKind};

/// Over which kind of link an address is reached, or what kind of link an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum AddressKind {
    /// A cable: USB tethering, or a USB network adapter.
    Usb,
    /// A wireless network that this device has joined.
    Wifi,
    /// This device's own hotspot.
    Hotspot,
    /// A wired network.
    Ethernet,
    /// Only this device.
    Loopback,
    /// A virtual private network.
    Vpn,
    /// Tethering over Bluetooth.
    Bluetooth,
    /// The mobile network. Only in what an app reports: nobody is answered there, so no address is
    /// shown.
    Mobile,
    /// A network inside this device, for containers and virtual machines.
    Virtual,
    /// Something else, or not known.
    Other,
}

impl From<LinkKind> for AddressKind {
    fn from(kind: LinkKind) -> AddressKind {
        match kind {
            LinkKind::Usb => AddressKind::Usb,
            LinkKind::Wifi => AddressKind::Wifi,
            LinkKind::Hotspot => AddressKind::Hotspot,
            LinkKind::Ethernet => AddressKind::Ethernet,
            LinkKind::Loopback => AddressKind::Loopback,
            LinkKind::Vpn => AddressKind::Vpn,
            LinkKind::Bluetooth => AddressKind::Bluetooth,
            LinkKind::Mobile => AddressKind::Mobile,
            LinkKind::Virtual => AddressKind::Virtual,
            LinkKind::Other => AddressKind::Other,
        }
    }
}

impl From<AddressKind> for LinkKind {
    fn from(kind: AddressKind) -> LinkKind {
        match kind {
            AddressKind::Usb => LinkKind::Usb,
            AddressKind::Wifi => LinkKind::Wifi,
            AddressKind::Hotspot => LinkKind::Hotspot,
            AddressKind::Ethernet => LinkKind::Ethernet,
            AddressKind::Loopback => LinkKind::Loopback,
            AddressKind::Vpn => LinkKind::Vpn,
            AddressKind::Bluetooth => LinkKind::Bluetooth,
            AddressKind::Mobile => LinkKind::Mobile,
            AddressKind::Virtual => LinkKind::Virtual,
            AddressKind::Other => LinkKind::Other,
        }
    }
}

/// An address that people can type into Anki.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Address {
    /// What to type: `http://192.168.1.20:27701/`.
    pub url: String,
    /// Over which kind of link it is reached: as the app says, or else as the interface's name
    /// suggests.
    pub kind: AddressKind,
    /// Name of the interface, for example `wlan0`; empty for loopback.
    pub interface_name: String,
    /// Place in the list: 0 is the best one.
    pub rank: i32,
    /// Whether other devices can use it, as far as is known: it does not lead only to this device,
    /// and they are answered there.
    pub reachable: bool,
    /// The network, such as `100.64.0.0/10`, that would have to be allowed before other devices are
    /// answered at this address; such an address comes last. `None` for all others.
    pub needs_allow: Option<String>,
}

impl From<engine::Address> for Address {
    fn from(address: engine::Address) -> Address {
        let engine::Address { url, kind, interface, rank, reachable, needs_allow } = address;
        Address {
            url,
            kind: kind.into(),
            interface_name: interface,
            rank: i32::try_from(rank).unwrap_or(i32::MAX),
            reachable,
            needs_allow: needs_allow.map(|network| network.to_string()),
        }
    }
}

impl Address {
    /// As [`engine::Address::best_for_others`].
    pub(crate) fn best_for_others(addresses: &[Address]) -> Option<&Address> {
        addresses.iter().find(|address| address.reachable)
    }
}
