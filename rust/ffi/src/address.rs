//! Addresses that people can type into Anki.

use std::net::IpAddr;

use deckport_endpoint::{self as engine, InterfaceAddress, LinkKind};

/// Over which kind of link an address is reached.
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
    /// This device alone.
    Loopback,
    /// A virtual private network.
    Vpn,
    /// Not known, the mobile network, or a network inside this device.
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
            LinkKind::Other | LinkKind::Mobile | LinkKind::Virtual => AddressKind::Other,
        }
    }
}

/// An address that people can type into Anki.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Address {
    /// What to type: `http://192.168.1.20:27701/`.
    pub url: String,
    /// Over which kind of link it is reached, as far as the interface's name tells.
    pub kind: AddressKind,
    /// Name of the interface, for example `wlan0`; empty for loopback.
    pub interface_name: String,
    /// Place in the list: 0 is the best one.
    pub rank: i32,
    /// Whether other devices can use it, as far as the kind of link tells.
    pub reachable: bool,
}

impl From<engine::Address> for Address {
    fn from(address: engine::Address) -> Address {
        let engine::Address { url, kind, interface, rank, reachable } = address;
        Address {
            url,
            kind: kind.into(),
            interface_name: interface,
            rank: i32::try_from(rank).unwrap_or(i32::MAX),
            reachable,
        }
    }
}

/// A network interface of this device that is up.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NetworkInterface {
    /// Its name, for example `wlan0`.
    pub name: String,
    /// Its IP addresses.
    pub addresses: Vec<String>,
}

/// The interfaces for the engine. What is no IP address is left out; a zone (`%wlan0`) too.
pub(crate) fn for_engine(interfaces: Vec<NetworkInterface>) -> Vec<InterfaceAddress> {
    let of_one = |NetworkInterface { name, addresses }: NetworkInterface| {
        let parse = |text: &String| -> Option<IpAddr> {
            text.split('%').next().and_then(|text| text.parse().ok())
        };
        let ips: Vec<IpAddr> = addresses.iter().filter_map(parse).collect();
        ips.into_iter().map(move |ip| InterfaceAddress { interface: name.clone(), ip })
    };
    interfaces.into_iter().flat_map(of_one).collect()
}
