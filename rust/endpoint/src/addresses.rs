//! Under which addresses clients reach the endpoint, the best one first.
//!
//! Everything here is a pure function of the bound sockets and the machine's interfaces. The
//! latter are passed in; [`interfaces_of_machine`] asks the system where that works.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One address of a network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The interface's name, for example `eth0`.
    pub interface: String,
    /// Its address.
    pub ip: IpAddr,
}

/// What kind of link an interface is, as far as its name and address tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// A cable between two devices: USB tethering, or a USB network adapter.
    Usb,
    /// This machine's own hotspot.
    Hotspot,
    /// A wired network.
    Ethernet,
    /// A wireless network that this machine has joined.
    Wifi,
    /// Not known.
    Other,
    /// A virtual private network.
    Vpn,
    /// The mobile network; other devices cannot connect from there.
    Mobile,
    /// Inside this machine: for containers and virtual machines.
    Virtual,
    /// This machine itself.
    Loopback,
}

impl LinkKind {
    /// The kind of an interface of this name (Linux, Android, macOS and Windows) and address.
    #[must_use]
    pub fn of(interface: &str, ip: IpAddr) -> LinkKind {
        let name = interface.to_lowercase();
        if ip.is_loopback() {
            return LinkKind::Loopback;
        }
        let found =
            NAMES.iter().find(|(_, names)| names.iter().any(|start| name.starts_with(start)));
        match found.map_or(LinkKind::Other, |(kind, _)| *kind) {
            LinkKind::Wifi if is_given_out_by_hotspots(ip) => LinkKind::Hotspot,
            kind => kind,
        }
    }

    /// Whether other machines can connect over such a link.
    #[must_use]
    pub fn is_reachable(self) -> bool {
        !matches!(self, LinkKind::Loopback | LinkKind::Virtual | LinkKind::Mobile)
    }
}

/// How the names of interfaces begin, in lower case. The first that fits counts.
const NAMES: [(LinkKind, &[&str]); 7] = [
    (
        LinkKind::Virtual,
        &[
            "docker",
            "br-",
            "veth",
            "virbr",
            "vmnet",
            "vboxnet",
            "vethernet",
            "lxc",
            "lxd",
            "podman",
            "cni",
            "dummy",
        ],
    ),
    (LinkKind::Vpn, &["tun", "tap", "utun", "wg", "tailscale", "zt", "ppp", "ipsec"]),
    // Of Qualcomm, MediaTek, Samsung and others, and what translates IPv4 for them.
    (
        LinkKind::Mobile,
        &["rmnet", "rev_rmnet", "r_rmnet", "ccmni", "pdp", "wwan", "wwp", "v4-", "clat"],
    ),
    (LinkKind::Usb, &["usb", "rndis", "enx", "ncm"]),
    (LinkKind::Hotspot, &["ap", "swlan", "softap", "p2p"]),
    (LinkKind::Wifi, &["wl", "wi-fi", "wifi"]),
    (LinkKind::Ethernet, &["eth", "en", "em", "lan"]),
];

/// The address that a machine gives itself as a hotspot: Android up to 10, Wi-Fi Direct,
/// NetworkManager, Windows.
fn is_given_out_by_hotspots(ip: IpAddr) -> bool {
    const OWN: [Ipv4Addr; 4] = [
        Ipv4Addr::new(192, 168, 43, 1),
        Ipv4Addr::new(192, 168, 49, 1),
        Ipv4Addr::new(10, 42, 0, 1),
        Ipv4Addr::new(192, 168, 137, 1),
    ];
    OWN.iter().any(|own| ip == *own)
}

/// An address that a person can type into Anki.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What to type: `http://192.168.1.20:27701/`.
    pub url: String,
    /// Over which kind of link it is reached.
    pub kind: LinkKind,
    /// Name of the interface; empty for loopback, or when it is not known.
    pub interface: String,
    /// Place in the list: 0 is the best one.
    pub rank: u32,
    /// Whether other machines can use it, as far as the kind of link tells.
    pub reachable: bool,
}

/// The addresses of all interfaces that are up, in the system's order. Empty where the system does
/// not tell: on Android, which offers it to Java alone; there the app passes them in.
#[must_use]
pub fn interfaces_of_machine() -> Vec<InterfaceAddress> {
    #[cfg(target_os = "android")]
    return Vec::new();
    // Without the list the endpoint still works; then the loopback address is shown.
    #[cfg(not(target_os = "android"))]
    if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| interface.oper_status != if_addrs::IfOperStatus::Down)
        .map(|interface| InterfaceAddress { ip: interface.ip(), interface: interface.name })
        .collect()
}

