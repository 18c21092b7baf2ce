//! Under which addresses clients reach the endpoint, the best one first.
//!
//! Everything here is a pure function of the bound sockets, the machine's networks, and the scope.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::link_kind::LinkKind;
use crate::own_networks::{InterfaceAddress, OwnNetworks, Way};
use crate::scope::{Network, Scope};

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
    /// Whether other machines can use it, as far as the kind of link and the scope tell.
    pub reachable: bool,
    /// Nobody else is answered there until this network is allowed ([`Scope::LocalAnd`]);
    /// `None` where nothing is missing. `0.0.0.0/0`: the network that the devices are in.
    pub needs_allow: Option<Network>,
}

impl Address {
    /// The same for https.
    #[must_use]
    pub fn over_tls(self) -> Address {
        let rest = self.url.strip_prefix("http://");
        Address { url: rest.map_or(self.url.clone(), |rest| format!("https://{rest}")), ..self }
    }

    /// The address for a person with another device, to be shown as a QR code or in large letters:
    /// the first that is reachable; `None` when no other machine can connect.
    #[must_use]
    pub fn best_for_others(addresses: &[Address]) -> Option<&Address> {
        addresses.iter().find(|address| address.reachable)
    }
}

/// The addresses under which the `bound` sockets are reached, best first, each once. Those over
/// mobile data are not among them: nobody is answered there.
///
/// A socket bound to `[::]` is taken to serve IPv6 alone, as [`listen`](crate::listen) opens them.
#[must_use]
pub fn addresses(bound: &[SocketAddr], networks: &OwnNetworks, scope: &Scope) -> Vec<Address> {
    let mut found: Vec<(InterfaceAddress, u16)> = Vec::new();
    for socket in bound {
        for address in reached_by(socket.ip(), networks) {
            if !found.iter().any(|(other, port)| other.ip == address.ip && *port == socket.port()) {
                found.push((address, socket.port()));
            }
        }
    }
    // One way to reach the machine from itself is enough.
    if found.iter().any(|(address, _)| address.ip == Ipv4Addr::LOCALHOST) {
        found.retain(|(address, _)| address.ip != Ipv6Addr::LOCALHOST);
    }
    let needs = |address: &InterfaceAddress| scope.lacks_for(address, networks);
    found.sort_by_key(|(address, port)| {
        let place = (needs(address).is_some(), preference(address));
        (place, address.interface.clone(), address.ip, *port)
    });
    let described = (0..).zip(found).map(|(rank, (address, port))| {
        let needs_allow = needs(&address);
        let kind = address.kind();
        let url = format!("http://{}/", SocketAddr::new(address.ip, port));
        let interface = if kind == LinkKind::Loopback { String::new() } else { address.interface };
        let reachable = kind.is_reachable() && needs_allow.is_none();
        Address { url, kind, interface, rank, reachable, needs_allow }
    });
    described.collect()
}

/// The addresses that lead to a socket bound to `ip`.
fn reached_by(ip: IpAddr, networks: &OwnNetworks) -> Vec<InterfaceAddress> {
    let is_answered = |ip| networks.way_to(ip) == Way::Served || !networks.is_known();
    if !ip.is_unspecified() {
        let known = networks.find(ip).cloned();
        let bound = known.unwrap_or_else(|| InterfaceAddress::new("", ip));
        return Some(bound).filter(|bound| is_answered(bound.ip)).into_iter().collect();
    }
    let loopback: IpAddr =
        if ip.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    let of_family = networks.list().iter().filter(|address| address.ip.is_ipv4() == ip.is_ipv4());
    of_family
        .filter(|address| !address.ip.is_loopback() && !is_link_local_v6(address.ip))
        .filter(|address| is_answered(address.ip))
        .cloned()
        .chain([InterfaceAddress::new("", loopback)])
        .collect()
}

