//! Which addresses a person can type into Anki, the best one first.
//!
//! Ranking is a pure function of the machine's interfaces; [`of_machine`] asks the system.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One address of a network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InterfaceAddress {
    /// The interface's name, for example `eth0`.
    pub(crate) interface: String,
    /// Its address.
    pub(crate) ip: IpAddr,
}

/// A line of the list that a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    /// What to type into Anki.
    pub(crate) url: String,
    /// Which link it is.
    pub(crate) note: String,
    /// Whether no other machine can use it.
    pub(crate) this_computer_only: bool,
}

/// The addresses of all interfaces that are up, in the system's order.
pub(crate) fn of_machine() -> Vec<InterfaceAddress> {
    // Without the list the endpoint still works; then the loopback address is shown.
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .into_iter()
        .filter(|interface| interface.oper_status != if_addrs::IfOperStatus::Down)
        .map(|interface| InterfaceAddress { ip: interface.ip(), interface: interface.name })
        .collect()
}

/// The URLs under which the `bound` sockets are reached, best first, each once.
///
/// A socket bound to `[::]` is taken to serve IPv6 alone, as `listen` opens them.
pub(crate) fn urls(bound: &[SocketAddr], machine: &[InterfaceAddress]) -> Vec<Url> {
    let mut found: Vec<(InterfaceAddress, u16)> = Vec::new();
    for socket in bound {
        for address in reached_by(socket.ip(), machine) {
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
        (rank(address), address.interface.clone(), address.ip, *port)
    });
    found.into_iter().map(|(address, port)| url(address, port)).collect()
}

fn url(address: InterfaceAddress, port: u16) -> Url {
    let this_computer_only = address.ip.is_loopback();
    let note = if this_computer_only { "this computer only".to_owned() } else { address.interface };
    Url { url: format!("http://{}/", SocketAddr::new(address.ip, port)), note, this_computer_only }
}

/// The addresses that lead to a socket bound to `ip`.
fn reached_by(ip: IpAddr, machine: &[InterfaceAddress]) -> Vec<InterfaceAddress> {
    if !ip.is_unspecified() {
        let interface = machine.iter().find(|address| address.ip == ip);
        let name = interface.map_or_else(String::new, |address| address.interface.clone());
        return vec![InterfaceAddress { interface: name, ip }];
    }
    let loopback: IpAddr =
        if ip.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    machine
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
/// address is one that the other devices of a home share.
fn rank(address: &InterfaceAddress) -> (bool, bool, bool, Scope, Link) {
    let link = link(&address.interface);
    let ip = address.ip;
    (ip.is_loopback(), link == Link::Virtual, ip.is_ipv6(), scope(ip), link)
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

/// What an interface is, as far as its name tells.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Link {
    Ethernet,
    Usb,
    Wifi,
    Other,
    /// Bridges and tunnels of virtual machines, containers and VPNs.
    Virtual,
}

fn link(interface: &str) -> Link {
    const VIRTUAL: [&str; 16] = [
        "docker",
        "br-",
        "veth",
        "virbr",
        "vmnet",
        "vboxnet",
        "lxc",
        "lxd",
        "podman",
        "cni",
        "tun",
        "tap",
        "utun",
        "wg",
        "tailscale",
        "zt",
    ];
    let name = interface.to_lowercase();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if starts(&VIRTUAL) || name.starts_with("vethernet") {
        Link::Virtual
    } else if starts(&["usb", "rndis", "enx", "ncm"]) {
        Link::Usb
    } else if starts(&["wl", "wi-fi", "wifi", "ap", "swlan"]) {
        Link::Wifi
    } else if starts(&["eth", "en", "em", "lan"]) {
        Link::Ethernet
    } else {
        Link::Other
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
        urls(&bound, machine).into_iter().map(|url| url.url).collect()
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
                "http://10.0.0.3:27701/",
                "http://192.168.42.5:27701/",
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
        let found = urls(&["0.0.0.0:5".parse().unwrap()], &[]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].url, "http://127.0.0.1:5/");
        assert!(found[0].this_computer_only);
    }

    #[test]
    fn interfaces_are_recognised_by_their_names() {
        for (name, expected) in [
            ("eth0", Link::Ethernet),
            ("enp3s0", Link::Ethernet),
            ("Ethernet 2", Link::Ethernet),
            ("enx0a1b2c3d4e5f", Link::Usb),
            ("usb0", Link::Usb),
            ("wlp2s0", Link::Wifi),
            ("Wi-Fi", Link::Wifi),
            ("br-1a2b", Link::Virtual),
            ("vEthernet (WSL)", Link::Virtual),
            ("utun3", Link::Virtual),
            ("ppp0", Link::Other),
        ] {
            assert_eq!(link(name), expected, "{name}");
        }
    }
}