/// Where the endpoint learns which interfaces there are, each time it needs to know.
pub trait Interfaces: fmt::Debug + Send + Sync + 'static {
    /// The addresses of all interfaces that are up; empty when that is not known.
    fn list(&self) -> Vec<InterfaceAddress>;
}

/// What the system tells, see [`interfaces_of_machine`].
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemInterfaces;

impl Interfaces for SystemInterfaces {
    fn list(&self) -> Vec<InterfaceAddress> {
        interfaces_of_machine()
    }
}

/// The addresses under which the `bound` sockets are reached, best first, each once.
///
/// A socket bound to `[::]` is taken to serve IPv6 alone, as [`listen`](crate::listen) opens them.
#[must_use]
pub fn addresses(bound: &[SocketAddr], interfaces: &[InterfaceAddress]) -> Vec<Address> {
    let mut found: Vec<(InterfaceAddress, u16)> = Vec::new();
    for socket in bound {
        for address in reached_by(socket.ip(), interfaces) {
            if !found.iter().any(|(other, port)| other.ip == address.ip && *port == socket.port()) {
                found.push((address, socket.port()));
            }
        }
    }
    // One way to reach the machine from itself is enough.
    if found.iter().any(|(address, _)| address.ip == Ipv4Addr::LOCALHOST) {
        found.retain(|(address, _)| address.ip != Ipv6Addr::LOCALHOST);
    }
    found.sort_by_key(|(address, port)| {
        (preference(address), address.interface.clone(), address.ip, *port)
    });
    (0..).zip(found).map(|(rank, (address, port))| describe(rank, address, port)).collect()
}

fn describe(rank: u32, address: InterfaceAddress, port: u16) -> Address {
    let kind = LinkKind::of(&address.interface, address.ip);
    let url = format!("http://{}/", SocketAddr::new(address.ip, port));
    let interface = if kind == LinkKind::Loopback { String::new() } else { address.interface };
    Address { url, kind, interface, rank, reachable: kind.is_reachable() }
}

/// The addresses that lead to a socket bound to `ip`.
fn reached_by(ip: IpAddr, interfaces: &[InterfaceAddress]) -> Vec<InterfaceAddress> {
    if !ip.is_unspecified() {
        let interface = interfaces.iter().find(|address| address.ip == ip);
        let name = interface.map_or_else(String::new, |address| address.interface.clone());
        return vec![InterfaceAddress { interface: name, ip }];
    }
    let loopback: IpAddr =
        if ip.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    interfaces
        .iter()
        .filter(|address| address.ip.is_ipv4() == ip.is_ipv4())
        .filter(|address| !address.ip.is_loopback() && !is_link_local_v6(address.ip))
        .cloned()
        .chain([InterfaceAddress { interface: String::new(), ip: loopback }])
        .collect()
}

