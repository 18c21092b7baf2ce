//! The networks in which the name is announced: those in which others are answered.

use std::net::{IpAddr, SocketAddr};

use deckport_mdns::{Link, LinkAddress};

use crate::link_kind::LinkKind;
use crate::own_networks::{InterfaceAddress, OwnNetworks};
use crate::scope::Scope;

/// The port that is announced; `None`: no other device can connect.
pub(super) fn port(bound: &[SocketAddr]) -> Option<u16> {
    bound.iter().find(|socket| !socket.ip().is_loopback()).map(SocketAddr::port)
}

/// The interfaces with the addresses under which `port` is reached from elsewhere.
pub(super) fn of(
    bound: &[SocketAddr],
    port: u16,
    networks: &OwnNetworks,
    scope: &Scope,
) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for address in networks.list() {
        let is_bound =
            bound.iter().any(|socket| socket.port() == port && leads_to(socket.ip(), address.ip));
        let is_served = networks.is_served(address) && scope.lacks_for(address, networks).is_none();
        if !is_bound || !is_served || address.ip.is_loopback() || has_no_neighbours(address) {
            continue;
        }
        let known = LinkAddress { ip: address.ip, prefix_len: address.prefix_len };
        match links.iter_mut().find(|link| link.interface == address.interface) {
            Some(link) => link.addresses.push(known),
            None => links.push(Link {
                interface: address.interface.clone(),
                index: index(&address.interface),
                addresses: vec![known],
            }),
        }
    }
    links
}

/// A VPN that gives out single addresses carries no multicast.
fn has_no_neighbours(address: &InterfaceAddress) -> bool {
    let all = if address.ip.is_ipv4() { 32 } else { 128 };
    address.kind() == LinkKind::Vpn && address.prefix_len == Some(all)
}

fn leads_to(bound: IpAddr, ip: IpAddr) -> bool {
    bound == ip || bound.is_unspecified() && bound.is_ipv4() == ip.is_ipv4()
}

/// The number of an interface, which IPv6 needs.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn index(interface: &str) -> Option<u32> {
    use socket2::{Domain, Socket, Type};

    let any = Socket::new(Domain::IPV4, Type::DGRAM, None).ok()?;
    rustix::net::netdevice::name_to_index(&any, interface).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn index(interface: &str) -> Option<u32> {
    let all = if_addrs::get_if_addrs().ok()?;
    all.into_iter().find(|other| other.name == interface)?.index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(addresses: &[(&str, &str)]) -> OwnNetworks {
        let address = |(interface, text): &(&str, &str)| {
            let (ip, len) = text.split_once('/').unwrap();
            let known = InterfaceAddress::new(*interface, ip.parse().unwrap());
            InterfaceAddress { prefix_len: len.parse().ok(), ..known }
        };
        OwnNetworks::new(addresses.iter().map(address).collect::<Vec<_>>()).on_phone(true)
    }

    fn found(bound: &[&str], machine: &OwnNetworks, scope: &Scope) -> Vec<(String, Vec<String>)> {
        let bound: Vec<SocketAddr> = bound.iter().map(|text| text.parse().unwrap()).collect();
        let port = port(&bound).unwrap();
        let told = |link: Link| {
            let addresses = link.addresses.iter().map(|address| address.ip.to_string()).collect();
            (link.interface, addresses)
        };
        of(&bound, port, machine, scope).into_iter().map(told).collect()
    }

    #[test]
    fn the_name_is_announced_where_others_are_answered_and_nowhere_else() {
        let phone = machine(&[
            ("lo", "127.0.0.1/8"),
            ("rmnet0", "10.120.3.4/30"),
            ("odd0", "10.9.9.9/24"),
            ("wlan0", "192.168.1.20/24"),
            ("wlan0", "fe80::5/64"),
            ("rndis0", "192.168.42.129/24"),
            ("tun0", "100.64.0.7/32"),
        ]);
        let named = |name: &str, ips: &[&str]| {
            (name.to_owned(), ips.iter().map(|ip| (*ip).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            found(&["0.0.0.0:1", "[::]:1"], &phone, &Scope::Local),
            [named("wlan0", &["192.168.1.20", "fe80::5"]), named("rndis0", &["192.168.42.129"])]
        );
        assert_eq!(
            found(&["0.0.0.0:1"], &phone, &Scope::Everyone)[0],
            named("wlan0", &["192.168.1.20"])
        );
        assert_eq!(
            found(&["192.168.42.129:1", "192.168.1.20:2", "127.0.0.1:3"], &phone, &Scope::Local),
            [named("rndis0", &["192.168.42.129"])],
            "one port can be announced"
        );
        assert_eq!(port(&["127.0.0.1:1".parse().unwrap(), "[::1]:1".parse().unwrap()]), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn interfaces_have_numbers() {
        assert!(index("lo").is_some());
        assert_eq!(index("none0"), None);
    }
}