/// Link-local IPv6 addresses need a zone (`%eth0`) that URLs and Anki do not take.
fn is_link_local_v6(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// Smaller is better. People type these, so short IPv4 addresses come before IPv6; a private
/// address is one that the other devices of a home share. A cable or a hotspot was put there for
/// this, so it comes before the network that is always there.
fn preference(address: &InterfaceAddress) -> (bool, bool, bool, Reach, LinkKind) {
    let kind = address.kind();
    let ip = address.ip;
    (ip.is_loopback(), kind >= LinkKind::Vpn, ip.is_ipv6(), reach(ip), kind)
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Private,
    Public,
    /// 169.254.0.0/16: a cable between two machines and nothing that gives out addresses.
    SelfAssigned,
}

fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(v4) if v4.is_private() => Reach::Private,
        IpAddr::V4(v4) if v4.is_link_local() => Reach::SelfAssigned,
        IpAddr::V6(v6) if v6.is_unique_local() => Reach::Private,
        _ => Reach::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Interfaces with names and addresses, these with or without a prefix length.
    fn machine(addresses: &[(&str, &str)]) -> OwnNetworks {
        let address = |(interface, text): &(&str, &str)| {
            let (ip, len) = text.split_once('/').map_or((*text, None), |(ip, len)| (ip, Some(len)));
            let known = InterfaceAddress::new(*interface, ip.parse().unwrap());
            InterfaceAddress { prefix_len: len.map(|len| len.parse().unwrap()), ..known }
        };
        OwnNetworks::new(addresses.iter().map(address).collect::<Vec<_>>()).on_phone(false)
    }

    fn found(bound: &[&str], machine: &OwnNetworks, scope: &Scope) -> Vec<Address> {
        let bound: Vec<SocketAddr> = bound.iter().map(|text| text.parse().unwrap()).collect();
        addresses(&bound, machine, scope)
    }

    fn texts(bound: &[&str], machine: &OwnNetworks) -> Vec<String> {
        found(bound, machine, &Scope::Local).into_iter().map(|address| address.url).collect()
    }

    #[test]
    fn an_address_for_https_differs_in_its_scheme_alone() {
        let machine = machine(&[("wlan0", "192.168.1.20")]);
        let [best, ..] = &found(&["0.0.0.0:1"], &machine, &Scope::Local)[..] else {
            panic!("no address")
        };
        let url = "https://192.168.1.20:1/".to_owned();
        assert_eq!(best.clone().over_tls(), Address { url, ..best.clone() });
        assert_eq!(best.clone().over_tls().over_tls(), best.clone().over_tls());
    }

    #[test]
    fn what_other_devices_can_reach_comes_first_and_loopback_last() {
        let machine = machine(&[
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("wlan0", "192.168.1.20"),
            ("enx001122334455", "192.168.42.5"),
            ("eth1", "203.0.113.9/24"),
            ("eth0", "169.254.3.4"),
            ("eth0", "10.0.0.3"),
            ("eth0", "2001:db8::3/64"),
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
        let found = found(&["0.0.0.0:5"], &machine(&[]), &Scope::Local);
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
        let found = found(&["0.0.0.0:1"], &machine, &Scope::Local);
        let kinds: Vec<LinkKind> = found.iter().map(|address| address.kind).collect();
        use LinkKind::{Hotspot, Loopback, Usb, Vpn, Wifi};
        assert_eq!(kinds, [Usb, Hotspot, Wifi, Vpn, Loopback], "and never the mobile network");
        let reachable: Vec<bool> = found.iter().map(|address| address.reachable).collect();
        assert_eq!(reachable, [true, true, true, true, false]);
        assert!(found.iter().zip(0..).all(|(address, place)| address.rank == place));
    }

    #[test]
    fn what_the_scope_refuses_comes_last_with_what_it_needs() {
        let machine = machine(&[
            ("lo", "127.0.0.1/8"),
            ("eth0", "203.0.113.9/32"),
            ("odd0", "100.64.3.4/32"),
            ("wg0", "2001:db8:5::7/128"),
            ("eth0", "2001:db8::3/64"),
        ]);
        let everywhere = ["0.0.0.0:1", "[::]:1"];
        let needs = |scope: &Scope| -> Vec<(String, Option<String>)> {
            let found = found(&everywhere, &machine, scope).into_iter();
            let need = |it: Address| (it.url, it.needs_allow.map(|network| network.to_string()));
            found.map(need).collect()
        };
        let some = |url: &str, need: &str| (url.to_owned(), Some(need.to_owned()));
        let none = |url: &str| (url.to_owned(), None);
        assert_eq!(
            needs(&Scope::Local),
            [
                none("http://[2001:db8::3]:1/"),
                none("http://127.0.0.1:1/"),
                some("http://203.0.113.9:1/", "0.0.0.0/0"),
                some("http://100.64.3.4:1/", "100.64.0.0/10"),
                some("http://[2001:db8:5::7]:1/", "2001:db8:5::/64"),
            ]
        );
        let named = ["100.64.0.0/10", "2001:db8:5::/64"].map(|text| text.parse().unwrap());
        assert!(needs(&Scope::LocalAnd(named.to_vec())).iter().all(|(_, need)| need.is_none()));
        assert!(needs(&Scope::Everyone).iter().all(|(_, need)| need.is_none()));
        let refused = found(&["203.0.113.9:1"], &machine, &Scope::Local);
        assert_eq!((refused.len(), refused[0].reachable), (1, false));
        assert_eq!(Address::best_for_others(&refused), None);
    }

    #[test]
    fn where_the_networks_are_not_known_other_devices_are_shown_nothing() {
        let bound = found(&["192.168.1.20:1"], &machine(&[]), &Scope::Local);
        assert_eq!(Address::best_for_others(&bound), None);
        assert_eq!(bound[0].needs_allow, Some("192.168.0.0/16".parse().unwrap()));
    }

    #[test]
    fn on_a_phone_what_may_be_mobile_data_is_not_shown() {
        let phone =
            machine(&[("odd0", "10.9.9.9/24"), ("wlan0", "192.168.1.20/24")]).on_phone(true);
        assert_eq!(
            texts(&["0.0.0.0:1"], &phone),
            ["http://192.168.1.20:1/", "http://127.0.0.1:1/"]
        );
        assert!(texts(&["10.9.9.9:1"], &phone).is_empty());
    }
}