/// Link-local IPv6 addresses need a zone (`%eth0`) that URLs and Anki do not take.
fn is_link_local_v6(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// Smaller is better. People type these, so short IPv4 addresses come before IPv6; a private
/// address is one that the other devices of a home share. A cable or a hotspot was put there for
/// this, so it comes before the network that is always there.
fn preference(address: &InterfaceAddress) -> (bool, bool, bool, Scope, LinkKind) {
    let kind = LinkKind::of(&address.interface, address.ip);
    let ip = address.ip;
    (ip.is_loopback(), kind >= LinkKind::Vpn, ip.is_ipv6(), scope(ip), kind)
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Private,
    Public,
    /// 169.254.0.0/16: a cable between two machines and nothing that gives out addresses.
    SelfAssigned,
}

fn scope(ip: IpAddr) -> Scope {
    match ip {
        IpAddr::V4(v4) if v4.is_private() => Scope::Private,
        IpAddr::V4(v4) if v4.is_link_local() => Scope::SelfAssigned,
        IpAddr::V6(v6) if v6.is_unique_local() => Scope::Private,
        _ => Scope::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(addresses: &[(&str, &str)]) -> Vec<InterfaceAddress> {
        addresses
            .iter()
            .map(|(interface, ip)| InterfaceAddress {
                interface: (*interface).to_owned(),
                ip: ip.parse().unwrap(),
            })
            .collect()
    }

    fn texts(bound: &[&str], machine: &[InterfaceAddress]) -> Vec<String> {
        let bound: Vec<SocketAddr> = bound.iter().map(|text| text.parse().unwrap()).collect();
        addresses(&bound, machine).into_iter().map(|address| address.url).collect()
    }

    #[test]
    fn what_other_devices_can_reach_comes_first_and_loopback_last() {
        let machine = machine(&[
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("wlan0", "192.168.1.20"),
            ("enx001122334455", "192.168.42.5"),
            ("eth1", "203.0.113.9"),
            ("eth0", "169.254.3.4"),
            ("eth0", "10.0.0.3"),
            ("eth0", "2001:db8::3"),
            ("eth0", "fd00::3"),
            ("eth0", "fe80::3"),
            ("lo", "::1"),
        ]);
        assert_eq!(
            texts(&["0.0.0.0:27701", "[::]:27701"], &machine),
            [
                "http://192.168.42.5:27701/",
                "http://10.0.0.3:27701/",
                "http://192.168.1.20:27701/",
                "http://203.0.113.9:27701/",
                "http://169.254.3.4:27701/",
                "http://[fd00::3]:27701/",
                "http://[2001:db8::3]:27701/",
                "http://172.17.0.1:27701/",
                "http://127.0.0.1:27701/",
            ]
        );
    }

    #[test]
    fn only_addresses_that_are_listened_on_are_shown() {
        let machine = machine(&[("eth0", "10.0.0.3"), ("wlan0", "10.0.1.3"), ("eth0", "fd00::3")]);
        assert_eq!(texts(&["127.0.0.1:1"], &machine), ["http://127.0.0.1:1/"]);
        assert_eq!(texts(&["10.0.1.3:1"], &machine), ["http://10.0.1.3:1/"]);
        assert_eq!(
            texts(&["10.0.1.3:1", "0.0.0.0:1"], &machine),
            ["http://10.0.0.3:1/", "http://10.0.1.3:1/", "http://127.0.0.1:1/"]
        );
        assert_eq!(texts(&["[::]:1"], &machine), ["http://[fd00::3]:1/", "http://[::1]:1/"]);
    }

    #[test]
    fn a_machine_without_a_network_is_reached_by_itself() {
        let found = addresses(&["0.0.0.0:5".parse().unwrap()], &[]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].url, "http://127.0.0.1:5/");
        assert_eq!((found[0].kind, found[0].reachable), (LinkKind::Loopback, false));
    }

    #[test]
    fn what_a_phone_gives_others_comes_before_the_network_it_has_joined() {
        let machine = machine(&[
            ("rmnet_data0", "10.120.3.4"),
            ("wlan0", "192.168.1.20"),
            ("tun0", "10.8.0.2"),
            ("ap0", "192.168.201.1"),
            ("rndis0", "192.168.42.129"),
        ]);
        let found = addresses(&["0.0.0.0:1".parse().unwrap()], &machine);
        let kinds: Vec<LinkKind> = found.iter().map(|address| address.kind).collect();
        use LinkKind::{Hotspot, Loopback, Mobile, Usb, Vpn, Wifi};
        assert_eq!(kinds, [Usb, Hotspot, Wifi, Vpn, Mobile, Loopback]);
        let reachable: Vec<bool> = found.iter().map(|address| address.reachable).collect();
        assert_eq!(reachable, [true, true, true, true, false, false]);
        assert!(found.iter().zip(0..).all(|(address, place)| address.rank == place));
    }

    #[test]
    fn interfaces_are_recognised_by_their_names() {
        let any: IpAddr = "10.1.2.3".parse().unwrap();
        for (name, expected) in [
            ("eth0", LinkKind::Ethernet),
            ("enp3s0", LinkKind::Ethernet),
            ("Ethernet 2", LinkKind::Ethernet),
            ("enx0a1b2c3d4e5f", LinkKind::Usb),
            ("usb0", LinkKind::Usb),
            ("ncm0", LinkKind::Usb),
            ("wlp2s0", LinkKind::Wifi),
            ("Wi-Fi", LinkKind::Wifi),
            ("swlan0", LinkKind::Hotspot),
            ("br-1a2b", LinkKind::Virtual),
            ("vEthernet (WSL)", LinkKind::Virtual),
            ("utun3", LinkKind::Vpn),
            ("tailscale0", LinkKind::Vpn),
            ("ccmni1", LinkKind::Mobile),
            ("v4-rmnet_data2", LinkKind::Mobile),
            ("bt-pan", LinkKind::Other),
        ] {
            assert_eq!(LinkKind::of(name, any), expected, "{name}");
        }
        assert_eq!(LinkKind::of("wlan0", "192.168.43.1".parse().unwrap()), LinkKind::Hotspot);
        assert_eq!(LinkKind::of("eth0", "127.0.0.1".parse().unwrap()), LinkKind::Loopback);
    }
}
